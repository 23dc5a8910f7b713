"""What a portfolio is made from: the facts, the limits, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError
from sillok.risk import Covariance
from sillok.risk.observed import same_labels

if TYPE_CHECKING:
    from sillok.risk.factors import FactorCovariance

__all__ = [
    "Data",
    "ExposureLimit",
    "GroupLimit",
    "Limits",
    "Solution",
    "check_finite",
    "check_labels",
    "numbers",
]

# Rounding of a product such as F C F' leaves the two triangles apart by some units in the last place of the
# largest variance; anything above is a fault of the matrix.
_SYMMETRY = 1e-10
_BLOCK = 256
# A finite bound of ten times the whole is a percentage in the wrong unit, not a position.
_PERCENT = 10.0


def _named(labels: pd.Index, wrong: np.ndarray) -> list[object]:
    return list(labels[wrong])


def check_labels(name: str, index: pd.Index, labels: pd.Index) -> None:
    """Raise DataError unless ``index`` is ``labels``, in the same order."""
    if same_labels(index, labels):
        return
    lone = index.symmetric_difference(labels)
    how = (
        f"{len(lone)} on one side only, e.g. {list(lone[:5])}"
        if len(lone)
        else "the same ones in another order"
    )
    raise DataError(
        f"{name} and Sigma are not on the same labels ({how}); reindex {name} or drop what is missing",
        symbols=list(lone),
    )


def numbers(name: str, given: pd.DataFrame | pd.Series) -> np.ndarray:
    """Return the values as floats.

    Raises
    ------
    DataError
        If one of them is no number, naming the issues.
    """
    try:
        return given.to_numpy(dtype=float)
    except (TypeError, ValueError) as err:
        rows = pd.DataFrame(given)
        wrong = rows.apply(lambda column: pd.to_numeric(column, errors="coerce")).isna().any(axis=1)
        found = list(given.index[wrong.to_numpy()])
        raise DataError(
            f"{name} has values that are no numbers for {found[:5]}: {err}", symbols=found
        ) from err


def check_finite(name: str, values: np.ndarray, labels: pd.Index) -> None:
    """Raise DataError, naming the issues, unless every value is a number."""
    if np.isfinite(values.sum()):
        return
    holed = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    found = _named(labels, holed)
    raise DataError(
        f"{name} has missing values for {len(found)} issues, e.g. {found[:5]}; drop them or estimate them anew",
        symbols=found,
    )


def _is_symmetric(S: np.ndarray) -> bool:
    """Tell whether both triangles are equal, by blocks that stay in the processor's cache."""
    return all(
        np.array_equal(S[i : i + _BLOCK, : i + _BLOCK], S[: i + _BLOCK, i : i + _BLOCK].T)
        for i in range(0, len(S), _BLOCK)
    )


def _check_sides(Sigma: pd.DataFrame) -> None:
    labels = Sigma.index
    if len(labels) == 0:
        raise DataError("the universe is empty; widen it or shorten the lookback")
    if not labels.is_unique:
        twice = list(labels[labels.duplicated()].unique())
        raise DataError(f"Sigma names these issues twice: {twice[:5]}; keep one each", symbols=twice)
    if not (Sigma.index is Sigma.columns or Sigma.index.equals(Sigma.columns)):
        raise DataError("Sigma has other labels on its rows than on its columns; use the same on both sides")


