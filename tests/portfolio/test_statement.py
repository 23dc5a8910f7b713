"""The general statement, solved again and again, made exact, and pinned to the direct methods."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest

from sillok.errors import ConfigError, SolverError
from sillok.portfolio import Data, GroupLimit, Limits
from sillok.portfolio.direct import applies, arrays, solve_direct
from sillok.portfolio.lagrangian import Lagrangian
from sillok.portfolio.polish import polish, prove
from sillok.portfolio.solve import solve, solved
from sillok.portfolio.statement import Goal, Kind, Statement
from sillok.risk import FactorCovariance

GOALS = [
    Goal("variance"),
    Goal("tracking"),
    Goal("utility", 3.0),
    Goal("utility", 40.0),
    Goal("sharpe", risk_free_annual=0.005),
    Goal("return"),
]


def make(seed: int, N: int = 12, *, factor: bool = False) -> Data:
    rng = np.random.default_rng(seed)
    B, d = rng.normal(0.1, 0.1, (N, 3)), rng.uniform(0.01, 0.1, N)
    labels = pd.Index([f"{i:06d}" for i in range(N)])
    model = FactorCovariance(pd.DataFrame(B, labels), pd.DataFrame(np.eye(3)), pd.Series(d, labels))
    held = rng.dirichlet(np.ones(N)) * (rng.random(N) < 0.6)
    return Data(
        model if factor else model.matrix,
        pd.Series([f"업종{i % 4}" for i in range(N)], labels),
        mu=pd.Series(rng.normal(0.06, 0.06, N), labels),
        previous=pd.Series(held / max(held.sum(), 1e-9), labels),
        benchmark=pd.Series(rng.dirichlet(np.ones(N)), labels),
    )


def stated(data: Data, limits: Limits, goal: Goal) -> float:
    answer = Statement(data, limits, goal).solve()
    assert answer.weights is not None
    return solved(data, limits, goal, answer, method="", gap=0.0).objective


KINKED = [
    {"max_turnover": 0.6},
    {"linear_cost": 0.01},
    {"linear_cost": 0.003, "impact_cost": 0.05},
    {"impact_cost": 0.1},
    {"min_weight": -0.2, "max_gross": 1.3},
    {"min_weight": -0.2, "max_short": 0.15},
    {"min_weight": -0.2, "max_gross": 1.2, "max_turnover": 0.8, "linear_cost": 0.002},
    {"max_vol_annual": 0.24, "linear_cost": 0.005},
    {"max_vol_annual": 0.24, "max_tracking_annual": 0.12},
]


@pytest.mark.parametrize("extra", KINKED, ids=" ".join)
def test_answers_with_corners_are_exact_and_within_the_limits(extra: dict[str, float]) -> None:
    data = make(len(extra) + 7 * len(str(extra)), factor="linear_cost" in extra)
    for goal in GOALS:
        limits = Limits(**{"max_weight": 0.4, "max_industry": 0.6} | extra)
        if limits.has_costs and goal.kind in {"variance", "tracking"}:
            limits = replace(limits, min_return_annual=0.05)
        found = solve(data, limits, goal)
        assert found.gap <= 1e-9, goal
        lagrangian = Lagrangian(data, limits, goal, arrays(data, limits))
        answer = Statement(data, limits, goal).solve()
        assert found.objective == pytest.approx(stated(data, limits, goal), rel=1e-5, abs=1e-7), goal
        exact = polish(lagrangian, answer)
        assert exact is not None
        assert exact.weights is not None
        assert prove(lagrangian, exact, exact.weights).violation <= 1e-12


@pytest.mark.parametrize("kind", ["variance", "tracking", "utility", "return", "sharpe"])
@pytest.mark.parametrize(
    "risk", [{}, {"max_vol_annual": 0.2}, {"max_tracking_annual": 0.1}, {"min_return_annual": 0.07}]
)
def test_the_direct_method_gives_the_statements_answer(kind: Kind, risk: dict[str, float]) -> None:
    for seed in range(3):
        data = make(seed, factor=seed == 1)
        goal = Goal(kind, 3.0, 0.01)
        for base in ({}, {"max_weight": 0.3, "max_industry": 0.5}, {"min_weight": -0.2, "max_weight": 0.5}):
            limits = Limits(**base, **risk)
            plain = arrays(data, limits)
            if not applies(plain, limits, goal):
                assert kind == "sharpe"
                continue
            answer, _ = solve_direct(plain, limits, goal)
            found = solved(data, limits, goal, answer, method="", gap=0.0)
            assert found.objective == pytest.approx(stated(data, limits, goal), rel=2e-6, abs=1e-8)
            proof = prove(Lagrangian(data, limits, goal, plain), answer, found.weights.to_numpy())
            assert proof.gap <= 1e-9
            assert proof.violation <= 1e-12


@pytest.mark.parametrize(
    ("goal", "limits", "name", "field"),
    [
        (Goal("variance"), Limits(max_weight=0.2), "budget", "budget"),
        (Goal("utility", 3.0), Limits(max_vol_annual=0.14), "vol", "max_vol_annual"),
        (Goal("tracking"), Limits(max_vol_annual=0.14), "vol", "max_vol_annual"),
        (Goal("return"), Limits(max_tracking_annual=0.1), "tracking", "max_tracking_annual"),
        (Goal("sharpe"), Limits(max_industry=0.4), None, "max_industry"),
        (Goal("utility", 3.0), Limits(max_turnover=0.5), "turnover", "max_turnover"),
        (Goal("sharpe"), Limits(max_turnover=0.5, linear_cost=0.01), "turnover", "max_turnover"),
        (Goal("variance"), Limits(min_return_annual=0.09, linear_cost=0.01), "return", "min_return_annual"),
        (Goal("variance"), Limits(min_weight=-0.2, max_short=0.1), "short", "max_short"),
    ],
)
def test_a_shadow_price_is_what_the_objective_gains(
    goal: Goal, limits: Limits, name: str | None, field: str
) -> None:
    data, step = make(5), 1e-5
    prices = solve(data, limits, goal).shadow_prices
    total = prices[name] if name else sum(p for n, p in prices.items() if n.startswith("industry"))
    at = float(getattr(limits, field))
    up, down = (solve(data, replace(limits, **{field: at + s}), goal).objective for s in (step, -step))
    sign = 1 if goal.kind in {"utility", "return", "sharpe"} else -1
    loosened = -1 if field == "min_return_annual" else 1
    assert sign * loosened * (up - down) / (2 * step) == pytest.approx(total, rel=1e-3, abs=1e-6)
    assert total != 0


@pytest.mark.parametrize("goal", GOALS, ids=lambda g: g.kind)
@pytest.mark.parametrize("factor", [False, True])
def test_a_statement_built_once_is_solved_again_with_other_numbers(goal: Goal, factor: bool) -> None:
    limits = Limits(
        max_weight=0.4,
        max_industry=0.6,
        groups=(GroupLimit("g", ("000001", "000002"), 0.05, 0.5),),
        max_turnover=0.9,
        max_vol_annual=0.3,
        linear_cost=0.002,
        impact_cost=0.01,
        min_return_annual=0.02,
    )
    built = Statement(make(0, factor=factor), limits, goal, again=True)
    problem = built.problem
    for seed in (1, 2):
        data = make(seed, factor=factor)
        changed = replace(limits, max_weight=0.3 + seed / 10, max_turnover=1.0, linear_cost=0.001 * seed)
        built.update(data, changed)
        again, anew = built.solve(), Statement(data, changed, goal).solve()
        np.testing.assert_allclose(again.weights, anew.weights, atol=2e-4)
        assert built.problem is problem


def test_a_problem_of_another_shape_is_not_forced_into_a_statement() -> None:
    data = make(0)
    built = Statement(data, Limits(max_turnover=0.9), Goal("variance"), again=True)
    for other in (Limits(), Limits(max_turnover=0.9, max_weight=np.inf), Limits(max_turnover=1, max_gross=2)):
        with pytest.raises(ConfigError, match="another shape"):
            built.update(data, other)
    with pytest.raises(ConfigError, match="another shape"):
        built.update(make(0, N=7), Limits(max_turnover=0.9))
    with pytest.raises(ConfigError, match="again=True"):
        Statement(data, Limits(), Goal("variance")).update(data, Limits())


def test_a_statement_that_cannot_be_solved_again_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cvxpy.Problem.is_dcp", lambda self, dpp=False: not dpp)
    with pytest.raises(SolverError, match="not DPP"):
        Statement(make(0), Limits(), Goal("variance"), again=True)


def test_costs_without_a_return_to_take_them_off_are_refused() -> None:
    with pytest.raises(ConfigError, match="max_turnover instead"):
        solve(make(0), Limits(linear_cost=0.01), Goal("variance"))


@pytest.mark.parametrize("goal", [Goal("utility", 3.0), Goal("sharpe"), Goal("return")], ids=lambda g: g.kind)
def test_a_problem_without_expected_returns_says_so(goal: Goal) -> None:
    with pytest.raises(ConfigError, match=r"needs Data\.mu"):
        solve(replace(make(0), mu=None), Limits(), goal)


def test_what_has_no_best_is_refused() -> None:
    with pytest.raises(SolverError, match="unbounded"):
        solve(make(0), Limits(min_weight=-np.inf, max_weight=np.inf, budget=0.0), Goal("return"))
    data = make(0)
    riskless = data.Sigma.copy()
    riskless.iloc[:, 0] = riskless.iloc[0] = 0.0
    with pytest.raises(SolverError, match="unbounded"):
        solve(replace(data, Sigma=riskless, mu=pd.Series(0.05, data.labels)), Limits(), Goal("sharpe"))


def test_without_bounds_the_answers_are_those_of_the_closed_forms() -> None:
    data = make(3)
    free = Limits(min_weight=-np.inf, max_weight=np.inf)
    S, mu, one = data.matrix(), data.mu.to_numpy(), np.ones(12)
    for kind, raw in (("variance", np.linalg.solve(S, one)), ("sharpe", np.linalg.solve(S, mu))):
        found = solve(data, free, Goal(kind))
        np.testing.assert_allclose(found.weights, raw / raw.sum(), atol=1e-10)
    tight = np.linalg.solve(S, one) / (one @ np.linalg.solve(S, one))
    tilt = np.linalg.solve(S, mu) - tight * (one @ np.linalg.solve(S, mu))
    found = solve(data, free, Goal("utility", 7.0))
    np.testing.assert_allclose(found.weights, tight + tilt / 7.0, atol=1e-10)


def test_weights_that_grow_without_end_are_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    data = make(0)
    statement = Statement(data, Limits(max_turnover=1.5), Goal("variance"))
    statement.solve()
    monkeypatch.setattr(cp.Problem, "solve", lambda self, **given: None)
    for variable in statement.problem.variables():
        if variable.name() == "w":
            variable.value = np.full(variable.shape, 1e200)
    with pytest.raises(SolverError, match="went astray"):
        statement.solve()
