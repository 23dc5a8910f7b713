"""Plans over several periods: what costs hold back, and what a plan knows that single steps do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import ConfigError, DataError, InfeasibleError
from sillok.portfolio import Data, GroupLimit, Limits, TradePlan, mean_variance, multi_period
from sillok.risk import FactorCovariance

N = 6
NAMES = [f"A{i}" for i in range(N)]
AVERSION = 5.0


def made(seed: int = 0) -> Data:
    rng = np.random.default_rng(seed)
    R = rng.normal(0, 0.2, (60, N)) + rng.normal(0, 0.15, (60, 1))
    return Data(
        pd.DataFrame(np.cov(R.T), NAMES, NAMES),
        mu=pd.Series(rng.normal(0.06, 0.06, N), NAMES),
        previous=pd.Series(1 / N, NAMES),
        industry=pd.Series(["가", "나"] * 3, NAMES),
    )


def worth(data: Data, limits: Limits, forecasts: pd.DataFrame, W: np.ndarray) -> float:
    """Tell what a path of weights is worth, as the paper's objective says."""
    assert data.previous is not None
    before, total = data.previous.to_numpy(), 0.0
    for w, mu in zip(W, forecasts.to_numpy(), strict=True):
        z = np.abs(w - before)
        total += (mu @ w - AVERSION / 2 * data.variance(w)) / 52
        total -= (limits.linear_cost or 0.0) * z.sum() + (limits.impact_cost or 0.0) * (z**1.5).sum()  # type: ignore[operator]
        before = w
    return float(total)


def replace_previous(data: Data, previous: pd.Series) -> Data:
    return Data(data.Sigma, industry=data.industry, mu=data.mu, previous=previous)


@settings(max_examples=8)
@given(st.integers(0, 1_000), st.floats(0, 0.002), st.floats(0, 0.02), st.integers(1, 4))
def test_a_plan_is_worth_more_than_any_path_of_single_steps_or_of_standing_still(
    seed: int, linear: float, impact: float, H: int
) -> None:
    data = made(seed)
    rng = np.random.default_rng(seed)
    forecasts = pd.DataFrame(rng.normal(0.06, 0.2, (H, N)), columns=NAMES)
    limits = Limits(max_weight=0.5, max_industry=0.7, linear_cost=linear, impact_cost=impact)
    plan = multi_period(data, limits, risk_aversion=AVERSION, forecasts=forecasts)
    W = plan.weights.to_numpy()
    assert plan.objective == pytest.approx(worth(data, limits, forecasts, W), rel=1e-12)
    assert np.abs(W.sum(axis=1) - 1).max() <= 1e-12
    assert W.min() >= 0
    assert W.max() <= 0.5
    assert plan.gap <= (1e-7 if impact > 0 and H > 1 else 1e-9)

    stand_still = np.tile(data.previous, (H, 1))
    step, greedy = data, []
    for t in range(H):
        one = multi_period(step, limits, risk_aversion=AVERSION, forecasts=forecasts.iloc[[t]])
        greedy.append(one.target.to_numpy())
        step = replace_previous(data, one.target)
    for path in (stand_still, np.array(greedy)):
        assert plan.objective >= worth(data, limits, forecasts, path) - 1e-8


def test_a_plan_of_one_period_is_the_single_problem_with_its_cost_spread_over_the_period() -> None:
    data, limits = made(), Limits(linear_cost=0.001, impact_cost=0.01)
    plan = multi_period(data, limits, risk_aversion=AVERSION, periods=1)
    single = mean_variance(data, replace(limits, cost_years=1 / 52), risk_aversion=AVERSION)
    np.testing.assert_allclose(plan.target, single.weights, atol=2e-5)


def test_without_costs_every_period_stands_for_itself() -> None:
    data = made(1)
    forecasts = pd.DataFrame(np.random.default_rng(2).normal(0.05, 0.1, (3, N)), columns=NAMES)
    plan = multi_period(data, Limits(), risk_aversion=AVERSION, forecasts=forecasts)
    for t in range(3):
        alone = mean_variance(Data(data.Sigma, mu=forecasts.iloc[t]), risk_aversion=AVERSION)
        np.testing.assert_allclose(plan.weights.iloc[t], alone.weights, atol=2e-5)


def test_the_dearer_trading_is_the_less_is_traded_until_nothing_is() -> None:
    data = made(3)
    traded = [
        multi_period(data, Limits(linear_cost=c), risk_aversion=AVERSION, periods=4).turnover.sum()
        for c in (0.0, 0.001, 0.005, 1.0)
    ]
    assert traded == sorted(traded, reverse=True)
    assert traded[0] > 0.3
    assert traded[-1] == 0.0


