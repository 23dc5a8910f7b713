"""A sum of hinges on a polyhedron, by a primal-dual interior point on as many equations as there are variables.

    minimise    c'x + sum_t k_t max(0, e_t' x + b_t)
    subject to  low <= A x <= high,  lb <= x <= ub

The dual has one ``q_t`` in ``[0, k_t]`` a hinge, so that a step solves ``E'DE`` alone, of the size of ``x``, however
many scenarios there are: the Frisch-Newton method of quantile regression (Portnoy and Koenker, 1997).
Scenarios that are surely above or below their kink weigh nothing in it and are left out of the product, which is
what their preprocessing is after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sillok.errors import SolverError
from sillok.portfolio.methods.tail_region import Region, Sides, inside

__all__ = ["Hinges", "Point", "follow_path", "row_step"]

_STEPS = 80  # twenty are usual
# The relative gap at which the path ends: the kinks are told apart by then, and the last digits are not its work.
_TOL = 1e-9
_NEARLY = 1e-3  # no point before this gap is worth keeping
# Where the path starts: the product of each complementary pair, in units of a hinge's mean worth.
_START = 0.1
# Scenarios of less than this part of the mean weight are left out of a step's matrix, never out of its residuals:
# the step bends by a thousandth (less as the gap closes), the point it aims at stays.
_LIGHT = 1e-3


class Hinges(NamedTuple):
    """``c'x + sum_t k_t max(0, E_t x[:m] + b_t)``."""

    E: np.ndarray  # (T, m): the first m variables alone meet the scenarios
    b: np.ndarray  # (T,)
    k: np.ndarray  # (T,) > 0
    c: np.ndarray  # (n,), n >= m

    def value(self, x: np.ndarray) -> float:
        """Return the objective at ``x``."""
        return float(self.c @ x + self.k @ np.maximum(self.E @ x[: self.E.shape[1]] + self.b, 0.0))

    def slope(self, q: np.ndarray) -> np.ndarray:
        """Return ``c + E'q``: the objective is at least ``slope'x + b'q`` for every ``0 <= q <= k``."""
        found = self.c.copy()
        found[: self.E.shape[1]] += q @ self.E
        return found


class Point(NamedTuple):
    """Where the path ended; ``slope(q) = A'y + z`` nearly, ``y`` and ``z`` positive where a low end holds."""

    x: np.ndarray
    q: np.ndarray  # (T,)
    y: np.ndarray  # (M,)
    z: np.ndarray  # (n,)
    steps: int


@dataclass(slots=True)
class _Path:
    """One point on the way: ``E x + b = u - v``, ``u (k - q) = v q = s z = mu``."""

    E: np.ndarray
    k: np.ndarray
    c: np.ndarray
    x: np.ndarray
    e: np.ndarray
    u: np.ndarray
    v: np.ndarray
    q: np.ndarray
    y: np.ndarray
    s: np.ndarray
    z: np.ndarray


