"""From a factor form to a proved answer in one compiled call, where a budget is the only row.

    minimise  1/2 x'P x + q'x    subject to    row'x = end,    lb <= x <= ub,        P = B B' + diag(d)

The guess of :mod:`~sillok.portfolio.methods.pivot`, the search of :mod:`~sillok.portfolio.methods.swift`, and the proof of
:mod:`~sillok.portfolio.methods.program`: each is a few microseconds of work, which more calls than one would outweigh.
"""

from __future__ import annotations

import numpy as np
from numba import njit, types

from sillok.portfolio.methods.swift import swift

__all__ = ["settle"]

_PIVOT_TOL = 1e-12  # as in forms
_SMALL = 1e-6  # as in program
_LONGEST, _FEWEST = 60, 32  # as in pivot


@njit(cache=True, fastmath={"reassoc", "contract"})
def _diagonal(B: np.ndarray, d: np.ndarray) -> np.ndarray:
    out = d.copy()
    for i in range(len(d)):
        for k in range(B.shape[1]):
            out[i] += B[i, k] * B[i, k]
    return out


@njit(cache=True, fastmath={"reassoc", "contract"})
def _guess(  # noqa: PLR0917 - compiled code takes no bag of options, and calls cost its compiler seconds
    B: np.ndarray,
    d: np.ndarray,
    diagonal: np.ndarray,
    q: np.ndarray,
    row: np.ndarray,
    end: float,
    lb: np.ndarray,
    ub: np.ndarray,
    side: np.ndarray,
) -> None:
    """Overwrite ``side`` by the guess from the portfolio of inverse variances."""
    N, K = B.shape
    least = 1e-6 * diagonal.max()
    w, earned, aim = np.empty(N), 0.0, end if end != 0.0 else 1.0
    for i in range(N):
        w[i] = max(row[i], 0.0) / max(diagonal[i], least)
        earned += row[i] * w[i]
    g, inner, lean = q.copy(), np.zeros(K), 0.0
    if earned > 0:
        for i in range(N):
            w[i] *= aim / earned
            for k in range(K):
                inner[k] += B[i, k] * w[i]
        for i in range(N):
            total = g[i] + d[i] * w[i]
            for k in range(K):
                total += B[i, k] * inner[k]
            g[i] = total
            lean += w[i] * total
        for i in range(N):
            g[i] -= lean / aim * row[i]
    loose, room = 0, 0.0
    for i in range(N):
        side[i] = 0 if lb[i] < 0.0 < ub[i] else -1 if np.isfinite(lb[i]) else 1 if np.isfinite(ub[i]) else 0
        if side[i] != 0 and lb[i] < ub[i]:
            g[loose] = g[i]
            loose += 1
            room += min(ub[i] - lb[i], 1.0)
    k = max(_FEWEST + N // 32, int(2.0 * abs(end) * loose / room) if room > 0 else N)
    bar = np.partition(g[:loose], k)[k] if k < loose else np.inf
    seen = 0
    for i in range(N):
        if side[i] != 0 and lb[i] < ub[i]:
            if g[seen] < bar or bar == np.inf:
                side[i] = 0
            seen += 1


@njit(cache=True)
def _lean(price: float, at: float, low: float, high: float) -> float:
    """Return a price times the distance from the side that it leans on."""
    if price == 0.0:
        return 0.0
    end = low if price > 0 else high
    return price * (at - end) if np.isfinite(end) else abs(price) * (1 + abs(at))


_VECTOR = types.Array(types.float64, 1, "C", readonly=True)
_MATRIX = types.Array(types.float64, 2, "C", readonly=True)
_FOUND = types.Tuple((types.int64, types.float64[::1], types.float64[::1], types.float64[::1]))  # type: ignore[no-untyped-call]


@njit(
    _FOUND(
        _MATRIX,
        _VECTOR,
        _VECTOR,
        _VECTOR,
        types.float64,
        _VECTOR,
        _VECTOR,
        types.int8[::1],
        types.boolean,
    ),
    cache=True,
)
def settle(  # noqa: PLR0917 - compiled code takes no bag of options
    B: np.ndarray,
    d: np.ndarray,
    q: np.ndarray,
    row: np.ndarray,
    end: float,
    lb: np.ndarray,
    ub: np.ndarray,
    side: np.ndarray,
    guessed: bool,
) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """Return the steps taken, zero if they did not settle, the point, the bounds' prices, and what is proved of it.

    That is: the row's price, a bound on how far the objective is above the least, the size of its terms, the largest
    distance by which a limit is missed, ``x'P x``, and the mean of P's diagonal. ``side`` is the guess of the sets if
    ``guessed``, and holds the last ones in the end.
    """
    N = len(d)
    diagonal = _diagonal(B, d)
    z, told = np.zeros(N), np.zeros(6)
    if not d.min() > _PIVOT_TOL * diagonal.max():
        return 0, z, z, told
    if not guessed:
        _guess(B, d, diagonal, q, row, end, lb, ub, side)
    steps, x, ys, g = swift(B, d, q, row.reshape((1, N)), np.full(1, end), lb, ub, side, _LONGEST, _FEWEST)
    y, excess, quadratic, linear, gross, met = ys[0], 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(N):
        x[i] = min(max(x[i], lb[i]), ub[i])
        price = g[i] - y * row[i]
        excess += _lean(price, x[i], lb[i], ub[i])
        z[i] = 0.0 if side[i] == 0 else price
        quadratic += x[i] * (g[i] - q[i])
        linear += x[i] * q[i]
        gross += abs(x[i])
        met += row[i] * x[i]
    excess += y * (met - end)
    mean = diagonal.mean()
    told[0], told[1] = y, max(excess, 0.0)
    told[2] = max(0.5 * quadratic + abs(linear), _SMALL * mean * gross**2)
    told[3], told[4], told[5] = abs(met - end), quadratic, mean
    return steps, x, z, told
