"""Which corporate actions to ask for, and which of them rewrite the history of an issue's bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import Connection, and_, select

from sillok.ingest.asks import Ask, split_span
from sillok.store.tables import corporate_action

__all__ = ["KINDS", "find_events", "plan_actions"]

# Days of a window, by how many actions of a kind there are: an answer holds some 100 rows.
_WINDOWS = {
    "dividend": 31,
    "bonus": 91,
    "rights": 91,
    "split": 91,
    "merger": 91,
    "capital_reduction": 91,
    "listing": 7,
}
KINDS = tuple(_WINDOWS)
_AHEAD = timedelta(days=60)
_BACK = 30  # sessions asked for again: dates are filled in late
_SETTLED_LATE = {"dividend": timedelta(days=130), "rights": timedelta(days=130)}  # amounts are, months after
_DAY = timedelta(days=1)
# Kinds that the vendor adjusts the past for, as it does for dividends in shares, never for those in cash. What
# "listing" tells of is the end of one of these, or no event at all (options, convertibles).
_ADJUSTING = ("bonus", "rights", "split", "merger", "capital_reduction")


def plan_actions(days: Sequence[date], begin: date, *, is_first: bool) -> list[Ask]:
    """Return the windows to ask for: all since ``begin`` on the first load, else what may still be filled in.

    That is 30 sessions back, or 130 days for dividends and rights issues; always 60 days ahead.
    """
    end = days[-1] + _AHEAD + _DAY
    asks = []
    for kind, width in _WINDOWS.items():
        back = days[-1] - _SETTLED_LATE[kind] if kind in _SETTLED_LATE else days[-_BACK:][0]
        start = begin if is_first else max(begin, back)
        asks += [Ask("corporate_actions", kind, *span) for span in split_span(start, end, width)]
    return asks


def find_events(conn: Connection, since: Mapping[str, date], through: date) -> set[str]:
    """Return the symbols of which an action that adjusts the past took effect in ``(since, through]``.

    It does so on its ex-date and on its listing day; a dividend in shares, for which neither is told, by its
    record date.
    """
    if not since:
        return set()
    table, floor = corporate_action.c, min(since.values())
    in_shares = and_(table.kind == "dividend", table.ratio_pct > 0)
    effects = [(table.kind.in_(_ADJUSTING), table.ex_date), (table.kind.in_(_ADJUSTING), table.list_date)]
    found = set()
    for is_meant, day in [*effects, (in_shares, table.record_date)]:
        query = select(table.symbol, day).where(is_meant, day > floor, day <= through)
        found |= {symbol for symbol, when in conn.execute(query) if symbol in since and since[symbol] < when}
    return found
