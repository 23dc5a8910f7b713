"""Corporate actions: dividends, issues, splits, mergers, reductions and listings, by windows of record dates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, or_, select

from sillok.errors import DataError
from sillok.ingest.asks import Ask, split_span
from sillok.ingest.known import action_proxy, first_seen
from sillok.ingest.pipeline import Answer, Outcome
from sillok.ingest.source import DatasetSource, Row
from sillok.store import Mark, Store
from sillok.store.tables import corporate_action

__all__ = ["ActionFeed", "find_events", "plan_actions"]

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
_AHEAD = timedelta(days=60)
_BACK = 30  # sessions asked for again: dates and amounts are filled in late
_ALL = "all"
_DAY = timedelta(days=1)
# Kinds that the vendor adjusts the past for. Its dividends are not adjusted but for those in shares; what
# "listing" tells of is the end of one of these, or no event at all (options, convertibles).
_ADJUSTING = ("bonus", "rights", "split", "merger", "capital_reduction")

_COLUMNS = [column.name for column in corporate_action.columns if column.name != "recorded_at"]
_GIVEN = [name for name in _COLUMNS if name not in {"number", "known_at"}]
_LIST_DATE, _PAY_DATE = _GIVEN.index("list_date"), _GIVEN.index("pay_date")


def plan_actions(days: Sequence[date], begin: date, *, is_first: bool) -> list[Ask]:
    """Return the windows to ask for: all since ``begin`` on the first load, else 30 sessions back; 60 days ahead."""
    start = begin if is_first else max(begin, days[-_BACK:][0])
    end = days[-1] + _AHEAD + _DAY
    return [
        Ask("corporate_actions", kind, first, stop)
        for kind, width in _WINDOWS.items()
        for first, stop in split_span(start, end, width)
    ]


def find_events(conn: Connection, since: Mapping[str, date], through: date) -> set[str]:
    """Return the symbols of which an action that adjusts the past took effect in ``(since, through]``."""
    if not since:
        return set()
    table, floor = corporate_action.c, min(since.values())
    recent = [date_.between(floor, through) for date_ in (table.ex_date, table.list_date)]
    query = select(table.symbol, table.ex_date, table.list_date).where(table.kind.in_(_ADJUSTING))
    return {
        row.symbol
        for row in conn.execute(query.where(or_(*recent)))
        if row.symbol in since
        and any(day and since[row.symbol] < day <= through for day in (row.ex_date, row.list_date))
    }


@dataclass
class ActionFeed:
    """Corporate actions of all issues; their mark moves when the last window is written."""

    client: DatasetSource
    store: Store
    asks: Sequence[Ask]
    mark: Mark | None
    through: date
    now: datetime
    after: Callable[[Connection], list[Ask]]  # what to ask once all actions are known
    name: str = "corporate_actions"

    def __post_init__(self) -> None:
        self._left = len(self.asks)

    async def fetch(self, ask: Ask) -> Sequence[Row]:
        rows = await self.client.corporate_actions(ask.key, ask.start, ask.end)
        for row in rows:
            if row[1] != ask.key or not ask.start <= row[2] < ask.end:
                raise DataError(
                    f"asked for actions of the kind {ask.key} in [{ask.start}, {ask.end}), got {row!r}; the answer "
                    "cannot be trusted",
                    key=ask.key,
                )
        return rows

    def write(self, conn: Connection, answers: Sequence[Answer]) -> Outcome:
        outcome = Outcome()
        standing = self._read_standing(conn, [one.ask for one in answers])
        given: dict[Row, list[Row]] = {}
        for _, rows in answers:
            for row in rows or ():
                given.setdefault(row[:3], []).append(tuple(row))
        numbered = []
        for key, rows in given.items():
            had = standing.pop(key, {})
            numbers = _number(rows, had)
            outcome.vanished += len(had.keys() - numbers.keys())
            numbered += [(*key, number, *row[3:], self._known_at(row)) for number, row in numbers.items()]
        outcome.vanished += sum(map(len, standing.values()))
        outcome.written = self.store.upsert_tuples(conn, corporate_action, _COLUMNS, numbered, now=self.now)
        self._left -= len(answers)
        if not self._left:
            self.store.move_watermarks(conn, corporate_action.name, {_ALL: self.through}, now=self.now)
            outcome.again = self.after(conn)
        return outcome

    def _known_at(self, row: Row) -> datetime:
        proxy = action_proxy(row[1], row[2], row[_LIST_DATE], row[_PAY_DATE])
        return first_seen(proxy, self.now, self.mark.through if self.mark else None)

    def _read_standing(self, conn: Connection, asks: Sequence[Ask]) -> dict[Row, dict[int, Row]]:
        """Return by symbol, kind and record date the numbered actions that the store holds in the windows."""
        windows: list[Any] = [
            (corporate_action.c.kind == ask.key)
            & (corporate_action.c.record_date >= ask.start)
            & (corporate_action.c.record_date < ask.end)
            for ask in asks
        ]
        query = select(corporate_action.c.number, *(corporate_action.c[name] for name in _GIVEN))
        standing: dict[Row, dict[int, Row]] = {}
        for number, *row in conn.execute(query.where(or_(*windows))):
            standing.setdefault(tuple(row[:3]), {})[number] = tuple(row)
        return standing


def _number(rows: Sequence[Row], had: Mapping[int, Row]) -> dict[int, Row]:
    """Give each action of a day the number that it has, a changed one that of the one it replaces, a new one the next."""
    left = sorted(had.items())
    numbers: dict[int, Row] = {}
    fresh: list[Row] = []
    for row in sorted(rows, key=repr):
        same = next((number for number, old in left if old == row), None)
        if same is None:
            fresh.append(row)
        else:
            numbers[same] = row
            left = [(number, old) for number, old in left if number != same]
    for row in fresh:
        number = left.pop(0)[0] if left else max([*had, *numbers], default=-1) + 1
        numbers[number] = row
    return numbers
