"""What a rule would have earned on returns it had not seen."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from sillok.errors import DataError

__all__ = ["walk_forward"]


def walk_forward(
    returns: pd.DataFrame, fit: Callable[[pd.DataFrame], pd.Series], *, lookback: int, step: int
) -> pd.Series:
    """Refit every ``step`` rows on the ``lookback`` rows before, and hold those weights over the next rows.

    Within a step the holdings drift with their prices. No costs are taken off.

    Parameters
    ----------
    returns
        (T, N) simple returns without NaN; row t is known at the close of t.
    fit
        Makes weights (N,) out of a window of returns; it is never shown the row its weights are used on.

    Returns
    -------
    Series
        (T - lookback,) simple returns of the portfolio; row t uses weights known at the close of t - 1.

    Raises
    ------
    DataError
        If there is no row left to hold the first weights over.
    """
    if not 0 < lookback < len(returns):
        raise DataError(
            f"{len(returns)} rows leave nothing after a lookback of {lookback}; load more or shorten it"
        )
    if step < 1:
        raise DataError(f"step must be at least 1, got {step}")
    parts = []
    for start in range(lookback, len(returns), step):
        w = fit(returns.iloc[start - lookback : start])
        ahead = returns.iloc[start : start + step]
        worth = (1 + ahead[w.index]).cumprod() @ w + (1 - w.sum())
        parts.append(worth / worth.shift(1, fill_value=1.0) - 1)
    return pd.concat(parts)
