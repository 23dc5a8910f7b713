"""Views on scenarios: the probabilities nearest to the prior's under which every view holds (entropy pooling)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple, NoReturn

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError, InfeasibleError, SolverError

__all__ = ["MeanView", "QuantileView", "ScenarioView", "VarianceView", "entropy_pooling", "rank_views"]

Sense = Literal["==", ">=", "<="]
# Views hold to this part of their own spread under the prior; Newton's last step leaves less.
_MET = 1e-11
_STEPS = 200


class _Row(NamedTuple):
    """One statement ``g' p`` sense ``value``, linear in the probabilities."""

    g: np.ndarray  # (T,)
    value: float
    sense: Sense
    name: str


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

    def rows(self, scenarios: pd.DataFrame, prior: np.ndarray) -> list[_Row]:
        """Return the view as statements that are linear in the probabilities."""
        name = _worded(self.name, "mean", self.coefficients)
        return [_Row(_portfolio(scenarios, self.coefficients, name), self.value_period, self.sense, name)]


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

    def rows(self, scenarios: pd.DataFrame, prior: np.ndarray) -> list[_Row]:
        """Return the view as statements that are linear in the probabilities."""
        name = _worded(self.name, "variance", self.coefficients)
        x = _portfolio(scenarios, self.coefficients, name)
        mean = float(prior @ x) if self.mean_period is None else self.mean_period
        return [
            _Row(x, mean, "==", f"{name}: its mean"),
            _Row((x - mean) ** 2, self.value_period, self.sense, name),
        ]


@dataclass(frozen=True, slots=True)
class QuantileView:
    """The probability that a portfolio's return is ``value_period`` or less is, at least or at most ``level``."""

    coefficients: Mapping[str, float]  # asset to weight
    value_period: float
    level: float  # (0, 1), e.g. 0.05: value_period is the 5 % quantile
    sense: Sense = "=="
    name: str = ""

    def rows(self, scenarios: pd.DataFrame, prior: np.ndarray) -> list[_Row]:
        """Return the view as statements that are linear in the probabilities."""
        name = _worded(self.name, "quantile", self.coefficients)
        if not 0 < self.level < 1:
            raise ConfigError(f"{name}: level must lie in (0, 1), got {self.level}")
        x = _portfolio(scenarios, self.coefficients, name)
        return [_Row((x <= self.value_period).astype(float), self.level, self.sense, name)]


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
    p = _newton(p0, rows)
    return pd.Series(p, scenarios.index, name="probability")


def _checked(scenarios: pd.DataFrame, prior: pd.Series | None) -> tuple[pd.DataFrame, np.ndarray]:
    if scenarios.empty or not scenarios.columns.is_unique:
        raise DataError(
            f"scenarios are empty {scenarios.shape} or name an asset twice", shape=scenarios.shape
        )
    whole = np.isfinite(scenarios.to_numpy(dtype=float)).all(axis=0)
    if not whole.all():
        names = list(scenarios.columns[~whole])
        raise DataError(f"scenarios of {names[:5]} have missing values; drop them", symbols=names)
    T = len(scenarios)
    if prior is None:
        return scenarios, np.full(T, 1 / T)
    p0 = prior.to_numpy(dtype=float)
    if not prior.index.equals(scenarios.index) or not (p0 > 0).all() or not abs(p0.sum() - 1) <= 1e-9:
        raise DataError(
            f"the prior must be positive on every row of the scenarios and add up to 1, it adds up to {p0.sum():.9g} "
            f"over {len(p0)} rows; reindex it, or divide by its sum"
        )
    return scenarios, p0 / p0.sum()


def _within_reach(row: _Row) -> None:
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


def _newton(p0: np.ndarray, rows: list[_Row]) -> np.ndarray:
    """Climb the dual by projected Newton steps (Bertsekas, 1982) in units of each row's spread."""
    G = np.array([r.g - r.value for r in rows])
    G /= np.maximum(np.abs(G).max(axis=1), np.finfo(float).tiny)[:, None]
    side = np.array([{"==": 0, ">=": 1, "<=": -1}[r.sense] for r in rows])
    y, logp0 = np.zeros(len(rows)), np.log(p0)

    def tilt(y: np.ndarray) -> tuple[np.ndarray, float]:
        z = logp0 + y @ G
        top = z.max()
        e = np.exp(z - top)
        return e / e.sum(), float(top + np.log(e.sum()))

    p, value = tilt(y)
    for _ in range(_STEPS):
        slope = G @ p  # of the dual's negative, log sum p0 exp(y'G)
        stuck = (side != 0) & (y * side <= 0) & (slope * side >= 0)
        open_ = ~stuck
        if (np.abs(slope[open_]) <= _MET * np.sqrt(G[open_] ** 2 @ p)).all():
            return p
        free = G[open_] - slope[open_][:, None]
        H = (free * p) @ free.T
        # A repeated view makes the Hessian singular: the shortest step is as good as any.
        step = -np.linalg.lstsq(H, slope[open_], rcond=1e-13)[0]
        length = 1.0
        while True:
            trial = y.copy()
            trial[open_] += length * step
            trial = np.where((side != 0) & (trial * side < 0), 0.0, trial)
            found, new = tilt(trial)
            if new <= value + 1e-4 * slope @ (trial - y) + 1e-14 * (1 + abs(value)):
                break
            length /= 2
            if length < 1e-12:
                return _explain(rows, G, side)
        if np.abs(trial).max() > 1e8 or (np.array_equal(trial, y)):
            return _explain(rows, G, side)
        y, p, value = trial, found, new
    return _explain(rows, G, side)


def _explain(rows: list[_Row], G: np.ndarray, side: np.ndarray) -> NoReturn:
    """Raise: say which views clash, by the least total amount that they would have to give way."""
    from scipy.optimize import linprog

    V, T = G.shape
    # g'p + over - under is on its side of zero; over and under are what each view gives way.
    moves = np.hstack([np.eye(V), -np.eye(V)])
    A_eq = np.hstack([G, moves])[side == 0]
    A_ub = np.hstack([-side[:, None] * G, -side[:, None] * moves])[side != 0]
    total = np.concatenate([np.ones(T), np.zeros(2 * V)])[None, :]
    answer = linprog(
        np.concatenate([np.zeros(T), np.ones(2 * V)]),
        A_ub=A_ub if len(A_ub) else None,
        b_ub=np.zeros(len(A_ub)) if len(A_ub) else None,
        A_eq=np.vstack([A_eq, total]),
        b_eq=np.append(np.zeros(len(A_eq)), 1.0),
    )
    if answer.status == 0 and answer.fun > 1e-10:
        duals = np.zeros(V)
        duals[side == 0] = answer.eqlin.marginals[: len(A_eq)]
        if len(A_ub):
            duals[side != 0] = answer.ineqlin.marginals
        names = [r.name for r, y in zip(rows, duals, strict=True) if abs(y) > 1e-9]
        raise InfeasibleError(
            f"no probabilities meet these views together: {names}; change or drop one of them", views=names
        )
    raise SolverError(
        "the views hold only if some scenarios are ruled out altogether, or to within rounding; loosen one of "
        f"{[r.name for r in rows]}",
        views=[r.name for r in rows],
    )
