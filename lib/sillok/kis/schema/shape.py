"""What a KIS call looks like: fields, blocks of fields, endpoints, and the envelope around an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
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

_MISSING = {
    "int": "0", "decimal": "0.00", "text": "", "date": "", "flag": "N", "time": "", "month": "", "span": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One field: the vendor's name, ours, kind, unit and Korean label.

    ``kind`` is int, decimal, text, flag (Y or N), date, time, month (YYYYMM) or span (two dates, the second may be
    open). A time is of Seoul, unless its unit says "local". ``absent`` is the literal that stands for "not given"; ``sign`` names the field, by our name, that
    carries the sign of this one.
    """

    vendor: str
    name: str
    kind: str
    unit: str
    ko: str
    absent: str = ""
    sign: str = ""


@dataclass(frozen=True)
class Block:
    """A part of an answer: an ``object``, the rows of a ``list``, or a ``single`` object inside a list."""

    key: str
    fields: tuple[Field, ...]
    shape: str = "object"

    @cached_property
    def vendor_names(self) -> dict[str, str]:
        """Our name to the vendor's."""
        return {one.name: one.vendor for one in self.fields}

    def getter(self, *names: str) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
        """Return a function that takes the fields of our ``names`` (two or more) out of a row, as a tuple."""
        return itemgetter(*(self.vendor_names[name] for name in names))

    def render(self, values: Mapping[str, object]) -> dict[str, str]:
        """Return the whole object in the vendor's names, with the vendor's own form of missing elsewhere."""
        return {
            one.vendor: str(values[one.name]) if one.name in values else _MISSING[one.kind]
            for one in self.fields
        }

    def template(self, names: Iterable[str]) -> str:
        """Return a ``%`` template of one JSON row that takes our ``names`` in this order, as plain text."""
        order = tuple(names)
        slots = {one.vendor: "%s" for one in self.fields if one.name in order}
        if [one.name for one in self.fields if one.vendor in slots] != list(order):
            raise ValueError(f"{self.key} has its fields in another order than {order}")
        rest = {one.vendor: _MISSING[one.kind] for one in self.fields}
        return json.dumps(rest | slots, ensure_ascii=False)


@dataclass(frozen=True)
class Endpoint:
    """One GET of the REST service.

    ``params`` maps our names to the vendor's, ``defaults`` are those that may be left out; ``fixed`` are vendor
    parameters that never change here. ``tr_id_paper`` is empty where the paper host has no such call;
    ``page_rows`` is the most that an answer holds, on the paper host ``page_rows_paper``. ``context`` is the pair
    of continuation names (search condition, key) of a call that pages, in upper case. ``archive`` are the
    transaction ids, real and paper, for days older than three months; ``old_ids`` map ids of former years to
    today's.
    """

    path: str
    tr_id: str
    tr_id_paper: str
    params: Mapping[str, str]
    fixed: Mapping[str, str]
    blocks: tuple[Block, ...]
    page_rows: int
    ko: str
    page_rows_paper: int = 0
    defaults: Mapping[str, str] = field(default_factory=dict)
    context: tuple[str, str] | None = None
    is_ledger: bool = False
    archive: tuple[str, str] | None = None
    old_ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def head(self) -> Block:
        """The first block that is one object."""
        return next(block for block in self.blocks if block.shape != "list")

    @property
    def rows(self) -> Block:
        """The first block that is a list."""
        return next(block for block in self.blocks if block.shape == "list")

    def query(self, **values: str) -> dict[str, str]:
        """Return the query in the vendor's names; every parameter without a default must be given."""
        given = {**self.defaults, **values}
        if set(given) != set(self.params):
            raise ValueError(f"{self.path} takes {sorted(self.params)}, got {sorted(values)}")
        return {**self.fixed, **{self.params[name]: value for name, value in given.items()}}

    def read(self, query: Mapping[str, str]) -> dict[str, str]:
        """Return a query in our names; the vendor takes upper and lower case alike."""
        upper = {name.upper(): value for name, value in query.items()}
        return {
            ours: upper[vendor.upper()] for ours, vendor in self.params.items() if vendor.upper() in upper
        }
