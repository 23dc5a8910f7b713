"""What stands: the rows of a table under given keys, as they are now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

__all__ = ["fetch_standing", "holds_any"]

Row = tuple[Any, ...]
_KEYS_AT_ONCE = 500  # SQLite's oldest limit on variables is 999


def fetch_standing(
    conn: Connection, table: Table, names: Sequence[str], keys: Collection[Row], *, limit: int | None = None
) -> Iterator[Row]:
    """Yield what stands in ``table`` for ``keys`` and perhaps a little around them, in the order of ``names``."""
    if not keys:
        return
    first, *rest = list(table.primary_key.columns)
    heads = sorted({key[0] for key in keys})
    query = select(*(table.c[name] for name in names)).limit(limit)
    for place, column in enumerate(rest, start=1):
        found = {key[place] for key in keys}
        query = query.where(column.between(min(found), max(found)))
    for start in range(0, len(heads), _KEYS_AT_ONCE):
        yield from conn.execute(query.where(first.in_(heads[start : start + _KEYS_AT_ONCE])))  # type: ignore[misc]


def holds_any(conn: Connection, table: Table, keys: Collection[Row]) -> bool:
    """Whether anything stands where ``keys`` lie, or a little around them."""
    head = table.primary_key.columns[0].name
    return next(fetch_standing(conn, table, [head], keys, limit=1), None) is not None
