"""What a rule would have earned on returns it had not seen, less what its trades cost."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError, SolverError
from sillok.portfolio.data import Solution, check_labels
from sillok.portfolio.solve import Engine

__all__ = ["Fit", "Walk", "walk", "walk_forward"]

Fit = Callable[..., pd.Series | Solution]
# What is paid changes what is bought by less than a hundredth part each time: some rounds settle it.
_ROUNDS = 60


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """A rule's way through the rows after the first ``lookback``."""

    returns: pd.Series  # (T - lookback,) simple, less costs; row t uses weights known at the close of t - 1
    weights: pd.DataFrame  # (rebalances, N) as traded to, by the last row that fit was shown
    held: pd.DataFrame  # (rebalances, N) as drifted there, just before the trade
    turnover: pd.Series  # (rebalances,) sum of |bought| and |sold|, part of the worth before
    cost: pd.Series  # (rebalances,) part of the worth before


@dataclass(frozen=True, slots=True)
class _Rates:
    """Parts of the value bought and sold, and the coefficient of the size to the power of 1.5, (N,) each."""

    buy: np.ndarray
    sell: np.ndarray
    impact: np.ndarray

    def cost(self, traded: np.ndarray) -> float:
        size = np.abs(traded)
        return float(
            self.buy @ np.maximum(traded, 0) + self.sell @ np.maximum(-traded, 0) + self.impact @ size**1.5
        )

    def settle(self, w: np.ndarray, held: np.ndarray) -> float:
        """Return the part of the worth that is paid to hold ``w`` of what is left after paying it."""
        paid = 0.0
        for _ in range(_ROUNDS):
            due = self.cost(w * (1 - paid) - held)
            if abs(due - paid) <= 1e-15:
                return due
            paid = due
        raise SolverError(
            f"trading costs {paid:.3g} of the worth and does not settle; are the rates parts of the whole?"
        )


def _rate(name: str, value: float | pd.Series, labels: pd.Index) -> np.ndarray:
    if isinstance(value, pd.Series):
        check_labels(name, value.index, labels)
    found = np.broadcast_to(np.asarray(value, dtype=float), len(labels)).copy()
    if not (np.isfinite(found) & (found >= 0) & (found < 0.5)).all():
        raise ConfigError(f"{name} must be a part of the value traded in [0, 0.5), e.g. 0.002")
    return found


def _asked(fit: Fit, engine: Engine) -> Callable[[pd.DataFrame, pd.Series], pd.Series | Solution]:
    """Return ``fit`` as it wants to be called."""
    wanted = inspect.signature(fit).parameters
    if any(p.kind is p.VAR_KEYWORD for p in wanted.values()):
        return lambda past, held: fit(past, previous=held, engine=engine)
    extra = {"engine": engine} if "engine" in wanted else {}
    if "previous" in wanted:
        return lambda past, held: fit(past, previous=held, **extra)
    return lambda past, held: fit(past, **extra)


def _target(found: pd.Series | Solution, labels: pd.Index, row: object) -> np.ndarray:
    w = found.weights if isinstance(found, Solution) else found
    lone = w.index.difference(labels)
    if len(lone):
        raise DataError(
            f"the weights of {row} name {len(lone)} issues that have no returns, e.g. {list(lone[:5])}; drop them",
            symbols=list(lone),
        )
    if w.isna().any():
        holed = list(w.index[w.isna()])
        raise DataError(
            f"the weights of {row} are missing for {holed[:5]}; give each a number", symbols=holed
        )
    return w.reindex(labels, fill_value=0.0).to_numpy(dtype=float)


