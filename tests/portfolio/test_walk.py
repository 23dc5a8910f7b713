"""The walk-forward: what it pays, what drifts, and that it never looks ahead."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sillok.errors import ConfigError, DataError
from sillok.portfolio import (
    Data,
    Engine,
    Limits,
    Solution,
    mean_variance,
    minimum_variance,
    walk,
    walk_forward,
)
from sillok.risk import sample_covariance


def draw(T: int = 60, N: int = 4, seed: int = 0) -> pd.DataFrame:
    days = pd.date_range("2026-01-01", periods=T)
    return pd.DataFrame(np.random.default_rng(seed).normal(0.001, 0.02, (T, N)), days, list("abcdefgh"[:N]))


def evenly(past: pd.DataFrame) -> pd.Series:
    return pd.Series(1 / past.shape[1], index=past.columns)


def by_hand(returns: pd.DataFrame, lookback: int, step: int, buy: float, sell: float) -> tuple[list, list]:
    """Keep the books in money, issue by issue."""
    money, cash, worth_before, path, paid = np.zeros(returns.shape[1]), 1.0, 1.0, [], []
    for t in range(lookback, len(returns)):
        if (t - lookback) % step == 0:
            worth = money.sum() + cash
            low, high = 0.0, worth
            for _ in range(200):  # the worth left is what makes the books balance
                left = 0.5 * (low + high)
                target = np.full(len(money), left / len(money))
                bought, sold = np.maximum(target - money, 0).sum(), np.maximum(money - target, 0).sum()
                low, high = (left, high) if left + buy * bought + sell * sold < worth else (low, left)
            paid.append((worth - left) / worth)
            money, cash = target, 0.0
        money = money * (1 + returns.iloc[t].to_numpy())
        path.append((money.sum() + cash) / worth_before - 1)
        worth_before = money.sum() + cash
    return path, paid


@pytest.mark.parametrize("step", [1, 7, 100])
def test_the_books_balance_issue_by_issue(step: int) -> None:
    returns = draw()
    found = walk(returns, evenly, lookback=20, step=step, buy_cost=0.001, sell_cost=0.004)
    path, paid = by_hand(returns, 20, step, 0.001, 0.004)
    np.testing.assert_allclose(found.returns, path, atol=1e-14)
    np.testing.assert_allclose(found.cost, paid, atol=1e-14)


def test_costs_are_charged_on_what_drift_left_to_trade() -> None:
    returns = draw(22, 2)
    returns.iloc[20:] = [[0.5, 0.0], [0.0, 0.0]]
    found = walk(returns, evenly, lookback=20, step=1)
    # 0.75 and 0.5 of 1.25: a tenth is sold, a tenth is bought, though the targets never changed.
    np.testing.assert_allclose(found.held.iloc[1], [0.6, 0.4])
    assert found.turnover.iloc[1] == pytest.approx(0.2)


def test_a_rule_sees_the_weights_that_drifted_and_nothing_of_the_future() -> None:
    returns = draw()
    shown = []

    def fit(past: pd.DataFrame, previous: pd.Series) -> pd.Series:
        shown.append((past.index[-1], previous))
        return evenly(past)

    found = walk(returns, fit, lookback=20, step=10)
    for last, previous in shown:
        assert last < found.returns.index[0] or last in found.returns.index
        np.testing.assert_array_equal(previous, found.held.loc[last])
    assert [last for last, _ in shown] == list(returns.index[19::10])[: len(shown)]
    assert (shown[0][1] == 0).all()


def test_one_engine_serves_the_whole_way_and_changes_no_answer() -> None:
    returns = draw(120, 6)
    limits = Limits(max_weight=0.4, linear_cost=0.002, max_turnover=1.0)
    engines = set()

    def fit(past: pd.DataFrame, previous: pd.Series, engine: Engine) -> Solution:
        engines.add(id(engine))
        data = Data(sample_covariance(past), mu=past.mean() * 252, previous=previous)
        return mean_variance(data, limits, risk_aversion=5, engine=engine)

    def cold(past: pd.DataFrame, previous: pd.Series) -> Solution:
        return fit(past, previous, Engine())

    warm = walk(returns, fit, lookback=60, step=10, buy_cost=0.002, sell_cost=0.002)
    assert len(engines) == 1
    np.testing.assert_allclose(
        warm.returns,
        walk(returns, cold, lookback=60, step=10, buy_cost=0.002, sell_cost=0.002).returns,
        atol=1e-12,
    )
    assert (warm.turnover.iloc[1:] <= 1 + 1e-6).all()


def test_an_engine_that_has_seen_a_problem_gives_the_answer_of_a_new_one() -> None:
    returns, engine = draw(300, 8), Engine()
    for start in range(0, 200, 20):
        data = Data(sample_covariance(returns.iloc[start : start + 100]), mu=returns.mean() * 252)
        for limits in (Limits(max_weight=0.3), Limits(max_weight=0.3, max_turnover=1.2)):
            found = minimum_variance(data, limits, engine=engine)
            np.testing.assert_allclose(found.weights, minimum_variance(data, limits).weights, atol=1e-9)
            assert found.gap <= 1e-9


def test_an_issue_without_a_price_is_named_when_it_is_held() -> None:
    returns = draw()
    returns.iloc[30, 2] = np.nan
    with pytest.raises(DataError, match=r"missing returns, e\.g\. \['c'\]"):
        walk_forward(returns, evenly, lookback=20, step=10)
    kept = walk_forward(returns, lambda past: pd.Series({"a": 0.5, "b": 0.4}), lookback=20, step=10)
    assert kept.notna().all()


def test_weights_on_unknown_issues_or_without_a_number_are_refused() -> None:
    with pytest.raises(DataError, match=r"no returns, e\.g\. \['zz'\]"):
        walk_forward(draw(), lambda past: pd.Series({"zz": 1.0}), lookback=20, step=10)
    with pytest.raises(DataError, match=r"missing for \['a'\]"):
        walk_forward(draw(), lambda past: pd.Series({"a": np.nan}), lookback=20, step=10)


def test_a_span_or_a_cost_out_of_range_is_refused() -> None:
    with pytest.raises(DataError, match="leave nothing"):
        walk_forward(draw(), evenly, lookback=60, step=10)
    with pytest.raises(ConfigError, match="step"):
        walk_forward(draw(), evenly, lookback=20, step=0)
    with pytest.raises(ConfigError, match="sell_cost"):
        walk_forward(draw(), evenly, lookback=20, step=10, sell_cost=20.0)


def test_data_may_be_changed_in_one_fact() -> None:
    data = Data(sample_covariance(draw()))
    assert replace(data, mu=pd.Series(0.1, data.labels)).mu is not None
