"""What KRX and the state ask of an order: ticks, a day's price limits, and the transaction tax on sales."""

from __future__ import annotations

import math
from bisect import bisect_right
from datetime import date

import numpy as np

from sillok.errors import DataError

__all__ = ["due_krw", "price_limits", "settlement_tax_rate", "tick_down", "tick_size", "tick_up"]

# Upper bounds (exclusive, KRW) and ticks for shares on KOSPI and KOSDAQ since 2023-01-25.
_TICKS_FROM = date(2023, 1, 25)
_BOUNDS = (2_000, 5_000, 20_000, 50_000, 200_000, 500_000)
_TICKS = (1, 5, 10, 50, 100, 500, 1_000)
# Before: other breaks, KOSDAQ capped at 100 KRW.
_BOUNDS_OLD = (1_000, 5_000, 10_000, 50_000, 100_000, 500_000)
# Groups of the master file: exchange-traded funds and notes.
_FUNDS = {"EF", "EN"}

# A day's price may part from its base by so much, in per cent. Source: KRX, business regulations, article 20.
_WIDE_FROM = date(2015, 6, 15)
_WIDTH = {"KOSPI": 30, "KOSDAQ": 30, "KONEX": 15}
_WIDTH_OLD = 15

# Securities transaction tax with the special tax for rural development, as parts of ten thousand of the sale's
# value, by the day the sale *settles* (two sessions after the trade). Source: Securities Transaction Tax Act,
# enforcement decree, article 5; the last change is of 2025-12.
_TAX_FROM = (
    date(1, 1, 1),
    date(2019, 6, 3),
    date(2021, 1, 1),
    date(2023, 1, 1),
    date(2024, 1, 1),
    date(2025, 1, 1),
    date(2026, 1, 1),
)
_TAX_BPS = {
    "KOSPI": (30, 25, 23, 20, 18, 15, 20),
    "KOSDAQ": (30, 25, 23, 20, 18, 15, 20),
    "KONEX": (30, 10, 10, 10, 10, 10, 10),
}


def due_krw(value: np.ndarray, rate: float | np.ndarray) -> np.ndarray:
    """Return a part of a value in whole KRW, rounded up to the won."""
    # The hair, a few units of the last place: 0.0014 * 10**6 is a hair above a whole number, and is none.
    exact = value * rate
    return np.ceil(exact - 1e-9 - 1e-15 * exact).astype(np.int64)


def settlement_tax_rate(market: str, settles_on: date, *, security_type: str = "ST") -> float:
    """Return the part of a sale's value that is due as tax, e.g. 0.002; funds and notes pay none.

    Parameters
    ----------
    market
        ``KOSPI``, ``KOSDAQ`` or ``KONEX``.
    settles_on
        The day of settlement, two sessions after the trade: a sale of 2024-12-27 is taxed as of 2025.

    Raises
    ------
    DataError
        If the market is unknown.
    """
    if security_type in _FUNDS:
        return 0.0
    if market not in _TAX_BPS:
        raise DataError(f"no tax table for market {market!r}; known are {', '.join(_TAX_BPS)}", market=market)
    return _TAX_BPS[market][bisect_right(_TAX_FROM, settles_on) - 1] / 10_000


def tick_size(price: float, on: date, *, market: str = "KOSPI", security_type: str = "ST") -> int:
    """Return the price step in KRW at ``price`` on the day ``on``.

    Examples
    --------
    >>> tick_size(71_300, date(2026, 6, 30))
    100
    """
    if not price > 0:
        raise DataError(f"a price must be positive, got {price}")
    if security_type in _FUNDS:
        return 1 if price < 2_000 and on >= date(2023, 12, 11) else 5
    if on >= _TICKS_FROM:
        return _TICKS[bisect_right(_BOUNDS, price)]
    tick = _TICKS[bisect_right(_BOUNDS_OLD, price)]
    return min(tick, 100) if market == "KOSDAQ" else tick


def tick_down(price: float, on: date, *, market: str = "KOSPI", security_type: str = "ST") -> int:
    """Return the highest valid price at or below ``price``, at least one tick."""
    tick = tick_size(price, on, market=market, security_type=security_type)
    return max(int(price // tick) * tick, tick)


def tick_up(price: float, on: date, *, market: str = "KOSPI", security_type: str = "ST") -> int:
    """Return the lowest valid price at or above ``price``.

    Examples
    --------
    >>> tick_up(49_990, date(2026, 6, 30)), tick_up(50_010, date(2026, 6, 30))
    (50000, 50100)
    """
    below = tick_down(price, on, market=market, security_type=security_type)
    if below >= price:
        return below
    # A step up from the last price of a band lands on the next band's first price, which its own tick divides.
    return below + tick_size(below, on, market=market, security_type=security_type)


def price_limits(
    base: float, on: date, *, market: str = "KOSPI", security_type: str = "ST"
) -> tuple[int, int]:
    """Return the lowest and the highest price in KRW at which an order may stand on the day ``on``.

    The width, 30 % of the base price (15 % before 2015-06-15 and on KONEX), is rounded down to the base price's
    tick, then added and deducted, and the ends are rounded inwards to their own ticks. Not covered, as their
    facts are not in a price: the first day of a listing, liquidation trading (no limits) and leveraged funds
    (a multiple of the width, so that what is said here is allowed there too).

    Parameters
    ----------
    base
        The base price in KRW: the close of the session before, unless rights or a split fall on the day.

    Raises
    ------
    DataError
        If the price is not positive, or the market unknown.

    Examples
    --------
    KRX's own example, of the ticks before 2023:

    >>> price_limits(9_940, date(2022, 6, 30), market="KOSDAQ")
    (6960, 12900)
    """
    if market not in _WIDTH:
        raise DataError(
            f"no price limits for market {market!r}; known are {', '.join(_WIDTH)}", market=market
        )
    tick = tick_size(base, on, market=market, security_type=security_type)
    part = _WIDTH[market] if on >= _WIDE_FROM else _WIDTH_OLD
    # The hair: 0.3 times a price must not fall a tick short for 53 bits.
    width = max(math.floor(base * part / 100 / tick + 1e-9) * tick, tick)
    high = tick_down(base + width, on, market=market, security_type=security_type)
    if base <= width:
        return 1, high
    return tick_up(base - width, on, market=market, security_type=security_type), high
