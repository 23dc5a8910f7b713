"""Send many rows quickly: values are turned to text once a column, not once a cell.

SQLite runs one prepared statement over many tuples. MySQL gets multi-row statements, or, where the URL says
``local_infile=1``, LOAD DATA LOCAL from a temporary file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Protocol

from sqlalchemy import Connection, Table

from sillok.errors import DataError
from sillok.store.types import Exact

__all__ = ["Sender", "check_decimals", "insert_rows", "instant_text", "open_sender"]

Row = tuple[Any, ...]
_ROWS_A_STATEMENT = 2_000  # some 200 KB: far below the smallest max_allowed_packet in use (1 MB)
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})


@cache
def instant_text(value: datetime) -> str:
    """Return an aware instant as both databases keep it: UTC, to the microsecond."""
    if value.tzinfo is None:
        raise DataError(f"a stored instant needs a time zone, got {value!r}", value=value)
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


_day_text = cache(date.isoformat)


def _sqlite_value(value: object) -> object:
    """Give SQLite what SQLAlchemy's own types would have written."""
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return _day_text(value)
    return float(value) if isinstance(value, Decimal) else value


def _file_value(value: object) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return _day_text(value)
    return value.translate(_ESCAPES) if isinstance(value, str) else str(value)


def _by_column(
    rows: Sequence[Row], turn: Callable[[Any], Any], turn_int: Callable[[Any], Any] | None
) -> Iterator[Row]:
    """Turn values with ``turn``; whole columns of integers with ``turn_int``, or not at all."""
    turned: list[Iterable[Any]] = []
    for place in range(len(rows[0])):
        column = [row[place] for row in rows]  # zip(*rows) would hold an iterator a row: three times as slow
        if set(map(type, column)) == {int}:
            turned.append(map(turn_int, column) if turn_int else column)
        else:  # symbols, days and instants come again and again: each is turned once
            texts = {value: turn(value) for value in set(column)}
            turned.append(map(texts.__getitem__, column))
    return zip(*turned, strict=True)


class Sender(Protocol):
    """One way into a table: ``encode`` touches no connection, so that it may run ahead in a thread."""

    def encode(self, rows: Sequence[Row]) -> Any:
        """Turn rows into what ``put`` sends."""
        ...

    def put(self, conn: Connection, encoded: Any) -> int:
        """Send it; return how many rows the database took."""
        ...


@dataclass(frozen=True, slots=True)
class _Tuples:
    """SQLite: one prepared statement."""

    into: str
    columns: Sequence[str]

    def encode(self, rows: Sequence[Row]) -> list[Row]:
        return list(_by_column(rows, _sqlite_value, None))

    def put(self, conn: Connection, encoded: list[Row]) -> int:
        names = ", ".join(f'"{name}"' for name in self.columns)
        marks = ", ".join("?" * len(self.columns))
        statement = f'INSERT INTO "{self.into}" ({names}) VALUES ({marks})'  # noqa: S608  # our own table and column names
        return conn.exec_driver_sql(statement, encoded).rowcount


@dataclass(frozen=True, slots=True)
class _Values:
    """MySQL: statements of many rows."""

    into: str
    columns: Sequence[str]
    escape: Callable[[Any], str]  # the driver's

    def _literal(self, value: object) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, datetime):
            return f"'{instant_text(value)}'"
        if isinstance(value, date):
            return f"'{_day_text(value)}'"
        return str(self.escape(value))

    def encode(self, rows: Sequence[Row]) -> list[str]:
        names = ", ".join(f"`{name}`" for name in self.columns)
        statements = []
        for first in range(0, len(rows), _ROWS_A_STATEMENT):
            some = rows[first : first + _ROWS_A_STATEMENT]
            values = "),(".join(map(",".join, _by_column(some, self._literal, str)))
            statement = f"INSERT INTO `{self.into}` ({names}) VALUES ({values})"  # noqa: S608  # values are escaped
            statements.append(statement.replace("%", "%%"))
        return statements

    def put(self, conn: Connection, encoded: list[str]) -> int:
        return sum(conn.exec_driver_sql(statement).rowcount for statement in encoded)


@dataclass(frozen=True, slots=True)
class _File:
    """MySQL: LOAD DATA LOCAL from a temporary file."""

    into: str
    columns: Sequence[str]

    def encode(self, rows: Sequence[Row]) -> str:
        return "\n".join(map("\t".join, _by_column(rows, _file_value, str))) + "\n"

    def put(self, conn: Connection, encoded: str) -> int:
        names = ", ".join(f"`{name}`" for name in self.columns)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="\n", suffix=".tsv") as file:
            file.write(encoded)
            file.flush()
            result = conn.exec_driver_sql(
                f"LOAD DATA LOCAL INFILE '{file.name}' INTO TABLE `{self.into}` CHARACTER SET utf8mb4 ({names})"
            )
        warned = conn.exec_driver_sql("SHOW WARNINGS LIMIT 1").first()  # LOCAL makes a warning of every error
        if warned is not None:
            raise DataError(f"{self.into} did not take the rows as they are: {warned[-1]}", table=self.into)
        return result.rowcount


def open_sender(conn: Connection, columns: Sequence[str], *, into: str) -> Sender:
    """Return the quickest way that the database of ``conn`` has into the table named ``into``."""
    if conn.dialect.name == "sqlite":
        return _Tuples(into, columns)
    if str(conn.engine.url.query.get("local_infile", "0")) in {"1", "true"}:
        return _File(into, columns)
    driver: Any = conn.connection.driver_connection
    return _Values(into, columns, driver.escape)


def check_decimals(table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Refuse what a DECIMAL would round: a server says of that no more than a note."""
    for place, name in enumerate(columns):
        kind = table.c[name].type
        if isinstance(kind, Exact):
            for value in {row[place] for row in rows}:
                kind.check(value)


def insert_rows(conn: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows whose keys are not there yet.

    Raises
    ------
    DataError
        If the database took fewer rows than it was given, or a decimal does not fit its column exactly.
    """
    check_decimals(table, columns, rows)
    sender = open_sender(conn, columns, into=table.name)
    written = sender.put(conn, sender.encode(rows))
    if written != len(rows):
        raise DataError(f"{table.name} took {written} of {len(rows)} rows; nothing is kept", table=table.name)
