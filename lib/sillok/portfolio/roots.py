"""Roots of a covariance: ``R'R = Sigma``, and the proof that there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sillok.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from sillok.portfolio.data import Data

__all__ = ["dense_root", "root"]


def dense_root(Sigma: np.ndarray, labels: pd.Index) -> np.ndarray:
    """Return ``R`` with ``R'R = Sigma``: its Cholesky factor, or fewer rows than columns where it is singular.

    Raises
    ------
    DataError
        If ``Sigma`` is not positive semidefinite, naming the issues that weigh most in the portfolio of
        negative variance.
    """
    try:
        return np.linalg.cholesky(Sigma).T
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(Sigma)
    floor = values[-1] * len(Sigma) * np.finfo(float).eps
    if values[0] < -1e3 * max(floor, 0.0) or values[-1] < 0:
        worst = list(labels[np.argsort(-np.abs(vectors[:, 0]))[:5]])
        raise DataError(
            f"Sigma is not positive semidefinite (smallest eigenvalue {values[0]:.3g}), most of all in {worst}; "
            "estimate it anew",
            symbols=worst,
        )
    kept = values > floor
    return np.sqrt(values[kept])[:, None] * vectors[:, kept].T


def root(data: Data) -> tuple[dict[str, np.ndarray], float]:
    """Return the scaled root, ``{"R"}`` or ``{"B", "s"}``, and the mean variance it was divided by.

    In units of the mean variance a solver's tolerances mean the same for every market and period.

    Raises
    ------
    DataError
        If the covariance is zero or not positive semidefinite.
    """
    if data.factor is not None:
        B, d = data.factor.root()
        scale = float((np.einsum("ij,ij->", B, B) + d.sum()) / len(d))
    else:
        S = data.matrix()
        scale = float(np.trace(S)) / len(S)
    if scale <= 0:
        raise DataError(
            "Sigma is zero: no issue moved, so there is no risk to weigh", symbols=list(data.labels)
        )
    if data.factor is not None:
        return {"B": B / np.sqrt(scale), "s": np.sqrt(d / scale)}, scale
    return {"R": dense_root(S / scale, data.labels)}, scale
