"""The linear limits as arrays: ``low <= A w <= high`` and ``lb <= w <= ub``."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError
from sillok.portfolio.data import Limits, check_finite, check_labels, numbers

__all__ = ["Rows", "bounds", "cost_coefficients", "linear_rows"]


class Rows(NamedTuple):
    """``low <= A w <= high``, the budget first."""

    A: np.ndarray  # (M, N)
    low: np.ndarray  # (M,), -inf where there is no low end
    high: np.ndarray  # (M,), inf where there is no high end
    names: tuple[str, ...]  # (M,)


def _spread(name: str, value: float | pd.Series, labels: pd.Index) -> np.ndarray:
    if not isinstance(value, pd.Series):
        return np.full(len(labels), float(value))
    check_labels(name, value.index, labels)
    found = numbers(name, value)
    if np.isnan(found).any():
        check_finite(name, np.where(np.isnan(found), found, 0.0), labels)
    return found


def bounds(labels: pd.Index, limits: Limits) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the greatest weight of each issue, (N,) and (N,).

    Raises
    ------
    DataError
        If a bound is on other labels or not a number.
    ConfigError
        If a least weight lies above its greatest, naming the issues.
    """
    lb = _spread("min_weight", limits.min_weight, labels)
    ub = _spread("max_weight", limits.max_weight, labels)
    # Of two numbers Limits has made sure.
    given = isinstance(limits.min_weight, pd.Series) or isinstance(limits.max_weight, pd.Series)
    if given and (lb > ub).any():
        found = list(labels[lb > ub])
        i = int((lb > ub).argmax())
        raise ConfigError(
            f"min_weight lies above max_weight for {len(found)} issues, e.g. {found[0]}: {lb[i]:.6g} > {ub[i]:.6g}; "
            "exchange or move them",
            symbols=found,
        )
    return lb, ub


def _group_rows(labels: pd.Index, limits: Limits) -> list[tuple[str, np.ndarray, float | None, float | None]]:
    found = []
    for group in limits.groups:
        lone = [m for m in group.members if m not in labels]
        if lone:
            raise DataError(
                f"group {group.name} names {len(lone)} issues that are not in the universe, e.g. {lone[:5]}; drop them",
                symbols=lone,
            )
        found.append((f"group {group.name}", labels.isin(group.members).astype(float), group.low, group.high))
    return found


def _exposure_rows(
    labels: pd.Index, limits: Limits, exposures: pd.DataFrame | None
) -> list[tuple[str, np.ndarray, float | None, float | None]]:
    found = []
    for limit in limits.exposures:
        if exposures is None or limit.column not in exposures.columns:
            known = [] if exposures is None else list(exposures.columns)
            raise DataError(f"there is no exposure {limit.column!r}; Data.exposures has {known}")
        check_labels("exposures", exposures.index, labels)
        column = exposures[limit.column].to_numpy(dtype=float)
        found.append((f"exposure {limit.column}", column, limit.low, limit.high))
    return found


def linear_rows(
    labels: pd.Index,
    limits: Limits,
    *,
    industry: pd.Series | None = None,
    exposures: pd.DataFrame | None = None,
    mu: pd.Series | None = None,
) -> Rows:
    """Return the budget, the industries, groups, exposures, and the least return, as rows.

    ``min_return_annual`` is a row only where no cost is taken off the return.

    Raises
    ------
    DataError
        If a limit speaks of something that is not there, naming it.
    """
    N = len(labels)
    if (
        limits.max_industry is None
        and not limits.groups
        and not limits.exposures
        and limits.min_return_annual is None
    ):
        end = np.array([limits.budget])
        return Rows(np.ones((1, N)), end, end, ("budget",))
    rows: list[tuple[str, np.ndarray, float | None, float | None]]
    rows = [("budget", np.ones(N), limits.budget, limits.budget)]
    if limits.max_industry is not None:
        if industry is None:
            raise DataError("max_industry needs Data.industry; give it, or drop the limit")
        codes, names = pd.factorize(industry)
        G = (codes[None, :] == np.arange(len(names))[:, None]).astype(float)
        rows += [(f"industry {name}", G[i], None, limits.max_industry) for i, name in enumerate(names)]
    rows += _group_rows(labels, limits)
    rows += _exposure_rows(labels, limits, exposures)
    if limits.min_return_annual is not None:
        if mu is None:
            raise DataError("min_return_annual needs Data.mu; give it, or drop the limit")
        if not limits.has_costs:
            rows.append(("return", mu.to_numpy(dtype=float), limits.min_return_annual, None))
    low = np.array([-np.inf if row[2] is None else row[2] for row in rows])
    high = np.array([np.inf if row[3] is None else row[3] for row in rows])
    return Rows(np.array([row[1] for row in rows]), low, high, tuple(row[0] for row in rows))


def cost_coefficients(labels: pd.Index, limits: Limits) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return what trading costs, once: parts of |dw| and of |dw|^1.5, each (N,) or None.

    Raises
    ------
    DataError
        If a coefficient is on other labels or not a number.
    ConfigError
        If a coefficient is negative, naming the issues.
    """
    found: list[np.ndarray | None] = []
    for name in ("linear_cost", "impact_cost"):
        value = getattr(limits, name)
        if value is None:
            found.append(None)
            continue
        spread = _spread(name, value, labels)
        if (spread < 0).any() or not np.isfinite(spread).all():
            wrong = list(labels[(spread < 0) | ~np.isfinite(spread)])
            raise ConfigError(
                f"{name} must be zero or more, not so for {len(wrong)} issues, e.g. {wrong[:5]}",
                symbols=wrong,
            )
        found.append(spread)
    return found[0], found[1]
