"""Covariance of returns: the sample's, and shrunk towards a simple target (Ledoit and Wolf)."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal, cast, get_args

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError
from sillok.measures import TRADING_DAYS

__all__ = ["Covariance", "Estimator", "Target", "estimate_covariance", "ledoit_wolf", "sample_covariance"]

Target = Literal["constant_correlation", "identity"]
Estimator = Literal["sample", "constant_correlation", "identity"]


@dataclass(frozen=True, slots=True)
class Covariance:
    """An annualised covariance, and how it was made."""

    matrix: pd.DataFrame  # (N, N), symmetric, symbols on both sides, per year
    estimator: str
    shrinkage: float  # 0: the sample alone, 1: the target alone
    observations: int  # T
    periods_per_year: int
    through: Hashable = None  # label of the last row that the estimate has seen

    @property
    def labels(self) -> pd.Index:
        """The assets, (N,)."""
        return self.matrix.index

    @property
    def volatility(self) -> pd.Series:
        """Each issue's annual volatility, (N,)."""
        return pd.Series(np.sqrt(np.diag(self.matrix)), index=self.matrix.index)


def _values(returns: pd.DataFrame) -> np.ndarray:
    found = returns.to_numpy(dtype=float)
    if found.shape[0] < 2 or found.shape[1] == 0:
        raise DataError(
            f"a covariance needs at least 2 rows and 1 issue, got {found.shape}", shape=found.shape
        )
    if not returns.columns.is_unique:
        twice = list(returns.columns[returns.columns.duplicated()][:5])
        raise DataError(f"returns name these issues twice: {twice}; keep one each", symbols=twice)
    holed = returns.columns[~np.isfinite(found).all(axis=0)]
    if len(holed):
        raise DataError(
            f"returns of {len(holed)} issues have missing values, e.g. {list(holed[:5])}; drop them or shorten the span",
            symbols=list(holed),
        )
    return found


def _framed(S: np.ndarray, returns: pd.DataFrame, periods_per_year: int) -> pd.DataFrame:
    yearly = (S + S.T) * (0.5 * periods_per_year)
    return pd.DataFrame(yearly, index=returns.columns, columns=returns.columns)


def sample_covariance(returns: pd.DataFrame, *, periods_per_year: int = TRADING_DAYS) -> Covariance:
    """Estimate the unbiased (T - 1) sample covariance of simple returns, annualised.

    Parameters
    ----------
    returns
        (T, N) sessions by symbols, without NaN.

    Raises
    ------
    DataError
        If a value is missing, a symbol occurs twice, or T < 2.
    """
    X = _values(returns)
    X = X - X.mean(axis=0)
    S = X.T @ X / (len(X) - 1)
    return Covariance(_framed(S, returns, periods_per_year), "sample", 0.0, len(X), periods_per_year)


def _identity_target(X: np.ndarray, S: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Ledoit and Wolf (2004), Journal of Multivariate Analysis 88, lemma 3.2 to 3.4: target m I, pi and gamma."""
    N = S.shape[0]
    F = np.eye(N) * (np.trace(S) / N)
    pi = float(((X**2).T @ (X**2) / len(X) - S**2).sum())
    return F, pi, float(((S - F) ** 2).sum())


def _correlation_target(X: np.ndarray, S: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Ledoit and Wolf (2004), Journal of Portfolio Management 30, appendix: constant correlation, pi - rho, gamma."""
    T, N = X.shape
    sd = np.sqrt(np.diag(S))
    if (sd <= 0).any():
        raise DataError(
            f"{int((sd <= 0).sum())} issues never moved, so no correlation can be measured; drop them, or use "
            "the identity target"
        )
    corr = S / np.outer(sd, sd)
    mean_corr = (corr.sum() - N) / (N * (N - 1)) if N > 1 else 0.0
    F = mean_corr * np.outer(sd, sd)
    np.fill_diagonal(F, sd**2)
    Pi = (X**2).T @ (X**2) / T - S**2
    # Theta[i, j]: asymptotic covariance of s_ii with s_ij.
    Theta = (X**3).T @ X / T - np.diag(S)[:, None] * S
    np.fill_diagonal(Theta, 0.0)
    rho = float(np.trace(Pi) + mean_corr * (np.outer(1 / sd, sd) * Theta).sum())
    return F, float(Pi.sum()) - rho, float(((S - F) ** 2).sum())


def ledoit_wolf(
    returns: pd.DataFrame,
    *,
    target: Target = "constant_correlation",
    periods_per_year: int = TRADING_DAYS,
) -> Covariance:
    """Estimate the covariance shrunk towards ``target`` with the asymptotically optimal intensity, annualised.

    The intensity is ``clip((pi - rho) / gamma / T, 0, 1)``; the sample part divides by T, as the papers do.

    Parameters
    ----------
    returns
        (T, N) sessions by symbols, without NaN.
    target
        ``constant_correlation`` keeps each variance and gives all pairs the mean correlation; ``identity``
        gives all issues the mean variance and no correlation.

    Raises
    ------
    DataError
        As :func:`sample_covariance`; and if an issue never moved, for the constant correlation.
    """
    X = _values(returns)
    X = X - X.mean(axis=0)
    T = len(X)
    S = X.T @ X / T
    F, numerator, gamma = (_correlation_target if target == "constant_correlation" else _identity_target)(
        X, S
    )
    # One issue, or a sample that is its target already: nothing to shrink, and 0 / 0 must not decide.
    delta = float(np.clip(numerator / gamma / T, 0.0, 1.0)) if gamma > 1e-14 * (S**2).sum() else 1.0
    return Covariance(
        _framed(delta * F + (1 - delta) * S, returns, periods_per_year), target, delta, T, periods_per_year
    )


def estimate_covariance(
    returns: pd.DataFrame, *, estimator: str, periods_per_year: int = TRADING_DAYS
) -> Covariance:
    """Estimate by name: ``sample``, ``constant_correlation`` or ``identity``; another name raises ConfigError."""
    if estimator not in get_args(Estimator):
        raise ConfigError(f"no estimator {estimator!r}; choose one of {', '.join(get_args(Estimator))}")
    if estimator == "sample":
        return sample_covariance(returns, periods_per_year=periods_per_year)
    return ledoit_wolf(returns, target=cast(Target, estimator), periods_per_year=periods_per_year)
