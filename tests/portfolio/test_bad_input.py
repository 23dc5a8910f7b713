"""What is wrong with the facts or the choices is told at once, with the names of the issues; nothing is filled in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from sillok import portfolio, risk
from sillok.errors import ConfigError, DataError, InfeasibleError, SillokError
from sillok.portfolio import Data, ExposureLimit, GroupLimit, Limits, Scenarios
from sillok.risk import FactorCovariance
from tests.portfolio.cases import factor_covariance

NAMES = pd.Index(["005930", "000660", "035420", "051910"], name="symbol")
SIGMA = pd.DataFrame(np.diag([0.04, 0.09, 0.06, 0.05]) + 0.01, NAMES, NAMES)
MU = pd.Series([0.05, 0.08, 0.02, 0.06], NAMES)
EVEN = pd.Series(0.25, NAMES)


def good(**changes: object) -> Data:
    return Data(**({"Sigma": SIGMA, "mu": MU, "benchmark": EVEN, "previous": EVEN} | changes))


# Every public function that takes facts, called with nothing but what it must have.
SOLVERS: dict[str, Callable[[Data], object]] = {
    "minimum_variance": portfolio.minimum_variance,
    "mean_variance": lambda d: portfolio.mean_variance(d, risk_aversion=3.0),
    "maximum_sharpe": portfolio.maximum_sharpe,
    "target_return": lambda d: portfolio.target_return(d, return_annual=0.05),
    "target_risk": lambda d: portfolio.target_risk(d, vol_annual=0.3),
    "track_benchmark": portfolio.track_benchmark,
    "efficient_frontier": lambda d: portfolio.efficient_frontier(d, points=5),
    "risk_parity": portfolio.risk_parity,
    "risk_budgeting": lambda d: portfolio.risk_budgeting(d, pd.Series(1 / len(d.labels), d.labels)),
    "hierarchical_risk_parity": portfolio.hierarchical_risk_parity,
    "hierarchical_equal_risk": portfolio.hierarchical_equal_risk,
    "nested_clusters": portfolio.nested_clusters,
    "worst_case": lambda d: portfolio.worst_case(
        d, risk_aversion=3.0, uncertainty=portfolio.Box(radius=pd.Series(0.01, d.labels))
    ),
}
RETURNS = pd.DataFrame(np.random.default_rng(2).normal(0.0005, 0.02, (60, 4)), columns=NAMES)
ESTIMATORS: dict[str, Callable[[pd.DataFrame], object]] = {
    "sample_covariance": risk.sample_covariance,
    "exponential_covariance": lambda r: risk.exponential_covariance(r, halflife=20),
    "ledoit_wolf": risk.ledoit_wolf,
    "ledoit_wolf identity": lambda r: risk.ledoit_wolf(r, target="identity"),
    "ledoit_wolf single factor": lambda r: risk.ledoit_wolf(r, target="single_factor"),
    "nonlinear_shrinkage": risk.nonlinear_shrinkage,
    "denoised_covariance": risk.denoised_covariance,
    "gerber_covariance": risk.gerber_covariance,
    "statistical_factors": lambda r: risk.statistical_factors(r, factors=2),
    "time_series_factors": lambda r: risk.time_series_factors(r, pd.Series(0.01, r.index).cumsum() % 0.03),
    "fundamental_factors": lambda r: risk.fundamental_factors(
        r, pd.DataFrame({"size": np.arange(len(r.columns), dtype=float)}, r.columns)
    ),
    "mean_returns": risk.mean_returns,
    "shrunk_returns": risk.shrunk_returns,
    "estimate_covariance": lambda r: risk.estimate_covariance(r, estimator="sample"),
}
TAILS: dict[str, Callable[..., object]] = {
    name: getattr(portfolio, name) for name in ("minimum_cvar", "minimum_evar", "minimum_cdar", "minimum_mad")
}
every_solver = pytest.mark.parametrize("name", SOLVERS)
every_estimator = pytest.mark.parametrize("name", ESTIMATORS)
every_tail = pytest.mark.parametrize("name", TAILS)


@every_solver
def test_good_facts_are_solved(name: str) -> None:
    """Without this the refusals below would prove nothing."""
    SOLVERS[name](good())


@every_estimator
def test_good_returns_are_estimated(name: str) -> None:
    ESTIMATORS[name](RETURNS)


@every_tail
def test_good_scenarios_are_solved(name: str) -> None:
    TAILS[name](RETURNS)


# ---- the covariance ----


def broken(cell: tuple[int, int], value: float) -> pd.DataFrame:
    S = SIGMA.copy()
    S.iloc[cell] = value
    return S


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_hole_in_the_covariance_names_its_issue(value: float) -> None:
    with pytest.raises(DataError) as caught:
        good(Sigma=broken((1, 1), value))
    assert "000660" in str(caught.value)
    assert "000660" in caught.value.detail["symbols"]


def test_two_sides_that_differ_name_both_issues() -> None:
    with pytest.raises(DataError, match="not symmetric") as caught:
        good(Sigma=broken((0, 2), 0.05))
    assert {"005930", "035420"} <= set(caught.value.detail["symbols"])


def test_a_negative_variance_names_its_issue() -> None:
    with pytest.raises(DataError, match="negative variance") as caught:
        good(Sigma=broken((3, 3), -0.01))
    assert caught.value.detail["symbols"] == ["051910"]


@every_solver
@pytest.mark.parametrize("cap", [1.0, 0.4])
def test_an_indefinite_covariance_is_refused_by_all_and_names_issues(name: str, cap: float) -> None:
    S = SIGMA.copy()
    S.loc["005930", "000660"] = S.loc["000660", "005930"] = 0.9  # a correlation far above one
    with pytest.raises(DataError, match="semidefinite") as caught:
        SOLVERS[name](good(Sigma=S))
    assert {"005930", "000660"} <= set(caught.value.detail["symbols"])


@every_solver
def test_an_indefinite_covariance_with_fair_correlations_is_refused_by_all(name: str) -> None:
    """Three pairs at -0.9 cannot be: no pair is wrong, all three together are."""
    vols = np.sqrt(np.diag(SIGMA))
    C = np.eye(4)
    C[:3, :3] = -0.9
    np.fill_diagonal(C, 1.0)
    S = pd.DataFrame(C * np.outer(vols, vols), NAMES, NAMES)
    with pytest.raises(DataError, match="semidefinite"):
        SOLVERS[name](good(Sigma=S))


def test_other_labels_on_the_two_sides_are_refused() -> None:
    with pytest.raises(DataError, match="other labels"):
        good(Sigma=SIGMA.set_axis(list("abcd"), axis=1))
    with pytest.raises(DataError, match=r"other labels|same labels"):
        good(Sigma=SIGMA.iloc[:, ::-1])


def test_an_issue_named_twice_is_named() -> None:
    twice = pd.Index(["005930", "000660", "005930", "051910"])
    with pytest.raises(DataError, match="twice") as caught:
        Data(Sigma=SIGMA.set_axis(twice).set_axis(twice, axis=1))
    assert caught.value.detail["symbols"] == ["005930"]


def test_an_empty_universe_is_refused() -> None:
    with pytest.raises(DataError, match="empty"):
        Data(Sigma=SIGMA.iloc[:0, :0])


def test_words_in_place_of_numbers_are_refused_as_facts() -> None:
    """A frame read from a file as text must not end in a trace of numpy's."""
    with pytest.raises(DataError):
        Data(Sigma=SIGMA.astype(object).replace(0.05, "n/a"))


