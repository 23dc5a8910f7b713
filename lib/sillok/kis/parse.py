"""From the vendor's strings to our records; a field that is missing or not a number is an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from sillok.errors import FatalVendorError
from sillok.kis.records import (
    Balance,
    CalendarDay,
    DailyBar,
    Holding,
    IndexBar,
    Quote,
    RawBar,
)
from sillok.kis.schema import BALANCE, DAILY_CHART, HOLIDAYS, INDEX_CHART, PRICE, Block, Endpoint
from sillok.kis.values import read_date, read_decimal, read_flag, read_int, read_scaled, read_text

__all__ = [
    "BROKEN",
    "parse_balance",
    "parse_daily_bars",
    "parse_date",
    "parse_days",
    "parse_index_bars",
    "parse_quote",
    "parse_raw_bars",
    "refuse",
    "whole",
]

Row = Mapping[str, str]
_END = 10**18  # the first number that is too long to be read
BROKEN = (KeyError, ValueError, TypeError, AttributeError, InvalidOperation)

_BAR = ("date", "open", "high", "low", "close", "volume", "amount_krw")
_daily = DAILY_CHART.rows.getter(*_BAR)
_codes = DAILY_CHART.rows.getter("ex_code", "split_pct", "revaluation")
_index = INDEX_CHART.rows.getter("date", "open", "high", "low", "close", "volume", "amount")
_day = HOLIDAYS.rows.getter("date", "is_business_day", "is_trading_day", "is_open", "is_settlement_day")
_holding = BALANCE.rows.getter(
    "symbol", "name", "quantity", "sellable", "average_price", "cost_krw", "price", "value_krw", "profit_krw"
)
_account = BALANCE.head.getter(
    "cash_krw", "cash_d1_krw", "cash_d2_krw", "securities_krw", "total_krw", "net_assets_krw"
)
_quote_texts = PRICE.head.getter("market_name", "industry", "halted")
_quote_numbers = PRICE.head.getter(
    "price", "change", "open", "high", "low", "base_price", "upper_limit", "lower_limit",
    "volume", "amount_krw", "shares",
)  # fmt: skip


@lru_cache(maxsize=16_384)
def parse_date(text: str) -> date:
    """Return the date of eight digits; raises ValueError on anything else."""
    day = read_date(text)
    if day is None:
        raise ValueError(f"a date has eight digits, got {text[:40]!r}")
    return day


def _number(text: str) -> int:
    number = read_int(text)
    if number is None:
        raise ValueError("a number is blank")
    return number


def whole(text: str) -> int:
    """Return the number, which must be given and not below zero; ValueError otherwise."""
    number = _number(text)
    if number < 0:
        raise ValueError(f"{text[:40]!r} is below zero")
    return number


def _points(text: str) -> Decimal:
    number = read_decimal(text)
    if number is None or number < 0:
        raise ValueError(f"{text[:40]!r} is no level")
    return number


def refuse(what: str, row: object, err: Exception) -> FatalVendorError:
    """Return the error for a row that cannot be read."""
    return FatalVendorError(
        f"KIS answered a {what} that cannot be read ({repr(err)[:200]}): {str(row)[:500]}", row=row
    )


def _refuse_bar(
    endpoint: Endpoint, what: str, rows: Sequence[Any], row: Any, err: Exception
) -> FatalVendorError:
    number = next(place for place, one in enumerate(rows) if one is row)
    fault = _fault(endpoint.rows, row)
    return refuse(f"{what} ({endpoint.path}, row {number}{fault})", row, err)


def _fault(block: Block, row: Any) -> str:
    if isinstance(row, dict):
        for name in (*_BAR[:6], "amount_krw", "amount"):
            vendor = block.vendor_names.get(name)
            text: Any = row.get(vendor) if vendor else "0"
            try:
                parse_date(text) if name == "date" else read_decimal(text)
            except BROKEN:
                return f", field {vendor} ({name})"
    return ""


def _read_bar(symbol: str, texts: tuple[str, ...]) -> DailyBar:
    day, first, high, low, last, volume, amount = texts
    return DailyBar(
        symbol, parse_date(day), whole(first), whole(high), whole(low), whole(last), whole(volume),
        whole(amount) if amount.strip(" ") else None,
    )  # fmt: skip


def parse_daily_bars(symbol: str, rows: Sequence[Row]) -> list[DailyBar]:
    """Return the bars in the order of ``rows``; empty objects, which stand before the listing, are dropped."""
    bars: list[DailyBar] = []
    add, when, new = bars.append, parse_date, tuple.__new__
    for row in rows:
        if not row and row == {}:
            continue
        try:
            day, first, high, low, last, volume, amount = texts = _daily(row)
            # Plain digits, as almost all rows are, take the short way: a load reads millions of them.
            together = "".join(texts)
            if together.isdigit() and together.isascii():
                o, h, l, c, v = int(first), int(high), int(low), int(last), int(volume)  # noqa: E741
                money = int(amount) if amount else None
                if o < _END > h and l < _END > c and v < _END and (money is None or money < _END):
                    add(new(DailyBar, (symbol, when(day), o, h, l, c, v, money)))
                    continue
            add(_read_bar(symbol, texts))
        except BROKEN as err:
            raise _refuse_bar(DAILY_CHART, f"daily bar of {symbol}", rows, row, err) from err
    return bars


_split = lru_cache(maxsize=1_024)(read_decimal)


@lru_cache(maxsize=1_024)
def _code(text: str) -> str:
    code = text.strip(" ") or "00"
    if len(code) != 2 or not (code.isascii() and code.isalnum()):
        raise ValueError(f"{text[:40]!r} is not a code of two characters")
    return code


def parse_raw_bars(symbol: str, rows: Sequence[Row]) -> list[RawBar]:
    """Return the bars as traded, with the vendor's codes; a blank code is "00", none."""
    given = [row for row in rows if row or row != {}]
    bars, new = [], tuple.__new__
    for row, bar in zip(given, parse_daily_bars(symbol, given), strict=True):
        try:
            ex_code, split, revaluation = _codes(row)
            bars.append(new(RawBar, (*bar, _code(ex_code), _split(split), _code(revaluation))))
        except BROKEN as err:
            raise _refuse_bar(DAILY_CHART, f"daily bar of {symbol}", rows, row, err) from err
    return bars


