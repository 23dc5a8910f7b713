"""A few made-up bonds and rates: a level that wanders slowly, a price that follows the yield."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sillok.sandbox.answers.asks import Ask, Reply, answer
from sillok.sandbox.answers.quotes import pct, sign_of
from sillok.sandbox.world.world import World, as_day

__all__ = ["bond", "bond_daily", "bond_price", "interest_rates"]


@dataclass(frozen=True)
class _Bond:
    symbol: str
    name: str
    coupon: float  # per cent a year
    issued: date
    ends: date


_BONDS = {
    one.symbol: one
    for one in (
        _Bond("KR1999010018", "가상국고03250-2806(23-4)", 3.25, date(2023, 6, 10), date(2028, 6, 10)),
        _Bond("KR1999010026", "가상국고03500-3309(23-7)", 3.50, date(2023, 9, 10), date(2033, 9, 10)),
        _Bond("KR6999010017", "가상전자12-1", 4.10, date(2023, 3, 5), date(2027, 3, 5)),
    )
}
# Code, name, level at the start in per cent, daily wandering in per cent.
_RATES = (
    ("Y0101", "국고채 3년", 3.60, 0.020),
    ("Y0106", "국고채 10년", 3.70, 0.022),
    ("Y0117", "회사채 AA- 3년", 4.30, 0.020),
    ("Y0112", "CD 91일", 3.70, 0.006),
    ("Y0113", "CP 91일", 4.00, 0.008),
    ("Y0201", "미국 국채 2년", 4.90, 0.030),
    ("Y0202", "미국 국채 10년", 4.20, 0.030),
    ("Y0203", "일본 국채 10년", 0.65, 0.012),
)


def _wander(world: World, name: str, first: float, step: float) -> NDArray[np.float64]:
    """Return a level for every session, per cent, in thousandths; it is pulled back to where it began."""
    noise = world.stream("rate", name).standard_normal(len(world.sessions))
    level, levels = first, []
    for one in noise.tolist():
        level = round(max(level + step * one - 0.005 * (level - first), 0.05), 3)
        levels.append(level)
    return np.array(levels)


def interest_rates(ask: Ask) -> Reply:
    """Return the rates of the newest session."""
    world = ask.world
    rows = []
    for code, name, first, step in _RATES if world.is_made_up else ():
        levels = _wander(world, code, first, step)
        now, before = float(levels[-1]), float(levels[-2] if len(levels) > 1 else levels[-1])
        rows.append(
            {
                "code": code,
                "name": name,
                "rate_pct": f"{now:.3f}",
                "sign": sign_of(round(now - before, 3)),
                "change_pct_points": f"{now - before:.3f}",
                "change_pct": pct(now - before, before),
                "date": str(world.today),
            }
        )
    return answer(ask, rows[0] if rows else {}, rows)


def _series(world: World, one: _Bond) -> NDArray[np.float64]:
    """Return prices of 10,000 KRW face value, and yields in per cent, session by session (2 x T)."""
    yields = _wander(world, one.symbol, one.coupon + 0.15, 0.02)
    years = np.array([max((one.ends - as_day(day)).days / 365.25, 0.0) for day in world.sessions])
    rest = (1 + yields / 100) ** -years
    prices = 10_000 * (one.coupon / yields * (1 - rest) + rest)
    return np.stack([np.round(prices, 1), yields])


def _known(ask: Ask) -> _Bond | None:
    return _BONDS.get(ask.get("symbol")) if ask.world.is_made_up else None


def _row(world: World, one: _Bond, prices: NDArray[np.float64], at: int) -> dict[str, object]:
    close, first = float(prices[at]), float(prices[max(at - 1, 0)])
    volume = int(world.stream("bond", one.symbol, world.sessions[at]).integers(1_000, 900_000)) * 1_000
    told = {"open": first, "high": max(close, first), "low": min(close, first), "close": close}
    return {
        "date": str(world.sessions[at]),
        "volume": volume,
        **{name: f"{value:.2f}" for name, value in told.items()},
    }


def bond_price(ask: Ask) -> Reply:
    """Return the price of a bond; an unknown one gets blanks."""
    one = _known(ask)
    if one is None:
        return answer(ask, {})
    prices, yields = _series(ask.world, one)
    at = len(prices) - 1
    row = _row(ask.world, one, prices, at)
    close, before = float(prices[at]), float(prices[max(at - 1, 0)])
    rates = {name: f"{float(yields[at]):.3f}" for name in ("yield_pct", "high_yield_pct", "low_yield_pct")}
    values = {
        "isin": one.symbol,
        "name": one.name,
        "price": f"{close:.2f}",
        "previous_close": f"{before:.2f}",
        "change": f"{close - before:.2f}",
        "sign": sign_of(round(close - before, 2)),
        "change_pct": pct(close - before, before),
        "open_yield_pct": f"{float(yields[max(at - 1, 0)]):.3f}",
        "upper_limit": f"{before * 1.3:.2f}",
        "lower_limit": f"{before * 0.7:.2f}",
    }
    return answer(ask, row | rates | values)


def bond_daily(ask: Ask) -> Reply:
    """Return the newest hundred sessions of a bond."""
    one = _known(ask)
    if one is None:
        return answer(ask, [])
    prices, _ = _series(ask.world, one)
    last = len(prices)
    return answer(
        ask, [_row(ask.world, one, prices, at) for at in range(last - 1, max(last - ask.rows, 0) - 1, -1)]
    )


def bond(ask: Ask) -> Reply:
    """Return what a bond is."""
    one = _known(ask)
    if one is None:
        return answer(ask, {})
    values = {
        "symbol": one.symbol,
        "product_type_code": "302",
        "name": one.name,
        "name_en": f"SYNTHETIC {one.symbol}",
        "issue_date": one.issued,
        "offering_date": one.issued,
        "listing_date": one.issued,
        "redemption_date": one.ends,
        "currency": "KRW",
        "coupon_pct": f"{one.coupon:.5f}",
        "interest_calculation_period_months": 6,
        "electronic_security": True,
        "kind_name": "국고채" if one.symbol.startswith("KR1") else "회사채",
        "total_issue_krw": "1000000000000",
    }
    return answer(ask, values)
