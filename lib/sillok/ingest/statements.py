"""Financial statements: income, balance sheet and ratios of each period, merged into one row.

The vendor overwrites a restated value and names no date of publication: what changes is a revision, known from
the instant at which this node saw it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from sillok.errors import DataError
from sillok.ingest.asks import Ask
from sillok.ingest.known import first_seen, statement_deadline
from sillok.ingest.pipeline import Answer, Outcome
from sillok.ingest.source import DatasetSource, Row, check_decimals
from sillok.store import Mark, Store
from sillok.store.tables import statement

__all__ = ["BASES", "StatementFeed"]

BASES = ("annual", "quarter")
_COLUMNS = [column.name for column in statement.columns if column.name != "recorded_at"]
_KEY = ["symbol", "basis", "period"]
_VALUES = [name for name in _COLUMNS if name not in {*_KEY, "known_at"}]
_PARTS = (  # the columns that each of the three answers fills
    slice(0, _VALUES.index("current_assets_krw")),
    slice(_VALUES.index("current_assets_krw"), _VALUES.index("sales_growth_pct")),
    slice(_VALUES.index("sales_growth_pct"), len(_VALUES)),
)
_DAY = timedelta(days=1)
_YEAR_END = 12  # where no annual statement says otherwise


class _Absent:
    """A part that the vendor's answer did not reach back to: what stands in the store stays."""

    def __repr__(self) -> str:
        return "absent"


_ABSENT = _Absent()


@dataclass
class StatementFeed:
    """The statements of each issue, asked for whole."""

    client: DatasetSource
    store: Store
    asks: Sequence[Ask]
    marks: Mapping[str, Mark]
    now: datetime
    name: str = "statements"

    async def fetch(self, ask: Ask) -> Sequence[Row]:
        """Return rows in the order of the table's columns, ``known_at`` last; absent parts are marked so."""
        rows: list[Row] = []
        ends: set[int] = set()
        for basis in BASES:
            merged = await self._merge(ask.key, basis)
            if basis == "annual":
                ends = {period.month for period in merged} or {_YEAR_END}
            for period, values in merged.items():
                known_at = self._known_at(ask, period, ends_year=basis == "annual" or period.month in ends)
                rows.append((ask.key, basis, period, *values, known_at))
        return rows

    async def _merge(self, symbol: str, basis: str) -> dict[date, list[Any]]:
        answers = (
            await self.client.income_statements(symbol, basis),
            await self.client.balance_sheets(symbol, basis),
            await self.client.financial_ratios(symbol, basis),
        )
        merged: dict[date, list[Any]] = {}
        for part, answer in zip(_PARTS, answers, strict=True):
            check_decimals(statement, [*_KEY, *_VALUES[part]], answer)
            for row in answer:
                if row[:2] != (symbol, basis) or len(row) != len(_KEY) + part.stop - part.start:
                    raise DataError(
                        f"asked for the {basis} statements of {symbol}, got {row!r}; the answer cannot be trusted",
                        key=symbol,
                    )
                values = merged.setdefault(row[2], [_ABSENT] * len(_VALUES))
                if values[part.start] is not _ABSENT:
                    raise DataError(f"{symbol} came with the {basis} period {row[2]} twice", key=symbol)
                values[part] = row[3:]
        return merged

    def _known_at(self, ask: Ask, period: date, *, ends_year: bool) -> datetime:
        mark = self.marks.get(ask.key)
        asked = mark.through if mark else None
        return first_seen(statement_deadline(period, ends_year=ends_year), self.now, asked)

    def write(self, conn: Connection, answers: Sequence[Answer]) -> Outcome:
        outcome = Outcome()
        standing = self._read_standing(conn, [one.ask.key for one in answers])
        rows = []
        for _, given in answers:
            for row in given or ():
                if row[2] >= self.now.date():  # the period has not ended: a forecast is no statement
                    outcome.left_out += 1
                    continue
                had = standing.pop(row[:3], None)
                values = row[3:-1]
                filled = had or (None,) * len(values)
                values = tuple(
                    old if new is _ABSENT else new for new, old in zip(values, filled, strict=True)
                )
                rows.append((*row[:3], *values, row[-1]))
        outcome.vanished = _count_vanished(answers, standing)
        outcome.written = self.store.upsert_tuples(conn, statement, _COLUMNS, rows, now=self.now)
        through = {one.ask.key: one.ask.end - _DAY for one in answers}
        self.store.move_watermarks(conn, statement.name, through, now=self.now)
        return outcome

    def _read_standing(self, conn: Connection, symbols: Sequence[str]) -> dict[Row, Row]:
        known = [symbol for symbol in symbols if symbol in self.marks]
        if not known:
            return {}
        query = select(*(statement.c[name] for name in (*_KEY, *_VALUES)))
        rows = conn.execute(query.where(statement.c.symbol.in_(known)))
        return {tuple(row[:3]): tuple(row[3:]) for row in rows}


def _count_vanished(answers: Sequence[Answer], left: Mapping[Row, Row]) -> int:
    """Count standing periods that were not given, though older ones were: the vendor's window moves on."""
    oldest: dict[Row, date] = {}
    for _, given in answers:
        for row in given or ():
            oldest[row[:2]] = min(row[2], oldest.get(row[:2], row[2]))
    return sum(key[2] > oldest[key[:2]] for key in left if key[:2] in oldest)
