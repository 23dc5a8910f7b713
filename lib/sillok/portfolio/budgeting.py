"""Portfolios that share their risk out as told: risk parity and risk budgets (Maillard, Roncalli, Teiletche, 2010).

    w_i (Sigma w)_i = b_i w' Sigma w

Without further limits that is solved exactly. Limits bend the shares, and then the portfolio is that of the
constrained problem (Richard and Roncalli, 2019), solved by cvxpy and Newton's method and said to be so in ``method``:

    minimise  1/2 w' Sigma w - c sum_i b_i ln w_i   within the limits, c such that w adds up to the budget

so that what no limit holds still shares its risk as budgeted.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError
from sillok.portfolio.barrier import check_limits, keeps, solve_barrier
from sillok.portfolio.data import Data, Limits, Solution, check_labels
from sillok.portfolio.definiteness import check_definite
from sillok.portfolio.methods.forms import DenseForm, FactorForm

if TYPE_CHECKING:
    from sillok.portfolio.methods.coordinate import Budgeted

__all__ = ["risk_budgeting", "risk_parity"]

# Budgets that add up to one but for the rounding of some thousand of them.
_WHOLE = 1e-9


def risk_parity(data: Data, limits: Limits | None = None) -> Solution:
    """Find the long-only portfolio to whose risk every issue contributes alike.

    As :func:`risk_budgeting` with equal budgets; so are its errors.
    """
    N = len(data.labels)
    return _budgeted(data, np.full(N, 1.0 / N), limits)


def risk_budgeting(data: Data, budgets: pd.Series, limits: Limits | None = None) -> Solution:
    """Find the long-only portfolio whose parts of the variance are ``budgets``.

    ``objective`` is the volatility a year; ``gap`` the largest miss of a budget, as a part of that budget; where
    turnover, volatility or tracking error hold, how far the barrier function is above its bound. Within
    limits that bind, the parts differ from the budgets: ``binding`` names the limits, and
    :func:`~sillok.risk.risk_contributions` tells the parts.

    Parameters
    ----------
    budgets
        (N,), positive, adding up to one, on the labels of ``data``.
    limits
        Without them the weights add up to one. Bounds, rows, turnover and the caps on volatility and tracking
        error are taken; costs, whole numbers of names and short positions are not.

    Raises
    ------
    DataError
        If budgets are on other labels, an issue never moves, or ``Sigma`` is not a covariance; issues are named.
    ConfigError
        If a budget is not positive, they do not add up to one, or a limit cannot be taken.
    InfeasibleError
        If no long-only portfolio keeps the limits.
    SolverError
        If no portfolio has these parts, as some mix of issues has no risk, or the answer is not optimal.
    """
    check_labels("budgets", budgets.index, data.labels)
    b = np.ascontiguousarray(budgets.to_numpy(dtype=float))
    if not (b > 0).all():
        wrong = list(data.labels[~(b > 0)])
        raise ConfigError(
            f"budgets must be positive, not so for {wrong[:5]}; leave out what shall carry no risk",
            symbols=wrong,
        )
    if not abs(b.sum() - 1) <= _WHOLE:
        raise ConfigError(f"budgets add up to {b.sum():.10g}, not to 1; divide by their sum")
    return _budgeted(data, b, limits)


def _budgeted(data: Data, b: np.ndarray, limits: Limits | None) -> Solution:
    form = DenseForm(data.matrix()) if data.factor is None else FactorForm(*data.factor.root())
    if not form.diagonal.min() > 0:
        still = list(data.labels[~(form.diagonal > 0)])
        raise DataError(
            f"{len(still)} issues never move, e.g. {still[:5]}, and can carry no risk; drop them",
            symbols=still,
        )
    if limits is None:
        found = _shared(data, form, b)
        return _told(data, found.x, math.sqrt(found.variance), found.gap)
    check_limits(limits)
    found = _shared(data, form, b)
    w = found.x * limits.budget
    if keeps(w, data, limits):
        return _told(data, w, math.sqrt(found.variance) * limits.budget, found.gap)
    bent = solve_barrier(data, b, limits)
    vol = math.sqrt(data.variance(bent.w))
    return replace(_told(data, bent.w, vol, bent.gap), method=bent.method, shadow_prices=bent.prices)


def _shared(data: Data, form: DenseForm | FactorForm, b: np.ndarray) -> Budgeted:
    """Solve: the answer proves its shares, and not that the covariance is one."""
    from sillok.portfolio.methods.coordinate import budget_risk

    check_definite(data)
    return budget_risk(form, b)


def _told(data: Data, w: np.ndarray, vol: float, gap: float) -> Solution:
    off = None if data.benchmark is None else w - data.benchmark.to_numpy(dtype=float)
    return Solution(
        weights=pd.Series(w, index=data.labels, name="weight", copy=False),
        vol_annual=vol,
        objective=vol,
        method="coordinate descent",
        return_annual=None if data.mu is None else float(data.mu.to_numpy(dtype=float) @ w),
        tracking_annual=None if off is None else math.sqrt(data.variance(off)),
        gap=gap,
    )
