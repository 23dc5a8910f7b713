"""Expected returns: the sample's, shrunk towards one for all, and those that make a portfolio the best one."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError
from sillok.measures import TRADING_DAYS
from sillok.risk.contributions import AnyCovariance, covariance_labels, covariance_times
from sillok.risk.observed import read_numbers, read_returns

__all__ = ["ShrunkReturns", "equilibrium_returns", "mean_returns", "shrunk_returns"]


@dataclass(frozen=True, slots=True)
class ShrunkReturns:
    """Expected returns between the sample's means and one for all."""

    mu: pd.Series  # (N,) expected simple return a year
    anchor_annual: float  # what they are shrunk towards
    shrinkage: float  # 0: the sample alone, 1: the anchor alone
    estimator: str
    observations: int  # T
    periods_per_year: int
    through: Hashable  # label of the last row


def mean_returns(returns: pd.DataFrame, *, periods_per_year: int = TRADING_DAYS) -> pd.Series:
    """Return the arithmetic means of simple returns times the periods of a year, (N,).

    Raises
    ------
    DataError
        As :func:`sample_covariance`.
    """
    seen = read_returns(returns, periods_per_year=periods_per_year)
    return pd.Series(seen.mean * periods_per_year, seen.labels, name="mu")


def shrunk_returns(
    returns: pd.DataFrame,
    *,
    method: Literal["jorion", "james_stein"] = "jorion",
    periods_per_year: int = TRADING_DAYS,
) -> ShrunkReturns:
    """Shrink the sample's means towards one common value, annualised.

    ``jorion`` (1986, Journal of Financial and Quantitative Analysis 21, eqs. 14, 15 and 17): the anchor is the mean of
    the minimum-variance portfolio and ``w = (N + 2) / (N + 2 + T (m - a)' S^-1 (m - a))``. ``james_stein`` (James
    and Stein, 1961; Efron and Morris, 1976, for an estimated covariance): the anchor is the mean of the means and
    ``w = min(1, (N - 3) / (T (m - a)' S^-1 (m - a)))``, N of four or more. Both with ``S = X'X / (T - N - 2)``.

    Raises
    ------
    ConfigError
        If there is no such method, or N < 4 for ``james_stein``, where it does not dominate the sample.
    DataError
        As :func:`sample_covariance`; if T <= N + 2, or issues are linear combinations of others.
    """
    if method not in ("jorion", "james_stein"):
        raise ConfigError(f"no method {method!r}; choose jorion or james_stein")
    N = returns.shape[1]
    if method == "james_stein" and N < 4:
        raise ConfigError(f"james_stein needs 4 issues or more, got {N}; use jorion, or the sample's means")
    seen = read_returns(returns, least=N + 3, periods_per_year=periods_per_year)
    T, m = len(seen.X), seen.mean
    Z = seen.X / np.sqrt(seen.variance)
    values, V = np.linalg.eigh(Z.T @ Z / (T - N - 2))
    if values[0] <= 1e-12 * values[-1]:
        names = list(seen.labels[np.abs(V[:, 0]) > 0.1])
        raise DataError(f"issues are linear combinations of one another: {names[:5]}", symbols=names)
    root = (V / np.sqrt(values)).T / np.sqrt(seen.variance)  # root' root = S^-1
    ones, at = root @ np.ones(N), root @ m
    anchor = float(ones @ at / (ones @ ones)) if method == "jorion" else float(m.mean())
    off = root @ (m - anchor)
    distance = T * float(off @ off)
    if method == "jorion":
        w = (N + 2) / (N + 2 + distance)
    else:
        w = min(1.0, (N - 3) / distance) if distance > 0 else 1.0
    mu = pd.Series(((1 - w) * m + w * anchor) * periods_per_year, seen.labels, name="mu")
    return ShrunkReturns(mu, anchor * periods_per_year, w, method, T, periods_per_year, seen.through)


def equilibrium_returns(Sigma: AnyCovariance, weights: pd.Series, *, risk_aversion: float) -> pd.Series:
    """Return ``risk_aversion Sigma w``: the excess returns a year that make ``weights`` the best portfolio, (N,).

    Reverse optimisation (Sharpe, 1974; Black and Litterman, 1992): ``w`` then maximises
    ``mu' w - risk_aversion / 2 w' Sigma w`` without limits.

    Parameters
    ----------
    weights
        (N,) on the labels of ``Sigma``, e.g. the market's; parts of the whole.
    risk_aversion
        Positive; the market's excess return a year over its variance a year.

    Raises
    ------
    ConfigError
        If ``risk_aversion`` is not positive.
    DataError
        If weights and ``Sigma`` are on other labels, or a value is missing.
    """
    if not risk_aversion > 0:
        raise ConfigError(f"risk_aversion must be positive, got {risk_aversion}")
    labels = covariance_labels(Sigma)
    if not weights.index.equals(labels):
        lone = list(weights.index.symmetric_difference(labels)[:10])
        raise DataError(
            f"weights and Sigma are not on the same labels (on one side only: {lone}, or another order); reindex weights",
            symbols=lone,
        )
    w = read_numbers("weights", weights)
    if not np.isfinite(w).all():
        names = list(labels[~np.isfinite(w)])
        raise DataError(f"{len(names)} weights are missing: {names[:5]}", symbols=names)
    return pd.Series(risk_aversion * covariance_times(Sigma, w), labels, name="mu")
