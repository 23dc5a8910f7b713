"""KRX time: Asia/Seoul, sessions and their closes. ``now`` is always passed in.

Sessions come from ``exchange_calendars`` (XKRX), which agrees with the KRX record day for day since 2007.
"""

from __future__ import annotations

import warnings
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sillok.errors import DataError

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar

__all__ = [
    "KST",
    "SETTLING",
    "is_session",
    "last_closed_session",
    "session_close",
    "session_settled",
    "sessions",
]

KST = ZoneInfo("Asia/Seoul")
SETTLING = timedelta(hours=2, minutes=30)  # from a close until all that the session brings has been told
_FIRST = date(1990, 1, 3)
_RECENT = date(2020, 1, 2)
_MARGIN = timedelta(days=30)  # the session before the first asked day must be in the calendar too


def _calendar(day: date) -> ExchangeCalendar:
    # From 1990 it takes three times as long to make, and few ask for what lies before 2020.
    return _make_calendar(_RECENT if day >= _RECENT + _MARGIN else _FIRST)


@lru_cache(maxsize=2)
def _make_calendar(first: date) -> ExchangeCalendar:
    from exchange_calendars.exchange_calendar_xkrx import XKRXExchangeCalendar
    from pandas.tseries.holiday import AbstractHolidayCalendar

    class Holidays(AbstractHolidayCalendar):
        """Its holidays of the years that are asked for, where pandas would convert lunar days until 2050."""

        def holidays(self, start: Any = None, end: Any = None, return_name: bool = False) -> Any:
            near = f"{first.year - 1}-01-01", f"{XKRXExchangeCalendar.default_end().year + 1}-12-31"
            return super().holidays(start or near[0], end or near[1], return_name)

    class Calendar(XKRXExchangeCalendar):
        @property
        def regular_holidays(self) -> Holidays:
            return Holidays(rules=super().regular_holidays.rules)

    with warnings.catch_warnings():
        # pandas 3.1 deprecates how exchange_calendars 4 reads zoned times; the answers are the same.
        warnings.filterwarnings("ignore", message="Series.values returning", category=DeprecationWarning)
        return Calendar(start=first.isoformat())


def _refuse_outside(day: date) -> None:
    last = _calendar(day).last_session.date()
    if not _FIRST <= day <= last:
        raise DataError(f"{day} lies outside the KRX calendar, which covers {_FIRST} to {last}", day=day)


def sessions(start: date, end: date) -> list[date]:
    """Return the KRX sessions in ``[start, end)``, oldest first.

    Raises
    ------
    DataError
        If ``end`` is before ``start``, or the span leaves the calendar.
    """
    if end < start:
        raise DataError(f"dates are reversed: start {start} is after end {end}", start=start, end=end)
    if end == start:
        return []
    last = end - timedelta(days=1)
    _refuse_outside(start)
    _refuse_outside(last)
    return [stamp.date() for stamp in _calendar(start).sessions_in_range(start.isoformat(), last.isoformat())]


def is_session(day: date) -> bool:
    """Return whether KRX trades on ``day``."""
    _refuse_outside(day)
    return bool(_calendar(day).is_session(day.isoformat()))


def session_close(day: date) -> datetime:
    """Return the close of the session ``day`` in Asia/Seoul; a day without a session raises DataError."""
    if not is_session(day):
        raise DataError(f"{day} is not a KRX session; ask for the session before or after it", day=day)
    close: datetime = _calendar(day).session_close(day.isoformat()).to_pydatetime()
    return close.astimezone(KST)


def session_settled(day: date) -> datetime:
    """Return when all that a session brings has been told: 2 h 30 after its close, 18:00 on most days.

    After-hours trading ends then, and the vendor has filled in who bought and who sold.
    """
    return session_close(day) + SETTLING


def last_closed_session(now: datetime) -> date:
    """Return the newest session whose close is at or before ``now`` (aware)."""
    if now.tzinfo is None:
        raise DataError(f"now must carry a time zone, got {now!r}", now=now)
    day = now.astimezone(KST).date()
    _refuse_outside(day)
    candidate: date = _calendar(day).date_to_session(day.isoformat(), direction="previous").date()
    if session_close(candidate) <= now:
        return candidate
    return _calendar(day).previous_session(candidate.isoformat()).date()
