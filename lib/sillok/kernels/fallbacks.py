"""How often, and why, a kernel was started as ever instead of forked."""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from typing import TYPE_CHECKING

with contextlib.suppress(ImportError):  # where kernels are forked it is there
    import fcntl

if TYPE_CHECKING:
    from sillok.kernels.places import Places

__all__ = ["fallbacks", "note_fallback"]

_KEPT = 1000  # lines; the file is begun anew with half of them


def note_fallback(places: Places, reason: str) -> None:
    """Add one line to the user's list; a folder that cannot be used is left alone, since that was the reason."""
    try:
        places.ensure()
        with (places.folder / "fallbacks").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            lines = file.readlines()
            if lines and not lines[-1].endswith("\n"):  # the disk was full in the middle of it
                file.write("\n")
            if len(lines) >= _KEPT:
                file.truncate(0)
                file.writelines(lines[-_KEPT // 2 :])
            file.write(json.dumps({"at": round(time.time()), "reason": reason}) + "\n")
    except OSError:
        return


def fallbacks(places: Places) -> Counter[str]:
    """Return how often each reason occurred lately; a line that a full disk cut is counted as such."""
    try:
        lines = (places.folder / "fallbacks").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return Counter()
    return Counter(_reason(line) for line in lines)


def _reason(line: str) -> str:
    try:
        return str(json.loads(line)["reason"])
    except (KeyError, TypeError, ValueError):
        return "a line that cannot be read"
