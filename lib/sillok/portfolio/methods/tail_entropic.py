"""The least entropic value at risk on a polyhedron, by a primal-dual interior point on as many equations as weights.

minimise    F(w, t)
subject to  low <= A x <= high,  lb <= x <= ub,    x = (w, t, ...),  t >= 0
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sillok.errors import SolverError
from sillok.portfolio.methods.tail_entropy import Entropic, Mild, judge, settle_entropic
from sillok.portfolio.methods.tail_interior import row_step
from sillok.portfolio.methods.tail_region import Region, Sides, inside

__all__ = ["minimise_entropic"]

_STEPS = 100  # fifteen to thirty are usual
_TOL = 1e-12


@dataclass(slots=True)
class _Point:
    x: np.ndarray
    y: np.ndarray
    s: np.ndarray
    z: np.ndarray

    def moved(self, step: tuple[np.ndarray, ...], primal: float, dual: float) -> _Point:
        dx, dy, ds, dz = step
        return _Point(self.x + primal * dx, self.y + dual * dy, self.s + primal * ds, self.z + dual * dz)


class _System:
    """Value, slope and curvature of the problem at one point, and the Newton step from there."""

    def __init__(self, goal: Entropic, region: Region, sides: Sides, at: _Point) -> None:
        self.goal, self.sides, self.at = goal, sides, at
        self.Ae = region.A[sides.equal]
        N = goal.E.shape[1]
        self.N, self.t = N, float(at.x[N])
        self.slope, self.q, self.e = goal.slope(at.x)
        self.dual = self.slope - sides.back(at.z, len(at.x)) - at.y @ self.Ae
        self.primal = self.Ae @ at.x - region.low[sides.equal]
        self.slack = sides.times(at.x) - at.s - sides.h

    def merit(self, mu: float) -> float:
        """Return the norm of everything that should be zero."""
        parts = (self.dual, self.primal, self.slack, self.at.s * self.at.z - mu)
        return float(np.sqrt(sum(r @ r for r in parts)))

    def factorise(self) -> None:
        """Make the matrix of the step."""
        from scipy.linalg.lapack import dpotrf, dpotrs

        N, n = self.N, len(self.at.x)
        H = np.zeros((n, n))
        H[: N + 1, : N + 1] = self.goal.curvature(self.q, self.e, self.t)
        self.sides.add_curvature(H, self.at.z / self.at.s)
        self._C, wrong = dpotrf(H, lower=1, overwrite_a=1)
        if wrong:
            raise SolverError("the interior point broke off: the curvature is not positive", order=int(wrong))
        self._solve = dpotrs
        self._HA = dpotrs(self._C, self.Ae.T, lower=1)[0]
        self._S = self.Ae @ self._HA
        self._S[np.arange(len(self._S)), np.arange(len(self._S))] *= 1 + 1e-13

    def step(self, mu: float) -> tuple[np.ndarray, ...]:
        """Return dx, dy, ds, dz towards the centre of ``mu``."""
        at, sides = self.at, self.sides
        wish = mu - at.s * at.z
        right = -self.dual + sides.back((wish - at.z * self.slack) / at.s, len(at.x))
        first = self._solve(self._C, right, lower=1)[0]
        dy = row_step(self._S, -self.primal - self.Ae @ first)
        dx = first + self._HA @ dy
        ds = sides.times(dx) + self.slack
        return dx, dy, ds, (wish - at.z * ds) / at.s


def _room(at: _Point, step: tuple[np.ndarray, ...]) -> tuple[float, float]:
    """Return how far the primal and the dual part may go."""
    worst = [float((-d / v).max(initial=0.0)) for v, d in ((at.s, step[2]), (at.z, step[3]))]
    return min(1.0, 0.995 / max(worst[0], 1e-3)), min(1.0, 0.995 / max(worst[1], 1e-3))


def _follow(goal: Entropic, region: Region, sides: Sides, at: _Point) -> _System:
    pairs = max(len(at.s), 1)
    here = _System(goal, region, sides, at)
    for _ in range(_STEPS):
        at = here.at
        mu = float(at.s @ at.z) / pairs
        worst = max(float(np.abs(r).max(initial=0.0)) for r in (here.dual, here.primal, here.slack))
        if mu * pairs <= _TOL and worst <= 1e-11:
            break
        here.factorise()
        ahead = here.step(0.0)
        a, b = _room(at, ahead)
        left = float((at.s + a * ahead[2]) @ (at.z + b * ahead[3])) / pairs
        aim = max((left / mu) ** 3 * mu if mu > 0 else 0.0, 1e-2 * _TOL / pairs)
        step = here.step(aim)
        a, b = _room(at, step)
        before = here.merit(aim)
        for turn in range(30):
            there = _System(goal, region, sides, at.moved(step, a, b))
            if there.merit(aim) <= (1 - 0.01 * min(a, b)) * before:
                break
            # Two lengths first; one alone is what surely lessens the residuals.
            a = b = min(a, b) if turn == 0 else 0.5 * a
        else:
            break  # rounding is all that is left
        here = there
    return here


def minimise_entropic(goal: Entropic, region: Region, start: np.ndarray, *, centring: float) -> Mild:
    """Find the least entropic value at risk in ``region``, whose ``lb < ub`` and whose ``t`` has the bound 0.

    Losses should be of order one; ``centring`` is the gap to begin with, which bends the path where one start
    leads into a corner. The gap of the answer is measured, not assumed: whoever calls looks at it.

    Raises
    ------
    SolverError
        If the path breaks off at once: the region is empty or has no inside, or nothing bounds the objective.
    """
    sides = Sides.of(region)
    x = inside(region, start)
    s = sides.times(x) - sides.h
    bounded = len(sides.lower) + len(sides.upper)
    s[bounded:] = np.maximum(s[bounded:], 1e-2)
    with np.errstate(all="ignore"):
        at = _Point(x, np.zeros(int(sides.equal.sum())), s, np.full(len(s), centring / max(len(s), 1)) / s)
        end = _follow(goal, region, sides, at)
        broken = not np.isfinite(end.merit(0.0))
    if broken:
        raise SolverError("the interior point broke off")
    y, z = sides.prices(region, end.at.y, end.at.z)
    found = [judge(goal, region, end.at.x, end.q, y)]
    with np.errstate(all="ignore"):
        found += settle_entropic(goal, region, end.at.x, y, z)
    # Within the limits first; then the smaller gap, of which the last digits are rounding.
    return min(found, key=lambda m: (not m.violation <= 1e-14, max(m.gap, 1e-14)))
