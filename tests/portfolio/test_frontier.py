"""The frontier: rising and convex, the same as the single problems, and honest about how it was found."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import ConfigError, DataError, InfeasibleError, SolverError
from sillok.portfolio import (
    Data,
    GroupLimit,
    Limits,
    Solution,
    efficient_frontier,
    maximum_sharpe,
    minimum_variance,
    target_return,
    target_risk,
)


def market(N: int = 9, seed: int = 0) -> Data:
    rng = np.random.default_rng(seed)
    F = rng.normal(0.15, 0.08, (N, 3))
    names = [f"{i:06d}" for i in range(N)]
    Sigma = F @ F.T + np.diag(rng.uniform(0.005, 0.05, N))
    return Data(
        pd.DataFrame((Sigma + Sigma.T) / 2, names, names),
        mu=pd.Series(rng.normal(0.08, 0.05, N), names),
        industry=pd.Series([f"업종{i % 3}" for i in range(N)], names),
        previous=pd.Series(1 / N, names),
    )


LIMITS = Limits(max_weight=0.4, max_industry=0.6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 15), st.booleans())
def test_a_frontier_rises_and_bends_one_way(seed: int, N: int, capped: bool) -> None:
    frontier = efficient_frontier(
        market(N, seed), Limits(max_weight=max(0.3, 1.5 / N)) if capped else Limits()
    )
    r, v = frontier.return_annual.to_numpy(), frontier.vol_annual.to_numpy() ** 2
    assert np.all(np.diff(r) >= -1e-14)
    assert np.all(np.diff(v) >= -1e-14)
    slope = np.diff(v) / np.maximum(np.diff(r), 1e-300)
    if r[-1] - r[0] > 1e-6:
        assert np.all(np.diff(slope) >= -1e-8 * slope.max())
    assert frontier.gap < 1e-9
    assert np.allclose(frontier.portfolios.sum(axis=1), 1, atol=1e-13)


@pytest.mark.parametrize("seed", range(4))
def test_a_place_on_the_line_is_the_answer_to_the_single_problem(seed: int) -> None:
    data = market(seed=seed)
    frontier = efficient_frontier(data, LIMITS)
    r, v = frontier.return_annual.iloc[17], frontier.vol_annual.iloc[31]
    assert frontier.at_return(r).objective == pytest.approx(
        target_return(data, LIMITS, return_annual=r).objective, rel=1e-8
    )
    assert frontier.at_vol(v).objective == pytest.approx(
        target_risk(data, LIMITS, vol_annual=v).objective, rel=1e-8
    )
    assert frontier.at_vol(v).vol_annual == pytest.approx(v, rel=1e-12)
    for free in (0.0, 0.02):
        best = maximum_sharpe(data, LIMITS, risk_free_annual=free).objective
        assert frontier.maximum_sharpe(risk_free_annual=free).objective == pytest.approx(best, rel=1e-9)
    assert frontier.at_return(-1.0).objective == pytest.approx(
        minimum_variance(data, LIMITS).objective, rel=1e-9
    )


def test_what_a_place_on_the_line_is_worth_is_its_shadow_price() -> None:
    data, step, cap = market(), 1e-6, 0.36
    r = efficient_frontier(data, Limits(max_industry=cap)).return_annual.iloc[25]

    def best(cap: float, r: float) -> Solution:
        return efficient_frontier(data, Limits(max_industry=cap)).at_return(r)

    at = best(cap, r)
    up, down = best(cap + step, r).objective, best(cap - step, r).objective
    named = [n for n in at.binding if n.startswith("industry")]
    assert named
    assert sum(at.shadow_prices[n] for n in named) == pytest.approx((down - up) / (2 * step), rel=1e-4)
    further = best(cap, r + step).objective
    assert at.shadow_prices["return"] == pytest.approx((further - at.objective) / step, rel=1e-3)


def test_between_two_corners_weights_are_straight_in_return() -> None:
    frontier = efficient_frontier(market())
    assert frontier.corners is not None
    r = frontier.corners @ market().mu
    k = int(np.argmax(np.diff(r)))
    middle = frontier.at_return((r[k] + r[k + 1]) / 2).weights
    np.testing.assert_allclose(middle, frontier.corners.iloc[k : k + 2].mean(), atol=1e-12)


def test_a_cap_on_volatility_and_a_least_return_cut_the_line() -> None:
    data = market()
    whole = efficient_frontier(data, points=30)
    cap, floor = whole.vol_annual.iloc[20], whole.return_annual.iloc[6]
    cut = efficient_frontier(data, Limits(max_vol_annual=cap, min_return_annual=floor))
    assert cut.vol_annual.iloc[-1] == pytest.approx(cap, rel=1e-12)
    assert cut.return_annual.iloc[0] == pytest.approx(floor, rel=1e-12)
    np.testing.assert_allclose(cut.portfolios.iloc[-1], whole.portfolios.iloc[20], atol=1e-10)


def test_limits_that_bend_the_line_are_solved_point_by_point_and_say_so() -> None:
    data = market()
    bent = efficient_frontier(data, Limits(max_turnover=0.8), points=5)
    free = efficient_frontier(data, points=5)
    assert bent.corners is None
    assert bent.method != free.method == "critical line"
    for r, v in zip(bent.return_annual, bent.vol_annual, strict=True):
        assert v >= free.at_return(r).vol_annual - 1e-7
    assert (np.abs(bent.portfolios - data.previous.to_numpy()).sum(axis=1) <= 0.8 + 1e-6).all()


def test_a_singular_covariance_has_a_frontier() -> None:
    r = np.random.default_rng(0).normal(0, 0.01, (10, 30))
    names = [str(i) for i in range(30)]
    S = pd.DataFrame(np.cov(r.T), names, names)
    frontier = efficient_frontier(Data(S, mu=pd.Series(r.mean(axis=0), names)), Limits(max_weight=0.2))
    assert frontier.gap < 1e-9


def test_limits_without_a_portfolio_are_explained() -> None:
    with pytest.raises(InfeasibleError, match="max_weight"):
        efficient_frontier(market(), Limits(max_weight=0.1))
    first = GroupLimit("처음", ("000000", "000001"), low=0.9)
    with pytest.raises(InfeasibleError, match="처음"):
        efficient_frontier(market(), Limits(max_weight=0.2, groups=(first,)))


def test_what_lies_beyond_the_ends_is_refused_by_name() -> None:
    frontier = efficient_frontier(market())
    with pytest.raises(InfeasibleError, match=f"the most is {frontier.return_annual.iloc[-1]:.6g}"):
        frontier.at_return(9.0)
    with pytest.raises(InfeasibleError, match=f"the least is {frontier.vol_annual.iloc[0]:.6g}"):
        frontier.at_vol(1e-4)
    with pytest.raises(InfeasibleError, match="more than the riskless"):
        frontier.maximum_sharpe(risk_free_annual=9.0)


def test_a_riskless_gain_has_no_best_ratio() -> None:
    names = ["a", "b"]
    data = Data(pd.DataFrame([[0.0, 0], [0, 0.04]], names, names), mu=pd.Series([0.02, 0.1], names))
    with pytest.raises(SolverError, match="unbounded"):
        efficient_frontier(data).maximum_sharpe(risk_free_annual=0.01)


def test_what_a_frontier_needs_is_asked_for() -> None:
    data = market()
    with pytest.raises(ConfigError, match=r"Data\.mu"):
        efficient_frontier(Data(data.Sigma))
    with pytest.raises(ConfigError, match="at least two points"):
        efficient_frontier(data, points=1)
    with pytest.raises(ConfigError, match="gaps"):
        efficient_frontier(data, Limits(max_names=3))
    bad = pd.DataFrame([[1.0, 2.0], [2.0, 1.0]], ["a", "b"], ["a", "b"])
    with pytest.raises(DataError, match="not positive semidefinite"):
        efficient_frontier(Data(bad, mu=pd.Series([0.1, 0.2], ["a", "b"])))
