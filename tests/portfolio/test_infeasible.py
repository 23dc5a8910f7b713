"""What is said when no portfolio keeps all limits: which clash, and the nearest change."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sillok.errors import InfeasibleError
from sillok.portfolio import (
    Data,
    ExposureLimit,
    GroupLimit,
    Limits,
    maximum_sharpe,
    mean_variance,
    minimum_variance,
    target_return,
    target_risk,
)
from tests.portfolio.test_mean_variance import make


def refusal(ask: Callable[[], object]) -> InfeasibleError:
    with pytest.raises(InfeasibleError) as caught:
        ask()
    return caught.value


def test_an_unreachable_risk_limit_names_the_least_there_is() -> None:
    data = make()
    least = minimum_variance(data).vol_annual
    error = refusal(lambda: minimum_variance(data, Limits(max_vol_annual=least / 2)))
    value, to = error.detail["change"]["max_vol_annual"]
    assert value == least / 2
    assert to == pytest.approx(least, rel=1e-5)
    assert f"raise max_vol_annual to {to:g}" in str(error)


def test_a_position_cap_too_small_says_how_large_it_must_be() -> None:
    error = refusal(lambda: minimum_variance(make(), Limits(max_weight=0.1)))
    assert "raise max_weight to 0.125" in str(error)
    assert error.detail["clash"] == {"max_weight": 0.1, "budget low": 1.0}


def test_industry_caps_too_small_are_explained() -> None:
    error = refusal(lambda: minimum_variance(make(), Limits(max_industry=0.3)))
    assert error.detail["change"] == {"max_industry": (0.3, 0.333334)}


def test_limits_that_do_not_clash_are_left_out_of_the_explanation() -> None:
    data = make()
    pair = GroupLimit("pair", tuple(data.labels[:2]), low=0.5)
    loose = GroupLimit("loose", tuple(data.labels[4:]), high=0.9)
    error = refusal(lambda: minimum_variance(data, Limits(max_weight=0.2, groups=(pair, loose))))
    assert set(error.detail["clash"]) == {"max_weight", "group pair low"}
    assert error.detail["change"] == {"group pair low": (0.5, 0.4)}
    assert error.detail["alternatives"]["max_weight"] == (0.2, 0.25)


@pytest.mark.parametrize(
    "limits",
    [
        Limits(max_weight=0.2, groups=(GroupLimit("g", ("000000", "000001"), low=0.7),)),
        Limits(max_gross=0.8),
        Limits(max_turnover=0.1, max_weight=0.3),
        Limits(max_weight=0.2, max_vol_annual=0.05),
        Limits(exposures=(ExposureLimit("beta", 3.0, None),), max_weight=0.5),
        Limits(min_weight=pd.Series(0.2, [f"{i:06d}" for i in range(8)])),
    ],
)
def test_the_nearest_change_makes_the_problem_feasible(limits: Limits) -> None:
    data = make()
    labels = data.labels
    data = replace(
        data,
        exposures=pd.DataFrame({"beta": np.linspace(0.5, 2.0, 8)}, labels),
        previous=pd.Series([0.6, 0.4, 0, 0, 0, 0, 0, 0], labels),
    )
    error = refusal(lambda: minimum_variance(data, limits))
    changed = limits
    for name, (_, to) in error.detail["change"].items():
        changed = _changed(changed, name, to)
    found = minimum_variance(data, changed)
    assert found.weights.sum() == pytest.approx(1, abs=1e-9)
    rest = {k: v for k, v in error.detail["clash"].items() if not k.startswith("budget")}
    assert rest


def _changed(limits: Limits, name: str, to: float) -> Limits:
    kind, _, what = name.partition(" ")
    end = what.rpartition(" ")[2]
    if kind == "group":
        return replace(limits, groups=(replace(limits.groups[0], **{end: to}),))
    if kind == "exposure":
        return replace(limits, exposures=(replace(limits.exposures[0], **{end: to}),))
    if kind == "min_weight" and isinstance(limits.min_weight, pd.Series):
        return replace(limits, min_weight=limits.min_weight.where(limits.min_weight.index != what, to))
    return replace(limits, **{kind: to})


def test_a_return_out_of_reach_says_what_can_be_had() -> None:
    data = replace(make(), mu=pd.Series(np.linspace(0.01, 0.08, 8), make().labels))
    error = refusal(lambda: target_return(data, Limits(max_weight=0.5), return_annual=0.2))
    assert error.detail["change"]["min_return_annual"] == (0.2, pytest.approx(0.075))


def test_a_risk_out_of_reach_says_what_can_be_had() -> None:
    data = replace(make(), mu=pd.Series(0.05, make().labels))
    least = minimum_variance(data).vol_annual
    error = refusal(lambda: target_risk(data, vol_annual=0.9 * least))
    assert error.detail["change"]["max_vol_annual"][1] == pytest.approx(least, rel=1e-5)


@pytest.mark.parametrize("limits", [Limits(), Limits(max_turnover=3.0)])
def test_no_ratio_is_sought_where_nothing_beats_the_riskless_rate(limits: Limits) -> None:
    data: Data = replace(make(), mu=pd.Series(np.linspace(-0.05, -0.01, 8), make().labels))
    with pytest.raises(InfeasibleError, match=r"falls short by 0\.01 a year"):
        maximum_sharpe(data, limits)


def test_bounds_of_many_issues_are_tried_as_one() -> None:
    data = make(60)
    error = refusal(lambda: minimum_variance(data, Limits(max_weight=pd.Series(0.01, data.labels))))
    assert len(error.detail["clash"]) == 61
    assert "and 53 more" in str(error)
    ((_, (value, to)),) = error.detail["change"].items()
    assert (value, to) == (0.01, pytest.approx(0.41))


@pytest.mark.parametrize("seed", [11, 14])
def test_a_solver_that_breaks_off_on_limits_that_clash_is_no_excuse(seed: int) -> None:
    random = np.random.default_rng(seed)
    data = make(20, seed)
    labels = data.labels
    data = replace(
        data,
        mu=pd.Series(random.normal(0.06, 0.08, 20), labels),
        industry=pd.Series(["I0"] * 9 + ["I1"] * 6 + ["I2"] * 5, labels),
        previous=pd.Series(random.dirichlet(np.ones(20)), labels),
    )
    # 0.4 of the first industry, and eleven others: a little short of the whole.
    limits = Limits(max_weight=0.054484, max_industry=0.4, impact_cost=0.1)
    error = refusal(lambda: mean_variance(data, limits, risk_aversion=4.0))
    assert error.detail["clash"]
