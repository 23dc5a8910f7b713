"""Returns from prices, and wealth from returns. Row t speaks of the step from t-1 to t, known at the close of t."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import pandas as pd

from sillok.errors import DataError

__all__ = ["TRADING_DAYS", "annual_return", "log_returns", "simple_returns", "wealth"]

# The convention of the risk literature. KRX has 242 to 250 sessions a year, so a volatility quoted with 252
# is at most two per cent above one quoted with the true count.
TRADING_DAYS = 252

Frame = TypeVar("Frame", pd.Series, pd.DataFrame)


def _positive(prices: Frame) -> Frame:
    found = prices.to_numpy(dtype=float)
    if np.nanmin(found, initial=np.inf) <= 0:
        raise DataError("prices hold zero or negative values; mask halted or missing days as NaN first")
    return prices


def simple_returns(prices: Frame) -> Frame:
    """Return ``p[t] / p[t-1] - 1``, one row fewer than ``prices``.

    A missing price makes both returns beside it NaN; nothing is carried forward.

    Raises
    ------
    DataError
        If a price is zero or negative.
    """
    _positive(prices)
    return (prices / prices.shift(1) - 1).iloc[1:]


def log_returns(prices: Frame) -> Frame:
    """Return ``ln(p[t] / p[t-1])``, one row fewer than ``prices``; NaN and errors as in :func:`simple_returns`."""
    _positive(prices)
    return np.log(prices / prices.shift(1)).iloc[1:]


def wealth(returns: Frame) -> Frame:
    """Return the worth of one unit after each row of simple returns; from the first NaN on it is NaN."""
    return (1 + returns).cumprod(skipna=False)


def annual_return(returns: pd.Series, *, periods_per_year: int = TRADING_DAYS) -> float:
    """Return the geometric mean return a year of a series of simple returns; NaN if one is missing.

    Examples
    --------
    >>> round(annual_return(pd.Series([0.1, 0.1]), periods_per_year=2), 4)
    0.21
    """
    if len(returns) == 0:
        raise DataError("no returns to annualise; ask for a longer span")
    grown = float(np.prod(1 + returns.to_numpy(dtype=float)))
    return float(grown ** (periods_per_year / len(returns)) - 1)
