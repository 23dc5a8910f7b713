"""The worst case: the same answer as its cone programme, and a saddle that proves it."""

from __future__ import annotations

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest

from sillok.errors import ConfigError, DataError
from sillok.portfolio import Data, Limits, mean_variance
from sillok.portfolio.robust import Box, Ellipsoid, worst_case


def make(N: int = 8, seed: int = 0) -> tuple[Data, Box, Ellipsoid]:
    rng = np.random.default_rng(seed)
    F = rng.normal(0.15, 0.08, (N, 2))
    S = F @ F.T + np.diag(rng.uniform(0.01, 0.1, N))
    labels = pd.Index([f"{i:06d}" for i in range(N)])
    Sigma = pd.DataFrame(S, labels, labels)
    mu = pd.Series(rng.normal(0.06, 0.05, N), labels)
    return (
        Data(Sigma, mu=mu),
        Box(pd.Series(rng.uniform(0.0, 0.05, N), labels)),
        Ellipsoid(Sigma / 10, 1.5),
    )


def cone(data: Data, low: float, high: float, aversion: float, given: Box | Ellipsoid) -> float:
    """State the problem as cvxpy reads it."""
    w = cp.Variable(len(data.labels))
    mu, S = data.mu.to_numpy(), data.matrix()
    if isinstance(given, Box):
        worst = mu @ w - given.radius.to_numpy() @ cp.abs(w)
    else:
        root = np.linalg.cholesky(given.covariance.to_numpy()).T
        worst = mu @ w - given.radius * cp.norm(root @ w, 2)
    goal = cp.Maximize(worst - aversion / 2 * cp.quad_form(w, cp.psd_wrap(S)))
    problem = cp.Problem(goal, [cp.sum(w) == 1, w >= low, w <= high])
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-9, tol_gap_rel=1e-9, tol_feas=1e-9)
    return float(problem.value)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("low", [0.0, -0.3], ids=["long only", "long and short"])
@pytest.mark.parametrize("aversion", [0.0, 3.0])
@pytest.mark.parametrize("which", [1, 2], ids=["box", "ellipsoid"])
def test_the_worst_case_has_the_value_of_its_cone_programme(
    seed: int, low: float, aversion: float, which: int
) -> None:
    found = make(seed=seed)
    data, given = found[0], found[which]
    assert isinstance(given, Box | Ellipsoid)
    limits = Limits(min_weight=low, max_weight=0.4)
    answer = worst_case(data, limits, risk_aversion=aversion, uncertainty=given)
    assert answer.objective == pytest.approx(cone(data, low, 0.4, aversion, given), abs=1e-8)
    assert answer.gap <= 1e-9
    assert answer.weights.sum() == pytest.approx(1, abs=1e-12)
    assert answer.weights.between(low - 1e-12, 0.4 + 1e-12).all()


@pytest.mark.parametrize("which", [1, 2], ids=["box", "ellipsoid"])
def test_the_plain_problem_at_the_worst_mean_has_the_same_answer(which: int) -> None:
    found = make(seed=5)
    data, given = found[0], found[which]
    assert isinstance(given, Box | Ellipsoid)
    answer = worst_case(data, risk_aversion=4.0, uncertainty=given)
    plain = mean_variance(replace(data, mu=answer.worst_mu), risk_aversion=4.0)
    assert plain.weights.tolist() == pytest.approx(answer.weights.tolist(), abs=1e-8)
    assert answer.worst_return_annual <= answer.return_annual
    assert answer.worst_return_annual == pytest.approx(float(answer.worst_mu @ answer.weights))


def test_no_mean_of_the_ellipsoid_leaves_less_than_the_worst() -> None:
    data, _, given = make(seed=2)
    answer = worst_case(data, risk_aversion=2.0, uncertainty=given)
    root = np.linalg.cholesky(given.covariance.to_numpy())
    z = np.random.default_rng(0).normal(size=(2_000, 8))
    means = data.mu.to_numpy() + given.radius * (z / np.linalg.norm(z, axis=1, keepdims=True)) @ root.T
    assert (means @ answer.weights.to_numpy()).min() >= answer.worst_return_annual - 1e-12


