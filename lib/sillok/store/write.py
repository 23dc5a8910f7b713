"""Write facts: insert what is new, leave what is equal, revise what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, bindparam, insert, select, update

from sillok.errors import DataError
from sillok.store.bulk import insert_rows
from sillok.store.tables import revision

__all__ = ["Written", "upsert"]

Row = tuple[Any, ...]
_KEYS_AT_ONCE = 500  # SQLite's oldest limit on variables is 999
_TIMES = ("known_at", "recorded_at")


class Written(NamedTuple):
    """How many rows were new, changed (their old value is in ``revision``) and the same."""

    inserted: int
    changed: int
    same: int

    def __add__(self, other: object) -> Written:
        if not isinstance(other, Written):
            return NotImplemented
        return Written(self.inserted + other.inserted, self.changed + other.changed, self.same + other.same)


def _json_value(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date | datetime) else value


def _fetch_existing(conn: Connection, table: Table, names: Sequence[str], keys: set[Row]) -> Iterator[Row]:
    """Yield what stands in ``table`` for ``keys`` and perhaps a little around them, in the order of ``names``."""
    first, *rest = list(table.primary_key.columns)
    query = select(*(table.c[name] for name in names))
    for position, column in enumerate(rest, start=1):
        found = [key[position] for key in keys]
        query = query.where(column.between(min(found), max(found)))
    heads = sorted({key[0] for key in keys})
    for start in range(0, len(heads), _KEYS_AT_ONCE):
        yield from conn.execute(query.where(first.in_(heads[start : start + _KEYS_AT_ONCE])))  # type: ignore[misc]


def _check_columns(table: Table, columns: Sequence[str]) -> None:
    wanted = {column.name for column in table.columns} - {"recorded_at"}
    if set(columns) != wanted or len(columns) != len(wanted):
        raise DataError(
            f"rows for {table.name} need the columns {sorted(wanted)}, got {sorted(columns)}",
            table=table.name,
        )


def _key_rows(table: Table, columns: Sequence[str], rows: Sequence[Row]) -> dict[Row, Row]:
    places = [columns.index(column.name) for column in table.primary_key.columns]
    keyed: dict[Row, Row] = {tuple([row[place] for place in places]): row for row in rows}
    if len(keyed) != len(rows):
        raise DataError(
            f"{len(rows)} rows for {table.name} hold only {len(keyed)} different keys; drop the double ones",
            table=table.name,
        )
    return keyed


def _revise(
    conn: Connection,
    table: Table,
    values: Sequence[str],
    changes: Sequence[tuple[Row, Row, Row, datetime, datetime]],
    now: datetime,
) -> None:
    """Record old and new of each ``(key, old, new, old_known_at, known_at)``, then set the new."""
    key_columns = list(table.primary_key.columns)
    records, updates = [], []
    for key, old, new, old_known_at, known_at in changes:
        part = next((value.year for value in key if isinstance(value, date)), 0)
        records.append(
            {
                "table_name": table.name,
                "part": part,
                "key": {c.name: _json_value(v) for c, v in zip(key_columns, key, strict=True)},
                "old": {n: _json_value(v) for n, v in zip(values, old, strict=True)},
                "new": {n: _json_value(v) for n, v in zip(values, new, strict=True)},
                "old_known_at": old_known_at,
                "recorded_at": now,
            }
        )
        updates.append(
            {f"key_{c.name}": v for c, v in zip(key_columns, key, strict=True)}
            | {f"to_{n}": v for n, v in zip(values, new, strict=True)}
            | {"to_known_at": known_at, "to_recorded_at": now}
        )
    conn.execute(insert(revision), records)
    statement = update(table).values({n: bindparam(f"to_{n}") for n in (*values, *_TIMES)})
    for column in key_columns:
        statement = statement.where(column == bindparam(f"key_{column.name}"))
    conn.execute(statement, updates)


def upsert(
    conn: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    now: datetime,
    revised_at: datetime,
) -> Written:
    """Write ``rows`` as :meth:`sillok.store.Store.upsert` says."""
    if not rows:
        return Written(0, 0, 0)
    _check_columns(table, columns)
    keyed = _key_rows(table, columns, rows)
    key_names = [column.name for column in table.primary_key.columns]
    values = [name for name in columns if name not in {*key_names, "known_at"}]
    width = len(key_names)
    pick = [columns.index(name) for name in values]
    known = columns.index("known_at")
    changes: list[tuple[Row, Row, Row, datetime, datetime]] = []
    same = 0
    for row in _fetch_existing(conn, table, [*key_names, *values, "known_at"], set(keyed)):
        key = tuple(row[:width])
        given = keyed.pop(key, None)
        if given is None:
            continue
        old, new = tuple(row[width:-1]), tuple(given[place] for place in pick)
        if old == new:
            same += 1
        else:
            changes.append((key, old, new, row[-1], max(given[known], revised_at)))
    if changes:
        _revise(conn, table, values, changes, now)
    fresh = list(keyed.values())
    if fresh:
        insert_rows(conn, table, [*columns, "recorded_at"], [(*row, now) for row in fresh])
    return Written(len(fresh), len(changes), same)
