"""The object store in a directory: written beside, flushed, then renamed; checked when read."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sillok.errors import DataError, MissingDataError, ResourceError

__all__ = ["Folder", "check_key", "file_key"]

_KEY = re.compile(r"[0-9a-f]{64}")
_READ_ONLY = 0o444


def check_key(key: str) -> str:
    """Return ``key`` if it has the form of a sha256; otherwise raise DataError, so that no key is a path."""
    if not _KEY.fullmatch(key):
        raise DataError(f"{key!r} is not an object key; a key is 64 lower-case hex digits", key=key)
    return key


def file_key(path: Path) -> str:
    """Return the sha256 of a file's content, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals about ``path`` into ResourceError."""
    try:
        yield
    except OSError as err:
        if err.errno in {errno.ENOSPC, errno.EDQUOT}:
            remedy = "free space, then run the same command again: nothing is lost"
        else:
            remedy = "give this user the right to it, or choose another folder"
        raise ResourceError(f"cannot write {path}: {err.strerror}; {remedy}", path=str(path)) from err


class Folder:
    """Objects as read-only files ``ab/abcd...`` under ``root``, which is made when first written."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._checked: dict[str, tuple[int, int, int]] = {}  # key -> inode, size, mtime of what was checked

    def _place(self, key: str) -> Path:
        return self.root / check_key(key)[:2] / key

    def put(self, data: bytes | Path) -> str:
        """Keep the bytes, or the content of a file; see :class:`sillok.objects.Objects`.

        Raises
        ------
        ResourceError
            If the disk is full or refuses; nothing half written is ever seen under a key.
        """
        key = hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else file_key(data)
        place = self._place(key)
        if self._is_whole(place, len(data) if isinstance(data, bytes) else data.stat().st_size):
            return key
        with _disk_errors(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            self._write(data, place)
        return key

    @staticmethod
    def _is_whole(place: Path, size: int) -> bool:
        return place.is_file() and place.stat().st_size == size

    @staticmethod
    def _write(data: bytes | Path, place: Path) -> None:
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                if isinstance(data, bytes):
                    file.write(data)
                else:
                    with data.open("rb") as source:
                        shutil.copyfileobj(source, file, 1 << 20)
                file.flush()
                os.fchmod(file.fileno(), _READ_ONLY)
                os.fsync(file.fileno())
            Path(name).replace(place)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name itself must survive a power cut
        finally:
            os.close(folder)

    def get(self, key: str) -> bytes:
        """Return the bytes, always checked; see :class:`sillok.objects.Objects`."""
        place = self._place(key)
        try:
            data = place.read_bytes()
        except FileNotFoundError as err:
            raise self._missing(key) from err
        if hashlib.sha256(data).hexdigest() != key:
            raise self._damaged(key)
        return data

    def path(self, key: str, *, check: bool = True) -> Path:
        """Return the file, checked once in this process for as long as it stays the same file."""
        place = self._place(key)
        try:
            stat = place.stat()
            identity = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            if check and self._checked.get(key) != identity:
                if file_key(place) != key:
                    raise self._damaged(key)
                self._checked[key] = identity
        except FileNotFoundError as err:
            raise self._missing(key) from err
        return place

    def has(self, key: str) -> bool:
        """Return whether a file stands under ``key``."""
        return self._place(key).is_file()

    def forget(self, key: str) -> None:
        """Remove the file under ``key``, if there is one."""
        self._checked.pop(key, None)
        self._place(key).unlink(missing_ok=True)

    def _missing(self, key: str) -> MissingDataError:
        return MissingDataError(
            f"object {key} is not in {self.root}; freeze again, or restore it from a backup", key=key
        )

    def _damaged(self, key: str) -> DataError:
        return DataError(
            f"object {key} is damaged: its content in {self._place(key)} has another checksum; remove the file "
            "and freeze again, or restore it from a backup",
            key=key,
        )