def _check_matrix(S: np.ndarray, labels: pd.Index) -> None:
    check_finite("Sigma", S, labels)
    if not _is_symmetric(S):
        apart = np.abs(S - S.T)
        if apart.max() > _SYMMETRY * np.abs(S).max():
            i, j = np.unravel_index(int(apart.argmax()), S.shape)
            a, b = labels[i], labels[j]
            raise DataError(
                f"Sigma is not symmetric: ({a}, {b}) is {S[i, j]:.6g} and ({b}, {a}) is {S[j, i]:.6g}; estimate "
                "it anew",
                symbols=[a, b],
            )
    variance = S.diagonal()
    if (variance < 0).any():
        found = _named(labels, variance < 0)
        raise DataError(f"Sigma has negative variances for {found[:5]}; estimate it anew", symbols=found)


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """The facts, all on the labels of ``Sigma`` and in their order; rates are a year.

    Raises
    ------
    DataError
        If the universe is empty, a label occurs twice, labels differ, a value is missing, or ``Sigma`` is not
        symmetric; the error's ``symbols`` name the issues. Whether ``Sigma`` is positive semidefinite is
        looked at where a problem is solved. An estimate of :mod:`sillok.risk` is, and has no gap, by how it was
        made: only its labels are looked at.
    """

    Sigma: pd.DataFrame | Covariance | FactorCovariance  # (N, N) covariance of simple returns
    industry: pd.Series | None = None  # (N,) name
    mu: pd.Series | None = None  # (N,) expected simple return
    exposures: pd.DataFrame | None = None  # (N, J), e.g. beta, size
    previous: pd.Series | None = None  # (N,) weights held now; None: all is cash
    benchmark: pd.Series | None = None  # (N,), adding up to one
    labels: pd.Index = field(init=False, repr=False)
    is_proved: bool = field(init=False, repr=False)  # that Sigma is symmetric and positive semidefinite
    _S: np.ndarray | None = field(init=False, repr=False)  # (N, N); None: by factors

    def __post_init__(self) -> None:
        given = self.Sigma
        if isinstance(given, Covariance | pd.DataFrame):
            frame = given.matrix if isinstance(given, Covariance) else given
            labels = frame.index
            _check_sides(frame)
            S = given.proved() if isinstance(given, Covariance) else None
            proved = S is not None
            if S is None:
                S = numbers("Sigma", frame)
                _check_matrix(S, labels)
        else:  # a factor covariance has looked at its own labels and values
            labels, proved, S = given.labels, True, None
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "is_proved", proved)
        object.__setattr__(self, "_S", S)
        for name in ("mu", "exposures", "previous", "benchmark"):
            found = getattr(self, name)
            if found is not None:
                check_labels(name, found.index, labels)
                check_finite(name, numbers(name, found), labels)
        if self.industry is not None:
            check_labels("industry", self.industry.index, labels)
            if self.industry.isna().any():
                lone = list(labels[self.industry.isna().to_numpy()])
                raise DataError(
                    f"{len(lone)} issues have no industry, e.g. {lone[:5]}; name one", symbols=lone
                )
        if self.benchmark is not None and not abs(float(self.benchmark.sum()) - 1) <= 1e-6:
            raise DataError(
                f"the benchmark's weights add up to {float(self.benchmark.sum()):.6g}, not to 1; divide by "
                "their sum"
            )

    @property
    def factor(self) -> FactorCovariance | None:
        """The covariance in its factor form, if it was given so."""
        return None if isinstance(self.Sigma, pd.DataFrame | Covariance) else self.Sigma

    def matrix(self) -> np.ndarray:
        """Return the covariance as a dense array (N, N)."""
        factor = self.factor
        return cast(np.ndarray, self._S) if factor is None else factor.matrix.to_numpy(dtype=float)

    def variance(self, w: np.ndarray) -> float:
        """Return ``w' Sigma w``, a year; never below zero."""
        if self.factor is None:
            return max(float(w @ (self.matrix() @ w)), 0.0)
        B, d = self.factor.root()
        x = B.T @ w
        return float(x @ x + d @ (w * w))


@dataclass(frozen=True, slots=True)
class GroupLimit:
    """The weights of ``members`` together lie between ``low`` and ``high``, parts of the whole."""

    name: str
    members: tuple[object, ...]
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ExposureLimit:
    """``exposures[column]' w`` lies between ``low`` and ``high``, in the column's own unit."""

    column: str
    low: float | None = None
    high: float | None = None


