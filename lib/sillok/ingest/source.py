"""What a load needs of a vendor's client; ``sillok.kis.Client`` gives it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import Table

from sillok.store.types import Exact

__all__ = [
    "BarRow",
    "DatasetSource",
    "Delisted",
    "IndexRow",
    "Listed",
    "MarketSource",
    "Row",
    "check_decimals",
]

Row = tuple[Any, ...]  # a record of the vendor's client: its fields stand in the order of the table's columns

# symbol, date, open, high, low, close, volume, amount_krw
BarRow = tuple[str, date, int, int, int, int, int, int | None]
# code, date, open, high, low, close, volume, amount_krw
IndexRow = tuple[str, date, Decimal, Decimal, Decimal, Decimal, int | None, int | None]


class Listed(Protocol):
    """An issue that is listed now."""

    @property
    def symbol(self) -> str: ...
    @property
    def isin(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def market(self) -> str: ...
    @property
    def security_type(self) -> str: ...
    @property
    def industry(self) -> str: ...
    @property
    def listed_on(self) -> date | None: ...
    @property
    def shares(self) -> int: ...


class Delisted(Protocol):
    """An issue that is listed no more; ``delisted_on`` is the first day without it."""

    @property
    def symbol(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def market(self) -> str: ...
    @property
    def listed_on(self) -> date | None: ...
    @property
    def delisted_on(self) -> date: ...


class MarketSource(Protocol):
    """A vendor of the market, asked by symbol and span; ends are exclusive.

    What :class:`DatasetSource` has beyond it may be missing, or raise ConfigError where the host has no such
    call: those datasets are left out of the load, and its report says so.
    """

    @property
    def source(self) -> str:
        """kis, synthetic or replay."""
        ...

    @property
    def today(self) -> date | None:
        """The newest session of a market that stands still; None where the clock decides."""
        ...

    @property
    def rate(self) -> float:
        """Calls a second that the vendor allows; 0: it sets no limit."""
        ...

    @property
    def calls(self) -> int:
        """How many requests were sent so far."""
        ...

    async def daily_bars(self, symbol: str, start: date, end: date) -> Sequence[BarRow]:
        """Return adjusted bars, oldest first."""
        ...

    async def index_bars(self, code: str, start: date, end: date) -> Sequence[IndexRow]:
        """Return index bars, oldest first."""
        ...

    async def sessions(self, start: date, end: date) -> Sequence[date]:
        """Return the days on which the market opens; ConfigError where the vendor has no calendar."""
        ...

    async def master(self, market: str) -> Sequence[Listed]:
        """Return what is listed now on KOSPI or KOSDAQ."""
        ...


class DatasetSource(MarketSource, Protocol):
    """A vendor of every dataset; its records are tuples, fields in the order of the tables' columns."""

    async def raw_bars(self, symbol: str, start: date, end: date) -> Sequence[Row]:
        """Return bars as traded, with the vendor's codes of ex-rights days, oldest first."""
        ...

    async def investor_days(self, symbol: str, start: date, end: date) -> Sequence[Row]:
        """Return what each class of investors bought net."""
        ...

    async def income_statements(self, symbol: str, basis: str) -> Sequence[Row]:
        """Return symbol, basis, period and amounts of each period that the vendor has; basis annual or quarter."""
        ...

    async def balance_sheets(self, symbol: str, basis: str) -> Sequence[Row]:
        """Return the same of the balance sheet."""
        ...

    async def financial_ratios(self, symbol: str, basis: str) -> Sequence[Row]:
        """Return the same of the ratios."""
        ...

    async def corporate_actions(self, kind: str, start: date, end: date, symbol: str = "") -> Sequence[Row]:
        """Return the actions of a kind by record date, of all issues or of one."""
        ...

    async def overseas_bars(self, market: str, symbol: str, start: date, end: date) -> Sequence[Row]:
        """Return adjusted bars of an issue listed abroad."""
        ...

    async def fx_bars(self, pair: str, start: date, end: date) -> Sequence[Row]:
        """Return exchange rates, e.g. of USDKRW."""
        ...

    async def balance(self) -> Any:
        """Return the account's cash, and ``holdings``."""
        ...

    async def executions(self, start: date, end: date) -> Sequence[Row]:
        """Return the account's orders and what was filled of them."""
        ...


def check_decimals(table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Raise DataError if a decimal in ``rows``, in the order of ``columns``, has more digits than its column holds."""
    for place, name in enumerate(columns):
        kind = table.c[name].type
        if isinstance(kind, Exact):
            for value in {row[place] for row in rows}:
                kind.check(value)
