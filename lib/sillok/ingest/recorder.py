"""Trades and gaps of a live stream into the store: batch by batch, each in one transaction.

What was received before a ``kill -9`` and not flushed is lost, nothing is half-written, and the next recorder
says from when to when nobody listened.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, func, insert, select, update

from sillok.kis.stream import Event, Gap, Trade
from sillok.store import Store
from sillok.store.tables import stream_gap, trade_tick

__all__ = ["Recorded", "Recorder"]

_T, _G = trade_tick.c, stream_gap.c


@dataclass(slots=True)
class Recorded:
    """What a recorder wrote: trades new and known already, gaps, and shares that it saw pass without their trades.

    The vendor tells the day's volume with every trade, so that a missing one shows in the next.
    """

    trades: int = 0
    duplicates: int = 0
    gaps: int = 0
    missed_shares: int = 0


@dataclass
class Recorder:
    """Write what a stream brings.

    Parameters
    ----------
    flush_s, flush_rows
        A batch is written after so many seconds, or when it has so many trades.
    now, monotonic
        The clock of gaps, and that of batches.
    """

    store: Store
    now: Callable[[], datetime]
    flush_s: float = 1.0
    flush_rows: int = 2_000
    monotonic: Callable[[], float] = time.monotonic
    told: Callable[[Recorded], None] = lambda _: None
    done: Recorded = field(default_factory=Recorded)
    _trades: list[Trade] = field(default_factory=list)
    _gaps: list[Gap] = field(default_factory=list)
    _volumes: dict[tuple[str, str, date], int] = field(default_factory=dict)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """Write what waits and return from :meth:`run`."""
        self._stop.set()

    async def run(
        self,
        events: AsyncIterator[Event],
        symbols: Sequence[str],
        *,
        channel: str = "trades",
        trades: int | None = None,
    ) -> Recorded:
        """Record until the stream ends, :meth:`stop` is called, or so many ``trades`` came.

        The span since the newest trade that the store has of a symbol is recorded as a gap first: nobody listened.

        Raises
        ------
        VendorError
            If the stream gives up; what came before is written.
        """
        self._gaps += await asyncio.to_thread(self._unheard, symbols, channel)
        stopping = asyncio.create_task(self._stop.wait())
        coming = asyncio.ensure_future(anext(events))
        due = self.monotonic() + self.flush_s
        came = 0
        try:
            while not self._stop.is_set() and (trades is None or came < trades):
                left = max(due - self.monotonic(), 0)
                await asyncio.wait({coming, stopping}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if coming.done():
                    came += self._take(coming.result())
                    coming = asyncio.ensure_future(anext(events))
                if self.monotonic() >= due or len(self._trades) >= self.flush_rows:
                    await self._flush()
                    due = self.monotonic() + self.flush_s
        except StopAsyncIteration:
            pass
        finally:
            for task in (coming, stopping):
                task.cancel()
            await asyncio.gather(coming, stopping, return_exceptions=True)
            self._write(*self._batch())
        return self.done

    def _take(self, event: Event) -> int:
        if isinstance(event, Gap):
            self._gaps.append(event)
        elif isinstance(event, Trade) and event.quantity > 0:
            self._trades.append(event)
            return 1
        return 0

    def _batch(self) -> tuple[list[Trade], list[Gap]]:
        batch = self._trades, self._gaps
        self._trades, self._gaps = [], []
        return batch

    async def _flush(self) -> None:
        trades, gaps = self._batch()
        if not trades and not gaps:
            return
        # The batch is written whole even if we are cancelled meanwhile.
        await asyncio.shield(asyncio.to_thread(self._write, trades, gaps))
        self.told(self.done)

    def _unheard(self, symbols: Sequence[str], channel: str) -> list[Gap]:
        newest = func.max(_T.received_at)
        query = (
            select(_T.symbol, newest).where(_T.channel == channel, _T.symbol.in_(symbols)).group_by(_T.symbol)
        )
        with self.store.read() as conn:
            last = {row[0]: row[1] for row in conn.execute(query)}
        now = self.now()
        return [Gap(channel, symbol, since, now, "started") for symbol, since in sorted(last.items())]

    def _write(self, trades: list[Trade], gaps: list[Gap]) -> None:
        with self.store.begin() as conn:
            fresh = self._without_known(conn, trades)
            if fresh:
                conn.execute(insert(trade_tick), [_tick(trade) for trade in fresh])
            written = sum(self._write_gap(conn, gap) for gap in gaps)
        self.done.trades += len(fresh)
        self.done.duplicates += len(trades) - len(fresh)
        self.done.gaps += written
        self.done.missed_shares += sum(map(self._missed, fresh))

    def _missed(self, trade: Trade) -> int:
        key = trade.channel, trade.symbol, trade.date
        before = self._volumes.get(key)
        self._volumes[key] = max(trade.volume, before or 0)
        return 0 if before is None else max(trade.volume - trade.quantity - before, 0)

    def _without_known(self, conn: Connection, trades: list[Trade]) -> list[Trade]:
        """Return the trades that neither the store nor an earlier one of the batch has."""
        groups: dict[tuple[str, str, date], dict[int, Trade]] = {}
        for trade in trades:
            groups.setdefault((trade.channel, trade.symbol, trade.date), {}).setdefault(trade.volume, trade)
        fresh = []
        for (channel, symbol, day), found in groups.items():
            same = and_(_T.channel == channel, _T.symbol == symbol, _T.date == day)
            span = _T.volume.between(min(found), max(found))
            known = set(conn.scalars(select(_T.volume).where(same, span)))
            fresh += [trade for volume, trade in found.items() if volume not in known]
        return fresh

    @staticmethod
    def _write_gap(conn: Connection, gap: Gap) -> int:
        """Write a gap, or lengthen the one that began at the same instant; one without a beginning is none."""
        if gap.since is None:
            return 0
        which = and_(_G.channel == gap.channel, _G.symbol == gap.key, _G.began_at == gap.since)
        known = conn.execute(select(_G.ended_at, _G.lost).where(which)).one_or_none()
        if known is None:
            row: dict[str, Any] = {"channel": gap.channel, "symbol": gap.key, "began_at": gap.since}
            rest = {"ended_at": gap.until, "reason": gap.reason, "lost": gap.lost}
            conn.execute(insert(stream_gap), [row | rest])
            return 1
        ended_at, lost = known
        longer = {"ended_at": max(ended_at, gap.until), "lost": lost + gap.lost}
        conn.execute(update(stream_gap).where(which).values(longer))
        return 0


def _tick(trade: Trade) -> dict[str, Any]:
    return {
        "channel": trade.channel,
        "symbol": trade.symbol,
        "date": trade.date,
        "volume": trade.volume,
        "traded_at": trade.time,
        "received_at": trade.received_at,
        "price": trade.price,
        "quantity": trade.quantity,
        "side": trade.side,
        "ask": trade.ask,
        "bid": trade.bid,
    }
