"""Write facts: insert what is new, leave what is equal, revise what changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, bindparam, update

from sillok.errors import DataError
from sillok.store.bulk import insert_rows
from sillok.store.revisions import record_old, recorded_names
from sillok.store.staged import can_stage, write_staged
from sillok.store.standing import fetch_standing, holds_any

__all__ = ["Written", "upsert"]

Row = tuple[Any, ...]
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


def _change(
    conn: Connection,
    table: Table,
    values: Sequence[str],
    changes: Sequence[tuple[Row, Row, datetime]],
    now: datetime,
) -> None:
    """Set the ``values`` of each ``(key, new, known_at)``."""
    key_columns = list(table.primary_key.columns)
    updates = [
        {f"key_{c.name}": v for c, v in zip(key_columns, key, strict=True)}
        | {f"to_{n}": v for n, v in zip(values, new, strict=True)}
        | {"to_known_at": known_at, "to_recorded_at": now}
        for key, new, known_at in changes
    ]
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
    many: int = MANY,
) -> Written:
    """Write ``rows`` as :meth:`sillok.store.Store.upsert` says, from ``many`` rows on by sets."""
    if not rows:
        return Written(0, 0, 0)
    _check_columns(table, columns)
    keyed = _key_rows(table, columns, rows)
    if len(rows) < many or not can_stage(conn, table):
        return _write_singly(conn, table, columns, keyed, now=now, revised_at=revised_at)
    if not holds_any(conn, table, keyed):
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
    names = recorded_names(table)
    width = len(table.primary_key.columns)
    values = names[width:-1]
    pick = [columns.index(name) for name in values]
    known = columns.index("known_at")
    olds: list[Row] = []
    changes: list[tuple[Row, Row, datetime]] = []
    same = 0
    for row in map(tuple, fetch_standing(conn, table, names, keyed)):
        key = row[:width]
        given = keyed.pop(key, None)
        if given is None:
            continue
        new = tuple(given[place] for place in pick)
        if row[width:-1] == new:
            same += 1
        else:
            olds.append(row)
            changes.append((key, new, max(given[known], revised_at)))
    if changes:
        record_old(conn, table, olds, now=now)
        _change(conn, table, values, changes, now)
    fresh = list(keyed.values())
    if fresh:
        _insert_fresh(conn, table, columns, fresh, now)
    return Written(len(fresh), len(changes), same)
