"""A child ends when it is told, when it will not listen, and when its parent is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from sillok.errors import ResourceError
from sillok.node.processes import MARK, Child, new_mark, start_warden, stop_all, sweep

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


def child(tmp_path: Path, code: str, **more: object) -> Child:
    log = tmp_path / "child.log"
    return Child("trial", [sys.executable, "-c", code], dict(os.environ), tmp_path, log, **more)  # type: ignore[arg-type]


def wait_until(what: object, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not what():  # type: ignore[operator]
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def test_one_that_ignores_the_end_is_killed_with_its_own_children(tmp_path: Path) -> None:
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]); {STUBBORN}"
    started = child(tmp_path, code)
    process = started.start()
    wait_until(lambda: started.log.read_text().count("up") == 2)
    (below,) = psutil.Process(process.pid).children()
    stop_all([process], grace_s=0.2)
    assert process.returncode == -signal.SIGKILL
    wait_until(lambda: not below.is_running() or below.status() == psutil.STATUS_ZOMBIE)


def test_one_that_is_started_where_signals_are_ignored_still_hears_them(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        started = child(tmp_path, "import time; print('up', flush=True); time.sleep(600)")
        process = started.start()
        wait_until(lambda: "up" in started.log.read_text())
        stop_all([process])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert process.returncode == -signal.SIGTERM


def test_one_that_ends_before_it_is_ready_is_said_with_its_last_words(tmp_path: Path) -> None:
    started = child(tmp_path, "import sys; print('no such table'); sys.exit(3)", ready=lambda: False)
    with pytest.raises(ResourceError, match="trial ended with 3 before it was ready: no such table"):
        started.wait_ready(started.start())


def test_one_that_never_becomes_ready_is_given_up(tmp_path: Path) -> None:
    started = child(tmp_path, "import time; time.sleep(600)", ready=lambda: False, ready_within_s=0.2)
    process = started.start()
    try:
        with pytest.raises(ResourceError, match="not ready within 0 s"):
            started.wait_ready(process)
    finally:
        stop_all([process])


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="/no/such/program is not installed"):
        Child("trial", ["/no/such/program"], {}, tmp_path, tmp_path / "log").start()


def test_the_sweep_finds_what_left_its_group_and_spares_the_rest(tmp_path: Path) -> None:
    mark, other = new_mark(), new_mark()
    code = "import time; time.sleep(600)"
    mine = [
        subprocess.Popen([sys.executable, "-c", code], env={**os.environ, MARK: one}, start_new_session=True)
        for one in (mark, other)
    ]
    try:
        assert sweep(mark) == 1
        assert mine[0].wait(timeout=10) == -signal.SIGKILL
        assert mine[1].poll() is None
    finally:
        for process in mine:
            process.kill()
            process.wait()


def test_the_warden_sweeps_when_its_parent_is_gone() -> None:
    mark = new_mark()
    left = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        env={**os.environ, MARK: mark},
        start_new_session=True,
    )
    warden, pipe = start_warden(mark)
    try:
        assert left.poll() is None
        os.close(pipe)  # as the system does for a parent that is killed
        assert left.wait(timeout=30) == -signal.SIGKILL
        assert warden.wait(timeout=30) == 0
    finally:
        left.kill()
        left.wait()


def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys, time\nfrom pathlib import Path\nfrom sillok.node.processes import Child\n"
        f"log = Path({str(tmp_path / 'below.log')!r})\n"
        "c = Child('below', [sys.executable, '-c', 'import time; time.sleep(600)'], dict(os.environ), log.parent, log)\n"
        "print(c.start().pid, flush=True)\ntime.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        below = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    wait_until(lambda: not below.is_running() or below.status() == psutil.STATUS_ZOMBIE)
