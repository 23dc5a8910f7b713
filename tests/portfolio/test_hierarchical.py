"""Portfolios by trees: closed forms, bounds kept, other limits refused."""

import numpy as np
import pandas as pd
import pytest

from sillok.errors import ConfigError, DataError, InfeasibleError
from sillok.portfolio import (
    Data,
    Limits,
    hierarchical_equal_risk,
    hierarchical_risk_parity,
    minimum_variance,
    nested_clusters,
)

NAMES = [f"{i:06d}" for i in range(12)]
EVERY = [hierarchical_risk_parity, hierarchical_equal_risk, nested_clusters]


def blocks(seed: int = 0) -> Data:
    """Make three sectors of four issues, alike within and apart between."""
    rng = np.random.default_rng(seed)
    C = np.kron(np.eye(3), np.full((4, 4), 0.55)) + 0.15 + 0.3 * np.eye(12)
    vol = rng.uniform(0.15, 0.5, 12)
    return Data(
        pd.DataFrame(C * np.outer(vol, vol), NAMES, NAMES), mu=pd.Series(rng.uniform(0.02, 0.1, 12), NAMES)
    )


@pytest.mark.parametrize("solve", EVERY)
def test_the_money_is_spent_on_the_labels_it_came_on(solve: object) -> None:
    found = solve(blocks())  # type: ignore[operator]
    assert found.weights.sum() == pytest.approx(1, abs=1e-14)
    assert list(found.weights.index) == NAMES
    assert (found.weights >= 0).all()
    half = solve(blocks(), Limits(budget=0.5))  # type: ignore[operator]
    np.testing.assert_allclose(half.weights, found.weights / 2, atol=1e-9)


@pytest.mark.parametrize("solve", EVERY)
def test_without_correlation_weights_are_inverse_to_variance(solve: object) -> None:
    v = np.linspace(0.01, 0.12, 12)
    found = solve(Data(pd.DataFrame(np.diag(v), NAMES, NAMES)))  # type: ignore[operator]
    np.testing.assert_allclose(found.weights, (1 / v) / (1 / v).sum(), atol=1e-9)


@pytest.mark.parametrize("solve", EVERY)
def test_the_order_of_the_issues_does_not_matter(solve: object) -> None:
    rng = np.random.default_rng(3)
    F = rng.normal(0.1, 0.1, (12, 4))
    S = pd.DataFrame(F @ F.T + np.diag(rng.uniform(0.01, 0.1, 12)), NAMES, NAMES)
    order = list(rng.permutation(NAMES))
    S = (S + S.T) / 2
    left, right = solve(Data(S)), solve(Data(S.loc[order, order]))  # type: ignore[operator]
    np.testing.assert_allclose(right.weights[NAMES], left.weights, atol=1e-9)


def test_sectors_are_found() -> None:
    assert "3 clusters" in hierarchical_equal_risk(blocks()).method
    assert "nested clusters, 3" in nested_clusters(blocks()).method


@pytest.mark.parametrize("solve", [hierarchical_risk_parity, hierarchical_equal_risk])
def test_bounds_are_kept_wherever_they_can_be(solve: object) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        w = rng.dirichlet(np.ones(12))
        low, high = pd.Series(w * 0.9, NAMES), pd.Series(w * 1.05 + 0.001, NAMES)
        found = solve(blocks(seed), Limits(min_weight=low, max_weight=high)).weights  # type: ignore[operator]
        assert found.sum() == pytest.approx(1, abs=1e-12)
        assert (found >= low - 1e-12).all()
        assert (found <= high + 1e-12).all()


def test_nested_clusters_keep_bounds_by_scaling_or_refuse() -> None:
    data = blocks()
    free = nested_clusters(data).weights
    capped = nested_clusters(data, Limits(max_weight=float(free.max()) * 0.97)).weights
    assert capped.max() <= free.max() * 0.97 + 1e-12
    with pytest.raises(InfeasibleError, match="cannot keep these bounds"):
        nested_clusters(data, Limits(max_weight=0.09))


def test_one_cluster_is_the_whole_problem() -> None:
    found = nested_clusters(blocks(), clusters=1)
    np.testing.assert_allclose(found.weights, minimum_variance(blocks()).weights, atol=1e-12)
    assert nested_clusters(blocks(), objective="maximum_sharpe").return_annual is not None


@pytest.mark.parametrize("solve", EVERY)
def test_other_limits_are_refused_and_never_ignored(solve: object) -> None:
    with pytest.raises(ConfigError, match="not max_industry, max_vol_annual"):
        solve(blocks(), Limits(max_industry=0.5, max_vol_annual=0.2))  # type: ignore[operator]
    with pytest.raises(InfeasibleError, match="let a long-only budget be"):
        solve(blocks(), Limits(max_weight=0.05))  # type: ignore[operator]
    with pytest.raises(ConfigError, match="linkage must be"):
        solve(blocks(), linkage="median")  # type: ignore[operator]


@pytest.mark.parametrize("solve", EVERY)
def test_an_issue_that_never_moves_is_refused_by_name(solve: object) -> None:
    S = blocks().Sigma.copy()
    S.loc["000004"] = S["000004"] = 0.0
    with pytest.raises(DataError, match="000004"):
        solve(Data(S))  # type: ignore[operator]


def test_a_single_issue_takes_it_all() -> None:
    one = Data(pd.DataFrame([[0.04]], ["a"], ["a"]))
    for solve in EVERY:
        assert solve(one).weights["a"] == pytest.approx(1)  # type: ignore[operator]
    with pytest.raises(ConfigError, match="between 1 and 1"):
        hierarchical_equal_risk(one, clusters=2)
