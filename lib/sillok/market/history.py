"""What stood before: superseded values out of ``revision``, each with the span in which it was the known one."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, select

from sillok.market.shapes import Shape, plain
from sillok.store.tables import revision

__all__ = ["read_superseded"]

Key = tuple[Any, ...]


def _value(raw: Any, kind: pa.DataType) -> Any:
    if raw is None:
        return None
    if pa.types.is_date32(kind):
        return date.fromisoformat(raw)
    if pa.types.is_decimal128(kind):
        return Decimal(raw)
    return float(raw) if pa.types.is_float64(kind) else raw


def _known_now(current: pa.Table, shape: Shape, keys: set[Key]) -> dict[Key, datetime]:
    """Return when the standing value of each key became known."""
    heads = pa.array(sorted({key[0] for key in keys}))
    rows = current.filter(pa.compute.is_in(current.column(shape.key[0]).cast(heads.type), heads))
    found = zip(*(rows.column(name).to_pylist() for name in (*shape.key, "known_at")), strict=True)
    return {row[:-1]: row[-1] for row in found if row[:-1] in keys}


def read_superseded(conn: Connection, shape: Shape, part: int, current: pa.Table) -> pa.Table | None:
    """Return a partition's revised rows with ``known_until``, sorted; None if there is none.

    A value that was replaced at the very instant it became known was never the known one, and is left out.
    """
    query = (
        select(revision.c.key, revision.c.old, revision.c.old_known_at)
        .where(revision.c.table_name == shape.table.name, revision.c.part == part)
        .order_by(revision.c.id)
    )
    versions: dict[Key, list[tuple[dict[str, Any], datetime]]] = {}
    for row in conn.execute(query):
        key = tuple(_value(row.key[name], shape.columns[name]) for name in shape.key)
        versions.setdefault(key, []).append((row.key | row.old, row.old_known_at))
    if not versions:
        return None
    standing = _known_now(current, shape, set(versions))
    rows: list[dict[str, Any]] = []
    for key, olds in versions.items():
        ends = [known for _, known in olds[1:]] + [standing[key]]
        for (values, known_at), known_until in zip(olds, ends, strict=True):
            if known_at < known_until:
                typed = {name: _value(values[name], kind) for name, kind in shape.columns.items()}
                rows.append(typed | {"known_at": known_at, "known_until": known_until})
    if not rows:
        return None
    order = [(name, "ascending") for name in (*shape.order, "known_at")]
    return pa.Table.from_pylist(rows, schema=plain(shape.schema(old=True))).sort_by(order)
