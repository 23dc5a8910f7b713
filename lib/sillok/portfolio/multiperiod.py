"""Several periods planned at once, so that a trade is made only where its gain outlives its cost (Boyd et al., 2017).

    maximise    sum_t  (mu_t'w_t - risk_aversion / 2 w_t' Sigma w_t) / periods_per_year - cost(w_t - w_{t-1})
    subject to  the limits, for each w_t;  w_0 = what is held now
    where       cost(z) = c'|z| + k'|z|^1.5

is their problem (5.1) with the growth of holdings within a period left out, as there. Only the first period's trade
is made; when its period is over, one plans again with what is known then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError, InfeasibleError, SolverError
from sillok.portfolio.constraints import Rows, bounds, cost_coefficients, linear_rows
from sillok.portfolio.data import Data, Limits, check_finite, check_labels
from sillok.portfolio.roots import root

if TYPE_CHECKING:
    import cvxpy as cp

__all__ = ["TradePlan", "multi_period"]

# Clarabel stops at a gap of 1e-8; weights are then good to about its square root.
_WEIGHT_TOL = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class TradePlan:
    """The plan, of which only the first row is acted on."""

    weights: pd.DataFrame  # (H, N) after each period's trade
    trades: pd.DataFrame  # (H, N) change of weights: bought positive, sold negative
    cost: pd.Series  # (H,) of each period's trade, once, part of the whole
    objective: float  # return less risk's price and costs over all periods, part of the whole, not a year
    gap: float  # relative duality gap of the solver
    method: str

    @property
    def target(self) -> pd.Series:
        """Return the weights to trade to now, (N,)."""
        return self.weights.iloc[0].rename("weight")

    @property
    def now(self) -> pd.Series:
        """Return the trade to make now, (N,)."""
        return self.trades.iloc[0].rename("trade")

    @property
    def turnover(self) -> pd.Series:
        """Return bought plus sold of each period, (H,), parts of the whole."""
        return self.trades.abs().sum(axis=1)


def multi_period(
    data: Data,
    limits: Limits,
    *,
    risk_aversion: float,
    periods: int | None = None,
    forecasts: pd.DataFrame | None = None,
    periods_per_year: float = 52.0,
) -> TradePlan:
    """Plan the weights of the coming periods, with the costs of getting from each to the next.

    Parameters
    ----------
    data
        ``previous`` is what is held now (all cash without it); ``mu`` is expected in every period, unless
        ``forecasts`` are given.
    limits
        Hold in every period. ``linear_cost`` and ``impact_cost`` are paid once for each trade, ``max_turnover`` is of
        each period.
    risk_aversion
        As in :func:`mean_variance`: half of it is what one unit of variance a year costs, a year.
    periods
        How many, H; needed without ``forecasts``.
    forecasts
        (H, N) expected simple return of each period, a year; row t is of period t, and is known now.
    periods_per_year
        Periods in a year: 52 for weeks, 252 for trading days.

    Raises
    ------
    ConfigError
        If a number is out of its range, or a limit is not taken here.
    DataError
        If forecasts are on other labels or have gaps.
    InfeasibleError
        If no plan keeps the limits.
    SolverError
        If the solver's answer is anything but optimal.
    """
    mu = _forecasts(data, periods, forecasts)
    _check(limits, risk_aversion, periods_per_year)
    problem, w = _state(data, limits, mu, risk_aversion=risk_aversion, periods_per_year=periods_per_year)
    gap = _solve(problem, limits)
    W = np.array([x.value for x in w])
    lb, ub = bounds(data.labels, limits)
    before = _previous(data)
    for t, found in enumerate(W):
        W[t] = before = _settle(found, before, lb, ub, limits.budget)
    return _plan(data, limits, mu, W, gap=gap, risk_aversion=risk_aversion, periods_per_year=periods_per_year)


def _forecasts(data: Data, periods: int | None, forecasts: pd.DataFrame | None) -> pd.DataFrame:
    if forecasts is None:
        if data.mu is None or periods is None:
            raise ConfigError("multi_period needs forecasts, or Data.mu and a number of periods; give them")
        if periods < 1 or periods != int(periods):
            raise ConfigError(f"periods must be a whole number of at least 1, got {periods}")
        rows = np.tile(data.mu.to_numpy(dtype=float), (int(periods), 1))
        return pd.DataFrame(
            rows, index=pd.RangeIndex(1, int(periods) + 1, name="period"), columns=data.labels
        )
    if periods is not None and periods != len(forecasts):
        raise ConfigError(
            f"forecasts have {len(forecasts)} rows, but {periods} periods are asked for; leave one out"
        )
    if not len(forecasts):
        raise DataError("forecasts have no row; give one for each period")
    check_labels("forecasts", forecasts.columns, data.labels)
    check_finite("forecasts", forecasts.to_numpy(dtype=float).T, data.labels)
    return forecasts


def _check(limits: Limits, risk_aversion: float, periods_per_year: float) -> None:
    for name, value in (("risk_aversion", risk_aversion), ("periods_per_year", periods_per_year)):
        if not 0 < value < np.inf:
            raise ConfigError(f"{name} must be positive, got {value}")
    if limits.is_integer:
        raise ConfigError(
            "max_names and min_position are not taken for several periods; trade to few_names' weights"
        )
    if limits.min_return_annual is not None:
        raise ConfigError("min_return_annual is not taken for several periods; lower risk_aversion instead")
    if limits.cost_years != 1.0:
        raise ConfigError(
            f"cost_years is {limits.cost_years}, but a plan of several periods pays each trade when it is made; "
            "leave it at 1"
        )


def _previous(data: Data) -> np.ndarray:
    return np.zeros(len(data.labels)) if data.previous is None else data.previous.to_numpy(dtype=float)


def _state(
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
    before: Any = _previous(data)
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


def _solve(problem: cp.Problem, limits: Limits) -> float:
    import cvxpy as cp

    numbers, chain, inverse = problem.get_problem_data(cp.CLARABEL, solver_opts={})
    try:
        # What problem.solve() does, but for the dual value, which it forgets.
        told = chain.solve_via_data(problem, numbers)
        problem.unpack_results(told, chain, inverse)
    except cp.SolverError as err:
        raise SolverError(f"the solver broke off: {err}; check the scale of Sigma and the forecasts") from err
    if problem.status in {cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE}:
        raise InfeasibleError(
            f"no plan keeps the limits in every period: {limits}; with max_turnover, look first whether what is held "
            "now can reach the other limits in one period"
        )
    if problem.status != cp.OPTIMAL:
        raise SolverError(
            f"the answer is {problem.status}, only an optimal one is accepted; loosen the limits",
            status=problem.status,
        )
    return float(abs(told.obj_val - told.obj_val_dual) / max(abs(told.obj_val), 1e-12))


def _settle(w: np.ndarray, before: np.ndarray, lb: np.ndarray, ub: np.ndarray, budget: float) -> np.ndarray:
    """Take what the solver's tolerance left off: trades and weights of nothing, and the budget's last digits."""
    w = np.clip(w, lb, ub)
    for exact in (np.zeros_like(w), lb, ub, np.clip(before, lb, ub)):
        w = np.where((np.abs(w - exact) < _WEIGHT_TOL) & (exact >= lb) & (exact <= ub), exact, w)
    missing = budget - w.sum()
    room = np.where(w == before, 0.0, ub - w if missing > 0 else w - lb)
    if not room.sum() > abs(missing):
        room = ub - w if missing > 0 else w - lb
    # Weights held before add up to the budget but for rounding: that is no trade.
    if abs(missing) <= 1e-13 or not room.sum() > 0:
        return w
    return np.clip(w + missing * room / room.sum(), lb, ub)


def _plan(
    data: Data,
    limits: Limits,
    mu: pd.DataFrame,
    W: np.ndarray,
    *,
    gap: float,
    risk_aversion: float,
    periods_per_year: float,
) -> TradePlan:
    Z = np.diff(W, axis=0, prepend=_previous(data)[None, :])
    linear, impact = cost_coefficients(data.labels, limits)
    cost = np.zeros(len(W))
    if linear is not None:
        cost = cost + np.abs(Z) @ linear
    if impact is not None:
        cost = cost + np.abs(Z) ** 1.5 @ impact
    risk = sum(data.variance(w) for w in W)
    earned = float((mu.to_numpy(dtype=float) * W).sum())
    return TradePlan(
        weights=pd.DataFrame(W, index=mu.index, columns=data.labels),
        trades=pd.DataFrame(Z, index=mu.index, columns=data.labels),
        cost=pd.Series(cost, index=mu.index, name="cost"),
        objective=(earned - 0.5 * risk_aversion * risk) / periods_per_year - float(cost.sum()),
        gap=gap,
        method="cvxpy: CLARABEL",
    )
