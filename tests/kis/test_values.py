"""Text to values: what a vendor pads is read, what Python would read too kindly is refused."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sillok.kis.values import (
    BIGGEST,
    Span,
    read_date,
    read_decimal,
    read_flag,
    read_int,
    read_month,
    read_scaled,
    read_span,
    read_time,
    signed,
)

# What int() and Decimal() take, and a price must not be.
TOO_KIND = [
    "1_000", "１２", "١٢", "12\n", "\t12", "1e5", "1E5", "Infinity", "-inf", "NaN", "sNaN", "0x10", "1,000", "12 3", "- 5",
    "--5", "+-5", "5-", ".", "5.", "1.2.3", "९", "12\x00", "\u00a012", "1\u2009000", "½", "²",
]  # fmt: skip


@pytest.mark.parametrize("text", TOO_KIND)
def test_what_python_reads_too_kindly_is_refused(text: str) -> None:
    for read in (read_int, read_decimal, lambda text: read_scaled(text, 6)):
        with pytest.raises(ValueError, match=r"number|whole"):
            read(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [(" 12 ", 12), ("+12", 12), ("-12", -12), ("000000000600", 600), ("    31000000", 31_000_000), ("-0", 0),
     ("12.00", 12), ("0", 0), ("0" * 40 + "7", 7)],
)  # fmt: skip
def test_whole_numbers_are_read_through_padding(text: str, number: int) -> None:
    assert read_int(text) == number
    assert type(read_int(text)) is int


def test_blank_is_not_zero() -> None:
    for read in (read_int, read_decimal, read_date, read_time, read_month, read_span, read_flag):
        assert read("") is None
        assert read("   ") is None
    assert read_scaled("  ", 6) is None


@pytest.mark.parametrize("text", ["9" * 19, "1" + "0" * 30, "9" * 5_000])
def test_a_number_that_no_store_holds_is_refused(text: str) -> None:
    for read in (read_int, read_decimal, lambda text: read_scaled(text, 0)):
        with pytest.raises(ValueError, match=r"number|whole"):
            read(text)
    with pytest.raises(ValueError, match="too large"):
        read_scaled(str(BIGGEST // 100_000_000 + 1), 8)


def test_decimals_keep_what_was_written_and_have_no_minus_zero() -> None:
    assert str(read_decimal(" 70000.0000")) == "70000.0000"
    assert str(read_decimal("+5.61")) == "5.61"
    assert str(read_decimal("-0.00")) == "0.00"
    assert read_decimal("-.5") == Decimal("-0.5")


@given(st.decimals(-(10**9), 10**9, places=6), st.sampled_from([3, 6, 8]))
def test_a_scaled_number_is_exact_or_refused(number: Decimal, power: int) -> None:
    exact = number.scaleb(power)
    if exact == exact.to_integral_value():
        assert read_scaled(f"{number:f}", power) == int(exact)
    else:
        with pytest.raises(ValueError, match="is not whole"):
            read_scaled(f"{number:f}", power)


def test_zeros_behind_what_a_unit_needs_change_nothing() -> None:
    assert read_scaled("12.0000", 3) == read_scaled("12", 3) == 12_000
    assert read_scaled("-25893.0000000000", 8) == -2_589_300_000_000
    assert read_scaled("0.00010", 4) == 1


@given(st.dates(date(1900, 1, 1), date(9998, 12, 31)))
def test_both_spellings_of_a_day_are_read(day: date) -> None:
    assert read_date(f"{day:%Y%m%d}".rjust(10)) == read_date(f"{day:%Y/%m/%d}") == day
    last = read_month(f"{day:%Y%m}")
    assert last is not None
    assert (last.year, last.month) == (day.year, day.month)
    assert date.fromordinal(last.toordinal() + 1).day == 1


@pytest.mark.parametrize(
    "text", ["20261399", "20260230", "2026010", "202601011", "2026/0101", "2026-01-01", "２０２６０１０１"]
)
def test_a_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"date|month|day"):
        read_date(text)


def test_zeros_alone_are_no_day() -> None:
    assert read_date("00000000") is None
    assert read_month("000000") is None


@pytest.mark.parametrize("text", ["240000", "096000", "93000", "0930", "09:30:00"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|hour|minute"):
        read_time(text)
    assert read_time("093011") == time(9, 30, 11)


@pytest.mark.parametrize("text", ["202613", "20261", "2026/01", "999912"])
def test_a_month_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="month"):
        read_month(text)


def test_a_halt_is_two_days_of_which_the_second_may_be_open() -> None:
    assert read_span("2026/02/04 ~ 2026/02/10") == Span(date(2026, 2, 4), date(2026, 2, 10))
    assert read_span("2026/02/04 ~") == Span(date(2026, 2, 4), None)
    assert read_span("~") is None
    for text in ("2026/02/04", "~ 2026/02/10", "2026/02/10 ~ 2026/02/04", "2026/02/04 ~ soon", "a ~ b ~ c"):
        with pytest.raises(ValueError, match=r"span|date"):
            read_span(text)


def test_a_flag_is_y_or_n() -> None:
    assert (read_flag("Y"), read_flag(" N ")) == (True, False)
    for text in ("y", "1", "true", "YN", "Ｙ"):
        with pytest.raises(ValueError, match="neither Y nor N"):
            read_flag(text)


@pytest.mark.parametrize(("code", "value"), [("1", "2.11"), ("2", "2.11"), ("4", "-2.11"), ("5", "-2.11")])
def test_the_sign_code_signs_an_unsigned_number(code: str, value: str) -> None:
    assert signed(Decimal("2.11"), code) == Decimal(value)


def test_a_sign_code_that_contradicts_its_number_is_refused() -> None:
    for code, value in (("3", "2.11"), ("0", "2.11"), ("2", "-2.11"), ("", "2.11"), ("7", "1")):
        with pytest.raises(ValueError, match="contradicts"):
            signed(Decimal(value), code)
    for code in ("0", "3", "5", ""):
        assert signed(Decimal("0.00"), code) == 0
    assert signed(Decimal("-2.11"), "5") == Decimal("-2.11")
    assert signed(None, "2") is None
