"""Insert many rows quickly: values are turned to text once a column, not once a cell.

SQLite runs one prepared statement over many tuples. MySQL gets multi-row statements, or, where the URL says
``local_infile=1``, LOAD DATA LOCAL from a temporary file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table

from sillok.errors import DataError
from sillok.store.types import Exact

__all__ = ["insert_rows"]

Row = tuple[Any, ...]
_ROWS_A_STATEMENT = 2_000  # some 200 KB: far below the smallest max_allowed_packet in use (1 MB)
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})


@cache
def _instant_text(value: datetime) -> str:
    if value.tzinfo is None:
        raise DataError(f"a stored instant needs a time zone, got {value!r}", value=value)
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


_day_text = cache(date.isoformat)


def _sqlite_value(value: object) -> object:
    """Give SQLite what SQLAlchemy's own types would have written."""
    if isinstance(value, datetime):
        return _instant_text(value)
    if isinstance(value, date):
        return _day_text(value)
    return float(value) if isinstance(value, Decimal) else value


def _file_value(value: object) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, datetime):
        return _instant_text(value)
    if isinstance(value, date):
        return _day_text(value)
    return value.translate(_ESCAPES) if isinstance(value, str) else str(value)


def _by_column(rows: Sequence[Row], turn: Callable[[Any], Any]) -> list[Row]:
    """Turn values with ``turn``, leaving whole columns of integers alone."""
    turned: list[Iterable[Any]] = []
    for column in zip(*rows, strict=True):
        if set(map(type, column)) == {int}:
            turned.append(column)
        else:  # symbols, days and instants come again and again: each is turned once
            texts = {value: turn(value) for value in set(column)}
            turned.append(map(texts.__getitem__, column))
    return list(zip(*turned, strict=True))


def _insert_sqlite(conn: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> int:
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" * len(columns))
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608  # our own table and column names
    return conn.exec_driver_sql(statement, _by_column(rows, _sqlite_value)).rowcount


def _insert_mysql(conn: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> int:
    driver: Any = conn.connection.driver_connection
    names = ", ".join(f"`{name}`" for name in columns)

    def literal(value: object) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, datetime):
            return f"'{_instant_text(value)}'"
        if isinstance(value, date):
            return f"'{_day_text(value)}'"
        return str(driver.escape(value))

    written = 0
    for first in range(0, len(rows), _ROWS_A_STATEMENT):
        some = _by_column(rows[first : first + _ROWS_A_STATEMENT], literal)
        values = ",".join("(" + ",".join(map(str, row)) + ")" for row in some)
        statement = f"INSERT INTO `{table.name}` ({names}) VALUES {values}"  # noqa: S608  # values are escaped by the driver
        written += conn.exec_driver_sql(statement.replace("%", "%%")).rowcount
    return written


def _load_mysql(conn: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> int:
    names = ", ".join(f"`{name}`" for name in columns)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="\n", suffix=".tsv") as file:
        file.writelines("\t".join(map(str, row)) + "\n" for row in _by_column(rows, _file_value))
        file.flush()
        result = conn.exec_driver_sql(
            f"LOAD DATA LOCAL INFILE '{file.name}' INTO TABLE `{table.name}` CHARACTER SET utf8mb4 ({names})"
        )
        warned = conn.exec_driver_sql(
            "SHOW WARNINGS LIMIT 1"
        ).first()  # LOCAL turns every error into a warning
    if warned is not None:
        raise DataError(f"{table.name} did not take the rows as they are: {warned[-1]}", table=table.name)
    return result.rowcount


def _check_decimals(table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
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
    _check_decimals(table, columns, rows)
    if conn.dialect.name == "sqlite":
        written = _insert_sqlite(conn, table, columns, rows)
    elif str(conn.engine.url.query.get("local_infile", "0")) in {"1", "true"}:
        written = _load_mysql(conn, table, columns, rows)
    else:
        written = _insert_mysql(conn, table, columns, rows)
    if written != len(rows):
        raise DataError(f"{table.name} took {written} of {len(rows)} rows; nothing is kept", table=table.name)
