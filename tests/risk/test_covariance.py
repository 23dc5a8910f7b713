"""Covariance: the laws that every estimator keeps, and what all of them refuse."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import ConfigError, DataError
from sillok.risk import (
    ESTIMATORS,
    Covariance,
    FactorCovariance,
    black_litterman,
    entropy_pooling,
    equilibrium_returns,
    estimate_covariance,
    exponential_covariance,
    fundamental_factors,
    portfolio_volatility,
    risk_contributions,
    sample_covariance,
)
from tests.risk.samples import draw

every = pytest.mark.parametrize("name", ESTIMATORS)


def test_the_sample_is_what_pandas_says_times_the_periods() -> None:
    r = draw()
    pd.testing.assert_frame_equal(sample_covariance(r, periods_per_year=12).matrix, r.cov() * 12)


@given(st.floats(1.5, 500), st.integers(0, 1000))
@settings(max_examples=15)
def test_exponential_weights_are_what_pandas_says(halflife: float, seed: int) -> None:
    r = draw(seed=seed)
    expected = r.ewm(halflife=halflife).cov().loc[r.index[-1]]
    found = exponential_covariance(r, halflife=halflife, periods_per_year=1).matrix
    pd.testing.assert_frame_equal(found, expected, check_freq=False, check_names=False, rtol=1e-9)


def test_an_endless_halflife_is_the_sample() -> None:
    r = draw()
    found = exponential_covariance(r, halflife=1e9).matrix
    pd.testing.assert_frame_equal(found, sample_covariance(r).matrix, rtol=1e-6)


@every
def test_an_estimate_is_its_own_proof_until_anything_of_it_is_changed(name: str) -> None:
    found = estimate_covariance(draw(), estimator=name)
    S = found.proved()
    assert S is not None
    np.testing.assert_array_equal(S, found.matrix)
    with pytest.raises(ValueError, match="read-only"):
        found.matrix.iloc[0, 1] = 5.0
    assert found.proved() is not None
    for other in (
        Covariance(found.matrix, name, np.nan, 100, 252),
        replace(found, matrix=found.matrix * 2),
        replace(found, estimator="another"),
        pickle.loads(pickle.dumps(found)),
    ):
        assert other.proved() is None
    found.matrix[found.labels[0]] = 5.0
    assert found.proved() is None


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.sampled_from(ESTIMATORS), st.integers(13, 40), st.integers(2, 30))
def test_every_estimate_is_symmetric_and_positive_semidefinite(seed: int, name: str, T: int, N: int) -> None:
    found = estimate_covariance(draw(T, N, seed), estimator=name)
    S = found.matrix.to_numpy()
    np.testing.assert_array_equal(S, S.T)
    assert np.linalg.eigvalsh(S).min() > -1e-12 * np.trace(S)
    assert np.isnan(found.shrinkage) or 0 <= found.shrinkage <= 1


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.sampled_from(ESTIMATORS), st.randoms(use_true_random=False))
def test_the_order_of_issues_does_not_matter(seed: int, name: str, random: object) -> None:
    r = draw(seed=seed)
    order = list(r.columns)
    random.shuffle(order)  # type: ignore[attr-defined]
    mixed = estimate_covariance(r[order], estimator=name).matrix.loc[r.columns, r.columns]
    plain = estimate_covariance(r, estimator=name).matrix
    pd.testing.assert_frame_equal(mixed, plain, rtol=1e-9, atol=1e-14)


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.sampled_from(ESTIMATORS), st.floats(0.01, 100))
def test_scaling_returns_scales_the_covariance_by_the_square(seed: int, name: str, k: float) -> None:
    r = draw(seed=seed)
    scaled = estimate_covariance(r * k, estimator=name).matrix / k**2
    pd.testing.assert_frame_equal(
        scaled, estimate_covariance(r, estimator=name).matrix, rtol=1e-7, atol=1e-14
    )


@every
def test_an_estimate_sees_the_frame_alone_and_says_its_last_row(name: str) -> None:
    r = draw(T=80)
    known = estimate_covariance(r.iloc[:60], estimator=name)
    later = r.copy()
    later.iloc[60:] *= 50
    pd.testing.assert_frame_equal(estimate_covariance(later.iloc[:60], estimator=name).matrix, known.matrix)
    assert known.through == r.index[59]
    assert known.observations == 60
    assert known.periods_per_year == 252


@every
def test_the_frame_given_is_not_changed(name: str) -> None:
    r = draw()
    before = r.copy(deep=True)
    estimate_covariance(r, estimator=name)
    pd.testing.assert_frame_equal(r, before)


@every
def test_the_layout_in_memory_does_not_matter(name: str) -> None:
    r = draw(T=50, N=70)
    turned = pd.DataFrame(np.asfortranarray(r.to_numpy()), r.index, r.columns)
    rows = pd.DataFrame(np.ascontiguousarray(r.to_numpy()), r.index, r.columns)
    one, other = (estimate_covariance(x, estimator=name).matrix for x in (turned, rows))
    pd.testing.assert_frame_equal(one, other, rtol=1e-9, atol=1e-12)


@every
@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
def test_a_missing_return_is_refused_and_named(name: str, hole: float) -> None:
    r = draw()
    r.iloc[3, 2] = hole
    with pytest.raises(DataError, match="000002") as raised:
        estimate_covariance(r, estimator=name)
    assert raised.value.detail["symbols"] == ["000002"]


@every
@pytest.mark.parametrize("stands_at", [0.0, 0.1, -3.7e-4])
def test_an_issue_halted_all_along_is_refused_and_named(name: str, stands_at: float) -> None:
    r = draw()
    r.iloc[:, 4] = stands_at
    with pytest.raises(DataError, match=r"never moved.*000004") as raised:
        estimate_covariance(r, estimator=name)
    assert raised.value.detail["symbols"] == ["000004"]


@every
def test_rows_out_of_order_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="ascending order"):
        estimate_covariance(draw()[::-1], estimator=name)


@every
def test_an_empty_universe_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="0 issues"):
        estimate_covariance(draw()[[]], estimator=name)


def test_an_issue_named_twice_is_refused() -> None:
    r = draw()
    with pytest.raises(DataError, match="twice"):
        sample_covariance(pd.concat([r, r], axis=1))


def test_words_among_the_returns_are_refused() -> None:
    with pytest.raises(DataError, match="not a number"):
        sample_covariance(draw().astype(object).replace({0: 0}).assign(x="n/a"))


def test_words_in_place_of_numbers_are_refused_everywhere() -> None:
    Sigma = sample_covariance(draw()).matrix
    words = pd.Series("n/a", Sigma.index)
    loadings, d = words.to_frame("시장"), pd.Series(0.01, Sigma.index)
    one = pd.DataFrame(0.04, ["시장"], ["시장"])
    calls = [
        lambda: portfolio_volatility(words, Sigma),
        lambda: portfolio_volatility(d, Sigma.astype(object).replace(Sigma.iloc[0, 0], "n/a")),
        lambda: equilibrium_returns(Sigma, words, risk_aversion=2),
        lambda: black_litterman(words, Sigma, []),
        lambda: FactorCovariance(loadings, one, d),
        lambda: FactorCovariance(d.to_frame("시장"), one.astype(object).replace(0.04, "n/a"), d),
        lambda: fundamental_factors(draw(), loadings),
        lambda: fundamental_factors(draw(), d.to_frame("시장"), weights=words),
        lambda: entropy_pooling(draw().astype(object).assign(x="n/a"), []),
        lambda: entropy_pooling(draw(), [], prior=pd.Series("n/a", draw().index)),
    ]
    for call in calls:
        with pytest.raises(DataError, match="not a number"):
            call()


def test_a_year_of_no_periods_is_refused() -> None:
    with pytest.raises(ConfigError, match="periods_per_year"):
        sample_covariance(draw(), periods_per_year=0)


def test_a_halflife_of_nothing_is_refused() -> None:
    for halflife in (0, 0.01):
        with pytest.raises(ConfigError, match="halflife"):
            exponential_covariance(draw(), halflife=halflife)


def test_an_unknown_estimator_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="sample, constant_correlation, identity"):
        estimate_covariance(draw(), estimator="oracle")


@given(st.integers(0, 10_000))
@settings(max_examples=30)
def test_risk_contributions_add_up_to_the_volatility(seed: int) -> None:
    r = draw(seed=seed)
    found = sample_covariance(r)
    w = pd.Series(np.random.default_rng(seed).dirichlet(np.ones(r.shape[1])), index=r.columns)
    assert risk_contributions(w, found).sum() == pytest.approx(portfolio_volatility(w, found.matrix))
    assert portfolio_volatility(w, found) == pytest.approx((r @ w).std(ddof=1) * np.sqrt(252))


def test_a_weight_without_covariance_is_named() -> None:
    with pytest.raises(DataError, match="ZZ"):
        portfolio_volatility(pd.Series({"ZZ": 1.0}), sample_covariance(draw()).matrix)


def test_a_covariance_that_has_a_hole_or_a_negative_variance_is_refused() -> None:
    Sigma = sample_covariance(draw()).matrix
    w = pd.Series(1 / 6, Sigma.index)
    with pytest.raises(DataError, match="variance of -"):
        portfolio_volatility(w, Sigma - 10 * np.eye(6))
    Sigma = Sigma.copy()
    Sigma.loc["000002", "000003"] = Sigma.loc["000003", "000002"] = np.nan
    with pytest.raises(DataError) as raised:
        risk_contributions(w, Sigma)
    assert raised.value.detail["symbols"] == ["000002", "000003"]


@given(st.integers(0, 10_000))
@settings(max_examples=30)
def test_a_hedge_without_risk_has_next_to_none_whatever_the_rounding(seed: int) -> None:
    r = draw(T=4, N=6, seed=seed)
    Sigma = sample_covariance(r).matrix
    null = pd.Series(np.linalg.eigh(Sigma)[1][:, 0], r.columns)
    found = portfolio_volatility(null, Sigma)
    assert found <= 1e-6 * np.sqrt(np.trace(Sigma))
    assert risk_contributions(null, Sigma).sum() == pytest.approx(found, abs=1e-9)
