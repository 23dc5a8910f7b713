"""The compiled walk along a parametric quadratic programme, from event to event.

    minimise  1/2 x' P x - (c0 + t c1)' x   subject to  low <= A x <= high,  lb <= x <= ub,   t rising

While the same variables are free and the same rows active, x, the multipliers and so every distance to a limit
are straight lines in t; the first line to reach zero is the next event.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sillok.portfolio.methods.critical_moves import fix, free, jump, row_line
from sillok.portfolio.methods.critical_sets import Programme, Sets, rebuild, start

__all__ = ["DONE", "FAULTS", "trace"]

DONE, _CIRCLE, _UNBOUNDED, _LONG, _SINGULAR = 0, 1, 2, 3, 4
FAULTS = {
    _CIRCLE: "it went round in a circle of ties",
    _UNBOUNDED: "nothing stops it: some variable has no bound",
    _LONG: "it took more steps than a path should have",
    _SINGULAR: "its equations are too near to singular",
}

# Slopes below this part of what they are summed from are rounding, not movement.
_RATE = 1e-12
# Events this near to the end of the walk are those of the end: without variance many portfolios tie there.
_NOUGHT = 1e-12
# The inverse is made anew when the equations are missed by more than this part of their terms, and is no good
# when it still misses them by the other.
_DRIFT, _LOST = 1e-11, 1e-6


@njit(cache=True, error_model="numpy")
def _put_products(q: Programme, s: Sets) -> None:
    """Write P times the free part of both solutions into ``z``."""
    N, K = q.B.shape
    s.z[:] = 0.0
    if N == 0:
        for p in range(s.used[0]):
            j = s.members[p]
            if j < q.d.size:
                a, b = s.sol[0, p], s.sol[1, p]
                for i in range(q.d.size):
                    s.z[0, i] += q.P[j, i] * a
                    s.z[1, i] += q.P[j, i] * b
        return
    f = np.zeros((2, K))
    for p in range(s.used[0]):
        j = s.members[p]
        if j < N:
            for k in range(K):
                f[0, k] += q.B[j, k] * s.sol[0, p]
                f[1, k] += q.B[j, k] * s.sol[1, p]
            s.z[0, j] += q.d[j] * s.sol[0, p]
            s.z[1, j] += q.d[j] * s.sol[1, p]
    for i in range(N):
        for k in range(K):
            s.z[0, i] += q.B[i, k] * f[0, k]
            s.z[1, i] += q.B[i, k] * f[1, k]


@njit(cache=True, error_model="numpy")
def _put_miss(q: Programme, s: Sets, rhs: np.ndarray, left: np.ndarray) -> float:
    """Write by how much the equations are missed; return the largest, as a part of its terms."""
    N, n, worst = q.d.size, s.used[0], 0.0
    for which in range(2):
        big, off = 1e-300, 0.0
        for p in range(n):
            j = s.members[p]
            total = s.z[which, j] if j < N else 0.0
            for r in range(n):
                k = s.members[r]
                if j < N <= k:
                    total += q.A[k - N, j] * s.sol[which, r]
                elif k < N <= j:
                    total += q.A[j - N, k] * s.sol[which, r]
            left[which, p] = rhs[which, p] - total
            off = max(off, abs(left[which, p]))
            big = max(big, abs(rhs[which, p]), abs(total))
        if big > 1e-290:
            worst = max(worst, off / big)
    return worst


@njit(cache=True, error_model="numpy")
def _solve(q: Programme, s: Sets, c0: np.ndarray, c1: np.ndarray) -> tuple[float, float]:
    """Solve for the members' lines; return by how much the equations are missed, and the slopes' rounding."""
    N, n = q.d.size, s.used[0]
    rhs = np.zeros((2, n))
    for p in range(n):
        j = s.members[p]
        if j < N:
            rhs[0, p], rhs[1, p] = c0[j] - s.held[j], c1[j]
        else:
            rhs[0, p] = s.limit[j - N] - s.held_rows[j - N]
    # The inverse is rounded too, so that no slope is known better than the largest of their sums.
    terms = 0.0
    for p in range(n):
        total = abs(rhs[1, p])
        for r in range(n):
            total += abs(s.inverse[p, r] * rhs[1, r])
        terms = max(terms, total)
    left = rhs.copy()
    for p in range(n):
        s.sol[0, p] = s.sol[1, p] = 0.0
    miss = np.inf
    for _ in range(3):
        for p in range(n):
            for r in range(n):
                s.sol[0, p] += s.inverse[p, r] * left[0, r]
                s.sol[1, p] += s.inverse[p, r] * left[1, r]
        _put_products(q, s)
        miss = _put_miss(q, s, rhs, left)
        if miss < 1e-14:
            break
    return miss, _RATE * terms


@njit(cache=True, error_model="numpy")
def _put_multipliers(q: Programme, s: Sets, c0: np.ndarray, c1: np.ndarray) -> float:
    """Turn the products in ``z`` into the lines of the bounds' multipliers; return their slopes' rounding."""
    N, big = q.d.size, 0.0
    for p in range(s.used[0]):
        r = s.members[p] - N
        if r >= 0:
            a, b = s.sol[0, p], s.sol[1, p]
            for i in range(N):
                s.z[0, i] += q.A[r, i] * a
                s.z[1, i] += q.A[r, i] * b
            big = max(big, abs(b))
    for i in range(N):
        big = max(big, abs(s.z[1, i]), abs(c1[i]))
        s.z[0, i] += s.held[i] - c0[i]
        s.z[1, i] -= c1[i]
    return _RATE * big


@njit(cache=True, error_model="numpy")
def _first_event(q: Programme, s: Sets, still: float, still_z: float) -> tuple[float, int]:
    """Return the first t at which a line reaches its limit, and the code of whose it is."""
    N = q.d.size
    best, code = np.inf, -1
    for p in range(s.used[0]):
        j, b = s.members[p], s.sol[1, p]
        at = np.inf
        if j < N:
            if abs(b) > still:
                at = ((q.ub[j] if b > 0 else q.lb[j]) - s.sol[0, p]) / b
        elif (s.active[j - N] == -1 and b > still_z) or (s.active[j - N] == 1 and b < -still_z):
            at = -s.sol[0, p] / b
        if at < best:
            best, code = at, j
    for i in range(N):
        if s.side[i] * s.z[1, i] > still_z and q.lb[i] < q.ub[i]:
            at = -s.z[0, i] / s.z[1, i]
            if at < best:
                best, code = at, i
    for r in range(q.low.size):
        if s.active[r] != 0:
            continue
        a, b, big = row_line(q, s, r)
        if abs(b) > still * big:
            at = ((q.high[r] if b > 0 else q.low[r]) - a) / b
            if at < best:
                best, code = at, N + r
    return best, code


@njit(cache=True, error_model="numpy")
def _look(q: Programme, s: Sets, c0: np.ndarray, c1: np.ndarray, t: float) -> float:
    """Write the portfolio at t and its rows' multipliers; return its variance."""
    N = q.d.size
    for i in range(N):
        s.x[i] = q.ub[i] if s.side[i] == 1 else q.lb[i]
    s.y[:] = 0.0
    for p in range(s.used[0]):
        j, value = s.members[p], s.sol[0, p] + t * s.sol[1, p]
        if j < N:
            s.x[j] = min(max(value, q.lb[j]), q.ub[j])
        elif s.active[j - N] == 2 or s.active[j - N] * value > 0:
            s.y[j - N] = -value
    variance = 0.0
    for i in range(N):
        lean = s.z[0, i] + t * s.z[1, i] + c0[i] + t * c1[i]
        for r in range(q.low.size):
            lean += q.A[r, i] * s.y[r]
        variance += s.x[i] * lean
    return variance


