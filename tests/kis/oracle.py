"""What a text of the vendor's says, worked out a second time, slowly and by other means than the client's."""

from __future__ import annotations

import string
from calendar import monthrange
from datetime import date, time
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from sillok.clock import KST
from sillok.kis.schema import Field

__all__ = ["REFUSED", "same", "says", "says_row"]

REFUSED = object()  # the text says nothing that could be believed
_POWERS = {"million KRW": 6, "100 million KRW": 8, "thousand shares": 3}
_DIGITS = set(string.digits)


def _digits(text: str) -> bool:
    return bool(text) and set(text) <= _DIGITS


def _number(text: str) -> Fraction | None:
    """Return the number of a sign, digits, and a point with digits; None if it is anything else, or too long."""
    body = text[1:] if text[:1] in {"+", "-"} else text
    whole, point, decimals = body.partition(".")
    if point and (not _digits(decimals) or len(decimals.rstrip("0")) > 12):
        return None
    if not (_digits(whole) or (point and not whole)):
        return None
    if len(whole.lstrip("0")) > 18:
        return None
    found = Fraction(int(whole or "0")) + (Fraction(int(decimals), 10 ** len(decimals)) if decimals else 0)
    return -found if text[0] == "-" else found


def _day(text: str) -> Any:
    text = text.strip(" ")
    if not text.replace("0", ""):
        return None
    parts = (text[:4], text[4:6], text[6:]) if "/" not in text else tuple(text.split("/"))
    if [len(part) for part in parts] != [4, 2, 2] or not all(_digits(part) for part in parts):
        return REFUSED
    year, month, day = (int(part) for part in parts)
    if not (year >= 1 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]):
        return REFUSED
    return date(year, month, day)


def _span(text: str) -> Any:
    if text == "~":
        return None
    halves = text.split("~")
    if len(halves) != 2:
        return REFUSED
    start, end = _day(halves[0]), _day(halves[1])
    if REFUSED in {start, end} or start is None or (end is not None and end < start):
        return REFUSED
    return (start, end)


def _text(text: str) -> Any:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return REFUSED
    return REFUSED if "\0" in text else text


def _clock(text: str) -> Any:
    if not _digits(text) or len(text) != 6 or int(text[:2]) > 23 or int(text[2:4]) > 59 or int(text[4:]) > 59:
        return REFUSED
    return time(int(text[:2]), int(text[2:4]), int(text[4:]))


def _month(text: str) -> Any:
    if not text.replace("0", ""):
        return None
    if not _digits(text) or len(text) != 6 or not 1 <= int(text[4:]) <= 12 or not 1 <= int(text[:4]) <= 9998:
        return REFUSED
    year, month = int(text[:4]), int(text[4:])
    return date(year, month, monthrange(year, month)[1])


@lru_cache(maxsize=65_536)
def _says(kind: str, unit: str, absent: str, text: str) -> Any:
    plain = text.strip(" ")
    if absent and plain == absent:
        return None
    if kind == "text":
        return _text(plain)
    if not plain:
        return None
    if kind in {"int", "decimal"}:
        number = _number(plain)
        if number is None:
            return REFUSED
        if unit in _POWERS:
            number *= 10 ** _POWERS[unit]
            return int(number) if number.denominator == 1 and abs(number) < 2**63 else REFUSED
        if kind == "int":  # zeros alone may stand behind a point, and digits must stand before it
            return int(number) if number.denominator == 1 and plain.lstrip("+-")[0] != "." else REFUSED
        return number
    if kind == "flag":
        return {"Y": True, "N": False}.get(plain, REFUSED)
    if kind == "time":
        found = _clock(plain)
        return found if found is REFUSED or unit == "local" else found.replace(tzinfo=KST)
    return {"date": _day, "month": _month, "span": _span}[kind](plain)


def same(value: object, said: object) -> bool:
    """Return whether the client's ``value`` is what was said, of the right type, with no minus zero."""
    if isinstance(said, Fraction):
        return (
            isinstance(value, Decimal) and not (not value and value.is_signed()) and Fraction(value) == said
        )
    if isinstance(said, time) and isinstance(value, time) and value.tzinfo is not said.tzinfo:
        return False
    return type(value) is type(said) and value == said if not isinstance(said, tuple) else value == said


def says(field: Field, text: object) -> Any:
    """Return the value that ``text`` says by a field's kind and unit, or ``REFUSED``."""
    return _says(field.kind, field.unit, field.absent, text) if isinstance(text, str) else REFUSED


def says_row(fields: tuple[Field, ...], row: object) -> Any:
    """Return name to value of one row, or ``REFUSED`` if any of ``fields`` cannot be believed."""
    if not isinstance(row, dict):
        return REFUSED
    found = {one.name: says(one, row.get(one.vendor)) for one in fields}
    for one in fields:
        if found[one.name] is REFUSED:
            return REFUSED
    for one in fields:
        value = found[one.name]
        if one.sign and value:
            down, up = found[one.sign] in {"4", "5"}, found[one.sign] in {"1", "2"} and value > 0
            if not (down or up):
                return REFUSED
            found[one.name] = -abs(value) if down else value
    return found
