"""Views on scenarios: the probabilities nearest to the prior's under which every view holds (entropy pooling)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError, InfeasibleError
from sillok.risk.observed import read_numbers
from sillok.risk.tilting import Sense, Statement, tilt_prior

__all__ = ["MeanView", "QuantileView", "ScenarioView", "VarianceView", "entropy_pooling", "rank_views"]


def _portfolio(scenarios: pd.DataFrame, coefficients: Mapping[str, float], name: str) -> np.ndarray:
    lacking = [k for k in coefficients if k not in scenarios.columns]
    if lacking:
        raise DataError(f"{name} speaks of {lacking}, which the scenarios lack", symbols=lacking)
    c = pd.Series(coefficients, dtype=float)
    if not np.isfinite(c).all() or not c.any():
        raise ConfigError(f"{name}: coefficients must be numbers, one of them not zero")
    return scenarios[list(c.index)].to_numpy(dtype=float) @ c.to_numpy()


def _worded(name: str, what: str, coefficients: Mapping[str, float]) -> str:
    return name or f"{what} of " + ", ".join(f"{k} {v:+g}" for k, v in coefficients.items())


@dataclass(frozen=True, slots=True)
class MeanView:
    """The mean of a portfolio is, is at least, or is at most a value a period of the scenarios."""

    coefficients: Mapping[str, float]  # asset to weight
    value_period: float
    sense: Sense = "=="
    name: str = ""

    def rows(self, scenarios: pd.DataFrame, prior: np.ndarray) -> list[Statement]:
        """Return the view as statements that are linear in the probabilities."""
        name = _worded(self.name, "mean", self.coefficients)
        return [
            Statement(_portfolio(scenarios, self.coefficients, name), self.value_period, self.sense, name)
        ]


@dataclass(frozen=True, slots=True)
class VarianceView:
    """The variance of a portfolio is, is at least, or is at most a value a period, at a stated mean.

    A variance is linear in the probabilities only around a mean that is held: it is held at ``mean_period``, the
    prior's if None, as an equality of its own.
    """

    coefficients: Mapping[str, float]  # asset to weight
    value_period: float
    sense: Sense = "=="
    mean_period: float | None = None
    name: str = ""

    def rows(self, scenarios: pd.DataFrame, prior: np.ndarray) -> list[Statement]:
        """Return the view as statements that are linear in the probabilities."""
        name = _worded(self.name, "variance", self.coefficients)
        x = _portfolio(scenarios, self.coefficients, name)
        mean = float(prior @ x) if self.mean_period is None else self.mean_period
        return [
            Statement(x, mean, "==", f"{name}: its mean"),
            Statement((x - mean) ** 2, self.value_period, self.sense, name),
        ]


@dataclass(frozen=True, slots=True)
class QuantileView:
    """The probability that a portfolio's return is ``value_period`` or less is, at least or at most ``level``."""

    coefficients: Mapping[str, float]  # asset to weight
    value_period: float
    level: float  # (0, 1), e.g. 0.05: value_period is the 5 % quantile
    sense: Sense = "=="
    name: str = ""

    def rows(self, scenarios: pd.DataFrame, prior: np.ndarray) -> list[Statement]:
        """Return the view as statements that are linear in the probabilities."""
        name = _worded(self.name, "quantile", self.coefficients)
        if not 0 < self.level < 1:
            raise ConfigError(f"{name}: level must lie in (0, 1), got {self.level}")
        x = _portfolio(scenarios, self.coefficients, name)
        return [Statement((x <= self.value_period).astype(float), self.level, self.sense, name)]


ScenarioView = MeanView | VarianceView | QuantileView


def rank_views(assets: Sequence[str]) -> tuple[MeanView, ...]:
    """Return the views that each asset's mean is at least the next one's (Almgren and Chriss, 2006), best first."""
    return tuple(MeanView({a: 1.0, b: -1.0}, 0.0, ">=", f"{a} over {b}") for a, b in pairwise(assets))


def entropy_pooling(
    scenarios: pd.DataFrame, views: Sequence[ScenarioView], *, prior: pd.Series | None = None
) -> pd.Series:
    """Find the probabilities of least relative entropy to the prior under which all views hold, (T,).

    ``minimise sum p ln(p / p0)`` subject to the views, all linear in p (Meucci, 2008, "Fully flexible views: theory
    and practice", eqs. 18 to 25). The solution is ``p0 exp(G' y)`` scaled to one; y, one number a view, is found by
    Newton steps on the dual, kept on its side of zero for inequalities. Views hold to rounding.

    Parameters
    ----------
    scenarios
        (T, N) simple returns a period, one row a scenario.
    prior
        (T,) positive probabilities adding up to one, on the rows of ``scenarios``; ``None``: all alike.

    Raises
    ------
    InfeasibleError
        If no probabilities meet the views, all scenarios keeping some; the clashing views are named.
    DataError
        If a value is missing, an asset is unknown, or the prior is not a probability of every row.
    SolverError
        If Newton's steps end before the views hold.
    """
    X, p0 = _checked(scenarios, prior)
    rows = [row for view in views for row in view.rows(X, p0)]
    for row in rows:
        if row.sense not in ("==", ">=", "<="):
            raise ConfigError(f"{row.name}: no sense {row.sense!r}; choose ==, >= or <=")
        _within_reach(row)
    if not rows:
        return pd.Series(p0, scenarios.index, name="probability")
    p = tilt_prior(p0, rows)
    return pd.Series(p, scenarios.index, name="probability")


def _checked(scenarios: pd.DataFrame, prior: pd.Series | None) -> tuple[pd.DataFrame, np.ndarray]:
    if scenarios.empty or not scenarios.columns.is_unique:
        raise DataError(
            f"scenarios are empty {scenarios.shape} or name an asset twice", shape=scenarios.shape
        )
    whole = np.isfinite(read_numbers("scenarios", scenarios)).all(axis=0)
    if not whole.all():
        names = list(scenarios.columns[~whole])
        raise DataError(f"scenarios of {names[:5]} have missing values; drop them", symbols=names)
    T = len(scenarios)
    if prior is None:
        return scenarios, np.full(T, 1 / T)
    p0 = read_numbers("prior probabilities", prior)
    if not prior.index.equals(scenarios.index) or not (p0 > 0).all() or not abs(p0.sum() - 1) <= 1e-9:
        raise DataError(
            f"the prior must be positive on every row of the scenarios and add up to 1, it adds up to {p0.sum():.9g} "
            f"over {len(p0)} rows; reindex it, or divide by its sum"
        )
    return scenarios, p0 / p0.sum()


def _within_reach(row: Statement) -> None:
    low, high = float(row.g.min()), float(row.g.max())
    above = row.sense != "<=" and not row.value < high
    below = row.sense != ">=" and not row.value > low
    # A statement that every scenario meets by itself asks for nothing.
    if (above and not (row.sense == ">=" and row.value <= low)) or (
        below and not (row.sense == "<=" and row.value >= high)
    ):
        raise InfeasibleError(
            f"{row.name} {row.sense} {row.value:.6g} is out of reach: the scenarios span {low:.6g} to {high:.6g}, and "
            "the value must lie between; change it, or add scenarios",
            views=[row.name],
        )
