"""Portfolios by mean and variance (Markowitz, 1952): least variance, best utility, best ratio, a target, an index."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sillok.errors import ConfigError
from sillok.portfolio.data import Data, Limits, Solution
from sillok.portfolio.integer import solve_integer
from sillok.portfolio.solve import Engine, solve
from sillok.portfolio.statement import Goal

__all__ = [
    "maximum_sharpe",
    "mean_variance",
    "minimum_variance",
    "target_return",
    "target_risk",
    "track_benchmark",
]

_NO_LIMITS = Limits()


def _solve(data: Data, limits: Limits, goal: Goal, engine: Engine | None) -> Solution:
    return solve_integer(data, limits, goal) if limits.is_integer else solve(data, limits, goal, engine)


def minimum_variance(data: Data, limits: Limits = _NO_LIMITS, *, engine: Engine | None = None) -> Solution:
    """Find the portfolio of least variance within ``limits``: minimise ``w' Sigma w``.

    ``objective`` is the variance a year.

    Parameters
    ----------
    engine
        One for a series of problems: each starts where the last of its shape ended. The answer is the same.

    Raises
    ------
    InfeasibleError
        Naming the limits that contradict one another and the nearest change that lets them be kept.
    SolverError
        If the answer is anything but optimal.
    DataError
        If ``Sigma`` is not a covariance, naming issues.
    ConfigError
        If a limit needs facts that ``data`` lacks.
    """
    return _solve(data, limits, Goal("variance"), engine)


def mean_variance(
    data: Data, limits: Limits = _NO_LIMITS, *, risk_aversion: float, engine: Engine | None = None
) -> Solution:
    """Find the portfolio of greatest utility: maximise ``mu'w - risk_aversion / 2 w' Sigma w - cost(w)``.

    ``objective`` is the utility, a return a year. Errors as in :func:`minimum_variance`.

    Parameters
    ----------
    risk_aversion
        Zero or more; what one unit of variance a year costs is half of it. With zero, limits alone bound risk.
    """
    if not 0 <= risk_aversion < np.inf:
        raise ConfigError(f"risk_aversion must be zero or more, got {risk_aversion}")
    return _solve(data, limits, Goal("utility" if risk_aversion > 0 else "return", risk_aversion), engine)


def maximum_sharpe(
    data: Data, limits: Limits = _NO_LIMITS, *, risk_free_annual: float = 0.0, engine: Engine | None = None
) -> Solution:
    """Find the portfolio of greatest ``((mu - risk_free_annual)'w - cost(w)) / sqrt(w' Sigma w)``.

    What is not invested earns the riskless rate. ``objective`` is the ratio a year. The problem is solved as
    Charnes and Cooper (1962) do. Errors as in :func:`minimum_variance`.

    Raises
    ------
    InfeasibleError
        Also if no portfolio within the limits is expected to earn more than the riskless rate.
    """
    if not np.isfinite(risk_free_annual):
        raise ConfigError(
            f"risk_free_annual must be a number, got {risk_free_annual}; 0.03 means three per cent"
        )
    return _solve(data, limits, Goal("sharpe", risk_free_annual=risk_free_annual), engine)


def target_return(
    data: Data, limits: Limits = _NO_LIMITS, *, return_annual: float, engine: Engine | None = None
) -> Solution:
    """Find the portfolio of least variance among those expected to earn ``return_annual`` or more, less costs.

    ``objective`` is the variance a year. Errors as in :func:`minimum_variance`.
    """
    floor = limits.min_return_annual
    least = return_annual if floor is None else max(floor, return_annual)
    return _solve(data, replace(limits, min_return_annual=least), Goal("variance"), engine)


def target_risk(
    data: Data, limits: Limits = _NO_LIMITS, *, vol_annual: float, engine: Engine | None = None
) -> Solution:
    """Find the portfolio of greatest expected return, less costs, among those of volatility ``vol_annual`` or less.

    ``objective`` is the return a year, less costs. Errors as in :func:`minimum_variance`.
    """
    cap = limits.max_vol_annual
    most = vol_annual if cap is None else min(cap, vol_annual)
    return _solve(data, replace(limits, max_vol_annual=most), Goal("return"), engine)


def track_benchmark(data: Data, limits: Limits = _NO_LIMITS, *, engine: Engine | None = None) -> Solution:
    """Find the portfolio nearest to ``data.benchmark``: minimise ``(w - b)' Sigma (w - b)``.

    With a risk limit above the benchmark's own volatility it is the benchmark; at the least attainable
    volatility it is the minimum-variance portfolio. ``objective`` is the tracking variance a year. Errors as in
    :func:`minimum_variance`.
    """
    return _solve(data, limits, Goal("tracking"), engine)
