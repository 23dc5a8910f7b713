"""Few names: the best choice of all, found again by trying every one."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import ConfigError, InfeasibleError, SolverError
from sillok.portfolio import Data, Limits, few_names, maximum_sharpe, mean_variance, minimum_variance
from sillok.portfolio.constraints import linear_rows
from sillok.portfolio.integer import _diagonal
from sillok.portfolio.methods.active_set import active_set
from sillok.portfolio.methods.forms import DenseForm
from sillok.portfolio.solve import solve
from sillok.portfolio.statement import Goal
from sillok.risk import FactorCovariance

NAMES = [f"A{i}" for i in range(8)]


def made(seed: int, names: list[str] = NAMES, rows: int = 40) -> Data:
    rng = np.random.default_rng(seed)
    N = len(names)
    R = rng.normal(0, 0.2, (rows, N)) + rng.normal(0, 0.15, (rows, 1))
    equal = pd.Series(1 / N, names)
    return Data(
        pd.DataFrame(np.cov(R.T), names, names),
        industry=pd.Series(["가", "나"] * (N // 2) + ["가"] * (N % 2), names),
        mu=pd.Series(rng.normal(0.06, 0.06, N), names),
        previous=equal,
        benchmark=equal,
    )


def factor(seed: int, N: int) -> Data:
    rng = np.random.default_rng(seed)
    names = [f"A{i}" for i in range(N)]
    F = pd.DataFrame(rng.normal(0, 0.06, (N, 4)) + np.r_[1.0, 0, 0, 0] * 0.18, names)
    return Data(
        FactorCovariance(
            F, pd.DataFrame(np.eye(4)), pd.Series(rng.uniform(0.15, 0.45, N) ** 2, names),
            estimator="made", observations=250, periods_per_year=252,
        )
    )  # fmt: skip


def brute_force_by_rows(data: Data, limits: Limits, goal: Goal) -> float:
    """Solve the quadratic programme of every set of names that may be held."""
    Sigma, rows = data.matrix(), linear_rows(data.labels, limits, industry=data.industry)
    assert data.mu is not None
    assert data.benchmark is not None
    mu, b = data.mu.to_numpy(), data.benchmark.to_numpy()
    scale, q, constant = {
        "variance": (2.0, np.zeros(len(b)), 0.0),
        "tracking": (2.0, -2.0 * Sigma @ b, b @ Sigma @ b),
        "utility": (goal.risk_aversion, -mu, 0.0),
    }[goal.kind]
    best, form = np.inf, DenseForm(scale * Sigma)
    for n in range(1, (limits.max_names or len(b)) + 1):
        for held in itertools.combinations(range(len(b)), n):
            inside = np.isin(np.arange(len(b)), held)
            lb, ub = (
                np.where(inside, limits.min_position or 0.0, 0.0),
                np.where(inside, limits.max_weight, 0.0),
            )
            try:
                x = active_set(form, q, rows.A, rows.low, rows.high, lb, ub).x
            except InfeasibleError:
                continue
            best = min(best, 0.5 * scale * x @ Sigma @ x + q @ x + constant)
    return -best if goal.kind == "utility" else best


def brute_force(data: Data, limits: Limits, goal: Goal) -> float:
    """Solve the convex problem of every set of names that may be held."""
    best = np.inf if goal.kind != "utility" else -np.inf
    low = limits.min_position or 0.0
    for n in range(1, (limits.max_names or len(data.labels)) + 1):
        for held in itertools.combinations(data.labels, n):
            inside = data.labels.isin(held)
            within = replace(
                limits, max_names=None, min_position=None,
                min_weight=pd.Series(np.where(inside, low, 0.0), data.labels),
                max_weight=pd.Series(np.where(inside, limits.max_weight, 0.0), data.labels),
            )  # fmt: skip
            try:
                value = solve(data, within, goal).objective
            except InfeasibleError:
                continue
            best = max(best, value) if goal.kind == "utility" else min(best, value)
    return best


@settings(max_examples=40)
@given(
    st.integers(0, 10_000),
    st.integers(1, 4),
    st.sampled_from([None, 0.05, 0.2]),
    st.sampled_from([1.0, 0.6]),
    st.sampled_from(["variance", "tracking", "utility"]),
    st.sampled_from([None, 0.7]),
    st.sampled_from([6, 40]),  # rows of returns: fewer than issues make a singular covariance
)
def test_no_choice_of_names_is_better(
    seed: int, K: int, low: float | None, cap: float, kind: str, industry: float | None, rows: int
) -> None:
    data = made(seed, NAMES[:6], rows)
    limits = Limits(max_names=K, min_position=low, max_weight=cap, max_industry=industry)
    goal = Goal(kind, 4.0)  # type: ignore[arg-type]
    best = brute_force_by_rows(data, limits, goal)
    if not np.isfinite(best):
        with pytest.raises(InfeasibleError):
            few_names(data, limits, goal=kind, risk_aversion=4.0)  # type: ignore[arg-type]
        return
    found = few_names(data, limits, goal=kind, risk_aversion=4.0)  # type: ignore[arg-type]
    size = float(np.abs(data.matrix()).max())
    assert found.objective == pytest.approx(best, rel=1e-8, abs=1e-9 * size)
    assert found.gap <= 1e-9
    held = found.weights[found.weights != 0]
    assert len(held) <= K
    assert held.min() >= (low or 0.0) - 1e-12
    assert held.max() <= cap + 1e-12
    assert found.weights.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("N", [30, 120])
def test_fewer_names_never_improve_and_enough_names_change_nothing(N: int) -> None:
    data = factor(3, N)
    limits = Limits(max_weight=0.25)
    free = minimum_variance(data, limits)
    risks = [minimum_variance(data, replace(limits, max_names=k)).objective for k in (5, 8, 12, N)]
    assert risks == sorted(risks, reverse=True)
    assert risks[0] > free.objective * (1 + 1e-6)
    assert risks[-1] == pytest.approx(free.objective, rel=1e-7)


def test_the_factor_form_and_its_matrix_give_the_same_portfolio() -> None:
    parts = factor(5, 25)
    whole = Data(pd.DataFrame(parts.matrix(), parts.labels, parts.labels))
    limits = Limits(max_names=6, min_position=0.08)
    one, other = minimum_variance(parts, limits), minimum_variance(whole, limits)
    pd.testing.assert_series_equal(one.weights, other.weights, atol=1e-8)


def test_an_issue_that_must_be_held_is_among_the_few() -> None:
    data = made(1)
    low = pd.Series(0.0, NAMES)
    low["A7"] = 0.3
    found = minimum_variance(data, Limits(max_names=2, min_weight=low))
    assert found.weights["A7"] >= 0.3 - 1e-12
    assert (found.weights != 0).sum() <= 2


def test_a_search_that_is_stopped_raises_with_what_it_knows() -> None:
    data = made(2, [f"A{i}" for i in range(40)], rows=60)
    limits = Limits(max_names=6)
    asked = iter([False, False, True])
    with pytest.raises(SolverError, match="gave up after 2 nodes") as caught:
        few_names(data, limits, stop=lambda: next(asked))
    best, bound = caught.value.detail["best"], caught.value.detail["bound"]
    exact = few_names(data, limits).objective
    assert bound < exact * (1 + 1e-9)  # type: ignore[operator]
    assert best >= exact * (1 - 1e-9)  # type: ignore[operator]
    with pytest.raises(SolverError, match="gave up after 1 nodes"):
        few_names(data, limits, nodes=1)


def test_a_search_without_an_end_tells_what_it_found_and_takes_a_gap() -> None:
    """Sixty issues alike but for the noise of a sample: no choice is much better than another."""
    rng = np.random.default_rng(1)
    names = [f"A{i}" for i in range(60)]
    data = Data(pd.DataFrame(np.cov(rng.normal(0, 0.2, (300, 60)).T), names, names))
    limits = Limits(max_weight=0.2, max_names=10)
    with pytest.raises(SolverError, match="few_names with a relative_gap") as caught:
        few_names(data, limits, nodes=5)
    best, weights, open_gap = (caught.value.detail[name] for name in ("best", "weights", "gap"))
    assert isinstance(weights, pd.Series)
    assert weights.index.equals(data.labels)
    assert data.variance(weights.to_numpy()) == pytest.approx(best, rel=1e-9)
    assert (weights != 0).sum() <= 10
    assert isinstance(open_gap, float)
    found = few_names(data, limits, nodes=5, relative_gap=open_gap + 1e-6)
    assert 1e-3 < found.gap <= open_gap + 1e-6


@pytest.mark.parametrize("relative_gap", [1e-3, 0.02, 0.1])
@pytest.mark.parametrize("kind", ["variance", "tracking", "utility"])
def test_no_choice_is_better_than_the_gap_that_is_told(kind: str, relative_gap: float) -> None:
    for seed in range(3):
        data = made(seed, [f"A{i}" for i in range(12)])
        limits = Limits(max_names=4, max_weight=0.5)
        exact = few_names(data, limits, goal=kind, risk_aversion=4.0).objective  # type: ignore[arg-type]
        found = few_names(data, limits, goal=kind, risk_aversion=4.0, relative_gap=relative_gap)  # type: ignore[arg-type]
        off = (exact - found.objective) * (1 if kind == "utility" else -1)
        assert -1e-12 <= off <= found.gap * abs(found.objective) + 1e-12
        assert found.gap <= relative_gap


def test_a_gap_out_of_range_is_refused() -> None:
    for wrong in (0.0, -1.0, 1.0, float("nan")):
        with pytest.raises(ConfigError, match="relative_gap"):
            few_names(made(0), Limits(max_names=3), relative_gap=wrong)


def test_too_few_names_for_the_caps_are_explained_with_the_fewest() -> None:
    with pytest.raises(InfeasibleError, match=r"at most 2 names .* fewest names that can are 4") as caught:
        minimum_variance(made(0), Limits(max_names=2, max_weight=0.3))
    assert caught.value.detail["names"] == 4


def test_a_least_position_that_no_number_of_names_can_meet_is_infeasible() -> None:
    with pytest.raises(InfeasibleError, match="no choice of names"):
        minimum_variance(made(0), Limits(min_position=0.4, max_weight=0.45))


def test_with_turnover_the_names_are_the_best_of_all_as_well() -> None:
    data = made(4, NAMES[:5])
    limits = Limits(max_names=3, max_turnover=1.1)
    found = minimum_variance(data, limits)
    assert found.objective == pytest.approx(brute_force(data, limits, Goal("variance")), rel=1e-5)
    assert found.method.startswith("cvxpy: SCIP")
    assert 1e-6 <= found.gap < 1e-3
    assert np.abs(found.weights - data.previous).sum() <= 1.1 + 1e-6


def test_costs_and_names_go_together() -> None:
    data = made(6, NAMES[:5])
    limits = Limits(max_names=2, linear_cost=0.003)
    found = mean_variance(data, limits, risk_aversion=3.0)
    assert found.objective == pytest.approx(brute_force(data, limits, Goal("utility", 3.0)), rel=1e-5)


def test_what_cannot_be_combined_is_refused() -> None:
    data = made(0)
    with pytest.raises(ConfigError, match="needs max_names or min_position"):
        few_names(data, Limits())
    with pytest.raises(ConfigError, match="short positions"):
        few_names(data, Limits(min_position=0.1, min_weight=-0.2))
    with pytest.raises(ConfigError, match="Sharpe"):
        maximum_sharpe(data, Limits(max_names=3))


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 12))
def test_what_is_left_of_a_covariance_without_its_own_variances_is_one(seed: int, N: int) -> None:
    rng = np.random.default_rng(seed)
    R = rng.normal(size=(rng.integers(2, 40), N))
    Sigma = np.cov(R.T)
    d = _diagonal(Sigma)
    assert (d >= 0).all()
    assert np.linalg.eigvalsh(Sigma - np.diag(d))[0] >= -1e-9 * np.trace(Sigma)
