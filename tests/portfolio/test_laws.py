"""Laws that hold whatever the numbers are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import InfeasibleError
from sillok.portfolio import (
    Data,
    GroupLimit,
    Limits,
    Solution,
    efficient_frontier,
    hierarchical_risk_parity,
    maximum_sharpe,
    mean_variance,
    minimum_cvar,
    minimum_evar,
    minimum_mad,
    minimum_variance,
    risk_budgeting,
    risk_parity,
    target_return,
    target_risk,
    track_benchmark,
)
from sillok.risk import risk_contributions
from tests.portfolio import proofs
from tests.portfolio.cases import labels

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(2, 9)
few = settings(max_examples=25)
slow = settings(max_examples=8)  # these go through a solver's statement
EXACT = 1e-9


def market(seed: int, N: int) -> Data:
    """A definite covariance and expected returns, a year, of N issues."""
    random = np.random.default_rng(seed)
    X = random.standard_normal((N, 3 * N)) * random.uniform(0.1, 0.4, (N, 1)) / np.sqrt(3 * N)
    X += 0.1 * random.standard_normal(3 * N) / np.sqrt(3 * N)
    names = labels(N)
    return Data(
        Sigma=pd.DataFrame(X @ X.T, names, names),
        mu=pd.Series(random.normal(0.06, 0.06, N), names),
        industry=pd.Series([f"I{k % 3}" for k in range(N)], names),
        previous=pd.Series(random.dirichlet(np.ones(N)), names),
        benchmark=pd.Series(random.dirichlet(np.ones(N)), names),
    )


def variance_of(data: Data, w: pd.Series) -> float:
    return float(w @ data.Sigma @ w)


def changed(data: Data, **parts: object) -> Data:
    kept = {name: getattr(data, name) for name in ("Sigma", "mu", "industry", "previous", "benchmark")}
    return Data(**(kept | parts))


# ---- what every answer keeps ----


@slow
@given(seeds, sizes, st.floats(0.0, 0.1), st.floats(0.5, 1.0))
def test_the_money_is_invested_within_every_bound(seed: int, N: int, low: float, high: float) -> None:
    data = market(seed, N)
    limits = Limits(min_weight=low / N, max_weight=max(high, 1.2 / N), max_industry=0.9, max_turnover=1.5)
    answers = [
        minimum_variance(data, limits),
        mean_variance(data, limits, risk_aversion=3.0),
        track_benchmark(data, limits),
    ]
    for found in answers:
        w = found.weights
        assert w.index.equals(data.labels)
        assert abs(w.sum() - 1) <= 1e-12
        assert w.min() >= limits.min_weight - 1e-12
        assert w.max() <= limits.max_weight + 1e-12
        assert w.groupby(data.industry).sum().max() <= 0.9 + 1e-12
        assert (w - data.previous).abs().sum() <= 1.5 + 1e-12


@few
@given(seeds, sizes)
def test_what_a_solution_says_of_itself_is_so(seed: int, N: int) -> None:
    data = market(seed, N)
    found = mean_variance(data, Limits(max_weight=max(0.4, 1.1 / N)), risk_aversion=4.0)
    w = found.weights
    assert found.vol_annual == pytest.approx(np.sqrt(variance_of(data, w)), rel=1e-12)
    assert found.return_annual == pytest.approx(float(data.mu @ w), rel=1e-12)
    assert found.tracking_annual == pytest.approx(np.sqrt(variance_of(data, w - data.benchmark)), rel=1e-12)
    assert found.objective == pytest.approx(float(data.mu @ w) - 2.0 * variance_of(data, w), rel=1e-12)
    assert 0 <= found.gap <= EXACT
    assert found.status == "optimal"


@few
@given(seeds, sizes)
def test_the_gap_told_is_not_less_than_the_gap_proved(seed: int, N: int) -> None:
    data = market(seed, N)
    found = minimum_variance(data)
    Sigma, w = data.matrix(), found.weights.to_numpy()
    proved = 2 * proofs.quadratic_gap(Sigma, np.zeros(N), w, proofs.simplex(N))
    assert proved <= (found.gap + 1e-11) * found.objective


# ---- what does not matter ----


@few
@given(seeds, sizes, st.floats(1e-6, 1e4))
def test_the_unit_of_variance_does_not_move_the_least(seed: int, N: int, unit: float) -> None:
    data = market(seed, N)
    found, scaled = minimum_variance(data), minimum_variance(changed(data, Sigma=data.Sigma * unit))
    np.testing.assert_allclose(scaled.weights, found.weights, atol=1e-9)
    assert scaled.objective == pytest.approx(unit * found.objective, rel=1e-9)
    np.testing.assert_allclose(
        risk_parity(changed(data, Sigma=data.Sigma * unit)).weights, risk_parity(data).weights, atol=1e-9
    )


@few
@given(seeds, sizes)
def test_the_order_of_the_issues_does_not_matter(seed: int, N: int) -> None:
    data = market(seed, N)
    order = data.labels[np.random.default_rng(seed).permutation(N)]
    turned = Data(Sigma=data.Sigma.loc[order, order], mu=data.mu[order])
    plain = Data(Sigma=data.Sigma, mu=data.mu)
    for solve in (
        minimum_variance,
        lambda d: mean_variance(d, risk_aversion=2.0),
        risk_parity,
        hierarchical_risk_parity,
    ):
        left, right = solve(turned), solve(plain)
        np.testing.assert_allclose(left.weights[data.labels], right.weights, atol=1e-8)


@few
@given(seeds, sizes)
def test_an_issue_listed_twice_changes_no_risk(seed: int, N: int) -> None:
    data = market(seed, N)
    twice = [*data.labels, data.labels[0]]
    names = labels(N + 1)
    Sigma = pd.DataFrame(data.Sigma.loc[twice, twice].to_numpy(), names, names)
    mu = pd.Series(data.mu[twice].to_numpy(), names)
    assert minimum_variance(Data(Sigma=Sigma)).objective == pytest.approx(
        minimum_variance(data).objective, rel=1e-9
    )
    left = mean_variance(Data(Sigma=Sigma, mu=mu), risk_aversion=3.0).objective
    assert left == pytest.approx(mean_variance(data, risk_aversion=3.0).objective, rel=1e-9, abs=1e-12)


# ---- what a limit does ----


@slow
@given(seeds, sizes)
def test_a_further_limit_never_improves_the_answer(seed: int, N: int) -> None:
    data = market(seed, N)
    free = mean_variance(data, risk_aversion=2.0).objective
    group = GroupLimit("first", tuple(data.labels[:1]), high=0.2)
    tighter = [
        Limits(max_weight=max(0.5, 1.5 / N)),
        Limits(max_turnover=0.3),
        Limits(max_industry=0.8),
        Limits(max_vol_annual=1.01 * minimum_variance(data).vol_annual),
        Limits(max_tracking_annual=0.05),
        Limits(groups=(group,)),
        Limits(linear_cost=0.002),
    ]
    for limits in tighter:
        try:
            held = mean_variance(data, limits, risk_aversion=2.0).objective
        except InfeasibleError:
            continue
        assert held <= free + EXACT * abs(free) + 1e-12


@few
@given(seeds, st.integers(3, 8))
def test_a_shadow_price_is_what_a_little_more_room_is_worth(seed: int, N: int) -> None:
    data = market(seed, N)
    cap, step = 1.6 / N, 1e-6

    def best(room: float) -> Solution:
        caps = pd.Series(cap, data.labels)
        caps.iloc[0] += room
        return mean_variance(data, Limits(max_weight=caps), risk_aversion=3.0)

    price = best(0.0).shadow_prices.get(f"max_weight {data.labels[0]}", 0.0)
    # One-sided slopes bracket the price where the limit is just about to bind.
    up = (best(step).objective - best(0.0).objective) / step
    down = (best(0.0).objective - best(-step).objective) / step
    assert up - 1e-6 <= price <= down + 1e-6


@slow
@given(seeds, sizes)
def test_no_trade_is_left_where_no_turnover_is_allowed(seed: int, N: int) -> None:
    data = market(seed, N)
    found = minimum_variance(data, Limits(max_turnover=0.0))
    np.testing.assert_allclose(found.weights, data.previous, atol=1e-9)


@few
@given(seeds, sizes)
def test_a_benchmark_that_may_be_held_is_held(seed: int, N: int) -> None:
    data = market(seed, N)
    found = track_benchmark(data)
    np.testing.assert_allclose(found.weights, data.benchmark, atol=1e-9)
    assert found.tracking_annual == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("turnover", [0.6, 0.9])
def test_a_benchmark_out_of_reach_is_neared_up_to_the_last_trade(turnover: float) -> None:
    """Twice as many issues as elsewhere: the solver's first answer leaves open which of them are not traded."""
    data = market(104, 24)
    found = track_benchmark(data, Limits(max_turnover=turnover))
    assert found.gap <= EXACT
    assert (found.weights - data.previous).abs().sum() == pytest.approx(turnover, abs=1e-12)


