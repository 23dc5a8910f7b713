"""The efficient frontier: for every return the portfolio of least variance (Markowitz, 1952).

Under limits that are bounds and rows the critical line gives all of it exactly, corner by corner, and a point is
then only a place between two corners. Other limits (gross, short, turnover, tracking, costs) bend the line:
their frontier is solved point by point, and says so in its ``method``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, InfeasibleError, SolverError
from sillok.portfolio.constraints import Rows, bounds, linear_rows
from sillok.portfolio.data import Data, Limits, Solution
from sillok.portfolio.definiteness import check_definite
from sillok.portfolio.mean_variance import (
    maximum_sharpe,
    mean_variance,
    minimum_variance,
    target_return,
    target_risk,
)
from sillok.portfolio.methods.critical_places import place_return, place_steepest, place_variance
from sillok.portfolio.methods.forms import DenseForm, FactorForm
from sillok.portfolio.solve import solved, trading_cost
from sillok.portfolio.statement import Answer, Goal

if TYPE_CHECKING:
    from sillok.portfolio.methods.critical_line import Corners

__all__ = ["Frontier", "efficient_frontier"]

_NO_LIMITS = Limits()
# A frontier whose returns differ by less than this part of them is one portfolio.
_POINT = 1e-12
# Where the least variance is none, a gap is told as a part of this part of the mean variance.
_DUST = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Frontier:
    """Efficient portfolios from the least variance to the highest return; rates are a year.

    The points lie evenly in return, ``corners`` where a weight or a limit begins or ceases to hold: between two
    neighbours the weights are straight lines in the return, so that the corners are the whole frontier.
    """

    portfolios: pd.DataFrame  # (points, N) weights
    return_annual: pd.Series  # (points,) mu'w, rising
    vol_annual: pd.Series  # (points,) sqrt(w' Sigma w), rising
    corners: pd.DataFrame | None  # (C, N) weights of the corner portfolios; None if solved point by point
    method: str  # "critical line" or "cvxpy: CLARABEL"
    gap: float  # the largest relative duality gap of the points, measured; NaN where it is not
    data: Data = field(repr=False)
    limits: Limits = field(repr=False)
    line: Corners | None = field(repr=False)

    def at_return(self, return_annual: float) -> Solution:
        """Return the portfolio of least variance that is expected to earn ``return_annual``.

        Raises
        ------
        InfeasibleError
            If that is more than the frontier's highest return; the message names it.
        """
        if self.line is None:
            return target_return(self.data, self.limits, return_annual=return_annual)
        top = float(self.line.returns[-1])
        if return_annual > top + _POINT * abs(top):
            raise InfeasibleError(
                f"no portfolio within the limits is expected to earn {return_annual:.6g} a year; the most is {top:.6g}"
            )
        return _solution(self, *place_return(self.line, return_annual), Goal("variance"))

    def at_vol(self, vol_annual: float) -> Solution:
        """Return the portfolio of the highest return among those of volatility ``vol_annual`` or less.

        Raises
        ------
        InfeasibleError
            If that is less than the frontier's least volatility; the message names it.
        """
        if self.line is None:
            return target_risk(self.data, self.limits, vol_annual=vol_annual)
        least = float(np.sqrt(self.line.variances[0]))
        if vol_annual < least * (1 - _POINT):
            raise InfeasibleError(
                f"no portfolio within the limits has a volatility of {vol_annual:.6g} a year; the least is {least:.6g}"
            )
        return _solution(self, *place_variance(self.line, vol_annual**2), Goal("return"))

    def maximum_sharpe(self, *, risk_free_annual: float = 0.0) -> Solution:
        """Return the frontier's portfolio of the greatest ``(mu - risk_free_annual)'w / sqrt(w' Sigma w)``.

        Raises
        ------
        InfeasibleError
            If no portfolio within the limits is expected to earn more than the riskless rate.
        SolverError
            If some portfolio earns more without any risk, so that the ratio has no bound.
        """
        if self.line is None:
            return maximum_sharpe(self.data, self.limits, risk_free_annual=risk_free_annual)
        free = risk_free_annual * self.limits.budget
        if not self.line.returns[-1] > free:
            raise InfeasibleError(
                f"no portfolio within the limits is expected to earn more than the riskless {free:.6g} a year; "
                f"the most is {self.line.returns[-1]:.6g}"
            )
        return _solution(
            self, *place_steepest(self.line, free), Goal("sharpe", risk_free_annual=risk_free_annual)
        )


def _solution(frontier: Frontier, w: np.ndarray, t: float, y: np.ndarray, goal: Goal) -> Solution:
    """Return one portfolio of the line, its multipliers in the units of ``goal``."""
    data, limits = frontier.data, frontier.limits
    mu = _expected(data)
    rows = linear_rows(data.labels, limits, industry=data.industry, exposures=data.exposures, mu=data.mu)
    z = _form(data).product(w) - t * mu - y @ rows.A
    others: dict[str, float] = {}
    unit = 2.0
    if goal.kind != "variance":
        vol = float(np.sqrt(data.variance(w)))
        unit = 1 / t if t > 0 else 0.0
        if goal.kind == "sharpe":
            y = y.copy()
            y[0] += t * goal.risk_free_annual
            unit = unit / vol
        else:
            others = {"vol": vol * unit}
    else:
        others = {"return": 2 * t}
    answer = Answer(w, -unit * y, -unit * z, others, "optimal")
    return solved(data, limits, goal, answer, method=frontier.method, gap=frontier.gap)


def _expected(data: Data) -> np.ndarray:
    if data.mu is None:
        raise ConfigError("a frontier needs expected returns; give Data.mu")
    return data.mu.to_numpy(dtype=float)


def _form(data: Data) -> DenseForm | FactorForm:
    return DenseForm(data.matrix()) if data.factor is None else FactorForm(*data.factor.root())


def _bends(limits: Limits) -> bool:
    """Tell whether a limit is neither a bound nor a row, and not the cap on risk that cuts the line."""
    capped = (limits.max_gross, limits.max_short, limits.max_turnover, limits.max_tracking_annual)
    return limits.has_costs or any(limit is not None for limit in capped)


def efficient_frontier(data: Data, limits: Limits = _NO_LIMITS, *, points: int = 50) -> Frontier:
    """Find the efficient portfolios within ``limits``, ``points`` of them evenly spaced in return.

    Parameters
    ----------
    data
        With ``mu``.
    points
        At least two; where all efficient portfolios are one, as with equal expected returns, each point is it.

    Raises
    ------
    InfeasibleError
        If no portfolio keeps all limits, as :func:`minimum_variance` explains it.
    SolverError
        If some point's answer is anything but optimal.
    DataError
        If ``Sigma`` is not a covariance, naming issues.
    ConfigError
        If there is no ``mu``, a number of points below two, or a limit in whole numbers.
    """
    mu = _expected(data)
    if points < 2:
        raise ConfigError(f"a frontier needs at least two points, got {points}")
    if limits.is_integer:
        raise ConfigError(
            "max_names and min_position make gaps in a frontier; solve its portfolios one by one, or drop them"
        )
    lb, ub = bounds(data.labels, limits)
    if _bends(limits) or not (np.isfinite(lb).all() and np.isfinite(ub).all()):
        return _pointwise(data, limits, points)
    form = _form(data)
    check_definite(data)
    rows = linear_rows(data.labels, limits, industry=data.industry, exposures=data.exposures, mu=data.mu)
    problem = _Problem(form, mu, rows, lb, ub)
    line = _walk(problem)
    if line is None:
        minimum_variance(data, replace(limits, max_vol_annual=None))
        return _pointwise(data, limits, points)
    if limits.max_vol_annual is not None:
        line = _cut(line, data, limits)
    return _drawn(data, limits, line, problem, points)


class _Problem(NamedTuple):
    form: DenseForm | FactorForm
    mu: np.ndarray
    rows: Rows
    lb: np.ndarray
    ub: np.ndarray


def _walk(problem: _Problem) -> Corners | None:
    """Return the critical line; None where there is none, or it lost its way."""
    from sillok.portfolio.methods.critical_line import critical_line

    try:
        form, mu, rows, lb, ub = problem
        return critical_line(form, mu, rows.A, rows.low, rows.high, lb, ub)
    except SolverError:
        return None


def _cut(line: Corners, data: Data, limits: Limits) -> Corners:
    """Return the part of the line up to the cap on volatility."""
    cap = float(limits.max_vol_annual or 0.0) ** 2
    if cap >= line.variances[-1]:
        return line
    if cap < line.variances[0] * (1 - _POINT):
        minimum_variance(data, limits)  # says what the least volatility is
    w, t, y = place_variance(line, cap)
    kept = int(np.searchsorted(line.variances, cap, side="right"))
    earned = float(w @ _expected(data))
    ends = (w[None], np.array([t]), y[None], np.array([earned]), np.array([cap]))
    return type(line)(*(np.concatenate([a[:kept], end]) for a, end in zip(line, ends, strict=True)))


def _spaced(low: float, high: float, points: int) -> np.ndarray:
    return np.linspace(low, high, points) if high > low else np.full(points, low)


def _drawn(
    data: Data,
    limits: Limits,
    line: Corners,
    problem: _Problem,
    points: int,
) -> Frontier:
    """Place the points between the corners and measure each one's duality gap."""
    form, mu, rows, lb, ub = problem
    returns = np.maximum.accumulate(line.returns)
    wanted = _spaced(returns[0], returns[-1], points)
    k = np.clip(np.searchsorted(returns, wanted, side="right") - 1, 0, max(len(returns) - 2, 0))
    after = np.minimum(k + 1, len(returns) - 1)
    rise = returns[after] - returns[k]
    part = np.clip(np.divide(wanted - returns[k], rise, out=np.zeros(points), where=rise > 0), 0.0, 1.0)
    W, t, Y = (a[k] + (a[after] - a[k]) * part.reshape(-1, *[1] * (a.ndim - 1)) for a in line[:3])
    PW = W @ form.P if isinstance(form, DenseForm) else (W @ form.B) @ form.B.T + W * form.d
    variances = np.maximum(np.einsum("ij,ij->i", W, PW), 0.0)
    Z = PW - t[:, None] * mu - Y @ rows.A
    gap = np.einsum("ij,ij->i", Z, np.where(Z > 0, W - lb, W - ub))
    at = W @ rows.A.T
    held = np.where(Y > 0, rows.low, np.where(Y < 0, rows.high, 0.0))
    gap += np.where(Y != 0, Y * (at - held), 0.0).sum(axis=1)
    size = np.maximum(0.5 * variances + t * np.abs(wanted), _DUST * form.diagonal.mean())
    return Frontier(
        portfolios=pd.DataFrame(W, columns=data.labels),
        return_annual=pd.Series(W @ mu, name="return_annual"),
        vol_annual=pd.Series(np.sqrt(variances), name="vol_annual"),
        corners=pd.DataFrame(line.weights, columns=data.labels),
        method="critical line",
        gap=float(np.max(np.abs(gap) / size)),
        data=data,
        limits=limits,
        line=line,
    )


def _pointwise(data: Data, limits: Limits, points: int) -> Frontier:
    """Solve for each return between those of the least variance and of the most return, less costs."""
    free = replace(limits, linear_cost=None, impact_cost=None)
    ends = (minimum_variance(data, free), mean_variance(data, limits, risk_aversion=0.0))
    low, high = (_net(solution, data, limits) for solution in ends)
    found = [target_return(data, limits, return_annual=float(r)) for r in _spaced(low, high, points)[:-1]]
    found.append(ends[1])
    return Frontier(
        portfolios=pd.DataFrame([s.weights.to_numpy() for s in found], columns=data.labels),
        return_annual=pd.Series([_net(s, data, limits) for s in found], name="return_annual"),
        vol_annual=pd.Series([s.vol_annual for s in found], name="vol_annual"),
        corners=None,
        method=found[0].method,
        gap=max(s.gap for s in found),
        data=data,
        limits=limits,
        line=None,
    )


def _net(solution: Solution, data: Data, limits: Limits) -> float:
    """Return what a portfolio is expected to earn, less what getting there costs."""
    cost = trading_cost(solution.weights.to_numpy(), data, limits) if limits.has_costs else 0.0
    return float(solution.return_annual or 0.0) - cost / limits.cost_years
