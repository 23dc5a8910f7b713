"""How SQLite and MySQL spell what a merge of staged rows says, down to a value as JSON in Python's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Date, Dialect, Integer, Numeric, String, Table
from sqlalchemy.types import TypeDecorator

__all__ = ["MYSQL", "SQLITE", "Spelling", "is_spoken", "spelling_of"]

_SPOKEN = (Integer, String, Date, Numeric)


def _kind_of(column: Column[Any]) -> type[Any]:
    kind: Any = column.type
    return type(kind.impl_instance if isinstance(kind, TypeDecorator) else kind)


def is_spoken(column: Column[Any]) -> bool:
    """Whether a database can write the column's values as JSON in the very words that Python would."""
    return issubclass(_kind_of(column), _SPOKEN)


@dataclass(frozen=True, slots=True)
class Spelling:
    """One kind of database."""

    quote: str
    equal: str  # also of NULL and NULL
    greatest: str
    mark: str  # of a parameter
    ordered_join: str  # the left table is read first

    def name(self, name: str, alias: str = "") -> str:
        """Return a quoted name, of a column of ``alias`` if given."""
        return f"{alias}{'.' if alias else ''}{self.quote}{name}{self.quote}"

    def needs_bytes(self, column: Column[Any]) -> bool:
        """Whether a comparison must look at bytes: to a server's collation 'a', 'A' and 'a ' are the same."""
        return self is not SQLITE and issubclass(_kind_of(column), String)

    def same(self, column: Column[Any], left: str, right: str) -> str:
        """Return the condition that two rows hold the same in ``column``."""
        sides = [self.name(column.name, alias) for alias in (left, right)]
        if self.needs_bytes(column):
            sides = [f"CAST({side} AS BINARY)" for side in sides]
        return f" {self.equal} ".join(sides)

    def part(self, table: Table, alias: str) -> str:
        """Return the year that a row's key speaks of; 0 where the key has no date."""
        days = [column for column in table.primary_key.columns if issubclass(_kind_of(column), Date)]
        if not days:
            return "0"
        place = self.name(days[0].name, alias)
        return f"CAST(substr({place}, 1, 4) AS INTEGER)" if self is SQLITE else f"YEAR({place})"

    def json_array(self, columns: Sequence[tuple[Column[Any], str]]) -> str:
        """Return the values of columns, each of its alias, as one JSON array, spelled as :mod:`.revisions` does."""
        parts: list[str] = []
        for column, alias in columns:
            parts += ["','" if parts else "'['", self._json(column, alias)]
        return self.joined(*parts, "']'")

    def _json(self, column: Column[Any], alias: str) -> str:
        kind, place = _kind_of(column), self.name(column.name, alias)
        if issubclass(kind, Integer):
            text = place
        elif issubclass(kind, String):
            text = f"JSON_QUOTE({place})"
        elif issubclass(kind, Numeric) and self is SQLITE:  # a double there, of which printf shows the digits
            shown: Any = column.type
            text = f"CASE WHEN {place} IS NOT NULL THEN printf('\"%.{shown.scale}f\"', {place}) END"
        else:  # a day, an instant, or a decimal, which is a text as everywhere in JSON of ours
            text = self.joined("'\"'", place, "'\"'")
        return f"COALESCE({text}, 'null')" if column.nullable else text

    def joined(self, *parts: str) -> str:
        """Return the parts as one text."""
        return " || ".join(parts) if self is SQLITE else f"CONCAT({', '.join(parts)})"


SQLITE = Spelling('"', "IS", "MAX", "?", "CROSS JOIN")
MYSQL = Spelling("`", "<=>", "GREATEST", "%s", "STRAIGHT_JOIN")


def spelling_of(dialect: Dialect) -> Spelling:
    """Return how the database of ``dialect`` spells."""
    return SQLITE if dialect.name == "sqlite" else MYSQL