# ---- the frontier ----


@few
@given(seeds, sizes, st.booleans())
def test_the_frontier_rises_and_is_convex(seed: int, N: int, capped: bool) -> None:
    data = market(seed, N)
    limits = Limits(max_weight=max(0.35, 1.3 / N)) if capped else Limits()
    frontier = efficient_frontier(data, limits, points=12)
    earned, variance = frontier.return_annual.to_numpy(), frontier.vol_annual.to_numpy() ** 2
    assert (np.diff(earned) >= -1e-12).all()
    assert (np.diff(variance) >= -1e-12).all()
    # Evenly spaced in return, second differences of a convex function are not negative.
    assert (np.diff(variance, 2) >= -1e-10 * variance.max()).all()
    assert variance[0] == pytest.approx(minimum_variance(data, limits).objective, rel=1e-9)
    assert np.allclose(frontier.portfolios.sum(axis=1), 1, atol=1e-12)


@few
@given(seeds, sizes, st.floats(0.05, 0.95))
def test_a_frontier_a_target_of_return_and_one_of_risk_say_the_same(seed: int, N: int, part: float) -> None:
    data = market(seed, N)
    frontier = efficient_frontier(data)
    low, high = frontier.return_annual.iloc[[0, -1]]
    aim = low + part * (high - low)
    least = target_return(data, return_annual=aim)
    assert frontier.at_return(aim).objective == pytest.approx(least.objective, rel=1e-8)
    assert least.return_annual >= aim - 1e-12
    most = target_risk(data, vol_annual=least.vol_annual)
    assert most.objective == pytest.approx(aim, rel=1e-6, abs=1e-9)
    assert most.vol_annual <= least.vol_annual * (1 + 1e-12)


