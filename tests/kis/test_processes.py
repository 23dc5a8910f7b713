"""Real processes that share a key: one token, one rate, and what a ``kill -9`` leaves behind."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from sillok.kis import schema
from sillok.sandbox import Gate, Limits, create_app
from tests.kis.virtual import fullest_second
from tests.sandboxes import reference_market, serving_in_thread

PROJECT = Path(__file__).resolve().parents[2]
KEY, SECRET = "APPKEY-" + "k" * 29, "APPSECRET-" + "s" * 170
Processes = list["subprocess.Popen[str]"]


@pytest.fixture
def processes() -> Iterator[Processes]:
    running: Processes = []
    yield running
    for process in running:
        process.kill()
        process.communicate()


def start(processes: Processes, do: str, **job: Any) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "tests.kis.caller", json.dumps({"do": do, **job})]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    processes.append(subprocess.Popen(words, cwd=PROJECT, text=True, **pipes))
    return processes[-1]


def result(process: subprocess.Popen[str]) -> tuple[dict[str, Any], str]:
    """Return what a process said last, and its whole log."""
    said, log = process.communicate(timeout=90)
    assert process.returncode == 0, log
    return json.loads(said.splitlines()[-1]), said + log


class CountingGate(Gate):
    """The vendor's gate, which notes every token it issued and every call it refused."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self.issued: list[str] = []
        self.refusals: list[str] = []
        self.admitted: list[float] = []

    def issue(self, *keys: str) -> tuple[str, float, datetime]:
        answer = super().issue(*keys)
        self.issued.append(answer[0])
        return answer

    def admit(self, *keys: str, ledger: bool) -> None:
        try:
            super().admit(*keys, ledger=ledger)
        except Exception as err:
            self.refusals.append(str(err))
            raise
        self.admitted.append(time.monotonic())


def test_processes_share_one_token_and_one_rate_without_a_refusal_or_a_secret_in_the_log(
    tmp_path: Path, processes: Processes
) -> None:
    gate = CountingGate(Limits())
    with serving_in_thread(create_app(reference_market(), gate=gate)) as url:
        job = {"url": url, "folder": str(tmp_path), "key": KEY, "secret": SECRET, "rate": 20, "timeout_s": 10}
        started = [start(processes, "call", **job, calls=40, at_once=16) for _ in range(4)]
        done = [result(process) for process in started]
    assert [one["refused"] for one, _ in done] == [0, 0, 0, 0]
    assert gate.refusals == []
    assert len(gate.issued) == 1
    assert len(gate.admitted) >= 160
    assert fullest_second(gate.admitted) <= 20
    for _, log in done:
        assert "/uapi/" in log
        for secret in (KEY, SECRET, gate.issued[0]):
            assert secret not in log


def test_a_killed_processes_unanswered_calls_count_until_their_time_limit_and_then_no_more(
    tmp_path: Path, processes: Processes
) -> None:
    gate = CountingGate(Limits(rate=5))
    app = create_app(reference_market(), gate=gate)
    stall = threading.Event()
    stall.set()

    @web.middleware
    async def stalling(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        while stall.is_set() and request.path == schema.PRICE.path:
            await asyncio.sleep(0.02)
        return response

    app.middlewares.append(stalling)
    with serving_in_thread(app) as url:
        job = {"url": url, "folder": str(tmp_path), "key": KEY, "secret": SECRET, "rate": 5, "timeout_s": 2.5}
        victim = start(processes, "call", **job, calls=5, at_once=5)
        wait_until(lambda: len(gate.admitted) == 5)
        victim.kill()
        victim.wait()
        stall.clear()
        survivor = start(processes, "call", **job, calls=6, at_once=6)
        assert result(survivor)[0] == {"done": 6, "refused": 0}
    first, then = gate.admitted[:5], gate.admitted[5:]
    assert len(then) == 6
    assert min(then) > first[0] + 2.5 + 1
    assert gate.refusals == []


def test_processes_killed_at_any_moment_break_neither_the_limit_nor_the_others(
    tmp_path: Path, processes: Processes
) -> None:
    gate = CountingGate(Limits(rate=10))
    chance = Random(7)
    with serving_in_thread(create_app(reference_market(), gate=gate)) as url:
        job = {"url": url, "folder": str(tmp_path), "key": KEY, "secret": SECRET, "rate": 10, "timeout_s": 1}
        survivor = start(processes, "call", **job, calls=80, at_once=8)
        wait_until(lambda: len(gate.admitted) > 3)
        for _ in range(4):
            before = len(gate.admitted)
            victim = start(processes, "call", **job, calls=1_000, at_once=8)
            time.sleep(chance.uniform(0.5, 2))
            victim.kill()
            victim.wait()
            wait_until(lambda before=before: len(gate.admitted) > before)
        assert result(survivor)[0] == {"done": 80, "refused": 0}
    assert gate.refusals == []
    assert len(gate.issued) == 1
    assert fullest_second(gate.admitted) <= 10


def test_a_token_is_asked_for_once_in_its_interval_though_the_askers_are_killed(
    tmp_path: Path, processes: Processes
) -> None:
    asks = tmp_path / "asks"
    job = {"folder": str(tmp_path), "asks": str(asks), "interval_s": 3}
    for _ in range(2):
        victim = start(processes, "hold", **job, answer_s=60)
        assert victim.stdout is not None
        assert victim.stdout.readline() == "asking\n"
        victim.kill()
        victim.wait()
    heirs = [start(processes, "hold", **job, answer_s=0.2) for _ in range(4)]
    tokens = {result(heir)[0]["token"] for heir in heirs}
    assert len(tokens) == 1
    times = [float(line) for line in asks.read_text().split()]
    assert len(times) == 3
    # A request is written down before it is sent: a busy machine takes a moment between the two.
    assert all(later - earlier >= 2 for earlier, later in pairwise(times))


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it did not happen within a minute"
        time.sleep(0.02)
