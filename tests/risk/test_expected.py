"""Expected returns: shrunk towards one for all, and those in which a portfolio is the best one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import ConfigError, DataError
from sillok.risk import (
    FactorCovariance,
    equilibrium_returns,
    mean_returns,
    sample_covariance,
    shrunk_returns,
    statistical_factors,
)
from tests.risk.samples import draw


def test_the_mean_is_a_year_of_periods() -> None:
    r = draw()
    pd.testing.assert_series_equal(mean_returns(r, periods_per_year=12), r.mean() * 12, check_names=False)


def test_jorions_intensity_is_his_formula_on_the_inverse_written_out() -> None:
    r = draw(T=200)
    T, N = r.shape
    Q = np.linalg.inv(r.cov() * (T - 1) / (T - N - 2))
    m, one = r.mean().to_numpy(), np.ones(N)
    anchor = one @ Q @ m / (one @ Q @ one)
    w = (N + 2) / (N + 2 + T * (m - anchor) @ Q @ (m - anchor))
    found = shrunk_returns(r, periods_per_year=1)
    assert found.shrinkage == pytest.approx(w)
    assert found.anchor_annual == pytest.approx(anchor)
    np.testing.assert_allclose(found.mu, (1 - w) * m + w * anchor)


@given(st.integers(0, 10_000), st.sampled_from(["jorion", "james_stein"]), st.floats(0.1, 10))
@settings(max_examples=40)
def test_shrinking_lies_between_and_scales_with_returns(seed: int, method: str, k: float) -> None:
    r = draw(seed=seed)
    found = shrunk_returns(r, method=method)  # type: ignore[arg-type]
    assert 0 <= found.shrinkage <= 1
    low, high = (
        np.minimum(mean_returns(r), found.anchor_annual),
        np.maximum(mean_returns(r), found.anchor_annual),
    )
    assert ((low - 1e-12 <= found.mu) & (found.mu <= high + 1e-12)).all()
    scaled = shrunk_returns(r * k, method=method)  # type: ignore[arg-type]
    np.testing.assert_allclose(scaled.mu, found.mu * k, rtol=1e-6, atol=1e-12)


def test_shrunk_means_come_nearer_to_the_truth_on_average() -> None:
    truth, off = np.linspace(-0.0005, 0.0015, 8), {"mean": 0.0, "jorion": 0.0, "james_stein": 0.0}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        r = pd.DataFrame(truth + rng.normal(size=(120, 8)) * 0.02)
        off["mean"] += ((r.mean() - truth) ** 2).sum()
        for method in ("jorion", "james_stein"):
            found = shrunk_returns(r, method=method, periods_per_year=1)  # type: ignore[arg-type]
            off[method] += ((found.mu - truth) ** 2).sum()
    assert off["jorion"] < 0.8 * off["mean"]
    assert off["james_stein"] < 0.8 * off["mean"]


def test_too_short_a_history_and_repeated_issues_are_refused() -> None:
    with pytest.raises(DataError, match="at least 9 rows"):
        shrunk_returns(draw(T=8))
    r = draw()
    r["000003"] = r["000002"]
    with pytest.raises(DataError, match=r"000002.*000003"):
        shrunk_returns(r)
    with pytest.raises(ConfigError, match="4 issues"):
        shrunk_returns(draw(N=3), method="james_stein")
    with pytest.raises(ConfigError, match="jorion or james_stein"):
        shrunk_returns(draw(), method="guess")  # type: ignore[arg-type]


@given(st.integers(0, 10_000), st.floats(0.5, 10))
@settings(max_examples=20)
def test_the_portfolio_is_best_under_its_equilibrium_returns(seed: int, risk_aversion: float) -> None:
    Sigma = sample_covariance(draw(seed=seed))
    w = pd.Series(np.random.default_rng(seed).dirichlet(np.ones(6)), Sigma.labels)
    mu = equilibrium_returns(Sigma, w, risk_aversion=risk_aversion)
    np.testing.assert_allclose(np.linalg.solve(risk_aversion * Sigma.matrix, mu), w, rtol=1e-6, atol=1e-9)


def test_the_factor_form_gives_the_same_equilibrium() -> None:
    model: FactorCovariance = statistical_factors(draw(), factors=2)
    w = pd.Series(1 / 6, model.labels)
    pd.testing.assert_series_equal(
        equilibrium_returns(model, w, risk_aversion=3), equilibrium_returns(model.matrix, w, risk_aversion=3)
    )


def test_weights_on_other_labels_and_odd_covariances_are_refused() -> None:
    S = sample_covariance(draw()).matrix
    w = pd.Series(1 / 6, S.index)
    with pytest.raises(DataError, match="another order"):
        equilibrium_returns(S, w[::-1], risk_aversion=2)
    with pytest.raises(DataError, match="000001"):
        equilibrium_returns(S, w.replace(w).where(w.index != "000001"), risk_aversion=2)
    with pytest.raises(ConfigError, match="risk_aversion"):
        equilibrium_returns(S, w, risk_aversion=0)
    lopsided = S.copy()
    lopsided.iloc[0, 1] *= 1.1
    with pytest.raises(DataError, match=r"not symmetric.*000000.*000001"):
        equilibrium_returns(lopsided, w, risk_aversion=2)
    holed = S.copy()
    holed.iloc[2, 2] = np.nan
    with pytest.raises(DataError, match="000002"):
        equilibrium_returns(holed, w, risk_aversion=2)
