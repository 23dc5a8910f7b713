"""Quadratic programmes along a ray, ``min 1/2 w'P w - (c0 + t c1)'w``: where a limit on risk, or the best ratio, is met.

For fixed active sets the answer is affine in ``t`` (Markowitz, 1956), so that a condition on it is solved in closed
form, the next ``t`` is tried from the same sets, and the search ends when they no longer change.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sillok.errors import SolverError
from sillok.portfolio.methods.active_set import Answer, active_set
from sillok.portfolio.methods.forms import Form
from sillok.portfolio.methods.program import Program, System

__all__ = ["Met", "Ray", "best_ratio", "meet"]

# Each step either halves the bracket or ends; sets change a few times before.
_LONGEST = 80
# A risk met to this part of itself is met: weights then err by less than a rounding of their own.
_MET = 1e-14
# The ratio is flat where it is greatest: a step this small changes it by the square.
_SAME = 1e-10


class Ray(NamedTuple):
    """The arrays of the programmes, in the manner of :func:`active_set`."""

    form: Form
    c0: np.ndarray  # (N,)
    c1: np.ndarray  # (N,)
    A: np.ndarray
    low: np.ndarray
    high: np.ndarray
    lb: np.ndarray
    ub: np.ndarray

    def at(self, t: float, start: Answer | None = None) -> Answer:
        """Solve the programme at ``t``."""
        q = -(self.c0 + t * self.c1)
        return active_set(
            self.form, q, self.A, self.low, self.high, self.lb, self.ub, start=start and start.state
        )

    def slope(self, answer: Answer) -> np.ndarray | None:
        """Return ``dw / dt`` on the answer's sets, None where they leave it open."""
        program = Program.of(self.form, -self.c0, self.A, self.low, self.high, self.lb, self.ub)
        system = System.of(program, answer.state)
        if system is None:
            return None
        dw = np.zeros(len(self.lb))
        dw[system.free], _ = system.solve(self.c1[system.free], np.zeros(len(system.held)))
        return dw


class Met(NamedTuple):
    """Where the condition is met."""

    t: float
    answer: Answer


def _inside(t: float, below: float, above: float) -> float:
    """Return ``t`` if it lies strictly inside the bracket, else a point that shrinks it."""
    if below < t < above:
        return t
    return 2 * max(below, 1e-300) if np.isinf(above) else 0.5 * (below + above)


def meet(ray: Ray, centre: np.ndarray, limit: float, first: Met, *, below: float, above: float) -> Met:
    """Find ``t`` in [below, above] with ``(w - centre)' P (w - centre) = limit``, which does not fall along ``t``.

    Raises
    ------
    SolverError
        If the search does not end.
    """
    t, answer = first
    for _ in range(_LONGEST):
        off = answer.x - centre
        risk = ray.form.product(off)
        found = float(off @ risk)
        if abs(found - limit) <= _MET * limit:
            return Met(t, answer)
        below, above = (t, above) if found < limit else (below, t)
        if np.isfinite(above) and above - below <= 1e-15 * above:
            return Met(t, answer)
        step = _quadratic_step(ray, answer, risk, found - limit)
        if abs(step) <= _MET * t:
            return Met(t, answer)
        after = _inside(t + step, below, above)
        t, answer = after, ray.at(after, answer)
    raise SolverError(f"the risk limit was not met in {_LONGEST} steps along the frontier; check its scale")


def _quadratic_step(ray: Ray, answer: Answer, risk: np.ndarray, excess: float) -> float:
    """Solve ``a s^2 + 2 b s + excess = 0`` for the step on the answer's sets; NaN where there is none."""
    dw = ray.slope(answer)
    if dw is None:
        return float("nan")
    a, b = float(dw @ ray.form.product(dw)), float(dw @ risk)
    root = b * b - a * excess
    if root < 0:
        return float("nan")
    # The branch on which risk rises with t, in the form that does not cancel.
    under = b + np.sqrt(root)
    return -excess / under if under > 0 else float("nan")


def best_ratio(ray: Ray, first: Met) -> Met:
    """Find ``t`` at which ``c1'w / sqrt(w'P w)`` is greatest; there ``t c1'w = w'P w``.

    Raises
    ------
    SolverError
        If the search does not end, or the ratio has no greatest value.
    """
    t, answer = first
    below, above = 0.0, np.inf
    for _ in range(_LONGEST):
        w = answer.x
        Pw = ray.form.product(w)
        earned, V = float(ray.c1 @ w), float(w @ Pw)
        left = t * earned - V
        if abs(left) <= 1e-13 * V:
            return Met(t, answer)
        below, above = (t, above) if left < 0 else (below, t)
        if np.isfinite(above) and above - below <= 1e-15 * above:
            return Met(t, answer)
        best = _ratio_tangent(ray, answer, t)
        if abs(best - t) <= _SAME * t:
            return Met(t, answer)
        after = _inside(best, below, above)
        if not after < 1e290:
            break
        t, answer = after, ray.at(after, answer)
    raise SolverError("the greatest ratio was not found along the frontier; check the scale of mu and Sigma")


def _ratio_tangent(ray: Ray, answer: Answer, t: float) -> float:
    """Return where ``t c1'w = w'P w`` on the answer's sets, on which ``w = a + t v``; NaN where nowhere."""
    v = ray.slope(answer)
    if v is None:
        return float("nan")
    a = answer.x - t * v
    Pa = ray.form.product(a)
    # v'P v = c1'v on fixed sets, so that the squares of t cancel.
    under = float(ray.c1 @ a) - 2 * float(v @ Pa)
    return float(a @ Pa) / under if under > 0 else float("nan")
