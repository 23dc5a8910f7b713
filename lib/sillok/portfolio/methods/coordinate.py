"""Risk budgets by cyclical coordinate descent (Griveau-Billion, Richard and Roncalli, 2013), on arrays.

    minimise  1/2 x' P x - sum_i b_i ln x_i     over x > 0

At its minimum ``x_i (P x)_i = b_i``: the risk is shared out as budgeted, and only the scale of x is left open.
One coordinate's minimum is the root of a quadratic. Between sweeps x is scaled to the best point on its ray,
which takes out the slowest error, the common one. Where the descent is slow, Newton's method ends it: the
function is self-concordant, so damped steps converge from anywhere (Spinu, 2013).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import float64, int64, njit, types
from scipy.linalg import cho_factor, cho_solve

from sillok.errors import SolverError
from sillok.portfolio.methods.forms import DenseForm, FactorForm

__all__ = ["Budgeted", "budget_risk"]

_TOL = 1e-9  # of each budget: what "exact" means here
_SWEEPS = 60  # by then a covariance of ordinary stocks is done five times over
_STEPS = 100  # of Newton
_GAIN, _FIRST = 0.6, 2  # the part of the miss that a step for all at once may leave, but for the first ones
_CLOSE = 0.5  # the miss from which a secant is worth drawing
_SMALL = 128  # rows whose products are quicker whole than by halves: the cache next to the core holds them
_NEAR = 0.25  # a step that changes no coordinate by more than this part of it is taken whole

# Frames lend read-only arrays. Told so beforehand, one compiled function takes them and others without a copy.
_MATRIX = types.Array(float64, 2, "C", readonly=True)
_VECTOR = types.Array(float64, 1, "C", readonly=True)
_FOUND = types.Tuple((float64[::1], float64, float64, int64))  # type: ignore[no-untyped-call]


class Budgeted(NamedTuple):
    """The answer: ``x_i (P x)_i`` is ``budgets_i`` of ``x' P x``."""

    x: np.ndarray  # (N,), positive, adding up to one
    variance: float  # x' P x
    gap: float  # the largest miss of a budget, as a part of it
    sweeps: int  # of coordinates


@njit(cache=True, error_model="numpy")
def _root(p: float, slope: float, x: float, b: float) -> float:
    """Return the positive root of ``p y^2 + (slope - p x) y = b``, without cancellation."""
    a = slope - p * x
    far = np.sqrt(a * a + 4.0 * p * b) + abs(a)
    return (2.0 * b if a > 0.0 else far) / (far if a > 0.0 else 2.0 * p)


# Sums may be taken in another order, as a BLAS takes them; the answer proves itself by its own products.
@njit(cache=True, error_model="numpy", fastmath={"reassoc", "contract"})
def _product(P: np.ndarray, x: np.ndarray, g: np.ndarray) -> None:
    """Put ``P x`` in ``g``; where P is large, reading each number below the diagonal once, two rows at a time."""
    N = x.size
    if N <= _SMALL:
        for i in range(N):
            total = 0.0
            for j in range(N):
                total += P[i, j] * x[j]
            g[i] = total
        return
    g[:] = 0.0
    for i in range(0, N - 1, 2):
        p, q = P[i], P[i + 1]
        one = other = 0.0
        for j in range(i):
            one += p[j] * x[j]
            other += q[j] * x[j]
            g[j] += p[j] * x[i] + q[j] * x[i + 1]
        g[i] += one + p[i] * x[i] + q[i] * x[i + 1]
        g[i + 1] += other + q[i] * x[i] + q[i + 1] * x[i + 1]
    if N % 2:
        g[-1] += np.dot(P[-1, :-1], x[:-1]) + P[-1, -1] * x[-1]
        for j in range(N - 1):
            g[j] += P[-1, j] * x[-1]


@njit(cache=True, error_model="numpy", fastmath={"reassoc", "contract"})
def _rescale(x: np.ndarray, g: np.ndarray, b: np.ndarray, off: np.ndarray) -> float:
    """Bring x' P x to one, the best point of its ray; put the misses of the budgets, as parts of them, in ``off``.

    Returns the largest of them, or NaN where ``x' P x`` is not positive or no number.
    """
    variance = 0.0
    for i in range(x.size):
        variance += x[i] * g[i]
    if not 0.0 < variance < np.inf:
        return np.nan
    scale = 1.0 / np.sqrt(variance)
    miss = 0.0
    for i in range(x.size):
        x[i] *= scale
        g[i] *= scale
        off[i] = x[i] * g[i] / b[i] - 1.0
        miss = max(miss, abs(off[i]))
    return miss


@njit(cache=True, error_model="numpy")
def _whole(x: np.ndarray) -> float:
    """Divide x, whose x' P x is one, by its sum; return what x' P x is then."""
    total = 0.0
    for i in range(x.size):
        total += x[i]
    for i in range(x.size):
        x[i] /= total
    return 1.0 / (total * total)


@njit(cache=True, error_model="numpy", fastmath={"reassoc", "contract"})
def _secant(b: np.ndarray, off: np.ndarray, before: np.ndarray) -> float:
    """Return how much of the last step to take back: Anderson's acceleration of depth one (Walker and Ni, 2011)."""
    along, square = 0.0, 0.0
    for i in range(b.size):
        change = off[i] - before[i]
        along += b[i] * change * off[i]
        square += b[i] * change * change
    return along / square if square > 0.0 else 0.0


