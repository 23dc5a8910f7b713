"""The object store: bytes under the sha256 of their content, in a directory or on S3.

A key says what its bytes must be, so every reading is checked, the same bytes are kept once, and no feature of
one server is relied on.
"""

from sillok.objects.port import Objects, open_objects

__all__ = ["Objects", "open_objects"]
