"""Portfolios of few names and no crumbs: how many issues may be held, and how much of one at the least.

    minimise    the goal of the convex problem
    subject to  its limits,  lo_i z_i <= w_i <= hi_i z_i,  sum z <= max_names,  z in {0, 1}

Where the goal is quadratic and the limits are rows and bounds, the names are found by branch and bound with bounds by
perspective (:mod:`~sillok.portfolio.methods.perspective`), each answer an exact one. ``tests/bench/names.py`` measures
the choices on 30 to 200 issues: this proves a gap of 1e-9 in 0.03 to 0.2 s of CPU by factors, and 0.1 to 20 s on a dense
covariance. SCIP 10, which is kept up and free, takes ten times as long, ends with an open gap from 100 dense issues on,
and keeps limits to 1e-6 only, so that its portfolios are some 1e-5 off the best. DAQP's branch and bound is exact, and
of no use much beyond 30 issues; HiGHS 1.15 refuses quadratic objectives; what else there is is not free. With limits on
turnover, gross weight or risk, or with costs, SCIP finds the names, since it takes every convex statement, and the
weights are then solved for anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, InfeasibleError, SolverError
from sillok.portfolio.constraints import Rows, bounds, linear_rows
from sillok.portfolio.data import Data, Limits, Solution
from sillok.portfolio.direct import arrays
from sillok.portfolio.lagrangian import Lagrangian
from sillok.portfolio.methods.branch import Chosen, choose
from sillok.portfolio.methods.forms import DenseForm, FactorForm
from sillok.portfolio.methods.perspective import Node, Selection
from sillok.portfolio.solve import solve, solved
from sillok.portfolio.statement import Answer, Goal, Statement

__all__ = ["few_names", "solve_integer"]

_TOLERANCE = 1e-9
_NODES = 20_000  # a minute or so
# SCIP keeps a limit to 1e-6 of its size, so that a smaller gap of its bound says nothing.
_SCIP_GAP = 1e-6
_QUADRATIC = {"variance", "tracking", "utility"}
_CONVEX = ("max_gross", "max_short", "max_turnover", "linear_cost", "impact_cost", "max_vol_annual",
           "max_tracking_annual")  # fmt: skip


def few_names(
    data: Data,
    limits: Limits,
    *,
    goal: Literal["variance", "tracking", "utility"] = "variance",
    risk_aversion: float = 1.0,
    relative_gap: float = _TOLERANCE,
    nodes: int = _NODES,
    stop: Callable[[], bool] | None = None,
) -> Solution:
    """Find the best portfolio of at most ``limits.max_names`` issues, each of at least ``limits.min_position``.

    The functions of the convex problems do the same when such a limit is set; here the search can be bounded. Where
    issues hardly differ, as in a sample covariance of independent ones, to prove the very best takes for ever, and
    ``relative_gap=0.05`` says what is good enough.

    Parameters
    ----------
    goal
        As in :func:`minimum_variance`, :func:`track_benchmark`, :func:`mean_variance`.
    relative_gap
        The search ends when no portfolio can be better by more than this part of the objective, from 1e-9 on.
    nodes
        The search gives up after so many.
    stop
        Asked between two nodes whether to give up, e.g. when a time is over:
        ``stop=lambda: time.monotonic() > end``.

    Returns
    -------
    Solution
        ``gap`` is the proven one: no portfolio is better by more than this part of the objective. Shadow prices are
        those of the limits for the names held.

    Raises
    ------
    SolverError
        If the search gave up; ``detail`` has the best objective found, its ``weights``, the bound and the gap.
    InfeasibleError
        If no choice of names keeps the limits; it says how many names would.
    ConfigError
        If neither limit is set, they cannot be combined with another, or ``relative_gap`` is out of range.
    """
    if not _TOLERANCE <= relative_gap < 1:
        raise ConfigError(
            f"relative_gap must lie between {_TOLERANCE:g} and 1, got {relative_gap}; 0.01 means one per cent"
        )
    if not limits.is_integer:
        raise ConfigError("few_names needs max_names or min_position; without them the problem is convex")
    return solve_integer(
        data, limits, Goal(goal, risk_aversion), relative_gap=relative_gap, nodes=nodes, stop=stop
    )


def solve_integer(
    data: Data,
    limits: Limits,
    goal: Goal,
    *,
    relative_gap: float = _TOLERANCE,
    nodes: int = _NODES,
    stop: Callable[[], bool] | None = None,
) -> Solution:
    """Solve one problem with ``max_names`` or ``min_position``; as :func:`few_names`."""
    lo, hi, root = _ranges(data, limits)
    rows = linear_rows(data.labels, limits, industry=data.industry, exposures=data.exposures, mu=data.mu)
    K = len(lo) if limits.max_names is None else min(int(limits.max_names), len(lo))
    first = _feasible(rows, lo, hi, K, root)
    if goal.kind in _QUADRATIC and all(getattr(limits, name) is None for name in _CONVEX):
        s = _selection(data, goal, rows, lo=lo, hi=hi, K=K)
        found = choose(s, root, first, relative_gap, nodes, stop)
        return _finish(data, limits, goal, found)
    return _through_scip(data, limits, goal, lo=lo, hi=hi, K=K, relative_gap=relative_gap)


def _ranges(data: Data, limits: Limits) -> tuple[np.ndarray, np.ndarray, Node]:
    """Return the range of each weight where it is held, and what is settled before any search."""
    lb, ub = bounds(data.labels, limits)
    if limits.min_position is not None and (lb < 0).any():
        raise ConfigError(
            "min_position is not taken where short positions are allowed: a weight would lie above it, at zero, or "
            "below its negative; set min_weight to zero, or drop min_position"
        )
    lo = lb if limits.min_position is None else np.maximum(lb, limits.min_position)
    forced = (lb > 0) | (ub < 0)
    out = (lo > ub) | ((lb == 0) & (ub == 0))
    if (forced & out).any():
        found = list(data.labels[forced & out])
        raise InfeasibleError(
            f"min_position lies above max_weight for {len(found)} issues that must be held, e.g. {found[:5]}; lower it",
            symbols=found,
        )
    # A range has to hold for what is out as well, where it is never used.
    return np.where(out, 0.0, lo), np.where(out, 0.0, ub), Node(forced, out)


def _feasible(rows: Rows, lo: np.ndarray, hi: np.ndarray, K: int, root: Node) -> np.ndarray | None:
    """Return the fewest names that keep the linear limits (HiGHS), so that no search is begun in vain."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    N = len(lo)
    eye = np.eye(N)
    constraints = [
        LinearConstraint(np.hstack([rows.A, np.zeros_like(rows.A)]), rows.low, rows.high),
        LinearConstraint(np.hstack([eye, -np.diag(lo)]), 0.0, np.inf),
        LinearConstraint(np.hstack([eye, -np.diag(hi)]), -np.inf, 0.0),
    ]
    low = np.r_[np.minimum(lo, 0.0), root.held.astype(float)]
    high = np.r_[np.maximum(hi, 0.0), (~root.out).astype(float)]
    found = milp(
        np.r_[np.zeros(N), np.ones(N)],
        integrality=np.r_[np.zeros(N), np.ones(N)],
        bounds=Bounds(low, high),
        constraints=constraints,
    )
    if found.status == 2:
        raise InfeasibleError(
            "no choice of names keeps the limits together: loosen the bounds, min_position, or the groups' limits"
        )
    if found.x is None:
        raise SolverError(f"whether any names keep the limits was not settled: {found.message}")
    held = found.x[N:] > 0.5
    if held.sum() > K:
        raise InfeasibleError(
            f"no portfolio of at most {K} names keeps the limits; the fewest names that can are {int(held.sum())}: "
            "raise max_names or max_weight",
            names=int(held.sum()),
        )
    return held


