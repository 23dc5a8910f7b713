"""The way through a day, by the minute: the trades that the stream plays, gathered.

The first minute opens at the day's open, the last closes at its close, its high and its low are touched, the
volumes and the amounts sum to the day's.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from sillok.sandbox.world.market import Bars
from sillok.sandbox.world.tape import CLOSE_S, LAST_CONTINUOUS_S, Tape, bar_tape
from sillok.sandbox.world.world import World

__all__ = ["Minutes", "clock_time", "day_minutes", "day_tape", "until"]

Ints = NDArray[np.int64]
_OPEN_S = 9 * 3_600
_KEPT = 64  # tapes, of at most 20,000 trades each
# When the minutes begin, in seconds after the open: 09:00 to 15:19, then the closing auction at 15:30.
_BEGINS: Ints = np.r_[np.arange(0, LAST_CONTINUOUS_S, 60), CLOSE_S]


@dataclass(frozen=True)
class Minutes:
    """One row a minute, oldest first: when it begins (HHMMSS), prices, shares, and the day's KRW so far."""

    time: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    amount_krw: Ints


def clock_time(second: Ints) -> Ints:
    """Return seconds after the open as times of day, HHMMSS."""
    of_day = second + _OPEN_S
    return of_day // 3_600 * 10_000 + of_day // 60 % 60 * 100 + of_day % 60


class _Tapes:
    """The tapes that somebody asked for last."""

    def __init__(self, world: World) -> None:
        self._seed = world.market.seed
        self._kept: dict[tuple[str, int], Tape | None] = {}

    def of(self, symbol: str, at: int, bars: Bars) -> Tape | None:
        key = (symbol, int(bars.date[at]))
        if key not in self._kept:
            if len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = bar_tape(bars, at, symbol, self._seed) if self._seed is not None else None
        return self._kept[key]


def day_tape(world: World, symbol: str, at: int, bars: Bars) -> Tape | None:
    """Return the trades of the bar at position ``at``; None for a day without any, and in a replay."""
    return world.keep(_Tapes).of(symbol, at, bars)


def day_minutes(world: World, symbol: str, at: int, bars: Bars) -> Minutes | None:
    """Return the minutes of the bar at position ``at``; None for a day without trades, and in a replay."""
    tape = day_tape(world, symbol, at, bars)
    if tape is None:
        return None
    ends = np.asarray(np.searchsorted(tape.second, np.r_[_BEGINS[1:], CLOSE_S + 1]), np.int64)
    starts = np.r_[0, ends[:-1]]
    traded = ends > starts
    close: Ints = tape.price[np.maximum(ends - 1, 0)]  # a minute without trades stands at the last price
    first = np.where(traded, tape.price[np.minimum(starts, len(tape) - 1)], close)
    pieces = np.flatnonzero(traded)
    high, low, volume, worth = (
        close.copy(),
        close.copy(),
        np.zeros(len(close), np.int64),
        np.zeros(len(close)),
    )
    high[pieces] = np.maximum.reduceat(tape.price, starts[pieces])
    low[pieces] = np.minimum.reduceat(tape.price, starts[pieces])
    volume[pieces] = np.add.reduceat(tape.quantity, starts[pieces])
    worth[pieces] = np.add.reduceat(tape.quantity * tape.price, starts[pieces])
    # The day's amount was made before its trades: theirs are put in its proportion.
    share = np.round(np.cumsum(worth) / worth.sum(), 12)
    amount = np.floor(int(bars.amount_krw[at]) * share).astype(np.int64)
    amount[pieces[-1] :] = int(bars.amount_krw[at])
    return Minutes(clock_time(_BEGINS), first, high, low, close, volume, amount)


def until(minutes: Minutes, time: int) -> Minutes:
    """Return the minutes that have begun by ``time``."""
    count = int(np.searchsorted(minutes.time, time, "right"))
    return replace(minutes, **{one.name: getattr(minutes, one.name)[:count] for one in fields(minutes)})
