"""One session of one issue, trade by trade: from the open to the close, through the high and the low.

Made from the daily bar and a seed alone, so that every client of every server sees the same day.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from sillok.sandbox.world.market import Bars, IndexSeries, Market
from sillok.sandbox.world.rules import price_limits, round_to_tick, tick_size

__all__ = ["CLOSE_S", "LAST_CONTINUOUS_S", "Tape", "bar_tape", "index_tape", "issue_tape", "overseas_tape"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CLOSE_S = 23_400  # 15:30, seconds after the open
LAST_CONTINUOUS_S = 22_800  # 15:20, when the closing auction begins
_MOST, _SHARES_A_TRADE = 20_000, 40
_AUCTION_WEIGHT = 40.0  # the opening and the closing auction against a trade between
_ROUGHNESS = 0.35  # of the day's range


@dataclass(frozen=True)
class Tape:
    """The trades of a session, oldest first, T of each; prices in KRW (an index: hundredths of a point)."""

    second: Ints  # after the open
    price: Ints
    quantity: Ints
    is_buy: NDArray[np.bool_]
    base: int  # the previous close
    lower: int
    upper: int
    depth: Ints  # 64 x 20 quantities: ten asks and ten bids, taken in turn

    def __len__(self) -> int:
        return len(self.second)

    @cached_property
    def volume(self) -> Ints:
        """Shares since the open, each trade's own included."""
        return np.cumsum(self.quantity)

    @cached_property
    def amount(self) -> Ints:
        """KRW since the open."""
        return np.cumsum(self.quantity * self.price)

    @cached_property
    def high(self) -> Ints:
        return np.maximum.accumulate(self.price)

    @cached_property
    def low(self) -> Ints:
        return np.minimum.accumulate(self.price)

    @cached_property
    def high_at(self) -> Ints:
        """Which trade first made the high of each moment."""
        return _first_reached(self.price, self.high)

    @cached_property
    def low_at(self) -> Ints:
        """Which trade first made the low of each moment."""
        return _first_reached(self.price, self.low)

    @cached_property
    def bought(self) -> Ints:
        """Shares since the open whose buyer came to the seller's price."""
        return np.cumsum(np.where(self.is_buy, self.quantity, 0))

    @cached_property
    def buys(self) -> Ints:
        """Trades since the open whose buyer came to the seller's price."""
        return np.cumsum(self.is_buy)

    def upto(self, second: float) -> int:
        """Return how many trades have happened ``second`` seconds after the open."""
        return int(np.searchsorted(self.second, second, side="right"))

    def best(self, at: int) -> tuple[int, int]:
        """Return the best ask and bid after trade ``at``; 0 where a limit leaves none."""
        price = int(self.price[at])
        ask, bid = (price, _step_down(price)) if self.is_buy[at] else (_step_up(price), price)
        return ask if ask <= self.upper else 0, bid if bid >= self.lower else 0

    def ladder(self, at: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return asks and bids after trade ``at``, best first: (price, quantity), within the day's limits."""
        price = int(self.price[at])
        ask, bid = (price, _step_down(price)) if self.is_buy[at] else (_step_up(price), price)
        depth = self.depth[at % len(self.depth)]
        asks, bids = [], []
        for level in range(10):
            if ask <= self.upper:
                asks.append((ask, int(depth[level])))
            if bid >= self.lower:
                bids.append((bid, int(depth[10 + level])))
            ask, bid = _step_up(ask), _step_down(bid)
        return asks, bids


def _first_reached(price: Ints, extreme: Ints) -> Ints:
    is_new = np.r_[True, extreme[1:] != extreme[:-1]]
    return np.maximum.accumulate(np.where(is_new, np.arange(len(price)), 0))


@lru_cache(maxsize=65_536)
def _step_up(price: int) -> int:
    return int(round_to_tick(price + int(tick_size(price)), "down"))


@lru_cache(maxsize=65_536)
def _step_down(price: int) -> int:
    """Return the price one tick below; at a break the lower tick counts. Below 1 KRW there is none: 0."""
    return int(round_to_tick(price - int(tick_size(price - 1)), "up")) if price > 1 else 0


def _rng(seed: int, key: str, day: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(key.encode()), day])


def issue_tape(market: Market, symbol: str, seed: int) -> Tape | None:
    """Return the tape of ``symbol`` on the market's newest session; None if it did not trade then."""
    bars = market.raw or market.adjusted
    first, end = bars.slice_of(symbol)
    if first == end or bars.date[end - 1] != market.sessions[-1]:
        return None
    return bar_tape(bars, end - 1, symbol, seed)


def bar_tape(bars: Bars, at: int, symbol: str, seed: int) -> Tape | None:
    """Return the tape of the bar at position ``at``; None if nothing was traded."""
    if not bars.open[at] or not bars.volume[at]:
        return None
    bar = tuple(int(getattr(bars, name)[at]) for name in ("open", "high", "low", "close", "volume"))
    base = int(bars.close[at] - bars.change[at])
    lower, upper = (int(limit) for limit in price_limits(base))
    rng = _rng(seed, symbol, int(bars.date[at]))
    # Rounding must not leave the bar, whose prices need not be on a tick where history was adjusted.
    return _draw(bar, base, min(lower, bar[2]), max(upper, bar[1]), rng, on_tick=True)


