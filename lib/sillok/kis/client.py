"""The KIS client: one method a call, any span, our names. It cannot tell the sandbox from the real host."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from sillok.clock import KST
from sillok.errors import ConfigError, DataError, FatalVendorError, MissingDataError
from sillok.kis import history
from sillok.kis.actions import corporate_actions
from sillok.kis.calls import Calls, check_symbol
from sillok.kis.credentials import Credentials
from sillok.kis.executions import executions
from sillok.kis.families import Families
from sillok.kis.listings import parse_delistings, parse_master, parse_sectors, unzip_text
from sillok.kis.paging import chart_bars, key_pages
from sillok.kis.parse import parse_balance, parse_daily_bars, parse_days, parse_index_bars, parse_quote
from sillok.kis.records import (
    Balance,
    BalanceSheet,
    CalendarDay,
    CorporateAction,
    DailyBar,
    Delisting,
    Execution,
    FinancialRatio,
    IncomeStatement,
    IndexBar,
    InvestorDay,
    MasterIssue,
    MinuteBar,
    OverseasBar,
    Quote,
    RateBar,
    RawBar,
)
from sillok.kis.rows import object_of, rows_of
from sillok.kis.schema import (
    BALANCE,
    DAILY_CHART,
    HOLIDAYS,
    INDEX_CHART,
    INDEX_CODES,
    MASTER_FILES,
    PRICE,
    SECTOR_FILE,
)
from sillok.kis.statements import statements
from sillok.kis.stream import Stream, stream_url
from sillok.kis.transport import Transport

__all__ = ["Client"]

_DAY = timedelta(days=1)
_RATE, _PAPER_RATE, _LEDGER_RATE = 20.0, 1.0, 2.0  # calls a second
_KIS_DOMAIN = "koreainvestment.com"


class Client(Families):
    """A connection to KIS or to the sandbox; use it in ``async with``.

    The core of research is in its own methods; the rest stands in families such as ``client.quotes``.

    Parameters
    ----------
    base_url, master_url
        Host of the REST service, and host of the public master files.
    account
        Account number, 8-2 digits; only calls about the account need it.
    rate
        Calls a second of all processes that share ``broker_path``: the vendor's own limit, 20 (1 at the paper host)
        where None is given. 0 means that the host has no limits, as a sandbox may.
    ledger_rate
        Account calls a second, which are among the others; None: 2, or ``rate`` if that is less.
    broker_path
        Folder, the user's own, in which all processes that use the key share the access token and the turns.
    timeout_s, tries, deadline_s
        Time limit of one call; how often a retriable failure is asked again, and for how long.
    transport
        Further keyword arguments of the transport: ``now``, ``monotonic``, ``sleep`` for tests.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        master_url: str,
        account: str = "",
        rate: float | None = None,
        ledger_rate: float | None = None,
        broker_path: Path,
        paper: bool = False,
        timeout_s: float = 10,
        tries: int = 5,
        deadline_s: float = 60,
        **transport: Any,
    ) -> None:
        for name, url in (("base_url", base_url), ("master_url", master_url)):
            if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
                raise ConfigError(
                    f"{name} must be an http(s) address such as http://127.0.0.1:8810, got {url!r}"
                )
        self._account = account.replace("-", "")
        if account and not re.fullmatch(r"\d{10}", self._account):
            raise ConfigError("the account number must have 8-2 digits, e.g. 12345678-01")
        own_rate = (_PAPER_RATE if paper else _RATE) if rate is None else rate
        self._transport = Transport(
            base_url,
            credentials,
            broker_path,
            rate=own_rate,
            ledger_rate=min(own_rate, _LEDGER_RATE) if ledger_rate is None else ledger_rate,
            paper=paper,
            timeout_s=timeout_s,
            tries=tries,
            deadline_s=deadline_s,
            **transport,
        )
        now = transport.get("now", lambda: datetime.now(KST))
        self._calls = Calls(self._transport, paper=paper, account=self._account, now=now)
        super().__init__(self._calls)
        self._master_url = master_url.rstrip("/")
        self._paper = paper
        self._sectors: dict[str, str] | None = None
        self._about: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Client({self._transport.base_url!r}, source={self._about.get('source', '?')!r})"

    async def __aenter__(self) -> Self:
        await self._transport.open()
        try:
            await self.identify()
        except BaseException:
            await self._transport.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.close()

    # ---- who answers
    @property
    def source(self) -> str:
        """Who answers: "kis", "synthetic" or "replay"; known inside ``async with``."""
        if not self._about:
            raise ConfigError("the client has not asked yet who answers; use it inside `async with`")
        return self._about["source"]

    @property
    def today(self) -> date | None:
        """The newest session that the sandbox has; None at KIS, whose day is the clock's."""
        text = self._about.get("today", "")
        return date.fromisoformat(text) if text else None

    @property
    def label(self) -> str:
        """What a person must be told about the data; empty at KIS."""
        return self._about.get("label", "")

    @property
    def calls(self) -> int:
        """How many HTTP requests were sent."""
        return self._transport.calls

    @property
    def refused(self) -> int:
        """How many of them the vendor refused for coming too fast."""
        return self._transport.refused

    @property
    def rate(self) -> float:
        """Calls a second that all processes may make together; 0 where there is no limit."""
        return self._transport.rate

    async def approval_key(self, anew: bool = False) -> str:
        """Return the key that opens a stream, kept for 12 hours; ``anew`` if the last was refused."""
        return await self._transport.approval_key(anew)

    def stream(self, **options: Any) -> Stream:
        """Return a stream of this host, to be opened in ``async with`` while the client is open.

        Of a sandbox the day is the session that it plays. ``options`` are those of
        :class:`sillok.kis.stream.Stream`: ``limit``, ``patience``, ``now``, ``sleep``, ``day``.
        """
        options = {"label": self.label, "day": self.today} | options
        return Stream(stream_url(self._transport.base_url), self.approval_key, paper=self._paper, **options)

    async def identify(self) -> str:
        """Ask the host who it is; anything but the sandbox's answer means KIS. A dead host raises."""
        if (urlsplit(self._transport.base_url).hostname or "").endswith(_KIS_DOMAIN):
            self._about = {"source": "kis"}
            return self.source
        try:
            about = json.loads(await self._transport.fetch(f"{self._transport.base_url}/sandbox/about"))
            self._about = {name: str(about[name]) for name in ("source", "today", "label")}
        except (FatalVendorError, ValueError, KeyError, TypeError):
            self._about = {"source": "kis"}
        return self.source

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
            self._transport,
            DAILY_CHART,
            query,
            start,
            end,
            parse=lambda rows: parse_daily_bars(symbol, rows),
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
            self._transport,
            INDEX_CHART,
            query,
            start,
            end,
            parse=lambda rows: parse_index_bars(code, rows),
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
        body, _ = await self._transport.get(PRICE, PRICE.query(symbol=symbol))
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
        if self._paper:
            raise ConfigError("the paper host has no calendar; take the sessions from sillok.clock")
        if end is not None and end < start:
            raise DataError(f"dates are reversed: start {start} is after end {end}", start=start, end=end)
        days: list[CalendarDay] = []
        async for body in key_pages(self._transport, endpoint, {"start": f"{start:%Y%m%d}"}):
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

    # ---- the account
    async def balance(self) -> Balance:
        """Return what the account holds; ConfigError without an account number."""
        query = self._calls.account()
        endpoint = BALANCE
        rows: list[Any] = []
        head: Any = None
        async for body in key_pages(self._transport, endpoint, query):
            rows += rows_of(body, endpoint)
            head = body.get(endpoint.head.key) or head
        return parse_balance(rows, head)

    async def executions(self, start: date, end: date) -> list[Execution]:
        """Return the orders of ``[start, end)`` that were filled, oldest first; days before three months ago too."""
        today = self.today or self._calls.now().astimezone(KST).date()
        return await executions(self._calls, start, end, today)

    # ---- public files
    async def master(self, market: str) -> list[MasterIssue]:
        """Return the issues listed now on ``market`` ("KOSPI" or "KOSDAQ"), funds and notes included."""
        if market not in MASTER_FILES:
            raise ConfigError(f"unknown market {market!r}; ask for one of {sorted(MASTER_FILES)}")
        if self._sectors is None:
            self._sectors = parse_sectors(await self._archive(SECTOR_FILE))
        return parse_master(market, await self._archive(MASTER_FILES[market]), self._sectors)

    async def _archive(self, path: str) -> str:
        return unzip_text(await self._transport.fetch(self._master_url + path), path)

    async def delistings(self) -> list[Delisting]:
        """Return the sandbox's list of delisted issues; KIS has none, so that the list is empty there."""
        if self.source == "kis":
            return []
        data = await self._transport.fetch(f"{self._transport.base_url}/sandbox/delistings.csv")
        return parse_delistings(data.decode("utf-8"))
