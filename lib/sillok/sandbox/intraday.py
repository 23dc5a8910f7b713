"""The way through a day: minutes that meet the daily bar exactly, and the trades inside them.

The first minute opens at the day's open, the last closes at its close, its high and its low are touched, the
volumes and the amounts sum to the day's. A minute's shape is drawn from the day's own stream.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from sillok.sandbox.market import Bars
from sillok.sandbox.rules import round_to_tick
from sillok.sandbox.world import World

__all__ = ["Minutes", "Trades", "day_minutes", "trades_of", "until"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# 09:00 to 15:19, then the closing auction at 15:30.
_CONTINUOUS = 380
TIMES: Ints = np.array(
    [(540 + at) // 60 * 10_000 + (540 + at) % 60 * 100 for at in range(_CONTINUOUS)] + [153_000]
)
_OF_A_TRADE = (3, 17, 34, 52)  # seconds


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


@dataclass(frozen=True)
class Trades:
    """One row a trade, oldest first: time (HHMMSS), price, shares."""

    time: Ints
    price: Ints
    volume: Ints


def day_minutes(world: World, symbol: str, at: int, bars: Bars) -> Minutes | None:
    """Return the minutes of the bar at position ``at``; None for a day without trades, and in a replay."""
    if not world.is_made_up or not bars.open[at] or not bars.volume[at]:
        return None
    day = int(bars.date[at])
    rng = world.stream("minutes", symbol, day)
    first, high, low, last = (int(getattr(bars, name)[at]) for name in ("open", "high", "low", "close"))
    volume = _spread(rng, int(bars.volume[at]))
    active = np.flatnonzero(volume)
    points, top, bottom = _walk(rng, len(active), first, high, low, last)
    size = len(TIMES)
    # A minute without trades stands at the price of the last one that had any.
    behind = np.maximum.accumulate(np.where(volume > 0, np.arange(size), 0))
    rank = np.cumsum(volume > 0)
    close = points[rank]
    open_ = np.where(volume > 0, points[np.maximum(rank - 1, 0)], close)
    tops, bottoms = np.maximum(open_, close), np.minimum(open_, close)
    tops[active[top]], bottoms[active[bottom]] = high, low
    weight = volume * (open_ + tops + bottoms + close) / 4
    share = np.cumsum(weight) / weight.sum()
    amount = np.floor(int(bars.amount_krw[at]) * np.round(share, 12)).astype(np.int64)
    amount[behind[-1] :] = int(bars.amount_krw[at])
    return Minutes(TIMES, open_, tops, bottoms, close, volume, amount)


def until(minutes: Minutes, time: int) -> Minutes:
    """Return the minutes that have begun by ``time``."""
    count = int(np.searchsorted(minutes.time, time, "right"))
    return replace(minutes, **{one.name: getattr(minutes, one.name)[:count] for one in fields(minutes)})


def trades_of(minutes: Minutes) -> Trades:
    """Return trades, up to four a minute: its open, high and low, close."""
    rising = minutes.close >= minutes.open
    prices = np.stack(
        [
            minutes.open,
            np.where(rising, minutes.low, minutes.high),
            np.where(rising, minutes.high, minutes.low),
            minutes.close,
        ],
        axis=1,
    )
    quarter, rest = minutes.volume // 4, minutes.volume % 4
    volumes = quarter[:, None] + (np.arange(4) < rest[:, None])
    times = minutes.time[:, None] + np.array(_OF_A_TRADE)
    times[minutes.time == TIMES[-1]] = TIMES[-1]
    kept = volumes.ravel() > 0
    return Trades(times.ravel()[kept], prices.ravel()[kept], volumes.ravel()[kept])


def _spread(rng: np.random.Generator, volume: int) -> Ints:
    """Return the shares of each minute: many at the open, at the close and in the closing auction."""
    at = np.arange(_CONTINUOUS)
    shape = 1 + 3 * np.exp(-at / 20) + 1.5 * np.exp((at - _CONTINUOUS) / 25)
    weight = np.concatenate([shape * np.exp(0.6 * rng.standard_normal(_CONTINUOUS)), [12.0]])
    ends = np.floor(volume * np.round(np.cumsum(weight) / weight.sum(), 12)).astype(np.int64)
    ends[-1] = volume
    return np.diff(ends, prepend=0)


def _walk(
    rng: np.random.Generator, size: int, first: int, high: int, low: int, last: int
) -> tuple[Ints, int, int]:
    """Return the ``size`` + 1 prices between active minutes, and the minutes that touch high and low."""
    top, bottom = (int(place) for place in rng.integers(0, size, 2))
    if high in {first, last}:
        top = 0 if high == first else size - 1
    if low in {first, last}:
        bottom = 0 if low == first else size - 1
    anchors = {0.0: first, top + 0.5: high, bottom + 0.5: low, float(size): last}
    places = sorted(anchors)
    line = np.interp(np.arange(size + 1), places, [anchors[place] for place in places])
    noise = np.cumsum(rng.standard_normal(size + 1)) / np.sqrt(size + 1)
    noise -= np.linspace(noise[0], noise[-1], size + 1)
    prices = np.round(line + 0.3 * (high - low) * noise, 3)
    points = np.clip(round_to_tick(np.maximum(prices, 1)), low, high)
    points[0], points[-1] = first, last
    return points, top, bottom
