"""The active set finds the least of a quadratic programme, and proves it."""

from __future__ import annotations

import tracemalloc

import cvxpy as cp
import numpy as np
import pytest

from sillok.errors import InfeasibleError, SolverError
from sillok.portfolio.methods.active_set import Answer, active_set
from sillok.portfolio.methods.forms import DenseForm, FactorForm, Form
from sillok.portfolio.methods.pivot import guess, pivot
from sillok.portfolio.methods.program import Program


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


def test_a_solver_of_cones_finds_nothing_better_under_rows_of_every_kind() -> None:
    mu, S, _, _ = _market(40, seed=8)
    industry = np.arange(40) % 5
    G = (industry == np.arange(5)[:, None]).astype(float)
    A = np.vstack([np.ones(40), G, mu])
    low = np.r_[1.0, np.full(5, 0.1), np.quantile(mu, 0.7)]
    high = np.r_[1.0, np.full(5, 0.3), np.inf]
    lb, ub = np.full(40, -0.02), np.full(40, 0.15)
    a = active_set(DenseForm(S), np.zeros(40), A, low, high, lb, ub)
    w = cp.Variable(40)
    root = np.linalg.cholesky(S).T
    limits = [A[0] @ w == 1, A[1:6] @ w >= 0.1, A[1:6] @ w <= 0.3, A[6] @ w >= low[6], w >= lb, w <= ub]
    found = cp.Problem(cp.Minimize(cp.sum_squares(root @ w)), limits).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-13, tol_gap_rel=1e-13, tol_feas=1e-13
    )
    assert a.x @ S @ a.x == pytest.approx(found, rel=1e-10)
    assert a.x == pytest.approx(w.value, abs=1e-6)
    assert (A @ a.x >= low - 1e-14).all()
    assert (A @ a.x <= high + 1e-14).all()
    assert np.flatnonzero(a.y).size > 2  # rows other than the budget hold the answer back


Problem = tuple[
    np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray
]


