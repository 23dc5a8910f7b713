"""The statement of a plan over several periods as cvxpy reads it, and its answer put on the limits exactly."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, InfeasibleError, SolverError
from sillok.portfolio.constraints import Rows, bounds, cost_coefficients, linear_rows
from sillok.portfolio.data import Data, Limits
from sillok.portfolio.direct import arrays
from sillok.portfolio.lagrangian import Lagrangian
from sillok.portfolio.roots import root
from sillok.portfolio.statement import Goal

if TYPE_CHECKING:
    import cvxpy as cp

__all__ = ["held_before", "put_within", "settle", "solve_stages", "solve_tight", "state_stages"]

# Clarabel stops at a gap of 1e-8, or a little before it has found more; weights are then good to about its square root.
_WEIGHT_TOL = 1e-6
_MISS = 1e-13  # a limit missed by less is kept
_WITHIN = 1e-15
_STEPS = 8  # the first sees to straight limits, the others to curved ones
_GOAL = Goal("utility")


def held_before(data: Data) -> np.ndarray:
    """Return the weights held now, (N,); zero where all is cash."""
    return np.zeros(len(data.labels)) if data.previous is None else data.previous.to_numpy(dtype=float)


def state_stages(
    data: Data, limits: Limits, mu: pd.DataFrame, *, risk_aversion: float, periods_per_year: float
) -> tuple[cp.Problem, list[Any]]:
    """State the plan in units of the mean variance, so that the solver's tolerances mean the same everywhere."""
    import cvxpy as cp

    R, scale = root(data)
    rows = linear_rows(data.labels, limits, industry=data.industry, exposures=data.exposures)
    lb, ub = bounds(data.labels, limits)
    linear, impact = cost_coefficients(data.labels, limits)
    unit = risk_aversion * scale
    w = [cp.Variable(len(lb)) for _ in range(len(mu))]
    total: Any = 0.0
    held: list[cp.Constraint] = []
    before: Any = held_before(data)
    for x, forecast in zip(w, mu.to_numpy(dtype=float), strict=True):
        z = x - before
        total = total + (forecast / unit) @ x - 0.5 * cp.sum_squares(_rooted(R, x))
        if linear is not None:
            total = total - (linear * periods_per_year / unit) @ cp.abs(z)
        if impact is not None and (dear := np.flatnonzero(impact)).size:
            # t^(2/3) >= |z| as one cone of power; cvxpy's own |z|^1.5 is two of second order, and less exact.
            t = cp.Variable(len(dear))
            held.append(cp.PowCone3D(t, np.ones(len(dear)), z[dear], 2 / 3))
            total = total - (impact[dear] * periods_per_year / unit) @ t
        held += _limits(data, limits, rows, x, z, R=R, scale=scale, ends=(lb, ub))
        before = x
    return cp.Problem(cp.Maximize(total), held), w


def _rooted(R: dict[str, np.ndarray], x: Any) -> Any:
    import cvxpy as cp

    return R["R"] @ x if "R" in R else cp.hstack([R["B"].T @ x, cp.multiply(R["s"], x)])


def _limits(
    data: Data,
    limits: Limits,
    rows: Rows,
    x: Any,
    z: Any,
    *,
    R: dict[str, np.ndarray],
    scale: float,
    ends: tuple[np.ndarray, np.ndarray],
) -> list[cp.Constraint]:
    """State the limits of one period."""
    import cvxpy as cp

    held = [x >= ends[0], x <= ends[1]]
    equal = rows.low == rows.high
    low, high = np.isfinite(rows.low) & ~equal, np.isfinite(rows.high) & ~equal
    held.append(rows.A[equal] @ x == rows.low[equal])
    if low.any():
        held.append(rows.A[low] @ x >= rows.low[low])
    if high.any():
        held.append(rows.A[high] @ x <= rows.high[high])
    if limits.max_gross is not None:
        held.append(cp.norm1(x) <= limits.max_gross)
    if limits.max_short is not None:
        held.append(cp.sum(cp.neg(x)) <= limits.max_short)
    if limits.max_turnover is not None:
        held.append(cp.norm1(z) <= limits.max_turnover)
    if limits.max_vol_annual is not None:
        held.append(cp.norm(_rooted(R, x), 2) <= limits.max_vol_annual / np.sqrt(scale))
    if limits.max_tracking_annual is not None:
        if data.benchmark is None:
            raise ConfigError("max_tracking_annual needs Data.benchmark; give it, or drop the limit")
        off = x - data.benchmark.to_numpy(dtype=float)
        held.append(cp.norm(_rooted(R, off), 2) <= limits.max_tracking_annual / np.sqrt(scale))
    return held


