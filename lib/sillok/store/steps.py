"""Steps of a migration that may be taken twice.

MySQL commits each change of a schema by itself: a migration that was killed between two of them is taken again
from its beginning, and finds some done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alembic import op
from sqlalchemy import Column, inspect
from sqlalchemy.schema import SchemaItem

__all__ = ["add_column", "create_index", "create_table"]


def create_table(name: str, *parts: SchemaItem) -> None:
    """Create a table unless it is there."""
    if not inspect(op.get_bind()).has_table(name):
        op.create_table(name, *parts)


def create_index(name: str, table: str, columns: Sequence[str]) -> None:
    """Create an index unless it is there."""
    if name not in {found["name"] for found in inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(op.f(name), table, list(columns))


def add_column(table: str, column: Column[Any]) -> None:
    """Add a column unless it is there."""
    if column.name not in {found["name"] for found in inspect(op.get_bind()).get_columns(table)}:
        op.add_column(table, column)