def test_a_forecast_that_fades_is_traded_on_less_than_one_that_stays() -> None:
    data, limits = made(4), Limits(linear_cost=0.002)
    assert data.mu is not None
    stays = pd.DataFrame([data.mu * 3] * 6)
    fades = stays.mul(0.3 ** np.arange(6), axis=0)
    first = [
        multi_period(data, limits, risk_aversion=AVERSION, forecasts=f).turnover.iloc[0]
        for f in (stays, fades)
    ]
    assert first[1] < first[0]


def test_square_root_impact_spreads_a_trade_over_periods() -> None:
    data = made(5)
    plan = multi_period(data, Limits(impact_cost=0.05), risk_aversion=AVERSION, periods=5)
    assert (plan.turnover > 1e-3).sum() >= 3
    assert plan.turnover.iloc[0] == plan.turnover.max()
    pd.testing.assert_series_equal(plan.now, plan.target - data.previous, check_names=False)


def test_the_factor_form_gives_the_same_plan() -> None:
    rng = np.random.default_rng(6)
    cov = FactorCovariance(
        pd.DataFrame(rng.normal(0.15, 0.05, (N, 2)), NAMES), pd.DataFrame(np.eye(2)),
        pd.Series(0.04, NAMES), estimator="made", observations=250, periods_per_year=252,
    )  # fmt: skip
    given_ = made()
    plans: list[TradePlan] = []
    for Sigma in (cov, cov.matrix):
        data = replace_sigma(given_, Sigma)
        plans.append(multi_period(data, Limits(linear_cost=0.001), risk_aversion=AVERSION, periods=2))
    np.testing.assert_allclose(plans[0].weights, plans[1].weights, atol=2e-5)


def replace_sigma(data: Data, Sigma: FactorCovariance | pd.DataFrame) -> Data:
    return Data(Sigma, industry=data.industry, mu=data.mu, previous=data.previous)


@pytest.mark.parametrize("seed", range(7, 13))
def test_limits_hold_in_every_period_to_rounding(seed: int) -> None:
    data = replace(made(seed), benchmark=pd.Series(1 / N, NAMES))
    limits = Limits(
        max_turnover=0.1,
        max_industry=0.55,
        max_vol_annual=0.25,
        max_tracking_annual=0.03,
        groups=(GroupLimit("pair", ("A0", "A1"), high=0.34),),
    )
    plan = multi_period(data, limits, risk_aversion=1.0, periods=3)
    assert (plan.turnover <= 0.1 + 1e-12).all()
    assert data.industry is not None
    for _, w in plan.weights.iterrows():
        assert w.sum() == pytest.approx(1, abs=1e-12)
        assert w.groupby(data.industry).sum().max() <= 0.55 + 1e-12
        assert w[["A0", "A1"]].sum() <= 0.34 + 1e-12
        assert data.variance(w.to_numpy()) ** 0.5 <= 0.25 + 1e-12
        assert data.variance(w.to_numpy() - 1 / N) ** 0.5 <= 0.03 + 1e-12
    assert plan.gap <= 1e-8


def test_a_single_period_is_the_utility_problem_and_as_exact() -> None:
    data = made(2)
    limits = Limits(max_turnover=0.5, linear_cost=0.001)
    plan = multi_period(data, limits, risk_aversion=AVERSION, periods=1, periods_per_year=12)
    one = mean_variance(data, replace(limits, cost_years=1 / 12), risk_aversion=AVERSION)
    np.testing.assert_allclose(plan.target, one.weights, atol=1e-12)
    assert plan.objective == pytest.approx(one.objective / 12, rel=1e-9)
    assert plan.gap <= 1e-9


def test_what_cannot_be_planned_is_refused() -> None:
    data = made()
    for limits, words in (
        (Limits(max_names=2), "max_names"),
        (Limits(min_return_annual=0.1), "min_return"),
        (Limits(cost_years=2.0), "cost_years"),
    ):
        with pytest.raises(ConfigError, match=words):
            multi_period(data, limits, risk_aversion=1.0, periods=2)
    with pytest.raises(ConfigError, match="risk_aversion"):
        multi_period(data, Limits(), risk_aversion=0.0, periods=2)
    with pytest.raises(ConfigError, match="periods"):
        multi_period(data, Limits(), risk_aversion=1.0)
    with pytest.raises(InfeasibleError, match="max_turnover"):
        multi_period(
            data, Limits(max_turnover=0.01, max_industry=0.4, max_weight=0.5), risk_aversion=1.0, periods=2
        )


def test_forecasts_with_a_gap_or_other_names_are_refused_by_name() -> None:
    holed = pd.DataFrame(0.1, range(2), NAMES)
    holed.loc[1, "A3"] = np.nan
    with pytest.raises(DataError, match="A3"):
        multi_period(made(), Limits(), risk_aversion=1.0, forecasts=holed)
    with pytest.raises(DataError, match="forecasts and Sigma"):
        multi_period(made(), Limits(), risk_aversion=1.0, forecasts=pd.DataFrame(0.1, range(2), NAMES[:-1]))
