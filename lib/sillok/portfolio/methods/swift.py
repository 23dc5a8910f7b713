"""Big steps on a factor form with equality rows, compiled: the whole search in some tenths of a millisecond.

What :mod:`~sillok.portfolio.methods.pivot` does, for the commonest of programmes: ``P = B B' + diag(d)`` with each
``d`` positive, the rows equalities. Where it does not settle, nothing is lost: the general way begins anew.
"""

from __future__ import annotations

import numpy as np
from numba import njit, types

__all__ = ["swift"]


@njit(cache=True)
def _factorise(H: np.ndarray) -> bool:
    """Overwrite the lower triangle of ``H`` by its Cholesky factor; False where it is not definite."""
    for j in range(len(H)):
        for k in range(j):
            H[j, j] -= H[j, k] * H[j, k]
        if not H[j, j] > 0:
            return False
        H[j, j] = np.sqrt(H[j, j])
        for i in range(j + 1, len(H)):
            for k in range(j):
                H[i, j] -= H[i, k] * H[j, k]
            H[i, j] /= H[j, j]
    return True


@njit(cache=True)
def _substitute(L: np.ndarray, b: np.ndarray) -> None:
    """Overwrite ``b`` by ``(L L')^-1 b``."""
    for i in range(len(b)):
        for k in range(i):
            b[i] -= L[i, k] * b[k]
        b[i] /= L[i, i]
    for i in range(len(b) - 1, -1, -1):
        for k in range(i + 1, len(b)):
            b[i] -= L[k, i] * b[k]
        b[i] /= L[i, i]


