"""Watermarks: through which session each key of a dataset is loaded. They move last, in the rows' transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select

from sillok.store.tables import watermark

__all__ = ["Mark", "move_watermarks", "read_marks", "read_watermarks"]

_AT_ONCE = 500


class Mark(NamedTuple):
    """How far a key is loaded: ``through`` is inclusive, ``moved_at`` the instant of the load that moved it."""

    through: date
    moved_at: datetime


def read_marks(conn: Connection, dataset: str) -> dict[str, Mark]:
    """Return key -> mark of ``dataset``; a key never loaded is absent."""
    query = select(watermark.c.key, watermark.c.through, watermark.c.moved_at)
    rows = conn.execute(query.where(watermark.c.dataset == dataset))
    return {row.key: Mark(row.through, row.moved_at) for row in rows}


def read_watermarks(conn: Connection, dataset: str) -> dict[str, date]:
    """Return key -> last loaded session (inclusive) of ``dataset``; a key never loaded is absent."""
    query = select(watermark.c.key, watermark.c.through).where(watermark.c.dataset == dataset)
    return {row.key: row.through for row in conn.execute(query)}


def move_watermarks(conn: Connection, dataset: str, through: Mapping[str, date], *, now: datetime) -> None:
    """Set the last loaded session of each key in ``through``."""
    keys = sorted(through)
    for first in range(0, len(keys), _AT_ONCE):
        some = keys[first : first + _AT_ONCE]
        conn.execute(delete(watermark).where(watermark.c.dataset == dataset, watermark.c.key.in_(some)))
        rows: list[dict[str, Any]] = [
            {"dataset": dataset, "key": key, "through": through[key], "moved_at": now} for key in some
        ]
        conn.execute(insert(watermark), rows)
