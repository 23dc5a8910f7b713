"""What an object store offers, and which one a URL means."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from sillok.errors import ConfigError
from sillok.objects.folder import Folder

__all__ = ["Objects", "open_objects"]


class Objects(Protocol):
    """Content-addressed bytes. A key is the sha256 of the content, in 64 lower-case hex digits."""

    def put(self, data: bytes | Path) -> str:
        """Keep the bytes, or the content of a file, and return their key; the same bytes are kept once."""
        ...

    def get(self, key: str) -> bytes:
        """Return the bytes of ``key``, checked; damaged: DataError, not there: MissingDataError."""
        ...

    def path(self, key: str, *, check: bool = True) -> Path:
        """Return a local file with the bytes of ``key``, to be mapped and never written.

        ``check=False`` leaves it to the caller to check the parts that are read.
        """
        ...

    def has(self, key: str) -> bool:
        """Return whether ``key`` is kept; its content is not looked at."""
        ...


def open_objects(
    url: str, *, directory: Path, cache: Path, access_key: str = "", secret_key: str = ""
) -> Objects:
    """Open the object store at ``url``.

    Parameters
    ----------
    url
        Empty for ``directory``, or ``s3://host:port/bucket`` (TLS; ``?secure=0`` for plain HTTP). With
        ``region=`` the server is not asked for it: not every server answers that question.
    cache
        Where files from S3 are kept for mapping; may be deleted at any time.

    Raises
    ------
    ConfigError
        If the URL cannot be read, or S3 has no keys.
    """
    if not url:
        return Folder(directory)
    parts = urlsplit(url)
    bucket = parts.path.strip("/")
    if parts.scheme != "s3" or not parts.hostname or not bucket or "/" in bucket:
        raise ConfigError(
            "SILLOK_OBJECTS_URL must read s3://host:port/bucket, ?secure=0 for plain HTTP, or be empty"
        )
    if parts.username or parts.password:
        raise ConfigError(
            "SILLOK_OBJECTS_URL must not hold keys; put them into SILLOK_OBJECTS_ACCESS_KEY and SILLOK_OBJECTS_SECRET_KEY"
        )
    if not access_key or not secret_key:
        raise ConfigError("S3 needs SILLOK_OBJECTS_ACCESS_KEY and SILLOK_OBJECTS_SECRET_KEY")
    from sillok.objects.s3 import Bucket

    options = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return Bucket(
        parts.netloc,
        bucket,
        Folder(cache),
        access_key=access_key,
        secret_key=secret_key,
        secure=options.get("secure", "1") not in {"0", "false", "no"},
        region=options.get("region"),
    )
