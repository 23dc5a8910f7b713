"""The ticks and limits of the checks are those that orders are made by and that the sandbox trades by."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sillok.ingest.checks.rules import as_number, is_beyond_limit, is_on_tick
from sillok.portfolio import tick_size
from sillok.sandbox.world.rules import price_limits

NOW, BEFORE = date(2026, 6, 30), date(2022, 6, 30)


@given(
    st.integers(1, 2_000_000),
    st.sampled_from(
        [NOW, BEFORE, date(2023, 1, 25), date(2023, 1, 24), date(2023, 12, 10), date(2023, 12, 11)]
    ),
    st.sampled_from(["KOSPI", "KOSDAQ"]),
    st.sampled_from(["ST", "EF"]),
)
def test_a_price_is_on_its_tick_where_an_order_could_be_placed(
    price: int, day: date, market: str, kind: str
) -> None:
    tick = tick_size(price, day, market=market, security_type=kind)
    found = is_on_tick(
        np.array([price]),
        np.array([as_number(day)]),
        is_kosdaq=np.array([market == "KOSDAQ"]),
        is_fund=np.array([kind == "EF"]),
    )
    assert found[0] == (price % tick == 0)


@given(st.integers(1, 2_000_000))
def test_what_the_sandbox_lets_trade_lies_within_the_limit(base: int) -> None:
    low, high = price_limits(np.array([base]))
    day = np.array([as_number(NOW)])
    assert not is_beyond_limit(low, np.array([base]), day)[0]
    assert not is_beyond_limit(high, np.array([base]), day)[0]


@pytest.mark.parametrize(
    ("price", "base", "day", "beyond"),
    [
        (1_300, 1_000, NOW, False),
        (1_301, 1_000, NOW, True),
        (700, 1_000, NOW, False),
        (699, 1_000, NOW, True),
        (2, 1, NOW, False),  # a penny share may move by its tick
        (3, 1, NOW, True),
        (1_150, 1_000, date(2015, 6, 12), False),
        (1_151, 1_000, date(2015, 6, 12), True),
        (1_300, 1_000, date(2015, 6, 15), False),
    ],
)
def test_the_limit_is_30_percent_and_was_15_until_june_2015(
    price: int, base: int, day: date, *, beyond: bool
) -> None:
    assert is_beyond_limit(np.array([price]), np.array([base]), np.array([as_number(day)]))[0] == beyond
