"""The turns of all processes in one small file, changed under a lock that the kernel opens if its holder dies."""

from __future__ import annotations

import errno
import hashlib
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sillok.errors import ResourceError
from sillok.kis.broker import open_private, private_folder, try_lock
from sillok.kis.turns import Lane

__all__ = ["TurnsFile"]

_FURTHEST_S = 600.0  # no instant in a sound file lies further ahead
_HEAD = struct.Struct("<8s16sII")
_MAGIC = b"turns 1\n"
_MOST = 1 << 20


class TurnsFile:
    """The state of ``lanes`` (always the same ones in the same places; None where this process has no limit).

    Instants are of the machine's monotonic clock, which begins anew with the machine: so the boot is noted, and
    a file of another boot, or one that makes no sense, counts as if every slot had just been used.
    """

    def __init__(self, path: Path, lanes: Sequence[Lane | None], monotonic: Callable[[], float]) -> None:
        self.path, self._lanes, self._monotonic = path, tuple(lanes), monotonic
        self._boot = _boot_id()
        self._number, self._pid = -1, 0

    @contextmanager
    def changing(self) -> Iterator[bool]:
        """Give True, with the lanes as the file has them, and keep what the block changes; False: locked, try later.

        Raises
        ------
        ConfigError
            If others may read the file, or it is somebody else's.
        ResourceError
            If it cannot be opened or written.
        """
        with try_lock(self._open()) as mine:
            if not mine:
                yield False
                return
            before = self._read()
            now = self._monotonic()
            for lane, data in zip(self._lanes, before, strict=True):
                if lane is not None:
                    lane.unpack(data, now, _FURTHEST_S)
            yield True
            after = [
                data if lane is None else lane.pack() for lane, data in zip(self._lanes, before, strict=True)
            ]
            if after != before:
                self._write(after)

    def close(self) -> None:
        """Close the file; the next change opens it again."""
        if self._number >= 0:
            os.close(self._number)
            self._number = -1

    def _open(self) -> int:
        if self._number >= 0 and not self._is_current():
            self.close()
        if self._number < 0:
            private_folder(self.path.parent)
            self._number, self._pid = open_private(self.path), os.getpid()
        return self._number

    def _is_current(self) -> bool:
        """Return whether the open file is the one of that name (nobody deleted it), opened by this process.

        A forked child shares its parent's lock, and so must open the file anew.
        """
        try:
            return self._pid == os.getpid() and os.path.samestat(self.path.stat(), os.fstat(self._number))
        except FileNotFoundError:
            return False

    def _read(self) -> list[bytes]:
        data = os.pread(self._number, _MOST, 0)
        missing = [b""] * len(self._lanes)
        if len(data) < _HEAD.size:
            return missing
        magic, boot, *sizes = _HEAD.unpack_from(data)
        if magic != _MAGIC or boot != self._boot or len(data) < _HEAD.size + sum(sizes):
            return missing
        parts, at = [], _HEAD.size
        for size in sizes:
            parts.append(data[at : at + size])
            at += size
        return parts

    def _write(self, parts: Sequence[bytes]) -> None:
        data = b"".join([_HEAD.pack(_MAGIC, self._boot, *map(len, parts)), *parts])
        try:
            written = os.pwrite(self._number, data, 0)
        except OSError as err:
            raise self._unwritable(err.strerror) from err
        if written < len(data):
            raise self._unwritable(os.strerror(errno.ENOSPC))

    def _unwritable(self, reason: str | None) -> ResourceError:
        return ResourceError(f"{self.path} cannot be written: {reason}; free space or change SILLOK_HOME")


def _boot_id() -> bytes:
    try:
        text = Path("/proc/sys/kernel/random/boot_id").read_text("ascii")
    except OSError:  # no Linux: instants that lie too far ahead tell another boot
        text = ""
    return hashlib.sha256(text.encode()).digest()[:16]
