"""Series by day: bars of issues, indices, rates and markets abroad, and what investors bought.

The first rows of an ask overlap what is loaded. Where they differ, the past was rewritten (a split, say): the
whole history is asked for again, and what changed is recorded as revisions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, Table, select, tuple_

from sillok.errors import DataError
from sillok.ingest.asks import Ask, Spans
from sillok.ingest.pipeline import Answer, Outcome
from sillok.ingest.source import Row, check_decimals
from sillok.store import Store

__all__ = ["SeriesFeed"]

_DAY = timedelta(days=1)
_TIMES = ("known_at", "recorded_at")
Standing = Mapping[Row, Mapping[date, Row]]


def _one_a_key(answers: Sequence[Answer]) -> list[Answer]:
    """Return one answer a key: the whole history where both it and an overlap came."""
    ordered = sorted(answers, key=lambda one: not one.ask.overlaps)
    return list({one.ask.key: one for one in ordered}.values())


@dataclass
class SeriesFeed:
    """One series by day on its way from the vendor into ``table``, whose key is an owner and ``date``."""

    name: str
    table: Table
    ask_vendor: Callable[[str, date, date], Awaitable[Sequence[Row]]]
    spans: Spans
    asks: Sequence[Ask]
    known_at: Callable[[str, date], datetime]  # of a key's row on a day
    store: Store
    now: datetime
    revised_at: datetime  # when a rewritten past became known
    marked: Collection[str] = ()  # keys with rows in the store
    is_adjusted: bool = False  # any difference tells of a rewritten past, not only one at the overlap's edge
    whole_mark: str = ""  # a second mark: through when the whole history was last asked for
    refetched: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._owner = [column.name for column in self.table.primary_key.columns if column.name != "date"]
        self._columns = [column.name for column in self.table.columns if column.name not in _TIMES]
        self._day = self._columns.index("date")

    async def fetch(self, ask: Ask) -> Sequence[Row]:
        rows = await self.ask_vendor(ask.key, ask.start, ask.end)
        owner = tuple(ask.key.split(":"))
        for row in rows:
            if tuple(row[: self._day]) != owner or not ask.start <= row[self._day] < ask.end:
                raise DataError(
                    f"asked for {ask.key} in [{ask.start}, {ask.end}), got a row of {':'.join(row[: self._day])} on "
                    f"{row[self._day]} in {self.name}; the answer cannot be trusted, nothing of it is kept",
                    key=ask.key,
                )
            self.known_at(ask.key, row[self._day])  # refuses a day without a session
        check_decimals(self.table, self._columns, rows)
        if len({row[self._day] for row in rows}) != len(rows):
            raise DataError(
                f"{ask.key} came with a day twice in {self.name}; nothing of it is kept", key=ask.key
            )
        return rows

    def write(self, conn: Connection, answers: Sequence[Answer]) -> Outcome:
        outcome = Outcome()
        standing = self._read_standing(conn, [one.ask for one in answers])
        rows: list[Row] = []
        kept: list[Ask] = []
        for ask, given in _one_a_key(answers):
            by_day = {row[self._day]: row for row in given or ()}
            had = standing.get(tuple(ask.key.split(":")), {})
            if self._is_rewritten(ask, by_day, had):
                outcome.again += self.ask_whole([ask.key])
                continue
            outcome.vanished += sum(ask.start <= day < ask.end and day not in by_day for day in had)
            rows += [(*row, self.known_at(ask.key, day)) for day, row in by_day.items()]
            kept.append(ask)
        outcome.written = self.store.upsert_tuples(
            conn, self.table, [*self._columns, "known_at"], rows, now=self.now, revised_at=self.revised_at
        )
        self._move_marks(conn, kept)
        return outcome

    def ask_whole(self, keys: Collection[str]) -> list[Ask]:
        """Return asks for the whole history of ``keys``, each once a load."""
        fresh = sorted(set(keys) - self.refetched)
        self.refetched.update(fresh)
        return [
            Ask(self.name, key, *self.spans.of[key], calls=self.spans.calls(key, *self.spans.of[key]))
            for key in fresh
        ]

    def _is_rewritten(self, ask: Ask, given: Mapping[date, Row], had: Mapping[date, Row]) -> bool:
        if not ask.overlaps or ask.start == self.spans.of[ask.key][0]:
            return False  # the answer is the whole history
        if given and min(given) not in had:
            return True  # what was not told before may reach further back than the overlap
        days = sorted(day for day in had if ask.start <= day < ask.end)
        differing = [day for day in days if day in given and tuple(given[day]) != had[day]]
        # The newest session alone is corrected late, after-hours trades say; a split changes those before it too.
        return differing not in ([], days[-1:]) and (self.is_adjusted or differing[0] == days[0])

    def _read_standing(self, conn: Connection, asks: Sequence[Ask]) -> Standing:
        """Return by owner and day what the store holds of the keys that were loaded before."""
        known: dict[date, list[Row]] = {}
        for ask in asks:
            if ask.overlaps or ask.key in self.marked:
                known.setdefault(ask.start, []).append(tuple(ask.key.split(":")))
        standing: dict[Row, dict[date, Row]] = {}
        for start, owners in known.items():
            for row in conn.execute(self._select_since(start, owners)):
                standing.setdefault(tuple(row[: self._day]), {})[row[self._day]] = tuple(row)
        return standing

    def _select_since(self, start: date, owners: Sequence[Row]) -> Select[Any]:
        columns = [self.table.c[name] for name in self._owner]
        among = (
            columns[0].in_([owner[0] for owner in owners])
            if len(columns) == 1
            else tuple_(*columns).in_(owners)
        )
        return select(*(self.table.c[name] for name in self._columns)).where(
            among, self.table.c.date >= start
        )

    def _move_marks(self, conn: Connection, asks: Sequence[Ask]) -> None:
        through = {ask.key: ask.end - _DAY for ask in asks}
        self.store.move_watermarks(conn, self.table.name, through, now=self.now)
        if self.whole_mark:
            whole = {ask.key: ask.end - _DAY for ask in asks if not ask.overlaps}
            self.store.move_watermarks(conn, self.whole_mark, whole, now=self.now)
