"""Write facts: insert what is new, leave what is equal, revise what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Table, bindparam, insert, select, update

from sillok.errors import DataError
from sillok.store.bulk import insert_rows
from sillok.store.staged import can_stage, write_staged
from sillok.store.tables import revision
from sillok.store.types import Exact, Points

__all__ = ["Written", "upsert"]

Row = tuple[Any, ...]
_KEYS_AT_ONCE = 500  # SQLite's oldest limit on variables is 999
_TIMES = ("known_at", "recorded_at")
MANY = 500  # rows; fewer are quicker one by one than a temporary table is made


class Written(NamedTuple):
    """How many rows were new, changed (their old value is in ``revision``) and the same."""

    inserted: int
    changed: int
    same: int

    def __add__(self, other: object) -> Written:
        if not isinstance(other, Written):
            return NotImplemented
        return Written(self.inserted + other.inserted, self.changed + other.changed, self.same + other.same)


def _json_value(value: object, column: Column[Any]) -> object:
    if isinstance(column.type, Exact | Points) and value is not None:
        return f"{value:.{column.type.scale}f}"  # as the column gives it back, whatever the vendor's spelling
    return value.isoformat() if isinstance(value, date | datetime) else value


def _fetch_existing(
    conn: Connection, table: Table, names: Sequence[str], keys: set[Row], *, limit: int | None = None
) -> Iterator[Row]:
    """Yield what stands in ``table`` for ``keys`` and perhaps a little around them, in the order of ``names``."""
    first, *rest = list(table.primary_key.columns)
    query = select(*(table.c[name] for name in names)).limit(limit)
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
    key_of = itemgetter(*places) if len(places) > 1 else lambda row: (row[places[0]],)
    keyed: dict[Row, Row] = dict(zip(map(key_of, rows), rows, strict=True))
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
                "key": {c.name: _json_value(v, c) for c, v in zip(key_columns, key, strict=True)},
                "old": {n: _json_value(v, table.c[n]) for n, v in zip(values, old, strict=True)},
                "new": {n: _json_value(v, table.c[n]) for n, v in zip(values, new, strict=True)},
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


def _holds_any(conn: Connection, table: Table, keys: set[Row]) -> bool:
    """Whether anything stands where ``keys`` lie, or a little around them."""
    return (
        next(_fetch_existing(conn, table, [table.primary_key.columns[0].name], keys, limit=1), None)
        is not None
    )


def upsert(
    conn: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    now: datetime,
    revised_at: datetime,
    many: int = MANY,
) -> Written:
    """Write ``rows`` as :meth:`sillok.store.Store.upsert` says, from ``many`` rows on by sets."""
    if not rows:
        return Written(0, 0, 0)
    _check_columns(table, columns)
    keyed = _key_rows(table, columns, rows)
    if len(rows) < many or not can_stage(conn, table):
        return _write_singly(conn, table, columns, keyed, now=now, revised_at=revised_at)
    if not _holds_any(conn, table, set(keyed)):
        _insert_fresh(conn, table, columns, rows, now)
        return Written(len(rows), 0, 0)
    done = write_staged(conn, table, columns, rows, now=now, revised_at=revised_at)
    return Written(done.inserted, done.changed, len(rows) - done.inserted - done.changed)


def _insert_fresh(
    conn: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row], now: datetime
) -> None:
    insert_rows(conn, table, [*columns, "recorded_at"], [(*row, now) for row in rows])


def _write_singly(
    conn: Connection,
    table: Table,
    columns: Sequence[str],
    keyed: dict[Row, Row],
    *,
    now: datetime,
    revised_at: datetime,
) -> Written:
    """Fetch what stands, compare in Python, and change row by row: the plain words of what is written."""
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
        _insert_fresh(conn, table, columns, fresh, now)
    return Written(len(fresh), len(changes), same)
