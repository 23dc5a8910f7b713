"""Returns, wealth, dispersion and breadth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sillok.errors import DataError
from sillok.measures import (
    annual_return,
    count_breadth,
    limit_moves,
    log_returns,
    simple_returns,
    tracking_error,
    volatility,
    wealth,
)

prices = arrays(float, st.integers(2, 40), elements=st.floats(1, 1e6)).map(pd.Series)


@given(prices)
def test_wealth_leads_back_to_the_prices(p: pd.Series) -> None:
    np.testing.assert_allclose(wealth(simple_returns(p)), p.iloc[1:] / p.iloc[0], rtol=1e-9)


@given(prices)
def test_log_returns_add_up_to_the_whole_move(p: pd.Series) -> None:
    assert log_returns(p).sum() == pytest.approx(np.log(p.iloc[-1] / p.iloc[0]), abs=1e-9)


@given(prices, st.floats(0.01, 100))
def test_returns_do_not_depend_on_the_unit_of_prices(p: pd.Series, unit: float) -> None:
    np.testing.assert_allclose(simple_returns(p * unit), simple_returns(p), rtol=1e-6, atol=1e-9)


def test_a_missing_price_is_never_carried_forward() -> None:
    found = simple_returns(pd.Series([100.0, np.nan, 121.0, 121.0]))
    assert list(found.isna()) == [True, True, False]


def test_a_zero_price_is_refused() -> None:
    with pytest.raises(DataError, match="zero or negative"):
        simple_returns(pd.Series([100.0, 0.0]))


def test_volatility_grows_with_the_root_of_the_periods() -> None:
    r = pd.Series([0.01, -0.02, 0.015])
    assert volatility(r, periods_per_year=4) == pytest.approx(2 * volatility(r, periods_per_year=1))


def test_a_portfolio_does_not_stray_from_itself() -> None:
    r = pd.Series([0.01, -0.02, 0.015])
    assert tracking_error(r, r) == 0


def test_tracking_error_on_other_rows_is_refused() -> None:
    with pytest.raises(DataError, match="not on the same rows"):
        tracking_error(pd.Series([0.1, 0.2]), pd.Series([0.1, 0.2], index=[1, 2]))


def test_annual_return_of_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="longer span"):
        annual_return(pd.Series([], dtype=float))


def test_breadth_counts_every_issue_once() -> None:
    change = pd.Series({"a": 0.01, "b": -0.02, "c": 0.0, "d": np.nan, "e": 0.0, "f": 0.2998})
    halted = pd.Series({"a": False, "b": False, "c": False, "d": False, "e": True, "f": False})
    found = count_breadth(change, halted)
    assert (found.up, found.flat, found.down, found.halted, found.missing) == (2, 1, 1, 1, 1)
    assert (found.limit_up, found.limit_down, found.traded) == (1, 0, 4)


def test_breadth_on_other_labels_is_refused() -> None:
    with pytest.raises(DataError, match="not on the same labels"):
        count_breadth(pd.Series({"a": 0.1}), pd.Series({"b": False}))


def test_limit_moves_are_listed_largest_first() -> None:
    assert list(limit_moves(pd.Series({"a": 0.297, "b": -0.3, "c": 0.1})).index) == ["b", "a"]
