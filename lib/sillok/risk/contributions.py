"""What each holding adds to a portfolio's volatility (Euler allocation)."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pandas as pd

from sillok.errors import DataError
from sillok.risk.covariance import Covariance
from sillok.risk.factors import FactorCovariance
from sillok.risk.observed import read_numbers

__all__ = [
    "AnyCovariance",
    "covariance_labels",
    "covariance_times",
    "portfolio_volatility",
    "risk_contributions",
]

_ROUNDING = 1e-10

AnyCovariance: TypeAlias = pd.DataFrame | Covariance | FactorCovariance


def covariance_times(Sigma: AnyCovariance, A: np.ndarray) -> np.ndarray:
    """Return ``Sigma A`` for an array on the labels of ``Sigma``."""
    if isinstance(Sigma, FactorCovariance):
        B, d = Sigma.root()
        return B @ (B.T @ A) + (d * A.T).T
    frame = Sigma.matrix if isinstance(Sigma, Covariance) else Sigma
    return frame.to_numpy(dtype=float) @ A


def covariance_labels(Sigma: AnyCovariance) -> pd.Index:
    """Return the assets of a covariance, refused if it is on other labels one way than the other, or has holes."""
    if not isinstance(Sigma, pd.DataFrame):
        return Sigma.labels
    if len(Sigma) == 0 or not Sigma.index.equals(Sigma.columns):
        raise DataError("Sigma is empty, or has other labels on its rows than on its columns")
    S = read_numbers("covariances", Sigma)
    whole = np.isfinite(S).all(axis=1)
    if not whole.all():
        names = list(Sigma.index[~whole])
        raise DataError(f"Sigma has missing values at {names[:5]}; estimate it anew", symbols=names)
    off = np.abs(S - S.T)
    if off.max() > 1e-9 * np.abs(S).max():
        i, j = np.unravel_index(off.argmax(), off.shape)
        names = [Sigma.index[i], Sigma.index[j]]
        raise DataError(f"Sigma is not symmetric at {names}: {S[i, j]:.6g} and {S[j, i]:.6g}", symbols=names)
    return Sigma.index


def _marginal(weights: pd.Series, Sigma: AnyCovariance) -> tuple[np.ndarray, np.ndarray, float]:
    """Return ``w``, ``Sigma w`` and ``w' Sigma w`` on the labels of ``weights``."""
    known = Sigma.index if isinstance(Sigma, pd.DataFrame) else Sigma.labels
    same = weights.index.equals(known)
    lacking = weights.index[:0] if same else weights.index.difference(known)
    if len(lacking):
        raise DataError(
            f"weights name {len(lacking)} issues that covariance lacks: {list(lacking[:5])}; reindex or drop them",
            symbols=list(lacking),
        )
    w = read_numbers("weights", weights)
    if not np.isfinite(w).all():
        holed = list(weights.index[~np.isfinite(w)])
        raise DataError(
            f"{len(holed)} weights are missing: {holed[:5]}; give zero or drop them", symbols=holed
        )
    if isinstance(Sigma, FactorCovariance):
        rows = slice(None) if same else known.get_indexer(weights.index)
        B, d = Sigma.root()
        B, d = B[rows], d[rows]
        along = w @ B
        return w, B @ along + d * w, float(along @ along + d @ w**2)
    S = Sigma if isinstance(Sigma, pd.DataFrame) else Sigma.matrix
    S = S if same and S.columns.equals(known) else S.loc[weights.index, weights.index]
    values = read_numbers("covariances", S)
    marginal = values @ w
    variance = float(w @ marginal)
    # What the variance would be if all moved as one: rounding leaves a zero this far below itself.
    most = float(np.abs(w) @ np.sqrt(np.maximum(values.diagonal(), 0.0))) ** 2
    if not variance >= -_ROUNDING * most:
        holed = list(weights.index[~np.isfinite(values).all(axis=1)])
        fault = f"has missing values for {holed[:5]}" if holed else f"gives a variance of {variance:.3g}"
        raise DataError(f"the covariance {fault}; estimate it anew", symbols=holed)
    return w, marginal, max(variance, 0.0)


def portfolio_volatility(weights: pd.Series, Sigma: AnyCovariance) -> float:
    """Return ``sqrt(w' Sigma w)`` in the unit of ``Sigma``, annual if it is annualised.

    Raises
    ------
    DataError
        If a weighted issue is not in ``Sigma``, a weight or a covariance is missing, or the variance is negative.
    """
    return float(np.sqrt(_marginal(weights, Sigma)[2]))


def risk_contributions(weights: pd.Series, Sigma: AnyCovariance) -> pd.Series:
    """Return ``w_i (Sigma w)_i / sigma``: each holding's part of the volatility; they add up to it.

    All zero if the portfolio has no risk. Errors as in :func:`portfolio_volatility`.
    """
    w, marginal, variance = _marginal(weights, Sigma)
    sigma = np.sqrt(variance)
    parts = w * marginal / sigma if sigma > 0 else np.zeros_like(w)
    return pd.Series(parts, index=weights.index, name="risk_contribution")
