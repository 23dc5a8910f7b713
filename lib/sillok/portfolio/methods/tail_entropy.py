"""The entropic value at risk: its value, slope and curvature, what proves it least, and the last digits of it.

    F(w, t) = t log sum_i p_i exp((e_i'w + b_i) / t) + t limit,    t >= 0,    limit = -log(1 - level)

(Ahmadi-Javid, 2012, definition 3.1, with t in the place of 1 / z.) Its dual is the worst mean loss over all
probabilities ``q`` of a relative entropy of at most ``limit`` to ``p`` (his theorem 3.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sillok.portfolio.methods.tail_region import Region, ends, held, violation

__all__ = ["Entropic", "Mild", "judge", "settle_entropic"]

_SMALL = 1e-300  # a probability that rounds to nothing
# Scenarios of less than this part of the likeliest leave the curvature, never the slope.
_LIGHT = 1e-9
_DIGITS = 8  # Newton's method doubles the digits each time


@dataclass(frozen=True, slots=True)
class Entropic:
    """``F`` over the first N variables, the losses ``E w + b``, and the next one, ``t``."""

    E: np.ndarray  # (T, N)
    b: np.ndarray  # (T,)
    p: np.ndarray  # (T,) > 0
    limit: float  # -log(1 - level) > 0

    def tilt(self, e: np.ndarray, t: float) -> tuple[np.ndarray, float]:
        """Return the probabilities in proportion to ``p exp(e / t)``, and ``log sum p exp(e / t)``."""
        top = float(e.max())
        grown = self.p * np.exp((e - top) / t)
        total = float(grown.sum())
        return grown / total, top / t + float(np.log(total))

    def value(self, x: np.ndarray) -> float:
        """Return F at ``x``; at t = 0 it is the greatest loss."""
        N = self.E.shape[1]
        e, t = self.E @ x[:N] + self.b, float(x[N])
        return float(e.max()) if t <= 0 else t * (self.tilt(e, t)[1] + self.limit)

    def slope(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the slope of F (n,), the tilted probabilities and the losses at ``x``."""
        N = self.E.shape[1]
        e, t = self.E @ x[:N] + self.b, float(x[N])
        q, log = self.tilt(e, t)
        found = np.zeros(len(x))
        found[:N] = q @ self.E
        found[N] = log + self.limit - float(q @ e) / t
        return found, q, e

    def curvature(self, q: np.ndarray, e: np.ndarray, t: float) -> np.ndarray:
        """Return the second derivatives (N + 1, N + 1): the covariance of ``(E, -e/t)`` under ``q``, over t."""
        N = self.E.shape[1]
        some = np.flatnonzero(q > _LIGHT * q.max())
        M = np.empty((len(some), N + 1))
        M[:, :N] = self.E[some]
        M[:, N] = -e[some] / t
        weights = q[some] / q[some].sum()
        M -= weights @ M
        M *= np.sqrt(weights / t)[:, None]
        return M.T @ M

    def spread(self, q: np.ndarray) -> float:
        """Return the relative entropy of ``q`` to ``p``."""
        some = q > _SMALL
        return float(q[some] @ np.log(q[some] / self.p[some]))

    def admit(self, q: np.ndarray) -> np.ndarray:
        """Return ``q``, mixed with as much of ``p`` as brings its relative entropy within the limit."""
        found = self.spread(q)
        if found <= self.limit:
            return q
        # Entropy is convex: the mixture has at most this share of it.
        share = self.limit / found
        return share * q + (1 - share) * self.p


class Mild(NamedTuple):
    """An answer with its certificate; multipliers are positive where a low end holds."""

    x: np.ndarray
    q: np.ndarray  # (T,) the worst probabilities
    y: np.ndarray  # (M,)
    z: np.ndarray  # (n,)
    value: float
    gap: float
    violation: float


def judge(goal: Entropic, region: Region, x: np.ndarray, q: np.ndarray, y: np.ndarray) -> Mild:
    """Return the answer with its value, its proven gap and by how much it misses a limit."""
    q = goal.admit(q)
    z = -(y @ region.A)
    z[: goal.E.shape[1]] += q @ goal.E
    z[goal.E.shape[1]] = 0.0  # an admitted q has no use for t
    bound = float(q @ goal.b)
    bound += ends(y, region.low, region.high, region.A @ x) + ends(z, region.lb, region.ub, x)
    value = goal.value(x)
    return Mild(x, q, y, z, value, value - bound, violation(region, x))


def settle_entropic(
    goal: Entropic, region: Region, x: np.ndarray, y: np.ndarray, z: np.ndarray
) -> list[Mild]:
    """Return the points of Newton's method on the bounds and rows that hold a nearly optimal one."""
    N = goal.E.shape[1]
    x, free, rows = held(region, x, y, z)
    side = np.where(y > 0, region.low, region.high)[rows]
    A = region.A[rows][:, free]
    n, found = A.shape[1], []
    for _ in range(_DIGITS):
        if not x[N] > 0:
            break  # the worst loss itself, whose answer is not found by slopes
        slope, q, e = goal.slope(x)
        H = np.zeros((len(x), len(x)))
        H[: N + 1, : N + 1] = goal.curvature(q, e, float(x[N]))
        K = np.block([[H[np.ix_(free, free)], A.T], [A, np.zeros((len(A), len(A)))]])
        right = np.concatenate([-slope[free], side - region.A[rows] @ x])
        if not (np.isfinite(K).all() and np.isfinite(right).all()):
            break
        step = np.linalg.lstsq(K, right, rcond=None)[0]
        x, y = x.copy(), np.zeros(len(y))
        x[free] += step[:n]
        y[rows] = -step[n:]
        if x[N] > 0:
            found.append(judge(goal, region, x, goal.slope(x)[1], y))
    return found
