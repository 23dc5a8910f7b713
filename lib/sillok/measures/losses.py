"""Losses: drawdown, value at risk, expected shortfall. A loss is a positive number."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sillok.errors import DataError
from sillok.measures.returns import wealth

__all__ = ["drawdowns", "expected_shortfall", "max_drawdown", "value_at_risk"]


def drawdowns(returns: pd.Series) -> pd.Series:
    """Return the fall from the highest wealth so far, zero or negative, on the rows of ``returns``.

    The start counts as a high: a loss in the first row is a drawdown. From the first NaN on it is NaN.
    """
    worth = wealth(returns)
    high = worth.cummax(skipna=False).clip(lower=1.0)
    return worth / high - 1


def max_drawdown(returns: pd.Series) -> float:
    """Return the deepest drawdown as a positive fraction; 0 if wealth never fell.

    Examples
    --------
    >>> round(max_drawdown(pd.Series([0.25, -0.2, -0.1, 0.5])), 4)
    0.28
    """
    if len(returns) == 0:
        raise DataError("no returns to measure a drawdown on; ask for a longer span")
    return abs(float(np.min(drawdowns(returns).to_numpy(dtype=float))))


def _sorted_losses(returns: pd.Series, level: float) -> np.ndarray:
    if not 0.5 <= level < 1:
        raise DataError(f"level must lie in [0.5, 1), got {level}; 0.95 asks for the worst twentieth")
    if len(returns) == 0:
        raise DataError("no returns to measure a loss on; ask for a longer span")
    return np.sort(-returns.to_numpy(dtype=float))[::-1]


def value_at_risk(returns: pd.Series, *, level: float = 0.95) -> float:
    """Return the historical one-period value at risk: the smallest loss l with P(loss > l) <= 1 - level.

    Negative if even that quantile is a gain. NaN anywhere gives NaN.

    Examples
    --------
    >>> value_at_risk(pd.Series([-0.04, -0.03, -0.02, -0.01, 0.0, 0.01, 0.02, 0.03, 0.04, 0.05]), level=0.8)
    0.02
    """
    losses = _sorted_losses(returns, level)
    if np.isnan(losses).any():
        return float("nan")
    # The guard against 0.05 * 20 = 1.0000000000000009: a count is exact or it is off by whole observations.
    beyond = int(np.floor(len(losses) * (1 - level) + 1e-9))
    return float(losses[min(beyond, len(losses) - 1)])


def expected_shortfall(returns: pd.Series, *, level: float = 0.95) -> float:
    """Return the mean of the worst ``1 - level`` of one-period losses, the last observation counted in part.

    Acerbi and Tasche (2002), equation 11; it is coherent, and never below :func:`value_at_risk`.

    Examples
    --------
    >>> r = pd.Series([-0.04, -0.03, -0.02, -0.01, 0.0, 0.01, 0.02, 0.03, 0.04, 0.05])
    >>> round(expected_shortfall(r, level=0.75), 4)
    0.032
    """
    losses = _sorted_losses(returns, level)
    share = len(losses) * (1 - level)
    whole = int(np.floor(share + 1e-9))
    tail = losses[:whole].sum()
    if share - whole > 1e-9:
        tail += (share - whole) * losses[whole]
    return float(tail / share)
