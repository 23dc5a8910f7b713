"""Scenario portfolios: cases by hand, laws, and the same answer as the general statement gives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize_scalar

from sillok.errors import ConfigError, InfeasibleError, SolverError
from sillok.measures import expected_shortfall, value_at_risk
from sillok.portfolio.data import ExposureLimit, GroupLimit, Limits
from sillok.portfolio.scenarios import Scenarios
from sillok.portfolio.tail import TailSolution, minimum_cdar, minimum_cvar, minimum_evar, minimum_mad
from sillok.portfolio.tail_statement import TailStatement, Terms
from sillok.portfolio.tail_target import target_cvar

seeds = st.integers(0, 100_000)
EXACT = {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11}


def draw(T: int, N: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    B = rng.normal(0.006, 0.004, (N, 2))
    R = rng.standard_t(4, (T, 2)) @ B.T + rng.standard_t(4, (T, N)) * rng.uniform(0.003, 0.01, N) + 0.0004
    return pd.DataFrame(R, columns=[f"{i:06d}" for i in range(N)])


def degenerate(seed: int) -> tuple[pd.DataFrame, pd.Series, Limits, float]:
    """Duplicate issues and scenarios, ties, no risk, fewer scenarios than issues, bounds that touch."""
    rng = np.random.default_rng(seed)
    T, N = int(rng.integers(1, 60)), int(rng.integers(1, 12))
    R = rng.standard_t(3, (T, N)) * 0.01
    kind = int(rng.integers(0, 8))
    if kind == 1 and N > 1:
        R[:, 1] = R[:, 0]
    elif kind == 2:
        R = np.round(R, 2)
    elif kind == 3:
        R[:] = R[:1]
    elif kind == 4:
        R[:, 0] = 0.0
    elif kind == 5:
        R = np.repeat(R, 3, axis=0)[:T]
    elif kind == 6:
        R = R[:, :1] @ rng.normal(size=(1, N))
    elif kind == 7:
        R[:] = 0.0
    p = rng.random(T) ** 3 * (rng.random(T) > 0.2) if rng.random() < 0.4 else np.ones(T)
    p = p / p.sum() if p.sum() > 0 else np.full(T, 1 / T)
    lb, ub = np.zeros(N), np.ones(N)
    bounds = int(rng.integers(0, 5))
    if bounds == 1:
        ub[:] = 1 / N
    elif bounds == 2:
        lb[:], ub[:] = -0.5, 1.5
    elif bounds == 3:
        ub[:] = max(1 / N, 0.3)
    elif bounds == 4:
        lb[:] = rng.random(N) / N
    frame = pd.DataFrame(R, columns=[f"{i:06d}" for i in range(N)])
    limits = Limits(min_weight=pd.Series(lb, frame.columns), max_weight=pd.Series(ub, frame.columns))
    return frame, pd.Series(p), limits, float(rng.choice([0.3, 0.5, 0.75, 0.9, 0.95, 0.99]))


def plain(returns: pd.DataFrame, p: pd.Series, limits: Limits, level: float | None) -> float:
    """Solve the textbook's linear programme: CVaR, or the mean absolute deviation without a level."""
    R, k = returns.to_numpy(), p.to_numpy()
    T, N = R.shape
    threshold = 0.0 if level is None else 1.0
    E = (k @ R - R) if level is None else -R
    c = np.concatenate([np.zeros(N), [threshold], 2 * k if level is None else k / (1 - level)])
    found = linprog(
        c,
        np.hstack([E, np.full((T, 1), -threshold), -np.eye(T)]),
        np.zeros(T),
        np.concatenate([np.ones(N), np.zeros(T + 1)])[None],
        [1.0],
        bounds=[*zip(limits.min_weight, limits.max_weight, strict=True), (None, None), *[(0, None)] * T],
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    assert found.status == 0
    return float(found.fun)


def off(found: TailSolution, limits: Limits) -> float:
    w = found.weights
    return max(abs(w.sum() - limits.budget), (limits.min_weight - w).max(), (w - limits.max_weight).max())


def test_one_issue_has_its_own_shortfall_with_the_last_scenario_in_part() -> None:
    returns = pd.DataFrame({"005930": [-0.04, -0.03, -0.02, -0.01, 0.0, 0.01, 0.02, 0.03, 0.04, 0.05]})
    found = minimum_cvar(returns, level=0.75)
    # The tail holds 2.5 of ten scenarios: (0.04 + 0.03 + 0.02 / 2) / 2.5.
    assert found.risk_period == pytest.approx(0.032, abs=1e-15)
    assert found.var_period == pytest.approx(0.02, abs=1e-15)
    assert found.return_period == pytest.approx(0.005, abs=1e-15)
    assert found.weights.tolist() == [1.0]


def test_an_atom_at_the_quantile_is_split() -> None:
    # Rockafellar and Uryasev (2002): P(loss = 10) = 0.04, P(loss = 5) = 0.06, else no loss. At 95 per
    # cent the tail is the first atom whole and 0.01 of the second: (0.04 * 10 + 0.01 * 5) / 0.05 = 9.
    returns = pd.DataFrame({"a": [-0.10, -0.05, 0.0]})
    found = minimum_cvar(Scenarios(returns, pd.Series([0.04, 0.06, 0.90])), level=0.95)
    assert found.risk_period == pytest.approx(0.09, abs=1e-15)
    assert found.var_period == pytest.approx(0.05, abs=1e-15)


def test_two_issues_that_fail_apart_are_held_in_the_proportion_that_evens_their_losses() -> None:
    # Losses 6 w and 3 (1 - w) in the two worst states are even at w = 1/3, where each is 2 per cent.
    returns = pd.DataFrame({"a": [-0.06, 0.0, 0.01], "b": [0.0, -0.03, 0.01]})
    found = minimum_cvar(returns, level=0.9)
    assert found.weights.tolist() == pytest.approx([1 / 3, 2 / 3], abs=1e-14)
    assert found.risk_period == pytest.approx(0.02, abs=1e-15)


def test_the_mean_absolute_deviation_of_a_hedge_is_nothing() -> None:
    returns = pd.DataFrame({"a": [0.02, -0.02, 0.01, -0.01], "b": [-0.01, 0.01, -0.005, 0.005]})
    found = minimum_mad(returns)
    assert found.weights.tolist() == pytest.approx([1 / 3, 2 / 3], abs=1e-12)
    assert found.risk_period == pytest.approx(0, abs=1e-15)
    assert found.level is None
    assert found.var_period is None


def test_normal_scenarios_give_the_published_values_at_risk() -> None:
    # Rockafellar and Uryasev (2000), tables 1, 2 and 5: S&P 500, government bonds, small caps; at an expected return
    # of 0.011 normal returns have one portfolio for variance and CVaR alike.
    mean = np.array([0.0101110, 0.0043532, 0.0137058])
    Sigma = np.array(
        [
            [0.00324625, 0.00022983, 0.00420395],
            [0.00022983, 0.00049937, 0.00019247],
            [0.00420395, 0.00019247, 0.00764097],
        ]
    )
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20_000, 3))
    X = np.concatenate([X, -X])
    X = (X @ np.linalg.inv(np.linalg.cholesky(np.cov(X.T, bias=True))).T) @ np.linalg.cholesky(Sigma).T + mean
    returns = pd.DataFrame(X, columns=["sp500", "bonds", "small caps"])
    for level, cvar, var in (
        (0.90, 0.096975, 0.067847),
        (0.95, 0.115908, 0.090200),
        (0.99, 0.152977, 0.132128),
    ):
        found = minimum_cvar(returns, level=level, min_return_period=0.011)
        assert found.risk_period == pytest.approx(cvar, rel=0.02)
        assert found.var_period == pytest.approx(var, rel=0.02)
        assert found.weights.tolist() == pytest.approx([0.452013, 0.115573, 0.432414], abs=0.1)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_degenerate_problems_have_the_answer_of_the_textbooks_programme(seed: int) -> None:
    returns, p, limits, level = degenerate(seed)
    scenarios = Scenarios(returns, p)
    for found, value in (
        (minimum_cvar(scenarios, limits, level=level), plain(returns, p, limits, level)),
        (minimum_mad(scenarios, limits), plain(returns, p, limits, None)),
    ):
        assert found.risk_period == pytest.approx(value, rel=1e-9, abs=1e-13)
        assert found.gap <= 1e-9
        assert off(found, limits) <= 1e-12


