"""How far returns scatter: volatility, and tracking error against a benchmark."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sillok.errors import DataError
from sillok.measures.returns import TRADING_DAYS

__all__ = ["tracking_error", "volatility"]


def volatility(returns: pd.Series, *, periods_per_year: int = TRADING_DAYS) -> float:
    """Return the standard deviation (n - 1) of simple returns, annualised by the square root of time.

    NaN anywhere gives NaN: a hole must be decided on before it is measured over.

    Raises
    ------
    DataError
        If there are fewer than two returns.

    Examples
    --------
    >>> round(volatility(pd.Series([0.01, -0.01]), periods_per_year=1), 6)
    0.014142
    """
    if len(returns) < 2:
        raise DataError(f"volatility needs at least 2 returns, got {len(returns)}", found=len(returns))
    return float(np.std(returns.to_numpy(dtype=float), ddof=1) * np.sqrt(periods_per_year))


def tracking_error(
    returns: pd.Series, benchmark: pd.Series, *, periods_per_year: int = TRADING_DAYS
) -> float:
    """Return the annualised standard deviation of ``returns - benchmark``, both on the same labels.

    Raises
    ------
    DataError
        If the labels differ, naming how many stand on one side only.
    """
    if not returns.index.equals(benchmark.index):
        lone = returns.index.symmetric_difference(benchmark.index)
        raise DataError(
            f"returns and benchmark are not on the same rows ({len(lone)} on one side only, or another order); "
            "reindex one on the other",
            lone=list(lone[:10]),
        )
    return volatility(returns - benchmark, periods_per_year=periods_per_year)
