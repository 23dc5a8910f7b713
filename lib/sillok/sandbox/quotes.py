"""What the newest bar says of an issue: the head of its chart, and its current price."""

from __future__ import annotations

import numpy as np

from sillok.sandbox.market import Bars, Market
from sillok.sandbox.rules import price_limits, tick_size

__all__ = ["DOWN", "DOWN_LIMIT", "FLAT", "UP", "UP_LIMIT", "newest_values", "price_values"]

# The vendor's signs of a day's change.
UP_LIMIT, UP, FLAT, DOWN_LIMIT, DOWN = "1", "2", "3", "4", "5"


def newest_values(market: Market, symbol: str, bars: Bars, at: int) -> dict[str, object]:
    """Return what the bar at position ``at``, the newest of ``symbol``, says, by our names."""
    issue = market.issues.get(symbol)
    shares = issue.shares if issue else 0
    change, close = int(bars.change[at]), int(bars.close[at])
    base = close - change
    lower, upper = (int(limit) for limit in price_limits(base))
    is_halted = not bars.open[at] and not bars.volume[at]
    return {
        "symbol": symbol,
        "name": issue.name if issue else "",
        "market_name": ("KOSPI200" if issue.in_kospi200 else issue.market) if issue else "",
        "industry": issue.industry if issue else "",
        "price": close,
        "previous_close": base,
        "base_price": base,
        "change": change,
        "change_pct": f"{100 * change / base:.2f}",
        "sign": _sign(change, close, lower, upper),
        **{name: int(getattr(bars, name)[at]) for name in ("open", "high", "low", "volume")},
        "amount_krw": max(int(bars.amount_krw[at]), 0),
        "upper_limit": upper,
        "lower_limit": lower,
        "tick_size": int(tick_size(close)),
        "shares": shares,
        "market_cap": close * shares // 100_000_000,
        "halted": "Y" if is_halted else "N",
        "status": "58" if is_halted else "55",
        "warning": "00",
    }


def _sign(change: int, close: int, lower: int, upper: int) -> str:
    if not change:
        return FLAT
    if change > 0:
        return UP_LIMIT if close >= upper else UP
    return DOWN_LIMIT if close <= lower else DOWN


def price_values(market: Market, symbol: str) -> dict[str, object]:
    """Return the current price of ``symbol`` by our names; empty for an issue that is unknown or gone."""
    bars = market.raw or market.adjusted
    first, end = bars.slice_of(symbol)
    at = end - 1
    if first == end or bars.date[at] != market.sessions[-1]:
        return {}
    today = int(bars.date[at])
    values = newest_values(market, symbol, bars, at)
    volume, before = int(bars.volume[at]), int(bars.volume[max(at - 1, first)])
    values["volume_pct"] = f"{100 * volume / before:.2f}" if before else "0.00"
    amount = max(int(bars.amount_krw[at]), 0)
    values["average_price"] = f"{amount / volume:.2f}" if volume else "0.00"
    spans = {
        "250d": max(first, end - 250),
        "year": first + int(bars.date[first:end].searchsorted(today // 10_000 * 10_000)),
        "52w": first + int(bars.date[first:end].searchsorted(today - 10_000, "right")),
    }
    for name, begin in spans.items():
        values |= _extremes(bars, name, begin, end)
    return values


def _extremes(bars: Bars, name: str, begin: int, end: int) -> dict[str, object]:
    """Return highest high and lowest low of a span, their days, and how far the price is from them, in per cent."""
    traded = begin + np.flatnonzero(bars.open[begin:end] > 0)
    if not len(traded):
        return {}
    price = int(bars.close[end - 1])
    top, bottom = int(traded[bars.high[traded].argmax()]), int(traded[bars.low[traded].argmin()])
    found: dict[str, object] = {}
    for side, at, level in (("high", top, int(bars.high[top])), ("low", bottom, int(bars.low[bottom]))):
        found[f"{side}_{name}"] = level
        found[f"{side}_{name}_date"] = int(bars.date[at])
        found[f"{side}_{name}_pct"] = f"{100 * (price - level) / level:.2f}"
    return found