@pytest.mark.parametrize("measure", ["cvar", "evar", "cdar", "mad"])
@pytest.mark.parametrize("seed", range(3))
def test_every_limit_is_kept_as_the_general_statement_keeps_it(measure: str, seed: int) -> None:
    returns = draw(150, 8, seed)
    labels = returns.columns
    rng = np.random.default_rng(seed)
    industry = pd.Series(["금융", "반도체"] * 4, index=labels)
    beta = pd.DataFrame({"beta": rng.uniform(0.5, 1.5, 8)}, index=labels)
    previous = pd.Series(1 / 8, index=labels)
    scenarios = Scenarios(returns, industry=industry, exposures=beta, previous=previous)
    floor = float(returns.mean().mean())
    limits = Limits(
        min_weight=-0.2,
        max_weight=0.35,
        max_industry=0.7,
        groups=(GroupLimit("big", tuple(labels[:3]), 0.1, 0.4),),
        exposures=(ExposureLimit("beta", 0.7, 0.95),),
        max_gross=1.3,
        max_short=0.12,
        max_turnover=0.9,
    )
    solve = {"cvar": minimum_cvar, "cdar": minimum_cdar, "evar": minimum_evar, "mad": minimum_mad}
    found = solve[measure](scenarios, limits, min_return_period=floor)
    w = found.weights.to_numpy()
    A = np.array(
        [
            np.ones(8),
            industry == "금융",
            industry == "반도체",
            [1] * 3 + [0] * 5,
            beta["beta"],
            returns.mean(),
        ]
    )
    low = np.array([1, -np.inf, -np.inf, 0.1, 0.7, floor])
    high = np.array([1, 0.7, 0.7, 0.4, 0.95, np.inf])
    terms = Terms(
        returns.to_numpy(), np.full(150, 1 / 150), A.astype(float), low, high, np.full(8, -0.2), np.full(8, 0.35),
        previous.to_numpy(), gross=1.3, short=0.12, turnover=0.9,
    )  # fmt: skip
    # An exponential cone is solved to fewer digits than a linear programme.
    _, value = TailStatement(terms, measure).solve(**({} if measure == "evar" else EXACT))
    assert found.risk_period == pytest.approx(value, rel=1e-7)
    assert found.gap <= 1e-9
    assert (A @ w >= low - 1e-12).all()
    assert (A @ w <= high + 1e-12).all()
    assert np.abs(w).sum() <= 1.3 + 1e-12
    assert -w[w < 0].sum() <= 0.12 + 1e-12
    assert np.abs(w - previous).sum() <= 0.9 + 1e-12
    assert found.binding


