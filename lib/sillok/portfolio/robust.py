"""The best portfolio in the worst case: expected returns are known to lie in a set, not at a point.

maximise    min over m in U of m'w  -  risk_aversion / 2 w' Sigma w  -  cost(w)

Box        U = {m : |m - mu| <= radius},                     the worst m'w is mu'w - radius'|w|
                                                             Tütüncü and Koenig (2004)
Ellipsoid  U = {m : (m - mu)' Omega^-1 (m - mu) <= radius²},  the worst m'w is mu'w - radius sqrt(w' Omega w)
                                                             Goldfarb and Iyengar (2003); Ceria and
                                                             Stubbs (2006)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError
from sillok.portfolio.constraints import bounds
from sillok.portfolio.data import Data, Limits, Solution, check_finite, check_labels
from sillok.portfolio.solve import Engine, solve
from sillok.portfolio.statement import Goal

__all__ = ["Box", "Ellipsoid", "RobustSolution", "worst_case"]

_NO_LIMITS = Limits()
# The root of the ellipsoid's width: the objective is flat there, hence exact to the square of this.
_ROOT = 1e-13
# A width this small against the widest issue's is none: the estimate's error cancels out.
_NARROW = 1e-7
_SYMMETRY = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """Each issue's expected return lies within ``radius`` of its estimate, whatever the others do."""

    radius: pd.Series  # (N,) >= 0, a return a year


@dataclass(frozen=True, slots=True, eq=False)
class Ellipsoid:
    """The expected returns lie within ``radius`` standard errors of their estimate, all together."""

    covariance: pd.DataFrame  # (N, N) of the estimate, a year: e.g. Sigma / years
    radius: float  # sqrt of a chi-squared quantile with N degrees, or one number of errors


@dataclass(frozen=True, slots=True, eq=False)
class RobustSolution:
    """The answer, always an optimal one; rates are a year.

    At ``worst_mu`` the plain utility problem has the same answer, and no other mean in the set leaves less. Only of
    an issue that could be sold short under a box and is not held, it is the least mean, which need not be that one.
    ``shadow_prices`` is as in :class:`~sillok.portfolio.Solution`.
    """

    weights: pd.Series  # (N,)
    vol_annual: float  # sqrt(w' Sigma w)
    return_annual: float  # mu'w, at the estimate
    worst_return_annual: float  # the least m'w in the set
    worst_mu: pd.Series  # (N,) where it is
    objective: float  # the utility there
    method: str
    gap: float = 0.0  # relative duality gap, measured
    shadow_prices: Mapping[str, float] = field(default_factory=dict, repr=False)
    status: str = "optimal"

    @property
    def binding(self) -> tuple[str, ...]:
        """Names of the limits that hold the answer back; the budget is not counted."""
        return tuple(name for name in self.shadow_prices if name != "budget")


def worst_case(
    data: Data, limits: Limits = _NO_LIMITS, *, risk_aversion: float, uncertainty: Box | Ellipsoid
) -> RobustSolution:
    """Find the portfolio of the greatest utility under the worst expected returns of a set.

    Under a box ``min_return_annual`` is asked of the worst return.

    Raises
    ------
    ConfigError
        If ``risk_aversion`` or a radius is negative, or a limit cannot be kept together with the set.
    DataError
        If the set is on other labels, has gaps, or its covariance is none, naming issues.
    InfeasibleError, SolverError
        As :func:`~sillok.portfolio.mean_variance`.
    """
    if data.mu is None:
        raise ConfigError("the worst case needs Data.mu; give it")
    if not 0 <= risk_aversion < np.inf:
        raise ConfigError(f"risk_aversion must be zero or more, got {risk_aversion}")
    goal = Goal("utility" if risk_aversion > 0 else "return", risk_aversion)
    if isinstance(uncertainty, Box):
        return _in_box(data, limits, goal, uncertainty)
    return _in_ellipsoid(data, limits, goal, uncertainty)


def _radius(data: Data, box: Box) -> np.ndarray:
    check_labels("radius", box.radius.index, data.labels)
    found = box.radius.to_numpy(dtype=float)
    check_finite("radius", found, data.labels)
    if (found < 0).any():
        wrong = list(data.labels[found < 0])
        raise ConfigError(f"radius must be zero or more, not so for {wrong[:5]}", symbols=wrong)
    return found


def _in_box(data: Data, limits: Limits, goal: Goal, box: Box) -> RobustSolution:
    """Where nothing can be sold short the worst mean is known beforehand; else the radius acts as a linear cost."""
    radius = _radius(data, box)
    mu = np.asarray(data.mu, dtype=float)
    lb, _ = bounds(data.labels, limits)
    if (lb >= 0).all():
        found = solve(replace(data, mu=pd.Series(mu - radius, data.labels)), limits, goal)
    else:
        if limits.has_costs or limits.max_turnover is not None:
            raise ConfigError(
                "a box with short positions cannot be kept together with costs or max_turnover; set min_weight to 0, "
                "drop them, or use an Ellipsoid"
            )
        found = solve(
            replace(data, previous=None), replace(limits, linear_cost=box.radius, cost_years=1.0), goal
        )
    w = found.weights.to_numpy()
    worst = pd.Series(mu - radius * np.where(w < 0, -1.0, 1.0), data.labels, name="mu")
    return _robust(data, found, worst, gap=found.gap, objective=found.objective)