def _scalar_bound(name: str, value: float) -> None:
    if np.isnan(value) or (_PERCENT <= abs(value) < np.inf):
        raise ConfigError(f"{name} must be a part of the whole, got {value}; 0.1 means ten per cent")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Limits:
    """The choices; weights are parts of the whole, rates a year, and ``None`` means no such limit.

    Without another word a portfolio is long only and wholly invested. A negative ``min_weight`` allows short
    positions.

    Raises
    ------
    ConfigError
        If a number is out of its range, or a low end lies above its high end.
    """

    min_weight: float | pd.Series = 0.0
    max_weight: float | pd.Series = 1.0
    budget: float = 1.0  # what the weights add up to
    max_industry: float | None = None  # of each industry of Data.industry
    groups: tuple[GroupLimit, ...] = ()
    exposures: tuple[ExposureLimit, ...] = ()
    max_gross: float | None = None  # sum of |w|
    max_short: float | None = None  # sum of the short positions' size
    max_turnover: float | None = None  # sum of |w - previous|, purchases and sales alike
    linear_cost: float | pd.Series | None = None  # part of the value traded, e.g. 0.001
    impact_cost: float | pd.Series | None = None  # c in c |w - previous|^1.5, part of the whole
    cost_years: float = 1.0  # what a trade costs is spread over so many years
    max_vol_annual: float | None = None
    max_tracking_annual: float | None = None
    min_return_annual: float | None = None  # less costs, where there are any
    max_names: int | None = None  # mixed integer
    min_position: float | None = None  # an issue is held with at least so much, or not at all; mixed integer

    def __post_init__(self) -> None:
        for name in ("min_weight", "max_weight"):
            value = getattr(self, name)
            if not isinstance(value, pd.Series):
                _scalar_bound(name, value)
        if not np.isfinite(self.budget):
            raise ConfigError(f"budget must be a number, got {self.budget}; 1 means wholly invested")
        self._check_weights()
        for name in ("max_industry", "max_gross", "max_vol_annual", "max_tracking_annual", "cost_years"):
            value = getattr(self, name)
            if value is not None and not 0 < value < np.inf:
                raise ConfigError(f"{name} must be positive, got {value}; 0.1 means ten per cent")
        for name in ("max_short", "max_turnover", "linear_cost", "impact_cost"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, pd.Series) and not 0 <= value < np.inf:
                raise ConfigError(f"{name} must be zero or more, got {value}; 0.1 means ten per cent")
        if self.max_industry is not None:
            _scalar_bound("max_industry", self.max_industry)
        if self.min_return_annual is not None and not np.isfinite(self.min_return_annual):
            raise ConfigError(f"min_return_annual must be a number, got {self.min_return_annual}")
        if self.max_names is not None and not (self.max_names >= 1 and int(self.max_names) == self.max_names):
            raise ConfigError(f"max_names must be a whole number of at least 1, got {self.max_names}")
        if self.min_position is not None and not 0 < self.min_position <= 1:
            raise ConfigError(f"min_position must lie in (0, 1], got {self.min_position}")
        self._check_ranges()

    def _check_weights(self) -> None:
        low, high = self.min_weight, self.max_weight
        if isinstance(low, pd.Series) or isinstance(high, pd.Series):
            return  # on labels, hence looked at when they meet Data
        if not low <= high:
            raise ConfigError(f"min_weight {low} lies above max_weight {high}; exchange or move them")
        if self.budget > 0 and not high > 0:
            raise ConfigError(f"max_weight must be positive, got {high}; 0.1 means ten per cent")

    def _check_ranges(self) -> None:
        limits = [(f"group {g.name}", g.low, g.high) for g in self.groups]
        limits += [(f"exposure {e.column}", e.low, e.high) for e in self.exposures]
        for name, low, high in limits:
            if low is None and high is None:
                raise ConfigError(f"{name} has neither a low nor a high end; give one")
            ends = [x for x in (low, high) if x is not None]
            if any(np.isnan(x) for x in ends) or (len(ends) == 2 and ends[0] > ends[1]):
                raise ConfigError(f"{name} must have low <= high, got {low} and {high}")

    @property
    def is_integer(self) -> bool:
        """Whether a name is held or not at all, which no convex programme can say."""
        return self.max_names is not None or self.min_position is not None

    @property
    def has_costs(self) -> bool:
        """Whether trading costs anything."""
        return self.linear_cost is not None or self.impact_cost is not None


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """The answer, always an optimal one; rates are a year.

    ``shadow_prices`` has, by the limit's name, what the objective gains (falls where it is minimised, rises
    where it is maximised) for each unit by which the limit is loosened; of the budget, for each unit by which
    it is raised. A limit that does not hold the answer back is not in it.
    """

    weights: pd.Series  # (N,)
    vol_annual: float  # sqrt(w' Sigma w)
    objective: float  # the value of what was minimised or maximised, as the function says
    method: str  # e.g. "active set", "cvxpy: CLARABEL"
    return_annual: float | None = None  # mu'w before costs; None without mu
    tracking_annual: float | None = None  # sqrt((w - b)' Sigma (w - b)); None without a benchmark
    cost: float | None = (
        None  # what getting there from previous costs, once, part of the whole; None: no costs
    )
    gap: float = 0.0  # relative duality gap, measured
    shadow_prices: Mapping[str, float] = field(default_factory=dict, repr=False)
    status: str = "optimal"

    @property
    def binding(self) -> tuple[str, ...]:
        """Names of the limits that hold the answer back; the budget is not counted."""
        return tuple(name for name in self.shadow_prices if name != "budget")