@settings(max_examples=20, deadline=None)
@given(seeds, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_the_entropic_value_at_risk_is_the_least_over_its_parameter(seed: int, level: float) -> None:
    returns = draw(60, 5, seed)
    found = minimum_evar(returns, level=level)
    losses = -(returns @ found.weights).to_numpy()

    def bound(log_t: float) -> float:
        x = losses / np.exp(log_t)
        return float(np.exp(log_t) * (x.max() + np.log(np.mean(np.exp(x - x.max()))) - np.log1p(-level)))

    least = minimize_scalar(bound, bounds=(-14, 2), method="bounded", options={"xatol": 1e-10}).fun
    assert found.risk_period == pytest.approx(min(least, losses.max()), rel=1e-7)
    assert minimum_cvar(returns, level=level).risk_period <= found.risk_period + 1e-12
    assert found.risk_period <= losses.max() + 1e-15
    assert found.gap <= 1e-7


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_the_entropic_value_at_risk_of_degenerate_problems_proves_itself(seed: int) -> None:
    returns, p, limits, level = degenerate(seed)
    found = minimum_evar(Scenarios(returns, p), limits, level=level)
    losses = -(returns @ found.weights)[p > 0]
    assert off(found, limits) <= 1e-11
    assert found.risk_period <= losses.max() + 1e-9 * abs(losses.max()) + 1e-12
    assert found.risk_period >= found.var_period - 1e-12
    # The gap in units of what an issue moves: a portfolio without risk has none to be relative to.
    assert found.gap * max(abs(found.risk_period), 1e-3 * float(np.abs(returns).to_numpy().max())) <= 1e-6


def test_a_worst_loss_that_is_probable_enough_is_the_entropic_value_at_risk() -> None:
    # Each state has more than the tail's 5 per cent: the worst one alone may be meant.
    returns = pd.DataFrame({"a": [-0.06, 0.0, 0.01], "b": [0.0, -0.03, 0.01]})
    found = minimum_evar(returns)
    assert found.weights.tolist() == pytest.approx([1 / 3, 2 / 3], abs=1e-12)
    assert found.risk_period == pytest.approx(0.02, abs=1e-14)
    assert found.gap <= 1e-9


def test_the_drawdown_of_one_issue_is_counted_from_the_highest_sum_so_far() -> None:
    returns = pd.DataFrame({"a": [-0.01, 0.03, -0.02, -0.01, 0.05, -0.01]})
    # Sums 0, -1, 2, 0, -1, 4, 3 per cent: depths 1, 0, 2, 3, 0, 1; the worst third are 3 and 2.
    found = minimum_cdar(returns, level=2 / 3)
    assert found.risk_period == pytest.approx(0.025, abs=1e-15)
    assert found.var_period == pytest.approx(0.01, abs=1e-15)
    # Of six periods the tail at 60 per cent holds 2.4: (3 + 2 + 0.4 * 1) / 2.4.
    assert minimum_cdar(returns, level=0.6).risk_period == pytest.approx(0.0225, abs=1e-15)


def test_two_issues_that_fall_in_turn_have_the_least_drawdown_together() -> None:
    returns = pd.DataFrame({"a": [-0.04, 0.04, 0.0, 0.0], "b": [0.0, 0.0, -0.02, 0.02]})
    found = minimum_cdar(returns, level=0.75)
    # One period of four is the tail: 4 w and 2 (1 - w) are even at a third.
    assert found.weights.tolist() == pytest.approx([1 / 3, 2 / 3], abs=1e-12)
    assert found.risk_period == pytest.approx(0.04 / 3, abs=1e-14)


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(2, 80), st.integers(1, 8), st.sampled_from([0.5, 0.9, 0.95]))
def test_the_drawdown_at_risk_is_that_of_its_weights_and_no_issue_has_less(
    seed: int, T: int, N: int, level: float
) -> None:
    returns = draw(T, N, seed)
    found = minimum_cdar(returns, level=level)

    def depths(r: pd.Series) -> pd.Series:
        sums = r.cumsum()
        return sums - sums.cummax().clip(lower=0)

    own = depths(returns @ found.weights)
    assert found.risk_period == pytest.approx(expected_shortfall(own, level=level), rel=1e-9, abs=1e-14)
    assert found.var_period == pytest.approx(value_at_risk(own, level=level), rel=1e-9, abs=1e-14)
    assert all(
        found.risk_period <= expected_shortfall(depths(returns[i]), level=level) + 1e-12 for i in returns
    )
    assert found.gap <= 1e-9
    assert found.weights.sum() == pytest.approx(1, abs=1e-12)