def test_two_issues_by_hand() -> None:
    # Errors of equal size, apart from one another: the width is |w|. At w = (x, 1 - x) with equal means it is least
    # at a half, whatever the radius.
    labels = ["a", "b"]
    data = Data(pd.DataFrame(np.eye(2) * 0.04, labels, labels), mu=pd.Series(0.05, labels))
    answer = worst_case(
        data, risk_aversion=1.0, uncertainty=Ellipsoid(pd.DataFrame(np.eye(2) * 0.01, labels, labels), 1.0)
    )
    assert answer.weights.tolist() == pytest.approx([0.5, 0.5], abs=1e-12)
    assert answer.worst_return_annual == pytest.approx(0.05 - np.sqrt(0.005), abs=1e-12)


def test_no_uncertainty_leaves_the_plain_problem_and_more_of_it_never_gains() -> None:
    data, box, ellipsoid = make(seed=3)
    plain = mean_variance(data, risk_aversion=3.0)
    none = worst_case(data, risk_aversion=3.0, uncertainty=replace(ellipsoid, radius=0.0))
    assert none.objective == pytest.approx(plain.objective, abs=1e-12)
    assert worst_case(data, risk_aversion=3.0, uncertainty=Box(0 * box.radius)).objective == pytest.approx(
        plain.objective, abs=1e-12
    )
    values = [
        worst_case(data, risk_aversion=3.0, uncertainty=replace(ellipsoid, radius=r)).objective
        for r in (0.5, 1.0, 2.0, 20.0)
    ]
    assert plain.objective > values[0] > values[1] > values[2] > values[3]


def test_an_error_that_cancels_out_is_escaped() -> None:
    # The errors of a and b are one and opposite: half of each has none.
    labels = ["a", "b"]
    data = Data(pd.DataFrame(np.eye(2) * 0.04, labels, labels), mu=pd.Series([0.05, 0.06], labels))
    Omega = pd.DataFrame([[0.01, -0.01], [-0.01, 0.01]], labels, labels)
    answer = worst_case(data, risk_aversion=1.0, uncertainty=Ellipsoid(Omega, 2.0))
    assert answer.weights.tolist() == pytest.approx([0.5, 0.5], abs=1e-6)
    assert answer.worst_return_annual == pytest.approx(0.055, abs=1e-6)


def test_sets_that_are_none_are_refused() -> None:
    data, box, ellipsoid = make()
    with pytest.raises(ConfigError, match="radius"):
        worst_case(data, risk_aversion=1.0, uncertainty=Box(-box.radius))
    with pytest.raises(ConfigError, match="radius"):
        worst_case(data, risk_aversion=1.0, uncertainty=replace(ellipsoid, radius=-1.0))
    with pytest.raises(DataError, match="semidefinite"):
        worst_case(data, risk_aversion=1.0, uncertainty=replace(ellipsoid, covariance=-ellipsoid.covariance))
    with pytest.raises(DataError, match="labels") as caught:
        worst_case(data, risk_aversion=1.0, uncertainty=Box(box.radius.iloc[1:]))
    assert caught.value.detail["symbols"] == ["000000"]
    with pytest.raises(ConfigError, match="max_vol_annual"):
        worst_case(data, Limits(max_vol_annual=0.2), risk_aversion=1.0, uncertainty=ellipsoid)
    with pytest.raises(ConfigError, match="mu"):
        worst_case(replace(data, mu=None), risk_aversion=1.0, uncertainty=box)
    with pytest.raises(ConfigError, match="short"):
        worst_case(data, Limits(min_weight=-0.1, max_turnover=1.0), risk_aversion=1.0, uncertainty=box)