# As many digits as the solver can give; where it can give no more, what it has is looked at.
_TIGHT = {"tol_gap_abs": 1e-13, "tol_gap_rel": 1e-13, "tol_feas": 1e-12, "max_iter": 200}
_TIGHT |= {"reduced_tol_gap_abs": 1e-10, "reduced_tol_gap_rel": 1e-10, "reduced_tol_feas": 1e-10}


def solve_tight(problem: cp.Problem) -> float:
    """Solve with as many digits as there are and return the dual bound, of what is minimised; the status tells the rest.

    "Inaccurate" is left as a status only among the tight options, where it is a hundred times nearer than "optimal"
    without them.

    Raises
    ------
    SolverError
        If the solver broke off.
    """
    import cvxpy as cp

    bound = -np.inf
    for options in (_TIGHT, {}):
        numbers, chain, inverse = problem.get_problem_data(cp.CLARABEL, solver_opts=options)
        try:
            # What problem.solve() does, but for the dual value, which it forgets.
            told = chain.solve_via_data(problem, numbers, solver_opts=options)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Solution may be inaccurate")
                problem.unpack_results(told, chain, inverse)
        except cp.SolverError as err:
            if options:
                continue
            raise SolverError(
                f"the solver broke off: {err}; check the scale of Sigma and of expected returns"
            ) from err
        bound = float(told.obj_val_dual)
        if problem.status == cp.OPTIMAL or (options and problem.status == cp.OPTIMAL_INACCURATE):
            return bound
    if problem.status == cp.OPTIMAL_INACCURATE:
        raise SolverError("the answer is inaccurate, only an optimal one is accepted; loosen the limits")
    return bound


def solve_stages(problem: cp.Problem, limits: Limits) -> float:
    """Solve the plan and return what no plan surpasses, in the unit of the statement.

    Raises
    ------
    InfeasibleError
        If no plan keeps the limits.
    SolverError
        If the solver's answer is anything but optimal.
    """
    import cvxpy as cp

    found = -solve_tight(problem)
    if problem.status in {cp.OPTIMAL, cp.OPTIMAL_INACCURATE}:
        return found
    if problem.status in {cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE}:
        raise InfeasibleError(
            f"no plan keeps the limits in every period: {limits}; with max_turnover, look first whether what is held "
            "now can reach the other limits in one period"
        )
    raise SolverError(
        f"the answer is {problem.status}, only an optimal one is accepted; loosen the limits",
        status=problem.status,
    )


def settle(w: np.ndarray, before: np.ndarray, data: Data, limits: Limits) -> np.ndarray:
    """Take off what the solver's tolerance left: trades and weights of nothing, and the last digits of a broken limit."""
    lag = Lagrangian(
        replace(data, previous=pd.Series(before, data.labels)), limits, _GOAL, arrays(data, limits)
    )
    lb, ub = lag.plain.lb, lag.plain.ub
    w = np.clip(w, lb, ub)
    for exact in (np.zeros_like(w), lb, ub, np.clip(before, lb, ub)):
        w = np.where((np.abs(w - exact) < _WEIGHT_TOL) & (exact >= lb) & (exact <= ub), exact, w)
    return put_within(w, lag)


def put_within(w: np.ndarray, lag: Lagrangian) -> np.ndarray:
    """Return weights next to ``w`` that keep every limit to rounding, on those that hold; trades of nothing stay."""
    lb, ub, before = lag.plain.lb, lag.plain.ub, lag.p
    for _ in range(_STEPS):
        broken, gradients = _broken(lag, w)
        if not len(broken):
            return w
        # Trades and weights of nothing stay, as long as the others can carry the correction.
        free = (w != before) & (w > lb) & (w < ub) & ((w != 0) | (lb == 0))
        for some in (free, (w > lb) & (w < ub), lb < ub):
            step = np.linalg.lstsq(gradients[:, some], -broken, rcond=1e-12)[0]
            if np.abs(gradients[:, some] @ step + broken).max() <= 0.1 * np.abs(broken).max():
                break
        w = w.copy()
        w[some] += step
        w = np.clip(w, lb, ub)
    return w


def _broken(lag: Lagrangian, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return by how much each limit that is broken, or nearly, is missed, and its slope."""
    rows = lag.plain.rows
    Aw, point = rows.A @ w, lag.at(w)
    over = np.concatenate([Aw - rows.high, rows.low - Aw, point.values])
    slopes = np.concatenate([rows.A, -rows.A, point.gradients])
    if over.max() <= _MISS:
        return np.zeros(0), slopes[:0]
    near = over > -_MISS
    # A limit that holds is held where it is, and a curved one is met from within.
    return np.where(over > _MISS, over + _WITHIN, np.maximum(over, 0.0))[near], slopes[near]
