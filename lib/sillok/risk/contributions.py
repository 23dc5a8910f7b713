"""What each holding adds to a portfolio's volatility (Euler allocation)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sillok.errors import DataError

__all__ = ["portfolio_volatility", "risk_contributions"]


def _aligned(weights: pd.Series, Sigma: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    lacking = weights.index.difference(Sigma.index)
    if len(lacking):
        raise DataError(
            f"weights name {len(lacking)} issues that covariance lacks: {list(lacking[:5])}; reindex or drop them",
            symbols=list(lacking),
        )
    return weights.to_numpy(dtype=float), Sigma.loc[weights.index, weights.index].to_numpy(dtype=float)


def portfolio_volatility(weights: pd.Series, Sigma: pd.DataFrame) -> float:
    """Return ``sqrt(w' Sigma w)`` in the unit of ``Sigma``, annual if it is annualised.

    Raises
    ------
    DataError
        If a weighted issue is not in ``Sigma``.
    """
    w, S = _aligned(weights, Sigma)
    return float(np.sqrt(max(w @ S @ w, 0.0)))


def risk_contributions(weights: pd.Series, Sigma: pd.DataFrame) -> pd.Series:
    """Return ``w_i (Sigma w)_i / sigma``: each holding's part of the volatility; they add up to it.

    All zero if the portfolio has no risk. Errors as in :func:`portfolio_volatility`.
    """
    w, S = _aligned(weights, Sigma)
    sigma = portfolio_volatility(weights, Sigma)
    parts = w * (S @ w) / sigma if sigma > 0 else np.zeros_like(w)
    return pd.Series(parts, index=weights.index, name="risk_contribution")
