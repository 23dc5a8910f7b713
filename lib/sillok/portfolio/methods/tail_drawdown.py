"""The least conditional drawdown at risk, a linear programme with one chain through time.

    minimise    a + sum_t k_t u_t
    subject to  u_t >= d_t - a,  d_t >= d_(t-1) + e_t'w,  u, d >= 0,  d_0 = 0
                low <= A x <= high,  lb <= x <= ub,  x = (w, ...)

with losses ``e_t = -r_t``: ``d_t`` is how far the sum of the returns so far lies below its greatest value, the start
included (Chekhlov, Uryasev and Zabarankin, 2005).
"""

from __future__ import annotations

import numpy as np

from sillok.errors import InfeasibleError, SolverError
from sillok.portfolio.methods.tail_programme import Least
from sillok.portfolio.methods.tail_region import Region, ends, violation

__all__ = ["drawdown_depths", "minimise_drawdown"]

_TIGHT = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
_LAST_GAP = 1e-7
_LAST_MISS = 1e-9


def drawdown_depths(losses: np.ndarray) -> np.ndarray:
    """Return how far the uncompounded sum of returns lies below its peak after each loss, (T,), zero or more."""
    sums = np.cumsum(losses)
    return sums - np.minimum(np.minimum.accumulate(sums), 0.0)


def _value(E: np.ndarray, k: np.ndarray, w: np.ndarray) -> float:
    """Return the least over ``a``: it lies at one of the depths."""
    depths = drawdown_depths(E @ w)
    order = np.argsort(depths)[::-1]
    # Beyond the threshold the k's add up to one; the last depth counts in part.
    whole = np.minimum(k[order], np.maximum(1.0 - np.concatenate([[0.0], np.cumsum(k[order])[:-1]]), 0.0))
    return float(whole @ depths[order])


def _programme(E: np.ndarray, region: Region) -> tuple[object, np.ndarray]:
    """Return the rows ``G (x, a, d, u) <= h``: thresholds, the chain, then the low and high ends of the region."""
    from scipy import sparse

    T, N = E.shape
    n = len(region.lb)
    one, step = sparse.eye_array(T), sparse.eye_array(T, k=-1)
    beside = sparse.csr_array((T, n - N))
    none, column = sparse.csr_array((T, n)), sparse.csr_array(np.ones((T, 1)))
    low, high = np.isfinite(region.low), np.isfinite(region.high)
    limits = np.concatenate([-region.A[low], region.A[high]])
    rest = sparse.csr_array((len(limits), 2 * T + 1))
    rows = sparse.vstack(
        [
            sparse.hstack([none, -column, one, -one]),
            sparse.hstack([sparse.csr_array(E), beside, sparse.csr_array((T, 1)), step - one, sparse.csr_array((T, T))]),
            sparse.hstack([sparse.csr_array(limits), rest]),
        ]
    )  # fmt: skip
    return rows, np.concatenate([np.zeros(2 * T), -region.low[low], region.high[high]])


def _bound(
    E: np.ndarray, k: np.ndarray, region: Region, price: np.ndarray, x: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return a lower bound by weak duality, the rows' multipliers and the bounds'."""
    T, N = E.shape
    q = np.clip(-price[:T], 0.0, k)
    q = _to_one(q, k)
    chain = np.maximum(-price[T : 2 * T], 0.0)
    after = 0.0
    for t in range(T - 1, -1, -1):  # what reaches t is what is left of later depths, and its own
        after = chain[t] = min(chain[t], q[t] + after)
    low, high = np.flatnonzero(np.isfinite(region.low)), np.flatnonzero(np.isfinite(region.high))
    y = np.zeros(len(region.low))
    y[low] -= price[2 * T : 2 * T + len(low)]
    y[high] += price[2 * T + len(low) :]
    z = -(y @ region.A)
    z[:N] += chain @ E
    return ends(y, region.low, region.high, region.A @ x) + ends(z, region.lb, region.ub, x), y, z


def _to_one(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Return ``q``, moved within [0, k] so that it adds up to one."""
    short = 1.0 - float(q.sum())
    room = k - q if short > 0 else q
    total = float(room.sum())
    return q + room * (short / total) if total > 0 else q


def minimise_drawdown(E: np.ndarray, k: np.ndarray, region: Region) -> Least:
    """Find the least conditional drawdown at risk with HiGHS; ``E`` (T, N) in the order of time, ``k`` adds to > 1.

    Raises
    ------
    InfeasibleError
        If no point lies in the region.
    SolverError
        If HiGHS breaks off, or its answer does not prove itself optimal.
    """
    from scipy.optimize import linprog

    T, n = len(E), len(region.lb)
    rows, right = _programme(E, region)
    found = linprog(
        np.concatenate([np.zeros(n), [1.0], np.zeros(T), k]),
        A_ub=rows,
        b_ub=right,
        bounds=np.concatenate(
            [
                np.stack([region.lb, region.ub], axis=1),
                [[-np.inf, np.inf]],
                np.tile([0.0, np.inf], (2 * T, 1)),
            ]
        ),
        method="highs",
        options=_TIGHT,
    )
    if found.status == 2:
        raise InfeasibleError("no portfolio keeps all of the limits")
    if found.status != 0:
        raise SolverError(
            f"the linear programme has no optimal answer: {found.message}", status=int(found.status)
        )
    x = np.clip(found.x[:n], region.lb, region.ub)
    value = _value(E, k, x[: E.shape[1]])
    bound, y, z = _bound(E, k, region, found.ineqlin.marginals, x)
    gap, miss = value - bound, violation(region, x)
    if not (gap <= _LAST_GAP * max(value, 1e-3) and miss <= _LAST_MISS):
        raise SolverError(
            f"the best answer is {gap:.3g} from the bound of its dual and misses a limit by {miss:.3g}; only an "
            "optimal one is accepted: scale the scenarios or loosen the limits",
            gap=gap,
        )
    return Least(x, np.clip(-found.ineqlin.marginals[:T], 0.0, k), y, z, value, gap, "dual simplex: HIGHS")
