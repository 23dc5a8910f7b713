"""The least entropic value at risk whatever the limits leave: a path where there is one, the worst loss where not."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from sillok.errors import SolverError
from sillok.portfolio.methods.tail_entropic import minimise_entropic
from sillok.portfolio.methods.tail_entropy import Entropic, Mild, judge
from sillok.portfolio.methods.tail_interior import Hinges
from sillok.portfolio.methods.tail_presolve import reduce_region
from sillok.portfolio.methods.tail_programme import Least, minimise
from sillok.portfolio.methods.tail_region import Region

__all__ = ["mildest"]

_GAP = 1e-10
_MISS = 1e-12
# In units of what an issue moves. A portfolio without any risk has a greatest loss in many states alike, and the
# proof is the coarser for it; the answer says how coarse.
_LAST_GAP = 1e-5
_LAST_MISS = 1e-9


def _worst_loss(goal: Entropic, region: Region, start: np.ndarray) -> Mild:
    """Return the portfolio of the least greatest loss; its multipliers tell whether it is the mildest as well.

    That is so if the scenarios that are worst together are so probable that the entropy allows them alone.
    """
    N = goal.E.shape[1]
    E = np.concatenate([goal.E, np.full((len(goal.b), 1), -1.0)], axis=1)
    lb, ub = region.lb.copy(), region.ub.copy()
    lb[N], ub[N] = -np.inf, np.inf  # the threshold stands in the place of t
    c = np.zeros(len(lb))
    c[N] = 1.0
    threshold = start.copy()
    threshold[N] = float((goal.E @ start[:N] + goal.b).max())
    found = minimise(Hinges(E, goal.b, np.ones(len(goal.b)), c), region._replace(lb=lb, ub=ub), threshold)
    x = found.x.copy()
    x[N] = 0.0
    return judge(goal, region, x, found.q, found.y)


def _best(*found: Mild) -> Mild:
    """Return the better point with the better proof."""
    least = min(found, key=lambda m: (m.violation > _MISS, m.value))
    proof = max(found, key=lambda m: m.value - m.gap)
    gap = least.value - (proof.value - proof.gap)
    return least._replace(q=proof.q, y=proof.y, z=proof.z, gap=gap)


def _attempts(goal: Entropic, region: Region, start: np.ndarray) -> tuple[Mild, str]:
    found: list[Mild] = []
    for centring in (1e-2, 1.0):
        with suppress(SolverError):
            found.append(minimise_entropic(goal, region, start, centring=centring))
            best = _best(*found)
            if best.gap <= _GAP * max(abs(best.value), 1e-3) and best.violation <= _MISS:
                return best, "interior point"
    worst = _worst_loss(goal, region, start)
    best = _best(*found, worst)
    return best, "worst loss: interior point" if best.x is worst.x else "interior point"


def mildest(goal: Entropic, region: Region, start: np.ndarray) -> Least:
    """Find the least entropic value at risk in ``region``, whose bounds may touch.

    Raises
    ------
    InfeasibleError
        If no point lies in the region.
    SolverError
        If nothing bounds the objective, or no answer proves itself optimal.
    """
    less = reduce_region(region)
    free, N = less.free, goal.E.shape[1]
    inner = goal
    if not free.all():
        inner = Entropic(goal.E[:, free[:N]], goal.b + goal.E @ less.fixed[:N], goal.p, goal.limit)
    found, method = _attempts(inner, less.inner, start[free])
    if not (found.gap <= _LAST_GAP * max(abs(found.value), 1.0) and found.violation <= _LAST_MISS):
        raise SolverError(
            f"the best answer is {found.gap:.3g} from the bound of its dual; only an optimal one is accepted: "
            "draw more scenarios, lower the level or loosen the limits",
            gap=found.gap,
        )
    x, y = less.widen(found.x, found.y)
    z = -(y @ region.A)
    z[:N] += found.q @ goal.E
    return Least(x, found.q, y, z, goal.value(x), found.gap, method)