@njit(cache=True, error_model="numpy")
def _note(q: Programme, s: Sets, c0: np.ndarray, c1: np.ndarray, t: float, corner: np.ndarray) -> None:  # noqa: PLR0917
    N = s.x.size
    corner[0], corner[1] = t, _look(q, s, c0, c1, t)
    for i in range(N):
        corner[2 + i] = s.x[i]
    for r in range(s.y.size):
        corner[2 + N + r] = s.y[r]


@njit(cache=True, error_model="numpy")
def _doubled(corners: np.ndarray) -> np.ndarray:
    wider = np.empty((2 * corners.shape[0], corners.shape[1]))
    for k in range(corners.shape[0]):
        for i in range(corners.shape[1]):
            wider[k, i] = corners[k, i]
    return wider


@njit(cache=True, error_model="numpy")
def trace(  # noqa: PLR0917 - compiled: no keywords
    q: Programme,
    c0: np.ndarray,
    c1: np.ndarray,
    side: np.ndarray,
    active: np.ndarray,
    begin: float,
    end: float,
    most: int,
) -> tuple[int, int, np.ndarray]:
    """Walk t from ``begin`` to ``end``; change ``side`` and ``active`` to what holds there.

    Returns
    -------
    code, count, corners
        ``code`` is DONE or one of FAULTS; row k of the corners is t, x'Px, x (N,) and y (M,) at the k-th of
        ``count``, in the order walked.
    """
    N, M = q.lb.size, q.low.size
    s = start(q, side, active)
    corners = np.empty((64, 2 + N + M))
    t, count, idle, note = begin, 0, 0, np.isfinite(begin)
    for _ in range(most):
        miss, still = _solve(q, s, c0, c1)
        if miss > _DRIFT:
            rebuild(q, s)
            miss, still = _solve(q, s, c0, c1)
            if miss > _LOST:
                return _SINGULAR, count, corners
        still_z = _put_multipliers(q, s, c0, c1)
        at, code = _first_event(q, s, still, still_z)
        at = max(at, t)
        if count + 2 > len(corners):
            corners = _doubled(corners)
        last = at >= end - _NOUGHT
        for when in (t, end if last else at):
            if np.isfinite(when) and (note if when == t else True):
                _note(q, s, c0, c1, when, corners[count])
                count += 1
            note = note and when != t
        if last or code < 0:
            return DONE, count, corners
        idle = idle + 1 if at <= t else 0
        if idle > 4 * (N + M) + 64:
            return _CIRCLE, count, corners
        t = at
        is_free = s.side[code] == 0 if code < N else s.active[code - N] == 0
        if is_free:
            fix(q, s, code)
        elif free(q, s, code):
            note = True
            if not jump(q, s, code):
                return _UNBOUNDED, count, corners
    return _LONG, count, corners