def _selection(data: Data, goal: Goal, rows: Rows, *, lo: np.ndarray, hi: np.ndarray, K: int) -> Selection:
    scale = goal.risk_aversion if goal.kind == "utility" else 2.0
    if data.factor is not None:
        B, d = data.factor.root()
        S, B = np.empty((0, 0)), np.sqrt(scale) * B
    else:
        Sigma = data.matrix()
        d = _diagonal(Sigma)
        S, B = scale * (Sigma - np.diag(d)), None
    q, constant = np.zeros(len(lo)), 0.0
    if goal.kind == "utility" and data.mu is not None:
        q = -data.mu.to_numpy(dtype=float)
    if goal.kind == "tracking" and data.benchmark is not None:
        b = data.benchmark.to_numpy(dtype=float)
        form = DenseForm(data.matrix()) if data.factor is None else FactorForm(*data.factor.root())
        q = -scale * form.product(b)
        constant = data.variance(b)
    return Selection(S, B, scale * d, q, rows.A, rows.low, rows.high, lo, hi, K, constant)


def _diagonal(Sigma: np.ndarray) -> np.ndarray:
    """Return a diagonal D with ``Sigma - D`` positive semidefinite, in the proportions of ``1 / diag(Sigma^-1)``.

    These are the variances that no other issue explains; the largest multiple that keeps the rest a covariance is
    the least eigenvalue of Sigma in their units.
    """
    values, vectors = np.linalg.eigh(Sigma)
    if not values[0] > 1e-10 * values[-1]:
        return np.zeros(len(Sigma))
    own = 1.0 / np.einsum("ij,j,ij->i", vectors, 1.0 / values, vectors)
    unit = np.sqrt(own)
    least = float(np.linalg.eigvalsh(Sigma / np.outer(unit, unit))[0])
    # The hair keeps rounding from making the rest indefinite.
    return max(least - 1e-10, 0.0) * own


