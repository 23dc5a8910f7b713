from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sillok.sandbox.world.rules import price_limits, round_to_tick, tick_size

PRICES = st.integers(1, 3_000_000)


def test_the_tick_table_is_the_exchanges_at_every_break() -> None:
    prices = [
        1,
        1_999,
        2_000,
        4_999,
        5_000,
        19_999,
        20_000,
        49_999,
        50_000,
        199_999,
        200_000,
        499_999,
        500_000,
    ]
    assert tick_size(prices).tolist() == [1, 1, 5, 5, 10, 10, 50, 50, 100, 100, 500, 500, 1_000]


@given(PRICES)
def test_a_rounded_price_is_on_its_own_tick_and_less_than_one_tick_away(price: int) -> None:
    for how in ("nearest", "down", "up"):
        rounded = int(round_to_tick(price, how))
        assert rounded % int(tick_size(rounded)) == 0
        assert abs(rounded - price) < int(tick_size(price))
    assert round_to_tick(price, "down") <= price <= round_to_tick(price, "up")


@given(PRICES)
def test_rounding_twice_changes_nothing(price: int) -> None:
    once = round_to_tick(price)
    assert round_to_tick(once) == once


@given(st.integers(2, 2_000_000))
def test_limits_lie_within_thirty_per_cent_on_ticks_and_as_wide_as_ticks_allow(guess: int) -> None:
    base = int(round_to_tick(guess))
    lower, upper = (int(limit) for limit in price_limits(base))
    assert 0 < lower <= base <= upper
    assert lower * 10 >= base * 7
    assert upper * 10 <= base * 13
    assert upper % tick_size(upper) == 0
    assert lower % tick_size(lower) == 0
    assert (upper + int(tick_size(upper))) * 10 > base * 13
    if lower > 1:
        assert (lower - int(tick_size(lower - 1))) * 10 < base * 7


def test_limits_agree_with_the_vendors_example() -> None:
    assert [int(limit) for limit in price_limits(71_500)] == [50_100, 92_900]


def test_arrays_are_rounded_element_by_element() -> None:
    assert round_to_tick(np.array([1_234.4, 1_999.6, 4_998.0])).tolist() == [1_234, 2_000, 5_000]