def _robust(data: Data, found: Solution, worst: pd.Series, *, gap: float, objective: float) -> RobustSolution:
    w = found.weights.to_numpy()
    return RobustSolution(
        weights=found.weights,
        vol_annual=float(np.sqrt(data.variance(w))),
        return_annual=float(np.asarray(data.mu, dtype=float) @ w),
        worst_return_annual=float(worst.to_numpy() @ w),
        worst_mu=worst,
        objective=objective,
        method=found.method,
        gap=gap,
        shadow_prices=found.shadow_prices,
    )


def _check_ellipsoid(data: Data, limits: Limits, given: Ellipsoid) -> np.ndarray:
    Omega = given.covariance
    check_labels("the ellipsoid's covariance", Omega.index, data.labels)
    check_labels("the ellipsoid's covariance", Omega.columns, data.labels)
    found = Omega.to_numpy(dtype=float)
    check_finite("the ellipsoid's covariance", found, data.labels)
    size = float(np.abs(found).max())
    if np.abs(found - found.T).max() > _SYMMETRY * size:
        raise DataError("the ellipsoid's covariance is not symmetric; estimate it anew")
    lowest = float(np.linalg.eigvalsh(found)[0])
    if lowest < -_SYMMETRY * len(found) * size:
        raise DataError(
            f"the ellipsoid's covariance is not positive semidefinite (smallest eigenvalue {lowest:.3g}); estimate it "
            "anew"
        )
    if not 0 <= given.radius < np.inf:
        raise ConfigError(f"radius must be zero or more, got {given.radius}; 2 means two standard errors")
    for name in ("max_vol_annual", "max_tracking_annual", "min_return_annual"):
        if getattr(limits, name) is not None:
            raise ConfigError(f"{name} cannot be kept together with an Ellipsoid; drop it, or use a Box")
    return found


def _in_ellipsoid(data: Data, limits: Limits, goal: Goal, given: Ellipsoid) -> RobustSolution:
    """Solve one quadratic problem for each width ``t``, and find the width that is the answer's own.

    ``radius sqrt(w'Omega w)`` is the least over t > 0 of ``radius / 2 (w'Omega w / t + t)``, jointly convex in w and
    t; at its root the slope in t is zero. What the mean that is worst there lets any portfolio reach bounds the
    answer from above.
    """
    from scipy.optimize import brentq

    Omega = _check_ellipsoid(data, limits, given)
    Sigma = data.matrix()
    engine, answers = Engine(), dict[float, Solution]()

    def width(w: np.ndarray) -> float:
        return float(np.sqrt(max(w @ Omega @ w, 0.0)))

    def excess(log_t: float) -> float:
        t = float(np.exp(log_t))
        whole = goal.risk_aversion * Sigma if goal.kind == "utility" else np.zeros_like(Sigma)
        whole = whole + (given.radius / t) * Omega
        bent = replace(data, Sigma=pd.DataFrame(0.5 * (whole + whole.T), data.labels, data.labels))
        answers[log_t] = solve(bent, limits, Goal("utility", 1.0), engine)
        return width(answers[log_t].weights.to_numpy()) - t

    plain = solve(data, limits, goal)
    start = width(plain.weights.to_numpy())
    least = _NARROW * float(np.sqrt(Omega.diagonal().max()))
    if given.radius == 0 or start <= least:
        best, t = plain, np.inf
    else:
        # At the plain answer's width the bent answer is narrower; far below it is wider, unless the error cancels out.
        high, low = np.log(start), np.log(start) - 1.0
        while excess(low) < 0 and low > np.log(least):
            high, low = low, low - 2.0
        if excess(low) <= 0:
            root = low
        elif excess(high) >= 0:
            root = high
        else:
            root = brentq(excess, low, high, xtol=_ROOT, rtol=1e-14)
        excess(root)
        best, t = answers[root], float(np.exp(root))
    return _proven(data, limits, goal, given, best, t)


def _proven(  # noqa: PLR0917 - the problem in its words, and the answer
    data: Data, limits: Limits, goal: Goal, given: Ellipsoid, best: Solution, t: float
) -> RobustSolution:
    """Return the answer with its utility in the worst case, beside what the worst mean lets any portfolio reach.

    Of an answer without error every mean of the set is a worst one. That of the width ``t``, at which the answer was
    found, is the one at which no other portfolio is better.
    """
    Omega, mu = given.covariance.to_numpy(dtype=float), np.asarray(data.mu, dtype=float)
    w = best.weights.to_numpy()
    wide = float(np.sqrt(max(w @ Omega @ w, 0.0)))
    away = given.radius * (Omega @ w) / max(t, wide)
    worst = pd.Series(mu - away, data.labels, name="mu")
    cost = (best.cost or 0.0) / limits.cost_years
    risk = 0.5 * goal.risk_aversion * data.variance(w) if goal.kind == "utility" else 0.0
    utility = float(mu @ w) - given.radius * wide - risk - cost
    ceiling = solve(replace(data, mu=worst), limits, goal).objective
    size = max(abs(utility), abs(risk), float(np.abs(mu) @ np.abs(w)), 1e-12)
    return _robust(data, best, worst, gap=max(ceiling - utility, 0.0) / size, objective=utility)
