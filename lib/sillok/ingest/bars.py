"""Bars of a load: which spans to ask for, many at once, written in batches that each commit whole.

A batch holds the bars of some issues and moves their watermarks in the same transaction, so that a load that
breaks off goes on where it stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, select

from sillok import clock
from sillok.errors import DataError
from sillok.store import Store, Written

__all__ = ["Ask", "BarLoad", "plan_asks"]

_DAY = timedelta(days=1)
_OVERLAP = 5  # sessions asked for again, to see whether the past was rewritten
_ROWS_A_BATCH = 20_000
_WAITING = 64  # answers that may wait for the writer: memory stays flat whatever the market's size


@dataclass(frozen=True, slots=True)
class Ask:
    """Bars of one key in ``[start, end)``; ``overlaps`` if the store has the first of them."""

    key: str
    start: date
    end: date
    overlaps: bool = False


def plan_asks(
    keys: Mapping[str, tuple[date, date]], marks: Mapping[str, date], sessions: Sequence[date]
) -> list[Ask]:
    """Return what may be missing of each key's span ``[first, stop)``.

    A key that was never loaded is asked for whole, one that is loaded through its end not at all, another from
    five sessions before its watermark on.
    """
    asks = []
    for key, (first, stop) in keys.items():
        mark = marks.get(key)
        if mark is None:
            asks.append(Ask(key, first, stop))
        elif mark + _DAY < stop:
            loaded = [day for day in sessions if first <= day <= mark]
            asks.append(
                Ask(key, loaded[-_OVERLAP] if len(loaded) >= _OVERLAP else first, stop, overlaps=True)
            )
    return asks


@lru_cache(maxsize=20_000)
def _close_of(day: date) -> datetime:
    return clock.session_close(day)


@dataclass
class BarLoad:
    """One dataset's bars on their way from the vendor into ``table``."""

    store: Store
    table: Table  # its key is (key, date)
    fetch: Callable[[str, date, date], Awaitable[Sequence[tuple[Any, ...]]]]
    starts: Mapping[str, date]  # where each key's history begins, for a rewritten past
    now: datetime
    known_at: datetime  # when a rewritten past became known: the close that the load reaches
    progress: Callable[[int, int], None]
    at_once: int = 16
    written: Written = field(default_factory=lambda: Written(0, 0, 0))
    refetched: list[str] = field(default_factory=list)

    async def run(self, asks: Sequence[Ask]) -> Written:
        """Ask, write, and ask again from the start for keys whose past was rewritten."""
        again = await self._run_once(asks, 0, len(asks))
        if again:
            self.refetched = sorted(ask.key for ask in again)
            total = len(asks) + len(again)
            await self._run_once(again, len(asks), total)
        return self.written

    async def _run_once(self, asks: Sequence[Ask], done: int, total: int) -> list[Ask]:
        waiting: asyncio.Queue[tuple[Ask, Sequence[tuple[Any, ...]]]] = asyncio.Queue(_WAITING)
        pending = iter(asks)
        again: list[Ask] = []

        async def ask_on() -> None:
            for ask in pending:
                await waiting.put((ask, self._check(ask, await self.fetch(ask.key, ask.start, ask.end))))

        async def write_on() -> None:
            left, batch, rows = len(asks), [], 0
            while left:
                ask, bars = await waiting.get()
                batch.append((ask, bars))
                left, rows = left - 1, rows + len(bars)
                if rows >= _ROWS_A_BATCH or not left:
                    again.extend(await asyncio.to_thread(self._write, batch))
                    self.progress(done + len(asks) - left, total)
                    batch, rows = [], 0

        async with asyncio.TaskGroup() as group:
            group.create_task(write_on())
            for _ in range(min(self.at_once, len(asks))):
                group.create_task(ask_on())
        return again

    def _check(self, ask: Ask, bars: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
        for bar in bars:
            if bar[0] != ask.key or not ask.start <= bar[1] < ask.end:
                raise DataError(
                    f"asked for {ask.key} in [{ask.start}, {ask.end}), got a bar of {bar[0]} on {bar[1]}; the answer "
                    "cannot be trusted, nothing of it is kept",
                    key=ask.key,
                )
        return bars

    def _write(self, batch: list[tuple[Ask, Sequence[tuple[Any, ...]]]]) -> list[Ask]:
        columns = [column.name for column in self.table.columns if column.name != "recorded_at"]
        with self.store.begin() as conn:
            rewritten = self._find_rewritten(conn, batch)
            kept = [(ask, bars) for ask, bars in batch if ask.key not in rewritten]
            rows = [(*bar, _close_of(bar[1])) for _, bars in kept for bar in bars]
            self.written += self.store.upsert_tuples(
                conn, self.table, columns, rows, now=self.now, revised_at=self.known_at
            )
            through = {ask.key: ask.end - _DAY for ask, _ in kept}
            self.store.move_watermarks(conn, self.table.name, through, now=self.now)
        return [Ask(ask.key, self.starts[ask.key], ask.end) for ask, _ in batch if ask.key in rewritten]

    def _find_rewritten(
        self, conn: Connection, batch: list[tuple[Ask, Sequence[tuple[Any, ...]]]]
    ) -> set[str]:
        """Return the keys whose overlap differs from what stands in the store."""
        overlapping = {ask.key: ask for ask, _ in batch if ask.overlaps}
        if not overlapping:
            return set()
        given = {(bar[0], bar[1]): tuple(bar) for ask, bars in batch if ask.overlaps for bar in bars}
        values = [column for column in self.table.columns if column.name not in {"known_at", "recorded_at"}]
        key, day = self.table.primary_key.columns
        query = select(*values).where(
            key.in_(sorted(overlapping)), day >= min(ask.start for ask in overlapping.values())
        )
        standing = (tuple(row) for row in conn.execute(query))
        return {row[0] for row in standing if given.get((row[0], row[1]), row) != row}