def _degenerate(seed: int) -> Problem:
    """Return B, d, q, A, low, high, lb, ub: small, and wrong in some way that a general method stumbles over."""
    rng = np.random.default_rng(seed)
    N = int(rng.choice([1, 2, 3, 5, 12, 40]))
    K = int(rng.integers(0, min(N, 6) + 1))
    B, d = rng.normal(0, 0.2, (N, K)), rng.uniform(0.01, 0.1, N)
    match seed % 6:
        case 0:
            d[:] = 0  # fewer factors than issues, and nothing else
        case 1:
            d[rng.random(N) < 0.4] = 0
        case 2:
            B[N // 2 : 2 * (N // 2)] = B[: N // 2]  # each issue twice
            d[:] = 0
        case 3:
            still = rng.random(N) < 0.3
            d[still], B[still] = 0, 0  # never moved
        case 4:
            B[:], d[:] = 0, 0  # no risk at all: a linear programme
    mu = np.round(rng.normal(0.05, 0.1, N), 2)
    q = -mu * rng.choice([0, 1e-3, 0.3, 1, 100])
    inside = rng.dirichlet(np.ones(N))
    lb, ub = np.zeros(N), np.ones(N)
    match int(rng.integers(0, 5)):
        case 1:
            ub[:] = 1 / N  # one point is left
        case 2:
            lb, ub = np.minimum(lb, -rng.uniform(0, 0.5, N)), inside + 0.2
        case 3:
            lb = np.where(rng.random(N) < 0.5, inside, 0.0)  # some bounds touch the point that is known
            ub = np.where(rng.random(N) < 0.3, inside, 1.0)
        case 4:
            lb, ub = np.full(N, -3.0), np.full(N, 3.0)
    inside = np.full(N, 1 / N) if (ub == 1 / N).all() else inside
    rows, low, high = [np.ones(N)], [1.0], [1.0]
    for _ in range(int(rng.integers(0, 5))):
        a = [(rng.random(N) < 0.4).astype(float), rng.normal(1, 0.5, N), mu][int(rng.integers(0, 3))]
        value, slack = float(a @ inside), float(rng.choice([0, 0.1]))
        rows.append(a)
        kind = int(rng.integers(0, 3))
        low.append(-np.inf if kind == 0 else value - slack)
        high.append(np.inf if kind == 1 else value + slack)
    if seed % 5 == 0:  # a row said twice
        rows.append(2 * rows[-1])
        low.append(2 * low[-1])
        high.append(2 * high[-1])
    return B, d, q, np.array(rows), np.array(low), np.array(high), lb, ub


@pytest.mark.parametrize("seeds", [range(k, k + 40) for k in range(0, 240, 40)], ids=lambda r: f"from {r[0]}")
def test_degenerate_problems_are_solved_and_proved_in_both_forms(seeds: range) -> None:
    for seed in seeds:
        B, d, q, A, low, high, lb, ub = _degenerate(seed)
        P = B @ B.T + np.diag(d)
        values = []
        for form in (FactorForm(B, d), DenseForm(P)):
            a = active_set(form, q, A, low, high, lb, ub)
            z = P @ a.x + q - a.y @ A
            best = sum(
                np.where(
                    price > 0,
                    price * least,
                    np.where(price < 0, price * np.where(np.isfinite(most), most, 0), 0),
                ).sum()
                for price, least, most in ((a.y, np.where(np.isfinite(low), low, 0), high), (z, lb, ub))
            )
            size = max(
                0.5 * a.x @ P @ a.x + abs(q @ a.x), 1e-6 * np.diag(P).mean() * np.abs(a.x).sum() ** 2, 1e-15
            )
            assert (P @ a.x + q) @ a.x - best <= 1e-9 * size + 1e-14 * np.abs(ub - lb).sum(), seed
            assert (a.y[np.isinf(low)] <= 0).all(), seed
            assert (a.y[np.isinf(high)] >= 0).all(), seed
            violation = max((low - A @ a.x).max(), (A @ a.x - high).max(), (lb - a.x).max(), (a.x - ub).max())
            assert violation <= 1e-12, seed
            values.append(0.5 * a.x @ P @ a.x + q @ a.x)
        assert values[0] == pytest.approx(values[1], rel=1e-9, abs=1e-13), seed


@pytest.mark.parametrize(
    ("A", "low", "high", "ub"),
    [
        ([[1, 1, 1]], [1], [1], 0.3),
        ([[1, 1, 1], [1, 1, 0]], [1, 1.2], [1, np.inf], 1.0),
        ([[1, 1, 1], [2, 2, 2]], [1, 2.1], [1, 2.1], 1.0),
    ],
    ids=["caps hold too little", "a group holds more than all", "two budgets"],
)
def test_rows_that_contradict_one_another_are_said_to(
    A: list[list[float]], low: list[float], high: list[float], ub: float
) -> None:
    form = DenseForm(np.diag([1.0, 2.0, 3.0]))
    rows, least, most = np.array(A, dtype=float), np.array(low, dtype=float), np.array(high, dtype=float)
    with pytest.raises(InfeasibleError, match="no point meets"):
        active_set(form, np.zeros(3), rows, least, most, np.zeros(3), np.full(3, ub))


def test_an_objective_without_a_least_value_is_refused() -> None:
    form = FactorForm(np.zeros((2, 0)), np.zeros(2))
    q, one, free = np.array([-0.1, -0.2]), np.ones(1), np.full(2, np.inf)
    with pytest.raises(SolverError, match="bounded"):
        active_set(form, q, np.ones((1, 2)), one, one, -free, free)


def test_what_big_steps_cannot_settle_is_settled_all_the_same() -> None:
    mu, _, B, d = _market(120, seed=11)
    industry = np.arange(120) % 12
    A = np.vstack([np.ones(120), (industry == np.arange(12)[:, None]).astype(float)])
    low, high = np.r_[1.0, np.full(12, 0.02)], np.r_[1.0, np.full(12, 0.15)]
    program = Program.of(FactorForm(B, d), -30 * mu, A, low, high, np.full(120, -0.05), np.full(120, 0.05))
    assert not pivot(program, guess(program)).settled
    a = active_set(*program[:7])
    assert a.gap <= 1e-12
    assert np.abs(a.z).max() > 0


def test_a_riskless_portfolio_among_risky_ones_is_found() -> None:
    # Two issues that mirror one another, and one by itself.
    S = np.array([[0.04, -0.04, 0.0], [-0.04, 0.04, 0.0], [0.0, 0.0, 0.01]])
    a = _long_only(DenseForm(S), np.zeros(3))
    assert a.x @ S @ a.x == pytest.approx(0, abs=1e-16)
    assert a.x.sum() == pytest.approx(1, abs=1e-14)


def test_factors_are_never_multiplied_out() -> None:
    N, rng = 20_000, np.random.default_rng(1)
    form = FactorForm(rng.normal(0.1, 0.1, (N, 5)), rng.uniform(0.01, 0.1, N))
    tracemalloc.start()
    a = _long_only(form, np.zeros(N))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert a.gap <= 1e-9
    assert peak < 100e6  # N x N would be 3,200 MB


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_units_of_the_covariance_do_not_change_the_weights(scale: float) -> None:
    _, S, _, _ = _market(50, seed=13)
    assert _long_only(DenseForm(scale * S), np.zeros(50)).x == pytest.approx(
        _long_only(DenseForm(S), np.zeros(50)).x, abs=1e-12
    )


def test_multipliers_are_what_a_unit_more_of_a_limit_costs() -> None:
    mu, S, _, _ = _market(30, seed=17)
    A, lb, ub = np.vstack([np.ones(30), mu]), np.zeros(30), np.full(30, 0.2)

    def least(budget: float, earned: float, cap: float) -> Answer:
        top = ub.copy()
        top[heaviest] = cap
        return active_set(
            DenseForm(S), np.zeros(30), A, np.array([budget, earned]), np.array([budget, np.inf]), lb, top
        )

    def value(a: Answer) -> float:
        return float(0.5 * a.x @ S @ a.x)

    earned, heaviest = float(np.quantile(mu, 0.9)), 0
    heaviest = int(least(1.0, earned, 0.2).x.argmax())
    cap, h = 0.05, 1e-5
    a = least(1.0, earned, cap)
    assert a.y[1] > 0 > a.z[heaviest]
    for price, up, down in (
        (a.y[0], least(1 + h, earned, cap), least(1 - h, earned, cap)),
        (a.y[1], least(1.0, earned + h, cap), least(1.0, earned - h, cap)),
        (a.z[heaviest], least(1.0, earned, cap + h), least(1.0, earned, cap - h)),
    ):
        assert price == pytest.approx((value(up) - value(down)) / (2 * h), rel=1e-5)
