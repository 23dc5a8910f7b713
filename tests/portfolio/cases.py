"""Random problems, and those that break methods: duplicates, lost rank, touching bounds, no variance, one asset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from sillok.portfolio import Data, Limits
from sillok.risk import FactorCovariance
from tests.portfolio.proofs import Polytope

__all__ = ["KINDS", "Case", "cases", "factor_covariance", "labels", "make_case"]

KINDS = (
    "plain",
    "correlated",
    "duplicates",
    "lost rank",
    "one factor",
    "riskless issue",
    "one issue",
    "two issues",
    "equal means",
    "touching bounds",
    "fixed issues",
    "tight caps",
    "short positions",
    "tiny units",
    "wild scales",
    "opposites",
)


class Case(NamedTuple):
    """One problem as arrays; a year."""

    kind: str
    Sigma: np.ndarray  # (N, N)
    mu: np.ndarray  # (N,)
    lb: np.ndarray  # (N,)
    ub: np.ndarray  # (N,)

    @property
    def room(self) -> Polytope:
        return Polytope(np.ones((1, len(self.mu))), np.ones(1), np.ones(1), self.lb, self.ub)

    @property
    def scale(self) -> float:
        """The mean variance: what an absolute error of a variance is measured by where the least is zero."""
        return float(np.trace(self.Sigma)) / len(self.Sigma)

    def data(self) -> Data:
        names = labels(len(self.mu))
        return Data(Sigma=pd.DataFrame(self.Sigma, names, names), mu=pd.Series(self.mu, names))

    def limits(self) -> Limits:
        names = labels(len(self.mu))
        return Limits(min_weight=pd.Series(self.lb, names), max_weight=pd.Series(self.ub, names))


def labels(N: int) -> pd.Index:
    return pd.Index([f"{k:06d}" for k in range(N)], name="symbol")


def _sigma(kind: str, random: np.random.Generator, N: int) -> np.ndarray:
    if kind == "one factor":
        X = np.outer(random.uniform(0.5, 1.5, N), [0.2])
    elif kind == "lost rank":
        X = random.standard_normal((N, max(N // 2, 1))) * 0.2
    else:
        X = random.standard_normal((N, 2 * N)) * 0.2 / np.sqrt(2)
    if kind == "correlated":
        X = X * 0.05 + 0.2
    if kind == "duplicates" and N > 2:
        X[1] = X[0]
        X[N - 1] = X[N // 2]
    if kind == "opposites" and N > 1:
        X[1] = -X[0]
    if kind == "wild scales":
        X *= 10.0 ** random.uniform(-2, 1, (N, 1))
    if kind == "riskless issue":
        X[0] = 0.0
    S = X @ X.T
    if kind == "tiny units":
        S *= 1e-8
    return (S + S.T) / 2


def _bounds(kind: str, random: np.random.Generator, N: int) -> tuple[np.ndarray, np.ndarray]:
    lb, ub = np.zeros(N), np.ones(N)
    if kind == "touching bounds":  # the caps hold the money exactly: one portfolio is left
        ub = random.dirichlet(np.ones(N))
        ub[-1] = 1 - ub[:-1].sum()
    elif kind == "fixed issues" and N > 2:
        lb[: N // 2] = ub[: N // 2] = 0.5 / (N // 2)
    elif kind == "tight caps":
        ub = np.full(N, 1.5 / N)
        lb = np.full(N, 0.25 / N)
    elif kind == "short positions":
        lb, ub = np.full(N, -0.3), np.full(N, 0.8)
    return lb, ub


def make_case(kind: str, seed: int) -> Case:
    random = np.random.default_rng([KINDS.index(kind), seed])
    N = {"one issue": 1, "two issues": 2}.get(kind, int(random.integers(3, 13)))
    Sigma = _sigma(kind, random, N)
    mu = random.normal(0.06, 0.08, N)
    if kind == "equal means":
        mu = np.repeat(0.05, N) if seed % 2 else np.round(mu, 1)
    if kind == "duplicates" and N > 2:
        mu[1] = mu[0]
    if kind == "tiny units":
        mu *= 1e-4
    return Case(kind, Sigma, mu, *_bounds(kind, random, N))


def cases(count: int, without: tuple[str, ...] = ()) -> Iterator[Case]:
    """Give so many cases, the kinds in turn."""
    kinds = [kind for kind in KINDS if kind not in without]
    for k in range(count):
        yield make_case(kinds[k % len(kinds)], k)


def factor_covariance(
    B: np.ndarray, F: np.ndarray, d: np.ndarray, names: pd.Index | None = None
) -> FactorCovariance:
    names = labels(len(d)) if names is None else names
    factors = pd.Index([f"f{k}" for k in range(len(F))])
    return FactorCovariance(
        loadings=pd.DataFrame(B, names, factors),
        factor_covariance=pd.DataFrame(F, factors, factors),
        specific_variance=pd.Series(d, names),
        estimator="stated",
        observations=1_000,
        periods_per_year=252,
    )
