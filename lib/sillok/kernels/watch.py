"""Folders watched through Linux's inotify: whether anything in them has changed, at the price of one read."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable

__all__ = ["Watch"]

# linux/inotify.h: attributes, written and closed, moved from and to, created, deleted, the folder itself gone.
_EVENTS = 0x4 | 0x2 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800
_ENOUGH = 1 << 16


class Watch:
    """Watch folders; ``quiet`` is False once anything happened in one, or where watching is not possible."""

    def __init__(self, folders: Iterable[str]) -> None:
        self._fd = -1
        libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(libc, "inotify_init1"):
            return
        fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        for folder in folders:
            if fd < 0 or libc.inotify_add_watch(fd, os.fsencode(folder), _EVENTS) < 0:
                break
        else:
            self._fd = fd
            return
        if fd >= 0:
            os.close(fd)

    def quiet(self) -> bool:
        """Return whether nothing happened since the last call."""
        if self._fd < 0:
            return False
        try:
            return not os.read(self._fd, _ENOUGH)
        except BlockingIOError:
            return True
