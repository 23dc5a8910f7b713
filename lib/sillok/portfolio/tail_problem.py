"""Scenarios and limits as the arrays of a scenario portfolio's programme."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, InfeasibleError
from sillok.portfolio.constraints import Rows, bounds, linear_rows
from sillok.portfolio.data import Data, Limits
from sillok.portfolio.infeasible import explain
from sillok.portfolio.methods.tail_programme import Least
from sillok.portfolio.methods.tail_region import Region, lift
from sillok.portfolio.prices import Prices
from sillok.portfolio.scenarios import Scenarios

__all__ = ["TailProblem", "shadow_prices", "state_problem"]


@dataclass(frozen=True, slots=True)
class TailProblem:
    """Scenarios and limits as arrays, the scenarios in units of their own spread."""

    scenarios: Scenarios
    R: np.ndarray  # (T, N)
    p: np.ndarray  # (T,) > 0
    mean: np.ndarray  # (N,)
    scale: float
    region: Region  # of the weights, and of what is beside them
    rows: Rows
    others: tuple[str, ...]  # limits whose rows stand last in the region
    limits: Limits
    least: float | None  # expected return a period

    def with_variable(self, *, least: float = -np.inf) -> Region:
        """Return the region with one variable more after the weights, from ``least`` on."""
        N, region = self.R.shape[1], self.region
        return Region(
            np.insert(region.A, N, 0.0, axis=1),
            region.low,
            region.high,
            np.insert(region.lb, N, least),
            np.insert(region.ub, N, np.inf),
        )

    def equal_parts(self, region: Region) -> np.ndarray:
        """Return a guess to start from: equal weights, within the bounds."""
        N, start = self.R.shape[1], np.zeros(len(region.lb))
        start[:N] = np.clip(self.limits.budget / N, region.lb[:N], region.ub[:N])
        return start

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Say which limits clash, and the nearest change that lets all be kept, where no portfolio keeps them."""
        try:
            yield
        except InfeasibleError as err:
            raise self._clash() from err

    def _clash(self) -> InfeasibleError:
        labels = self.scenarios.labels
        unit = pd.DataFrame(np.eye(len(labels)), labels, labels)  # no limit speaks of it
        data = Data(
            unit,
            industry=self.scenarios.industry,
            mu=pd.Series(self.mean, labels),
            exposures=self.scenarios.exposures,
            previous=self.scenarios.previous,
        )
        found = explain(data, replace(self.limits, min_return_annual=self.least))
        old, new = "min_return_annual", "min_return_period"
        detail = {
            key: {name.replace(old, new): x for name, x in value.items()}
            if isinstance(value, dict)
            else value
            for key, value in found.detail.items()
        }
        return InfeasibleError(str(found).replace(old, new), **detail)


_REFUSED = {
    "min_return_annual": "scenarios have no year; give min_return_period= instead",
    "max_vol_annual": "scenarios have no covariance; use mean_variance, or drop it",
    "max_tracking_annual": "scenarios have no covariance; use track_benchmark, or drop it",
    "linear_cost": "costs are a year's; limit max_turnover instead",
    "impact_cost": "costs are a year's; limit max_turnover instead",
    "max_names": "a linear programme cannot count; choose the universe before",
    "min_position": "a linear programme cannot count; choose the universe before",
}


def _refuse(limits: Limits) -> None:
    for name, why in _REFUSED.items():
        if getattr(limits, name) is not None:
            raise ConfigError(f"{name} cannot be kept by a scenario portfolio: {why}")


def state_problem(given: Scenarios | pd.DataFrame, limits: Limits, least: float | None) -> TailProblem:
    """Read the arrays of a problem, with ``least`` as the least expected return a period.

    Raises
    ------
    DataError
        As :class:`~sillok.portfolio.Scenarios`, or if a limit speaks of something that is not there.
    ConfigError
        If a limit has no meaning for scenarios.
    """
    scenarios = given if isinstance(given, Scenarios) else Scenarios(given)
    _refuse(limits)
    labels = scenarios.labels
    R, p = scenarios.arrays()
    if not p.all():
        R, p = R[p > 0], p[p > 0]
    mean = p @ R
    rows = linear_rows(labels, limits, industry=scenarios.industry, exposures=scenarios.exposures)
    if least is not None:
        if not np.isfinite(least):
            raise ConfigError(
                f"min_return_period must be a number, got {least}; 0.001 means 0.1 per cent a period"
            )
        rows = Rows(
            np.vstack([rows.A, mean]),
            np.append(rows.low, least),
            np.append(rows.high, np.inf),
            (*rows.names, "return"),
        )
    lb, ub = bounds(labels, limits)
    region, others = Region(rows.A, rows.low, rows.high, lb, ub), list[str]()
    gross, short = _sizes(limits, lb)
    if any(x is not None for x in (gross, short, limits.max_turnover)):
        previous = (
            np.zeros(len(lb)) if scenarios.previous is None else scenarios.previous.to_numpy(dtype=float)
        )
        region, others = lift(
            region,
            gross=gross,
            short=short,
            turnover=limits.max_turnover,
            previous=previous,
        )
    scale = float(np.sqrt(np.mean(R[:: max(1, len(R) // 500)] ** 2))) or 1.0
    return TailProblem(scenarios, R, p, mean, scale, region, rows, tuple(others), limits, least)


def _sizes(limits: Limits, lb: np.ndarray) -> tuple[float | None, float | None]:
    """Return the caps on the gross and the short weight that can hold anything back.

    Long only, what is invested is the budget: a cap of just that would leave the region without an inside.
    """
    if (lb < 0).any():
        return limits.max_gross, limits.max_short
    idle = limits.max_gross is not None and limits.budget <= limits.max_gross
    return None if idle else limits.max_gross, None


def shadow_prices(problem: TailProblem, found: Least) -> Prices:
    """Return by how much the risk falls for each unit by which a limit is loosened."""
    N = problem.R.shape[1]
    M = len(problem.rows.names)
    y = -found.y * problem.scale
    others = {
        name: float(price)
        for name, price in zip(problem.others, y[len(y) - len(problem.others) :], strict=True)
    }
    return Prices(
        problem.rows.names,
        y[:M],
        problem.scenarios.labels,
        -found.z[:N] * problem.scale,
        budget=float(y[0]),
        others=others,
    )
