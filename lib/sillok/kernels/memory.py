"""What a process holds, and what the machine has left, in MB; from /proc."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["available_mb", "proportional_mb"]


def _fields(file: Path) -> dict[str, int]:
    lines = (line.split() for line in file.read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in lines if len(words) >= 3 and words[1].isdigit()}


def proportional_mb(pid: int, *, parts: bool = False) -> Any:
    """Return the process's share of memory (PSS), or with ``parts`` also private and shared; 0 if it has gone."""
    try:
        found = _fields(Path(f"/proc/{pid}/smaps_rollup"))
    except (FileNotFoundError, ProcessLookupError):
        found = {}
    total = found.get("Pss", 0) / 1024
    if not parts:
        return total
    private = (found.get("Private_Dirty", 0) + found.get("Private_Clean", 0)) / 1024
    shared = (found.get("Shared_Dirty", 0) + found.get("Shared_Clean", 0)) / 1024
    return {"pss_mb": round(total, 1), "private_mb": round(private, 1), "shared_mb": round(shared, 1)}


def available_mb() -> float:
    """Return the memory that the machine can still give."""
    return _fields(Path("/proc/meminfo"))["MemAvailable"] / 1024