def parse_index_bars(code: str, rows: Sequence[Row]) -> list[IndexBar]:
    """Return the bars in the order of ``rows``: thousand shares to shares, million KRW to KRW."""
    bars = []
    for row in rows:
        if row == {}:
            continue
        try:
            day, first, high, low, last, volume, amount = _index(row)
            bars.append(
                IndexBar(
                    code,
                    parse_date(day),
                    _points(first),
                    _points(high),
                    _points(low),
                    _points(last),
                    read_scaled(volume, 3),
                    read_scaled(amount, 6),
                )
            )
        except BROKEN as err:
            raise _refuse_bar(INDEX_CHART, f"bar of the index {code}", rows, row, err) from err
    return bars


def _said(text: str) -> bool:
    flag = read_flag(text)
    if flag is None:
        raise ValueError("a flag is blank")
    return flag


def parse_days(rows: Sequence[Row]) -> list[CalendarDay]:
    """Return the calendar days in the order of ``rows``."""
    days = []
    for row in rows:
        try:
            day, *flags = _day(row)
            days.append(CalendarDay(parse_date(day), *(_said(flag) for flag in flags)))
        except BROKEN as err:
            raise refuse("calendar day", row, err) from err
    return days


def parse_quote(symbol: str, row: Row) -> Quote:
    """Return the current price; an unknown issue has blanks or zeros, and is for the caller to notice."""
    try:
        market_name, industry, halted = (read_text(text) for text in _quote_texts(row))
        price, change, *rest = _quote_numbers(row)
        if not read_int(price):
            return Quote(symbol, market_name, industry, False, *(0 for _ in (price, change, *rest)))
        numbers = whole(price), _number(change), *(whole(text) for text in rest)
        return Quote(symbol, market_name, industry, read_flag(halted) is True, *numbers)
    except BROKEN as err:
        raise refuse(f"current price of {symbol}", row, err) from err


def parse_balance(rows: Sequence[Row], head: Any) -> Balance:
    """Return the account; ``head`` comes as a list with one object."""
    try:
        summary = head[0] if isinstance(head, list) else head
        holdings = []
        for row in rows:
            symbol, name, quantity, sellable, average, *amounts = _holding(row)
            if whole(quantity):
                holdings.append(
                    Holding(read_text(symbol), read_text(name), whole(quantity), whole(sellable),
                            _points(average), *(_number(text) for text in amounts))
                )  # fmt: skip
        return Balance(tuple(holdings), *(_number(text) for text in _account(summary)))
    except (*BROKEN, IndexError) as err:
        # The row names positions, so neither the message nor its cause shows it.
        raise FatalVendorError(
            f"KIS answered a balance that cannot be read: {type(err).__name__}; ask again, or tell the vendor"
        ) from None
