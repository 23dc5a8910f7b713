"""The commonest problems at once: a factor covariance, bounds, a budget, and nothing else.

Least variance, best utility, and the best ratio of a long-only portfolio (in ``y = k w``, ``excess'y = 1``: Charnes and
Cooper, 1962) are then one quadratic programme of one row, which compiled code solves and proves. What it cannot
prove, and what is wrong with a problem, is left to the general way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sillok.portfolio.constraints import bounds
from sillok.portfolio.data import Data, Limits
from sillok.portfolio.direct import Start
from sillok.portfolio.methods.active_set import Answer as Direct
from sillok.portfolio.methods.program import Sets
from sillok.portfolio.statement import Goal

__all__ = ["Plain", "is_plain", "solve_plain"]

# More of a gap than rounding makes of an exact answer wants the general way's last steps; limits are kept exactly.
_ROUNDED, _EXACT = 1e-11, 1e-12
_RISKLESS = 1e-15  # a variance this small against the mean one is a rounding
_NO_RISK = 1e-6  # an objective below this part of the mean variance is measured against that part
_HELD = np.array([-1], dtype=np.int8)


class Plain(NamedTuple):
    """An answer, measured; multipliers as in :class:`~sillok.portfolio.statement.Answer`."""

    w: np.ndarray  # (N,)
    budget: float  # the budget's price
    bounds: np.ndarray  # (N,)
    variance: float
    earned: float | None  # mu'w
    gap: float
    start: Start


def is_plain(data: Data, limits: Limits, goal: Goal) -> bool:
    """Whether there is nothing but a factor covariance, bounds and a budget."""
    return (
        data.factor is not None
        and data.benchmark is None
        and goal.kind in {"variance", "utility", "sharpe"}
        and limits.max_industry is None
        and not limits.groups
        and not limits.exposures
        and limits.max_gross is None
        and limits.max_short is None
        and limits.max_turnover is None
        and not limits.has_costs
        and limits.max_vol_annual is None
        and limits.max_tracking_annual is None
        and limits.min_return_annual is None
    )


def solve_plain(data: Data, limits: Limits, goal: Goal, start: Start | None) -> Plain | None:
    """Solve a problem for which :func:`is_plain` says yes; None where no answer was proved."""
    if data.factor is None:
        return None
    B, d = data.factor.root()
    if not B.flags.c_contiguous:
        B = np.ascontiguousarray(B)
    lb, ub = bounds(data.labels, limits)
    mu = None if data.mu is None else data.mu.to_numpy(dtype=float)
    if goal.kind == "sharpe":
        return None if mu is None else _ratio((B, d), mu, (lb, ub), limits.budget, goal, start)
    q, a = np.zeros(len(d)), 2.0
    if goal.kind == "utility" and mu is not None:
        q, a = mu / -goal.risk_aversion, goal.risk_aversion
    found = _programme((B, d), q, np.ones(len(d)), limits.budget, (lb, ub), start)
    if found is None:
        return None
    x, z, told, sets, steps = found
    price, excess, size, _, variance, mean = told
    gap = excess / size
    earned = None if mu is None else float(mu @ x)
    if goal.kind == "utility" and earned is not None:
        gap = excess * a / max(abs(earned - 0.5 * a * variance), _NO_RISK * mean)
    if not gap <= _ROUNDED:
        return None
    ended = Direct(x, np.array([price]), z, steps, sets, excess / size)
    return Plain(x, -price * a, z * -a, variance, earned, gap, Start(0.0, ended))


def _ratio(  # noqa: PLR0917 - as the programme is written
    parts: tuple[np.ndarray, np.ndarray],
    mu: np.ndarray,
    ends: tuple[np.ndarray, np.ndarray],
    budget: float,
    goal: Goal,
    start: Start | None,
) -> Plain | None:
    """Solve for the ratio: ``y >= 0`` is all that is left of the bounds where none is below the budget."""
    lb, ub = ends
    if not budget > 0 or lb.any() or not ub.min() >= budget:
        return None
    excess = mu - goal.risk_free_annual
    if not excess.max() > 0:
        return None
    size = max(float(excess.max()), -float(excess.min()))
    found = _programme(parts, np.zeros(len(mu)), excess / size, 1.0, (lb, np.full(len(lb), np.inf)), start)
    if found is None:
        return None
    y, z, told, sets, steps = found
    price, beyond, terms, _, variance, mean = told
    k = float(y.sum()) / budget
    variance /= k * k
    # The ratio is one over the root of y'P y: its own gap is about half of that of 1/2 y'P y, and not above it.
    gap = beyond / terms
    if not gap <= _ROUNDED or variance <= _RISKLESS * mean:
        return None
    w, z = y / k, z / k
    t = price / k
    ended = Start(t, Direct(w, np.zeros(1), z, steps, sets, gap))
    # d ratio = (d earned - ratio d vol) / vol, and t earned = vol^2.
    return Plain(w, 0.0, z * (-size / (t * np.sqrt(variance))), variance, float(mu @ w), gap, ended)


def _programme(  # noqa: PLR0917 - as the programme is written
    parts: tuple[np.ndarray, np.ndarray],
    q: np.ndarray,
    row: np.ndarray,
    end: float,
    ends: tuple[np.ndarray, np.ndarray],
    start: Start | None,
) -> tuple[np.ndarray, np.ndarray, list[float], Sets, int] | None:
    from sillok.portfolio.methods.settle import settle

    side = np.empty(len(q), dtype=np.int8) if start is None else start.answer.state.x.copy()
    steps, x, z, found = settle(*parts, q, row, float(end), *ends, side, start is not None)
    told = found.tolist()
    if not steps or not told[3] <= _EXACT:
        return None
    return x, z, told, Sets(side, _HELD), steps
