"""Problems with corners that leave an interior point no room: solved piece by piece, and proved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sillok.errors import InfeasibleError
from sillok.portfolio import (
    Data,
    Limits,
    Solution,
    maximum_sharpe,
    mean_variance,
    minimum_variance,
    target_risk,
    track_benchmark,
)
from sillok.portfolio.direct import arrays
from sillok.portfolio.lagrangian import Lagrangian
from sillok.portfolio.pieces import solve_pieces
from sillok.portfolio.polish import prove
from sillok.portfolio.statement import Goal
from tests.portfolio.cases import labels


def thin(seed: int, N: int = 8) -> tuple[Data, Limits]:
    """Return a problem whose turnover is the least that its caps allow, and a millionth more."""
    random = np.random.default_rng(seed)
    names = labels(N)
    X = random.normal(0, 0.2, (N, 2 * N)) / np.sqrt(2 * N)
    held = random.dirichlet(np.full(N, 0.5))
    cap = 1.6 / N
    data = Data(
        pd.DataFrame(X @ X.T, names, names),
        mu=pd.Series(random.normal(0.06, 0.05, N), names),
        previous=pd.Series(held, names),
        benchmark=pd.Series(random.dirichlet(np.ones(N)), names),
    )
    # Sold is what lies above the cap, and as much is bought.
    least = 2 * float(np.maximum(held - cap, 0).sum())
    return data, Limits(max_weight=cap, max_turnover=least + 1e-6)


def broken(found: Solution, data: Data, limits: Limits) -> float:
    w = found.weights.to_numpy()
    held = np.asarray(data.previous)
    return max(
        abs(float(w.sum()) - limits.budget),
        float((limits.min_weight - w).max()),
        float((w - limits.max_weight).max()),
        float(np.abs(w - held).sum()) - float(limits.max_turnover or np.inf),
    )


@pytest.mark.parametrize("seed", range(8))
def test_next_to_no_room_for_trades_is_room_enough(seed: int) -> None:
    data, limits = thin(seed)
    dear = replace(limits, linear_cost=0.002)
    for found in (
        minimum_variance(data, limits),
        track_benchmark(data, limits),
        mean_variance(data, dear, risk_aversion=4.0),
        mean_variance(data, dear, risk_aversion=0.0),
        target_risk(data, dear, vol_annual=1.001 * minimum_variance(data, limits).vol_annual),
    ):
        assert broken(found, data, limits) <= 1e-12
        assert found.gap <= 1e-9
    some = data.mu is not None and float(data.mu.min())
    best = maximum_sharpe(data, dear, risk_free_annual=some - 0.05)
    assert broken(best, data, limits) <= 1e-12
    assert best.gap <= 1e-9


@pytest.mark.parametrize("seed", range(8))
def test_the_turnover_that_is_said_to_be_enough_is_enough(seed: int) -> None:
    data, limits = thin(seed)
    with pytest.raises(InfeasibleError) as caught:
        minimum_variance(data, replace(limits, max_turnover=0.5 * float(limits.max_turnover or 0)))
    alone = caught.value.detail["alternatives"]["max_turnover"][1]
    found = minimum_variance(data, replace(limits, max_turnover=alone))
    assert found.gap <= 1e-9
    assert broken(found, data, replace(limits, max_turnover=alone)) <= 1e-12


@pytest.mark.parametrize("seed", range(6))
def test_two_limits_on_risk_that_just_meet_are_kept(seed: int) -> None:
    data, _ = thin(seed)
    with pytest.raises(InfeasibleError) as caught:
        minimum_variance(data, Limits(max_vol_annual=0.9 * minimum_variance(data).vol_annual,
                                      max_tracking_annual=0.2))  # fmt: skip
    alone = caught.value.detail["alternatives"]["max_vol_annual"][1]
    limits = Limits(max_vol_annual=alone, max_tracking_annual=0.2)
    found = mean_variance(data, limits, risk_aversion=1.0)
    assert found.vol_annual <= alone + 1e-8
    assert found.gap <= 1e-6


@pytest.mark.parametrize("N", [1, 2, 6])
@pytest.mark.parametrize("more", [{}, {"max_short": 0.1}, {"max_turnover": 1.0}, {"max_gross": 0.5}])
def test_nothing_at_all_has_the_least_risk_of_what_adds_up_to_nothing(N: int, more: dict[str, float]) -> None:
    data = replace(thin(3, N)[0], previous=None)
    found = minimum_variance(data, Limits(budget=0.0, min_weight=-0.3, max_weight=0.3, **more))
    np.testing.assert_allclose(found.weights, 0.0, atol=1e-9)
    assert found.gap <= 1e-9


def test_a_ratio_below_nothing_is_said_to_be_that_under_turnover_and_costs() -> None:
    data, limits = thin(1)
    for more in ({}, {"linear_cost": 0.01}, {"impact_cost": 0.05}):
        with pytest.raises(InfeasibleError, match="earn more than the riskless rate") as caught:
            maximum_sharpe(data, replace(limits, **more), risk_free_annual=0.5)
        assert caught.value.detail["best_excess_annual"] < 0


def test_the_pieces_give_what_the_statement_gives() -> None:
    for seed in range(20):
        data, limits = thin(100 + seed, 6)
        enough = float(limits.max_turnover or 0) + 0.2
        roomy = replace(limits, max_turnover=enough, linear_cost=0.001, min_weight=-0.1, max_gross=1.15)
        goal = Goal("utility", 3.0)
        lagrangian = Lagrangian(data, roomy, goal, arrays(data, roomy))
        pieces = solve_pieces(lagrangian, goal)
        assert pieces is not None
        assert pieces.weights is not None
        stated = mean_variance(data, roomy, risk_aversion=3.0)
        assert -lagrangian.objective(pieces.weights) == pytest.approx(stated.objective, abs=1e-10)
        assert prove(lagrangian, pieces, pieces.weights).gap <= 1e-8  # before the last steps
        assert pieces.others.get("turnover", 0.0) == pytest.approx(
            stated.shadow_prices.get("turnover", 0.0), abs=1e-7
        )
