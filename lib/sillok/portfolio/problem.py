"""Long-only portfolios of least risk, stated as the paper states them (Markowitz, 1952).

    minimise    (w - b)' Sigma (w - b)
    subject to  1'w = 1,  0 <= w <= c,  G w <= g,  w' Sigma w <= sigma^2

``b`` is zero for the minimum-variance portfolio, and a benchmark's weights to follow one within a risk limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError, InfeasibleError, SolverError

__all__ = ["Data", "Limits", "Solution", "minimum_variance", "track_benchmark"]

# Clarabel stops at a gap of 1e-8; weights are then good to about its square root. A basis point of a basis
# point is below anything a whole share can express.
_WEIGHT_TOL = 1e-6


@dataclass(frozen=True, slots=True)
class Data:
    """The facts."""

    Sigma: pd.DataFrame  # (N, N) covariance of returns, a year
    industry: pd.Series  # (N,) name, on the labels of Sigma

    def __post_init__(self) -> None:
        if len(self.Sigma) == 0:
            raise DataError("the universe is empty; widen it or shorten the lookback")
        if not self.Sigma.index.equals(self.Sigma.columns):
            raise DataError("Sigma has other labels on its rows than on its columns")
        if not self.industry.index.equals(self.Sigma.index):
            lone = self.industry.index.symmetric_difference(self.Sigma.index)
            raise DataError(
                f"industry and Sigma are not on the same labels ({len(lone)} on one side only); reindex industry",
                symbols=list(lone[:10]),
            )
        if not np.isfinite(self.Sigma.to_numpy(dtype=float)).all():
            raise DataError("Sigma has missing values; estimate it on issues with a whole history")


@dataclass(frozen=True, slots=True)
class Limits:
    """The choices; ``None`` means no such limit."""

    max_weight: float = 1.0  # share of the whole in one issue, (0, 1]
    max_industry: float | None = None  # share of the whole in one industry, (0, 1]
    max_vol_annual: float | None = None  # volatility a year, e.g. 0.15

    def __post_init__(self) -> None:
        for name in ("max_weight", "max_industry"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= 1:
                raise ConfigError(f"{name} must lie in (0, 1], got {value}; 0.1 means ten per cent")
        if self.max_vol_annual is not None and not self.max_vol_annual > 0:
            raise ConfigError(f"max_vol_annual must be positive, got {self.max_vol_annual}")


@dataclass(frozen=True, slots=True)
class Solution:
    """The answer, always an optimal one."""

    weights: pd.Series  # (N,), zero or more, adding up to one
    vol_annual: float  # sqrt(w' Sigma w)
    tracking_annual: float | None  # sqrt((w - b)' Sigma (w - b)); None without a benchmark
    binding: tuple[str, ...]  # names of the constraints that hold the answer back
    status: str


def _explain(data: Data, limits: Limits) -> str | None:
    """Name the limit that no portfolio can meet, by arithmetic alone; None if each can be met for itself."""
    N = len(data.Sigma)
    room = N * limits.max_weight
    if room < 1 - 1e-12:
        return (
            f"{N} issues of at most {limits.max_weight:.4g} hold only {room:.4g} of the money; "
            f"raise max_weight to {1 / N:.4g} or more, or widen the universe"
        )
    if limits.max_industry is None:
        return None
    counts = data.industry.value_counts()
    room = float(np.minimum(counts * limits.max_weight, limits.max_industry).sum())
    if room < 1 - 1e-12:
        return (
            f"{len(counts)} industries of at most {limits.max_industry:.4g} (issues of at most "
            f"{limits.max_weight:.4g}) hold only {room:.4g} of the money; raise max_industry or max_weight"
        )
    return None


def _constraints(data: Data, limits: Limits, w: cp.Variable, R: np.ndarray) -> dict[str, cp.Constraint]:
    named: dict[str, cp.Constraint] = {"budget": cp.sum(w) == 1, "long_only": w >= 0}
    if limits.max_weight < 1:
        named["position_cap"] = w <= limits.max_weight
    if limits.max_industry is not None and limits.max_industry < 1:
        codes, names = pd.factorize(data.industry)
        G = (codes[None, :] == np.arange(len(names))[:, None]).astype(float)
        named["industry_cap"] = G @ w <= limits.max_industry
    if limits.max_vol_annual is not None:
        named["risk_limit"] = cp.norm(R @ w, 2) <= limits.max_vol_annual
    return named


def _root(Sigma: np.ndarray) -> np.ndarray:
    """Return R with R'R = Sigma, fewer rows than columns where Sigma is singular."""
    values, vectors = np.linalg.eigh(Sigma)
    floor = values[-1] * len(Sigma) * np.finfo(float).eps
    if values[0] < -1e3 * max(floor, 0.0) or values[-1] < 0:
        raise DataError(
            f"Sigma is not positive semidefinite (smallest eigenvalue {values[0]:.3g}); estimate it anew"
        )
    kept = values > floor
    return np.sqrt(values[kept])[:, None] * vectors[:, kept].T


