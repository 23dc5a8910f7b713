"""The optimiser: the laws its answer keeps, closed forms, and how it says no."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import ConfigError, DataError, SolverError
from sillok.portfolio import Data, Limits, minimum_variance, track_benchmark
from sillok.portfolio.statement import Answer, Statement
from sillok.risk import portfolio_volatility


def make(N: int = 8, seed: int = 0) -> Data:
    rng = np.random.default_rng(seed)
    F = rng.normal(0.1, 0.05, (N, 2))
    Sigma = F @ F.T + np.diag(rng.uniform(0.01, 0.2, N))
    symbols = [f"{i:06d}" for i in range(N)]
    return Data(
        pd.DataFrame(Sigma, symbols, symbols), pd.Series([f"업종{i % 3}" for i in range(N)], index=symbols)
    )


seeds = st.integers(0, 10_000)


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(2, 20), st.floats(0.0, 1.0), st.booleans())
def test_weights_keep_budget_and_bounds(seed: int, N: int, slack: float, by_industry: bool) -> None:
    data = make(N, seed)
    cap = 1 / N + slack * (1 - 1 / N)
    limits = Limits(max_weight=cap, max_industry=0.6 if by_industry and N >= 6 else None)
    w = minimum_variance(data, limits).weights
    assert w.sum() == pytest.approx(1, abs=1e-6)
    assert w.between(0, cap).all()
    if limits.max_industry:
        assert w.groupby(data.industry).sum().max() <= limits.max_industry + 1e-5


@settings(max_examples=25, deadline=None)
@given(seeds, st.randoms(use_true_random=False))
def test_the_order_of_issues_does_not_matter(seed: int, random: object) -> None:
    data = make(seed=seed)
    order = list(data.Sigma.index)
    random.shuffle(order)  # type: ignore[attr-defined]
    mixed = Data(data.Sigma.loc[order, order], data.industry[order])
    limits = Limits(max_weight=0.3, max_industry=0.6)
    found = minimum_variance(mixed, limits).weights[data.Sigma.index]
    np.testing.assert_allclose(found, minimum_variance(data, limits).weights, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(seeds, st.floats(1e-4, 1e4))
def test_the_unit_of_risk_does_not_matter(seed: int, k: float) -> None:
    data = make(seed=seed)
    limits = Limits(max_weight=0.3)
    scaled = minimum_variance(Data(data.Sigma * k, data.industry), limits)
    plain = minimum_variance(data, limits)
    np.testing.assert_allclose(scaled.weights, plain.weights, atol=1e-4)
    assert scaled.vol_annual == pytest.approx(plain.vol_annual * np.sqrt(k), rel=1e-4)


@pytest.mark.parametrize("N", [1, 2, 7, 50])
def test_equal_variances_without_correlation_give_equal_weights(N: int) -> None:
    symbols = [str(i) for i in range(N)]
    data = Data(pd.DataFrame(np.eye(N) * 0.04, symbols, symbols), pd.Series("업종", index=symbols))
    np.testing.assert_allclose(minimum_variance(data).weights, 1 / N, atol=1e-6)


def test_without_correlation_weights_are_inverse_to_variance() -> None:
    v = np.array([0.01, 0.02, 0.04])
    data = Data(
        pd.DataFrame(np.diag(v), list("abc"), list("abc")), pd.Series(["x", "y", "z"], index=list("abc"))
    )
    np.testing.assert_allclose(minimum_variance(data).weights, (1 / v) / (1 / v).sum(), atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_no_random_portfolio_within_the_limits_has_less_risk(seed: int) -> None:
    data = make(seed=seed)
    found = minimum_variance(data, Limits(max_weight=0.4))
    others = np.random.default_rng(seed).dirichlet(np.ones(8), 500)
    others = others[others.max(axis=1) <= 0.4]
    risks = np.sqrt(np.einsum("ki,ij,kj->k", others, data.Sigma.to_numpy(), others))
    assert found.vol_annual <= risks.min() + 1e-9


def test_the_answer_is_that_of_the_textbook_formulation() -> None:
    data = make(12, 3)
    w = cp.Variable(12)
    G = pd.get_dummies(data.industry).T.to_numpy(dtype=float)
    plain = cp.Problem(
        cp.Minimize(cp.quad_form(w, cp.psd_wrap(data.Sigma.to_numpy()))),
        [cp.sum(w) == 1, w >= 0, w <= 0.2, G @ w <= 0.4],
    )
    plain.solve(solver=cp.CLARABEL)
    found = minimum_variance(data, Limits(max_weight=0.2, max_industry=0.4))
    np.testing.assert_allclose(found.weights, w.value, atol=1e-4)
    assert any(name.startswith("max_weight") for name in found.binding)


def test_a_singular_covariance_is_solved() -> None:
    r = np.random.default_rng(0).normal(0, 0.01, (10, 30))
    symbols = [str(i) for i in range(30)]
    data = Data(pd.DataFrame(np.cov(r.T), symbols, symbols), pd.Series("업종", index=symbols))
    assert minimum_variance(data, Limits(max_weight=0.1)).weights.sum() == pytest.approx(1, abs=1e-6)


def test_a_loose_risk_limit_gives_the_benchmark_itself() -> None:
    data = make()
    b = pd.Series(1 / 8, index=data.Sigma.index)
    found = track_benchmark(replace(data, benchmark=b), Limits(max_vol_annual=10.0))
    np.testing.assert_allclose(found.weights, b, atol=1e-4)
    assert found.tracking_annual == pytest.approx(0, abs=1e-4)


def test_a_tight_risk_limit_is_kept_and_named_as_binding() -> None:
    data = make()
    b = pd.Series(1 / 8, index=data.Sigma.index)
    least = minimum_variance(data).vol_annual
    limit = 0.5 * (least + portfolio_volatility(b, data.Sigma))
    found = track_benchmark(replace(data, benchmark=b), Limits(max_vol_annual=limit))
    assert found.vol_annual == pytest.approx(limit, rel=1e-4)
    assert "vol" in found.binding


@pytest.mark.parametrize("status", [cp.OPTIMAL, cp.OPTIMAL_INACCURATE])
def test_only_an_optimal_answer_is_accepted(monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    def poor(statement: Statement, *, tight: bool = False) -> Answer:
        names, N = len(statement.terms.rows.names), len(statement.terms.lb)
        return Answer(np.full(N, 1 / N), np.zeros(names), np.zeros(N), {}, status)

    monkeypatch.setattr(Statement, "solve", poor)
    monkeypatch.setattr("sillok.portfolio.solve.polish", lambda lagrangian, answer: None)
    monkeypatch.setattr("sillok.portfolio.solve.solve_pieces", lambda lagrangian, goal: None)
    with pytest.raises(SolverError, match="only an optimal one is accepted"):
        minimum_variance(make(), Limits(max_turnover=1.5))


@pytest.mark.parametrize(
    "bad", [{"max_weight": 0}, {"max_weight": 10}, {"max_industry": -1}, {"max_vol_annual": 0}]
)
def test_a_limit_out_of_range_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="must"):
        Limits(**bad)


def test_facts_on_other_labels_are_refused() -> None:
    data = make()
    with pytest.raises(DataError, match="not on the same labels"):
        Data(data.Sigma, data.industry.iloc[1:])
    with pytest.raises(DataError, match="missing values"):
        Data(data.Sigma * np.nan, data.industry)
    with pytest.raises(DataError, match="universe is empty"):
        Data(data.Sigma.iloc[:0, :0], data.industry.iloc[:0])


def test_what_is_no_covariance_is_refused() -> None:
    bad = pd.DataFrame([[1.0, 2.0], [2.0, 1.0]], list("ab"), list("ab"))
    with pytest.raises(DataError, match="not positive semidefinite"):
        minimum_variance(Data(bad, pd.Series("업종", index=list("ab"))))


def test_a_benchmark_that_does_not_add_up_is_refused() -> None:
    data = make()
    with pytest.raises(DataError, match="add up to"):
        replace(data, benchmark=pd.Series(0.1, index=data.labels))