def test_a_path_has_no_probabilities() -> None:
    with pytest.raises(ConfigError, match="path"):
        minimum_cdar(Scenarios(draw(4, 2), pd.Series([0.25] * 4)))


def test_the_statement_is_solved_again_without_being_built_again() -> None:
    def terms(seed: int) -> Terms:
        R = draw(60, 5, seed).to_numpy()
        return Terms(
            R,
            np.full(60, 1 / 60),
            np.ones((1, 5)),
            np.ones(1),
            np.ones(1),
            np.zeros(5),
            np.ones(5),
            np.zeros(5),
        )

    statement = TailStatement(terms(1), "cvar", 0.9)
    first = statement.solve(**EXACT)[1]
    statement.update(terms(2))
    for seed, value in ((1, first), (2, statement.solve(**EXACT)[1])):
        assert minimum_cvar(draw(60, 5, seed), level=0.9).risk_period == pytest.approx(value, rel=1e-8)


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 15), st.integers(2, 120), st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99]))
def test_the_answer_is_the_measure_of_its_weights_and_no_less_than_the_value_at_risk(
    seed: int, N: int, T: int, level: float
) -> None:
    returns = draw(T, N, seed)
    found = minimum_cvar(returns, level=level)
    own = returns @ found.weights
    assert found.risk_period == pytest.approx(expected_shortfall(own, level=level), rel=1e-9, abs=1e-14)
    assert found.var_period == pytest.approx(value_at_risk(own, level=level), rel=1e-9, abs=1e-14)
    assert found.risk_period >= found.var_period - 1e-15
    assert (found.weights >= 0).all()
    assert found.weights.sum() == pytest.approx(1, abs=1e-12)
    assert all(found.risk_period <= expected_shortfall(returns[i], level=level) + 1e-12 for i in returns)


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_order_and_scale_of_the_scenarios_change_nothing_but_their_unit(seed: int) -> None:
    returns = draw(80, 6, seed)
    rng = np.random.default_rng(seed)
    found = minimum_cvar(returns, level=0.9)
    mixed = returns.iloc[rng.permutation(80), rng.permutation(6)]
    assert minimum_cvar(mixed, level=0.9).risk_period == pytest.approx(found.risk_period, rel=1e-10)
    assert minimum_cvar(100 * returns, level=0.9).risk_period == pytest.approx(
        100 * found.risk_period, rel=1e-10
    )
    assert minimum_mad(mixed).risk_period == pytest.approx(minimum_mad(returns).risk_period, rel=1e-10)


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_a_limit_more_never_lessens_the_risk_and_a_level_more_never_either(seed: int) -> None:
    returns = draw(80, 6, seed)
    free = minimum_cvar(returns, level=0.9)
    assert minimum_cvar(returns, Limits(max_weight=0.3), level=0.9).risk_period >= free.risk_period - 1e-14
    assert minimum_cvar(returns, level=0.95).risk_period >= free.risk_period - 1e-14


