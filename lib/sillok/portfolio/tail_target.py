"""The most that can be earned while the worst scenarios stay bearable."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, InfeasibleError, SolverError
from sillok.portfolio.data import Limits
from sillok.portfolio.scenarios import Scenarios
from sillok.portfolio.tail import TailSolution, minimum_cvar
from sillok.portfolio.tail_problem import state_problem

__all__ = ["target_cvar"]

_NO_LIMITS = Limits()
_ROUNDS = 60  # the frontier is made of straight pieces, of which each round leaves one or more behind
_CLOSE = 1e-12  # of the limit


def target_cvar(
    scenarios: Scenarios | pd.DataFrame,
    limits: Limits = _NO_LIMITS,
    *,
    cvar_period: float,
    level: float = 0.95,
) -> TailSolution:
    """Find the portfolio of greatest expected return among those of a CVaR of ``cvar_period`` or less.

    The least CVaR is convex and piecewise linear in the return that is asked for, and its shadow price is the slope:
    Newton's method comes from the greatest return down to the limit in finitely many steps (Krokhmal, Palmquist and
    Uryasev, 2002, for the equivalence). ``shadow_prices`` are in units of return a period, "cvar" among
    them.

    Raises
    ------
    InfeasibleError
        If no portfolio within the limits has so small a CVaR, naming the least.
    SolverError, DataError, ConfigError
        As :func:`~sillok.portfolio.minimum_cvar`.
    """
    if not np.isfinite(cvar_period):
        raise ConfigError(
            f"cvar_period must be a number, got {cvar_period}; 0.02 means two per cent a period"
        )
    given = scenarios if isinstance(scenarios, Scenarios) else Scenarios(scenarios)
    least = minimum_cvar(given, limits, level=level)
    if least.risk_period > cvar_period + _CLOSE * abs(cvar_period):
        raise InfeasibleError(
            f"no portfolio within the limits has a CVaR of {cvar_period:.6g} a period or less; the least is "
            f"{least.risk_period:.6g}: raise cvar_period, or loosen the limits",
            least=least.risk_period,
        )
    target = _greatest_return(given, limits)
    for _ in range(_ROUNDS):
        found = minimum_cvar(given, limits, level=level, min_return_period=target)
        over = found.risk_period - cvar_period
        slope = found.shadow_prices.get("return", 0.0)
        if over <= _CLOSE * max(abs(cvar_period), 1e-9):
            return _in_returns(found, slope)
        if not slope > 0:
            break
        target -= over / slope
    raise SolverError(
        f"the greatest return was not found in {_ROUNDS} rounds; scale the scenarios", over=over
    )


def _greatest_return(scenarios: Scenarios, limits: Limits) -> float:
    """Return what can be earned at most, a hair less: there the limits still leave an inside."""
    from scipy.optimize import linprog

    problem = state_problem(scenarios, limits, None)
    region, N = problem.region, problem.R.shape[1]
    c = np.zeros(len(region.lb))
    c[:N] = -problem.mean / problem.scale
    low, high = np.isfinite(region.low), np.isfinite(region.high)
    found = linprog(
        c,
        np.concatenate([-region.A[low], region.A[high]]),
        np.concatenate([-region.low[low], region.high[high]]),
        bounds=np.stack([region.lb, region.ub], axis=1),
        method="highs",
    )
    if found.status != 0:
        raise SolverError(
            f"the greatest return has no optimal answer: {found.message}", status=int(found.status)
        )
    return float(-found.fun) * problem.scale - 1e-9 * problem.scale


def _in_returns(found: TailSolution, slope: float) -> TailSolution:
    """Return the answer with prices of a unit of return; without a slope the CVaR does not hold it back."""
    if not slope > 0:
        return replace(found, shadow_prices={})
    prices = {name: price / slope for name, price in found.shadow_prices.items() if name != "return"}
    return replace(found, shadow_prices={**prices, "cvar": 1 / slope})
