"""How SQLite and MySQL spell what a merge of staged rows says, down to a value as JSON in Python's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Column, Date, Dialect, Integer, Numeric, String, Table
from sqlalchemy.types import TypeDecorator

__all__ = ["MARIADB", "MYSQL", "SQLITE", "Spelling", "is_spoken", "spelling_of"]

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
    trusting: str = ""  # before a statement whose JSON the server need not parse again

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

    def json_object(self, table: Table, names: Sequence[str], alias: str) -> str:
        """Return a row's named values as one JSON object, spaced as Python spaces it."""
        parts: list[str] = []
        for name in names:
            parts += [f"'{', ' if parts else '{'}\"{name}\": '", self._json(table.c[name], alias)]
        return self._joined(*parts, "'}'") if parts else "'{}'"

    def _json(self, column: Column[Any], alias: str) -> str:
        kind, place = _kind_of(column), self.name(column.name, alias)
        if issubclass(kind, Integer):
            text = place
        elif issubclass(kind, String):
            text = f"JSON_QUOTE({place})"
        elif issubclass(kind, Numeric) and self is SQLITE:  # a double there, of which printf shows the digits
            shown: Any = column.type
            text = f"CASE WHEN {place} IS NOT NULL THEN printf('\"%.{shown.scale}f\"', {place}) END"
        else:  # a day, or a decimal, which is a text as everywhere in JSON of ours
            text = self._joined("'\"'", place, "'\"'")
        return f"COALESCE({text}, 'null')" if column.nullable else text

    def _joined(self, *parts: str) -> str:
        return " || ".join(parts) if self is SQLITE else f"CONCAT({', '.join(parts)})"


SQLITE = Spelling('"', "IS", "MAX", "?", "CROSS JOIN")
MYSQL = Spelling("`", "<=>", "GREATEST", "%s", "STRAIGHT_JOIN")
# MariaDB keeps JSON as text and parses it in a CHECK: an eighth of a revision's cost, of what was put together here.
MARIADB = replace(MYSQL, trusting="SET STATEMENT check_constraint_checks=0 FOR ")


def spelling_of(dialect: Dialect) -> Spelling:
    """Return how the database of ``dialect`` spells."""
    if dialect.name == "sqlite":
        return SQLITE
    return MARIADB if getattr(dialect, "is_mariadb", False) else MYSQL
