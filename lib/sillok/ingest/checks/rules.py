"""KRX's rules of a price, by date: ticks, and the daily limit against the base price."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

__all__ = ["FUNDS", "TICKS_KNOWN_FROM", "as_number", "is_beyond_limit", "is_on_tick"]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

FUNDS = frozenset({"EF", "EN"})  # the master file's groups of exchange-traded funds and notes


def as_number(day: date) -> int:
    """Return the days from 1970-01-01 to ``day``."""
    return (day - date(1970, 1, 1)).days


# Upper bounds (exclusive, KRW) and ticks; from 2023-01-25 on the three markets have one table.
_ONE_TABLE_FROM = as_number(date(2023, 1, 25))
_BOUNDS = np.array([2_000, 5_000, 20_000, 50_000, 200_000, 500_000])
_BOUNDS_OLD = np.array([1_000, 5_000, 10_000, 50_000, 100_000, 500_000])
_TICKS = np.array([1, 5, 10, 50, 100, 500, 1_000])
_KOSDAQ_TOP = 100  # until 2023-01-25
TICKS_KNOWN_FROM = as_number(date(2010, 10, 4))  # KOSPI's 1 KRW tick came then; older tables are not judged
_FUND_TICK, _FUND_BOUND = 5, 2_000  # since 2023-12-11 a fund below the bound moves by 1 KRW
_FUND_FINE_FROM = as_number(date(2023, 12, 11))
# ±15 % before; in whole percent, so that no limit depends on how 0.3 is kept.
_LIMIT_30_FROM = as_number(date(2015, 6, 15))


def is_on_tick(price: Ints, day: Ints, *, is_kosdaq: Flags, is_fund: Flags) -> Flags:
    """Return whether each price (N, KRW, above 0) could be quoted on its day."""
    new = _TICKS[np.searchsorted(_BOUNDS, price, side="right")]
    old = _TICKS[np.searchsorted(_BOUNDS_OLD, price, side="right")]
    old = np.where(is_kosdaq, np.minimum(old, _KOSDAQ_TOP), old)
    tick = np.where(day >= _ONE_TABLE_FROM, new, old)
    fund = np.where((price < _FUND_BOUND) & (day >= _FUND_FINE_FROM), 1, _FUND_TICK)
    return np.asarray(price % np.where(is_fund, fund, tick) == 0)


def is_beyond_limit(price: Ints, base: Ints | NDArray[np.float64], day: Ints) -> Flags:
    """Return whether each price lies beyond the day's limit of its base price (both KRW, N).

    KRX rounds limits inwards to a tick, but lets a penny price move by 1 KRW.
    """
    percent = np.where(day >= _LIMIT_30_FROM, 30, 15)
    gap = np.abs(price - base)
    return np.asarray((gap * 100 > percent * base) & (gap > 1))
