"""What an owner asks of a parent, looked at before anything is done for it.

The environment goes to the kernel in an anonymous file that the parent passes on unread: passwords stay out of the
memory that all later kernels share.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from sillok.kernels.wire import Message

__all__ = ["FILES", "check_request", "read_environment", "sealed_environment"]

FILES = 3  # standard output, standard error, the environment

_LIMITS = {"memory_mb", "cpu_s", "idle_s", "age_s"}


def sealed_environment(env: Mapping[str, str]) -> int:
    """Return an open file, of no folder, that holds ``env``; its reader is told by ``read_environment``."""
    fd = os.memfd_create("environment")
    with os.fdopen(os.dup(fd), "wb") as file:
        file.write(json.dumps(dict(env)).encode())
    return fd


def read_environment(fd: int) -> dict[str, str]:
    """Return what ``sealed_environment`` wrote, and close the file."""
    with os.fdopen(fd, "rb") as file:
        file.seek(0)
        found: dict[str, str] = json.loads(file.read())
    return found


def check_request(message: Message, files: Sequence[int]) -> None:
    """Raise ``KeyError``, ``TypeError`` or ``ValueError`` unless ``message`` asks for a kernel in full."""
    if len(files) != FILES:
        raise ValueError(f"{FILES} open files belong to a request, {len(files)} came")
    for name in ("name", "cwd", "connection_file", "endpoint"):
        _expect(name, message[name], str)
    for name, kind in (("umask", int), ("fresh", bool), ("began", dict), ("limits", dict)):
        _expect(name, message[name], kind)
    for name, value in message["began"].items():
        _expect(name, value, str)
    if unknown := set(message["limits"]) - _LIMITS:
        raise ValueError(f"unknown limits: {sorted(unknown)}")
    for name, value in message["limits"].items():
        _expect(name, value, int)
        if value < 0:
            raise ValueError(f"{name} is {value}; 0 is no limit, and less there is not")


def _expect(name: str, value: Any, kind: type) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {kind.__name__}, not {type(value).__name__}")
