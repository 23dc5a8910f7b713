"""Every direct method against what is known without it: a thousand problems each, most of them degenerate.

An answer is held to a proof from the inputs (`proofs`), and to a statement in cvxpy that is written here anew.
"""

from __future__ import annotations

import warnings

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest

from sillok.errors import InfeasibleError, SillokError, SolverError
from sillok.portfolio import (
    Box,
    Data,
    Ellipsoid,
    efficient_frontier,
    maximum_sharpe,
    mean_variance,
    minimum_cvar,
    minimum_variance,
    risk_budgeting,
    worst_case,
)
from tests.portfolio import proofs
from tests.portfolio.cases import KINDS, Case, cases, factor_covariance, labels, make_case

COUNT = 1_000
GAP = 1e-9  # of the objective
DUST = 1e-13  # of the mean variance: where the least there is is zero, nothing is relative to it
OUT = 1e-12  # of a weight


def faults_of(case: Case, w: pd.Series, gap: float, value: float, scale: float) -> list[str]:
    """Tell what is wrong with an answer, in words that name the problem."""
    x = w.to_numpy()
    told = []
    if not w.index.equals(labels(len(x))):
        told.append("other labels")
    if not np.isfinite(x).all():
        return [f"{case.kind}: weights that are not numbers"]
    if (off := case.room.violation(x)) > OUT:
        told.append(f"a limit missed by {off:.2g}")
    if not gap <= GAP * abs(value) + DUST * scale:
        told.append(f"{gap:.2g} above the least, of {value:.3g}")
    return [f"{case.kind}: {fault}" for fault in told]


def test_least_variance_is_proved_for_a_thousand_problems() -> None:
    wrong = []
    for k, case in enumerate(cases(COUNT)):
        w = minimum_variance(case.data(), case.limits()).weights
        x = w.to_numpy()
        gap = proofs.quadratic_gap(case.Sigma, np.zeros(len(x)), x, case.room)
        wrong += [f"{k} {f}" for f in faults_of(case, w, gap, float(x @ case.Sigma @ x) / 2, case.scale)]
    assert wrong == []


def test_best_utility_is_proved_for_a_thousand_problems() -> None:
    wrong = []
    for k, case in enumerate(cases(COUNT)):
        aversion = (0.5, 4.0, 100.0)[k % 3]
        w = mean_variance(case.data(), case.limits(), risk_aversion=aversion).weights
        x = w.to_numpy()
        gap = proofs.quadratic_gap(aversion * case.Sigma, -case.mu, x, case.room)
        value = aversion / 2 * float(x @ case.Sigma @ x) - float(case.mu @ x)
        size = abs(value) + float(np.abs(case.mu).max())  # utility can be zero at any size of its parts
        wrong += [f"{k} {f}" for f in faults_of(case, w, gap, size, case.scale)]
    assert wrong == []


