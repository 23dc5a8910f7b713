"""The active set finds the least of a quadratic programme, and proves it."""

from __future__ import annotations

import numpy as np
import pytest

from sillok.portfolio.methods.active_set import Answer, active_set
from sillok.portfolio.methods.forms import DenseForm, FactorForm, Form


def _market(
    N: int, *, seed: int, K: int = 5, T: int = 400
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return mu, the sample covariance of T days, and the factors that made them."""
    rng = np.random.default_rng(seed)
    B = rng.normal(0, 0.05, (N, K))
    B[:, 0] = rng.normal(0.2, 0.06, N)
    d = rng.uniform(0.1, 0.4, N) ** 2
    returns = rng.normal(size=(T, K)) @ B.T + rng.normal(size=(T, N)) * np.sqrt(d)
    return returns.mean(axis=0), np.cov(returns.T).reshape(N, N), B, d


def _long_only(form: Form, q: np.ndarray, *, most: float = 1.0) -> Answer:
    N = len(q)
    return active_set(form, q, np.ones((1, N)), np.ones(1), np.ones(1), np.zeros(N), np.full(N, most))


@pytest.mark.parametrize("N", [1, 2, 20, 150])
@pytest.mark.parametrize("appetite", [0.0, 0.3, 3.0])
def test_signs_and_stationarity_prove_the_answer(N: int, appetite: float) -> None:
    mu, S, B, d = _market(N, seed=N)
    for form, P in ((DenseForm(S), S), (FactorForm(B, d), B @ B.T + np.diag(d))):
        most = max(0.1, 1.0 / N)
        a = _long_only(form, -appetite * mu, most=most)
        assert a.x.min() >= 0
        assert a.x.max() <= most
        assert a.x.sum() == pytest.approx(1, abs=1e-14)
        assert P @ a.x - appetite * mu == pytest.approx(a.y[0] + a.z, abs=1e-13)
        assert (a.z[a.x > 0] <= 1e-13).all()
        assert (a.z[a.x < most] >= -1e-13).all()
        assert a.gap <= 1e-12


def test_the_factor_form_answers_as_its_dense_matrix_does() -> None:
    _, _, B, d = _market(60, seed=3)
    q = np.linspace(-0.02, 0.02, 60)
    by_factors, by_matrix = _long_only(FactorForm(B, d), q), _long_only(DenseForm(B @ B.T + np.diag(d)), q)
    assert by_factors.x == pytest.approx(by_matrix.x, abs=1e-12)


def test_an_answer_given_as_start_is_found_again_at_once() -> None:
    _, S, _, _ = _market(80, seed=5)
    cold = _long_only(DenseForm(S), np.zeros(80))
    N = 80
    warm = active_set(
        DenseForm(S),
        np.zeros(N),
        np.ones((1, N)),
        np.ones(1),
        np.ones(1),
        np.zeros(N),
        np.ones(N),
        start=cold.state,
    )
    assert cold.steps > warm.steps == 1
    assert warm.x == pytest.approx(cold.x, abs=1e-14)
