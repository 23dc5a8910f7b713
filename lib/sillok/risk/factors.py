"""A covariance told by a few factors: ``Sigma = F Sigma_f F' + D``, never written out unless asked for."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg.lapack import dpotrf

from sillok.errors import DataError
from sillok.measures import TRADING_DAYS
from sillok.risk.observed import read_numbers, same_labels

__all__ = ["FactorCovariance"]

# An eigenvalue this far below zero, against the largest, is a contradiction and not a rounding.
_INDEFINITE = 1e-10


@dataclass(frozen=True, slots=True)
class FactorCovariance:
    """An annual covariance ``loadings factor_covariance loadings' + diag(specific_variance)``.

    Raises
    ------
    DataError
        If the labels of the three parts differ or occur twice, a value is missing, ``factor_covariance`` is not
        symmetric and positive semidefinite, or a specific variance is negative; assets and factors are named.
    """

    loadings: pd.DataFrame  # (N, K) assets by factors
    factor_covariance: pd.DataFrame  # (K, K), per year
    specific_variance: pd.Series  # (N,), zero or more, per year
    estimator: str = "given"
    observations: int = 0  # T, 0: not estimated here
    periods_per_year: int = TRADING_DAYS
    through: Hashable = None  # label of the last row that the estimate has seen

    def __post_init__(self) -> None:
        _check_labels(self)
        if not _is_sound(self):
            _check_values(self)

    @property
    def labels(self) -> pd.Index:
        """The assets, (N,)."""
        return self.loadings.index

    @property
    def matrix(self) -> pd.DataFrame:
        """The covariance written out, (N, N), per year, exactly symmetric."""
        B, d = self.root()
        dense = B @ B.T
        dense.flat[:: len(d) + 1] += d
        return pd.DataFrame(dense, index=self.labels, columns=self.labels)

    @property
    def volatility(self) -> pd.Series:
        """Each asset's annual volatility, (N,)."""
        B, d = self.root()
        return pd.Series(np.sqrt(np.einsum("ij,ij->i", B, B) + d), index=self.labels)

    def root(self) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(B, d)``, (N, K) and (N,), with ``B B' + diag(d)`` the covariance: what a solver takes."""
        Omega = self.factor_covariance.to_numpy(dtype=float)
        half, singular = dpotrf(Omega, lower=1)
        if singular:
            values, vectors = np.linalg.eigh(Omega)
            half = vectors * np.sqrt(np.maximum(values, 0.0))
        return self.loadings.to_numpy(dtype=float) @ half, self.specific_variance.to_numpy(dtype=float)


def _check_labels(model: FactorCovariance) -> None:
    F, Omega, d = model.loadings, model.factor_covariance, model.specific_variance
    assets, factors = F.index, F.columns
    if not (len(assets) and len(factors)):
        raise DataError(f"a factor covariance needs assets and factors, got {F.shape}", shape=F.shape)
    for axis, what in ((assets, "assets"), (factors, "factors")):
        if not axis.is_unique:
            twice = list(axis[axis.duplicated()][:5])
            raise DataError(f"loadings name these {what} twice: {twice}; keep one each", symbols=twice)
    if not (same_labels(Omega.index, factors) and same_labels(Omega.columns, factors)):
        raise DataError(
            f"factor_covariance is on {list(Omega.index[:5])} by {list(Omega.columns[:5])}, loadings on the factors "
            f"{list(F.columns[:5])}; put both on the same labels in the same order"
        )
    if not same_labels(d.index, assets):
        lone = list(d.index.symmetric_difference(F.index)[:10])
        raise DataError(
            f"specific_variance and loadings are not on the same assets (on one side only: {lone}, or another order); "
            "reindex specific_variance",
            symbols=lone,
        )


def _is_sound(model: FactorCovariance) -> bool:
    """Whether the values are plainly right, in few operations; those that are not want :func:`_check_values`."""
    F = read_numbers("loadings", model.loadings)
    d = read_numbers("specific variances", model.specific_variance)
    Omega = read_numbers("factor covariances", model.factor_covariance)
    flat = F.T if F.flags.f_contiguous else F
    # A sum of squares is finite only if all of them are.
    if not (d.min() >= 0 and math.isfinite(np.vdot(flat, flat) + np.vdot(d, d) + np.vdot(Omega, Omega))):
        return False
    # The same row by row as column by column: symmetric. Where its Cholesky factor exists: positive definite.
    return Omega.tobytes("C") == Omega.tobytes("F") and not dpotrf(Omega, lower=1)[1]


def _check_values(model: FactorCovariance) -> None:
    F = read_numbers("loadings", model.loadings)
    d = read_numbers("specific variances", model.specific_variance)
    whole = np.isfinite(F).all(axis=1) & np.isfinite(d)
    if not whole.all():
        holed = list(model.labels[~whole])
        raise DataError(
            f"{len(holed)} assets have a missing loading or specific variance: {holed[:5]}; drop them",
            symbols=holed,
        )
    if d.min() < 0:
        below = list(model.labels[d < 0])
        raise DataError(f"specific variance is below zero for {below[:5]}; estimate it anew", symbols=below)
    Omega = read_numbers("factor covariances", model.factor_covariance)
    if not np.isfinite(Omega).all():
        raise DataError("factor_covariance has missing values; estimate it on whole factor returns")
    off = np.abs(Omega - Omega.T)
    if off.max() > 1e-12 * np.abs(Omega).max():
        i, j = np.unravel_index(off.argmax(), off.shape)
        named = model.factor_covariance.columns
        raise DataError(
            f"factor_covariance is not symmetric: {named[i]} with {named[j]} is {Omega[i, j]:.6g} one way and "
            f"{Omega[j, i]:.6g} the other"
        )
    values = np.linalg.eigvalsh(Omega)
    if values[0] < -_INDEFINITE * max(values[-1], 0.0) or values[-1] < 0:
        raise DataError(
            f"factor_covariance is not positive semidefinite (smallest eigenvalue {values[0]:.3g}); estimate it anew"
        )
