"""The environment of other people's KIS clients: made once for each lock, beside this one, never mixed with it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["drive", "python_of_others"]

HERE = Path(__file__).parent
LOCK = HERE / "requirements.txt"


def python_of_others() -> str:
    """Return the interpreter of the environment that ``requirements.txt`` locks, making it if it is not there."""
    mark = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    root = Path(sys.prefix) / "thirdparty"
    root.mkdir(exist_ok=True)
    folder = root / mark
    program, ready = folder / "bin" / "python", folder / ".ready"
    with (root / f"{mark}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the workers of one run would make it side by side
        if not ready.exists():
            shutil.rmtree(folder, ignore_errors=True)
            _make(folder, program)
            ready.touch()
    return str(program)


def _make(folder: Path, program: Path) -> None:
    uv = shutil.which("uv")
    if uv is not None:
        _run(uv, "venv", "-q", "--python", sys.executable, str(folder))
        _run(uv, "pip", "install", "-q", "--require-hashes", "--python", str(program), "-r", str(LOCK))
    else:
        _run(sys.executable, "-m", "venv", str(folder))
        _run(str(program), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(LOCK))


def _run(*command: str) -> None:
    environment = {
        name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:3])} ...: {done.stderr[-2000:]}")


def drive(
    name: str, url: str, folder: Path, mode: str = "all", days: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Run a driver against the server at ``url`` and return what it printed.

    It keeps its files in ``folder``; ``days`` are variables of its environment.
    """
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "TZ": "Asia/Seoul", "PYTHONUTF8": "1", "PYTHONWARNINGS": "ignore",
        **(days or {}),
    }  # fmt: skip
    command = [python_of_others(), str(HERE / "drivers" / f"{name}.py"), url, str(folder), mode]
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        raise AssertionError(f"{name} broke:\n{done.stderr[-4000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
