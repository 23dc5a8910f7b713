"""Losses are positive, ordered, and known by hand on small series."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sillok.errors import DataError
from sillok.measures import drawdowns, expected_shortfall, max_drawdown, value_at_risk

returns = arrays(float, st.integers(1, 60), elements=st.floats(-0.3, 0.3)).map(pd.Series)


def test_a_drawdown_is_measured_from_the_start_too() -> None:
    assert max_drawdown(pd.Series([-0.1, 0.05])) == pytest.approx(0.1)


def test_a_series_that_only_rises_has_no_drawdown() -> None:
    assert max_drawdown(pd.Series([0.1, 0.0, 0.2])) == 0


def test_a_missing_return_makes_the_drawdown_missing() -> None:
    assert math.isnan(max_drawdown(pd.Series([0.1, np.nan, 0.1])))


def test_var_and_shortfall_of_twenty_losses_are_those_counted_by_hand() -> None:
    losses = pd.Series([-k / 100 for k in range(1, 21)])
    assert value_at_risk(losses, level=0.9) == pytest.approx(0.18)
    assert expected_shortfall(losses, level=0.9) == pytest.approx(0.195)
    assert expected_shortfall(losses, level=0.95) == pytest.approx(0.20)


@given(returns, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_shortfall_is_never_below_value_at_risk(r: pd.Series, level: float) -> None:
    assert expected_shortfall(r, level=level) >= value_at_risk(r, level=level) - 1e-12


@given(returns)
def test_drawdown_lies_between_zero_and_one(r: pd.Series) -> None:
    assert (drawdowns(r) <= 0).all()
    assert 0 <= max_drawdown(r) < 1


@given(returns, st.randoms(use_true_random=False))
def test_value_at_risk_does_not_look_at_the_order(r: pd.Series, random: object) -> None:
    mixed = list(r)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert value_at_risk(pd.Series(mixed)) == value_at_risk(r)


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0, 95])
def test_a_level_that_is_no_confidence_is_refused(level: float) -> None:
    with pytest.raises(DataError, match="level must lie in"):
        value_at_risk(pd.Series([0.1]), level=level)
