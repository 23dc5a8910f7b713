"""A block of an answer by its schema: any row of the vendor's becomes a record in our names, kinds and units."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from operator import itemgetter
from typing import Any, TypeAlias

from sillok.errors import FatalVendorError
from sillok.kis import values
from sillok.kis.schema import ENDPOINTS, Block, Endpoint, Field

__all__ = ["Reader", "Record", "describe", "fault_of", "object_of", "reader", "rows_of"]

# A row in our names. Its class is made from the schema, so that a type checker sees no fields; a DataFrame does.
Record: TypeAlias = Any
Kind: TypeAlias = Callable[[str], Any]

# What is kept exactly in whole units: power of ten, and the unit that comes out.
_SCALES = {"million KRW": (6, "KRW"), "100 million KRW": (8, "KRW"), "thousand shares": (3, "shares")}
_LOCAL = "local"  # a time whose place is the market's own
_KINDS: dict[str, Kind] = {
    "int": values.read_int,
    "decimal": values.read_decimal,
    "text": values.read_text,
    "flag": values.read_flag,
    "date": values.read_date,
    "time": values.read_time,
    "month": values.read_month,
    "span": values.read_span,
}
_BROKEN = (KeyError, ValueError, TypeError, AttributeError)


def _kind_of(field: Field) -> Kind:
    parse = _KINDS[field.kind]
    if field.unit == _LOCAL:
        parse = partial(values.read_time, zone=None)
    if field.unit in _SCALES:
        parse = partial(values.read_scaled, power=_SCALES[field.unit][0])
    return partial(_unless, field.absent, parse) if field.absent else parse


def _unless(absent: str, parse: Kind, text: str) -> Any:
    return None if text.strip(" ") == absent else parse(text)


_make_class: Any = namedtuple  # its fields are known when the schema is read, not when types are checked


@cache
def _record_class(title: str, names: tuple[str, ...]) -> Any:
    made = _make_class(title, names)
    # Made here and not at the top of a module, it would not be found again by pickle.
    made.__reduce__ = lambda row: (_remake, (title, names, tuple(row)))
    return made


def _remake(title: str, names: tuple[str, ...], row: tuple[Any, ...]) -> Record:
    return _record_class(title, names)._make(row)


class Reader:
    """The reader of one block: ``record`` is the class of its rows, a NamedTuple in our names.

    Fields in ``required`` must be given; others are None where the vendor leaves them blank.
    """

    def __init__(self, endpoint: Endpoint, block: Block, title: str, required: tuple[str, ...] = ()) -> None:
        places = {one.name: place for place, one in enumerate(block.fields)}
        self.endpoint, self.block = endpoint, block
        self.record = _record_class(title, tuple(one.name for one in block.fields))
        self._take = itemgetter(*(one.vendor for one in block.fields))
        self._kinds = [_kind_of(one) for one in block.fields]
        self._signed = [(places[one.name], places[one.sign]) for one in block.fields if one.sign]
        self._required = [places[name] for name in required]

    def read(self, row: Any, number: int = 0) -> Record:
        """Return one row as a record.

        Raises
        ------
        FatalVendorError
            If a field is missing, not text, or cannot be read; the message names endpoint, field and row number,
            and shows what was found unless it belongs to an account.
        """
        try:
            found = [parse(text) for parse, text in zip(self._kinds, self._take(row), strict=True)]
            for place, sign in self._signed:
                found[place] = values.signed(found[place], found[sign])
            for place in self._required:
                if found[place] is None:
                    raise ValueError("blank")
        except _BROKEN:
            # Not chained: what was found may belong to an account, and the message says it where it does not.
            raise self._refuse(row, number) from None
        return self.record._make(found)

    def rows(self, body: Mapping[str, Any]) -> list[Record]:
        """Return the records of a list; the empty objects that the vendor puts between are left out."""
        found = rows_of(body, self.endpoint, self.block)
        return [self.read(row, number) for number, row in enumerate(found) if row != {}]

    def one(self, body: Mapping[str, Any]) -> Record | None:
        """Return the record of an object, also where it comes in a list of one; None if there is none."""
        found = object_of(body, self.endpoint, self.block)
        return None if found is None else self.read(found)

    def _refuse(self, row: Any, number: int) -> FatalVendorError:
        required = [self.block.fields[place].name for place in self._required]
        name, fault = fault_of(self.endpoint, self.block, row, required)
        return FatalVendorError(
            f"{self.endpoint.path}: row {number} of {self.block.key}: {fault}", field=name, row=number
        )


def fault_of(
    endpoint: Endpoint, block: Block, row: Any, required: list[str] | tuple[str, ...] = ()
) -> tuple[str, str]:
    """Return which field of a broken row is at fault, by our name, and what is wrong with it."""
    if not isinstance(row, dict):
        return "", f"{type(row).__name__} where an object belongs"
    for field in block.fields:
        named = f"the field {field.vendor} ({field.name})"
        if field.vendor not in row:
            return field.name, f"{named} is missing; KIS has changed its answer"
        text = row[field.vendor]
        try:
            value = _kind_of(field)(text)
        except _BROKEN as err:
            found = "" if endpoint.is_ledger else f": {str(text)[:40]!r} ({str(err)[:100]})"
            return field.name, f"{named} cannot be read as {field.kind}{found}"
        if value is None and field.name in required:
            return field.name, f"{named} is blank"
    return "", "its values contradict one another"


@cache
def reader(name: str, key: str = "", only: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> Reader:
    """Return the reader of a block of the endpoint ``name``; without ``key``, of its first block.

    Parameters
    ----------
    only
        The fields to read; all, if empty. Others may then be missing or damaged.
    optional
        Those of ``only`` that may be blank.
    """
    endpoint = ENDPOINTS[name]
    block = next(one for one in endpoint.blocks if key in {"", one.key})
    title = "".join(part.capitalize() for part in name.split("_"))
    if len(endpoint.blocks) > 1:
        title += str(endpoint.blocks.index(block) + 1)
    if only:
        fields = {one.name: one for one in block.fields}
        block = replace(block, fields=tuple(fields[one] for one in only))
    return Reader(endpoint, block, title, tuple(one for one in only if one not in optional))


def _block_in(body: Mapping[str, Any], endpoint: Endpoint, block: Block) -> Any:
    """Return what an answer holds of a block, under whichever name; None if nothing.

    The vendor's sheets and answers disagree on ``output``, ``Output`` and ``output1`` where there is one block only.
    """
    names = [block.key, block.key.capitalize()]
    if len(endpoint.blocks) == 1:
        names += ["output", "output1", "Output", "Output1"]
    return next((body[name] for name in names if body.get(name)), None)


def rows_of(body: Mapping[str, Any], endpoint: Endpoint, block: Block | None = None) -> list[Any]:
    """Return the rows of an answer; the vendor leaves an empty block out, or answers blank text for it."""
    rows = _block_in(body, endpoint, block or endpoint.rows) or []
    if not isinstance(rows, list):
        raise FatalVendorError(f"{endpoint.path}: KIS answered {type(rows).__name__} where a list belongs")
    return rows


def object_of(
    body: Mapping[str, Any], endpoint: Endpoint, block: Block | None = None
) -> dict[str, Any] | None:
    """Return the one object of a block, also where it comes in a list of one; None if there is none."""
    found = _block_in(body, endpoint, block or endpoint.head)
    if isinstance(found, list):
        if len(found) != 1:
            raise FatalVendorError(f"{endpoint.path}: KIS answered {len(found)} objects where one belongs")
        found = found[0]
    if found is not None and not isinstance(found, dict):
        raise FatalVendorError(
            f"{endpoint.path}: KIS answered {type(found).__name__} where an object belongs"
        )
    return found or None


def describe(name: str, key: str = "") -> list[tuple[str, str, str, str]]:
    """Return name, kind, unit as it comes out, and Korean label of each column that a block gives."""
    told = []
    for field in reader(name, key).block.fields:
        power, unit = _SCALES.get(field.unit, (0, field.unit))
        told.append((field.name, "int" if power else field.kind, unit, field.ko))
    return told