@few
@given(seeds, sizes)
def test_no_point_of_the_frontier_has_a_better_ratio_than_the_best(seed: int, N: int) -> None:
    data = market(seed, N)
    if data.mu.max() <= 0.0:
        with pytest.raises(InfeasibleError):
            maximum_sharpe(data)
        return
    best = maximum_sharpe(data)
    frontier = efficient_frontier(data, points=40)
    ratios = frontier.return_annual / frontier.vol_annual
    assert ratios.max() <= best.objective * (1 + 1e-10)
    assert frontier.maximum_sharpe().objective == pytest.approx(best.objective, rel=1e-9)


# ---- budgets of risk ----


@few
@given(seeds, sizes)
def test_parts_of_risk_are_the_budgets(seed: int, N: int) -> None:
    data = market(seed, N)
    budgets = pd.Series(np.random.default_rng(seed).dirichlet(np.full(N, 2.0)) * 0.9 + 0.1 / N, data.labels)
    budgets /= budgets.sum()
    found = risk_budgeting(data, budgets)
    parts = risk_contributions(found.weights, data.Sigma)
    np.testing.assert_allclose(parts / parts.sum(), budgets, rtol=1e-8)


@few
@given(seeds, sizes)
def test_equal_parts_lie_between_least_risk_and_equal_weights(seed: int, N: int) -> None:
    """Maillard, Roncalli and Teiletche (2010), eq. 7."""
    data = market(seed, N)
    equal = pd.Series(1 / N, data.labels)
    found = risk_parity(data).vol_annual
    assert minimum_variance(data).vol_annual <= found * (1 + 1e-9)
    assert found <= np.sqrt(variance_of(data, equal)) * (1 + 1e-9)


@few
@given(seeds)
def test_two_issues_in_a_tree_are_weighted_by_inverse_variance(seed: int) -> None:
    """Lopez de Prado (2016): with one split the cluster variances are the issues' own."""
    data = market(seed, 2)
    inverse = 1 / np.diag(data.Sigma)
    np.testing.assert_allclose(hierarchical_risk_parity(data).weights, inverse / inverse.sum(), rtol=1e-12)


# ---- tails ----


def history(seed: int, T: int, N: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(random.standard_t(4, (T, N)) * 0.02 + 0.0005, columns=labels(N))


@few
@given(seeds, st.integers(12, 120), st.integers(1, 6), st.sampled_from([0.5, 0.75, 0.9, 0.95]))
def test_the_tail_is_at_least_its_threshold_and_the_mean(seed: int, T: int, N: int, level: float) -> None:
    R = history(seed, T, N)
    found = minimum_cvar(R, level=level)
    losses = -(R @ found.weights)
    assert found.risk_period >= found.var_period - 1e-12
    assert found.risk_period >= losses.mean() - 1e-12
    assert found.risk_period == pytest.approx(proofs.cvar(losses.to_numpy(), level), abs=1e-12)
    assert (losses > found.var_period + 1e-12).mean() <= 1 - level + 1e-12
    assert minimum_cvar(R, level=level / 2).risk_period <= found.risk_period + 1e-12


@settings(max_examples=8)
@given(seeds, st.integers(20, 60), st.integers(1, 4))
def test_measures_of_the_tail_stand_in_their_order(seed: int, T: int, N: int) -> None:
    R = history(seed, T, N)
    entropic, tail = minimum_evar(R, level=0.9), minimum_cvar(R, level=0.9)
    assert entropic.risk_period >= tail.risk_period - 1e-9
    assert entropic.risk_period <= -(R @ entropic.weights).min() + 1e-9
    deviation = minimum_mad(R)
    assert deviation.risk_period <= (R @ deviation.weights).std(ddof=0) + 1e-12


@few
@given(seeds, st.integers(20, 80), st.integers(2, 5))
def test_scenarios_told_twice_or_weighted_twice_are_the_same(seed: int, T: int, N: int) -> None:
    R = history(seed, T, N)
    once, twice = minimum_cvar(R, level=0.9), minimum_cvar(pd.concat([R, R], ignore_index=True), level=0.9)
    assert twice.risk_period == pytest.approx(once.risk_period, abs=1e-11)
