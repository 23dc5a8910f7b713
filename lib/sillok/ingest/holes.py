"""Issues whose history lacks days, so that it is asked for whole again when their turn comes.

The vendor answers an empty list, or leaves a block out, with success: a page that was lost in the midst of a history
looks like its beginning.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import Connection, Table, func, select

from sillok.ingest.asks import Spans, is_due
from sillok.store import Mark
from sillok.store.tables import index_bar

__all__ = ["find_holed"]

_DAY = timedelta(days=1)
_INDEX = "KOSPI"


def find_holed(
    conn: Connection, table: Table, spans: Spans, marks: Mapping[str, Mark], through: date
) -> set[str]:
    """Return the loaded symbols that have fewer rows in ``table`` than their sessions, and whose turn it is.

    A session counts if the index has it, and from the first bar of any issue on: what the market as a whole lacks
    is not an issue's hole. Left out are symbols without a single row, of which the vendor has no history, and those
    that are listed no more.
    """
    query = select(table.c.symbol, func.count(), func.min(table.c.date)).group_by(table.c.symbol)
    held = {symbol: (count, first) for symbol, count, first in conn.execute(query)}
    if not held:
        return set()
    market = min(first for _, first in held.values())
    told = select(index_bar.c.date).where(index_bar.c.code == _INDEX, index_bar.c.date >= market)
    days = sorted(conn.execute(told).scalars())
    holed = set()
    for symbol in held.keys() & marks.keys() & spans.of.keys():
        first, stop = spans.of[symbol]
        if stop <= through:
            continue
        begin = max(first, (spans.born or {}).get(symbol, first))
        due = bisect_left(days, marks[symbol].through + _DAY) - bisect_left(days, begin)
        if held[symbol][0] < due and is_due(symbol, marks[symbol].through, through):
            holed.add(symbol)
    return holed
