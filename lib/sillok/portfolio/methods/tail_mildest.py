"""The least entropic value at risk whatever the limits leave: a path, the worst loss, or the statement on cones."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from sillok.errors import SolverError
from sillok.portfolio.methods.tail_entropic import minimise_entropic
from sillok.portfolio.methods.tail_entropy import Entropic, Mild, judge, settle_entropic
from sillok.portfolio.methods.tail_interior import Hinges
from sillok.portfolio.methods.tail_presolve import reduce_region
from sillok.portfolio.methods.tail_programme import Least, minimise
from sillok.portfolio.methods.tail_region import Region

if TYPE_CHECKING:
    import cvxpy as cp

__all__ = ["mildest"]

_TIGHT = {"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-11}
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


def _stated(goal: Entropic, region: Region) -> Mild:
    """Return Clarabel's answer to the problem on exponential cones, whose dual is the worst probabilities.

    Where scenarios tie, as with an issue without risk, the tilted probabilities say nothing, and these do.

    Raises
    ------
    SolverError
        If the solver has no answer.
    """
    import cvxpy as cp

    (T, N), n = goal.E.shape, len(region.lb)
    x, s, z = cp.Variable(n), cp.Variable(), cp.Variable(T)
    # Each probability in the exponent: some are next to nothing.
    cone = cp.ExpCone(goal.E @ x[:N] + goal.b + x[N] * np.log(goal.p) - s, cp.multiply(np.ones(T), x[N]), z)
    left = region.A @ x
    equal = region.low == region.high
    low, high = np.isfinite(region.low) & ~equal, np.isfinite(region.high) & ~equal
    at, to = np.isfinite(region.lb), np.isfinite(region.ub)
    rows = [(k, c) for k, c in ((equal, left[equal] == region.low[equal]), (low, left[low] >= region.low[low]),
                                (high, left[high] <= region.high[high])) if k.any()]  # fmt: skip
    ends = [c for k, c in ((at, x[at] >= region.lb[at]), (to, x[to] <= region.ub[to])) if k.any()]
    goal_ = cp.Minimize(s + goal.limit * x[N])
    problem = cp.Problem(goal_, [cone, cp.sum(z) <= x[N], *(c for _, c in rows), *ends])
    _solve_stated(problem)
    if x.value is None:
        raise SolverError(f"the answer is {problem.status}", status=problem.status)
    q = np.abs(np.asarray(cone.dual_value[0]).ravel())
    y = np.zeros(len(region.low))
    for k, c in rows:
        y[k] += (1.0 if k is low else -1.0) * np.asarray(c.dual_value)
    inside = np.clip(np.asarray(x.value), region.lb, region.ub)
    return judge(goal, region, inside, q / q.sum(), y)


def _solve_stated(problem: cp.Problem) -> None:
    import cvxpy as cp

    for options in (_TIGHT, {}):
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Solution may be inaccurate")
                problem.solve(solver=cp.CLARABEL, **options)
        except cp.SolverError as err:
            if not options:
                raise SolverError(f"the solver broke off: {err}") from err
        else:
            return


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
    if best.gap > 1e-9 * max(abs(best.value), 1e-3) or best.violation > _MISS:
        with suppress(SolverError):
            other = _stated(goal, region)
            found += [other, *settle_entropic(goal, region, other.x, other.y, other.z)]
            best = _best(*found, worst)
            if best.x is not worst.x:
                return best, "cvxpy: CLARABEL"
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
