"""The estimators on the whole of KOSPI, with its halts and new listings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sillok.errors import DataError
from sillok.risk import ESTIMATORS, estimate_covariance, noise_spectrum, statistical_factors


@pytest.fixture(scope="module")
def kospi(krx_data: Path) -> pd.DataFrame:
    """Give a year of simple returns of every issue listed on KOSPI, NaN before its listing."""
    bars = pd.read_parquet(krx_data / "daily.parquet", columns=["symbol", "date", "close"])
    listing = pd.read_csv(krx_data / "listing.csv", dtype={"symbol": str})
    ours = set(listing.loc[listing["market"] == "KOSPI", "symbol"])
    close = bars[bars["symbol"].isin(ours)].pivot(index="date", columns="symbol", values="close").iloc[-251:]
    return close.pct_change(fill_method=None).iloc[1:]


def test_new_listings_and_halts_are_refused_by_name(kospi: pd.DataFrame) -> None:
    new = list(kospi.columns[kospi.isna().any()])
    assert new
    with pytest.raises(DataError) as raised:
        estimate_covariance(kospi, estimator="constant_correlation")
    assert raised.value.detail["symbols"] == new
    whole = kospi.dropna(axis=1)
    halted = list(whole.columns[whole.nunique() == 1])
    assert halted
    with pytest.raises(DataError, match="never moved") as raised:
        estimate_covariance(whole, estimator="constant_correlation")
    assert raised.value.detail["symbols"] == halted


def test_more_issues_than_days_still_give_a_covariance(kospi: pd.DataFrame) -> None:
    returns = kospi.dropna(axis=1)
    returns = returns.loc[:, returns.nunique() > 1]
    T, N = returns.shape
    assert N > 2 * T
    for name in ESTIMATORS:
        found = estimate_covariance(returns, estimator=name)
        S = found.matrix.to_numpy()
        np.testing.assert_array_equal(S, S.T)
        least = np.linalg.eigvalsh(S)[0] / np.trace(S)
        assert least > (0 if name in {"constant_correlation", "identity", "nonlinear"} else -1e-12), name
        assert found.through == returns.index[-1]
    assert 1 <= noise_spectrum(returns).signals < 50
    assert statistical_factors(returns).loadings.shape[0] == N
