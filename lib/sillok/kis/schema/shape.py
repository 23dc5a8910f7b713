"""What a KIS call looks like: fields, blocks of fields, endpoints, and the envelope around an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any

__all__ = [
    "ERROR_CODE",
    "ERROR_TEXT",
    "MESSAGE",
    "MESSAGE_CODE",
    "OK",
    "RESULT",
    "Block",
    "Endpoint",
    "Field",
]

# The envelope of every answer; "0" is success, and HTTP 200 may carry a failure.
RESULT, MESSAGE_CODE, MESSAGE, OK = "rt_cd", "msg_cd", "msg1", "0"
# The token service answers errors in a form of its own.
ERROR_CODE, ERROR_TEXT = "error_code", "error_description"

_MISSING = {"int": "0", "decimal": "0.00", "text": "", "date": "", "flag": "N"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: the vendor's name, ours (empty: we do not read it), kind, unit and Korean label."""

    vendor: str
    name: str
    kind: str
    unit: str
    ko: str


@dataclass(frozen=True)
class Block:
    """An object, or a row of a list, in an answer."""

    key: str
    fields: tuple[Field, ...]

    @cached_property
    def vendor_names(self) -> dict[str, str]:
        """Our name to the vendor's, for the fields that we read."""
        return {field.name: field.vendor for field in self.fields if field.name}

    def getter(self, *names: str) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
        """Return a function that takes the fields of our ``names`` (two or more) out of a row, as a tuple."""
        return itemgetter(*(self.vendor_names[name] for name in names))

    def render(self, values: Mapping[str, object]) -> dict[str, str]:
        """Return the whole object in the vendor's names, with the vendor's own form of missing elsewhere."""
        return {
            field.vendor: str(values[field.name]) if field.name in values else _MISSING[field.kind]
            for field in self.fields
        }

    def template(self, names: Iterable[str]) -> str:
        """Return a ``%`` template of one JSON row that takes our ``names`` in this order, as plain text."""
        order = tuple(names)
        slots = {field.vendor: "%s" for field in self.fields if field.name in order}
        if [field.name for field in self.fields if field.vendor in slots] != list(order):
            raise ValueError(f"{self.key} has its fields in another order than {order}")
        rest = {field.vendor: _MISSING[field.kind] for field in self.fields}
        return json.dumps(rest | slots, ensure_ascii=False)


@dataclass(frozen=True)
class Endpoint:
    """One GET of the REST service.

    ``params`` maps our names to the vendor's; ``fixed`` are vendor parameters that never change here.
    ``tr_id_paper`` is empty where the paper host has no such call; ``page_rows`` is the most an answer holds.
    ``context`` is the pair of continuation names (search condition, key) of a call that pages, in upper case.
    """

    path: str
    tr_id: str
    tr_id_paper: str
    params: Mapping[str, str]
    fixed: Mapping[str, str]
    head: Block
    rows: Block
    page_rows: int
    context: tuple[str, str] | None = None
    is_ledger: bool = False

    def query(self, **values: str) -> dict[str, str]:
        """Return the query in the vendor's names; every parameter must be given."""
        if set(values) != set(self.params):
            raise ValueError(f"{self.path} takes {sorted(self.params)}, got {sorted(values)}")
        return {**self.fixed, **{self.params[name]: value for name, value in values.items()}}

    def read(self, query: Mapping[str, str]) -> dict[str, str]:
        """Return a query in our names; the vendor takes upper and lower case alike."""
        upper = {name.upper(): value for name, value in query.items()}
        return {ours: upper[vendor] for ours, vendor in self.params.items() if vendor in upper}
