"""Co-movement counted instead of averaged: the Gerber statistic."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError
from sillok.measures import TRADING_DAYS
from sillok.risk.covariance import Covariance, estimated
from sillok.risk.observed import read_returns

__all__ = ["gerber_covariance"]


def gerber_covariance(
    returns: pd.DataFrame, *, threshold: float = 0.5, periods_per_year: int = TRADING_DAYS
) -> Covariance:
    """Estimate the covariance from how often two issues moved far on the same day, annualised.

    A return counts as a move if it is at least ``threshold`` standard deviations away from zero. With moves up as
    1, down as -1 and else 0, ``H = M' M`` counts the days that a pair moved together less those it moved apart;
    the correlation is ``h_ij / sqrt(h_ii h_jj)`` and the variances are the sample's (T - 1). Gerber, Markowitz,
    Ernst, Miao, Javid and Sargen (2022), Journal of Portfolio Management 48, in the form that is always positive
    semidefinite.

    Parameters
    ----------
    returns
        (T, N) sessions by symbols, oldest first, without NaN.
    threshold
        In standard deviations, (0, 1].

    Raises
    ------
    ConfigError
        If ``threshold`` is outside (0, 1].
    DataError
        As :func:`sample_covariance`; and if no return of an issue counts as a move.
    """
    if not 0 < threshold <= 1:
        raise ConfigError(f"threshold must lie in (0, 1], got {threshold}; 0.5 is half a standard deviation")
    seen = read_returns(returns, periods_per_year=periods_per_year)
    T = len(seen.X)
    sd = np.sqrt(seen.variance * T / (T - 1))
    raw = seen.X + seen.mean
    # Whole numbers up to 2^24 are exact in single precision, which multiplies twice as fast.
    moves = (np.sign(raw) * (np.abs(raw) >= threshold * sd)).astype(np.float32)
    H = (moves.T @ moves).astype(float)
    if not (np.diag(H) > 0).all():
        names = list(seen.labels[np.diag(H) == 0])
        raise DataError(
            f"no return of {names[:5]} is {threshold} standard deviations away from zero; lower the threshold",
            symbols=names,
        )
    side = sd * np.sqrt(periods_per_year) / np.sqrt(np.diag(H))
    H *= side[:, None] * side
    return estimated(H, seen, "gerber", np.nan, periods_per_year)