def _finish(data: Data, limits: Limits, goal: Goal, found: Chosen) -> Solution:
    gap = (found.value - found.bound) / max(abs(found.value), 1e-300)
    answer = found.answer
    if not found.is_over or answer is None:
        sign = -1.0 if goal.kind == "utility" else 1.0
        raise SolverError(
            f"the search gave up after {found.nodes:,} nodes: the best portfolio found has an objective of "
            f"{sign * found.value:.6g}, none is better than {sign * found.bound:.6g}, a gap of {gap:.3g}; its weights are "
            "in the error's detail. Call few_names with a relative_gap of about this, or with more nodes, or offer "
            "fewer issues",
            best=sign * found.value,
            bound=sign * found.bound,
            gap=float(gap),
            nodes=found.nodes,
            weights=None if answer is None else pd.Series(answer.x, index=data.labels, name="weight"),
        )
    prices = np.where(found.held, -answer.z, 0.0)
    return solved(
        data,
        limits,
        goal,
        Answer(answer.x, -answer.y, prices, {}, "optimal"),
        Lagrangian(data, limits, goal, arrays(data, limits)),
        method="branch and bound on active sets",
        gap=float(gap),
    )


def _through_scip(
    data: Data, limits: Limits, goal: Goal, *, lo: np.ndarray, hi: np.ndarray, K: int, relative_gap: float
) -> Solution:
    """Find the names by SCIP on the convex statement, then the weights of these names exactly."""
    import cvxpy as cp

    if goal.kind == "sharpe":
        raise ConfigError(
            "the greatest Sharpe ratio is not taken with max_names or min_position; set target_return"
        )
    statement = Statement(data, limits, goal)
    w, z = statement.problem.variables()[0], cp.Variable(len(lo), boolean=True)
    names = [w <= cp.multiply(hi, z), w >= cp.multiply(lo, z), cp.sum(z) <= K]
    problem = cp.Problem(statement.problem.objective, [*statement.problem.constraints, *names])
    try:
        value = problem.solve(solver=cp.SCIP, scip_params={"limits/gap": relative_gap})
    except cp.SolverError as err:
        raise SolverError(f"the mixed-integer solver broke off: {err}") from err
    if problem.status in {cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE}:
        raise InfeasibleError(
            f"no portfolio of at most {K} names keeps all limits: {limits}; loosen one of them"
        )
    if problem.status != cp.OPTIMAL:
        raise SolverError(
            f"the answer is {problem.status}, only an optimal one is accepted", status=problem.status
        )
    held = np.asarray(z.value) > 0.5
    within = replace(
        limits,
        min_weight=pd.Series(np.where(held, lo, 0.0), index=data.labels),
        max_weight=pd.Series(np.where(held, hi, 0.0), index=data.labels),
        max_names=None,
        min_position=None,
    )
    exact = solve(data, within, goal)
    w.value = exact.weights.to_numpy()
    off = abs(float(problem.objective.value) - float(value)) / max(abs(float(value)), 1e-300)
    unheld = {f"{end}_weight {label}" for end in ("min", "max") for label in data.labels[~held]}
    return replace(
        exact,
        method=f"cvxpy: SCIP for the names, {exact.method} for the weights",
        gap=max(off, relative_gap, _SCIP_GAP),
        shadow_prices={name: price for name, price in exact.shadow_prices.items() if name not in unheld},
    )
