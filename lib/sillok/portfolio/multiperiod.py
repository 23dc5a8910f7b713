"""Several periods planned at once, so that a trade is made only where its gain outlives its cost (Boyd et al., 2017).

    maximise    sum_t  (mu_t'w_t - risk_aversion / 2 w_t' Sigma w_t) / periods_per_year - cost(w_t - w_{t-1})
    subject to  the limits, for each w_t;  w_0 = what is held now
    where       cost(z) = c'|z| + k'|z|^1.5

is their problem (5.1) with the growth of holdings within a period left out, as there. Only the first period's trade
is made; when its period is over, one plans again with what is known then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError
from sillok.portfolio.constraints import cost_coefficients
from sillok.portfolio.data import Data, Limits, check_finite, check_labels
from sillok.portfolio.roots import root
from sillok.portfolio.solve import solve
from sillok.portfolio.stages import held_before, settle, solve_stages, state_stages
from sillok.portfolio.statement import Goal

__all__ = ["TradePlan", "multi_period"]


# Of a plan that is worth nothing a gap is told as a part of so much of what the mean variance costs.
_NO_RISK = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class TradePlan:
    """The plan, of which only the first row is acted on."""

    weights: pd.DataFrame  # (H, N) after each period's trade
    trades: pd.DataFrame  # (H, N) change of weights: bought positive, sold negative
    cost: pd.Series  # (H,) of each period's trade, once, part of the whole
    objective: float  # return less risk's price and costs over all periods, part of the whole, not a year
    gap: float  # relative duality gap, measured
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
    if len(mu) == 1:
        return _at_once(data, limits, mu, risk_aversion=risk_aversion, periods_per_year=periods_per_year)
    problem, w = state_stages(
        data, limits, mu, risk_aversion=risk_aversion, periods_per_year=periods_per_year
    )
    most = solve_stages(problem, limits)
    W = np.array([x.value for x in w])
    before = held_before(data)
    for t, found in enumerate(W):
        W[t] = before = settle(found, before, data, limits)
    plan = _plan(data, limits, mu, W, risk_aversion=risk_aversion, periods_per_year=periods_per_year)
    # The statement counts in units of what risk costs.
    unit = risk_aversion * root(data)[1] / periods_per_year
    gap = max(most * unit - plan.objective, 0.0) / max(abs(plan.objective), _NO_RISK * unit)
    return replace(plan, gap=gap)


def _at_once(
    data: Data, limits: Limits, mu: pd.DataFrame, *, risk_aversion: float, periods_per_year: float
) -> TradePlan:
    """A single period is the utility problem, whose costs are spread over the part of a year that it is."""
    now = replace(data, mu=mu.iloc[0])
    spread = replace(limits, cost_years=1 / periods_per_year)
    found = solve(now, spread, Goal("utility", risk_aversion))
    W = found.weights.to_numpy()[None]
    plan = _plan(data, limits, mu, W, risk_aversion=risk_aversion, periods_per_year=periods_per_year)
    return replace(plan, gap=found.gap, method=found.method)


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


def _plan(
    data: Data,
    limits: Limits,
    mu: pd.DataFrame,
    W: np.ndarray,
    *,
    risk_aversion: float,
    periods_per_year: float,
) -> TradePlan:
    Z = np.diff(W, axis=0, prepend=held_before(data)[None, :])
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
        gap=float("nan"),  # told by who has a bound
        method="cvxpy: CLARABEL",
    )
