"""Factor models of returns: factors found in the sample, given as series, or as what is known of each issue."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError
from sillok.measures import TRADING_DAYS
from sillok.risk.exposures import read_exposures, require_independent
from sillok.risk.factors import FactorCovariance
from sillok.risk.observed import Observed, read_numbers, read_returns
from sillok.risk.spectrum import noise_spectrum

__all__ = ["fundamental_factors", "statistical_factors", "time_series_factors"]

# An eigenvalue below this part of the largest is a rounding of zero.
_NULL = 1e-13


def _model(
    seen: Observed, loadings: pd.DataFrame, Omega: np.ndarray, specific: np.ndarray, about: tuple[str, int]
) -> FactorCovariance:
    estimator, periods_per_year = about
    return FactorCovariance(
        loadings,
        pd.DataFrame(Omega * periods_per_year, loadings.columns, loadings.columns),
        pd.Series(specific * periods_per_year, loadings.index),
        estimator,
        len(seen.X),
        periods_per_year,
        seen.through,
    )


def statistical_factors(
    returns: pd.DataFrame, *, factors: int | None = None, periods_per_year: int = TRADING_DAYS
) -> FactorCovariance:
    """Fit the principal components of the sample covariance as factors, annualised.

    Connor and Korajczyk (1986). Loadings are unit eigenvectors, each with a sum of zero or more; factor variances
    the eigenvalues; what is left of each variance is specific. Every sample variance (T - 1) is kept.

    Parameters
    ----------
    returns
        (T, N) sessions by symbols, oldest first, without NaN.
    factors
        How many; ``None`` takes those that stand above the noise (:func:`noise_spectrum`), and one at least.

    Raises
    ------
    ConfigError
        If ``factors`` is not within 1..min(T - 1, N), or more than the returns hold.
    DataError
        As :func:`sample_covariance`.
    """
    from scipy.linalg import eigh

    seen = read_returns(returns, periods_per_year=periods_per_year)
    T, N = seen.X.shape
    K = max(1, noise_spectrum(returns).signals) if factors is None else factors
    if not 1 <= K <= min(T - 1, N):
        raise ConfigError(f"factors must lie in 1..{min(T - 1, N)} for {T} rows of {N} issues, got {K}")
    X = seen.X / np.sqrt(T - 1)
    # The smaller of the two products has the same eigenvalues; only the largest K are looked for.
    gram = X.T @ X if N <= T else X @ X.T
    values, V = eigh(gram, subset_by_index=[len(gram) - K, len(gram) - 1], check_finite=False)
    values, V = values[::-1], V[:, ::-1]
    if values[-1] <= _NULL * values[0]:
        rank = int((values > _NULL * values[0]).sum())
        raise ConfigError(
            f"these returns hold only {rank} factor(s), {K} were asked for; take {rank} or fewer"
        )
    if N > T:
        V = X.T @ V / np.sqrt(values)
    V = V * np.where(V.sum(axis=0) < 0, -1.0, 1.0)
    # Rounding alone can take this below zero: eigenvalues times squared vectors add up to the variance.
    specific = np.maximum(seen.variance * T / (T - 1) - V**2 @ values, 0.0)
    names = pd.Index([f"PC{k + 1}" for k in range(K)])
    return _model(
        seen,
        pd.DataFrame(V, seen.labels, names),
        np.diag(values),
        specific,
        ("statistical", periods_per_year),
    )


def time_series_factors(
    returns: pd.DataFrame, factor_returns: pd.DataFrame | pd.Series, *, periods_per_year: int = TRADING_DAYS
) -> FactorCovariance:
    """Fit each issue's exposures to given series by least squares with an intercept, annualised.

    ``r_it = a_i + b_i' f_t + e_it`` (Sharpe, 1963, with one index; Fama and French, 1993, with several). The
    factors' covariance is the sample's (T - 1), a specific variance the residuals' (T - K - 1).

    Parameters
    ----------
    returns
        (T, N) sessions by symbols, oldest first, without NaN.
    factor_returns
        (T, K) simple returns of the factors on the rows of ``returns``; a Series is the single-index model.

    Raises
    ------
    DataError
        As :func:`sample_covariance`, for both; if the rows differ, T < K + 2, or factors are combinations of others.
    """
    frame = factor_returns
    if isinstance(frame, pd.Series):
        frame = frame.to_frame("index" if frame.name is None else frame.name)
    if not frame.index.equals(returns.index):
        lone = list(frame.index.symmetric_difference(returns.index)[:5])
        raise DataError(
            f"factor_returns and returns are not on the same rows (on one side only: {lone}); reindex one on the other",
            lone=lone,
        )
    K = frame.shape[1]
    seen = read_returns(returns, least=K + 2, periods_per_year=periods_per_year)
    F = read_returns(frame).X
    require_independent(F, frame.columns, "factors")
    B, *_ = np.linalg.lstsq(F, seen.X, rcond=None)
    left = seen.X - F @ B
    T = len(F)
    specific = np.einsum("ij,ij->j", left, left) / (T - K - 1)
    loadings = pd.DataFrame(B.T, seen.labels, frame.columns)
    return _model(seen, loadings, F.T @ F / (T - 1), specific, ("time_series", periods_per_year))


def fundamental_factors(
    returns: pd.DataFrame,
    exposures: pd.DataFrame,
    *,
    weights: pd.Series | None = None,
    periods_per_year: int = TRADING_DAYS,
) -> FactorCovariance:
    """Fit factor returns to known exposures, one regression across the issues a period, annualised.

    ``r_t = F f_t + e_t`` by weighted least squares (Rosenberg, 1974). The factors' covariance is the sample's
    (T - 1) of the fitted ``f_t``, a specific variance the sample's of an issue's residuals.

    Parameters
    ----------
    returns
        (T, N) sessions by symbols, oldest first, without NaN.
    exposures
        (N, K), taken as known all along; or indexed by (instant, issue): then a return is explained by the newest
        exposures known *before* its row, and the newest up to the last row are the loadings.
    weights
        (N,) positive weights of the regressions, e.g. the root of the market value; ``None``: all alike.

    Raises
    ------
    DataError
        As :func:`sample_covariance`; if exposures or weights lack an issue or a value, none was known before the
        first return, or columns are combinations of others (all industries beside a market column).
    """
    seen = read_returns(returns, least=3, periods_per_year=periods_per_year)
    raw = seen.X + seen.mean
    root = np.ones(len(seen.labels))
    if weights is not None:
        found = read_numbers("weights", weights.reindex(seen.labels))
        if not (found > 0).all():
            names = list(seen.labels[~(found > 0)])
            raise DataError(f"{len(names)} issues have no positive weight, e.g. {names[:5]}", symbols=names)
        root = np.sqrt(found)
    f, left = np.empty((len(raw), exposures.shape[1])), np.empty_like(raw)
    loadings = np.empty((len(seen.labels), exposures.shape[1]))
    for rows, F in read_exposures(exposures, returns):
        loadings = F
        f[rows] = np.linalg.lstsq(F * root[:, None], (raw[rows] * root).T, rcond=None)[0].T
        left[rows] = raw[rows] - f[rows] @ F.T
    T = len(raw)
    f -= f.mean(axis=0)
    specific = left.var(axis=0, ddof=1)
    frame = pd.DataFrame(loadings, seen.labels, exposures.columns)
    return _model(seen, frame, f.T @ f / (T - 1), specific, ("fundamental", periods_per_year))
