"""Numbers as Korean readers expect them: 원, 만, 억, 조, a real minus sign, a dash where there is none."""

from __future__ import annotations

import math
from unicodedata import east_asian_width

__all__ = [
    "count",
    "multiple",
    "percent",
    "percent_tick",
    "points",
    "signed_percent",
    "width",
    "won",
    "won_short",
]

_NONE = "–"
_MINUS = "\N{MINUS SIGN}"


def _signed(text: str) -> str:
    # A rounded zero keeps no sign: -0.0 would read as a loss.
    if text.startswith("-") and not any(c in "123456789" for c in text):
        text = text[1:]
    return text.replace("-", _MINUS)


def _is_missing(value: float | None) -> bool:
    return value is None or math.isnan(value)


def count(value: float | None) -> str:
    """Return a whole number with thousands.

    >>> count(1234567)
    '1,234,567'
    """
    return _NONE if _is_missing(value) else _signed(f"{value:,.0f}")


def points(value: float | None) -> str:
    """Return an index level or a price with two decimals."""
    return _NONE if _is_missing(value) else _signed(f"{value:,.2f}")


def multiple(value: float | None) -> str:
    """Return a ratio such as PER as a multiple.

    >>> multiple(13.52), multiple(0.384)
    ('13.5배', '0.38배')
    """
    return _NONE if _is_missing(value) else _signed(f"{value:,.{1 if abs(value) >= 1 else 2}f}배")  # type: ignore[arg-type]


def percent(value: float | None, digits: int = 2) -> str:
    """Return a fraction as per cent.

    >>> percent(0.0123)
    '1.23%'
    """
    return _NONE if _is_missing(value) else _signed(f"{value * 100:,.{digits}f}%")  # type: ignore[operator]


def percent_tick(value: float, _: object = None) -> str:
    """Return the label of a tick of an axis of fractions: a decimal only where the tick has one.

    >>> percent_tick(0.05), percent_tick(0.025)
    ('5%', '2.5%')
    """
    return percent(value, 0 if abs(value * 100 - round(value * 100)) < 1e-6 else 1)


def signed_percent(value: float | None, digits: int = 2) -> str:
    """Return a change as per cent with its sign; a rounded zero has none.

    >>> signed_percent(0.0123), signed_percent(-0.00001)
    ('+1.23%', '0.00%')
    """
    text = percent(value, digits)
    return f"+{text}" if text[0] in "0123456789" and any(c in "123456789" for c in text) else text


def won(value: float | None) -> str:
    """Return an amount to the won.

    >>> won(71300)
    '71,300원'
    """
    return _NONE if _is_missing(value) else f"{count(value)}원"


def won_short(value: float | None) -> str:
    """Return an amount in 만, 억 or 조 with three to five digits.

    >>> won_short(1_234_000_000_000), won_short(56_780_000_000), won_short(12_340_000), won_short(5_000)
    ('1.23조 원', '567.8억 원', '1,234만 원', '5,000원')
    """
    if _is_missing(value):
        return _NONE
    size = abs(value)  # type: ignore[arg-type]
    # A unit begins where the one below it would be written with five digits: 99,995,000 is 1.0억, not 10,000만.
    if round(size / 1e8) >= 10_000:
        unit, name, digits = 1e12, "조", 2 if size < 1e14 else 1
    elif round(size / 1e4) >= 10_000:
        unit, name, digits = 1e8, "억", 1 if size < 1e11 else 0
    elif size >= 1e4:
        unit, name, digits = 1e4, "만", 0
    else:
        return won(value)
    return _signed(f"{value / unit:,.{digits}f}{name} 원")  # type: ignore[operator]


def width(text: str) -> int:
    """Return how many columns a terminal gives the text: two for a Hangul syllable."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)
