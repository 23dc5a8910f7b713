"""Sessions of a load: the exchange's calendar, corrected by the vendor's for the last days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select

from sillok import clock
from sillok.clock import KST
from sillok.errors import ConfigError, DataError
from sillok.ingest.source import MarketSource
from sillok.store import Store, Written, read_marks
from sillok.store.tables import session

__all__ = ["find_sessions", "find_through", "tell_sessions", "write_sessions"]

_DAY = timedelta(days=1)
_VENDOR_SPAN = timedelta(days=20)  # one page of the vendor's calendar, which it wants asked once a day
_ALL = "all"


def find_through(client: MarketSource, now: datetime) -> date:
    """Return the newest session that is closed at ``now`` and that the source can have."""
    closed = clock.last_closed_session(now)
    if client.today is None or client.today >= closed:
        return closed
    return clock.sessions(client.today - timedelta(days=30), client.today + _DAY)[-1]


def find_sessions(start: date, through: date) -> list[date]:
    """Return the exchange's sessions from ``start`` through ``through``, oldest first.

    Raises
    ------
    DataError
        If there is none.
    """
    days = clock.sessions(start, through + _DAY) if start <= through else []
    if not days:
        raise DataError(
            f"no KRX session lies between the start {start} and the newest closed session {through}; choose an "
            "earlier SILLOK_HISTORY_START",
            start=start,
            through=through,
        )
    return days


async def tell_sessions(client: MarketSource, store: Store, days: list[date], *, now: datetime) -> list[date]:
    """Return ``days`` with the last ones as the vendor tells them; as they are where it has no calendar.

    What it told earlier on the same day is taken from the store: it wants to be asked once a day.
    """
    recent = max(days[0], days[-1] - _VENDOR_SPAN)
    with store.engine.connect() as conn:
        mark = read_marks(conn, session.name).get(_ALL)
        stored = conn.execute(
            select(session.c.date).where(session.c.date.between(recent, days[-1]))
        ).scalars()
        told: Sequence[date] = sorted(stored)
    if mark is None or mark.through < days[-1] or _korean_day(mark.moved_at) != _korean_day(now):
        try:
            told = await client.sessions(recent, days[-1] + _DAY)
        except ConfigError:  # the paper host has no calendar
            return days
    return [day for day in days if day < recent] + list(told)


def _korean_day(instant: datetime) -> date:
    return instant.astimezone(KST).date()


def write_sessions(store: Store, days: list[date], *, now: datetime) -> Written:
    """Write the sessions, each known at its close."""
    rows = [{"date": day, "known_at": clock.session_close(day)} for day in days]
    with store.begin() as conn:
        written = store.upsert(conn, session, rows, now=now)
        store.move_watermarks(conn, session.name, {_ALL: days[-1]}, now=now)
    return written
