"""Covariance shrunk towards a simple target: Ledoit and Wolf's three, with one matrix product between them.

The intensity is ``clip((pi - rho) / gamma / T, 0, 1)``. The papers write pi and rho with products of N x N size;
only their sums over all pairs are needed, and these are sums over days. With ``q_t = sum_i x_ti^2``:

    sum_ij mean_t (x_ti x_tj)^2                  = mean_t q_t^2
    sum_ij a_i b_j mean_t (x_ti^3 x_tj)          = mean_t (a' x_t^3)(b' x_t)
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError
from sillok.measures import TRADING_DAYS
from sillok.risk.covariance import Covariance, estimated
from sillok.risk.observed import read_returns

__all__ = ["Target", "ledoit_wolf"]

Target = Literal["constant_correlation", "single_factor", "identity"]
# Below this part of |S|^2 the expanded square has lost digits, and is written out instead.
_CANCELLED = 1e-3
# A sample this near to its target has nothing to shrink, and 0 / 0 must not decide.
_SAME = 1e-14
_BLOCK = 32_768  # numbers: 256 kB, which a core's second-level cache holds


class _Aim(NamedTuple):
    """A target that is ``scale * f f'`` off its diagonal, and what the intensity needs of it."""

    scale: float
    f: np.ndarray  # (N,)
    diagonal: np.ndarray  # (N,)
    rho: float


class _Sums(NamedTuple):
    """Sums over the issues of powers of the centred returns, day by day."""

    q: np.ndarray  # (T,) squares
    weighted: np.ndarray  # (T,) squares times u_i
    cubes: np.ndarray  # (T,) cubes times v_i
    fourth: float  # mean over the days of the sum of fourth powers


def _power_sums(X: np.ndarray, v: np.ndarray, u: np.ndarray | None = None) -> _Sums:
    """Sum powers in blocks that stay in the processor's cache: one pass over X, no array of its size."""
    T, N = X.shape
    by_day = X.flags.c_contiguous
    q, weighted, cubes = np.zeros(T), np.zeros(T), np.zeros(T)
    fourth = 0.0
    step = max(1, _BLOCK // (N if by_day else T))
    room, ones = np.empty(step * (N if by_day else T)), np.ones(N)
    for i in range(0, T if by_day else N, step):
        rows, cols = (slice(i, i + step), slice(None)) if by_day else (slice(None), slice(i, i + step))
        part = X[rows, cols]
        flat = room[: part.size]
        power = flat.reshape(part.shape, order="C" if by_day else "F")
        np.multiply(part, part, out=power)
        q[rows] += power @ ones[cols]
        if u is not None:
            weighted[rows] += power @ u[cols]
        fourth += float(flat @ flat)
        power *= part
        cubes[rows] += power @ v[cols]
    return _Sums(q, weighted, cubes, fourth / T)


def _identity(X: np.ndarray, S: np.ndarray) -> tuple[_Aim, np.ndarray]:
    """Ledoit and Wolf (2004), Journal of Multivariate Analysis 88, lemmas 3.2 to 3.4: m I."""
    N = len(S)
    q = np.einsum("ij,ij->i", X, X)
    return _Aim(0.0, np.zeros(N), np.full(N, np.trace(S) / N), 0.0), q


def _constant_correlation(X: np.ndarray, S: np.ndarray) -> tuple[_Aim, np.ndarray]:
    """Ledoit and Wolf (2004), Journal of Portfolio Management 30, appendices A and B."""
    T, N = X.shape
    variance = np.diag(S).copy()
    sd = np.sqrt(variance)
    mean_corr = ((1 / sd) @ (S @ (1 / sd)) - N) / (N * (N - 1)) if N > 1 else 0.0
    sums = _power_sums(X, 1 / sd)
    # Theta[i, j]: asymptotic covariance of s_ii with s_ij; times sd_j / sd_i, over all pairs.
    Theta = sums.cubes @ (X @ sd) / T - sd @ (S @ sd)
    own = sums.fourth - variance @ variance
    return _Aim(mean_corr, sd, variance, own + mean_corr * (Theta - own)), sums.q


def _single_factor(X: np.ndarray, S: np.ndarray) -> tuple[_Aim, np.ndarray]:
    """Ledoit and Wolf (2003), Journal of Empirical Finance 10, section 2; the factor is the mean of all issues."""
    T, N = X.shape
    variance = np.diag(S).copy()
    market = X @ np.full(N, 1 / N)
    b, v = market @ X / T, float(market @ market) / T
    if v <= 1e-24 * variance.mean():
        raise DataError("the issues' mean return never moved, so it is no factor; use another target")
    sums = _power_sums(X, b, b**2)
    along = (X @ b) * market
    # Asymptotic covariances of s_ij with s_im (twice, by symmetry) and with s_mm, less those of i = j.
    first = sums.q @ along / T - b @ (S @ b) - (market @ sums.cubes / T - variance @ b**2)
    third = along @ along / T - v * (b @ (S @ b)) - (market**2 @ sums.weighted / T - v * (variance @ b**2))
    return _Aim(1 / v, b, variance, sums.fourth - variance @ variance + 2 * first / v - third / v**2), sums.q


_AIMS = {
    "constant_correlation": _constant_correlation,
    "single_factor": _single_factor,
    "identity": _identity,
}


def _distance(S: np.ndarray, aim: _Aim, norm: float) -> float:
    """Return ``|S - F|^2``, by sums where they keep their digits."""
    s, c, f = np.diag(S), aim.scale, aim.f
    off = norm - s @ s - 2 * c * (f @ (S @ f) - s @ f**2) + c**2 * ((f @ f) ** 2 - f**2 @ f**2)
    if off < _CANCELLED * norm:
        D = S - c * np.outer(f, f)
        np.fill_diagonal(D, 0.0)
        off = np.vdot(D, D)
    return float(off + ((s - aim.diagonal) ** 2).sum())


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
        (T, N) sessions by symbols, oldest first, without NaN.
    target
        ``constant_correlation`` keeps each variance and gives all pairs the mean correlation (Ledoit and Wolf,
        2004, JPM 30); ``single_factor`` keeps each variance and lets pairs move together through the mean of all
        issues alone (2003, JEF 10); ``identity`` gives all issues the mean variance and no correlation
        (2004, JMVA 88).

    Raises
    ------
    ConfigError
        If there is no such target.
    DataError
        As :func:`sample_covariance`; and if the mean of all issues never moved, for the single factor.
    """
    if target not in _AIMS:
        raise ConfigError(f"no target {target!r}; choose one of {', '.join(get_args(Target))}")
    seen = read_returns(returns, periods_per_year=periods_per_year)
    T = len(seen.X)
    S = seen.X.T @ seen.X
    S *= 1 / T
    norm = float(np.vdot(S, S))
    aim, q = _AIMS[target](seen.X, S)
    gamma = _distance(S, aim, norm)
    pi = float(q @ q) / T - norm
    delta = float(np.clip((pi - aim.rho) / gamma / T, 0.0, 1.0)) if gamma > _SAME * norm else 1.0
    diagonal = periods_per_year * (delta * aim.diagonal + (1 - delta) * np.diag(S))
    S *= (1 - delta) * periods_per_year
    if aim.scale:
        # One vector on both sides, so that rounding is the same above and below the diagonal.
        g = np.sqrt(abs(aim.scale) * delta * periods_per_year) * aim.f
        side = np.sign(aim.scale) * g
        for i in range(0, len(S), 64):
            S[i : i + 64] += side[i : i + 64, None] * g
    np.fill_diagonal(S, diagonal)
    return estimated(S, seen, target, delta, periods_per_year)
