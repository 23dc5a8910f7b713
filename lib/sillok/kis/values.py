"""From the vendor's text to a value, strictly: what Python would read kindly (1_000, full-width digits) is refused.

Everything here takes a string and raises ValueError, or TypeError for what is no string. Padding with spaces is the
vendor's habit and is taken off; other white space is damage. Blank text is None: not given is never zero.
"""

from __future__ import annotations

import re
from datetime import date, time, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from sillok.clock import KST

__all__ = ["BIGGEST", "Span", "read_date", "read_decimal", "read_flag", "read_int", "read_month", "read_scaled",
           "read_span", "read_text", "read_time", "signed"]  # fmt: skip

# What a store's BIGINT holds; a larger number is damage, not money.
BIGGEST = 2**63 - 1
# [0-9] and not \d, which takes the digits of every script.
_INT = re.compile(r"([+-]?)0*([0-9]{1,18})(?:\.0+)?").fullmatch
_DECIMAL = re.compile(r"([+-]?)(?:0*([0-9]{1,18}))?(?:\.([0-9]{1,12})0*)?").fullmatch
_DAY = re.compile(r"([0-9]{4})(/?)([0-9]{2})\2([0-9]{2})").fullmatch
_TIME = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})").fullmatch
_MONTH = re.compile(r"([0-9]{4})([0-9]{2})").fullmatch
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]").search
_FLAGS = {"Y": True, "N": False}


class Span(NamedTuple):
    """Days from ``start`` to ``end``, both inside; ``end`` is None while it is open."""

    start: date
    end: date | None


def read_text(text: str) -> str:
    """Return the text without its padding; what no store could write, NUL or half a character, is refused."""
    text = text.strip(" ")
    if not text.isprintable() and _UNWRITABLE(text):
        raise ValueError("the text holds NUL or half a character")
    return text


def read_int(text: str) -> int | None:
    """Return a whole number; zeros behind a point are allowed, other decimals are not."""
    text = text.strip(" ")
    if not text:
        return None
    found = _INT(text)
    if not found:
        raise ValueError(f"{text[:40]!r} is not a whole number")
    return -int(found[2]) if found[1] == "-" else int(found[2])


def _parts(text: str) -> tuple[str, str, str]:
    found = _DECIMAL(text)
    if not found or not (found[2] or found[3]):
        raise ValueError(f"{text[:40]!r} is not a number")
    return found[1], found[2] or "", found[3] or ""


def read_decimal(text: str) -> Decimal | None:
    """Return the number with the decimals that were written; minus zero is zero."""
    text = text.strip(" ")
    if not text:
        return None
    _parts(text)
    number = Decimal(text)
    return number if number else abs(number)


def read_scaled(text: str, power: int) -> int | None:
    """Return the number times ten to the ``power``, exactly; a fraction that is left raises ValueError."""
    text = text.strip(" ")
    if not text:
        return None
    sign, whole, decimals = _parts(text)
    if decimals[power:].strip("0"):
        raise ValueError(f"{text[:40]!r} times ten to the {power} is not whole")
    number = int(whole + decimals[:power].ljust(power, "0"))
    if number > BIGGEST:
        raise ValueError(f"{text[:40]!r} times ten to the {power} is too large")
    return -number if sign == "-" else number


@lru_cache(maxsize=16_384)
def read_date(text: str) -> date | None:
    """Return the day of YYYYMMDD or YYYY/MM/DD; nothing, or zeros alone, is None."""
    text = text.strip(" ")
    if not text.strip("0"):
        return None
    found = _DAY(text)
    if not found:
        raise ValueError(f"{text[:40]!r} is not a date")
    return date(int(found[1]), int(found[3]), int(found[4]))


def read_time(text: str, zone: tzinfo | None = KST) -> time | None:
    """Return the time of day of HHMMSS, in Seoul; ``zone`` None where the place is not known."""
    text = text.strip(" ")
    if not text:
        return None
    found = _TIME(text)
    if not found:
        raise ValueError(f"{text[:40]!r} is not a time")
    return time(int(found[1]), int(found[2]), int(found[3]), tzinfo=zone)


def read_month(text: str) -> date | None:
    """Return the last day of the month YYYYMM."""
    text = text.strip(" ")
    if not text.strip("0"):
        return None
    found = _MONTH(text)
    if not found:
        raise ValueError(f"{text[:40]!r} is not a month")
    first = date(int(found[1]), int(found[2]), 1)
    if first.year == date.max.year:
        raise ValueError(f"{text[:40]!r} is not a month of this age")
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def read_span(text: str) -> Span | None:
    """Return the days of ``2026/02/04 ~ 2026/02/10``; the end may be left open."""
    text = text.strip(" ")
    if not text or text == "~":
        return None
    first, mark, last = text.partition("~")
    start, end = read_date(first), read_date(last)
    if not mark or start is None or (end is not None and end < start):
        raise ValueError(f"{text[:40]!r} is not a span of days")
    return Span(start, end)


def read_flag(text: str) -> bool | None:
    """Return whether the text says Y; N is False."""
    text = text.strip(" ")
    if not text:
        return None
    if text not in _FLAGS:
        raise ValueError(f"{text[:40]!r} is neither Y nor N")
    return _FLAGS[text]


def signed(value: Decimal | None, code: str) -> Decimal | None:
    """Return ``value`` with the sign of the vendor's code: 1 and 2 up, 4 and 5 down, 3 and 0 flat.

    Raises ValueError where the code contradicts the value: then neither can be believed.
    """
    if value is None:
        return None
    if code in {"4", "5"}:
        return -abs(value) if value else value
    if (code in {"1", "2"} and value >= 0) or not value:
        return value
    raise ValueError(f"{value} contradicts its sign code {code!r}")