def test_quadratic_problems_agree_with_their_statement_in_cvxpy() -> None:
    N = 6
    w = cp.Variable(N)
    R, mu = cp.Parameter((N, N)), cp.Parameter(N)
    lb, ub = cp.Parameter(N), cp.Parameter(N)
    statement = cp.Problem(
        cp.Minimize(cp.sum_squares(R @ w) / 2 - mu @ w), [cp.sum(w) == 1, w >= lb, w <= ub]
    )
    random = np.random.default_rng(5)
    apart = []
    for k in range(400):
        X = random.standard_normal((N, N)) * 10.0 ** random.uniform(-1.0, 0.0)
        X[:, 0] = X[:, 1] if k % 3 == 0 else X[:, 0]
        if k % 4 == 0:
            X[N // 2 :] = 0.0
        mu.value = np.zeros(N) if k % 5 == 0 else random.normal(0.1, 0.1, N)
        R.value, lb.value = X, np.full(N, -0.2 * (k % 2))
        ub.value = np.full(N, (1.0, 0.3, 1 / N)[k % 3])
        # A start from the last answer is not taken: the reference must not depend on the order.
        statement.solve(
            solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11, warm_start=False
        )
        S = X.T @ X
        case = Case("stated", (S + S.T) / 2, mu.value, lb.value, ub.value)
        x = mean_variance(case.data(), case.limits(), risk_aversion=1.0).weights.to_numpy()
        value = float(x @ case.Sigma @ x) / 2 - float(mu.value @ x)
        if not abs(value - statement.value) <= 1e-8 * (abs(statement.value) + case.scale):
            apart.append((k, value, statement.value))
    assert apart == []


def test_the_factor_form_gives_what_the_dense_form_gives() -> None:
    random = np.random.default_rng(11)
    apart = []
    for k in range(COUNT):
        N, K = int(random.integers(1, 16)), int(random.integers(1, 4))
        B = random.standard_normal((N, K)) * 0.2
        F = np.diag(random.uniform(0.1, 1.0, K))
        d = random.uniform(0.01, 0.1, N)
        if k % 4 == 0:
            d[: N // 2] = 0.0  # all of their risk is the factors'
        if k % 7 == 0:
            B[0], d[0] = 0.0, 0.0  # no risk at all
        Sigma = B @ F @ B.T + np.diag(d)
        mu = pd.Series(random.normal(0.05, 0.1, N), labels(N))
        structured = Data(Sigma=factor_covariance(B, F, d), mu=mu)
        if k % 2:
            x = mean_variance(structured, risk_aversion=3.0).weights.to_numpy()
            gap = proofs.quadratic_gap(3.0 * Sigma, -mu.to_numpy(), x, proofs.simplex(N))
            size = float(np.abs(mu).max())
        else:
            x = minimum_variance(structured).weights.to_numpy()
            gap = proofs.quadratic_gap(Sigma, np.zeros(N), x, proofs.simplex(N))
            size = float(x @ Sigma @ x) / 2
        scale = float(np.trace(Sigma)) / N
        if gap > GAP * size + DUST * scale or proofs.simplex(N).violation(x) > OUT:
            apart.append((k, gap / size if size else gap, proofs.simplex(N).violation(x)))
    assert apart == []


def sharpe_excess(case: Case, excess: np.ndarray, x: np.ndarray) -> float:
    """Return how much any portfolio's ratio may exceed that of ``x``, as a part of it.

    h(v) = excess'v - S sqrt(v'Sigma v) is concave and zero at x, so no v has more than the rise of its tangent;
    that divided by the least volatility there is bounds the ratio.
    """
    variance = float(x @ case.Sigma @ x)
    ratio = float(excess @ x) / np.sqrt(variance)
    slope = excess - ratio * (case.Sigma @ x) / np.sqrt(variance)
    rise = -case.room.least(-slope)
    v = minimum_variance(case.data(), case.limits()).weights.to_numpy()
    least = float(v @ case.Sigma @ v) - 2 * proofs.quadratic_gap(case.Sigma, np.zeros(len(v)), v, case.room)
    return rise / np.sqrt(max(least, 1e-300)) / ratio


def test_the_best_ratio_is_proved_for_a_thousand_problems() -> None:
    wrong, refused = [], 0
    riskless = ("lost rank", "riskless issue", "opposites", "one factor", "short positions")
    for k, case in enumerate(cases(COUNT, without=riskless)):
        best = -case.room.least(-case.mu)
        if best <= 1e-9:
            refused += 1
            with pytest.raises(InfeasibleError):
                maximum_sharpe(case.data(), case.limits())
            continue
        w = maximum_sharpe(case.data(), case.limits()).weights
        gap = sharpe_excess(case, case.mu, w.to_numpy())
        wrong += [f"{k} {f}" for f in faults_of(case, w, gap, 1.0, 0.0)]
    assert wrong == []
    assert refused > 0


@pytest.mark.parametrize("kind", ["plain", "duplicates", "two issues", "one issue", "tight caps"])
def test_a_best_ratio_below_zero_is_refused_and_not_called_best(kind: str) -> None:
    case = make_case(kind, 3)
    worse = case._replace(mu=-np.abs(case.mu) - 0.01)
    with pytest.raises(InfeasibleError, match=r"riskless|risk_free"):
        maximum_sharpe(worse.data(), worse.limits())


def test_a_thousand_frontiers_are_efficient_at_each_point() -> None:
    wrong = []
    long_only = ("short positions", "tight caps", "touching bounds", "fixed issues")
    for k, case in enumerate(cases(COUNT, without=long_only)):
        frontier = efficient_frontier(case.data(), case.limits(), points=5)
        W = frontier.portfolios.to_numpy()
        for x in W:
            off = case.room.violation(x)
            # The best bound that a price of return gives; what is absolute is dust of the mean variance.
            least = float(x @ case.Sigma @ x)
            gap = proofs.frontier_gap(case.Sigma, case.mu, x) * least if least > 0 else 0.0
            if off > OUT or gap > GAP * least + 1e-12 * case.scale:
                wrong.append(f"{k} {case.kind}: missed by {off:.2g}, {gap:.2g} above {least:.3g}")
        if abs(float((W @ case.mu).max()) - case.mu.max()) > 1e-12 * np.abs(case.mu).max():
            wrong.append(f"{k} {case.kind}: the frontier ends before the greatest return")
    assert wrong == []


def test_frontiers_under_caps_agree_with_the_proof_by_linear_programme() -> None:
    wrong = []
    kinds = ("tight caps", "short positions", "fixed issues", "touching bounds")
    for k in range(120):
        case = make_case(kinds[k % len(kinds)], k)
        for x in efficient_frontier(case.data(), case.limits(), points=4).portfolios.to_numpy():
            N = len(x)
            # At least this return, within a hair so that the programme of the proof has an inside.
            floor = float(case.mu @ x) - 1e-13
            room = proofs.Polytope(
                np.vstack([np.ones(N), case.mu]),
                np.array([1.0, floor]),
                np.array([1.0, np.inf]),
                case.lb,
                case.ub,
            )
            gap = proofs.quadratic_gap(case.Sigma, np.zeros(N), x, room)
            if gap > 1e-8 * float(x @ case.Sigma @ x) + 1e-11 * case.scale or case.room.violation(x) > OUT:
                wrong.append(f"{k} {case.kind}: {gap:.2g}, {case.room.violation(x):.2g}")
    assert wrong == []


def test_a_thousand_risk_budgets_are_met() -> None:
    wrong = []
    random = np.random.default_rng(3)
    for k, case in enumerate(cases(COUNT, without=("riskless issue", "opposites"))):
        N = len(case.mu)
        budgets = random.dirichlet(np.ones(N)) if k % 2 else np.full(N, 1 / N)
        budgets = np.maximum(budgets, 1e-4)
        budgets /= budgets.sum()
        try:
            x = risk_budgeting(case.data(), pd.Series(budgets, labels(N))).weights.to_numpy()
        except SolverError:
            # No portfolio has such parts where some mix of the issues has no risk at all.
            if minimum_variance(case.data()).objective > 1e-12 * case.scale:
                wrong.append(f"{k} {case.kind}: refused although every mix has risk")
            continue
        if not (x > 0).all() or abs(x.sum() - 1) > OUT:
            wrong.append(f"{k} {case.kind}: weights of {x.min():.3g} to {x.max():.3g}, sum {x.sum():.15f}")
        elif (error := proofs.parity_error(case.Sigma, x, budgets)) > 1e-8:
            wrong.append(f"{k} {case.kind}: parts of risk are off by {error:.2g}")
    assert wrong == []


def uncertainty_of(case: Case, k: int) -> Box | Ellipsoid:
    """Give a box or an ellipsoid about the means; every third is without width somewhere."""
    random = np.random.default_rng([k, 23])
    N, size = len(case.mu), float(np.abs(case.mu).max())
    if k // len(KINDS) % 2 and case.kind != "short positions":
        return Box(pd.Series(random.uniform(0.0, size, N) * (random.random(N) < 0.7), labels(N)))
    if k % 3 == 0:
        X = random.standard_normal((N, max(N // 2, 1))) * size / 2
        Omega = X @ X.T
    else:
        Omega = case.Sigma * (size**2 / case.scale) + np.eye(N) * (0.1 * size) ** 2
    return Ellipsoid(
        pd.DataFrame((Omega + Omega.T) / 2, labels(N), labels(N)), float(random.uniform(0.0, 2.0))
    )


def least_earned(mu: np.ndarray, given: Box | Ellipsoid, x: np.ndarray) -> float:
    """Return the least m'x over the means m of the set, by its closed form."""
    if isinstance(given, Box):
        return float(mu @ x - given.radius.to_numpy() @ np.abs(x))
    return float(mu @ x - given.radius * np.sqrt(max(x @ given.covariance.to_numpy() @ x, 0.0)))


def is_in(given: Box | Ellipsoid, away: np.ndarray, size: float) -> bool:
    """Tell whether the mean that lies ``away`` from the estimate is in the set."""
    if isinstance(given, Box):
        return bool((np.abs(away) <= given.radius.to_numpy() + 1e-12 * size).all())
    Omega = given.covariance.to_numpy()
    solved = np.linalg.pinv(Omega, rcond=1e-10, hermitian=True) @ away
    inside = float(away @ solved) <= given.radius**2 * (1 + 1e-8)
    return inside and bool(np.abs(Omega @ solved - away).max() <= 1e-8 * size)


def test_the_worst_case_is_proved_by_its_mean_for_many_problems() -> None:
    """A saddle: the mean told is in the set and the worst of it, and no portfolio is better than ours at that mean."""
    wrong = []
    for k, case in enumerate(cases(320)):
        aversion, given = (0.5, 4.0, 50.0)[k % 3], uncertainty_of(case, k)
        found = worst_case(case.data(), case.limits(), risk_aversion=aversion, uncertainty=given)
        x, m, size = found.weights.to_numpy(), found.worst_mu.to_numpy(), float(np.abs(case.mu).max())
        gap = proofs.quadratic_gap(aversion * case.Sigma, -m, x, case.room)
        value = float(m @ x) - aversion / 2 * float(x @ case.Sigma @ x)
        # An answer whose error cancels out is found at a width of next to nothing.
        gap = max(gap - (1e-7 * size if isinstance(given, Ellipsoid) else 0.0), 0.0)
        wrong += [f"{k} {f}" for f in faults_of(case, found.weights, gap, abs(value) + size, case.scale)]
        if not found.gap <= 1e-7:
            wrong.append(f"{k} {case.kind}: a gap of {found.gap:.2g} told")
        if not is_in(given, m - case.mu, size):
            wrong.append(f"{k} {case.kind}: a mean that is not in the set")
        if abs(float(m @ x) - least_earned(case.mu, given, x)) > 1e-7 * size:
            wrong.append(f"{k} {case.kind}: a mean that is not the worst")
        if abs(found.objective - value) > 1e-7 * (abs(value) + size):
            wrong.append(f"{k} {case.kind}: an objective that is not the utility at the worst mean")
    assert wrong == []


def test_worst_cases_agree_with_their_statements_in_cvxpy() -> None:
    N, aversion = 6, 3.0
    w = cp.Variable(N)
    R, E, mu = cp.Parameter((N, N)), cp.Parameter((N, N)), cp.Parameter(N)
    r, lb, ub = cp.Parameter(N, nonneg=True), cp.Parameter(N), cp.Parameter(N)
    risk = aversion / 2 * cp.sum_squares(R @ w)
    room = [cp.sum(w) == 1, w >= lb, w <= ub]
    in_box = cp.Problem(cp.Minimize(risk - mu @ w + r @ cp.abs(w)), room)
    in_ellipsoid = cp.Problem(cp.Minimize(risk - mu @ w + cp.norm(E @ w, 2)), room)
    random, names, apart = np.random.default_rng(29), labels(N), []
    for k in range(80):
        X, Y = random.standard_normal((2, N, N)) * 10.0 ** random.uniform(-1.5, -0.5, (2, 1, 1))
        X[:, 0] = X[:, 1] if k % 3 == 0 else X[:, 0]
        if k % 4 == 0:
            Y[N // 2 :] = 0.0  # some mixes have no error
        R.value, E.value, mu.value = X, Y, np.full(N, 0.1) if k % 5 == 0 else random.normal(0.1, 0.1, N)
        r.value = random.uniform(0.0, 0.2, N)
        lb.value, ub.value = np.full(N, -0.2 * (k % 2)), np.full(N, (1.0, 0.3, 1 / N)[k % 3])
        S, Omega = X.T @ X, Y.T @ Y
        case = Case("stated", (S + S.T) / 2, mu.value, lb.value, ub.value)
        sets = (
            (in_box, Box(pd.Series(r.value, names))),
            (in_ellipsoid, Ellipsoid(pd.DataFrame((Omega + Omega.T) / 2, names, names), 1.0)),
        )
        for statement, given in sets:
            # What is all but exact is said to be inaccurate, and is enough.
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Solution may be inaccurate")
                statement.solve(
                    solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10, warm_start=False
                )
            found = worst_case(case.data(), case.limits(), risk_aversion=aversion, uncertainty=given)
            if not abs(found.objective + statement.value) <= 1e-8 * (abs(statement.value) + 0.1):
                apart.append((k, type(given).__name__, found.objective, -statement.value))
    assert apart == []


def scenarios_of(k: int, random: np.random.Generator) -> tuple[np.ndarray, float]:
    T, N = int(random.integers(5, 80)), int(random.integers(1, 8))
    R = random.standard_t(4, (T, N)) * 0.02
    if k % 5 == 1:
        R = np.round(R, 2)  # many losses tie
    if k % 5 == 2 and N > 1:
        R[:, 1] = R[:, 0]
    if k % 5 == 3:
        R[T // 2 :] = R[: T - T // 2]
    return R, float(random.choice([0.5, 0.8, 0.9, 0.95, 0.99]))


def test_the_least_tail_is_proved_for_a_thousand_sets_of_scenarios() -> None:
    wrong = []
    random = np.random.default_rng(17)
    for k in range(COUNT):
        R, level = scenarios_of(k, random)
        N = R.shape[1]
        found = minimum_cvar(pd.DataFrame(R, columns=labels(N)), level=level)
        x = found.weights.to_numpy()
        value = proofs.cvar(-R @ x, level)
        off = proofs.simplex(N).violation(x)
        gap = proofs.cvar_gap(R, x, level, proofs.simplex(N))
        size = abs(value) + 1e-3 * float(np.abs(R).max())
        if off > OUT or gap > GAP * size or abs(found.risk_period - value) > 1e-12:
            wrong.append(f"{k} T={len(R)} N={N} {level}: {gap:.2g} above {value:.3g}, missed by {off:.2g}")
    assert wrong == []


def test_every_refusal_is_one_of_ours() -> None:
    """Whatever a thousand problems do to a method, what comes out is an answer or an error of our tree."""
    for case in cases(200):
        for function in (maximum_sharpe, minimum_variance):
            try:
                found = function(case.data(), case.limits())
            except SillokError:
                continue
            assert np.isfinite(found.weights).all()
            assert case.room.violation(found.weights.to_numpy()) <= OUT
