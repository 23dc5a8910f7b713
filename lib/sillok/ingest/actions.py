"""Corporate actions: dividends, issues, splits, mergers, reductions and listings, by windows of record dates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from sillok.errors import DataError
from sillok.ingest.asks import Ask, is_due
from sillok.ingest.known import action_proxy, first_seen
from sillok.ingest.pipeline import Answer, Outcome
from sillok.ingest.source import DatasetSource, Row, check_decimals
from sillok.kis.paging import FullDayError
from sillok.store import Mark, Store
from sillok.store.tables import corporate_action

__all__ = ["ActionFeed", "issue_mark"]

_ALL = "all"
_DAY = timedelta(days=1)
_COLUMNS = [column.name for column in corporate_action.columns if column.name != "recorded_at"]
_GIVEN = [name for name in _COLUMNS if name not in {"number", "known_at"}]
_LIST_DATE, _PAY_DATE = _GIVEN.index("list_date"), _GIVEN.index("pay_date")


def issue_mark(kind: str) -> str:
    """Return the watermark of a kind's actions that were asked for issue by issue."""
    return f"action.{kind}"


@dataclass
class ActionFeed:
    """Corporate actions of all issues; their mark moves when the last answer is written.

    A day that holds more than an answer can (the dividends of 31 December) is asked for issue by issue: all on
    the first time, each once in 20 weekdays after it.
    """

    client: DatasetSource
    store: Store
    asks: Sequence[Ask]
    mark: Mark | None
    issue_marks: Mapping[str, Mapping[str, Mark]]  # by kind and symbol
    symbols: Sequence[str]
    through: date
    now: datetime
    after: Callable[[Connection], list[Ask]]  # what to ask once all actions are known
    name: str = "corporate_actions"

    def __post_init__(self) -> None:
        self._left = len(self.asks)
        self._full: dict[str, set[date]] = {}  # days by kind that no window can hold

    async def fetch(self, ask: Ask) -> Sequence[Row]:
        kind, _, symbol = ask.key.partition(":")
        rows = await self._fetch_window(kind, ask.start, ask.end, symbol)
        for row in rows:
            if row[1] != kind or not ask.start <= row[2] < ask.end or symbol not in {"", row[0]}:
                raise DataError(
                    f"asked for actions {ask.key} in [{ask.start}, {ask.end}), got {row!r}; the answer cannot be "
                    "trusted",
                    key=ask.key,
                )
        check_decimals(corporate_action, _GIVEN, rows)
        return rows

    async def _fetch_window(self, kind: str, start: date, end: date, symbol: str) -> list[Row]:
        """Return the actions of a window but those of its full days, which are noted."""
        rows: list[Row] = []
        while start < end:
            try:
                return rows + list(await self.client.corporate_actions(kind, start, end, symbol))
            except FullDayError as err:
                day = err.detail["day"]
                if symbol or not isinstance(day, date) or not start <= day < end:
                    raise
                self._full.setdefault(kind, set()).add(day)
                rows += await self._fetch_window(kind, start, day, symbol)
                start = day + _DAY
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
        self._move_issue_marks(conn, [one.ask for one in answers])
        self._left -= len(answers)
        if not self._left:
            outcome.again = self._ask_full_days()
            self._left = len(outcome.again)
        if not self._left:
            self.store.move_watermarks(conn, corporate_action.name, {_ALL: self.through}, now=self.now)
            outcome.again = self.after(conn)
        return outcome

    def _ask_full_days(self) -> list[Ask]:
        """Return one ask an issue that spans all full days, of the issues whose turn it is."""
        asks = []
        for kind, days in self._full.items():
            marks = self.issue_marks.get(kind, {})
            for symbol in self.symbols:
                mark = marks.get(symbol)
                if is_due(symbol, mark.through if mark else None, self.through):
                    asks.append(Ask(self.name, f"{kind}:{symbol}", min(days), max(days) + _DAY))
        self._full = {}
        return asks

    def _move_issue_marks(self, conn: Connection, asks: Sequence[Ask]) -> None:
        through: dict[str, dict[str, date]] = {}
        for ask in asks:
            kind, _, symbol = ask.key.partition(":")
            if symbol:
                through.setdefault(kind, {})[symbol] = self.through
        for kind, of_issues in through.items():
            self.store.move_watermarks(conn, issue_mark(kind), of_issues, now=self.now)

    def _known_at(self, row: Row) -> datetime:
        proxy = action_proxy(row[1], row[2], row[_LIST_DATE], row[_PAY_DATE])
        return first_seen(proxy, self.now, self.mark.through if self.mark else None)

    def _read_standing(self, conn: Connection, asks: Sequence[Ask]) -> dict[Row, dict[int, Row]]:
        """Return by symbol, kind and record date the numbered actions that the store holds in the windows."""
        table = corporate_action.c
        windows: list[Any] = []
        for ask in asks:
            kind, _, symbol = ask.key.partition(":")
            inside = and_(table.kind == kind, table.record_date >= ask.start, table.record_date < ask.end)
            full = tuple(self._full.get(kind, ()))
            windows.append(and_(inside, table.symbol == symbol if symbol else table.record_date.not_in(full)))
        query = select(table.number, *(table[name] for name in _GIVEN))
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
