"""The least sum of hinges on a polyhedron: the interior point first, the simplex method where that is not exact."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

import numpy as np

from sillok.errors import SolverError
from sillok.portfolio.methods.tail_interior import Hinges, follow_path
from sillok.portfolio.methods.tail_presolve import reduce_region
from sillok.portfolio.methods.tail_region import Region
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
    less = reduce_region(region)
    m, free = hinges.E.shape[1], less.free
    inner = hinges
    if not free.any():
        x, y = less.fixed, np.zeros(len(region.low))
        q = np.where(hinges.E @ x[:m] + hinges.b > 0, hinges.k, 0.0)
        return Least(x, q, y, hinges.slope(q), hinges.value(x), 0.0, "nothing to choose")
    if not free.all():
        shifted = hinges.b + hinges.E @ less.fixed[:m]
        inner = Hinges(hinges.E[:, free[:m]], shifted, hinges.k, hinges.c[free])
    found, method = _solve(inner, less.inner, start[free])
    x, y = less.widen(found.x, found.y)
    z = hinges.slope(found.q) - y @ region.A
    return Least(x, found.q, y, z, hinges.value(x), found.gap, method)
