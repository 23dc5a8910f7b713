"""KRX time: sessions, closes and their edges, held to the exchange's own record where it lies beside the project."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sillok.clock import KST, is_session, last_closed_session, session_close, sessions
from sillok.errors import DataError

DAYS = st.dates(date(2000, 1, 4), date(2026, 12, 31))


def test_the_close_is_half_past_three_in_seoul() -> None:
    assert session_close(date(2026, 6, 30)) == datetime(2026, 6, 30, 15, 30, tzinfo=KST)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 6, 30, 15, 29, tzinfo=KST), date(2026, 6, 29)),
        (datetime(2026, 6, 30, 15, 30, tzinfo=KST), date(2026, 6, 30)),
        (datetime(2026, 6, 28, 12, 0, tzinfo=KST), date(2026, 6, 26)),
        (datetime(2026, 1, 1, 0, 0, tzinfo=KST), date(2025, 12, 30)),
        (datetime(2026, 6, 30, 6, 30, tzinfo=UTC), date(2026, 6, 30)),
        (datetime(2020, 2, 1, 9, 0, tzinfo=KST), date(2020, 1, 31)),
    ],
)
def test_the_last_closed_session_is_the_newest_that_has_ended(now: datetime, expected: date) -> None:
    assert last_closed_session(now) == expected


@given(DAYS, st.integers(0, 400))
def test_sessions_are_the_days_that_are_sessions(start: date, length: int) -> None:
    end = min(start + timedelta(days=length), date(2027, 1, 1))
    found = sessions(start, end)
    assert found == [
        day.date() for day in pd.date_range(start, end, inclusive="left") if is_session(day.date())
    ]


@given(DAYS)
def test_a_close_belongs_to_its_own_session(day: date) -> None:
    last = last_closed_session(datetime(day.year, day.month, day.day, 23, 59, tzinfo=KST))
    assert last <= day
    assert session_close(last).date() == last
    assert last_closed_session(session_close(last)) == last


def test_reversed_dates_a_day_off_and_a_naive_instant_are_refused() -> None:
    with pytest.raises(DataError, match="reversed"):
        sessions(date(2026, 2, 1), date(2026, 1, 1))
    with pytest.raises(DataError, match="not a KRX session"):
        session_close(date(2026, 6, 28))
    with pytest.raises(DataError, match="time zone"):
        last_closed_session(datetime(2026, 6, 30, 12, 0))  # noqa: DTZ001 - that is the point
    with pytest.raises(DataError, match="outside the KRX calendar"):
        is_session(date(1985, 1, 4))


def test_the_calendar_agrees_with_the_exchanges_record(krx_data: Path) -> None:
    daily = pd.read_parquet(krx_data / "daily.parquet", columns=["date"])
    days = sorted({pd.Timestamp(day).date() for day in daily["date"].unique()})
    assert sessions(days[0], days[-1] + timedelta(days=1)) == days
