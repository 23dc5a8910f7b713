"""The core of research: whole series of prices, flows, statements and events, one method each."""

from __future__ import annotations

from datetime import date, time, timedelta

from sillok.errors import ConfigError, DataError, FatalVendorError, MissingDataError
from sillok.kis import history
from sillok.kis.actions import corporate_actions
from sillok.kis.calls import Calls, check_symbol
from sillok.kis.paging import chart_bars, key_pages
from sillok.kis.parse import parse_daily_bars, parse_days, parse_index_bars, parse_quote
from sillok.kis.records import (
    BalanceSheet,
    CalendarDay,
    CorporateAction,
    DailyBar,
    FinancialRatio,
    IncomeStatement,
    IndexBar,
    InvestorDay,
    MinuteBar,
    OverseasBar,
    Quote,
    RateBar,
    RawBar,
)
from sillok.kis.rows import object_of, rows_of
from sillok.kis.schema import DAILY_CHART, HOLIDAYS, INDEX_CHART, INDEX_CODES, PRICE
from sillok.kis.statements import statements

__all__ = ["Core"]

_DAY = timedelta(days=1)


class Core:
    """What research asks for most, each in one call of ours whatever the vendor's pages are."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    # ---- market data
    async def daily_bars(self, symbol: str, start: date, end: date, adjusted: bool = True) -> list[DailyBar]:
        """Return the daily bars of ``symbol`` in ``[start, end)``, oldest first.

        An issue that KIS does not know has no bars: the answer is an empty list, as for days before listing.

        Parameters
        ----------
        adjusted
            Whether the past is adjusted for splits and the like (not for cash dividends).

        Raises
        ------
        ConfigError, DataError
            If the symbol is malformed, or the dates are reversed.
        VendorError
            If KIS refuses, or its pages contradict each other.
        """
        check_symbol(symbol)
        query = {"symbol": symbol, "raw": "0" if adjusted else "1"}
        return await chart_bars(
            self._calls.transport,
            DAILY_CHART,
            query,
            start,
            end,
            parse=lambda rows: parse_daily_bars(symbol, rows),
            about="symbol",
        )

    async def raw_bars(self, symbol: str, start: date, end: date) -> list[RawBar]:
        """Return the daily bars of ``symbol`` in ``[start, end)`` as they were traded, oldest first.

        Nothing in them is adjusted; the vendor's codes say on which days rights went off or a base price was set.
        """
        return await history.raw_bars(self._calls, symbol, start, end)

    async def minute_bars(self, symbol: str, day: date, *, since: time | None = None) -> list[MinuteBar]:
        """Return the minutes of ``symbol`` on ``day``, oldest first, from ``since`` on where it is given.

        The vendor keeps about a year, in pages of 120; the paper host has today alone, in pages of 30, so that a
        whole day is 4 calls or 13.

        Raises
        ------
        MissingDataError
            If the paper host is asked for another day than today.
        """
        return await history.minute_bars(self._calls, symbol, day, since)

    async def investor_days(self, symbol: str, start: date, end: date) -> list[InvestorDay]:
        """Return what individuals, foreigners and institutions bought net in ``[start, end)``, oldest first.

        One call where the newest 30 sessions hold ``start``, and pages of the daily call otherwise. The vendor fills
        today's row after 18:00; until then the day is left out.

        Raises
        ------
        ConfigError
            If the paper host, which has the newest 30 sessions alone, is asked for older ones.
        """
        return await history.investor_days(self._calls, symbol, start, end)

    async def index_bars(self, code: str, start: date, end: date) -> list[IndexBar]:
        """Return the daily bars of the index ``code`` (KOSPI, KOSDAQ, KOSPI200) in ``[start, end)``, oldest first."""
        if code not in INDEX_CODES:
            raise ConfigError(f"unknown index {code!r}; ask for one of {sorted(INDEX_CODES)}", code=code)
        query = {"symbol": INDEX_CODES[code]}
        return await chart_bars(
            self._calls.transport,
            INDEX_CHART,
            query,
            start,
            end,
            parse=lambda rows: parse_index_bars(code, rows),
            about="code",
        )

    async def overseas_bars(
        self, market: str, symbol: str, start: date, end: date, adjusted: bool = True
    ) -> list[OverseasBar]:
        """Return the daily bars of an issue abroad in ``[start, end)``, oldest first, in the market's currency.

        ``market`` is NAS, NYS, AMS, HKS, TSE, SHS, SZS, HSX or HNX; days are the market's own.
        """
        return await history.overseas_bars(self._calls, market, symbol, start, end, adjusted=adjusted)

    async def fx_bars(self, pair: str, start: date, end: date) -> list[RateBar]:
        """Return the daily bars of an exchange rate in ``[start, end)``, oldest first.

        Known are USDKRW and JPYKRW (KRW for 100 JPY), and against the dollar USDJPY, USDCNY, EURUSD and GBPUSD; the
        vendor's reference confirms USDKRW alone. Other pairs raise ConfigError: KIS quotes none against the won.
        """
        return await history.fx_bars(self._calls, pair, start, end)

    async def current_price(self, symbol: str) -> Quote:
        """Return the current price of ``symbol``; an unknown one, which KIS answers with blanks, raises."""
        check_symbol(symbol)
        body, _ = await self._calls.transport.get(PRICE, PRICE.query(symbol=symbol))
        quote = parse_quote(symbol, object_of(body, PRICE) or PRICE.head.render({}))
        if not quote.price:
            raise MissingDataError(
                f"KIS knows no issue {symbol!r}; look it up in the master file", symbol=symbol
            )
        return quote

    # ---- companies
    async def income_statements(self, symbol: str, basis: str) -> list[IncomeStatement]:
        """Return the income statements of ``symbol``, oldest first, KRW; about 30 periods, as restated today.

        Parameters
        ----------
        basis
            "annual" or "quarter"; a quarter is cumulative within its fiscal year.

        Notes
        -----
        KIS tells no day of disclosure and overwrites history, so that this is not point-in-time.
        """
        return await statements(self._calls, IncomeStatement, symbol, basis)

    async def balance_sheets(self, symbol: str, basis: str) -> list[BalanceSheet]:
        """Return the balance sheets of ``symbol``, as :meth:`income_statements` does."""
        return await statements(self._calls, BalanceSheet, symbol, basis)

    async def financial_ratios(self, symbol: str, basis: str) -> list[FinancialRatio]:
        """Return the ratios of ``symbol``, as :meth:`income_statements` does; per cent, and KRW a share."""
        return await statements(self._calls, FinancialRatio, symbol, basis)

    async def corporate_actions(
        self, kind: str, start: date, end: date, symbol: str = ""
    ) -> list[CorporateAction]:
        """Return the corporate actions with a record date in ``[start, end)``, oldest first.

        Parameters
        ----------
        kind
            dividend, bonus, rights, split, merger, capital_reduction, or listing (by its listing day).
        symbol
            One issue; all, if empty.

        Raises
        ------
        FullDayError
            If one day has more than the vendor's 100 rows, such as the dividends of 31 December: ask for that day
            issue by issue.
        """
        return await corporate_actions(self._calls, kind, start, end, symbol)

    # ---- the calendar
    async def holidays(self, start: date, end: date | None = None) -> list[CalendarDay]:
        """Return calendar days from ``start``: one page (about 24 days), or all in ``[start, end)``.

        KIS asks for at most one such call a day; the paper host has none.
        """
        endpoint = HOLIDAYS
        if self._calls.paper:
            raise ConfigError("the paper host has no calendar; take the sessions from sillok.clock")
        if end is not None and end < start:
            raise DataError(f"dates are reversed: start {start} is after end {end}", start=start, end=end)
        days: list[CalendarDay] = []
        async for body in key_pages(self._calls.transport, endpoint, {"start": f"{start:%Y%m%d}"}):
            page = parse_days(rows_of(body, endpoint))
            if days and page and page[0].date <= days[-1].date:
                raise FatalVendorError(f"KIS answered the calendar page of {page[0].date} twice")
            days += page
            if end is None or (days and days[-1].date >= end - _DAY):
                break
        return [day for day in days if end is None or day.date < end]

    async def sessions(self, start: date, end: date) -> list[date]:
        """Return the days in ``[start, end)`` on which the market opens, oldest first."""
        return [day.date for day in await self.holidays(start, end) if day.is_open]
