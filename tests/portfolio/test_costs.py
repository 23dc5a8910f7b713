"""Ticks and taxes, line by line of the tables."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sillok.errors import DataError
from sillok.portfolio import price_limits, settlement_tax_rate, tick_down, tick_size, tick_up

TODAY = date(2026, 6, 30)


@pytest.mark.parametrize(
    ("day", "kospi", "kosdaq", "konex"),
    [
        (date(2019, 6, 2), 30, 30, 30),
        (date(2019, 6, 3), 25, 25, 10),
        (date(2020, 12, 31), 25, 25, 10),
        (date(2021, 1, 1), 23, 23, 10),
        (date(2023, 1, 1), 20, 20, 10),
        (date(2024, 1, 1), 18, 18, 10),
        (date(2024, 12, 31), 18, 18, 10),
        (date(2025, 1, 1), 15, 15, 10),
        (date(2025, 12, 31), 15, 15, 10),
        (date(2026, 1, 1), 20, 20, 10),
    ],
)
def test_the_tax_is_that_of_the_day_of_settlement(day: date, kospi: int, kosdaq: int, konex: int) -> None:
    found = [settlement_tax_rate(m, day) * 10_000 for m in ("KOSPI", "KOSDAQ", "KONEX")]
    assert found == pytest.approx([kospi, kosdaq, konex])


def test_a_fund_pays_no_transaction_tax() -> None:
    assert settlement_tax_rate("KOSPI", TODAY, security_type="EF") == 0


def test_an_unknown_market_has_no_tax_table() -> None:
    with pytest.raises(DataError, match="NASDAQ"):
        settlement_tax_rate("NASDAQ", TODAY)


@pytest.mark.parametrize(
    ("price", "tick"),
    [(1_999, 1), (2_000, 5), (4_995, 5), (5_000, 10), (19_990, 10), (20_000, 50), (49_950, 50), (50_000, 100),
     (199_900, 100), (200_000, 500), (499_500, 500), (500_000, 1_000), (1_200_000, 1_000)],
)  # fmt: skip
def test_the_tick_changes_at_the_breaks_of_the_table(price: int, tick: int) -> None:
    assert tick_size(price, TODAY) == tick


def test_before_2023_other_breaks_held_and_kosdaq_was_capped() -> None:
    day = date(2022, 12, 29)
    assert [tick_size(p, day) for p in (999, 1_000, 10_000, 100_000, 600_000)] == [1, 5, 50, 500, 1_000]
    assert tick_size(600_000, day, market="KOSDAQ") == 100


def test_a_fund_has_its_own_tick() -> None:
    assert tick_size(35_000, TODAY, security_type="EF") == 5
    assert tick_size(1_500, TODAY, security_type="EF") == 1


@given(
    st.floats(1, 3_000_000), st.sampled_from([TODAY, date(2022, 1, 3)]), st.sampled_from(["KOSPI", "KOSDAQ"])
)
def test_rounding_lands_on_a_tick_next_to_the_price(price: float, day: date, market: str) -> None:
    low, high = tick_down(price, day, market=market), tick_up(price, day, market=market)
    assert low <= price <= high
    assert low % tick_size(low, day, market=market) == 0
    assert high % tick_size(high, day, market=market) == 0
    assert high - low in {0, tick_size(low, day, market=market)}
    assert tick_up(low, day, market=market) == low == tick_down(low, day, market=market)


def test_a_price_of_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="must be positive"):
        tick_size(0, TODAY)


@pytest.mark.parametrize(
    ("base", "limits"),
    [(9_940, (6_960, 12_920)), (71_300, (50_000, 92_600)), (1_000_000, (700_000, 1_300_000)), (2, (1, 3)), (1, (1, 2))],
)  # fmt: skip
def test_a_day_ends_thirty_per_cent_from_its_base_on_a_tick(base: int, limits: tuple[int, int]) -> None:
    assert price_limits(base, TODAY) == limits


def test_the_width_was_half_before_june_2015_and_is_on_konex() -> None:
    assert price_limits(10_000, date(2015, 6, 12)) == (8_500, 11_500)
    assert price_limits(10_000, TODAY, market="KONEX") == (8_500, 11_500)
    with pytest.raises(DataError, match="NASDAQ"):
        price_limits(10_000, TODAY, market="NASDAQ")


def test_the_exchanges_own_record_stays_within_the_limits(krx_data: Path) -> None:
    # Adjusted histories carry bases that no order ever saw: hence the newest quarter, and closes that stand on
    # a tick. First days, resumed trading and rights are the few that lie outside.
    daily = pd.read_parquet(krx_data / "daily.parquet", columns=["symbol", "date", "high", "low", "close"])
    daily["base"] = daily.groupby("symbol")["close"].shift(1)
    seen = daily[(daily["date"] >= "2025-04-01") & (daily["high"] > 0) & daily["base"].notna()]
    moved = seen[(seen["high"] > 1.29 * seen["base"]) | (seen["low"] < 0.71 * seen["base"])]
    ends = [price_limits(b, d.date()) for b, d in zip(moved["base"], moved["date"], strict=True)]
    low, high = np.array(ends).T
    inside = (moved["low"] >= low) & (moved["high"] <= high)
    stood_at_limit = (moved["low"] == low) | (moved["high"] == high)
    assert len(moved) > 300
    assert inside.mean() > 0.9
    assert stood_at_limit[inside].mean() > 0.8
