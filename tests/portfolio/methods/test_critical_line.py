"""The critical line: each corner and each point between two is proven efficient, ties and lost rank included."""

import numpy as np
import pytest

from sillok.errors import InfeasibleError, SolverError
from sillok.portfolio.methods.critical_line import Corners, critical_line
from sillok.portfolio.methods.forms import DenseForm, FactorForm


def worst_gap(P: np.ndarray, mu: np.ndarray, rows: tuple, bounds: tuple, line: Corners) -> float:
    """Bound how far corners and middles are from the best, by their own multipliers (Wolfe's dual)."""
    (A, low, high), (lb, ub) = rows, bounds

    def with_middles(a: np.ndarray) -> np.ndarray:
        return np.concatenate([a, (a[1:] + a[:-1]) / 2])

    X, t, Y = (with_middles(a) for a in line[:3])
    Z, at = X @ P - t[:, None] * mu - Y @ A, X @ A.T
    gap = (np.maximum(Z, 0) * (X - lb) + np.minimum(Z, 0) * (X - ub)).sum(axis=1)
    side = np.where(Y > 0, low, np.where(Y < 0, high, 0.0))
    gap += np.where(Y != 0, Y * (at - side), 0.0).sum(axis=1)
    size = np.maximum(np.einsum("ij,jk,ik->i", X, P, X), 1e-3 * P.diagonal().mean() + 1e-9) + t * np.abs(
        X @ mu
    )
    broken = max((lb - X).max(), (X - ub).max(), (low - at).max(), (at - high).max())
    assert broken < 1e-11
    return float((np.abs(gap) / size).max())


def problem(seed: int) -> tuple:
    """Make a problem with ties, duplicates, lost rank, touching bounds and rows, as the seed has it."""
    rng = np.random.default_rng(seed)
    N = int(rng.integers(1, 26))
    G = rng.normal(size=(N, int(rng.choice([max(1, N // 3), N, 3 * N + 1])))) * 0.1
    P, mu = G @ G.T, rng.normal(0.05, 0.1, N)
    kind = rng.integers(0, 7)
    if kind == 0:
        mu[:] = 0.05
    elif kind == 1:
        mu = np.round(mu, 1)
    elif kind == 2:
        same = np.where(rng.random(N) < 0.5, rng.integers(0, N, N), np.arange(N))
        P, mu = P[np.ix_(same, same)], mu[same]
    elif kind == 3:
        P[0] = P[:, 0] = 0
    lb, ub = np.zeros(N), np.ones(N)
    limits = rng.integers(0, 4)
    if limits == 1:
        ub[:] = rng.choice([1, 2, 3]) / N
    elif limits == 2:
        lb[:] = -0.5
    elif limits == 3:
        lb[0] = ub[0] = 1 / N
    inside = lb + (ub - lb) * (1 - lb.sum()) / max((ub - lb).sum(), 1e-300)
    A, low, high = [np.ones(N)], [1.0], [1.0]
    for _ in range(int(rng.choice([0, 0, 1, 3]))):
        a = rng.normal(size=N) if rng.random() < 0.5 else (rng.random(N) < 0.4).astype(float)
        A.append(a)
        low.append(rng.choice([-np.inf, a @ inside - 0.05, a @ inside]))
        high.append(a @ inside + rng.choice([0.0, 0.1]))
    return P, mu, (np.array(A), np.array(low), np.array(high)), (lb, ub)


def test_every_corner_and_middle_of_hundreds_of_problems_is_efficient() -> None:
    worst = {}
    for seed in range(400):
        P, mu, rows, bounds = problem(seed)
        line = critical_line(DenseForm(P), mu, *rows, *bounds)
        assert np.all(np.diff(line.tolerance) >= 0)
        assert np.all(np.diff(line.returns) >= -1e-12)
        worst[seed] = worst_gap(P, mu, rows, bounds, line)
    assert max(worst.values()) < 1e-9


@pytest.mark.parametrize("seed", range(8))
def test_the_factor_form_walks_the_same_line(seed: int) -> None:
    rng = np.random.default_rng(seed)
    B, d, mu = rng.normal(0, 0.1, (30, 3)), rng.uniform(0.001, 0.02, 30), rng.normal(0.05, 0.1, 30)
    rest = (mu, np.ones((1, 30)), np.ones(1), np.ones(1), np.zeros(30), np.full(30, 0.2))
    left, right = (
        critical_line(FactorForm(B, d), *rest),
        critical_line(DenseForm(B @ B.T + np.diag(d)), *rest),
    )
    for t in np.linspace(0, right.tolerance[-1], 50):
        for a, b in zip(left.weights.T, right.weights.T, strict=True):
            assert np.interp(t, left.tolerance, a) == pytest.approx(
                np.interp(t, right.tolerance, b), abs=1e-10
            )


def test_with_equal_returns_the_line_is_the_portfolio_of_least_variance() -> None:
    v = np.array([0.01, 0.02, 0.04])
    line = critical_line(
        DenseForm(np.diag(v)),
        np.full(3, 0.07),
        np.ones((1, 3)),
        np.ones(1),
        np.ones(1),
        np.zeros(3),
        np.ones(3),
    )
    for w in line.weights:
        np.testing.assert_allclose(w, (1 / v) / (1 / v).sum(), atol=1e-13)


def test_among_the_highest_returns_the_least_variance_ends_the_line() -> None:
    P, mu = np.diag([0.01, 0.02, 0.04]), np.array([0.05, 0.1, 0.1])
    line = critical_line(DenseForm(P), mu, np.ones((1, 3)), np.ones(1), np.ones(1), np.zeros(3), np.ones(3))
    np.testing.assert_allclose(line.weights[-1], [0, 2 / 3, 1 / 3], atol=1e-12)


def test_bounds_and_rows_that_nothing_keeps_are_refused() -> None:
    P, mu, one = DenseForm(np.eye(3)), np.arange(3.0), np.ones(1)
    with pytest.raises(InfeasibleError, match=r"let the budget be 0 to 0\.6, not 1"):
        critical_line(P, mu, np.ones((1, 3)), one, one, np.zeros(3), np.full(3, 0.2))
    rows = np.array([[1.0, 1, 1], [1, 1, 0]])
    with pytest.raises(InfeasibleError, match="no portfolio is within the limits"):
        critical_line(P, mu, rows, np.array([1.0, 1.5]), np.array([1.0, 2]), np.zeros(3), np.ones(3))


def test_a_return_without_end_is_refused() -> None:
    free, rows = np.full(3, np.inf), np.array([[1.0, 1, 1], [1, 2, 3]])
    with pytest.raises(SolverError, match="highest return was not found"):
        critical_line(
            DenseForm(np.eye(3)),
            np.arange(3.0),
            rows,
            np.array([1.0, 0]),
            np.array([1.0, np.inf]),
            -free,
            free,
        )
