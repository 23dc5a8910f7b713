"""Live trades in the store: each once, every hole told, nothing half-written whoever is killed."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sillok.errors import ConfigError, RetriableVendorError
from sillok.ingest.recorder import Recorded, Recorder
from sillok.kis.stream import Event, Gap, Trade
from sillok.sandbox.world.tape import issue_tape
from sillok.store import Store, open_store
from sillok.store.tables import stream_gap, trade_tick
from tests.reference import PROJECT
from tests.sandboxes import TODAY, reference_market

START = datetime(2026, 6, 30, 1, tzinfo=UTC)
SYMBOLS = [issue.symbol for issue in reference_market().listed("KOSPI")[:2]]
_SILLOK = [sys.executable, "-c", "from sillok.cli import main; main()"]


def trade(number: int, symbol: str = "900010", quantity: int = 10) -> Trade:
    at = START + timedelta(seconds=number)
    return Trade(
        "trades", symbol, TODAY, at, 71_200, quantity, "buy", 0, Decimal("0.00"), 71_200, 71_200, 71_200, 71_300,
        71_200, number * 10, number * 712_000, Decimal("71200.00"), 5, 6, False, at,
    )  # fmt: skip


async def stream_of(*events: Event | Exception) -> AsyncIterator[Event]:
    for event in events:
        await asyncio.sleep(0)
        if isinstance(event, Exception):
            raise event
        yield event


async def record(store: Store, *events: Event | Exception, **options: Any) -> Recorded:
    recorder = Recorder(store, now=lambda: START + timedelta(hours=1), **options)
    return await recorder.run(stream_of(*events), ["900010"])


def ticks(store: Store) -> list[Any]:
    with store.read() as conn:
        return list(conn.execute(select(trade_tick).order_by(trade_tick.c.symbol, trade_tick.c.volume)))


def gaps(store: Store) -> list[Any]:
    with store.read() as conn:
        return list(conn.execute(select(stream_gap).order_by(stream_gap.c.began_at)))


async def test_a_trade_is_written_once_however_often_it_comes(store: Store) -> None:
    some = [trade(number) for number in range(1, 8)]
    assert await record(store, *some, some[3], flush_rows=3) == Recorded(trades=7, duplicates=1)
    again = await record(store, *some[5:], trade(8))
    assert (again.trades, again.duplicates) == (1, 2)
    rows = ticks(store)
    assert [row.volume for row in rows] == [10 * number for number in range(1, 9)]
    assert (rows[0].price, rows[0].side, rows[0].traded_at) == (71_200, "buy", START + timedelta(seconds=1))


async def test_one_volume_on_two_channels_is_two_trades(store: Store) -> None:
    done = await record(store, trade(1), trade(1)._replace(channel="trades_unified"), trade(1, "900020"))
    assert done.trades == 3


async def test_gaps_are_written_with_the_trades_around_them(store: Store) -> None:
    gap = Gap("trades", "900010", START, START + timedelta(seconds=5), "disconnected", 0)
    longer = Gap("trades", "900010", START, START + timedelta(seconds=9), "overflow", 4)
    never = Gap("trades", "900020", None, START, "disconnected")
    done = await record(store, trade(1), gap, trade(7), longer, never)
    assert (done.gaps, done.missed_shares) == (1, 50)
    [row] = gaps(store)
    assert (row.ended_at, row.reason, row.lost) == (START + timedelta(seconds=9), "disconnected", 4)


async def test_the_next_recorder_says_since_when_nobody_listened(store: Store) -> None:
    await record(store, trade(1), trade(2))
    assert gaps(store) == []
    await record(store, trade(9))
    [row] = gaps(store)
    assert (row.began_at, row.ended_at, row.reason) == (
        START + timedelta(seconds=2), START + timedelta(hours=1), "started",
    )  # fmt: skip


async def test_what_came_before_the_stream_gave_up_is_written(store: Store) -> None:
    gap = Gap("trades", "900010", START + timedelta(seconds=2), START + timedelta(seconds=30), "gave_up")
    with pytest.raises(RetriableVendorError):
        await record(store, trade(1), trade(2), gap, RetriableVendorError("gone"))
    assert len(ticks(store)) == 2
    assert gaps(store)[0].reason == "gave_up"


async def test_a_recorder_that_is_cancelled_writes_what_waits(store: Store) -> None:
    async def endless() -> AsyncIterator[Event]:
        yield trade(1)
        await asyncio.Event().wait()

    running = asyncio.create_task(Recorder(store, now=lambda: START, flush_s=60).run(endless(), ["900010"]))
    while not running.done() and not ticks(store):
        await asyncio.sleep(0.05)
        running.cancel()
    assert len(ticks(store)) == 1


def environment(home: Path, url: str) -> dict[str, str]:
    settings = {
        "SILLOK_HOME": str(home),
        "SILLOK_KIS_URL": url,
        "SILLOK_KIS_RATE": "0",
        "SILLOK_PROJECT": str(PROJECT),
    }
    return {name: value for name, value in os.environ.items() if not name.startswith("SILLOK_")} | settings


@contextmanager
def sandbox_process(port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    words = ["--port", str(port), "--today", TODAY.isoformat(), "--no-limits", "--speed", "200"]
    with subprocess.Popen(
        [sys.executable, "-m", "sillok.sandbox", *words], stdout=subprocess.PIPE, text=True, cwd=PROJECT
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            yield process, line.split(" on ")[1].split()[0]
        finally:
            process.kill()


def recorder_process(home: Path, url: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*_SILLOK, "record", *SYMBOLS, *words],
        env=environment(home, url), cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for_ticks(home: Path, count: int, process: subprocess.Popen[str]) -> int:
    """Return how many trades the store has, once there are ``count`` or the process has ended."""
    store = open_store(f"sqlite:///{home / 'sillok.db'}")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if (home / "sillok.db").exists():
            try:
                if (found := len(ticks(store))) >= count:
                    store.engine.dispose()
                    return found
            except ConfigError:  # its tables are being made
                pass
        time.sleep(0.1)
    raise AssertionError(f"not {count} trades within a minute: {process.communicate(timeout=5)}")


def assert_as_played(home: Path) -> None:
    """Check each trade against the session that was played."""
    store = open_store(f"sqlite:///{home / 'sillok.db'}")
    for symbol in SYMBOLS:
        tape = issue_tape(reference_market(), symbol, 1)
        assert tape is not None
        at = {int(volume): place for place, volume in enumerate(tape.volume)}
        rows = [row for row in ticks(store) if row.symbol == symbol]
        for row in rows:
            place = at[row.volume]
            assert (row.price, row.quantity) == (int(tape.price[place]), int(tape.quantity[place]))
    store.engine.dispose()


def count_told_holes(home: Path) -> int:
    """Return how many holes there are between the trades; each must lie in a gap that is told."""
    store = open_store(f"sqlite:///{home / 'sillok.db'}")
    holes = 0
    for symbol in SYMBOLS:
        rows = [row for row in ticks(store) if row.symbol == symbol]
        told = [row for row in gaps(store) if row.symbol == symbol]
        for before, after in itertools.pairwise(rows):
            if after.volume - after.quantity != before.volume:
                holes += 1
                assert any(
                    one.began_at <= after.received_at and one.ended_at >= before.received_at for one in told
                ), (symbol, before, after)
    store.engine.dispose()
    return holes


@pytest.mark.slow
def test_a_recorder_killed_again_and_again_leaves_whole_trades_and_tells_every_hole(tmp_path: Path) -> None:
    with sandbox_process() as (_, url):
        known = 0
        for round_ in range(3):
            process = recorder_process(tmp_path, url)
            known = wait_for_ticks(tmp_path, known + 20, process)
            time.sleep(0.13 * round_)  # another moment of the second between two writes
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=10)
        last = recorder_process(tmp_path, url, "--trades", "50", "--json")
        out, err = last.communicate(timeout=60)
        assert last.returncode == 0, err
        done = json.loads(out.splitlines()[-1])
        assert done["trades"] >= 50
        assert done["gaps"] == len(SYMBOLS)
    assert_as_played(tmp_path)
    assert count_told_holes(tmp_path) > 0


@pytest.mark.slow
def test_a_server_that_is_killed_and_comes_back_is_recorded_on_with_the_gap(tmp_path: Path) -> None:
    with sandbox_process() as (server, url):
        process = recorder_process(tmp_path, url, "--trades", "2000", "--json")
        wait_for_ticks(tmp_path, 20, process)
        server.kill()
        server.wait(10)
        time.sleep(0.5)
        # The new server begins its session anew.
        with sandbox_process(int(url.rsplit(":", 1)[1])):
            process_out, err = process.communicate(timeout=120)
            assert process.returncode == 0, err
    done = json.loads(process_out.splitlines()[-1])
    assert done["gaps"] >= len(SYMBOLS)
    store = open_store(f"sqlite:///{tmp_path / 'sillok.db'}")
    assert {row.reason for row in gaps(store)} == {"disconnected"}
    store.engine.dispose()
    assert_as_played(tmp_path)


@pytest.mark.slow
def test_a_second_recorder_on_the_same_store_says_who_is_at_work(tmp_path: Path) -> None:
    with sandbox_process() as (_, url):
        first = recorder_process(tmp_path, url)
        wait_for_ticks(tmp_path, 1, first)
        second = recorder_process(tmp_path, url, "--seconds", "1")
        _, err = second.communicate(timeout=60)
        assert second.returncode == 8
        assert "another recorder already runs" in err
        first.send_signal(signal.SIGTERM)
        out, err = first.communicate(timeout=30)
        assert first.returncode == 0, err
        assert "recorded" in out or "기록" in out
