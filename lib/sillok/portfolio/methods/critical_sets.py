"""The compiled bookkeeping of the critical line: which variables are free, which rows active, and the inverse.

The inverse of the bordered matrix ``[P_FF, A_WF'; A_WF, 0]`` of the free variables F and the active rows W is
carried along by bordering. A code names a variable (below N) or a row (N and above).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

__all__ = [
    "Programme",
    "Sets",
    "append",
    "hold",
    "place",
    "put_border",
    "put_column",
    "rebuild",
    "remove",
    "start",
]


class Programme(NamedTuple):
    """``low <= A x <= high``, ``lb <= x <= ub`` and the covariance: ``P``, or if that is empty ``B B' + diag(d)``."""

    P: np.ndarray
    B: np.ndarray
    d: np.ndarray
    A: np.ndarray
    low: np.ndarray
    high: np.ndarray
    lb: np.ndarray
    ub: np.ndarray


class Sets(NamedTuple):
    """Where each variable and row stands, and the room to work in."""

    side: np.ndarray  # (N,) -1 at the lower bound, 1 at the upper, 0 free
    active: np.ndarray  # (M,) -1 at low, 1 at high, 2 an equation, 0 not active
    members: np.ndarray  # (N + M,) codes of what is free or active, in the order of the inverse
    used: np.ndarray  # (1,) how many of them
    inverse: np.ndarray  # (N + M, N + M), of which the first used rows and columns are used
    held: np.ndarray  # (N,) P times the held variables
    held_rows: np.ndarray  # (M,) A times the held variables
    limit: np.ndarray  # (M,) what an active row is equal to
    column: np.ndarray  # (N,) of P
    border: np.ndarray  # (N + M,)
    u: np.ndarray  # (N + M,) inverse times border
    sol: np.ndarray  # (2, N + M) members' values at t = 0, and their slopes; a row's is minus its multiplier
    z: np.ndarray  # (2, N) the bounds' multipliers likewise
    x: np.ndarray  # (N,) the last portfolio looked at
    y: np.ndarray  # (M,) and its rows' multipliers


@njit(cache=True, error_model="numpy")
def put_column(q: Programme, i: int, out: np.ndarray) -> None:
    """Write column i of the covariance."""
    N, K = q.B.shape
    # Loops, not slices: what numba makes of an array's assignment takes seconds to compile.
    if N == 0:
        for j in range(out.size):
            out[j] = q.P[i, j]
        return
    for j in range(N):
        total = 0.0
        for k in range(K):
            total += q.B[j, k] * q.B[i, k]
        out[j] = total
    out[i] += q.d[i]


@njit(cache=True, error_model="numpy")
def put_border(q: Programme, s: Sets, code: int) -> float:
    """Write what a code shares with the members; return its own diagonal entry."""
    N = q.d.size
    if code < N:
        put_column(q, code, s.column)
    for p in range(s.used[0]):
        j = s.members[p]
        if code >= N:
            s.border[p] = q.A[code - N, j] if j < N else 0.0
        else:
            s.border[p] = s.column[j] if j < N else q.A[j - N, code]
    return s.column[code] if code < N else 0.0


@njit(cache=True, error_model="numpy")
def rebuild(q: Programme, s: Sets) -> None:
    """Make the inverse anew; numba raises LinAlgError where there is none."""
    n = s.used[0]
    K = np.empty((n, n))
    for p in range(n):
        diagonal = put_border(q, s, s.members[p])
        for r in range(n):
            K[p, r] = s.border[r]
        K[p, p] = diagonal
    found = np.linalg.inv(K)
    for p in range(n):
        for r in range(n):
            s.inverse[p, r] = 0.5 * (found[p, r] + found[r, p])


@njit(cache=True, error_model="numpy")
def append(s: Sets, code: int, pivot: float) -> None:
    """Take a code in whose ``u`` and pivot are known."""
    n = s.used[0]
    for p in range(n):
        step = s.u[p] / pivot
        for r in range(n):
            s.inverse[p, r] += step * s.u[r]
        s.inverse[p, n] = -step
        s.inverse[n, p] = -step
    s.inverse[n, n] = 1.0 / pivot
    s.members[n] = code
    s.used[0] = n + 1


@njit(cache=True, error_model="numpy")
def remove(s: Sets, at: int) -> None:
    """Take the member at a place out; the last takes its place."""
    last = s.used[0] - 1
    for r in range(last + 1):
        s.inverse[at, r], s.inverse[last, r] = s.inverse[last, r], s.inverse[at, r]
    for p in range(last + 1):
        s.inverse[p, at], s.inverse[p, last] = s.inverse[p, last], s.inverse[p, at]
    s.members[at], s.members[last] = s.members[last], s.members[at]
    s.used[0] = last
    for p in range(last):
        step = s.inverse[p, last] / s.inverse[last, last]
        for r in range(last):
            s.inverse[p, r] -= step * s.inverse[last, r]


@njit(cache=True, error_model="numpy")
def hold(q: Programme, s: Sets, i: int, by: float) -> None:
    """Add so much of variable i to what the held variables give."""
    if by == 0.0:
        return
    put_column(q, i, s.column)
    for j in range(s.held.size):
        s.held[j] += by * s.column[j]
    for r in range(s.held_rows.size):
        s.held_rows[r] += by * q.A[r, i]


@njit(cache=True, error_model="numpy")
def place(s: Sets, code: int) -> int:
    """Return where a code stands among the members, or -1."""
    for p in range(s.used[0]):
        if s.members[p] == code:
            return p
    return -1


@njit(cache=True, error_model="numpy")
def start(q: Programme, side: np.ndarray, active: np.ndarray) -> Sets:
    """Set the books up for where each variable and row stands."""
    N, M = q.lb.size, q.low.size
    s = Sets(
        side, active, np.empty(N + M, np.int64), np.zeros(1, np.int64), np.empty((N + M, N + M)), np.zeros(N),
        np.zeros(M), q.low.copy(), np.empty(N), np.empty(N + M), np.empty(N + M),
        np.zeros((2, N + M)), np.empty((2, N)), np.empty(N), np.empty(M),
    )  # fmt: skip
    for i in range(N):
        if side[i] == 0:
            s.members[s.used[0]] = i
            s.used[0] += 1
        else:
            hold(q, s, i, q.ub[i] if side[i] == 1 else q.lb[i])
    for r in range(M):
        if active[r] == 1:
            s.limit[r] = q.high[r]
        if active[r] != 0:
            s.members[s.used[0]] = N + r
            s.used[0] += 1
    rebuild(q, s)
    return s