@pytest.mark.parametrize("part", ["loadings", "factor_covariance", "specific_variance"])
def test_a_hole_in_a_factor_covariance_is_refused(part: str) -> None:
    B, F, d = np.ones((4, 2)), np.eye(2) * 0.02, np.full(4, 0.05)
    {"loadings": B, "factor_covariance": F, "specific_variance": d}[part].flat[-1] = np.nan
    with pytest.raises(DataError) as caught:
        factor_covariance(B, F, d, NAMES)
    if part != "factor_covariance":
        assert "051910" in str(caught.value)


def test_a_negative_specific_variance_names_its_issue() -> None:
    with pytest.raises(DataError) as caught:
        factor_covariance(np.ones((4, 1)), np.eye(1) * 0.02, np.array([0.1, 0.1, -0.1, 0.1]), NAMES)
    assert "035420" in str(caught.value)


def test_an_indefinite_factor_covariance_is_refused() -> None:
    F = np.array([[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(DataError, match="semidefinite"):
        portfolio.minimum_variance(Data(Sigma=factor_covariance(np.eye(4)[:, :2], F, np.ones(4), NAMES)))


def test_loadings_on_other_labels_are_refused() -> None:
    with pytest.raises(DataError):
        FactorCovariance(
            loadings=pd.DataFrame(np.ones((4, 1)), NAMES, ["f"]),
            factor_covariance=pd.DataFrame([[1.0]], ["f"], ["f"]),
            specific_variance=pd.Series(1.0, NAMES[::-1]),
            estimator="stated",
            observations=10,
            periods_per_year=252,
        )


# ---- what stands beside it ----


@pytest.mark.parametrize("field", ["mu", "previous", "benchmark"])
def test_facts_in_another_order_or_with_a_gap_are_refused(field: str) -> None:
    facts = MU if field == "mu" else EVEN
    with pytest.raises(DataError, match="another order"):
        good(**{field: facts.iloc[::-1]})
    with pytest.raises(DataError) as caught:
        good(**{field: facts.drop("035420")})
    assert "035420" in caught.value.detail["symbols"]
    with pytest.raises(DataError) as caught:
        good(**{field: facts.where(facts.index != "051910")})
    assert "051910" in caught.value.detail["symbols"]


def test_an_issue_without_an_industry_is_named() -> None:
    with pytest.raises(DataError) as caught:
        good(industry=pd.Series(["a", None, "b", "a"], NAMES))
    assert caught.value.detail["symbols"] == ["000660"]


def test_a_benchmark_in_per_cent_is_refused() -> None:
    with pytest.raises(DataError, match="add up to 100"):
        good(benchmark=EVEN * 100)


def test_a_limit_on_facts_that_are_not_there_is_refused() -> None:
    bare = Data(Sigma=SIGMA)
    for limits in (
        Limits(max_industry=0.5),
        Limits(exposures=(ExposureLimit("beta", high=1.0),)),
        Limits(min_return_annual=0.05),
        Limits(max_tracking_annual=0.05),
    ):
        with pytest.raises(SillokError, match=r"Data|exposure"):
            portfolio.minimum_variance(bare, limits)
    for solver in ("mean_variance", "maximum_sharpe", "target_risk", "track_benchmark", "efficient_frontier"):
        with pytest.raises(SillokError, match=r"mu|benchmark"):
            SOLVERS[solver](bare)


# ---- the limits ----


@pytest.mark.parametrize(
    "bad",
    [
        {"min_weight": 0.5, "max_weight": 0.2},
        {"min_weight": np.nan},
        {"max_weight": 25.0},  # per cent
        {"max_weight": 0.0},
        {"budget": np.nan},
        {"max_industry": -0.1},
        {"max_gross": -1.0},
        {"max_turnover": -0.2},
        {"max_vol_annual": 0.0},
        {"linear_cost": -0.001},
        {"max_names": 0},
        {"max_names": 2.5},
        {"min_position": 0.0},
        {"cost_years": 0.0},
        {"groups": (GroupLimit("g", ("005930",), low=0.6, high=0.4),)},
        {"groups": (GroupLimit("g", ("005930",)),)},
    ],
)
def test_a_choice_out_of_its_range_is_refused_where_it_is_made(bad: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Limits(**bad)


def test_bounds_reversed_for_one_issue_name_it() -> None:
    floors = pd.Series([0.0, 0.5, 0.0, 0.0], NAMES)
    with pytest.raises(ConfigError) as caught:
        portfolio.minimum_variance(good(), Limits(min_weight=floors, max_weight=0.4))
    assert "000660" in str(caught.value)


def test_bounds_on_other_issues_are_refused() -> None:
    for series in (pd.Series(0.5, NAMES[:3]), pd.Series(0.5, NAMES[::-1]), pd.Series(0.5, list("abcd"))):
        with pytest.raises(DataError, match="max_weight"):
            portfolio.minimum_variance(good(), Limits(max_weight=series))


def test_a_bound_with_a_hole_names_its_issue() -> None:
    caps = pd.Series([0.5, 0.5, np.nan, 0.5], NAMES)
    with pytest.raises(DataError) as caught:
        portfolio.minimum_variance(good(), Limits(max_weight=caps))
    assert "035420" in str(caught.value)


def test_a_group_of_unknown_issues_names_them() -> None:
    group = GroupLimit("chips", ("005930", "999999"), high=0.5)
    with pytest.raises(DataError) as caught:
        portfolio.minimum_variance(good(), Limits(groups=(group,)))
    assert "999999" in str(caught.value)


@pytest.mark.parametrize(
    "solver", ["minimum_variance", "mean_variance", "maximum_sharpe", "efficient_frontier"]
)
def test_limits_that_clash_are_told_by_name(solver: str) -> None:
    clash = Limits(max_weight=0.3, groups=(GroupLimit("chips", tuple(NAMES[:2]), low=0.7),))
    calls = {
        "minimum_variance": lambda: portfolio.minimum_variance(good(), clash),
        "mean_variance": lambda: portfolio.mean_variance(good(), clash, risk_aversion=1.0),
        "maximum_sharpe": lambda: portfolio.maximum_sharpe(good(), clash),
        "efficient_frontier": lambda: portfolio.efficient_frontier(good(), clash),
    }
    with pytest.raises(InfeasibleError) as caught:
        calls[solver]()
    assert "chips" in str(caught.value)
    assert "max_weight" in str(caught.value)


def test_numbers_in_the_wrong_unit_are_refused_where_they_can_be_told() -> None:
    data = good()
    for aversion in (-1.0, np.nan, np.inf):
        with pytest.raises(ConfigError):
            portfolio.mean_variance(data, risk_aversion=aversion)
    for vol in (-0.1, 0.0, np.nan):
        with pytest.raises(ConfigError):
            portfolio.target_risk(data, vol_annual=vol)
    with pytest.raises(ConfigError):
        portfolio.target_return(data, return_annual=np.nan)
    for points in (0, -3):
        with pytest.raises(ConfigError):
            portfolio.efficient_frontier(data, points=points)
    for level in (95, 1.0, -0.1, np.nan):
        with pytest.raises(ConfigError):
            portfolio.minimum_cvar(RETURNS, level=level)


@pytest.mark.parametrize(
    "budgets",
    [
        pd.Series([0.5, 0.5, 0.5, 0.5], NAMES),
        pd.Series([0.5, 0.5, 0.1, -0.1], NAMES),
        pd.Series([0.5, 0.5, 0.0, 0.0], NAMES),
        pd.Series([0.5, 0.2, 0.3, np.nan], NAMES),
        pd.Series([0.4, 0.3, 0.3], NAMES[:3]),
        pd.Series(0.25, NAMES[::-1]),
    ],
)
def test_budgets_that_are_none_are_refused(budgets: pd.Series) -> None:
    with pytest.raises((DataError, ConfigError)):
        portfolio.risk_budgeting(good(), budgets)


# ---- an issue that does not trade ----

HALTED = SIGMA.copy()
HALTED.loc["035420"] = 0.0
HALTED["035420"] = 0.0


@pytest.mark.parametrize(
    "name",
    [
        "risk_parity",
        "risk_budgeting",
        "hierarchical_risk_parity",
        "hierarchical_equal_risk",
        "nested_clusters",
    ],
)
def test_an_issue_that_never_moved_is_named_where_its_risk_is_divided_by(name: str) -> None:
    with pytest.raises(DataError) as caught:
        SOLVERS[name](good(Sigma=HALTED))
    assert "035420" in caught.value.detail["symbols"]


def test_an_issue_without_risk_that_earns_has_no_best_ratio_and_is_no_crash() -> None:
    with pytest.raises(SillokError, match=r"riskless|unbounded|no risk"):
        portfolio.maximum_sharpe(good(Sigma=HALTED))


@pytest.mark.parametrize("name", ["ledoit_wolf", "denoised_covariance", "gerber_covariance"])
def test_an_issue_that_never_moved_has_no_correlation_and_is_named(name: str) -> None:
    still = RETURNS.assign(**{"035420": 0.0})
    with pytest.raises(DataError) as caught:
        ESTIMATORS[name](still)
    assert "035420" in caught.value.detail["symbols"]


# ---- returns ----


@every_estimator
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_missing_return_names_its_issue_whatever_is_estimated(name: str, value: float) -> None:
    holed = RETURNS.copy()
    holed.iloc[7, 1] = value
    with pytest.raises(DataError) as caught:
        ESTIMATORS[name](holed)
    assert "000660" in caught.value.detail["symbols"]


@every_estimator
def test_returns_of_a_listing_too_young_are_named(name: str) -> None:
    young = RETURNS.copy()
    young.iloc[:50, 3] = np.nan
    with pytest.raises(DataError) as caught:
        ESTIMATORS[name](young)
    assert "051910" in str(caught.value)


@every_estimator
def test_returns_of_an_issue_named_twice_are_refused(name: str) -> None:
    twice = RETURNS.set_axis(["005930", "005930", "035420", "051910"], axis=1)
    with pytest.raises(DataError, match="twice") as caught:
        ESTIMATORS[name](twice)
    assert "005930" in caught.value.detail["symbols"]


@every_estimator
def test_no_returns_at_all_are_refused(name: str) -> None:
    for empty in (RETURNS.iloc[:0], RETURNS.iloc[:, :0], RETURNS.iloc[:1]):
        with pytest.raises(SillokError):
            ESTIMATORS[name](empty)


# ---- scenarios ----


@every_tail
def test_a_missing_scenario_names_its_issue(name: str) -> None:
    holed = RETURNS.copy()
    holed.iloc[3, 2] = np.nan
    with pytest.raises(DataError) as caught:
        TAILS[name](holed)
    assert "035420" in caught.value.detail["symbols"]


@every_tail
def test_scenarios_without_rows_or_issues_are_refused(name: str) -> None:
    for empty in (RETURNS.iloc[:0], RETURNS.iloc[:, :0]):
        with pytest.raises(DataError):
            TAILS[name](empty)


@every_tail
def test_a_return_a_year_is_refused_where_returns_are_a_period(name: str) -> None:
    with pytest.raises(ConfigError, match="min_return_period"):
        TAILS[name](RETURNS, Limits(min_return_annual=0.05))


@pytest.mark.parametrize("p", [0.5, -1 / 60, np.nan])
def test_probabilities_that_are_none_are_refused(p: float) -> None:
    chance = pd.Series(1 / 60, RETURNS.index)
    chance.iloc[0] = p
    with pytest.raises(DataError, match=r"probability|probabilities"):
        Scenarios(RETURNS, chance)


def test_probabilities_on_other_rows_are_refused() -> None:
    with pytest.raises(DataError, match="index"):
        Scenarios(RETURNS, pd.Series(1 / 60, RETURNS.index + 1))


def test_nothing_given_is_changed() -> None:
    """A function that mends its inputs in place would poison the next."""
    data, before = good(), SIGMA.copy()
    for solve in SOLVERS.values():
        solve(data)
    pd.testing.assert_frame_equal(SIGMA, before)
    pd.testing.assert_series_equal(data.mu, pd.Series([0.05, 0.08, 0.02, 0.06], NAMES))
