"""What the newest bar says of an issue: the head of its charts, its current price, and today's bar so far."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sillok.sandbox.world.actions import par_of
from sillok.sandbox.world.intraday import day_minutes, until
from sillok.sandbox.world.market import BAR_FIELDS, Bars
from sillok.sandbox.world.rules import price_limits, tick_size
from sillok.sandbox.world.statements import ANNUAL, statements_of
from sillok.sandbox.world.world import World

__all__ = [
    "DOWN", "DOWN_LIMIT", "FLAT", "UP", "UP_LIMIT", "newest", "newest_values", "pct", "price_values", "sign_of",
    "with_today",
]  # fmt: skip

# The vendor's signs of a day's change.
UP_LIMIT, UP, FLAT, DOWN_LIMIT, DOWN = "1", "2", "3", "4", "5"


def pct(part: float, whole: float) -> str:
    """Return ``part`` of ``whole`` in per cent, two decimals; 0.00 of nothing."""
    return f"{100 * part / whole:.2f}" if whole else "0.00"


def sign_of(change: float) -> str:
    """Return the sign of a change that met no limit."""
    return UP if change > 0 else DOWN if change < 0 else FLAT


def with_today(world: World, symbol: str, bars: Bars, low: int, high: int) -> tuple[Bars, int, int]:
    """Return the bars of one issue alone, the newest as far as its session has come."""
    at = high - 1
    part = {name: getattr(bars, name)[low:high].copy() for name in ("date", *BAR_FIELDS, "split_pct")}
    raw = world.bars(symbol)
    if int(bars.date[at]) == world.today:
        minutes = day_minutes(world, symbol, raw.slice_of(symbol)[1] - 1, raw)
        past = until(minutes, world.time) if minutes is not None else None
        if past is not None and len(past.time):
            told = (
                past.open[0],
                past.high.max(),
                past.low.min(),
                past.close[-1],
                past.volume.sum(),
                past.amount_krw[-1],
            )
            for name, value in zip(BAR_FIELDS, told, strict=True):
                part[name][-1] = value
        elif minutes is not None:  # nothing has been traded yet: the bar is not there
            part = {name: column[:-1] for name, column in part.items()}
    alone = replace(bars, offsets={symbol: (0, len(part["date"]))}, **part)
    return alone, 0, len(part["date"])


def newest(world: World, symbol: str) -> tuple[Bars, int, int]:
    """Return the bars of a listed issue as traded, with today's so far; an unknown or gone one has none."""
    if not world.is_listed(symbol):
        return world.market.adjusted, 0, 0
    bars, low, high = world.span(symbol)
    return with_today(world, symbol, bars, low, high) if world.is_open else (bars, low, high)


def newest_values(world: World, symbol: str, bars: Bars, low: int, at: int) -> dict[str, object]:
    """Return what the bar at position ``at``, the newest of ``symbol``, says, by our names."""
    issue = world.issue(symbol)
    shares = issue.shares if issue else 0
    change, close = int(bars.change[at]), int(bars.close[at])
    base = close - change
    lower, upper = (int(limit) for limit in price_limits(base))
    is_halted = not bars.open[at] and not bars.volume[at]
    before = {name: int(getattr(bars, name)[at - 1]) if at > low else 0 for name in BAR_FIELDS}
    tick, volume = int(tick_size(close)), int(bars.volume[at])
    par = par_of(world, symbol)
    return {
        "symbol": symbol,
        "name": issue.name if issue else "",
        "market_name": ("KOSPI200" if issue.in_kospi200 else issue.market) if issue else "",
        "industry": issue.industry if issue else "",
        "price": close,
        "previous_close": base,
        "base_price": base,
        "change": change,
        "change_pct": pct(change, base),
        "sign": _sign(change, close, lower, upper),
        **{name: int(getattr(bars, name)[at]) for name in ("open", "high", "low", "volume")},
        "amount_krw": max(int(bars.amount_krw[at]), 0),
        **{f"previous_{name}": before[name] for name in ("open", "high", "low", "volume")},
        "volume_change": volume - before["volume"],
        "ask_price": min(close + tick, upper),
        "bid_price": max(close, lower),
        "upper_limit": upper,
        "lower_limit": lower,
        "tick_size": tick,
        "shares": shares,
        "turnover_pct": pct(volume, shares),
        "par_krw": str(par),
        "capital_krw": par * shares,
        "market_cap": close * shares,
        "market_cap_krw": close * shares,
        "halted": is_halted,
        "status": "58" if is_halted else "55",
        "warning": "00",
        **_multiples(world, symbol, close),
    }


def _multiples(world: World, symbol: str, close: int) -> dict[str, object]:
    """Return earnings and book value a share by the last annual report, and the price over them."""
    reports = statements_of(world, symbol, ANNUAL)
    if not reports:
        return {}
    shares = world.market.issues[symbol].shares
    eps, bps = reports[0].net / shares, reports[0].equity / shares
    return {
        "eps_krw": eps,
        "bps_krw": bps,
        "per": close / eps if eps > 0 else 0.0,
        "pbr": close / bps if bps > 0 else 0.0,
    }


def _sign(change: int, close: int, lower: int, upper: int) -> str:
    if change > 0 and close >= upper:
        return UP_LIMIT
    if change < 0 and close <= lower:
        return DOWN_LIMIT
    return sign_of(change)


def price_values(world: World, symbol: str) -> dict[str, object]:
    """Return the current price of ``symbol`` by our names; empty for an issue that is unknown or gone."""
    bars, first, end = newest(world, symbol)
    if first == end:
        return {}
    at = end - 1
    today = int(bars.date[at])
    values = newest_values(world, symbol, bars, first, at)
    volume, before = int(bars.volume[at]), int(bars.volume[max(at - 1, first)])
    values["volume_pct"] = pct(volume, before)
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
        found[f"{side}_{name}_date"] = str(int(bars.date[at]))
        found[f"{side}_{name}_pct"] = pct(price - level, level)
    return found
