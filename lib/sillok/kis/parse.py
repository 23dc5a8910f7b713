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
)
from sillok.kis.schema import BALANCE, DAILY_CHART, HOLIDAYS, INDEX_CHART, PRICE

__all__ = [
    "BROKEN",
    "parse_balance",
    "parse_daily_bars",
    "parse_date",
    "parse_days",
    "parse_index_bars",
    "parse_quote",
    "refuse",
]

Row = Mapping[str, str]
BROKEN = (KeyError, ValueError, TypeError, AttributeError, InvalidOperation)

_daily = DAILY_CHART.rows.getter("date", "open", "high", "low", "close", "volume", "amount_krw")
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
    text = text.strip()
    if len(text) != 8:
        raise ValueError(f"a date has eight digits, got {text!r}")
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def _optional(text: str) -> int | None:
    return int(text) if text.strip() else None


def refuse(what: str, row: object, err: Exception) -> FatalVendorError:
    """Return the error for a row that cannot be read."""
    return FatalVendorError(f"KIS answered a {what} that cannot be read ({err!r}): {row!r}", row=row)


def parse_daily_bars(symbol: str, rows: Sequence[Row]) -> list[DailyBar]:
    """Return the bars in the order of ``rows``; empty objects, which stand before the listing, are dropped."""
    bars = []
    for row in rows:
        if row == {}:
            continue
        try:
            day, first, high, low, last, volume, amount = _daily(row)
            bars.append(
                DailyBar(
                    symbol, parse_date(day), int(first), int(high), int(low), int(last), int(volume),
                    int(amount) if amount else None,
                )
            )  # fmt: skip
        except BROKEN as err:
            raise refuse(f"daily bar of {symbol}", row, err) from err
    return bars


def parse_index_bars(code: str, rows: Sequence[Row]) -> list[IndexBar]:
    """Return the bars in the order of ``rows``: thousand shares to shares, million KRW to KRW."""
    bars = []
    for row in rows:
        if row == {}:
            continue
        try:
            day, first, high, low, last, volume, amount = _index(row)
            thousands, millions = _optional(volume), _optional(amount)
            bars.append(
                IndexBar(
                    code,
                    parse_date(day),
                    Decimal(first.strip()),
                    Decimal(high.strip()),
                    Decimal(low.strip()),
                    Decimal(last.strip()),
                    None if thousands is None else thousands * 1_000,
                    None if millions is None else millions * 1_000_000,
                )
            )
        except BROKEN as err:
            raise refuse(f"bar of the index {code}", row, err) from err
    return bars


def parse_days(rows: Sequence[Row]) -> list[CalendarDay]:
    """Return the calendar days in the order of ``rows``."""
    days = []
    for row in rows:
        try:
            day, *flags = _day(row)
            days.append(CalendarDay(parse_date(day), *(flag == "Y" for flag in flags)))
        except BROKEN as err:
            raise refuse("calendar day", row, err) from err
    return days


def parse_quote(symbol: str, row: Row) -> Quote:
    """Return the current price; an unknown issue has blanks, and is for the caller to notice."""
    try:
        market_name, industry, halted = (text.strip() for text in _quote_texts(row))
        numbers = [int(text) for text in _quote_numbers(row)]
        return Quote(symbol, market_name, industry, halted == "Y", *numbers)
    except BROKEN as err:
        raise refuse(f"current price of {symbol}", row, err) from err


def parse_balance(rows: Sequence[Row], head: Any) -> Balance:
    """Return the account; ``head`` comes as a list with one object."""
    try:
        summary = head[0] if isinstance(head, list) else head
        holdings = []
        for row in rows:
            symbol, name, quantity, sellable, average, *amounts = _holding(row)
            if int(quantity):
                holdings.append(
                    Holding(symbol.strip(), name.strip(), int(quantity), int(sellable),
                            Decimal(average.strip()), *(int(text) for text in amounts))
                )  # fmt: skip
        return Balance(tuple(holdings), *(int(text) for text in _account(summary)))
    except (*BROKEN, IndexError) as err:
        # The row names positions, so the message does not show it.
        raise FatalVendorError(f"KIS answered a balance that cannot be read: {type(err).__name__}") from err
