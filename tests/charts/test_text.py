"""Numbers as Korean readers expect them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sillok.charts import count, multiple, percent, points, signed_percent, won, won_short
from sillok.charts.text import width


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0원"), (9_999, "9,999원"), (10_000, "1만 원"), (56_780_000, "5,678만 원"), (96_000_000, "9,600만 원"), (99_995_000, "1.0억 원"),
        (123_456_789, "1.2억 원"), (100_000_000_000, "1,000억 원"), (999_990_000_000, "1.00조 원"),
        (1_234_500_000_000, "1.23조 원"), (2_500_000_000_000_000, "2,500.0조 원"), (-56_780_000, "−5,678만 원"),
    ],
)  # fmt: skip
def test_an_amount_takes_the_unit_a_reader_would_say(value: float, text: str) -> None:
    assert won_short(value) == text


@given(st.integers(0, 10**16))
def test_no_unit_is_shown_below_one_or_past_the_next(value: int) -> None:
    shown = won_short(value)
    number = float(shown.split("만")[0].split("억")[0].split("조")[0].rstrip("원 ").replace(",", ""))
    assert number >= 1 or value == 0
    assert number < 10_000 or "조" in shown


def test_a_rounded_zero_has_no_sign() -> None:
    assert signed_percent(-0.00001) == signed_percent(0.0) == "0.00%"
    assert points(-0.001) == "0.00"


def test_a_multiple_below_one_keeps_two_decimals() -> None:
    assert (multiple(1_234.56), multiple(0.384), multiple(-2.0)) == ("1,234.6배", "0.38배", "−2.0배")


def test_a_minus_is_a_minus_sign() -> None:
    assert signed_percent(-0.012) == "−1.20%"
    assert count(-1_234) == "−1,234"


@pytest.mark.parametrize("show", [count, multiple, percent, points, signed_percent, won, won_short])
def test_what_is_missing_is_a_dash(show: object) -> None:
    assert show(math.nan) == show(None) == "–"  # type: ignore[operator]


def test_a_hangul_syllable_is_two_columns_wide() -> None:
    assert width("가a") == 3
