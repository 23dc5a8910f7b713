"""A covariance told by factors: the same numbers as the matrix written out, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import DataError
from sillok.risk import FactorCovariance, portfolio_volatility, risk_contributions

NAMES = [f"{i:06d}" for i in range(7)]
FACTORS = ["시장", "규모"]


def parts(seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(seed)
    G = rng.normal(0, 0.2, (2, 2))
    return (
        pd.DataFrame(rng.normal(1, 0.5, (7, 2)), NAMES, FACTORS),
        pd.DataFrame(G @ G.T, FACTORS, FACTORS),
        pd.Series(rng.uniform(0, 0.1, 7), NAMES),
    )


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_factor_and_dense_form_are_one_covariance(seed: int) -> None:
    F, Omega, d = parts(seed)
    model = FactorCovariance(F, Omega, d)
    dense = F @ Omega @ F.T + np.diag(d)
    pd.testing.assert_frame_equal(model.matrix, dense, rtol=1e-10)
    np.testing.assert_array_equal(model.matrix, model.matrix.T)
    np.testing.assert_allclose(model.volatility, np.sqrt(np.diag(dense)))
    w = pd.Series(np.random.default_rng(seed).normal(size=4), NAMES[5:1:-1])
    assert portfolio_volatility(w, model) == pytest.approx(portfolio_volatility(w, dense))
    pd.testing.assert_series_equal(risk_contributions(w, model), risk_contributions(w, dense))


def test_a_factor_without_variance_is_allowed() -> None:
    F, Omega, d = parts()
    Omega.loc["규모"] = Omega["규모"] = 0.0
    B, _ = FactorCovariance(F, Omega, d).root()
    assert np.isfinite(B).all()


def test_another_order_of_assets_is_refused() -> None:
    F, Omega, d = parts()
    with pytest.raises(DataError, match="another order"):
        FactorCovariance(F, Omega, d[::-1])


def test_other_factors_are_refused_and_named() -> None:
    F, Omega, d = parts()
    with pytest.raises(DataError, match="규모"):
        FactorCovariance(F, Omega.rename(index={"규모": "가치"}), d)


def test_a_missing_loading_is_named() -> None:
    F, Omega, d = parts()
    F.iloc[2, 1] = np.nan
    with pytest.raises(DataError, match="000002") as raised:
        FactorCovariance(F, Omega, d)
    assert raised.value.detail["symbols"] == ["000002"]


def test_a_negative_specific_variance_is_named() -> None:
    F, Omega, d = parts()
    d.iloc[3] = -1e-3
    with pytest.raises(DataError, match="000003"):
        FactorCovariance(F, Omega, d)


def test_a_lopsided_or_indefinite_factor_covariance_is_refused() -> None:
    F, Omega, d = parts()
    lopsided = Omega.copy()
    lopsided.iloc[0, 1] += 0.01
    with pytest.raises(DataError, match="not symmetric: 시장 with 규모"):
        FactorCovariance(F, lopsided, d)
    with pytest.raises(DataError, match="not positive semidefinite"):
        FactorCovariance(F, Omega - np.eye(2), d)


def test_an_asset_named_twice_is_refused() -> None:
    F, Omega, d = parts()
    with pytest.raises(DataError, match="twice"):
        FactorCovariance(pd.concat([F, F]), Omega, pd.concat([d, d]))


def test_a_missing_weight_is_named() -> None:
    w = pd.Series(1 / 7, NAMES)
    w.iloc[1] = np.nan
    with pytest.raises(DataError, match="000001"):
        portfolio_volatility(w, FactorCovariance(*parts()))
