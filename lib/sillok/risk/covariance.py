"""Covariance of returns as the sample has it: every row alike, or the newest rows first."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from sillok.errors import ConfigError
from sillok.measures import TRADING_DAYS
from sillok.risk.observed import Observed, annual_frame, read_returns

__all__ = ["Covariance", "estimated", "exponential_covariance", "sample_covariance"]

# Below this part of the weight on all rows but the newest, the divisor has no digits left.
_ONE_ROW = 1e-6


@dataclass(frozen=True, slots=True)
class Covariance:
    """An annualised covariance, and how it was made."""

    matrix: pd.DataFrame  # (N, N), symmetric, symbols on both sides, per year
    estimator: str
    shrinkage: float  # 0: the sample alone, 1: the target alone; NaN where there is no single intensity
    observations: int  # T
    periods_per_year: int
    through: Hashable = None  # label of the last row that the estimate has seen
    _made: np.ndarray | None = field(default=None, init=False, repr=False, compare=False)

    def proved(self) -> np.ndarray | None:
        """Return ``matrix`` as an array if an estimator here made it: whole and positive semidefinite, unseen.

        None if it was put in by hand, or anything of it was changed since.
        """
        made = self._made
        if made is None or made.flags.writeable:  # a pickle opens what it brings back
            return None
        held = self.matrix.to_numpy()
        return held if held.shape == made.shape and np.may_share_memory(held, made) else None

    @property
    def labels(self) -> pd.Index:
        """The assets, (N,)."""
        return self.matrix.index

    @property
    def volatility(self) -> pd.Series:
        """Each issue's annual volatility, (N,)."""
        return pd.Series(np.sqrt(np.diag(self.matrix)), index=self.matrix.index)


def estimated(
    S: np.ndarray, seen: Observed, estimator: str, shrinkage: float, periods_per_year: int
) -> Covariance:
    """Return the estimate of annualised ``S`` (N, N), which is positive semidefinite by how it was made.

    ``S`` is closed to writing and not copied; nobody else may hold it.
    """
    S.flags.writeable = False
    found = Covariance(
        annual_frame(S, seen.labels), estimator, shrinkage, len(seen.X), periods_per_year, seen.through
    )
    if np.isfinite(S.trace()):
        object.__setattr__(found, "_made", S)
    return found


def sample_covariance(returns: pd.DataFrame, *, periods_per_year: int = TRADING_DAYS) -> Covariance:
    """Estimate the unbiased (T - 1) sample covariance of simple returns, annualised.

    Parameters
    ----------
    returns
        (T, N) sessions by symbols, oldest first, without NaN.

    Raises
    ------
    DataError
        If a value is missing, a symbol occurs twice or never moved, rows are out of order, or T < 2.
    """
    seen = read_returns(returns, periods_per_year=periods_per_year)
    T = len(seen.X)
    S = seen.X.T @ seen.X
    S *= periods_per_year / (T - 1)
    return estimated(S, seen, "sample", 0.0, periods_per_year)


def exponential_covariance(
    returns: pd.DataFrame, *, halflife: float, periods_per_year: int = TRADING_DAYS
) -> Covariance:
    """Estimate the covariance with weights that halve every ``halflife`` rows into the past, annualised.

    With ``w_t`` proportional to ``0.5 ** ((T - 1 - t) / halflife)`` and adding up to one, it is
    ``sum w_t (r_t - m)(r_t - m)' / (1 - sum w_t^2)``, ``m`` the mean under the same weights: the divisor makes it
    unbiased for independent rows, and T - 1 for equal weights (RiskMetrics Technical Document, 1996, section 5.2,
    which takes the mean for zero and leaves the divisor out).

    Raises
    ------
    ConfigError
        If ``halflife`` is not positive, or so short that the newest row has all the weight.
    DataError
        As :func:`sample_covariance`.
    """
    if not halflife > 0:
        raise ConfigError(f"halflife must be a positive number of rows, got {halflife}")
    seen = read_returns(returns, periods_per_year=periods_per_year)
    T = len(seen.X)
    w = 0.5 ** (np.arange(T - 1, -1, -1) / halflife)
    w /= w.sum()
    if not 1.0 - w @ w > _ONE_ROW:
        raise ConfigError(
            f"a halflife of {halflife} rows leaves one row with all the weight; take 0.1 or more"
        )
    X = (seen.X - w @ seen.X) * np.sqrt(w)[:, None]
    S = X.T @ X
    S *= periods_per_year / (1.0 - w @ w)
    return estimated(S, seen, "exponential", 0.0, periods_per_year)
