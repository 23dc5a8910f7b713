"""Entropy pooling: a published example, closed forms, and views that hold to rounding or are said to clash."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sillok.errors import ConfigError, DataError, InfeasibleError
from sillok.risk import MeanView, QuantileView, VarianceView, entropy_pooling, rank_views
from tests.risk.samples import draw


def entropy(p: pd.Series, prior: pd.Series | float) -> float:
    kept = p > 0
    return float((p[kept] * np.log(p[kept] / (prior if isinstance(prior, float) else prior[kept]))).sum())


def test_the_dice_of_jaynes() -> None:
    # Jaynes (1978), "Where do we stand on maximum entropy?": a die whose mean is 4.5.
    die = pd.DataFrame({"points": np.arange(1.0, 7.0)})
    p = entropy_pooling(die, [MeanView({"points": 1.0}, 4.5)])
    np.testing.assert_allclose(p, [0.05435, 0.07877, 0.11416, 0.16545, 0.23977, 0.34749], atol=6e-6)


def test_a_normal_prior_is_moved_and_widened_as_meucci_derives() -> None:
    # Meucci (2008), section 3 and appendix: under a normal prior, views on mean and variance give a normal posterior.
    x = np.linspace(-12, 12, 4001)
    prior = pd.Series(np.exp(-(x**2) / 2))
    prior /= prior.sum()
    grid = pd.DataFrame({"x": x})
    p = entropy_pooling(grid, [VarianceView({"x": 1.0}, 0.49, mean_period=0.8)], prior=prior)
    normal = np.exp(-((x - 0.8) ** 2) / 2 / 0.49)
    np.testing.assert_allclose(p, normal / normal.sum(), atol=1e-9)
    assert entropy(p, prior) == pytest.approx((0.49 + 0.64 - 1 - np.log(0.49)) / 2, rel=1e-6)


def test_a_correlated_normal_moves_along_its_regression() -> None:
    # Meucci (2008): E[y] moves by beta times the view on x, the conditional distribution stays.
    rng = np.random.default_rng(0)
    x = rng.normal(size=20_000)
    frame = pd.DataFrame({"x": x, "y": 0.7 * x + rng.normal(size=20_000)})
    p = entropy_pooling(frame, [MeanView({"x": 1.0}, 0.3)])
    assert p @ frame["x"] == pytest.approx(0.3, abs=1e-12)
    assert p @ frame["y"] == pytest.approx(0.21, abs=0.03)


@given(st.integers(0, 10_000))
@settings(max_examples=40)
def test_views_hold_to_rounding_and_cost_the_least_entropy(seed: int) -> None:
    X = draw(T=200, N=4, seed=seed)
    rng = np.random.default_rng(seed)
    q = pd.Series(
        rng.dirichlet(np.full(200, 5.0)), X.index
    )  # some probabilities under which the views are true
    a, b, c, _ = X.columns
    mean = float(q @ X[b])
    views = [
        MeanView({a: 1.0, b: -0.5}, float(q @ (X[a] - 0.5 * X[b]))),
        VarianceView({b: 1.0}, float(q @ (X[b] - mean) ** 2), mean_period=mean),
        QuantileView({c: 1.0}, float(X[c].median()), float(q[X[c] <= X[c].median()].sum())),
    ]
    p = entropy_pooling(X, views)
    assert (p > 0).all()
    assert p.sum() == pytest.approx(1, abs=1e-12)
    assert p @ (X[a] - 0.5 * X[b]) == pytest.approx(views[0].value_period, abs=1e-11)
    assert p @ X[b] == pytest.approx(mean, abs=1e-11)
    assert p @ X[b] ** 2 - (p @ X[b]) ** 2 == pytest.approx(views[1].value_period, abs=1e-11)
    assert p[X[c] <= X[c].median()].sum() == pytest.approx(views[2].level, abs=1e-10)
    assert entropy(p, 1 / 200) <= entropy(q, 1 / 200) + 1e-12


@given(st.integers(0, 10_000), st.sampled_from([">=", "<="]))
@settings(max_examples=30)
def test_an_inequality_is_idle_or_met_as_an_equality(seed: int, sense: str) -> None:
    X = draw(T=150, N=3, seed=seed)
    at = float(X["000000"].mean() + 0.2 * X["000000"].std() * np.random.default_rng(seed).normal())
    assume(X["000000"].min() < at < X["000000"].max())
    p = entropy_pooling(X, [MeanView({"000000": 1.0}, at, sense)])  # type: ignore[arg-type]
    idle = X["000000"].mean() >= at if sense == ">=" else X["000000"].mean() <= at
    if idle:
        np.testing.assert_allclose(p, 1 / 150)
    else:
        pd.testing.assert_series_equal(p, entropy_pooling(X, [MeanView({"000000": 1.0}, at)]), rtol=1e-9)


def test_a_ranking_is_kept_with_the_fewest_changes() -> None:
    X = draw(T=300, N=4, seed=2)
    worst_first = list(X.mean().sort_values().index)
    p = entropy_pooling(X, rank_views(worst_first))
    means = (p @ X)[worst_first]
    assert (means.diff().dropna() <= 1e-12).all()
    best_first = worst_first[::-1]
    np.testing.assert_allclose(entropy_pooling(X, rank_views(best_first)), 1 / 300)


@given(st.integers(0, 10_000), st.floats(0.01, 100))
@settings(max_examples=20)
def test_the_unit_of_returns_and_the_order_of_scenarios_do_not_matter(seed: int, k: float) -> None:
    X = draw(T=80, N=3, seed=seed)
    at = float(X["000001"].quantile(0.6))
    p = entropy_pooling(X, [MeanView({"000001": 1.0}, at)])
    np.testing.assert_allclose(entropy_pooling(X * k, [MeanView({"000001": 1.0}, at * k)]), p, rtol=1e-7)
    mixed = X.sample(frac=1, random_state=seed)
    pd.testing.assert_series_equal(
        entropy_pooling(mixed, [MeanView({"000001": 1.0}, at)]).loc[X.index], p, rtol=1e-8, check_freq=False
    )


def test_a_view_said_twice_counts_once() -> None:
    X = draw(T=100, N=3)
    view = MeanView({"000001": 1.0}, 0.002)
    pd.testing.assert_series_equal(entropy_pooling(X, [view, view]), entropy_pooling(X, [view]), rtol=1e-9)


def test_no_view_leaves_the_prior() -> None:
    X = draw(T=4, N=2)
    prior = pd.Series([0.1, 0.2, 0.3, 0.4], X.index)
    np.testing.assert_allclose(entropy_pooling(X, [], prior=prior), prior)


def test_a_view_beyond_every_scenario_is_named_with_its_reach() -> None:
    X = draw()
    with pytest.raises(InfeasibleError, match=r"대박.*out of reach"):
        entropy_pooling(X, [MeanView({"000000": 1.0}, 5.0, name="대박")])


def test_views_that_clash_are_named_and_the_others_are_not() -> None:
    X = draw(T=100, N=3)
    high = MeanView({"000000": 1.0}, 0.01, ">=", "높다")
    low = MeanView({"000000": 2.0}, 0.01, "<=", "낮다")
    with pytest.raises(InfeasibleError, match="together") as raised:
        entropy_pooling(X, [high, low, MeanView({"000002": 1.0}, 0.001, name="남")])
    assert raised.value.detail["views"] == ["높다", "낮다"]


def test_views_that_rule_a_scenario_out_leave_it_next_to_nothing() -> None:
    X = pd.DataFrame({"A": [0.0, 1.0, 1.0, 2.0], "B": [0.0, 0.0, 1.0, 1.0]})
    p = entropy_pooling(X, [QuantileView({"A": 1.0}, 0.5, 0.3), QuantileView({"B": 1.0}, 0.5, 0.3)])
    np.testing.assert_allclose(p, [0.3, 0.0, 0.35, 0.35], atol=1e-9)


def test_what_cannot_be_read_is_refused() -> None:
    X = draw()
    with pytest.raises(DataError, match="ZZ"):
        entropy_pooling(X, [MeanView({"ZZ": 1.0}, 0.0)])
    with pytest.raises(ConfigError, match="level"):
        entropy_pooling(X, [QuantileView({"000000": 1.0}, 0.0, 1.0)])
    with pytest.raises(ConfigError, match="no sense"):
        entropy_pooling(X, [MeanView({"000000": 1.0}, 0.0, "=")])  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="coefficients"):
        entropy_pooling(X, [MeanView({"000000": 0.0}, 0.0)])
    with pytest.raises(DataError, match="add up to 1"):
        entropy_pooling(X, [], prior=pd.Series(0.5, X.index))
    X.iloc[0, 1] = np.nan
    with pytest.raises(DataError, match="000001"):
        entropy_pooling(X, [])
