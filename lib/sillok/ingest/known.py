"""From when on a fact could be known: one rule a dataset, none of them before what it speaks of has ended.

Where the vendor gives no date of publication, the rule is a lag that is rather too long than too short: what
research believes to have known late costs it little, what it believes to have known early makes it wrong.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sillok import clock
from sillok.clock import KST
from sillok.errors import ConfigError

__all__ = [
    "action_proxy",
    "close_of",
    "execution_known_at",
    "first_seen",
    "last_closed_day",
    "last_rate_day",
    "overseas_close",
    "rate_known_at",
    "settled_at",
    "statement_deadline",
]

_DAY = timedelta(days=1)
_EVENING = time(18)
_MORNING = time(9)
_LAST_MARKET = time(20)  # Nextrade's after-market
_YEAR_LAG = timedelta(days=91)  # the annual report is due within 90 days (Capital Markets Act, article 159)
_PART_LAG = timedelta(days=46)  # the half-year and quarterly reports within 45 (article 160)
_AMOUNT_LAG = timedelta(
    days=90
)  # the general meeting settles a dividend within three months of the record date

# The regular close, local. Half days close earlier: the later instant is the honest one.
_OVERSEAS = {
    **dict.fromkeys(("NAS", "NYS", "AMS"), (time(16), ZoneInfo("America/New_York"))),
    "HKS": (time(16, 10), ZoneInfo("Asia/Hong_Kong")),
    "TSE": (time(15, 30), ZoneInfo("Asia/Tokyo")),
    **dict.fromkeys(("SHS", "SZS", "SHI", "SZI"), (time(15), ZoneInfo("Asia/Shanghai"))),
    **dict.fromkeys(("HSX", "HNX"), (time(15), ZoneInfo("Asia/Ho_Chi_Minh"))),
}


@lru_cache(maxsize=20_000)
def close_of(day: date) -> datetime:
    """Return the close of the session ``day``; DataError on a day without one."""
    return clock.session_close(day)


@lru_cache(maxsize=20_000)
def settled_at(day: date) -> datetime:
    """Return when the session ``day`` is settled; see :func:`sillok.clock.session_settled`."""
    return clock.session_settled(day)


def first_seen(proxy: datetime, now: datetime, asked: date | None) -> datetime:
    """Return the known time of something seen at ``now`` of which ``proxy`` says when it was public at the latest.

    Seen earlier than that: now. And now too if it was asked for on the day ``asked``, after the proxy, and was
    not there: then the vendor published it later than the rule believes.
    """
    if asked is not None and proxy.astimezone(KST).date() < asked:
        return now
    return min(proxy, now)


def statement_deadline(period: date, *, ends_year: bool) -> datetime:
    """Return 18:00 KST of the day after the legal deadline for the report on the period that ends on ``period``."""
    return datetime.combine(period + (_YEAR_LAG if ends_year else _PART_LAG), _EVENING, KST)


def action_proxy(kind: str, record_date: date, list_date: date | None, pay_date: date | None) -> datetime:
    """Return when a corporate action was public at the latest: it is announced two weeks before its record date.

    The amount of a dividend and the price of a rights issue are settled after it.
    """
    if kind not in {"dividend", "rights"}:
        return datetime.combine(record_date, _EVENING, KST)
    settled = pay_date if kind == "dividend" else list_date
    latest = record_date + _AMOUNT_LAG
    day = latest if settled is None or settled < record_date else min(settled, latest)
    return datetime.combine(day, _EVENING, KST)


def rate_known_at(day: date) -> datetime:
    """Return 09:00 KST of the morning after ``day``."""
    return datetime.combine(day + _DAY, _MORNING, KST)


def last_rate_day(now: datetime) -> date:
    """Return the newest day whose rates are known at ``now``."""
    yesterday = now.astimezone(KST).date() - _DAY
    return yesterday if rate_known_at(yesterday) <= now else yesterday - _DAY


def execution_known_at(day: date, now: datetime) -> datetime:
    """Return 20:00 KST of ``day``, or ``now`` if that is earlier."""
    return min(datetime.combine(day, _LAST_MARKET, KST), now)


def overseas_close(market: str, day: date) -> datetime:
    """Return the regular close of ``market`` on ``day``, in its zone.

    Raises
    ------
    ConfigError
        If the market is unknown.
    """
    if market not in _OVERSEAS:
        raise ConfigError(f"unknown overseas market {market!r}; ask for one of {sorted(_OVERSEAS)}")
    close, zone = _OVERSEAS[market]
    return datetime.combine(day, close, zone)


def last_closed_day(market: str, now: datetime) -> date:
    """Return the newest day of ``market`` whose close is at or before ``now``, weekends and holidays counted."""
    zone = overseas_close(market, now.date()).tzinfo
    day = now.astimezone(zone).date()
    return day if overseas_close(market, day) <= now else day - _DAY
