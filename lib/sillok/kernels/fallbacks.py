"""How often, and why, a kernel was started as ever instead of forked."""

from __future__ import annotations

import fcntl
import json
import time
from collections import Counter
from typing import TYPE_CHECKING

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
            if len(lines) >= _KEPT:
                file.truncate(0)
                file.writelines(lines[-_KEPT // 2 :])
            file.write(json.dumps({"at": round(time.time()), "reason": reason}) + "\n")
    except OSError:
        return


def fallbacks(places: Places) -> Counter[str]:
    """Return how often each reason occurred lately."""
    try:
        lines = (places.folder / "fallbacks").read_text().splitlines()
    except FileNotFoundError:
        return Counter()
    return Counter(json.loads(line)["reason"] for line in lines)