def index_tape(series: IndexSeries, code: str, seed: int) -> Tape:
    """Return the tape of an index on its newest session, every few seconds a level."""
    first, high, low, last = (int(getattr(series, name)[-1]) for name in ("open", "high", "low", "close"))
    before = int(series.close[-2]) if len(series.close) > 1 else first
    # The index counts thousand shares; an old day may have no more than its close.
    volume = max(int(series.volume[-1]) // 1_000, 1)
    first, high, low = first or last, high or last, low or last
    rng = _rng(seed, code, int(series.date[-1]))
    bar = (first, high, low, last, max(volume, 2_400 * _SHARES_A_TRADE))
    return _draw(bar, before, low, high, rng, on_tick=False)


def overseas_tape(symbol: str, day: int, seed: int, bar: tuple[int, ...] = (), base: int = 0) -> Tape:
    """Return a made-up session abroad, prices in ten-thousandths of the currency.

    With ``bar`` (open, high, low, close, volume) and ``base``, the close before, it meets them; without, it is
    known by the symbol alone.
    """
    rng = _rng(seed, symbol, day)
    if bar:
        return _draw(bar, base, bar[2], bar[1], rng, on_tick=False)
    base = int(rng.integers(200_000, 4_000_000))
    moves = np.sort(rng.normal(scale=0.012, size=4))
    low, high = round(base * (1 + moves[0])), round(base * (1 + moves[3]))
    first, last = (round(base * (1 + moves[k])) for k in rng.permutation([1, 2]))
    return _draw((first, high, low, last, 2_000_000), base, low, high, rng, on_tick=False)


def _draw(
    bar: tuple[int, ...], base: int, lower: int, upper: int, rng: np.random.Generator, *, on_tick: bool
) -> Tape:
    first, high, low, last, volume = bar
    # Open, high, low and close need a trade each; fewer shares than that trade as often as they can.
    trades = int(np.clip(volume // _SHARES_A_TRADE, min(volume, 200), _MOST))
    price = _path((first, high, low, last), trades, rng)
    if on_tick:
        rounded = np.clip(round_to_tick(np.maximum(price, 1)), low, high)
        price = np.where(np.isin(price, (first, high, low, last)), price, rounded)
    is_buy = np.r_[True, np.diff(price) > 0]
    level = np.r_[False, np.diff(price) == 0]
    is_buy = np.where(level, rng.random(trades) < 0.5, is_buy)
    return Tape(
        second=_seconds(trades, rng),
        price=price,
        quantity=_quantities(volume, trades, rng),
        is_buy=is_buy,
        base=base,
        lower=lower,
        upper=upper,
        depth=rng.integers(1, max(2, min(volume // 50, 50_000)), size=(64, 20)),
    )


def _path(bar: tuple[int, ...], trades: int, rng: np.random.Generator) -> Ints:
    """Return whole prices from open to close that touch high and low and never leave them."""
    first, high, low, last = bar
    if trades < 4:
        return np.array(
            [first, last][-trades:] if trades < 3 else [first, high if high != first else low, last]
        )
    turns = np.sort(rng.choice(np.arange(1, trades - 1), size=2, replace=False))
    levels = [high, low] if rng.random() < 0.5 else [low, high]
    knots = np.array([0, *turns, trades - 1])
    values = np.array([first, *levels, last], dtype=float)
    place = np.arange(trades)
    line = np.interp(place, knots, values)
    walk = np.cumsum(rng.normal(size=trades))
    walk -= np.interp(place, knots, walk[knots])  # a bridge: nothing at the knots
    scale = np.abs(walk).max() or 1.0
    rough = line + walk / scale * _ROUGHNESS * (high - low)
    folded = np.where(rough > high, 2 * high - rough, np.where(rough < low, 2 * low - rough, rough))
    price = np.clip(np.rint(folded), low, high).astype(np.int64)
    price[knots] = values.astype(np.int64)
    return price


def _quantities(volume: int, trades: int, rng: np.random.Generator) -> Ints:
    """Return at least one share a trade, ``volume`` in all; the auctions take more."""
    weights = rng.exponential(size=trades)
    weights[[0, -1]] = _AUCTION_WEIGHT
    rest: Ints = rng.multinomial(volume - trades, weights / weights.sum())
    return rest.astype(np.int64) + 1


def _seconds(trades: int, rng: np.random.Generator) -> Ints:
    """Return the seconds: busier at both ends, the first at the open, the last in the closing auction."""
    inner = np.sort(rng.beta(0.7, 0.8, size=max(trades - 2, 0)) * LAST_CONTINUOUS_S).astype(np.int64)
    return np.r_[0, inner, CLOSE_S][-trades:] if trades > 1 else np.array([0])
