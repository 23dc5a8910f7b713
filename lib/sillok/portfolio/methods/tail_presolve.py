"""What the limits leave no choice about is decided before a path is followed: it needs an inside to go through."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sillok.errors import InfeasibleError
from sillok.portfolio.methods.tail_region import Region

__all__ = ["Reduced", "reduce_region"]

# A row whose greatest value is its least allowed one, within what the sum of its terms rounds, leaves no choice.
_ROUNDING = 1e-14


class Reduced(NamedTuple):
    """The region of the variables that have a choice, and the values of the others."""

    inner: Region
    free: np.ndarray  # (n,) bool
    fixed: np.ndarray  # (n,), zero where free
    rows: np.ndarray  # (M,) bool: rows that still say something

    def widen(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return all variables and the multipliers of all rows."""
        whole, prices = self.fixed.copy(), np.zeros(len(self.rows))
        whole[self.free] = x
        prices[self.rows] = y
        return whole, prices


def _forced(region: Region) -> tuple[np.ndarray, np.ndarray]:
    """Return the bounds, put together where a row can be met in one way alone."""
    lb, ub = region.lb.copy(), region.ub.copy()
    for a, low, high in zip(region.A, region.low, region.high, strict=True):
        some = np.flatnonzero(a)
        top = np.where(a[some] > 0, ub[some], lb[some])
        bottom = np.where(a[some] > 0, lb[some], ub[some])
        for end, limit, sign in ((top, low, 1.0), (bottom, -high, -1.0)):
            most = float((sign * a[some]) @ end) if np.isfinite(end).all() else np.inf
            if np.isfinite(limit) and abs(most - limit) <= _ROUNDING * max(1.0, abs(limit)):
                lb[some] = ub[some] = end
                break
    return lb, ub


def reduce_region(region: Region) -> Reduced:
    """Return ``region`` without the variables whose bounds touch, and without rows of such variables alone.

    Raises
    ------
    InfeasibleError
        If a row of nothing but decided variables is not met.
    """
    lb, ub = _forced(region)
    free = lb < ub
    if free.all():
        return Reduced(region, free, np.zeros(len(lb)), np.ones(len(region.low), dtype=bool))
    fixed = np.where(free, 0.0, lb)
    moved = region.A @ fixed
    low, high = region.low - moved, region.high - moved
    rows = (region.A[:, free] != 0).any(axis=1)
    if (low[~rows] > 1e-12).any() or (high[~rows] < -1e-12).any():
        raise InfeasibleError("no portfolio keeps all of the limits")
    return Reduced(
        Region(region.A[np.ix_(rows, free)], low[rows], high[rows], lb[free], ub[free]), free, fixed, rows
    )
