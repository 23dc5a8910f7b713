"""The short way of the commonest problems ends where the general way ends, in every number of the solution."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sillok.errors import InfeasibleError
from sillok.portfolio import (
    Data,
    GroupLimit,
    Limits,
    Solution,
    maximum_sharpe,
    mean_variance,
    minimum_variance,
)
from sillok.portfolio.plain import is_plain, solve_plain
from sillok.portfolio.solve import Engine
from sillok.portfolio.statement import Goal
from sillok.risk import FactorCovariance


def facts(seed: int, N: int = 60) -> Data:
    rng = np.random.default_rng(seed)
    names, factors = pd.Index([f"{i:06d}" for i in range(N)]), pd.Index(["시장", "규모", "가치"])
    F = rng.normal(0.3, 1.0, (N, 3))
    G = rng.normal(0, 0.08, (3, 3))
    return Data(
        Sigma=FactorCovariance(
            pd.DataFrame(F, names, factors),
            pd.DataFrame(G @ G.T, factors, factors),
            pd.Series(rng.uniform(0.02, 0.2, N), names),
        ),
        mu=pd.Series(rng.normal(0.06, 0.05, N), names),
    )


def general(limits: Limits, data: Data) -> Limits:
    """Return the same limits and one that holds nothing back, which the short way does not take."""
    return Limits(
        min_weight=limits.min_weight,
        max_weight=limits.max_weight,
        budget=limits.budget,
        groups=(GroupLimit("all", tuple(data.labels), high=9.0),),
    )


def same(short: Solution, long: Solution) -> None:
    pd.testing.assert_series_equal(short.weights, long.weights, rtol=0, atol=1e-12)
    for name in ("vol_annual", "objective", "return_annual"):
        assert getattr(short, name) == pytest.approx(getattr(long, name), rel=1e-10)
    assert short.binding == long.binding
    assert dict(short.shadow_prices) == pytest.approx(dict(long.shadow_prices), rel=1e-6, abs=1e-12)
    assert short.gap <= 1e-11
    assert short.method == long.method == "active set"


@pytest.mark.parametrize("goal", ["variance", "utility", "sharpe"])
@pytest.mark.parametrize(
    "limits",
    [
        Limits(),
        Limits(max_weight=0.05),
        Limits(min_weight=-0.02, max_weight=0.08, budget=0.9),
        Limits(budget=0.5),
    ],
    ids=["long only", "capped", "short", "half"],
)
def test_it_ends_where_the_general_way_ends(goal: str, limits: Limits) -> None:
    for seed in range(5):
        data = facts(seed)
        if goal == "variance":
            found = [minimum_variance(data, some) for some in (limits, general(limits, data))]
        elif goal == "utility":
            found = [mean_variance(data, some, risk_aversion=4.0) for some in (limits, general(limits, data))]
        else:
            found = [
                maximum_sharpe(data, some, risk_free_annual=0.02) for some in (limits, general(limits, data))
            ]
        same(*found)


@pytest.mark.parametrize(
    "goal",
    [Goal("variance"), Goal("utility", 4.0), Goal("sharpe", risk_free_annual=0.02)],
    ids=lambda g: g.kind,
)
def test_the_commonest_problems_go_the_short_way(goal: Goal) -> None:
    data = facts(1)
    assert is_plain(data, Limits(), goal)
    found = solve_plain(data, Limits(), goal, None)
    assert found is not None
    again = solve_plain(data, Limits(), goal, found.start)
    assert again is not None
    assert again.start.answer.steps == 1
    np.testing.assert_allclose(again.w, found.w, atol=1e-14)


def test_an_engine_gives_the_same_answers_day_after_day() -> None:
    engine = Engine()
    for seed in range(4):
        data = facts(seed)
        for warm, cold in (
            (minimum_variance(data, engine=engine), minimum_variance(data)),
            (maximum_sharpe(data, engine=engine), maximum_sharpe(data)),
        ):
            pd.testing.assert_series_equal(warm.weights, cold.weights, rtol=0, atol=1e-12)


def test_what_is_wrong_is_said_as_the_general_way_says_it() -> None:
    data = facts(1)
    with pytest.raises(InfeasibleError, match="max_weight"):
        minimum_variance(data, Limits(max_weight=0.01))
    with pytest.raises(InfeasibleError, match="riskless rate"):
        maximum_sharpe(data, risk_free_annual=5.0)