# Sums may be taken in another order, as a BLAS takes them; the answer is certified afterwards.
@njit(cache=True, fastmath={"reassoc", "contract"})
def _inverse(B: np.ndarray, d: np.ndarray, free: np.ndarray, L: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Return ``(B_F B_F' + D_F)^-1 r`` by Woodbury's identity, ``L`` the factor of ``I + B_F' D_F^-1 B_F``."""
    inner = np.zeros(B.shape[1])
    for i, j in enumerate(free):
        part = r[i] / d[j]
        for k in range(len(inner)):
            inner[k] += B[j, k] * part
    _substitute(L, inner)
    out = np.empty(len(free))
    for i, j in enumerate(free):
        total = r[i]
        for k in range(len(inner)):
            total -= B[j, k] * inner[k]
        out[i] = total / d[j]
    return out


@njit(cache=True)
def _blocks(
    B: np.ndarray, d: np.ndarray, A: np.ndarray, free: np.ndarray
) -> tuple[bool, np.ndarray, np.ndarray, np.ndarray]:
    """Return whether all is definite, the factor of Woodbury's inner matrix, ``G = H^-1 A_F'`` and the factor of its rows."""
    K, M = B.shape[1], A.shape[0]
    L = np.eye(K)
    for j in free:
        for a in range(K):
            part = B[j, a] / d[j]
            for b in range(a + 1):
                L[a, b] += part * B[j, b]
    G, S = np.zeros((M, len(free))), np.zeros((M, M))
    if len(free) == 0 or not _factorise(L):
        return False, L, G, S
    for m in range(M):
        G[m] = _inverse(B, d, free, L, A[m][free])
    for m in range(M):
        for n in range(M):
            for i, j in enumerate(free):
                S[m, n] += A[m, j] * G[n, i]
    largest = 0.0
    for m in range(M):
        largest = max(largest, S[m, m])
    before = np.diag(S).copy()
    fine = _factorise(S)
    for m in range(M):
        # Rows that depend on one another on the free variables want the lift of the general way.
        fine = fine and S[m, m] ** 2 > 1e-9 * before[m] and before[m] > 1e-9 * largest
    return fine, L, G, S


@njit(cache=True)
def _correct(  # noqa: PLR0917 - compiled code takes no bag of options
    B: np.ndarray,
    d: np.ndarray,
    A: np.ndarray,
    free: np.ndarray,
    blocks: tuple[bool, np.ndarray, np.ndarray, np.ndarray],
    r: np.ndarray,
    s: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
) -> None:
    """Add to ``x`` and ``y`` what takes the residuals ``r`` of the free gradients and ``s`` of the rows away."""
    _, L, G, S = blocks
    u = _inverse(B, d, free, L, r)
    dy = s.copy()
    for m in range(len(dy)):
        for i, j in enumerate(free):
            dy[m] -= A[m, j] * u[i]
    _substitute(S, dy)
    for i, j in enumerate(free):
        x[j] += u[i]
        for m in range(len(dy)):
            x[j] += G[m, i] * dy[m]
    for m in range(len(dy)):
        y[m] += dy[m]


@njit(cache=True, fastmath={"reassoc", "contract"})
def _gradient(B: np.ndarray, d: np.ndarray, q: np.ndarray, x: np.ndarray) -> np.ndarray:
    inner, rests = np.zeros(B.shape[1]), True
    for j in range(len(x)):
        if x[j] != 0.0:
            rests = False
            for k in range(len(inner)):
                inner[k] += B[j, k] * x[j]
    if rests:
        return q.copy()
    g = np.empty(len(x))
    for j in range(len(x)):
        total = 0.0
        for k in range(len(inner)):
            total += B[j, k] * inner[k]
        g[j] = total + d[j] * x[j] + q[j]
    return g


@njit(cache=True)
def _residual(  # noqa: PLR0917 - compiled code takes no bag of options
    A: np.ndarray, end: np.ndarray, free: np.ndarray, x: np.ndarray, y: np.ndarray, g: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r, s = -g[free], end.copy()
    for m in range(len(y)):
        for i, j in enumerate(free):
            r[i] += y[m] * A[m, j]
        for j in range(len(x)):
            s[m] -= A[m, j] * x[j]
    return r, s


@njit(cache=True)
def _exchange(  # noqa: PLR0917 - compiled code takes no bag of options
    A: np.ndarray,
    lb: np.ndarray,
    ub: np.ndarray,
    side: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    g: np.ndarray,
    steepest: float,
    fewest: int,
) -> int:
    """Change ``side`` where a sign is wrong; return how many changes that are."""
    N, free = len(x), 0
    x_tol, z_tol = 1e-13, 1e-13 * steepest
    for j in range(N):
        free += side[j] == 0
        x_tol, z_tol = max(x_tol, 1e-13 * abs(x[j])), max(z_tol, 1e-13 * abs(g[j]))
    wrong, loosed = np.zeros(N), 0
    for j in range(N):
        if side[j] != 0 and lb[j] < ub[j]:
            z = g[j]
            for m in range(len(y)):
                z -= y[m] * A[m, j]
            wrong[j] = side[j] * z
            loosed += wrong[j] > z_tol
    bar, most = z_tol, max(fewest, free)
    if loosed > most:
        bar = np.partition(wrong, N - most - 1)[N - most - 1]
    changes = 0
    for j in range(N):
        if side[j] == 0:
            if x[j] < lb[j] - x_tol:
                side[j] = -1
                changes += 1
            elif x[j] > ub[j] + x_tol:
                side[j] = 1
                changes += 1
        elif wrong[j] > bar:
            side[j] = 0
            changes += 1
    return changes


_VECTOR = types.Array(types.float64, 1, "C", readonly=True)
_MATRIX = types.Array(types.float64, 2, "C", readonly=True)
_FOUND = types.Tuple((types.int64, types.float64[::1], types.float64[::1], types.float64[::1]))  # type: ignore[no-untyped-call]


# One signature, for arrays that pandas will not have written to and for others alike.
@njit(
    _FOUND(
        _MATRIX,
        _VECTOR,
        _VECTOR,
        _MATRIX,
        _VECTOR,
        _VECTOR,
        _VECTOR,
        types.int8[::1],
        types.int64,
        types.int64,
    ),
    cache=True,
)
def swift(  # noqa: PLR0917 - compiled code takes no bag of options
    B: np.ndarray,
    d: np.ndarray,
    q: np.ndarray,
    A: np.ndarray,
    end: np.ndarray,
    lb: np.ndarray,
    ub: np.ndarray,
    side: np.ndarray,
    longest: int,
    fewest: int,
) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """Return the steps taken, zero if they did not settle, the point, the rows' multipliers, and the gradient.

    ``side`` is the guess of the sets, and holds the last ones in the end.
    """
    N = len(q)
    x, y, g = np.zeros(N), np.zeros(len(end)), q.copy()
    steepest = np.abs(q).max()
    for step in range(1, longest + 1):
        for j in range(N):
            x[j] = lb[j] if side[j] < 0 else ub[j] if side[j] > 0 else 0.0
        free = np.flatnonzero(side == 0)
        blocks = _blocks(B, d, A, free)
        if not blocks[0]:
            return 0, x, y, g
        y[:] = 0.0
        g = _gradient(B, d, q, x)
        r, s = _residual(A, end, free, x, y, g)
        _correct(B, d, A, free, blocks, r, s, x, y)
        g = _gradient(B, d, q, x)
        if _exchange(A, lb, ub, side, x, y, g, steepest, fewest) == 0:
            r, s = _residual(A, end, free, x, y, g)
            _correct(B, d, A, free, blocks, r, s, x, y)
            g = _gradient(B, d, q, x)
            if _exchange(A, lb, ub, side, x, y, g, steepest, fewest) == 0:
                return step, x, y, g
    return 0, x, y, g
