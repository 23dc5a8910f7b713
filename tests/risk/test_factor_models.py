"""Factor models: least squares as statsmodels has it, exact recovery, and nothing known too early."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import ConfigError, DataError
from sillok.risk import fundamental_factors, noise_spectrum, statistical_factors, time_series_factors
from tests.risk.samples import draw


def given_factors(T: int = 60, K: int = 2, seed: int = 9) -> pd.DataFrame:
    found = draw(T, K, seed)
    return found.set_axis([f"요인{k}" for k in range(K)], axis=1)


def exposures_of(r: pd.DataFrame, K: int = 2, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        np.column_stack([np.ones(r.shape[1]), rng.normal(size=(r.shape[1], K - 1))]),
        r.columns,
        [f"성격{k}" for k in range(K)],
    )


@given(st.integers(0, 1000), st.sampled_from([(60, 6), (10, 25)]), st.integers(1, 4))
@settings(max_examples=20)
def test_principal_components_keep_every_variance_and_the_largest_eigenvalues(
    seed: int, shape: tuple[int, int], K: int
) -> None:
    r = draw(*shape, seed)
    model = statistical_factors(r, factors=K, periods_per_year=1)
    np.testing.assert_allclose(np.diag(model.matrix), r.var(), rtol=1e-8)
    np.testing.assert_allclose(
        np.diag(model.factor_covariance), np.linalg.eigvalsh(r.cov())[::-1][:K], rtol=1e-8
    )
    np.testing.assert_allclose(model.loadings.T @ model.loadings, np.eye(K), atol=1e-9)
    assert (model.loadings.sum() >= 0).all()


def test_all_components_are_the_sample() -> None:
    r = draw()
    model = statistical_factors(r, factors=6, periods_per_year=1)
    np.testing.assert_allclose(model.matrix, r.cov(), rtol=1e-8, atol=1e-12)
    assert model.through == r.index[-1]


def test_left_to_itself_it_takes_what_stands_above_the_noise() -> None:
    r = draw(T=300, N=30)
    assert statistical_factors(r).loadings.shape[1] == max(1, noise_spectrum(r).signals)


@pytest.mark.parametrize("factors", [0, 7])
def test_more_factors_than_there_can_be_are_refused(factors: int) -> None:
    with pytest.raises(ConfigError, match=r"1\.\.6"):
        statistical_factors(draw(), factors=factors)


@pytest.mark.parametrize("N", [6, 80])
def test_more_factors_than_the_returns_hold_are_refused(N: int) -> None:
    common = draw(N=1).iloc[:, 0]
    alike = pd.DataFrame({f"{i:06d}": common * (i + 1) for i in range(N)})
    assert statistical_factors(alike, factors=1).specific_variance.max() < 1e-9
    with pytest.raises(ConfigError, match="only 1 factor"):
        statistical_factors(alike, factors=2)


def test_exposures_to_given_series_are_least_squares_with_an_intercept() -> None:
    r, f = draw(), given_factors()
    model = time_series_factors(r, f, periods_per_year=1)
    for symbol in r.columns:
        fit = sm.OLS(r[symbol], sm.add_constant(f)).fit()
        np.testing.assert_allclose(model.loadings.loc[symbol], fit.params.iloc[1:], rtol=1e-9)
        assert model.specific_variance[symbol] == pytest.approx(fit.mse_resid)
    pd.testing.assert_frame_equal(model.factor_covariance, f.cov())


def test_one_index_gives_betas() -> None:
    r = draw()
    index = r.mean(axis=1).rename("KOSPI")
    model = time_series_factors(r, index)
    assert list(model.loadings.columns) == ["KOSPI"]
    np.testing.assert_allclose(model.loadings["KOSPI"], r.cov().mean() / index.var(), rtol=1e-9)


def test_factors_on_other_rows_are_refused() -> None:
    with pytest.raises(DataError, match="not on the same rows"):
        time_series_factors(draw(), given_factors(T=59))


def test_factors_that_repeat_one_another_are_named() -> None:
    f = given_factors()
    f["요인1"] = -3 * f["요인0"]
    with pytest.raises(DataError, match=r"요인0.*요인1"):
        time_series_factors(draw(), f)


def test_regressions_across_issues_are_weighted_least_squares() -> None:
    r = draw(N=12)
    F = exposures_of(r)
    weights = pd.Series(np.linspace(1, 5, 12), r.columns)
    model = fundamental_factors(r, F, weights=weights, periods_per_year=1)
    fits = [sm.WLS(r.loc[day], F, weights=weights).fit() for day in r.index]
    f = pd.DataFrame([fit.params for fit in fits])
    np.testing.assert_allclose(model.factor_covariance, f.cov(), rtol=1e-8)
    left = pd.DataFrame([r.loc[day] - fit.fittedvalues for day, fit in zip(r.index, fits, strict=True)])
    np.testing.assert_allclose(model.specific_variance, left.var(), rtol=1e-8)
    pd.testing.assert_frame_equal(model.loadings, F)


def test_returns_made_by_exposures_leave_nothing_specific() -> None:
    r = draw(N=12)
    F, f = exposures_of(r), given_factors()
    made = pd.DataFrame(f.to_numpy() @ F.to_numpy().T, r.index, r.columns)
    model = fundamental_factors(made, F, periods_per_year=1)
    np.testing.assert_allclose(model.factor_covariance, f.cov(), rtol=1e-8)
    np.testing.assert_allclose(model.specific_variance, 0, atol=1e-12)


def test_a_return_is_explained_by_what_was_known_before_it() -> None:
    r = draw(N=12)
    early, late = exposures_of(r, seed=4), exposures_of(r, seed=5)
    before, during, after = r.index[0] - pd.Timedelta(days=9), r.index[29], r.index[-1] + pd.Timedelta(days=1)
    wild = exposures_of(r, seed=6) * np.nan
    model = fundamental_factors(r, pd.concat({before: early, during: late, after: wild}), periods_per_year=1)
    pd.testing.assert_frame_equal(model.loadings, late)
    first = [sm.OLS(r.loc[day], early).fit().params for day in r.index[:30]]
    then = [sm.OLS(r.loc[day], late).fit().params for day in r.index[30:]]
    np.testing.assert_allclose(model.factor_covariance, pd.DataFrame(first + then).cov(), rtol=1e-8)


def test_exposures_known_only_later_are_refused() -> None:
    r = draw(N=12)
    with pytest.raises(DataError, match="known before the first return"):
        fundamental_factors(r, pd.concat({r.index[0]: exposures_of(r)}))


def test_an_issue_without_exposures_or_weight_is_named() -> None:
    r = draw(N=12)
    F = exposures_of(r)
    with pytest.raises(DataError, match="000003"):
        fundamental_factors(r, F.drop("000003"))
    with pytest.raises(DataError, match="000003"):
        fundamental_factors(r, F.replace(F.loc["000003", "성격1"], np.nan))
    with pytest.raises(DataError, match="000004"):
        fundamental_factors(r, F, weights=pd.Series(1.0, r.columns).drop("000004"))


def test_all_industries_beside_the_market_are_one_too_many() -> None:
    r = draw(N=12)
    industries = pd.get_dummies(pd.Series(list("가나다") * 4, r.columns)).astype(float).assign(시장=1.0)
    with pytest.raises(DataError, match="combinations of one another"):
        fundamental_factors(r, industries)
