"""Child processes that never outlive us: started apart, watched, ended by group, swept by mark."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sillok.errors import ResourceError

__all__ = ["MARK", "Child", "die_with_parent", "new_mark", "start_warden", "stop_all", "sweep"]

MARK = "SILLOK_NODE_MARK"  # in the environment of every process that a node starts, and of their children
_GRACE_S = 10.0
_LOOKS = 3
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def new_mark() -> str:
    """Return a mark that no other node has."""
    return uuid.uuid4().hex


@dataclass(frozen=True)
class Child:
    """A process to start: its words, its environment, where it writes, and how one knows that it is ready."""

    name: str
    words: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    ready: Callable[[], bool] = field(default=lambda: True)
    ready_within_s: float = 120.0

    def start(self, *, mark: str = "") -> subprocess.Popen[bytes]:
        """Start it as the leader of a group of its own; it dies with the thread that started it.

        A process started from a background shell inherits ignored signals and could not be ended: they are
        restored.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        env = {**self.environment, **({MARK: mark} if mark else {})}
        parent = os.getpid()
        try:
            with self.log.open("ab") as log:
                return subprocess.Popen(
                    list(self.words),
                    env=env,
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=lambda: _die_with(parent),  # noqa: PLW1509 - takes no lock, imports nothing
                )
        except FileNotFoundError as err:
            raise ResourceError(f"{self.name}: {self.words[0]} is not installed; run `make up`") from err

    def wait_ready(
        self, process: subprocess.Popen[bytes], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Wait until it answers.

        Raises
        ------
        ResourceError
            If it ends instead, or takes too long; with the end of its log.
        """
        until = monotonic() + self.ready_within_s
        while not self.ready():
            if process.poll() is not None:
                raise ResourceError(
                    f"{self.name} ended with {process.returncode} before it was ready: {self.last_words()}"
                )
            if monotonic() > until:
                raise ResourceError(
                    f"{self.name} was not ready within {self.ready_within_s:.0f} s; see {self.log}"
                )
            time.sleep(0.1)

    def last_words(self) -> str:
        """Return the last line of its log that says something."""
        lines = (
            self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        )
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def stop_all(processes: Iterable[subprocess.Popen[bytes]], *, grace_s: float = _GRACE_S) -> None:
    """End every process with its whole group: SIGTERM first, SIGKILL to what is left after ``grace_s``."""
    alive = list(processes)
    for process in alive:
        _signal_group(process, signal.SIGTERM)
    until = time.monotonic() + grace_s
    for process in alive:
        try:
            process.wait(timeout=max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            continue
    for process in alive:
        _signal_group(process, signal.SIGKILL)
        process.wait()


def sweep(mark: str, *, spare: Iterable[int] = ()) -> int:
    """Kill every process that carries ``mark`` in its environment, and return how many there were.

    Flow runs, kernels and terminals lead sessions of their own, so that no group signal reaches them.
    """
    spared, killed, empty_looks = {os.getpid(), *spare}, 0, 0
    while empty_looks < _LOOKS:  # a process between fork and exec shows no environment for a moment
        found = [pid for pid in _marked(mark) if pid not in spared]
        empty_looks = 0 if found else empty_looks + 1
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                continue
        time.sleep(0.05)
    return killed


def die_with_parent() -> None:
    """Let this process be killed when the one that started it ends, if it belongs to a node.

    For a flow run: Prefect's worker would leave it running, with nobody to hear of its end.
    """
    if _LIBC is not None and MARK in os.environ:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start_warden(mark: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start the process that sweeps if we are killed, and return it with the end of its pipe that we hold.

    It waits at the other end: when we are gone, however that came, the pipe closes. Closing it ourselves ends
    the warden after a last sweep.
    """
    read_end, write_end = os.pipe()
    warden = subprocess.Popen(
        [sys.executable, "-m", "sillok.node.warden", str(read_end), mark],
        env={},  # it must not carry the mark itself, and needs nothing
        pass_fds=(read_end,),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(read_end)
    os.set_inheritable(write_end, False)
    return warden, write_end


def _marked(mark: str) -> list[int]:
    needle = f"{MARK}={mark}".encode()
    pids = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if needle in entry.read_bytes().split(b"\0") and _is_alive(entry.parent):
                pids.append(int(entry.parent.name))
        except (PermissionError, FileNotFoundError, ProcessLookupError):
            continue
    return pids


def _is_alive(folder: Path) -> bool:
    return (folder / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] not in {"Z", "X"}


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _die_with(parent: int) -> None:
    # Between fork and exec: only what is safe there.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