def _centre(e: np.ndarray, k: np.ndarray, mu: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return u, v and q with ``u - v = e`` and ``u (k - q) = v q = mu``."""
    root = np.hypot(2 * mu, e * k)
    far = 2 * mu * k / (2 * mu + np.abs(e) * k + root)  # the distance of q from its nearer end
    q = np.where(e > 0, k - far, far)
    return mu / np.where(e > 0, far, k - far), mu / q, q


def _begin(hinges: Hinges, region: Region, sides: Sides, x: np.ndarray) -> _Path:
    E, b, k, c = hinges
    mu = _START * float(k.mean())
    e = E @ x[: E.shape[1]] + b
    u, v, q = _centre(e, k, mu)
    s = sides.times(x) - sides.h
    # Slacks of rows that x does not meet begin positive and out of step; the first steps close them.
    bounds = len(sides.lower) + len(sides.upper)
    s[bounds:] = np.maximum(s[bounds:], 1e-2)
    y = np.zeros(int(sides.equal.sum()))
    return _Path(E, k, c.copy(), x, e, u, v, q, y, s, mu / s)


def _gram(E: np.ndarray, D: np.ndarray, gap: float) -> np.ndarray:
    """Return ``E'DE`` without the rows that carry next to nothing: ever more, as the kink's place becomes clear."""
    least = _LIGHT * min(1.0, gap) * D.mean()
    heavy = np.flatnonzero(least < D)
    if len(heavy) < 0.8 * len(D):
        E, D = E[heavy], D[heavy]
        E *= np.sqrt(D)[:, None]
    else:
        E = E * np.sqrt(D)[:, None]
    return E.T @ E


def row_step(S: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Return the step of the rows' multipliers, ``S^-1 r``: no number where there is none, which ends a path."""
    if not len(S):
        return np.zeros(0)
    try:
        return np.linalg.solve(S, r)
    except np.linalg.LinAlgError:
        return np.full(len(S), np.nan)


class _Newton:
    """The equations of one step, factorised once and solved twice (Mehrotra, 1992)."""

    def __init__(self, path: _Path, region: Region, sides: Sides, gap: float) -> None:
        from scipy.linalg.lapack import dpotrf, dpotrs

        self._path, self._sides, self._solve = path, sides, dpotrs
        n, m = len(path.x), path.E.shape[1]
        self._p = path.k - path.q
        Ae = region.A[sides.equal]
        self.dual = path.c - sides.back(path.z, n) - path.y @ Ae
        self.dual[:m] += path.q @ path.E
        self.primal = Ae @ path.x - region.low[sides.equal]
        self.slack = sides.times(path.x) - path.s - sides.h
        self.D = 1.0 / (path.u / self._p + path.v / path.q)
        H = np.zeros((n, n))
        H[:m, :m] = _gram(path.E, self.D, gap)
        sides.add_curvature(H, path.z / path.s)
        self._C, wrong = dpotrf(H, lower=1, overwrite_a=1)
        self.failed = bool(wrong)
        if self.failed:
            return
        self._HA = dpotrs(self._C, Ae.T, lower=1)[0]
        S = Ae @ self._HA
        S[np.arange(len(S)), np.arange(len(S))] *= 1 + 1e-13  # rows that say the same twice
        self._S, self._Ae = S, Ae

    def step(self, r1: np.ndarray, r2: np.ndarray, rc: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return dx, de, dy, dq, du, dv, ds, dz for the wished changes of the three products."""
        path, sides, p = self._path, self._sides, self._p
        m = path.E.shape[1]
        g = path.e - path.u + path.v - r1 / p + r2 / path.q
        right = -self.dual + sides.back((rc - path.z * self.slack) / path.s, len(path.x))
        right[:m] -= (self.D * g) @ path.E
        t = self._solve(self._C, right, lower=1)[0]
        dy = row_step(self._S, -self.primal - self._Ae @ t)
        dx = t + self._HA @ dy
        de = path.E @ dx[:m]
        dq = self.D * (de + g)
        ds = sides.times(dx) + self.slack
        dz = (rc - path.z * ds) / path.s
        return dx, de, dy, dq, (r1 + path.u * dq) / p, (r2 - path.v * dq) / path.q, ds, dz

    def lengths(self, step: tuple[np.ndarray, ...]) -> tuple[float, float]:
        """Return how far the primal and the dual part may go before something turns negative, at most 1."""
        path = self._path
        _, _, _, dq, du, dv, ds, dz = step
        primal = max(
            (-du / path.u).max(initial=0), (-dv / path.v).max(initial=0), (-ds / path.s).max(initial=0)
        )
        dual = max(
            (-dq / path.q).max(initial=0), (dq / self._p).max(initial=0), (-dz / path.z).max(initial=0)
        )
        return 1 / max(1.0, primal), 1 / max(1.0, dual)


def _advance(path: _Path, step: tuple[np.ndarray, ...], primal: float, dual: float) -> None:
    dx, de, dy, dq, du, dv, ds, dz = step
    path.x = path.x + primal * dx
    path.e += primal * de
    path.u += primal * du
    path.v += primal * dv
    path.s += primal * ds
    path.q += dual * dq
    path.y = path.y + dual * dy
    path.z += dual * dz


def _short_of_end(length: float) -> float:
    return length if length == 1.0 else 0.995 * length


def _move(path: _Path, newton: _Newton, gap: float, pairs: int) -> None:
    """Go one step: look ahead without centring, then centre as much as that showed to be needed."""
    u, v, q, s, z, p = path.u, path.v, path.q, path.s, path.z, path.k - path.q
    ahead = newton.step(-u * p, -v * q, -s * z)
    _, _, _, dq, du, dv, ds, dz = ahead
    a, b = newton.lengths(ahead)
    left = (u + a * du) @ (p - b * dq) + (v + a * dv) @ (q + b * dq) + (s + a * ds) @ (z + b * dz)
    mu = float((left / gap) ** 3 * gap / pairs)
    step = newton.step(mu - u * p + du * dq, mu - v * q - dv * dq, mu - s * z - ds * dz)
    a, b = newton.lengths(step)
    _advance(path, step, _short_of_end(a), _short_of_end(b))


def follow_path(hinges: Hinges, region: Region, start: np.ndarray) -> Point:
    """Follow the central path from near ``start`` (n,), which need not lie in the region, to its end.

    The objective should be of order one. Where the path breaks off (an empty region, one without an inside, an
    objective without a bound) the best point is returned: its gap tells.

    Raises
    ------
    SolverError
        If not even the first step can be made.
    """
    sides = Sides.of(region)
    path = _begin(hinges, region, sides, inside(region, start))
    best, point = np.inf, None
    with np.errstate(all="ignore"):
        for steps in range(_STEPS):
            gap = float(path.u @ (path.k - path.q) + path.v @ path.q + path.s @ path.z)
            newton = _Newton(path, region, sides, gap)
            worst = max(float(np.abs(r).max(initial=0.0)) for r in (newton.dual, newton.primal, newton.slack))
            if newton.failed or not np.isfinite(gap + worst):
                break
            size = max(abs(float(path.c @ path.x + path.k @ np.maximum(path.e, 0.0))), 1e-3)
            if gap / size + worst < best and gap <= _NEARLY * size:
                best, point = gap / size + worst, _read(path, region, sides, steps)
            if gap <= _TOL * size:
                break
            _move(path, newton, gap, 2 * len(path.k) + len(path.s))
    if point is None:
        raise SolverError("the interior point broke off before it came near its end", steps=steps)
    return point


def _read(path: _Path, region: Region, sides: Sides, steps: int) -> Point:
    y, z = sides.prices(region, path.y, path.z)
    return Point(path.x, path.q.copy(), y, z, steps)