@njit(_FOUND(_MATRIX, _VECTOR, float64, int64), cache=True, error_model="numpy")
def _dense(P: np.ndarray, b: np.ndarray, tol: float, most: int) -> tuple[np.ndarray, float, float, int]:
    N = b.size
    p, x, g, off, before = np.empty(N), np.empty(N), np.empty(N), np.empty(N), np.empty(N)
    aim, last_aim = np.empty(N), np.empty(N)
    for i in range(N):
        p[i] = P[i, i]
        x[i] = np.sqrt(b[i] / p[i])
    sweep, miss, together, near = 0, np.inf, True, False
    while True:
        if together:
            _product(P, x, g)
        last, miss = miss, _rescale(x, g, b, off)
        if not miss > tol or sweep == most:
            break
        sweep += 1
        together = together and (miss < _GAIN * last or sweep <= _FIRST)
        if together:
            # All at once: half the work of a sweep, and as good as long as the issues' own risk is not all of it.
            for i in range(N):
                aim[i] = _root(p[i], g[i], x[i], b[i])
            back = _secant(b, off, before) if near else 0.0
            for i in range(N):
                x[i] = max(aim[i] - back * (aim[i] - last_aim[i]), 0.5 * aim[i]) if back else aim[i]
            near = miss < _CLOSE
            off, before, aim, last_aim = before, off, last_aim, aim
        else:
            for i in range(N):
                step = _root(P[i, i], g[i], x[i], b[i]) - x[i]
                x[i] += step
                for j in range(N):
                    g[j] += P[i, j] * step
    return x, _whole(x), miss, sweep


@njit(_FOUND(_MATRIX, _VECTOR, _VECTOR, float64, int64), cache=True, error_model="numpy")
def _factors(
    B: np.ndarray, d: np.ndarray, b: np.ndarray, tol: float, most: int
) -> tuple[np.ndarray, float, float, int]:
    N, K = B.shape
    x, g, off, f, diagonal = np.empty(N), np.empty(N), np.empty(N), np.empty(K), np.empty(N)
    for i in range(N):
        diagonal[i] = d[i]
        for k in range(K):
            diagonal[i] += B[i, k] * B[i, k]
        x[i] = np.sqrt(b[i] / diagonal[i])
    sweep, miss = 0, np.inf
    while True:
        f[:] = 0.0
        for i in range(N):
            for k in range(K):
                f[k] += B[i, k] * x[i]
        for i in range(N):
            g[i] = d[i] * x[i]
            for k in range(K):
                g[i] += B[i, k] * f[k]
        scale = 1.0 / np.sqrt(np.dot(x, g))
        miss = _rescale(x, g, b, off)
        if not miss > tol or sweep == most:
            break
        sweep += 1
        f *= scale
        for i in range(N):
            slope = d[i] * x[i]
            for k in range(K):
                slope += B[i, k] * f[k]
            step = _root(diagonal[i], slope, x[i], b[i]) - x[i]
            x[i] += step
            for k in range(K):
                f[k] += B[i, k] * step
    return x, _whole(x), miss, sweep


def budget_risk(form: DenseForm | FactorForm, budgets: np.ndarray) -> Budgeted:
    """Find the x whose parts of ``x' P x`` are ``budgets``.

    Parameters
    ----------
    form
        The positive semidefinite (N, N) ``P`` with a positive diagonal.
    budgets
        (N,), positive, adding up to one.

    Raises
    ------
    SolverError
        If there is none: some mix of variables has no risk at all, or ``P`` is not positive semidefinite.
    """
    if isinstance(form, FactorForm):
        found = _factors(form.B, form.d, budgets, _TOL, _SWEEPS)
    else:
        found = _dense(form.P, budgets, _TOL, _SWEEPS)
    return Budgeted(*found) if found[2] <= _TOL else _newton(form, budgets, found[0])


def _newton(form: DenseForm | FactorForm, b: np.ndarray, x: np.ndarray) -> Budgeted:
    """Minimise by damped Newton steps from where the descent stands."""
    P = form.P if isinstance(form, DenseForm) else form.B @ form.B.T + np.diag(form.d)
    if not np.isfinite(x).all():
        x = np.sqrt(b / form.diagonal)
    best, miss = x, np.inf
    for _ in range(_STEPS):
        variance = float(x @ (P @ x))
        if not variance > 0:
            break
        x = x / math.sqrt(variance)
        slope = P @ x
        now = float(np.max(np.abs(x * slope - b) / b))
        if now < miss:
            best, miss = x, now
        elif miss <= _TOL:
            break
        # In y = step / x the Hessian's least eigenvalue is the least budget, whatever the units of x.
        H = P * np.outer(x, x)
        H[np.diag_indices(len(b))] += b
        try:
            y = cho_solve(cho_factor(H), b - x * slope)
        except np.linalg.LinAlgError:
            break
        # Spinu's damping: no coordinate loses more than its whole.
        x = x * (1.0 + y / (1.0 + float(np.abs(y).max()) if np.abs(y).max() > _NEAR else 1.0))
    if not miss <= _TOL:
        raise SolverError(
            f"no portfolio shares its risk out as budgeted (the nearest misses a budget by {miss:.3g} of it): some "
            "mix of the issues has next to no risk; drop one of those that cancel each other"
        )
    total = best.sum()
    return Budgeted(best / total, 1.0 / total**2, miss, _SWEEPS)
