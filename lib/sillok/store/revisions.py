"""What stood before: a record of ``revision`` holds every row that one writing superseded in one table and part.

It is one text: the names of the columns, then a row of values a change, the key first and ``known_at`` last. The
value that came instead is not written twice: it stands in the table or, superseded in its turn, in a later record.
Many changes in one record cost a third of what a record a change does, to write and to read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, partial
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Date, Select, Table, insert, select

from sillok.store.bulk import instant_text
from sillok.store.standing import fetch_standing
from sillok.store.tables import revision
from sillok.store.types import Exact, Points, UtcTime

__all__ = ["Change", "Old", "head_of", "read_changes", "read_old", "record_old", "recorded_names"]

Row = tuple[Any, ...]
_dump = partial(
    json.dumps, ensure_ascii=False, separators=(",", ":")
)  # as the databases spell it in `staged`


class Old(NamedTuple):
    """A superseded row."""

    values: dict[str, Any]  # by column, the key among them
    known_at: datetime  # since when it was the known one
    recorded_at: datetime  # when this node replaced it


class Change(NamedTuple):
    """A superseded row beside the one that came instead."""

    key: Row
    old: dict[str, Any]
    new: dict[str, Any]
    old_known_at: datetime
    recorded_at: datetime


def recorded_names(table: Table) -> list[str]:
    """Return the columns of a record's rows, in their order."""
    keys = [column.name for column in table.primary_key.columns]
    values = [name for name in table.columns.keys() if name not in {*keys, "known_at", "recorded_at"}]  # noqa: SIM118
    return [*keys, *values, "known_at"]


def head_of(names: Sequence[str]) -> str:
    """Return how a record's text begins; its rows follow, then ``]}``."""
    return f'{{"names":{_dump(names)},"rows":['


def _plain(value: object, column: Column[Any]) -> object:
    """Return what JSON can hold of a value."""
    if isinstance(column.type, Exact | Points) and value is not None:
        return f"{value:.{column.type.scale}f}"  # as the column gives it back, whatever the vendor's spelling
    if isinstance(value, datetime):
        return instant_text(value)
    return value.isoformat() if isinstance(value, date) else value


def record_old(conn: Connection, table: Table, rows: Iterable[Row], *, now: datetime) -> None:
    """Record rows about to be superseded, each in the order of :func:`recorded_names`."""
    names = recorded_names(table)
    width = len(table.primary_key.columns)
    parts: dict[int, list[str]] = {}
    for row in rows:
        part = next((value.year for value in row[:width] if isinstance(value, date)), 0)
        plain = [_plain(value, table.c[name]) for name, value in zip(names, row, strict=True)]
        parts.setdefault(part, []).append(_dump(plain))
    records = [
        {
            "table_name": table.name,
            "part": part,
            "changes": len(lines),
            "old": f"{head_of(names)}{','.join(lines)}]}}",
            "recorded_at": now,
        }
        for part, lines in parts.items()
    ]
    conn.execute(insert(revision), records)


@cache
def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


_day = cache(date.fromisoformat)


def _reader_of(column: Column[Any] | None) -> Callable[[Any], Any] | None:
    """Return what turns a column's plain values back; None leaves them."""
    kind = None if column is None else column.type
    if isinstance(kind, Exact | Points):
        return Decimal
    if isinstance(kind, UtcTime):
        return _instant
    return _day if isinstance(kind, Date) else None


def _read_column(plain: Row, column: Column[Any] | None) -> Iterable[Any]:
    read = _reader_of(column)
    return plain if read is None else (None if value is None else read(value) for value in plain)


def _query(table: Table, part: int | None, since: datetime | None) -> Select[tuple[str, datetime]]:
    query = select(revision.c.old, revision.c.recorded_at).where(revision.c.table_name == table.name)
    if part is not None:
        query = query.where(revision.c.part == part)
    if since is not None:
        query = query.where(revision.c.recorded_at >= since)
    return query.order_by(revision.c.id)


def read_old(
    conn: Connection, table: Table, *, part: int | None = None, since: datetime | None = None
) -> Iterator[Old]:
    """Yield the rows of ``table`` that were superseded, the first one first.

    Parameters
    ----------
    part
        The year that the rows speak of; None: every one.
    since
        The earliest instant of the replacement; None: from the beginning.
    """
    for text, recorded_at in conn.execute(_query(table, part, since)):
        told = json.loads(text)
        names = told["names"]
        plain = zip(*told["rows"], strict=True)
        columns = [_read_column(some, table.c.get(name)) for name, some in zip(names, plain, strict=True)]
        for row in zip(*columns, strict=True):
            yield Old(dict(zip(names[:-1], row[:-1], strict=True)), row[-1], recorded_at)


def read_changes(conn: Connection, table: Table, *, since: datetime | None = None) -> list[Change]:
    """Return the changes of ``table`` since an instant, old and new, the first one first."""
    keys = [column.name for column in table.primary_key.columns]
    olds = [(tuple(old.values[name] for name in keys), old) for old in read_old(conn, table, since=since)]
    names = recorded_names(table)[:-1]
    standing = fetch_standing(conn, table, names, {key for key, _ in olds})
    followed = {row[: len(keys)]: dict(zip(names, row, strict=True)) for row in map(tuple, standing)}
    changes = []
    for key, old in reversed(olds):
        changes.append(Change(key, old.values, followed[key], old.known_at, old.recorded_at))
        followed[key] = old.values
    return changes[::-1]
