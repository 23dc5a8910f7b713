"""Risk budgets within limits: the barrier problem on the limits' cone, stated for cvxpy and finished by Newton.

    minimise    1/2 x' Sigma x - sum_i b_i ln x_i
    subject to  low s <= A x <= high s,  lb s <= x <= ub s,  s = sum(x) / budget

The limits on ``w = x / s`` are a cone in x, so that scale stays free, as it is without limits: where no limit binds
the risk is shared out exactly as budgeted (Richard and Roncalli, 2019, choose their multiplier to the same end).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, InfeasibleError, SolverError
from sillok.portfolio.constraints import bounds, linear_rows
from sillok.portfolio.data import Data, Limits
from sillok.portfolio.mean_variance import minimum_variance
from sillok.portfolio.roots import root

if TYPE_CHECKING:
    import cvxpy as cp

__all__ = ["Budgets", "check_limits", "keeps", "solve_barrier"]

_VIOLATION = 1e-12
_HELD = 1e-6  # a dual above this part of the largest holds; Clarabel stops at 1e-8
_EXACT = 1e-9
_ROUNDING = 1e-13
_STEPS = 30  # of Newton; from a solver's answer it takes three or four


class Budgets(NamedTuple):
    """The answer in weights, and what each limit is worth to the barrier function."""

    w: np.ndarray  # (N,), adding up to the budget
    prices: dict[str, float]  # of the limits that hold, in the unit of the barrier function
    gap: float  # the largest miss of stationarity, as a part of a budget; NaN where it is not measured
    method: str


def check_limits(limits: Limits) -> None:
    """Raise ConfigError if a limit cannot be taken by risk budgets."""
    if limits.has_costs or limits.is_integer:
        raise ConfigError(
            "risk budgets take no costs, max_names or min_position; drop them, or limit max_turnover instead"
        )
    if not limits.budget > 0:
        raise ConfigError(f"risk budgets need a positive budget, got {limits.budget}")


def keeps(w: np.ndarray, data: Data, limits: Limits) -> bool:
    """Tell whether ``w``, long only and adding up to the budget, keeps every limit."""
    cone = _cone(data, limits)
    held = [
        not len(cone.G) or (cone.G @ w).min() >= -_VIOLATION,
        not len(cone.E) or np.abs(cone.E @ w).max() <= _VIOLATION,
        limits.max_gross is None or w.sum() <= limits.max_gross + _VIOLATION,
        limits.max_vol_annual is None or data.variance(w) <= limits.max_vol_annual**2,
    ]
    if limits.max_turnover is not None:
        held.append(np.abs(w - _previous(data)).sum() <= limits.max_turnover)
    if limits.max_tracking_annual is not None:
        held.append(data.variance(w - _benchmark(data)) <= limits.max_tracking_annual**2)
    return all(held)


def _previous(data: Data) -> np.ndarray:
    return np.zeros(len(data.labels)) if data.previous is None else data.previous.to_numpy(dtype=float)


def _benchmark(data: Data) -> np.ndarray:
    if data.benchmark is None:
        raise ConfigError("max_tracking_annual needs Data.benchmark; give it, or drop the limit")
    return data.benchmark.to_numpy(dtype=float)


def solve_barrier(data: Data, b: np.ndarray, limits: Limits) -> Budgets:
    """Solve the problem on the cone of ``limits``; where rows and bounds alone hold, exactly.

    Raises
    ------
    InfeasibleError
        If no long-only portfolio keeps the limits, as :func:`minimum_variance` explains it.
    SolverError
        If the answer is anything but optimal.
    """
    import cvxpy as cp

    # The cone of limits that contradict one another is a point, which solvers approach for ever.
    minimum_variance(data, replace(limits, min_weight=_positive(data, limits)))
    cone = _cone(data, limits)
    R, scale = root(data)
    x = cp.Variable(len(b), name="x")
    others = _others(x, R, scale, data, limits)
    named = {"linear": cone.G @ x >= 0} if len(cone.G) else {}
    named |= {"equal": cone.E @ x == 0} if len(cone.E) else {}
    goal = cp.Minimize(0.5 * cp.sum_squares(_risk(R, x)) - b @ cp.log(x))
    problem = cp.Problem(goal, [*named.values(), *others.values()])
    try:
        problem.solve(solver=cp.CLARABEL)
    except cp.SolverError as err:
        raise SolverError(f"the solver broke off: {err}; check the scale of Sigma") from err
    if problem.status in {cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE}:
        raise InfeasibleError("no long-only portfolio with every issue in it keeps the limits; loosen one")
    if problem.status != cp.OPTIMAL:
        raise SolverError(
            f"the answer is {problem.status}, only an optimal one is accepted; loosen the limits"
        )
    prices = np.asarray(named["linear"].dual_value) if "linear" in named else np.zeros(0)
    bent = {n: abs(float(np.ravel(c.dual_value)[0])) for n, c in others.items()}
    bent = {n: price for n, price in bent.items() if price > _HELD}
    polished = None if bent else _polished(np.asarray(x.value), b, data, cone, prices, scale)
    found, method = np.asarray(x.value), "cvxpy: CLARABEL"
    gap = float("nan")
    if polished is not None:
        (found, prices, gap), method = polished, "cvxpy: CLARABEL, then Newton"
    w = found * (limits.budget / found.sum())
    held = tuple(name for name, price in zip(cone.names, prices, strict=True) if price > _HELD)
    return Budgets(w, {name: float(prices[cone.names.index(name)]) for name in held} | bent, gap, method)


def _positive(data: Data, limits: Limits) -> pd.Series:
    return pd.Series(np.maximum(bounds(data.labels, limits)[0], 0.0), index=data.labels)


class _Cone(NamedTuple):
    """``G x >= 0`` and ``E x = 0``."""

    G: np.ndarray
    names: tuple[str, ...]
    E: np.ndarray


def _cone(data: Data, limits: Limits) -> _Cone:
    rows = linear_rows(data.labels, limits, industry=data.industry, exposures=data.exposures, mu=data.mu)
    lb, ub = bounds(data.labels, limits)
    unit = 1.0 / limits.budget
    G, names, E = [], [], []
    for a, low, high, name in list(zip(*rows, strict=True))[1:]:
        if low == high:
            E.append(a - low * unit)
            continue
        for end, sign in ((low, 1.0), (high, -1.0)):
            if np.isfinite(end):
                G.append(sign * (a - end * unit))
                names.append(name)
    for i, label in enumerate(data.labels):
        for end, sign, word in ((lb[i], 1.0, "min_weight"), (ub[i], -1.0, "max_weight")):
            if np.isfinite(end) and (end > 0 if sign > 0 else end < limits.budget):
                row = np.full(len(lb), -sign * end * unit)
                row[i] += sign
                G.append(row)
                names.append(f"{word} {label}")
    N = len(lb)
    return _Cone(np.array(G).reshape(-1, N), tuple(names), np.array(E).reshape(-1, N))


def _risk(R: dict[str, np.ndarray], x: Any) -> Any:
    import cvxpy as cp

    return R["R"] @ x if "R" in R else cp.hstack([R["B"].T @ x, cp.multiply(R["s"], x)])


def _others(
    x: cp.Variable, R: dict[str, np.ndarray], scale: float, data: Data, limits: Limits
) -> dict[str, cp.Constraint]:
    """State the limits that are no rows, on the same cone."""
    import cvxpy as cp

    s = cp.sum(x) / limits.budget
    unit = 1 / np.sqrt(scale)
    found = {}
    if limits.max_gross is not None and limits.max_gross < limits.budget:
        raise InfeasibleError(
            f"max_gross {limits.max_gross:g} is below the budget {limits.budget:g}, and risk budgets are long only"
        )
    if limits.max_turnover is not None:
        found["turnover"] = cp.norm1(x - _previous(data) * s) <= limits.max_turnover * s
    if limits.max_vol_annual is not None:
        found["vol"] = cp.norm(_risk(R, x), 2) <= limits.max_vol_annual * unit * s
    if limits.max_tracking_annual is not None:
        off = x - _benchmark(data) * s
        found["tracking"] = cp.norm(_risk(R, off), 2) <= limits.max_tracking_annual * unit * s
    return found


def _polished(  # noqa: PLR0917 - a step of solve_barrier, in its words
    x: np.ndarray, b: np.ndarray, data: Data, cone: _Cone, prices: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray, float] | None:
    """Take the limits that hold for equations and solve by Newton, until those are the right ones; None if never."""
    held = prices > _HELD * max(float(prices.max(initial=0.0)), 1e-3)
    P = data.matrix() / scale
    for _ in range(len(b) + 8):
        found = _newton(x, b, P, np.concatenate([cone.G[held], cone.E]))
        if found is None:
            return None
        x, y, gap = found
        whole = np.zeros(len(cone.G))
        whole[held] = y[: int(held.sum())]
        room = np.where(held, 0.0, cone.G @ x) / x.sum()
        if whole.min(initial=0.0) < 0:
            held[int(whole.argmin())] = False
        elif room.min(initial=0.0) < -_VIOLATION:
            held[int(room.argmin())] = True
        else:
            return (x, whole, gap) if gap <= _EXACT else None
    return None


def _newton(
    x: np.ndarray, b: np.ndarray, P: np.ndarray, H: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float] | None:
    """Minimise the barrier function on ``H x = 0``; None where that has no interior or its rows are dependent."""
    N, m = len(b), len(H)
    K = np.zeros((N + m, N + m))
    K[:N, N:], K[N:, :N] = -H.T, H
    y, gap = np.zeros(m), np.inf
    for _ in range(_STEPS):
        K[:N, :N] = P + np.diag(b / x**2)
        try:
            step = np.linalg.solve(K, np.concatenate([b / x - P @ x, -(H @ x)]))
        except np.linalg.LinAlgError:
            return None
        # Nine tenths of the way to the nearest zero, at most.
        far = float(np.max(-step[:N] / x))
        x, y = x + step[:N] * min(1.0, 0.9 / max(far, 1e-300)), step[N:]
        gap = float(np.max(np.abs(x * (P @ x - y @ H) - b) / b))
        if gap < _ROUNDING and far < _ROUNDING:
            break
    return x, y, gap