def test_a_shadow_price_is_what_a_unit_of_the_limit_is_worth() -> None:
    returns = draw(300, 6, 3)
    scenarios = Scenarios(returns, previous=pd.Series(1 / 6, index=returns.columns))
    step = 1e-6
    base = {"max_weight": 0.3, "max_turnover": 0.4}
    found = minimum_cvar(scenarios, Limits(**base))
    for name, change in (("turnover", {"max_turnover": 0.4 + step}), ("budget", {"budget": 1 + step})):
        other = minimum_cvar(scenarios, Limits(**base | change))
        assert found.shadow_prices[name] == pytest.approx(
            (found.risk_period - other.risk_period) / step, rel=1e-3
        )
    assert "turnover" in found.binding
    assert "budget" not in found.binding


def test_limits_that_contradict_one_another_are_said_with_the_nearest_change() -> None:
    with pytest.raises(InfeasibleError, match=r"max_turnover <= 0\.5") as caught:
        minimum_cvar(draw(30, 4), Limits(max_turnover=0.5))
    assert caught.value.detail["change"]["max_turnover"] == pytest.approx((0.5, 1.0), abs=1e-5)
    with pytest.raises(InfeasibleError, match=r"min_return_period >= 0\.5"):
        minimum_mad(draw(30, 4), min_return_period=0.5)
    with pytest.raises(InfeasibleError, match="max_weight"):
        minimum_cdar(draw(30, 4), Limits(max_weight=0.2))


@pytest.mark.parametrize("solver", [minimum_cvar, minimum_evar, minimum_cdar, minimum_mad])
@pytest.mark.parametrize(("T", "N", "unit"), [(1, 2, 1.0), (20, 1, 1.0), (60, 3, 30.0), (200, 8, 1e-4)])
def test_limits_that_clash_in_any_unit_break_no_path(
    solver: Callable[..., TailSolution], T: int, N: int, unit: float
) -> None:
    returns = draw(T, N, seed=T) * unit
    for limits in (
        Limits(max_weight=0.9 / N),
        Limits(max_turnover=0.05),
        Limits(budget=1.2, max_weight=1.1 / N),
        Limits(max_gross=0.8, max_turnover=0.9, max_weight=0.95),
    ):
        with pytest.raises(InfeasibleError):
            solver(returns, limits)


