"""Portfolios whose bad scenarios are least bad: conditional value at risk, mean absolute deviation, and kin.

    CVaR(w)  = min_a  a + 1 / (1 - level) sum_t p_t max(0, -r_t'w - a)      Rockafellar and Uryasev (2000), equation 4
    EVaR(w)  = min_s  s log sum_t p_t exp(-r_t'w / s) - s log(1 - level)    Ahmadi-Javid (2012), definition 3.1
    CDaR(w)  = CVaR of the depths below the highest sum of returns so far   Chekhlov, Uryasev and Zabarankin (2005)
    MAD(w)   = sum_t p_t |r_t'w - r'w| = 2 sum_t p_t max(0, (r - r_t)'w)    Konno and Yamazaki (1991)

with ``r_t`` the simple returns of scenario t, ``p_t`` its probability, ``r`` the mean. Everything is a period of
the scenarios; nothing is annualised. A loss is a positive number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from sillok.errors import ConfigError
from sillok.portfolio.data import Limits
from sillok.portfolio.methods.tail_drawdown import drawdown_depths, minimise_drawdown
from sillok.portfolio.methods.tail_entropy import Entropic
from sillok.portfolio.methods.tail_interior import Hinges
from sillok.portfolio.methods.tail_mildest import mildest
from sillok.portfolio.methods.tail_programme import Least, minimise
from sillok.portfolio.scenarios import Scenarios
from sillok.portfolio.tail_problem import TailProblem, shadow_prices, state_problem

__all__ = ["TailSolution", "minimum_cdar", "minimum_cvar", "minimum_evar", "minimum_mad"]

_NO_LIMITS = Limits()
# A quantile is looked for among sums of probabilities, which round.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class TailSolution:
    """The answer, always an optimal one; a loss is positive, a period is one of the scenarios.

    ``shadow_prices`` has, by the limit's name, by how much the risk falls for each unit by which the limit is
    loosened; of the budget, for each unit by which it is raised.
    """

    weights: pd.Series  # (N,)
    risk_period: float  # the measure that was minimised
    return_period: float  # sum_t p_t r_t'w
    measure: str  # "cvar", "evar", "cdar", "mad"
    method: str  # e.g. "interior point", "dual simplex: HIGHS"
    level: float | None = None  # of the tail, e.g. 0.95; None where the measure has none
    var_period: float | None = None  # the least a with P(loss > a) <= 1 - level; of the drawdown for "cdar"
    gap: float = 0.0  # relative duality gap, measured
    shadow_prices: Mapping[str, float] = field(default_factory=dict, repr=False)
    status: str = "optimal"

    @property
    def binding(self) -> tuple[str, ...]:
        """Names of the limits that hold the answer back; the budget is not counted."""
        return tuple(name for name in self.shadow_prices if name != "budget")


def _quantile(losses: np.ndarray, p: np.ndarray, level: float) -> float:
    """Return the least a with P(loss > a) <= 1 - level."""
    T = len(p)
    if p.min() == p.max():
        place = max(int(np.ceil((level - _ROUNDING) * T)) - 1, 0)
        return float(np.partition(losses, place)[place])
    order = np.argsort(losses, kind="stable")
    reached = np.cumsum(p[order]) >= level - _ROUNDING
    return float(losses[order[int(reached.argmax())]])


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ConfigError(f"level must lie in (0, 1), got {level}; 0.95 means the worst five per cent")


def minimum_cvar(
    scenarios: Scenarios | pd.DataFrame,
    limits: Limits = _NO_LIMITS,
    *,
    level: float = 0.95,
    min_return_period: float | None = None,
) -> TailSolution:
    """Find the portfolio whose mean loss in the worst ``1 - level`` of the scenarios is least.

    Where the tail ends within a scenario, that one is counted in part (Rockafellar and Uryasev, 2002), as
    :func:`sillok.measures.expected_shortfall` does. ``risk_period`` is never below ``var_period``.

    Parameters
    ----------
    scenarios
        Simple returns (T, N) a period, as a frame or with probabilities and what the limits speak of.
    level
        In (0, 1); 0.95 means the worst five per cent.
    min_return_period
        The least expected return a period.

    Raises
    ------
    InfeasibleError
        If the limits contradict one another.
    SolverError
        If nothing bounds the risk (short positions of any size in scenarios that hold an arbitrage).
    DataError
        If the scenarios have gaps or lack what a limit speaks of, naming issues.
    ConfigError
        If a limit has no meaning for scenarios, or ``level`` is out of its range.
    """
    _check_level(level)
    problem = state_problem(scenarios, limits, min_return_period)
    T, N = problem.R.shape
    region = problem.with_variable()
    E = np.empty((T, N + 1))
    np.multiply(problem.R, -1 / problem.scale, out=E[:, :N])
    E[:, N] = -1.0
    c = np.zeros(len(region.lb))
    c[N] = 1.0
    start = problem.equal_parts(region)
    start[N] = _quantile(E[:, :N] @ start[:N], problem.p, level)
    with problem.explained():
        found = minimise(Hinges(E, np.zeros(T), problem.p / (1 - level), c), region, start)
    return _read(problem, found, measure="cvar", level=level)


def _read(problem: TailProblem, found: Least, *, measure: str, level: float | None) -> TailSolution:
    N = problem.R.shape[1]
    w = found.x[:N]
    losses = -(problem.R @ w)
    value = found.value * problem.scale
    bad = drawdown_depths(losses) if measure == "cdar" else losses
    threshold = None if level is None else _quantile(bad, problem.p, level)
    if measure in {"cvar", "cdar"} and threshold is not None and level is not None:
        value = threshold + float(problem.p @ np.maximum(bad - threshold, 0.0)) / (1 - level)
    # A hedge without risk has no relative gap; a thousandth of what an issue moves stands in.
    size = max(abs(value), float(problem.p @ np.abs(losses)), 1e-3 * problem.scale)
    bound = (found.value - found.gap) * problem.scale
    return TailSolution(
        weights=pd.Series(w, index=problem.scenarios.labels, name="weight"),
        risk_period=value,
        return_period=float(problem.mean @ w),
        measure=measure,
        level=level,
        var_period=threshold,
        method=found.method,
        gap=max(value - bound, 0.0) / size,
        shadow_prices=shadow_prices(problem, found),
    )


def minimum_evar(
    scenarios: Scenarios | pd.DataFrame,
    limits: Limits = _NO_LIMITS,
    *,
    level: float = 0.95,
    min_return_period: float | None = None,
) -> TailSolution:
    """Find the portfolio of the least entropic value at risk, the greatest that Chernoff's bound allows a VaR to be.

    It lies above the CVaR of the same level and below the worst loss. Parameters and errors as in
    :func:`minimum_cvar`.
    """
    _check_level(level)
    problem = state_problem(scenarios, limits, min_return_period)
    N = problem.R.shape[1]
    region = problem.with_variable(least=0.0)
    goal = Entropic(problem.R / -problem.scale, np.zeros(len(problem.p)), problem.p, -float(np.log1p(-level)))
    start = problem.equal_parts(region)
    losses = goal.E @ start[:N]
    start[N] = float(np.sqrt(problem.p @ (losses - problem.p @ losses) ** 2 / (2 * goal.limit)))
    with problem.explained():
        found = mildest(goal, region, start)
    return _read(problem, found, measure="evar", level=level)


def minimum_cdar(
    scenarios: Scenarios | pd.DataFrame,
    limits: Limits = _NO_LIMITS,
    *,
    level: float = 0.95,
    min_return_period: float | None = None,
) -> TailSolution:
    """Find the portfolio whose mean drawdown in the worst ``1 - level`` of the periods is least.

    The returns are one path, oldest first. They are added up, not compounded, which keeps the problem linear, and
    a drawdown is counted from the highest sum so far, the start included. ``risk_period`` and ``var_period`` are
    such drawdowns, parts of the whole. Parameters and errors as in :func:`minimum_cvar`.

    Raises
    ------
    ConfigError
        Also if the scenarios have probabilities: a path has none.
    """
    _check_level(level)
    problem = state_problem(scenarios, limits, min_return_period)
    if problem.scenarios.probabilities is not None:
        raise ConfigError(
            "a drawdown follows one path, whose periods have no probabilities; give returns alone"
        )
    with problem.explained():
        found = minimise_drawdown(problem.R / -problem.scale, problem.p / (1 - level), problem.region)
    return _read(problem, found, measure="cdar", level=level)


def minimum_mad(
    scenarios: Scenarios | pd.DataFrame,
    limits: Limits = _NO_LIMITS,
    *,
    min_return_period: float | None = None,
) -> TailSolution:
    """Find the portfolio whose return deviates least from its mean, in absolute value, on average.

    Parameters and errors as in :func:`minimum_cvar`; ``var_period`` and ``level`` are None.
    """
    problem = state_problem(scenarios, limits, min_return_period)
    E = (problem.mean - problem.R) / problem.scale
    c = np.zeros(len(problem.region.lb))
    start = problem.equal_parts(problem.region)
    with problem.explained():
        found = minimise(Hinges(E, np.zeros(len(E)), 2 * problem.p, c), problem.region, start)
    return _read(problem, found, measure="mad", level=None)