def _solve(data: Data, limits: Limits, b: np.ndarray | None) -> Solution:
    fault = _explain(data, limits)
    if fault:
        raise InfeasibleError(f"the limits contradict one another: {fault}")
    Sigma = data.Sigma.to_numpy(dtype=float)
    # In units of the mean variance the solver's tolerances mean the same for every market and period.
    scale = float(np.trace(Sigma)) / len(Sigma)
    if scale <= 0:
        raise DataError("Sigma is zero: no issue moved, so there is no risk to minimise")
    R = _root(Sigma / scale)
    w = cp.Variable(len(Sigma), name="w")
    constraints = _constraints(data, limits, w, R * np.sqrt(scale))
    objective = cp.Minimize(cp.sum_squares(R @ w if b is None else R @ (w - b)))
    problem = cp.Problem(objective, list(constraints.values()))
    try:
        problem.solve(solver=cp.CLARABEL)
    except cp.SolverError as err:
        raise SolverError(f"the solver broke off: {err}; check the scale of Sigma") from err
    if problem.status in {cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE}:
        raise InfeasibleError(_least_risk(data, limits))
    if problem.status != cp.OPTIMAL:
        raise SolverError(
            f"the answer is {problem.status}, only an optimal one is accepted; loosen the limits or shrink Sigma",
            status=problem.status,
        )
    return _read(data, limits, w.value, b=b, constraints=constraints)


def _least_risk(data: Data, limits: Limits) -> str:
    if limits.max_vol_annual is None:
        return f"the limits contradict one another: {limits}; loosen one of them"
    least = _solve(data, Limits(limits.max_weight, limits.max_industry), None).vol_annual
    return (
        f"no portfolio of these {len(data.Sigma)} issues has a volatility of {limits.max_vol_annual:.4g} a year or "
        f"less; the least is {least:.4g}: raise the risk limit, or loosen the other caps"
    )


def _read(
    data: Data,
    limits: Limits,
    found: np.ndarray,
    *,
    b: np.ndarray | None,
    constraints: dict[str, cp.Constraint],
) -> Solution:
    Sigma = data.Sigma.to_numpy(dtype=float)
    w = np.clip(found, 0.0, limits.max_weight)
    w[w < _WEIGHT_TOL] = 0.0
    if abs(w.sum() - 1) > 1e-4:
        raise SolverError(
            f"the weights add up to {w.sum():.6f}, not to 1; the solver's answer is not good enough"
        )
    # Dust gone, the rest is put back in proportion, but never above a cap.
    free = (w > 0) & (w < limits.max_weight - _WEIGHT_TOL)
    if free.any():
        w[free] *= 1 + (1 - w.sum()) / w[free].sum()
        w = np.minimum(w, limits.max_weight)
    duals = {name: np.max(np.abs(np.atleast_1d(c.dual_value))) for name, c in constraints.items()}
    binding = tuple(n for n, dual in duals.items() if n not in {"budget", "long_only"} and dual > 1e-5)
    off = None if b is None else float(np.sqrt(max((w - b) @ Sigma @ (w - b), 0.0)))
    return Solution(
        weights=pd.Series(w, index=data.Sigma.index, name="weight"),
        # A singular Sigma lets the least risk be zero, give or take a rounding.
        vol_annual=float(np.sqrt(max(w @ Sigma @ w, 0.0))),
        tracking_annual=off,
        binding=binding,
        status="optimal",
    )


def minimum_variance(data: Data, limits: Limits = Limits()) -> Solution:
    """Find the long-only portfolio of least volatility within ``limits``.

    Raises
    ------
    InfeasibleError
        Naming the limits that contradict one another, and the least volatility there is.
    SolverError
        If the solver's answer is anything but optimal.
    DataError
        If ``Sigma`` is not a covariance.
    """
    return _solve(data, limits, None)


def track_benchmark(data: Data, benchmark: pd.Series, limits: Limits) -> Solution:
    """Find the long-only portfolio nearest to ``benchmark`` in tracking error, within ``limits``.

    With a risk limit above the benchmark's own volatility it is the benchmark; at the least attainable
    volatility it is the minimum-variance portfolio.

    Parameters
    ----------
    benchmark
        (N,) weights that add up to one, on the labels of ``data.Sigma``.

    Raises
    ------
    DataError
        If the benchmark is on other labels or does not add up to one; else as :func:`minimum_variance`.
    """
    if not benchmark.index.equals(data.Sigma.index):
        raise DataError("benchmark and Sigma are not on the same labels; reindex the benchmark")
    total = float(benchmark.sum())
    if not abs(total - 1) <= 1e-6:
        raise DataError(f"the benchmark's weights add up to {total:.6g}, not to 1; divide by their sum")
    return _solve(data, limits, benchmark.to_numpy(dtype=float))
