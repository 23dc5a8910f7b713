"""Sessions of a load: the exchange's calendar, corrected by the vendor's for the last days."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sillok import clock
from sillok.errors import ConfigError, DataError
from sillok.ingest.source import MarketSource
from sillok.store import Store, Written
from sillok.store.tables import session

__all__ = ["find_sessions", "find_through", "write_sessions"]

_DAY = timedelta(days=1)
_VENDOR_SPAN = timedelta(days=20)  # one page of the vendor's calendar, which it wants asked once a day


def find_through(client: MarketSource, now: datetime) -> date:
    """Return the newest session that is closed at ``now`` and that the source can have."""
    closed = clock.last_closed_session(now)
    if client.today is None or client.today >= closed:
        return closed
    return clock.sessions(client.today - timedelta(days=30), client.today + _DAY)[-1]


async def find_sessions(client: MarketSource, start: date, through: date) -> list[date]:
    """Return the sessions from ``start`` through ``through``, oldest first.

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
    recent = max(start, through - _VENDOR_SPAN)
    try:
        told = await client.sessions(recent, through + _DAY)
    except ConfigError:  # the paper host has no calendar
        return days
    return [day for day in days if day < recent] + list(told)


def write_sessions(store: Store, days: list[date], *, now: datetime) -> Written:
    """Write the sessions, each known at its close."""
    rows = [{"date": day, "known_at": clock.session_close(day)} for day in days]
    with store.begin() as conn:
        return store.upsert(conn, session, rows, now=now)
