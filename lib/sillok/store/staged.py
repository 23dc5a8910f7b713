# ruff: noqa: S608 - the words are our own tables and columns; every value is a parameter
"""Write many facts by sets: stage them, then compare, revise, change and insert inside the database.

The same as row by row (:mod:`sillok.store.write`) in a few statements: what stands is never fetched, and an old
value goes from its table into ``revision`` without leaving the server. A temporary table, this connection's
own, holds some thousand rows at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import zip_longest
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, Text, func, select

from sillok.errors import DataError
from sillok.store.bulk import Sender, check_decimals, instant_text, open_sender
from sillok.store.revisions import head_of, recorded_names
from sillok.store.spelling import SQLITE, Spelling, is_spoken, spelling_of
from sillok.store.tables import revision

__all__ = ["Merged", "can_stage", "write_staged"]

Row = tuple[Any, ...]
# Values staged together, and recorded together as one text: some 5,000 bars, whose text a packet of 1 MB can hold.
_CELLS_AT_ONCE = 45_000
_UPDATE_FROM = (3, 33)  # the first SQLite that knows it


class Merged(NamedTuple):
    """How many staged rows were not there, and how many differed."""

    inserted: int
    changed: int


@dataclass(frozen=True, slots=True)
class _Merge:
    """The statements that bring staged rows of ``columns`` into ``table``."""

    table: Table
    columns: tuple[str, ...]
    say: Spelling

    @property
    def _keys(self) -> list[str]:
        return [column.name for column in self.table.primary_key.columns]

    @property
    def _values(self) -> list[str]:
        return [name for name in self.columns if name not in {*self._keys, "known_at"}]

    @property
    def stage(self) -> str:
        return f"staged_{self.table.name}"

    def make(self) -> str:
        columns, target = self._list(self.columns), self.say.name(self.table.name)
        if self.say is SQLITE:
            return f"CREATE TEMP TABLE {self.say.name(self.stage)} AS SELECT {columns} FROM {target} LIMIT 0"
        in_memory = not any(isinstance(self.table.c[name].type, Text) for name in self.columns)
        engine = "MEMORY" if in_memory else "InnoDB"
        return f"CREATE TEMPORARY TABLE {self.say.name(self.stage)} ENGINE={engine} SELECT {columns} FROM {target} LIMIT 0"

    def drop(self) -> str:
        where = "temp." if self.say is SQLITE else ""
        return f"DROP {'' if where else 'TEMPORARY '}TABLE IF EXISTS {where}{self.say.name(self.stage)}"

    def revise(self) -> str:
        """Record what stands and differs, a record a part; the parameter is ``recorded_at``."""
        say, names = self.say, recorded_names(self.table)
        row = [(self.table.c[name], "s" if name in self._keys else "b") for name in names]
        rows = f"GROUP_CONCAT({say.json_array(row)})"
        taken = [
            f"'{self.table.name}'",
            f"{say.part(self.table, 's')} AS {say.name('part')}",
            "COUNT(*)",
            say.joined(f"'{head_of(names)}'", rows, "']}'"),
            say.mark,
        ]
        into = self._list(("table_name", "part", "changes", "old", "recorded_at"))
        # MySQL reads the rows locked, so that the change below meets the very rows recorded here.
        locked = "" if say is SQLITE else " FOR UPDATE"
        return (
            f"INSERT INTO {say.name('revision')} ({into}) SELECT {', '.join(taken)} FROM {self._both()} "
            f"WHERE {self._differs()} GROUP BY {say.name('part')}{locked}"
        )

    def change(self) -> str:
        """Set the new values of what differs; the parameters are ``revised_at`` and ``recorded_at``."""
        say, target = self.say, self.say.name(self.table.name)
        on_row = "" if say is SQLITE else "b"  # SQLite wants the bare name of the column it sets
        to = [f"{say.name(name, on_row)} = {say.name(name, 's')}" for name in self._values]
        to.append(f"{say.name('known_at', on_row)} = {say.greatest}({say.name('known_at', 's')}, {say.mark})")
        to.append(f"{say.name('recorded_at', on_row)} = {say.mark}")
        if say is SQLITE:
            stage = f"temp.{say.name(self.stage)}"
            return (
                f"UPDATE {target} AS b SET {', '.join(to)} FROM {stage} AS s "
                f"WHERE {self._matches()} AND {self._differs()}"
            )
        return f"UPDATE {self._both()} SET {', '.join(to)} WHERE {self._differs()}"

    def insert(self) -> str:
        """Insert what is not there; the parameter is ``recorded_at``."""
        say, target = self.say, self.say.name(self.table.name)
        given = ", ".join(say.name(name, "s") for name in self.columns)
        # A server's collation calls 'a' and 'A' one key: such a row is tried, and refused by the server.
        return (
            f"INSERT INTO {target} ({self._list((*self.columns, 'recorded_at'))}) SELECT {given}, {say.mark} "
            f"FROM {say.name(self.stage)} s LEFT JOIN {target} b ON {self._matches()}{self._exactly()} "
            f"WHERE {say.name(self._keys[0], 'b')} IS NULL"
        )

    def _list(self, names: Sequence[str]) -> str:
        return ", ".join(map(self.say.name, names))

    def _both(self) -> str:
        """Return staged rows beside those they meet; read in this order, each is one look into the key."""
        stage, target = self.say.name(self.stage), self.say.name(self.table.name)
        return f"{stage} s {self.say.ordered_join} {target} b ON {self._matches()}"

    def _matches(self) -> str:
        return " AND ".join(f"{self.say.name(key, 'b')} = {self.say.name(key, 's')}" for key in self._keys)

    def _exactly(self) -> str:
        texts = [key for key in self._keys if self.say.needs_bytes(self.table.c[key])]
        return "".join(f" AND {self.say.same(self.table.c[key], 'b', 's')}" for key in texts)

    def _differs(self) -> str:
        same = " AND ".join(self.say.same(self.table.c[name], "b", "s") for name in self._values)
        return (f"NOT ({same})" if same else "1 = 0") + self._exactly()


_merge = cache(_Merge)


def can_stage(conn: Connection, table: Table) -> bool:
    """Whether ``table`` can be written by sets on this database; else row by row."""
    if conn.dialect.name == "sqlite" and sqlite3.sqlite_version_info < _UPDATE_FROM:
        return False
    return all(
        is_spoken(column) for column in table.columns if column.name not in {"known_at", "recorded_at"}
    )


def _put(conn: Connection, merge: _Merge, sender: Sender, encoded: Any, given: int) -> None:
    taken = sender.put(conn, encoded)
    if taken != given:
        name = merge.table.name
        raise DataError(f"{name} took {taken} of {given} rows; nothing is kept", table=name)


def _run(conn: Connection, merge: _Merge, given: int, now: str, revised_at: str) -> Merged:
    changed = 0
    if conn.exec_driver_sql(merge.revise(), (now,)).rowcount:
        changed = conn.exec_driver_sql(merge.change(), (revised_at, now)).rowcount
    if changed == given:
        return Merged(0, changed)
    return Merged(conn.exec_driver_sql(merge.insert(), (now,)).rowcount, changed)


def _newest(conn: Connection) -> int:
    return conn.execute(select(func.coalesce(func.max(revision.c.id), 0))).scalar_one()


def _check_recorded(conn: Connection, table: Table, after: int, changed: int) -> None:
    """Raise unless the records behind ``after`` hold as many rows as were changed."""
    held = select(func.coalesce(func.sum(revision.c.changes), 0))
    recorded = conn.execute(
        held.where(revision.c.id > after, revision.c.table_name == table.name)
    ).scalar_one()
    if recorded != changed:
        raise DataError(
            f"{recorded} rows of {table.name} differ, {changed} changed; nothing is kept", table=table.name
        )


def write_staged(
    conn: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    now: datetime,
    revised_at: datetime,
) -> Merged:
    """Write rows whose keys differ from one another as :meth:`sillok.store.Store.upsert` says.

    Raises
    ------
    DataError
        If the database took less than it was given.
    """
    check_decimals(table, columns, rows)
    merge = _merge(table, tuple(columns), spelling_of(conn.dialect))
    sender = open_sender(conn, columns, into=merge.stage)
    times = instant_text(now), instant_text(revised_at)
    inserted = changed = 0
    newest, at_once = _newest(conn), _CELLS_AT_ONCE // len(columns)
    pieces = [rows[first : first + at_once] for first in range(0, len(rows), at_once)]
    with ThreadPoolExecutor(1) as ahead:  # the next piece becomes text while the server merges this one
        coming = ahead.submit(sender.encode, pieces[0])
        for piece, after in zip_longest(pieces, pieces[1:]):
            conn.exec_driver_sql(merge.drop())  # a server keeps it when a transaction is rolled back
            conn.exec_driver_sql(merge.make())
            _put(conn, merge, sender, coming.result(), len(piece))
            if after:
                coming = ahead.submit(sender.encode, after)
            done = _run(conn, merge, len(piece), *times)
            inserted, changed = inserted + done.inserted, changed + done.changed
    conn.exec_driver_sql(merge.drop())
    _check_recorded(conn, table, newest, changed)
    return Merged(inserted, changed)
