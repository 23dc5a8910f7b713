"""Made-up exchange-traded funds: their net asset value follows an index, their price follows that on its ticks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sillok.sandbox.world.companies import isin
from sillok.sandbox.world.market import Bars, IndexSeries, Issue, Market
from sillok.sandbox.world.streams import stream

__all__ = ["Fund", "make_funds"]

Ints = NDArray[np.int64]
_TICK = 5  # KRW, whatever the price
_PREMIUM = 0.0008  # typical distance of price and net asset value
_CREATION_UNIT = 50_000

# Symbol, name, index, how many times its daily move, KRW a point at the start, shares.
_FUNDS = (
    ("990010", "가상ETF 200", "KOSPI200", 1, 100.0, 120_000_000),
    ("990020", "가상ETF 코스닥", "KOSDAQ", 1, 12.0, 60_000_000),
    ("990030", "가상ETF 200인버스", "KOSPI200", -1, 20.0, 40_000_000),
)


@dataclass(frozen=True)
class Fund:
    """One fund: what it is, its bars on KRX, and its net asset values in hundredths of a KRW, session by session."""

    issue: Issue
    index: str
    multiple: int
    bars: Bars
    nav: Ints
    creation_unit: int = _CREATION_UNIT


def make_funds(market: Market) -> dict[str, Fund]:
    """Return the funds on the indices of ``market`` by symbol; a market that is not made up has none."""
    if market.seed is None:
        return {}
    return {
        symbol: _make(market, market.seed, symbol, name, index, multiple=multiple, unit=unit, shares=shares)
        for symbol, name, index, multiple, unit, shares in _FUNDS
        if index in market.indices and len(market.indices[index].date)
    }


def _make(
    market: Market, seed: int, symbol: str, name: str, index: str, *, multiple: int, unit: float, shares: int
) -> Fund:
    series = market.indices[index]
    size = len(series.date)
    rng = stream(seed, "fund", symbol)
    noise = rng.standard_normal((size, 2))
    nav = _net_asset_values(series, multiple, unit)
    premium = np.clip(noise[:, 0], -2.5, 2.5) * _PREMIUM
    close = _on_tick(nav / 100 * (1 + premium))
    point = {what: getattr(series, what) / np.maximum(series.close, 1) for what in ("open", "high", "low")}
    ends = {what: np.where(ratio > 0, ratio, 1.0) for what, ratio in point.items()}
    if multiple < 0:
        ends = {"open": 2 - ends["open"], "high": 2 - ends["low"], "low": 2 - ends["high"]}
    first = _on_tick(close * ends["open"])
    top, bottom = np.maximum(first, close), np.minimum(first, close)
    volume = np.round(shares * 0.004 * np.exp(0.4 * noise[:, 1])).astype(np.int64)
    high = np.maximum(_on_tick(close * ends["high"]), top)
    low = np.minimum(_on_tick(close * ends["low"]), bottom)
    bars = Bars(
        offsets={symbol: (0, size)},
        date=series.date,
        open=first,
        high=high,
        low=low,
        close=close,
        volume=volume,
        amount_krw=volume * (first + high + low + 2 * close) // 5,
        split_pct=np.zeros(size, np.int64),
        is_adjusted=False,
    )
    issue = Issue(
        symbol=symbol,
        isin=isin(symbol),
        name=name,
        market="KOSPI",
        security_type="EF",
        sector_code="0000",
        industry="",
        listed_on=date(2015, 3, 2),
        delisted_on=None,
        shares=shares,
    )
    return Fund(issue, index, multiple, bars, nav)


def _net_asset_values(series: IndexSeries, multiple: int, unit: float) -> Ints:
    """Return hundredths of a KRW: the index's daily moves times ``multiple``, from ``unit`` KRW a point on."""
    level = series.close.astype(float)
    moves = np.concatenate([[0.0], level[1:] / level[:-1] - 1])
    return np.round(level[0] * unit * np.cumprod(1 + multiple * np.round(moves, 8))).astype(np.int64)


def _on_tick(price: NDArray[Any]) -> Ints:
    return np.maximum(np.round(price / _TICK).astype(np.int64) * _TICK, _TICK)
