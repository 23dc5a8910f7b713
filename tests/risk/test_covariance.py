"""Covariance: the estimators against their papers' sums written out, and the laws all of them keep."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import ConfigError, DataError
from sillok.risk import (
    estimate_covariance,
    ledoit_wolf,
    portfolio_volatility,
    risk_contributions,
    sample_covariance,
)

ESTIMATORS = ["sample", "constant_correlation", "identity"]


def draw(T: int = 60, N: int = 6, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 0.01, (T, 1)) + rng.normal(0, 1, (T, N)) * rng.uniform(0.005, 0.03, N)
    return pd.DataFrame(values, columns=[f"{i:06d}" for i in range(N)])


def intensity_written_out(X: np.ndarray, *, constant_correlation: bool) -> float:
    """The sums of both papers, one observation and one pair at a time."""
    T, N = X.shape
    X = X - X.mean(axis=0)
    S = X.T @ X / T
    sd = np.sqrt(np.diag(S))
    pairs = [(i, j) for i in range(N) for j in range(N)]
    mean_corr = np.mean([S[i, j] / sd[i] / sd[j] for i, j in pairs if i != j])
    pi = rho = gamma = 0.0
    for i, j in pairs:
        pi_ij = np.mean((X[:, i] * X[:, j] - S[i, j]) ** 2)
        pi += pi_ij
        if constant_correlation:
            target = S[i, i] if i == j else mean_corr * sd[i] * sd[j]
            if i == j:
                rho += pi_ij
            else:
                theta_ii = np.mean((X[:, i] ** 2 - S[i, i]) * (X[:, i] * X[:, j] - S[i, j]))
                theta_jj = np.mean((X[:, j] ** 2 - S[j, j]) * (X[:, i] * X[:, j] - S[i, j]))
                rho += mean_corr / 2 * (sd[j] / sd[i] * theta_ii + sd[i] / sd[j] * theta_jj)
        else:
            target = np.trace(S) / N if i == j else 0.0
        gamma += (target - S[i, j]) ** 2
    return float(np.clip((pi - rho) / gamma / T, 0, 1))


def test_the_sample_is_what_pandas_says_times_the_periods() -> None:
    r = draw()
    pd.testing.assert_frame_equal(sample_covariance(r, periods_per_year=12).matrix, r.cov() * 12)


@pytest.mark.parametrize(("target", "flag"), [("constant_correlation", True), ("identity", False)])
def test_the_shrinkage_is_the_papers_sum(target: str, flag: bool) -> None:
    r = draw(T=200, N=5)
    found = estimate_covariance(r, estimator=target)
    assert 0 < found.shrinkage < 1
    assert found.shrinkage == pytest.approx(intensity_written_out(r.to_numpy(), constant_correlation=flag))


def test_constant_correlation_keeps_every_variance() -> None:
    r = draw()
    np.testing.assert_allclose(np.diag(ledoit_wolf(r, periods_per_year=1).matrix), r.var(ddof=0), rtol=1e-10)


def test_the_identity_target_keeps_the_mean_variance() -> None:
    r = draw()
    found = ledoit_wolf(r, target="identity", periods_per_year=1).matrix
    assert np.trace(found) == pytest.approx(r.var(ddof=0).sum())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(ESTIMATORS), st.integers(5, 30), st.integers(2, 12))
def test_every_estimate_is_symmetric_and_positive_semidefinite(seed: int, name: str, T: int, N: int) -> None:
    found = estimate_covariance(draw(T, N, seed), estimator=name).matrix.to_numpy()
    np.testing.assert_array_equal(found, found.T)
    assert np.linalg.eigvalsh(found).min() > -1e-12 * np.trace(found)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(ESTIMATORS), st.randoms(use_true_random=False))
def test_the_order_of_issues_does_not_matter(seed: int, name: str, random: object) -> None:
    r = draw(seed=seed)
    order = list(r.columns)
    random.shuffle(order)  # type: ignore[attr-defined]
    mixed = estimate_covariance(r[order], estimator=name).matrix.loc[r.columns, r.columns]
    pd.testing.assert_frame_equal(mixed, estimate_covariance(r, estimator=name).matrix, rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(ESTIMATORS), st.floats(0.01, 100))
def test_scaling_returns_scales_the_covariance_by_the_square(seed: int, name: str, k: float) -> None:
    r = draw(seed=seed)
    scaled = estimate_covariance(r * k, estimator=name).matrix / k**2
    pd.testing.assert_frame_equal(scaled, estimate_covariance(r, estimator=name).matrix, rtol=1e-7)


def test_one_issue_is_its_own_variance() -> None:
    r = draw(N=1)
    assert ledoit_wolf(r, periods_per_year=1).matrix.iloc[0, 0] == pytest.approx(r.iloc[:, 0].var(ddof=0))


def test_a_missing_return_is_refused_and_named() -> None:
    r = draw()
    r.iloc[3, 2] = np.nan
    with pytest.raises(DataError, match="000002") as raised:
        sample_covariance(r)
    assert raised.value.detail["symbols"] == ["000002"]


def test_an_issue_named_twice_is_refused() -> None:
    r = draw()
    with pytest.raises(DataError, match="twice"):
        sample_covariance(pd.concat([r, r], axis=1))


def test_an_issue_that_never_moved_has_no_correlation() -> None:
    r = draw()
    r.iloc[:, 0] = 0.0
    with pytest.raises(DataError, match="never moved"):
        ledoit_wolf(r)


def test_an_unknown_estimator_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="sample, constant_correlation, identity"):
        estimate_covariance(draw(), estimator="oracle")


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_risk_contributions_add_up_to_the_volatility(seed: int) -> None:
    r = draw(seed=seed)
    Sigma = sample_covariance(r).matrix
    w = pd.Series(np.random.default_rng(seed).dirichlet(np.ones(len(Sigma))), index=Sigma.index)
    assert risk_contributions(w, Sigma).sum() == pytest.approx(portfolio_volatility(w, Sigma))
    assert portfolio_volatility(w, Sigma) == pytest.approx((r @ w).std(ddof=1) * np.sqrt(252))


def test_a_weight_without_covariance_is_named() -> None:
    with pytest.raises(DataError, match="ZZ"):
        portfolio_volatility(pd.Series({"ZZ": 1.0}), sample_covariance(draw()).matrix)