def walk(
    returns: pd.DataFrame,
    fit: Fit,
    *,
    lookback: int,
    step: int,
    buy_cost: float | pd.Series = 0.0,
    sell_cost: float | pd.Series = 0.0,
    impact_cost: float | pd.Series = 0.0,
    previous: pd.Series | None = None,
) -> Walk:
    """Refit every ``step`` rows on the ``lookback`` rows before, trade to those weights, and let them drift.

    What is traded is the difference to the holdings as their prices have moved them, and costs are paid out of
    the worth: afterwards the weights are those of what is left. What is not invested is cash and earns nothing.

    Parameters
    ----------
    returns
        (T, N) simple returns; row t is known at the close of t. An issue that is held has no missing value.
    fit
        ``fit(past)`` makes weights or a solution out of a window; it is never shown the row its weights are used
        on. If it takes them, it also gets ``previous=``, the weights as drifted, (N,), and ``engine=``, one
        :class:`Engine` for the whole way, so that each problem starts from the last.
    buy_cost, sell_cost
        Parts of the value bought and sold, e.g. 0.0002 and 0.0022; by issue if a series.
    impact_cost
        ``c`` in ``c |traded|^1.5``, parts of the worth.
    previous
        (N,) weights held at first; None: all is cash, and the first purchase is paid for.

    Raises
    ------
    DataError
        If there is no row left to hold the first weights over, or a held issue has no return, naming it.
    ConfigError
        If ``step`` or a cost is out of range.
    """
    if not 0 < lookback < len(returns):
        raise DataError(
            f"{len(returns)} rows leave nothing after a lookback of {lookback}; load more or shorten it"
        )
    if step < 1:
        raise ConfigError(f"step must be at least 1, got {step}")
    labels = returns.columns
    rates = _Rates(
        _rate("buy_cost", buy_cost, labels),
        _rate("sell_cost", sell_cost, labels),
        _rate("impact_cost", impact_cost, labels),
    )
    if previous is not None:
        check_labels("previous", previous.index, labels)
    held = np.zeros(len(labels)) if previous is None else previous.to_numpy(dtype=float)
    ask = _asked(fit, Engine())
    X = returns.to_numpy(dtype=float)
    parts, weights, drifted, turnover, costs, rows = [], [], [], [], [], []
    for start in range(lookback, len(returns), step):
        row = returns.index[start - 1]
        w = _target(ask(returns.iloc[start - lookback : start], pd.Series(held, labels)), labels, row)
        paid = rates.settle(w, held)
        rows.append(row)
        weights.append(w)
        drifted.append(held)
        turnover.append(float(np.abs(w * (1 - paid) - held).sum()))
        costs.append(paid)
        worth, held = _drift(w, X[start : start + step], labels)
        parts.append(worth / np.concatenate([[1 / (1 - paid)], worth[:-1]]) - 1)
    when = pd.Index(rows, name=returns.index.name)
    return Walk(
        returns=pd.Series(np.concatenate(parts), index=returns.index[lookback:]),
        weights=pd.DataFrame(weights, when, labels),
        held=pd.DataFrame(drifted, when, labels),
        turnover=pd.Series(turnover, when),
        cost=pd.Series(costs, when),
    )


def _drift(w: np.ndarray, ahead: np.ndarray, labels: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    """Return the worth after each row, one at first, and the weights at the end."""
    on = w != 0
    missing = ~np.isfinite(ahead[:, on]).all(axis=0)
    if missing.any():
        holed = list(labels[on][missing])
        raise DataError(
            f"{len(holed)} held issues have missing returns, e.g. {holed[:5]}; price them (a halted issue returns zero) "
            "or do not hold them",
            symbols=holed,
        )
    grown = w[on] * np.cumprod(1 + ahead[:, on], axis=0)
    worth = grown.sum(axis=1) + (1 - w.sum())
    if (worth <= 0).any():
        raise DataError("the portfolio lost all it had; the weights are too large for these returns")
    held = np.zeros(len(w))
    held[on] = grown[-1] / worth[-1]
    return worth, held


def walk_forward(
    returns: pd.DataFrame,
    fit: Fit,
    *,
    lookback: int,
    step: int,
    buy_cost: float | pd.Series = 0.0,
    sell_cost: float | pd.Series = 0.0,
    impact_cost: float | pd.Series = 0.0,
    previous: pd.Series | None = None,
) -> pd.Series:
    """Return the simple returns, less costs, of :func:`walk`: (T - lookback,), row t known at the close of t."""
    return walk(
        returns,
        fit,
        lookback=lookback,
        step=step,
        buy_cost=buy_cost,
        sell_cost=sell_cost,
        impact_cost=impact_cost,
        previous=previous,
    ).returns
