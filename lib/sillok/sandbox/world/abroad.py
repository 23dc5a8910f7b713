"""Made-up markets abroad: a few stocks, indices and exchange rates, each a path of its own from one first day.

Prices are whole ten-thousandths of the currency. A path is read session by session from its stream, so that a
day never hangs on where the path ends.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from sillok.kis import schema
from sillok.sandbox.world.exchanges import EXCHANGES, LISTED, Exchange, Stock
from sillok.sandbox.world.market import as_number
from sillok.sandbox.world.streams import stream
from sillok.sandbox.world.world import World

__all__ = ["UNIT", "Abroad", "Path", "abroad_of"]

Ints = NDArray[np.int64]
_FIRST = date(2021, 1, 4)
UNIT = 10_000  # of a price


# Code of the chart by kind (N index, X exchange rate, I treasury, S gold): name, level, volatility a year.
_CHARTS: dict[tuple[str, str], tuple[str, float, float]] = {
    ("N", "SPX"): ("가상 S&P 500", 3_700.0, 0.16),
    ("N", "COMP"): ("가상 나스닥 종합", 12_700.0, 0.22),
    ("N", ".DJI"): ("가상 다우", 30_600.0, 0.14),
    ("N", "HSCE"): ("가상 홍콩H", 10_900.0, 0.24),
    ("N", "JP#NI225"): ("가상 니케이 225", 27_300.0, 0.20),
    ("I", "Y0202"): ("미국 국채 10년", 1.1, 0.30),
    ("S", "GOLD"): ("금", 1_940.0, 0.14),
}
_RATES = {
    "USDKRW": 1_090.0, "JPYKRW": 1_056.0, "USDJPY": 103.1, "USDCNY": 6.45, "EURUSD": 1.225, "GBPUSD": 1.36,
}  # fmt: skip
_PULL = 0.4  # a year, of the logarithm towards the first level, for what does not grow


@dataclass(frozen=True)
class Path:
    """Daily bars, oldest first: day (YYYYMMDD), prices in ten-thousandths, shares; unadjusted."""

    day: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    split_at: int = 0  # position of the split's session
    ratio: int = 1

    @property
    def newest(self) -> tuple[tuple[int, ...], int]:
        """The newest session's open, high, low, close and volume, and the close before it."""
        bar = tuple(int(getattr(self, name)[-1]) for name in ("open", "high", "low", "close", "volume"))
        return bar, int(self.close[max(len(self.day) - 2, 0)])

    def adjusted(self) -> Path:
        """Return the path with what lies before the split divided by its ratio."""
        if not 0 < self.split_at < len(self.day):
            return self
        divisor = np.where(np.arange(len(self.day)) < self.split_at, self.ratio, 1)
        prices = {
            name: (2 * getattr(self, name) + divisor) // (2 * divisor)
            for name in ("open", "high", "low", "close")
        }
        return Path(self.day, volume=self.volume * divisor, **prices)


@lru_cache(maxsize=4)
def _calendar(name: str) -> tuple[Ints, date]:
    """Return the sessions of an exchange as far as its calendar goes, and its last day."""
    import exchange_calendars

    with warnings.catch_warnings():
        # pandas 3.1 deprecates what exchange_calendars 4 calls; the answers are the same.
        warnings.simplefilter("ignore", DeprecationWarning)
        calendar = exchange_calendars.get_calendar(name, start=_FIRST.isoformat())
    days = [as_number(stamp.date()) for stamp in calendar.sessions]
    return np.array(days), calendar.last_session.date()


def _weekdays(last: date) -> Ints:
    count = (last - _FIRST).days + 1
    days = (_FIRST + timedelta(days=at) for at in range(count))
    return np.array([as_number(day) for day in days if day.weekday() < 5])


