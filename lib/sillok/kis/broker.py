"""The folder in which the processes of one user share a token and their turns: closed to everybody else."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sillok.errors import ConfigError, ResourceError

__all__ = ["open_private", "private_folder", "try_lock"]


def private_folder(path: Path) -> Path:
    """Return the folder, made if missing.

    Raises
    ------
    ConfigError
        If it belongs to somebody else, or others may look into it.
    ResourceError
        If it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        _refuse_open(path, path.stat(), "chmod 700")
    except OSError as err:
        raise ResourceError(f"the folder {path} cannot be used: {err.strerror}; change SILLOK_HOME") from err
    return path


def open_private(path: Path, *, create: bool = True) -> int:
    """Open a file of the folder for reading and writing; return its descriptor, which the caller closes.

    Raises
    ------
    FileNotFoundError
        If it is missing and ``create`` is false.
    ConfigError
        If it belongs to somebody else, or others may read it.
    ResourceError
        If it cannot be opened.
    """
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT if create else 0)
    try:
        number = os.open(path, flags, 0o600)
    except FileNotFoundError:
        raise
    except OSError as err:
        raise ResourceError(
            f"{path} cannot be opened: {err.strerror}; free space or change SILLOK_HOME"
        ) from err
    try:
        _refuse_open(path, os.fstat(number), "rm")
    except ConfigError:
        os.close(number)
        raise
    return number


def _refuse_open(path: Path, found: os.stat_result, mend: str) -> None:
    if found.st_uid != os.geteuid():
        raise ConfigError(
            f"{path} belongs to another user (uid {found.st_uid}), the broker's token must not; give each user a"
            " SILLOK_HOME of their own",
            path=str(path),
        )
    if found.st_mode & 0o077:
        raise ConfigError(
            f"{path} has mode {stat.S_IMODE(found.st_mode):04o}, so that others may have read the broker's token;"
            f" see who did, then `{mend} {path}` and run again",
            path=str(path),
        )


@contextmanager
def try_lock(number: int) -> Iterator[bool]:
    """Lock an open file against all other processes inside the block; give whether that was possible at once.

    The kernel opens the lock when its process ends, however it ends.
    """
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
        return
    try:
        yield True
    finally:
        fcntl.flock(number, fcntl.LOCK_UN)
