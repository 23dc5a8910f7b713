"""Whether a covariance is one: cheap to tell where it is, and said with names where it is not."""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dpotrf, spotrf

from sillok.errors import DataError
from sillok.portfolio.data import Data
from sillok.portfolio.roots import dense_root

__all__ = ["check_definite"]

# A covariance whose Cholesky stands with so much of its mean variance added is semidefinite but for rounding.
_SHIFT = 1e-10
_ROUNDING = 2.0**-24  # of a number in single precision
_FEW, _MANY = 128, 1_500  # issues between which single precision is quicker, and proves what is worth proving
_RANGE = 1e20  # variances this far from one leave single precision's range


def check_definite(data: Data) -> None:
    """Raise DataError, naming issues, unless the covariance is positive semidefinite and not zero.

    By one Cholesky factorisation, N^3 / 3 operations, of many issues in single precision where that proves it, which
    takes half the time; a factor covariance and an estimate of :mod:`sillok.risk` are it by how they were made.
    """
    if data.is_proved:
        return
    S = data.matrix()
    if not S.trace() > 0:
        raise DataError(
            "Sigma is zero: no issue moved, so there is no risk to weigh", symbols=list(data.labels)
        )
    if _FEW <= len(S) <= _MANY and _is_proved(S):
        return
    H = np.array(S, order="C")
    H.reshape(-1)[:: len(S) + 1] += _SHIFT * S.trace() / len(S)
    if dpotrf(H.T, lower=1, clean=0, overwrite_a=1)[1]:
        dense_root(S, data.labels)


def _is_proved(S: np.ndarray) -> bool:
    """Tell whether a Cholesky in single precision proves that ``S`` is positive definite, whatever its rounding.

    The factors are those of a matrix that differs from the given one by at most ``g / (1 - g) sqrt(s_ii s_jj)`` in each
    entry, ``g = (N + 1) u / (1 - (N + 1) u)`` (Higham, 2002, Theorem 10.3; Demmel, 1989), and rounding the entries adds
    ``2 u`` of it. N times that is therefore taken off each variance first (Rump, 2006).
    """
    N, variance = len(S), S.diagonal()
    if not 1 / _RANGE < variance.min() <= variance.max() < _RANGE:
        return False
    g = (N + 1) * _ROUNDING / (1 - (N + 1) * _ROUNDING)
    H = S.astype(np.float32, order="C")
    H.reshape(-1)[:: N + 1] = variance * (1 - N * (g / (1 - g) + 2 * _ROUNDING))
    return not spotrf(H.T, lower=1, clean=0, overwrite_a=1)[1]