class Abroad:
    """The paths abroad up to the newest session at home, each made when somebody asks."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._paths: dict[tuple[str, str], Path] = {}

    @cached_property
    def _seed(self) -> int:
        return self._world.market.seed or 0

    def sessions(self, exchange: Exchange) -> Ints:
        """Return the closed sessions of an exchange: in America the last one is that of the day before."""
        days, _ = _calendar(exchange.calendar)
        last = self._world.today
        return days[: int(days.searchsorted(last, "left" if exchange.lags else "right"))]

    def stock(self, market: str, symbol: str) -> tuple[Stock, Path] | None:
        """Return an issue and its path; None for an unknown one, and in a replay."""
        one = LISTED.get((market, symbol))
        if one is None or not self._world.is_made_up:
            return None
        if (market, symbol) not in self._paths:
            days = self.sessions(EXCHANGES[market])
            path = _draw(
                self._seed,
                f"{market}{symbol}",
                days,
                first=one.first,
                vol=one.vol,
                shares=one.shares,
                pulled=False,
            )
            self._paths[market, symbol] = _split(path, one)
        return one, self._paths[market, symbol]

    def chart(self, kind: str, symbol: str) -> tuple[str, Path] | None:
        """Return name and path of an index (N), a rate (X), a treasury (I) or gold (S)."""
        if not self._world.is_made_up:
            return None
        if (kind, symbol) not in self._paths:
            if kind == schema.FX_KIND:
                pair = next((ours for ours, theirs in schema.FX_CODES.items() if theirs == symbol), "")
                if pair not in _RATES:
                    return None
                days = _weekdays(self._world.market.today)
                path = _draw(
                    self._seed, f"fx{pair}", days, first=_RATES[pair], vol=0.07, shares=0, pulled=True
                )
            else:
                known = _CHARTS.get((kind, symbol))
                if known is None:
                    return None
                days = self.sessions(EXCHANGES["NAS"])
                path = _draw(
                    self._seed, f"{kind}{symbol}", days, first=known[1], vol=known[2], shares=1_000_000_000,
                    pulled=kind == "I",
                )  # fmt: skip
            self._paths[kind, symbol] = path
        name = _CHARTS[kind, symbol][0] if kind != schema.FX_KIND else symbol
        return name, self._paths[kind, symbol]

    def rate(self, currency: str) -> float:
        """Return how many KRW a unit of ``currency`` is worth today."""
        dollar = self._close("USDKRW")
        if currency == "USD":
            return dollar
        if currency == "JPY":
            return self._close("JPYKRW") / 100
        return dollar / 7.8 if currency == "HKD" else 1.0

    def _close(self, pair: str) -> float:
        found = self.chart(schema.FX_KIND, schema.FX_CODES[pair])
        return int(found[1].close[-1]) / UNIT if found is not None else 0.0


def abroad_of(world: World) -> Abroad:
    """Return the markets abroad of ``world``, made once."""
    return world.keep(Abroad)


def _draw(seed: int, name: str, days: Ints, *, first: float, vol: float, shares: int, pulled: bool) -> Path:
    noise = stream(seed, "abroad", name).standard_normal((len(days), 5))
    noise = np.clip(noise, -4, 4)
    daily = vol / np.sqrt(252)
    level, levels = 0.0, []
    for one in noise[:, 0].tolist():
        level += daily * one + (-_PULL / 252 * level if pulled else 0.04 / 252)
        levels.append(round(level, 8))
    cents = 100 if first >= 10 and shares else 1  # stocks move by the cent, rates by the ten-thousandth

    def put(price: NDArray[np.float64]) -> Ints:
        return np.maximum(np.round(np.round(price * UNIT / cents, 4)).astype(np.int64), 1) * cents

    close = put(first * np.exp(np.array(levels)))
    before = np.concatenate([close[:1], close[:-1]])
    first_price = put(before / UNIT * np.exp(0.3 * daily * noise[:, 1]))
    top, bottom = np.maximum(first_price, close), np.minimum(first_price, close)
    high = np.maximum(put(top / UNIT * (1 + 0.4 * daily * np.abs(noise[:, 2]))), top)
    low = np.minimum(put(bottom / UNIT * (1 - 0.4 * daily * np.abs(noise[:, 3]))), bottom)
    volume = np.round(shares * 0.008 * np.exp(0.35 * noise[:, 4])).astype(np.int64)
    return Path(days, first_price, high, low, close, volume)


def _split(path: Path, one: Stock) -> Path:
    """Return the path as traded: what was drawn is after the split, what lies before it was dearer."""
    if not one.split:
        return path
    factor = np.where(np.arange(len(path.day)) < one.split, one.ratio, 1)
    prices = {name: getattr(path, name) * factor for name in ("open", "high", "low", "close")}
    return Path(path.day, volume=path.volume // factor, split_at=one.split, ratio=one.ratio, **prices)
