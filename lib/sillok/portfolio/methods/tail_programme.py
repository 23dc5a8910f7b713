"""The least sum of hinges on a polyhedron: the interior point first, the simplex method where that is not exact."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

import numpy as np

from sillok.errors import SolverError
from sillok.portfolio.methods.tail_interior import Hinges, Region, follow_path
from sillok.portfolio.methods.tail_simplex import solve_linear
from sillok.portfolio.methods.tail_vertex import Settled, settle

__all__ = ["Least", "minimise"]

# What an answer must prove of itself: the gap relative to an objective of order one, and the miss of a limit.
_GAP = 1e-10
_MISS = 1e-12
# What is accepted at all, when both ways have been gone.
_LAST_GAP = 1e-7
_LAST_MISS = 1e-9


class Least(NamedTuple):
    """An optimal point with its multipliers, ``slope(q) = A'y + z``; ``y`` and ``z`` positive at low ends."""

    x: np.ndarray
    q: np.ndarray  # (T,), 0 <= q <= k
    y: np.ndarray  # (M,)
    z: np.ndarray  # (n,)
    value: float
    gap: float  # value - a proven lower bound
    method: str


def _certain(found: Settled, gap: float = _GAP, miss: float = _MISS) -> bool:
    return found.gap <= gap * max(abs(found.value), 1e-3) and found.violation <= miss


def _solve(hinges: Hinges, region: Region, start: np.ndarray) -> tuple[Settled, str]:
    found: Settled | None = None
    # The simplex method, after it, tells an empty region from one without an inside.
    with suppress(SolverError):
        found = settle(hinges, region, follow_path(hinges, region, start))
    if found is not None and _certain(found):
        return found, "interior point"
    other = settle(hinges, region, solve_linear(hinges, region))
    if found is None or _certain(other) or other.gap < found.gap:
        found, method = other, "dual simplex: HIGHS"
    else:
        method = "interior point"
    if not _certain(found, _LAST_GAP, _LAST_MISS):
        raise SolverError(
            f"the best answer is {found.gap:.3g} from the bound of its dual and misses a limit by "
            f"{found.violation:.3g}; only an optimal one is accepted: scale the scenarios or loosen the limits",
            gap=found.gap,
            violation=found.violation,
        )
    return found, method


def minimise(hinges: Hinges, region: Region, start: np.ndarray) -> Least:
    """Find the least value of ``hinges`` within ``region``, whose bounds may touch.

    Parameters
    ----------
    start
        (n,), a guess, of which nothing is asked.

    Raises
    ------
    InfeasibleError
        If no point lies in the region.
    SolverError
        If nothing bounds the objective, or no way led to an answer that proves itself optimal.
    """
    free = region.lb < region.ub
    if free.all():
        found, method = _solve(hinges, region, start)
        return Least(found.x, found.q, found.y, found.z, found.value, found.gap, method)
    m = hinges.E.shape[1]
    held = np.where(free, 0.0, region.lb)
    moved = region.A @ held
    less = Hinges(hinges.E[:, free[:m]], hinges.b + hinges.E @ held[:m], hinges.k, hinges.c[free])
    inner = Region(
        region.A[:, free], region.low - moved, region.high - moved, region.lb[free], region.ub[free]
    )
    found, method = _solve(less, inner, start[free])
    x = held
    x[free] = found.x
    z = hinges.slope(found.q) - found.y @ region.A
    return Least(
        x, found.q, found.y, z, found.value + float(hinges.c @ np.where(free, 0, x)), found.gap, method
    )
