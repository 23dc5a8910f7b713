"""One at a time: a lock that the system lets go of, however its holder ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sillok.errors import ResourceError

__all__ = ["hold_lock"]


@contextmanager
def hold_lock(path: Path, what: str) -> Iterator[None]:
    """Hold the file ``path`` for ourselves; the system lets go of it when we end, however that comes.

    Raises
    ------
    ResourceError
        If another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            file.seek(0)
            raise ResourceError(
                f"{what} already runs on {path.parent} (process {file.read().strip() or 'unknown'}); wait for it or end it"
            ) from err
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
