"""Sillok: research whose every published number can say where it came from, and be made again.

Rooms are imported where they are used (``from sillok import desk``); importing the package itself does nothing.
"""

__version__ = "0.1.0"