@pytest.mark.parametrize("solver", [minimum_cvar, minimum_evar, minimum_cdar, minimum_mad])
def test_a_cap_on_gross_weight_of_just_the_budget_changes_nothing_long_only(
    solver: Callable[..., TailSolution],
) -> None:
    returns = draw(60, 8, seed=5)
    plain, capped = solver(returns), solver(returns, Limits(max_gross=1.0, max_short=0.0))
    np.testing.assert_array_equal(plain.weights, capped.weights)
    assert capped.gap <= 1e-9


@pytest.mark.parametrize("seed", [3, 4, 7, 9, 11])
@pytest.mark.parametrize(("T", "N", "level"), [(5, 8, 0.01), (200, 8, 0.75)])
def test_the_entropic_value_at_risk_is_proved_beside_an_issue_without_risk(
    seed: int, T: int, N: int, level: float
) -> None:
    rng = np.random.default_rng(seed)
    returns = pd.DataFrame(rng.normal(0.0005, 0.02, (T, N)))
    returns[0] = 0.001
    p = pd.Series(rng.dirichlet(np.full(T, 0.5)))
    least = float(np.quantile(p.to_numpy() @ returns.to_numpy(), 0.6))
    found = minimum_evar(Scenarios(returns, probabilities=p), level=level, min_return_period=least)
    assert found.gap <= 1e-9
    assert found.return_period >= least - 1e-12
    assert found.weights.sum() == pytest.approx(1, abs=1e-12)


def test_an_arbitrage_without_a_bound_has_no_least_risk() -> None:
    returns = pd.DataFrame({"a": [0.01, 0.02], "b": [0.0, 0.0]})
    with pytest.raises(SolverError, match="nothing bounds"):
        minimum_cvar(returns, Limits(min_weight=-np.inf, max_weight=np.inf))


@pytest.mark.parametrize(
    "limits",
    [
        Limits(max_vol_annual=0.2),
        Limits(max_tracking_annual=0.05),
        Limits(min_return_annual=0.05),
        Limits(linear_cost=0.001),
        Limits(impact_cost=0.1),
        Limits(max_names=3),
        Limits(min_position=0.05),
    ],
    ids=["vol", "tracking", "return", "linear", "impact", "names", "position"],
)
def test_a_limit_without_meaning_for_scenarios_is_refused(limits: Limits) -> None:
    with pytest.raises(ConfigError, match="cannot be kept"):
        minimum_cvar(draw(30, 4), limits)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 95, float("nan")])
def test_a_level_out_of_its_range_is_refused(level: float) -> None:
    with pytest.raises(ConfigError, match="level"):
        minimum_cvar(draw(30, 4), level=level)


@pytest.mark.parametrize("seed", range(3))
def test_the_greatest_return_under_a_cvar_is_that_of_the_plain_programme(seed: int) -> None:
    returns = draw(120, 7, seed)
    R, (T, N) = returns.to_numpy(), returns.shape
    lowest = minimum_cvar(returns, level=0.9).risk_period
    limit = 1.3 * lowest
    plain = linprog(
        np.concatenate([-R.mean(axis=0), np.zeros(T + 1)]),
        np.vstack([np.hstack([-R, -np.ones((T, 1)), -np.eye(T)]), [*[0.0] * N, 1.0, *[10 / T] * T]]),
        np.append(np.zeros(T), limit),
        np.append(np.ones(N), np.zeros(T + 1))[None],
        [1.0],
        bounds=[*[(0, 0.5)] * N, (None, None), *[(0, None)] * T],
    )
    found = target_cvar(returns, Limits(max_weight=0.5), cvar_period=limit, level=0.9)
    assert found.return_period == pytest.approx(-plain.fun, rel=1e-7)
    assert found.risk_period <= limit * (1 + 1e-11)
    more = target_cvar(returns, Limits(max_weight=0.5), cvar_period=limit * (1 + 1e-6), level=0.9)
    if "cvar" in found.binding:
        gained = (more.return_period - found.return_period) / (limit * 1e-6)
        assert found.shadow_prices["cvar"] == pytest.approx(gained, rel=1e-3)


def test_a_cvar_that_nobody_has_is_refused_with_the_least() -> None:
    returns = draw(60, 4)
    with pytest.raises(InfeasibleError, match="the least is") as caught:
        target_cvar(returns, cvar_period=1e-4)
    assert caught.value.detail["least"] == pytest.approx(minimum_cvar(returns).risk_period)
