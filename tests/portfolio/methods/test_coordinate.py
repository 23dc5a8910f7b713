"""Coordinate descent: budgets met, whatever the scale and the correlations, and refused where nothing meets them."""

import numpy as np
import pytest

from sillok.errors import SolverError
from sillok.portfolio.methods.coordinate import budget_risk
from sillok.portfolio.methods.forms import DenseForm, FactorForm


def parts(P: np.ndarray, x: np.ndarray) -> np.ndarray:
    found = x * (P @ x)
    return found / found.sum()


@pytest.mark.parametrize("common", [0.0, 0.5, -0.5])
def test_budgets_are_met_by_hundreds_of_covariances(common: float) -> None:
    for seed in range(120):
        rng = np.random.default_rng(seed)
        N = int(rng.integers(1, 40))
        G = rng.normal(size=(N, 2 * N)) + common * rng.normal(size=(1, 2 * N))
        units = 10.0 ** rng.uniform(-3, 1, N)
        P = G @ G.T * np.outer(units, units)
        b = np.maximum(rng.dirichlet(np.full(N, rng.choice([0.3, 1.0, 50.0]))), 1e-6)
        b /= b.sum()
        found = budget_risk(DenseForm(P), b)
        np.testing.assert_allclose(parts(P, found.x), b, rtol=2e-9)
        assert found.variance == pytest.approx(found.x @ P @ found.x, rel=1e-9)
        assert found.x.sum() == pytest.approx(1, abs=1e-14)


def test_the_factor_form_gives_the_same_portfolio() -> None:
    rng = np.random.default_rng(0)
    B, d, b = rng.normal(0.1, 0.1, (40, 4)), rng.uniform(0.001, 0.1, 40), rng.dirichlet(np.ones(40))
    dense = budget_risk(DenseForm(B @ B.T + np.diag(d)), b)
    np.testing.assert_allclose(budget_risk(FactorForm(B, d), b).x, dense.x, rtol=1e-7)


def test_without_correlation_weights_are_budgets_roots_over_volatility() -> None:
    v, b = np.array([0.01, 0.04, 0.09]), np.array([0.25, 0.25, 0.5])
    wanted = np.sqrt(b / v)
    np.testing.assert_allclose(budget_risk(DenseForm(np.diag(v)), b).x, wanted / wanted.sum(), rtol=1e-12)


def test_what_the_descent_is_too_slow_for_newton_ends() -> None:
    # Neighbours that nearly cancel: a hundred sweeps would not do.
    N = 30
    P = np.eye(N) - 0.4999 * (np.eye(N, k=1) + np.eye(N, k=-1))
    found = budget_risk(DenseForm(P), np.full(N, 1 / N))
    np.testing.assert_allclose(parts(P, found.x), 1 / N, rtol=2e-9)


def test_a_mix_without_risk_has_no_budgets() -> None:
    with pytest.raises(SolverError, match="next to no risk"):
        budget_risk(DenseForm(np.array([[1.0, -1.0], [-1.0, 1.0]])), np.array([0.3, 0.7]))
