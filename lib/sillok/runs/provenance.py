"""Where a run's code comes from: the notebook's hash, the commit, the lock file's hash."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

__all__ = ["git_commit", "hash_bytes", "hash_lock"]

_GIT_TIMEOUT_S = 20


def hash_bytes(data: bytes) -> str:
    """Return the sha256 of ``data`` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def hash_lock(project: Path) -> str:
    """Return the sha256 of the project's ``uv.lock``; empty where there is none."""
    lock = project / "uv.lock"
    return hash_bytes(lock.read_bytes()) if lock.is_file() else ""


def git_commit(project: Path) -> str:
    """Return the commit that ``project`` stands on, ``+dirty`` behind it if files differ.

    Outside a checkout it is what the file ``COMMIT`` says, which our image carries; empty where there is none,
    or where git is not installed: the hashes of notebook and lock still stand.
    """
    head = _git(project, "rev-parse", "HEAD") if shutil.which("git") is not None else ""
    if not head:
        built_from = project / "COMMIT"
        return built_from.read_text(encoding="utf-8").strip() if built_from.is_file() else ""
    return f"{head}+dirty" if _git(project, "status", "--porcelain") else head


def _git(project: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(project), *words],
        capture_output=True,
        text=True,
        timeout=_GIT_TIMEOUT_S,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else ""
