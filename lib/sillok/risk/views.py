"""Views on returns blended with a prior: Black and Litterman."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError
from sillok.risk.contributions import AnyCovariance, covariance_labels, covariance_times
from sillok.risk.observed import annual_frame, read_numbers

__all__ = ["Posterior", "View", "black_litterman"]


@dataclass(frozen=True, slots=True)
class View:
    """What is thought of a portfolio's expected return a year, and how surely.

    Give ``confidence`` or ``variance`` or neither: then the view is as uncertain as the prior is of its portfolio
    (He and Litterman, 1999), which is a confidence of one half.
    """

    coefficients: Mapping[str, float]  # asset to weight: {"A": 1} is A itself, {"A": 1, "B": -1} A over B
    value_annual: float
    confidence: float | None = None  # 0: nothing is said, 1: it is certain (Idzorek, 2005)
    variance_annual: float | None = None  # of the view's error: Omega's diagonal
    name: str = ""

    def __post_init__(self) -> None:
        if self.confidence is not None and self.variance_annual is not None:
            raise ConfigError(f"{self.label}: give confidence or variance_annual, not both")
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise ConfigError(f"{self.label}: confidence must lie in [0, 1], got {self.confidence}")
        if self.variance_annual is not None and not 0 <= self.variance_annual < np.inf:
            raise ConfigError(
                f"{self.label}: variance_annual must be zero or more, got {self.variance_annual}"
            )
        numbers = [self.value_annual, *self.coefficients.values()]
        if not np.isfinite(numbers).all() or not any(self.coefficients.values()):
            raise ConfigError(
                f"{self.label}: coefficients and value must be numbers, one coefficient not zero"
            )

    @property
    def label(self) -> str:
        """The view's name, or what it speaks of."""
        return self.name or "view on " + ", ".join(f"{k} {v:+g}" for k, v in self.coefficients.items())


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is expected once the views are heard."""

    mu: pd.Series  # (N,) expected excess return a year
    uncertainty: pd.DataFrame  # (N, N) covariance of mu itself: M
    Sigma: pd.DataFrame  # (N, N) covariance of the returns to come: Sigma + M
    view_variance: pd.Series  # (V,) Omega's diagonal, on the views' labels; infinite: nothing was said


def _pick(views: Sequence[View], labels: pd.Index) -> np.ndarray:
    P = np.zeros((len(views), len(labels)))
    for row, view in zip(P, views, strict=True):
        names = list(view.coefficients)
        at = labels.get_indexer(pd.Index(names))
        if (at < 0).any():
            lacking = [n for n, i in zip(names, at, strict=True) if i < 0]
            raise DataError(f"{view.label} speaks of {lacking}, which Sigma lacks", symbols=lacking)
        row[at] = list(view.coefficients.values())
    return P


def _prior_values(prior: pd.Series, labels: pd.Index) -> np.ndarray:
    if not prior.index.equals(labels):
        lone = list(prior.index.symmetric_difference(labels)[:10])
        raise DataError(
            f"prior and Sigma are not on the same labels (on one side only: {lone}, or another order); reindex the prior",
            symbols=lone,
        )
    pi = read_numbers("prior returns", prior)
    if not np.isfinite(pi).all():
        names = list(labels[~np.isfinite(pi)])
        raise DataError(f"prior returns are missing for {names[:5]}", symbols=names)
    return pi


def _variance(view: View, prior: float) -> float:
    if view.variance_annual is not None:
        return view.variance_annual
    if view.confidence is None:
        return prior
    return prior * (1 - view.confidence) / view.confidence if view.confidence > 0 else np.inf


def black_litterman(
    prior: pd.Series, Sigma: AnyCovariance, views: Sequence[View], *, tau: float = 0.05
) -> Posterior:
    """Blend views with prior returns, each weighted by its certainty.

    With ``pi`` the prior, P the views' portfolios, q their values and Omega their errors' variances:

        mu = pi + tau Sigma P' (P tau Sigma P' + Omega)^-1 (q - P pi)
        M  = tau Sigma - tau Sigma P' (P tau Sigma P' + Omega)^-1 P tau Sigma

    (Black and Litterman, 1992; He and Litterman, 1999, eqs. 8 to 11, whose inverse form this is: it takes a certain
    view too, which ``mu`` then meets exactly). A confidence c stands for ``Omega_kk = tau p' Sigma p (1 - c) / c``
    (Idzorek, 2005, in the closed form of Walters, 2014): the view alone then goes the part c of the way.

    Parameters
    ----------
    prior
        (N,) expected excess returns a year, e.g. :func:`equilibrium_returns`, on the labels of ``Sigma``.
    tau
        Variance of the prior mean as a part of ``Sigma``, positive; about one over the years of data.

    Raises
    ------
    ConfigError
        If ``tau`` is not positive.
    DataError
        If the labels differ, a view speaks of an unknown asset, a value is missing, or certain views contradict or
        repeat one another; they are named.
    """
    if not tau > 0:
        raise ConfigError(f"tau must be positive, got {tau}; 0.05 is He and Litterman's")
    labels = covariance_labels(Sigma)
    pi = _prior_values(prior, labels)
    P = _pick(views, labels)
    cross = tau * covariance_times(Sigma, P.T)  # (N, V)
    inner = P @ cross
    omega = np.array([_variance(v, inner[k, k]) for k, v in enumerate(views)])
    heard = np.isfinite(omega)
    G, A = cross[:, heard], inner[np.ix_(heard, heard)] + np.diag(omega[heard])
    q = np.array([v.value_annual for v in views])
    gain = _solve(
        A, np.column_stack([(q - P @ pi)[heard], G.T]), [v for v, h in zip(views, heard, strict=True) if h]
    )
    whole = Sigma if isinstance(Sigma, pd.DataFrame) else Sigma.matrix
    M = tau * whole.to_numpy(dtype=float) - G @ gain[:, 1:]
    M = (M + M.T) / 2  # rounding alone parts the two sides
    names = pd.Index([v.label for v in views])
    return Posterior(
        pd.Series(pi + G @ gain[:, 0], labels, name="mu"),
        annual_frame(M, labels),
        whole + M,
        pd.Series(omega, names, name="view_variance"),
    )


def _solve(A: np.ndarray, right: np.ndarray, views: Sequence[View]) -> np.ndarray:
    if not len(A):
        return right
    scale = np.sqrt(np.maximum(np.diag(A), np.finfo(float).tiny))
    values, V = np.linalg.eigh(A / np.outer(scale, scale))
    if values[0] <= 1e-12:
        names = [v.label for v, part in zip(views, V[:, 0], strict=True) if abs(part) > 0.1]
        raise DataError(
            f"these certain views repeat or contradict one another, or have no risk: {names}; drop one, or give it a "
            "confidence below 1",
            views=names,
        )
    return (V / values) @ (V.T @ (right / scale[:, None])) / scale[:, None]
