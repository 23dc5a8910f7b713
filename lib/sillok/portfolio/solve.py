"""One way from facts, limits and a goal to a solution: the direct method where there is one, else the statement."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, InfeasibleError, SolverError
from sillok.portfolio.constraints import bounds, cost_coefficients, linear_rows
from sillok.portfolio.data import Data, Limits, Solution
from sillok.portfolio.prices import Prices
from sillok.portfolio.statement import Answer, Goal, Statement

__all__ = ["solve", "solved", "trading_cost"]

# Clarabel stops at a gap of 1e-8; weights are then good to about its square root.
_WEIGHT_TOL = 1e-6


def _check(data: Data, limits: Limits, goal: Goal) -> None:
    needs = {"utility": "mu", "return": "mu", "sharpe": "mu", "tracking": "benchmark"}.get(goal.kind)
    if needs is not None and getattr(data, needs) is None:
        raise ConfigError(f"this problem needs Data.{needs}; give it")
    if limits.max_tracking_annual is not None and data.benchmark is None:
        raise ConfigError("max_tracking_annual needs Data.benchmark; give it, or drop the limit")
    if limits.has_costs and goal.kind in {"variance", "tracking"} and limits.min_return_annual is None:
        raise ConfigError(
            "costs are taken off the expected return, and this problem has none; set min_return_annual, limit "
            "max_turnover instead, or use mean_variance, where risk_aversion says what risk is worth"
        )
    if limits.is_integer:
        raise ConfigError("max_names and min_position are not taken here; use a mixed-integer problem")


def _snap(w: np.ndarray, lb: np.ndarray, ub: np.ndarray) -> np.ndarray:
    w = np.clip(w, lb, ub)
    w = np.where(np.abs(w - lb) < _WEIGHT_TOL, lb, w)
    w = np.where(np.abs(w - ub) < _WEIGHT_TOL, ub, w)
    return np.where(np.abs(w) < _WEIGHT_TOL, np.clip(0.0, lb, ub), w)


def _finish(w: np.ndarray, data: Data, limits: Limits) -> np.ndarray:
    lb, ub = bounds(data.labels, limits)
    w = _snap(w, lb, ub)
    if abs(w.sum() - limits.budget) > 1e-4:
        raise SolverError(
            f"the weights add up to {w.sum():.6f}, not to {limits.budget:g}; the solver's answer is not good enough"
        )
    missing = limits.budget - w.sum()
    room = np.where(w != 0, ub - w, 0.0) if missing > 0 else w - lb
    if room.sum() > 0:
        w = np.clip(w + missing * np.minimum(room / room.sum(), 1.0), lb, ub)
    return w


def _value(goal: Goal, w: np.ndarray, *, net: float, variance: float, tracking: float | None) -> float:
    if goal.kind == "variance":
        return variance
    if goal.kind == "tracking":
        return float(tracking or 0.0)
    if goal.kind == "utility":
        return net - 0.5 * goal.risk_aversion * variance
    if goal.kind == "sharpe":
        return float((net - goal.risk_free_annual * w.sum()) / np.sqrt(variance))
    return net


def solved(data: Data, limits: Limits, goal: Goal, answer: Answer, *, method: str, gap: float) -> Solution:
    """Return the solution that ``answer`` is, measured on ``data``."""
    w = answer.weights
    if w is None:
        raise SolverError("there is no answer to measure")
    rows = linear_rows(data.labels, limits, industry=data.industry, exposures=data.exposures, mu=data.mu)
    off = None if data.benchmark is None else w - data.benchmark.to_numpy(dtype=float)
    variance = data.variance(w)
    tracking = None if off is None else data.variance(off)
    earned = None if data.mu is None else float(data.mu.to_numpy(dtype=float) @ w)
    cost = trading_cost(w, data, limits) if limits.has_costs else None
    net = (earned or 0.0) - (cost or 0.0) / limits.cost_years
    return Solution(
        weights=pd.Series(w, index=data.labels, name="weight"),
        vol_annual=float(np.sqrt(variance)),
        objective=_value(goal, w, net=net, variance=variance, tracking=tracking),
        method=method,
        return_annual=earned,
        tracking_annual=None if tracking is None else float(np.sqrt(tracking)),
        cost=cost,
        gap=gap,
        shadow_prices=Prices(
            rows.names,
            answer.rows,
            data.labels,
            answer.bounds,
            budget=float(answer.rows[0]),
            others=answer.others,
        ),
    )


def trading_cost(w: np.ndarray, data: Data, limits: Limits) -> float:
    """Return what getting from the previous weights to ``w`` costs, once, part of the whole."""
    traded = np.abs(w if data.previous is None else w - data.previous.to_numpy(dtype=float))
    linear, impact = cost_coefficients(data.labels, limits)
    total = 0.0 if linear is None else float(linear @ traded)
    return total if impact is None else total + float(impact @ traded**1.5)


def solve(data: Data, limits: Limits, goal: Goal) -> Solution:
    """Solve one problem.

    Raises
    ------
    InfeasibleError
        If no portfolio keeps all limits.
    SolverError
        If the answer is anything but optimal.
    ConfigError
        If the problem needs facts that are not there, or has limits that it cannot take.
    """
    _check(data, limits, goal)
    answer = Statement(data, limits, goal).solve()
    if answer.weights is None:
        raise InfeasibleError(f"the limits contradict one another: {limits}; loosen one of them")
    answer = answer._replace(weights=_finish(answer.weights, data, limits))
    return solved(data, limits, goal, answer, method="cvxpy: CLARABEL", gap=float("nan"))
