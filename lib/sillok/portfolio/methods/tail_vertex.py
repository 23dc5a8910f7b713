"""From nearly optimal to optimal: put a point on the kinks and limits that hold it, and certify what it is worth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sillok.portfolio.methods.tail_interior import Hinges, Point
from sillok.portfolio.methods.tail_region import Region, ends, held, violation

__all__ = ["Settled", "certify", "settle"]

# Further outside a limit than a sum of weights rounds: not a feasible point.
_FEASIBLE = 1e-12


class Settled(NamedTuple):
    """A feasible point and what is proven of it."""

    x: np.ndarray
    q: np.ndarray
    y: np.ndarray  # (M,), positive where a low end holds
    z: np.ndarray  # (n,), positive where a least value holds
    value: float
    bound: float  # no feasible point is worth less
    violation: float

    @property
    def gap(self) -> float:
        """How far the value can be from the least there is."""
        return self.value - self.bound


def certify(hinges: Hinges, region: Region, q: np.ndarray, y: np.ndarray, at: np.ndarray) -> float:
    """Return a lower bound of the objective from multipliers ``0 <= q <= k`` and any ``y``.

    Weak duality: ``b'q + min (A'y + z)'x`` with ``z = c + E'q - A'y`` over the region. A variable without an end
    on the side that its ``z`` asks for is counted where it is, ``at``, if that ``z`` is a rounding.
    """
    z = hinges.slope(q) - y @ region.A
    return (
        float(hinges.b @ q)
        + ends(y, region.low, region.high, region.A @ at)
        + ends(z, region.lb, region.ub, at)
    )


def _judge(hinges: Hinges, region: Region, x: np.ndarray, q: np.ndarray, y: np.ndarray) -> Settled:
    z = hinges.slope(q) - y @ region.A
    bound = certify(hinges, region, q, y, x)
    return Settled(x, q, y, z, hinges.value(x), bound, violation(region, x))


def _kink(e: np.ndarray, q: np.ndarray, k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which scenarios stand on their kink, and the multipliers of all, those off it at their ends."""
    on = np.abs(e) < np.minimum(q, k - q) / k
    return on, np.where(on, q, np.where(e > 0, k, 0.0))


def settle(hinges: Hinges, region: Region, point: Point) -> Settled:
    """Return the better certified of the point itself and the one on the kinks and limits that hold it.

    Both systems, of the kinks for ``x`` and of the free variables for ``q`` and ``y``, are solved by least squares
    from where the path ended, so that a face of optimal points is as good as a vertex.
    """
    m = hinges.E.shape[1]
    e = hinges.E @ point.x[:m] + hinges.b
    on, q = _kink(e, point.q, hinges.k)
    x, free, rows = held(region, point.x, point.y, point.z)
    y = np.where(rows, point.y, 0.0)
    goal = np.where(point.y > 0, region.low, region.high)[rows]
    E = np.zeros((int(on.sum()), len(x)))
    E[:, :m] = hinges.E[on]
    M = np.concatenate([E, region.A[rows]])[:, free]
    off = np.concatenate([E @ x + hinges.b[on], region.A[rows] @ x - goal])
    rest = (hinges.slope(q) - y @ region.A)[free]
    if M.size:
        x[free] -= np.linalg.lstsq(M, off, rcond=None)[0]
        step = np.linalg.lstsq(M.T, -rest, rcond=None)[0]
        q[on] = np.clip(q[on] + step[: len(E)], 0.0, hinges.k[on])
        y[rows] -= step[len(E) :]
    y = _signed(region, y)
    found = [_judge(hinges, region, x, q, y)]
    if not (found[0].violation <= _FEASIBLE and found[0].gap <= 1e-12 * max(abs(found[0].value), 1e-3)):
        found.append(_judge(hinges, region, point.x, point.q, _signed(region, point.y)))
        found.append(_judge(hinges, region, x, point.q, _signed(region, point.y)))
    feasible = [f for f in found if f.violation <= _FEASIBLE] or found
    return min(feasible, key=lambda f: f.gap)


def _signed(region: Region, y: np.ndarray) -> np.ndarray:
    """Return ``y`` without prices of ends that do not exist."""
    wrong = ((y > 0) & np.isneginf(region.low)) | ((y < 0) & np.isposinf(region.high))
    return np.where(wrong, 0.0, y)
