"""What stood before: superseded values out of ``revision``, each with the span in which it was the known one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection

from sillok.market.shapes import Shape, plain
from sillok.store.revisions import Old, read_old

__all__ = ["read_superseded"]

Key = tuple[Any, ...]


def _known_now(current: pa.Table, shape: Shape, keys: set[Key]) -> dict[Key, datetime]:
    """Return when the standing value of each key became known."""
    heads = pa.array(sorted({key[0] for key in keys}))
    rows = current.filter(pa.compute.is_in(current.column(shape.key[0]).cast(heads.type), heads))
    found = zip(*(rows.column(name).to_pylist() for name in (*shape.key, "known_at")), strict=True)
    return {row[:-1]: row[-1] for row in found if row[:-1] in keys}


def _typed(values: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """Return the shape's columns; an index level, a decimal in the store, is a float there."""
    found = {name: values[name] for name in shape.columns}
    floats = [name for name, kind in shape.columns.items() if pa.types.is_float64(kind)]
    return found | {name: float(found[name]) for name in floats if found[name] is not None}


def read_superseded(conn: Connection, shape: Shape, part: int, current: pa.Table) -> pa.Table | None:
    """Return a partition's revised rows with ``known_until``, sorted; None if there is none.

    A value that was replaced at the very instant it became known was never the known one, and is left out.
    """
    versions: dict[Key, list[Old]] = {}
    for old in read_old(conn, shape.table, part=part):
        versions.setdefault(tuple(old.values[name] for name in shape.key), []).append(old)
    if not versions:
        return None
    standing = _known_now(current, shape, set(versions))
    rows: list[dict[str, Any]] = []
    for key, olds in versions.items():
        ends = [old.known_at for old in olds[1:]] + [standing[key]]
        for old, known_until in zip(olds, ends, strict=True):
            if old.known_at < known_until:
                rows.append(
                    _typed(old.values, shape) | {"known_at": old.known_at, "known_until": known_until}
                )
    if not rows:
        return None
    order = [(name, "ascending") for name in (*shape.order, "known_at")]
    return pa.Table.from_pylist(rows, schema=plain(shape.schema(old=True))).sort_by(order)
