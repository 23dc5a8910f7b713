"""Series of one issue or rate that are more than one call: as traded, by the minute, by investor, abroad."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sillok.errors import ConfigError, FatalVendorError, MissingDataError
from sillok.kis.calls import Calls, check_symbol, day_text
from sillok.kis.paging import back_pages, chart_bars, check_dates
from sillok.kis.parse import parse_raw_bars
from sillok.kis.records import InvestorDay, MinuteBar, OverseasBar, RateBar, RawBar
from sillok.kis.rows import Record, reader, rows_of
from sillok.kis.schema import DAILY_CHART, FX_CODES, FX_KIND, INVESTORS, OVERSEAS_CHART, OVERSEAS_DAILY

__all__ = ["check_abroad", "fx_bars", "investor_days", "minute_bars", "overseas_bars", "raw_bars"]

_OPEN, _LAST = (
    time(9),
    time(16, 30),
)  # a session may open later; on the day of the entrance examinations it ends 16:30
_NETS = (
    "individual_qty",
    "foreign_qty",
    "institution_qty",
    "individual_krw",
    "foreign_krw",
    "institution_krw",
)
_INVESTOR = ("date", *_NETS)
_MINUTE = ("date", "time", "open", "high", "low", "close", "volume", "cumulative_amount_krw")
_ABROAD = ("date", "open", "high", "low", "close", "volume", "amount")
_RATE = ("date", "open", "high", "low", "close")


async def raw_bars(calls: Calls, symbol: str, start: date, end: date) -> list[RawBar]:
    """Return bars as traded."""
    check_symbol(symbol)
    return await chart_bars(
        calls.transport,
        DAILY_CHART,
        {"symbol": symbol, "raw": "1"},
        start,
        end,
        parse=lambda rows: parse_raw_bars(symbol, rows),
        about="symbol",
    )


# ---- investors
async def investor_days(calls: Calls, symbol: str, start: date, end: date) -> list[InvestorDay]:
    """Return net purchases: the newest 30 sessions in one call, older ones by the paged call of the real host."""
    check_symbol(symbol)
    check_dates(start, end)
    if start == end:
        return []
    body = await calls.body("investors", symbol=symbol)
    recent = _investor_days(symbol, "investors", body)
    oldest = recent[-1].date if recent else start
    is_whole = len(rows_of(body, INVESTORS)) < INVESTORS.page_rows
    if oldest <= start or is_whole:
        return [day for day in reversed(recent) if start <= day.date < end]
    if calls.paper:
        raise ConfigError(
            f"the paper host has the investors of the newest 30 sessions only, of {symbol} from {oldest} on;"
            f" {start} is before: ask from there on, or use a key of the real host",
            symbol=symbol,
            oldest=oldest,
        )

    async def ask(last: date) -> list[InvestorDay]:
        body = await calls.body("investors_daily", symbol=symbol, end=day_text(last))
        return _investor_days(symbol, "investors_daily", body)

    return await back_pages(ask, start, end, f"the investors of {symbol}")


def _investor_days(symbol: str, name: str, body: dict[str, Any]) -> list[InvestorDay]:
    """Return the days of an answer, newest first; a day that is not filled yet, before 18:00, is left out."""
    rows = reader(name, "output2" if name == "investors_daily" else "", _INVESTOR, _NETS).rows(body)
    days = []
    for number, row in enumerate(rows):
        given = [value is not None for value in row[1:]]
        if all(given):
            days.append(InvestorDay(symbol, *row))
        elif any(given) or number:
            missing = [field for field, is_given in zip(_NETS, given, strict=True) if not is_given]
            raise FatalVendorError(f"KIS answered the investors of {symbol} on {row.date} without {missing}")
    return days


# ---- minutes
async def minute_bars(calls: Calls, symbol: str, day: date, since: time | None) -> list[MinuteBar]:
    """Return the minutes of a day, oldest first, asking backwards from its end."""
    check_symbol(symbol)
    name = "minutes_today" if calls.paper else "minutes"
    floor = since or time(0)
    kept: list[Record] = []
    until = _LAST
    while True:
        query = {} if calls.paper else {"day": day_text(day)}
        body = await calls.body(name, symbol=symbol, until=f"{until:%H%M%S}", **query)
        page = reader(name, "output2", _MINUTE).rows(body)
        if calls.paper and page and page[0].date != day:
            raise MissingDataError(
                f"the paper host has the minutes of {page[0].date} only, not of {day}", symbol=symbol, day=day
            )
        rows = [row for row in page if row.date == day]
        _check_minutes(symbol, rows, until if kept else time.max)
        kept += rows
        # Other days' rows, or none: the day's first is behind us. One row before the floor gives the first amount.
        if len(rows) < len(page) or not rows or rows[-1].time <= _OPEN or rows[-1].time < floor:
            break
        until = (datetime.combine(day, rows[-1].time) - timedelta(minutes=1)).timetz()
    return [bar for bar in _minutes(symbol, kept) if bar.time.time() >= floor]


def _check_minutes(symbol: str, rows: Sequence[Record], until: time) -> None:
    times = [row.time for row in rows]
    if times and not (times[0] <= until and times == sorted(set(times), reverse=True)):
        raise FatalVendorError(
            f"KIS answered the minutes {times[0]} ... {times[-1]} of {symbol} up to {until}, newest first each once;"
            " this page cannot be trusted",
            symbol=symbol,
        )


def _minutes(symbol: str, rows: Sequence[Record]) -> list[MinuteBar]:
    """Return the bars of rows that stand newest first, with the amounts out of the running total."""
    bars: list[MinuteBar] = []
    total: int | None = None
    for place, row in enumerate(reversed(rows)):
        if total is None:
            amount = row.cumulative_amount_krw if row.time <= _OPEN else None
        else:
            amount = row.cumulative_amount_krw - total
            if amount < 0:
                raise FatalVendorError(
                    f"KIS answered an amount of {symbol} that falls within the day, at {row.time}; it cannot be trusted"
                )
        total = row.cumulative_amount_krw
        # Until the first trade of the running minute, the vendor shows the volume of the minute before.
        is_running = place == len(rows) - 1 and amount == 0
        bars.append(
            MinuteBar(
                symbol,
                datetime.combine(row.date, row.time),
                row.open,
                row.high,
                row.low,
                row.close,
                0 if is_running else row.volume,
                amount,
            )
        )
    return bars


# ---- abroad
def check_abroad(market: str, symbol: str) -> None:
    """Raise ConfigError unless market and symbol can be those of an issue abroad."""
    if not re.fullmatch(r"[A-Z]{3}", market):
        raise ConfigError(f"a market abroad has three capitals, e.g. NAS, NYS, AMS, HKS, TSE; got {market!r}")
    if not re.fullmatch(r"[0-9A-Za-z./-]{1,16}", symbol):
        raise ConfigError(
            f"a symbol abroad has 1 to 16 letters, digits or ./-, got {symbol!r}", symbol=symbol
        )


async def overseas_bars(
    calls: Calls, market: str, symbol: str, start: date, end: date, *, adjusted: bool
) -> list[OverseasBar]:
    """Return daily bars of a market abroad."""
    check_abroad(market, symbol)
    take = reader("overseas_daily", "output2", _ABROAD, ("volume", "amount"))

    async def ask(last: date) -> list[OverseasBar]:
        body = await calls.body(
            "overseas_daily",
            market=market,
            symbol=symbol,
            end=day_text(last),
            adjusted="1" if adjusted else "0",
        )
        return [OverseasBar(market, symbol, *row) for row in take.rows(body)]

    what = f"{symbol} on {market}"
    return await back_pages(ask, start, end, what, full=OVERSEAS_DAILY.page_rows)


async def fx_bars(calls: Calls, pair: str, start: date, end: date) -> list[RateBar]:
    """Return daily bars of an exchange rate."""
    if pair not in FX_CODES:
        raise ConfigError(
            f"KIS has no history of {pair!r} that is known; ask for one of {sorted(FX_CODES)}", pair=pair
        )
    take = reader("overseas_chart", "output2", _RATE)

    def parse(rows: Sequence[Any]) -> list[RateBar]:
        bars = [RateBar(pair, *take.read(row, number)) for number, row in enumerate(rows) if row != {}]
        if any(rate <= Decimal(0) for bar in bars for rate in bar[2:]):
            raise FatalVendorError(f"KIS answered a rate of {pair} that is not above zero", pair=pair)
        return bars

    query = {"kind": FX_KIND, "symbol": FX_CODES[pair]}
    # How many rows a page has is not documented.
    return await chart_bars(calls.transport, OVERSEAS_CHART, query, start, end, parse=parse, full=1)
