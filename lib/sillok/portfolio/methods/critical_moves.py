"""The compiled moves of the critical line: a variable or row is held, or let go, or gone along with without curvature."""

from __future__ import annotations

import numpy as np
from numba import njit

from sillok.portfolio.methods.critical_sets import (
    Programme,
    Sets,
    append,
    hold,
    place,
    put_border,
    rebuild,
    remove,
)

__all__ = ["fix", "free", "jump", "row_line"]

# A movement below this part of the largest is rounding; a direction whose curvature is below this part of what it
# is summed from has none.
_RATE = 1e-12
_FLAT = 1e-12


@njit(cache=True, error_model="numpy")
def row_line(q: Programme, s: Sets, r: int) -> tuple[float, float, float]:
    """Return a row's value at t = 0, its slope, and its largest coefficient."""
    a, b, big = s.held_rows[r], 0.0, 0.0
    for p in range(s.used[0]):
        if s.members[p] < q.d.size:
            a += q.A[r, s.members[p]] * s.sol[0, p]
            b += q.A[r, s.members[p]] * s.sol[1, p]
            big = max(big, abs(q.A[r, s.members[p]]))
    return a, b, big


@njit(cache=True, error_model="numpy")
def _put_flat(q: Programme, s: Sets, code: int) -> np.ndarray:
    """Return the direction without curvature in which a code leaves its limit, the free variables following."""
    N = q.d.size
    move = np.zeros(N)
    if code < N:
        sign = -1.0 * s.side[code]
        move[code] = sign
    else:
        sign = 1.0 * s.active[code - N]
    for p in range(s.used[0]):
        if s.members[p] < N:
            move[s.members[p]] = -s.u[p] * sign
    return move


@njit(cache=True, error_model="numpy")
def _stop(q: Programme, s: Sets, code: int, move: np.ndarray) -> tuple[int, bool]:
    """Return what stops a direction first, and whether at its upper end."""
    N = q.d.size
    still = 0.0
    for i in range(N):
        still = max(still, _RATE * abs(move[i]))
    best, stop, upward = np.inf, -1, False
    for i in range(N):
        if abs(move[i]) > still:
            far = max(((q.ub[i] if move[i] > 0 else q.lb[i]) - s.x[i]) / move[i], 0.0)
            if far < best:
                best, stop, upward = far, i, move[i] > 0
    for r in range(q.low.size):
        if s.active[r] == 0 or N + r == code:
            rate, value, big = 0.0, 0.0, 0.0
            for i in range(N):
                rate += q.A[r, i] * move[i]
                value += q.A[r, i] * s.x[i]
                big = max(big, abs(q.A[r, i]))
            if abs(rate) > still * big:
                far = max(((q.high[r] if rate > 0 else q.low[r]) - value) / rate, 0.0)
                if far < best:
                    best, stop, upward = far, N + r, rate > 0
    return stop, upward


@njit(cache=True, error_model="numpy")
def jump(q: Programme, s: Sets, code: int) -> bool:
    """Go along a direction without curvature to what stops it; tell whether anything does."""
    N = q.d.size
    stop, upward = _stop(q, s, code, _put_flat(q, s, code))
    if stop < 0:
        return False
    # Let go what moves, then hold what stops it; the same one may do both.
    if code < N:
        hold(q, s, code, -s.x[code])
        s.side[code] = 0
        s.members[s.used[0]] = code
        s.used[0] += 1
    else:
        s.active[code - N] = 0
        at = place(s, code)
        s.used[0] -= 1
        s.members[at] = s.members[s.used[0]]
    if stop < N:
        at = place(s, stop)
        s.used[0] -= 1
        s.members[at] = s.members[s.used[0]]
        s.side[stop] = 1 if upward else -1
        hold(q, s, stop, q.ub[stop] if upward else q.lb[stop])
    else:
        s.active[stop - N] = 1 if upward else -1
        s.limit[stop - N] = q.high[stop - N] if upward else q.low[stop - N]
        s.members[s.used[0]] = stop
        s.used[0] += 1
    rebuild(q, s)
    return True


@njit(cache=True, error_model="numpy")
def _pivot(q: Programme, s: Sets, code: int) -> tuple[float, float]:
    """Write ``u`` for a new member; return its pivot, and the size of what that is summed from."""
    n = s.used[0]
    pivot = put_border(q, s, code)
    size = abs(pivot)
    for p in range(n):
        total = 0.0
        for r in range(n):
            total += s.inverse[p, r] * s.border[r]
        s.u[p] = total
    for p in range(n):
        pivot -= s.u[p] * s.border[p]
        size += abs(s.u[p] * s.border[p])
    return pivot, size


@njit(cache=True, error_model="numpy")
def free(q: Programme, s: Sets, code: int) -> bool:
    """Let a variable go from its bound or a row from its limit; tell whether it went by a jump."""
    N = q.d.size
    if code < N:
        pivot, size = _pivot(q, s, code)
        if pivot > _FLAT * size:
            hold(q, s, code, -s.x[code])
            s.side[code] = 0
            append(s, code, pivot)
            return False
        return True
    at, size = place(s, code), 0.0
    for p in range(s.used[0]):
        s.u[p] = s.inverse[p, at]
        if s.members[p] < N:
            size += abs(s.u[p])
    if -s.inverse[at, at] > _FLAT * size * size:
        s.active[code - N] = 0
        remove(s, at)
        return False
    return True


@njit(cache=True, error_model="numpy")
def fix(q: Programme, s: Sets, code: int) -> None:
    """Hold a variable at the bound, or a row at the limit, that it has met."""
    N = q.d.size
    if code < N:
        at = place(s, code)
        s.side[code] = 1 if s.sol[1, at] > 0 else -1
        hold(q, s, code, q.ub[code] if s.side[code] == 1 else q.lb[code])
        remove(s, at)
        return
    r = code - N
    s.active[r] = 1 if row_line(q, s, r)[1] > 0 else -1
    s.limit[r] = q.high[r] if s.active[r] == 1 else q.low[r]
    pivot, _ = _pivot(q, s, code)
    append(s, code, pivot)
