"""What a load needs of a vendor's client; ``sillok.kis.Client`` gives it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol

__all__ = ["BarRow", "Delisted", "IndexRow", "Listed", "MarketSource"]

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
    """A vendor of the market, asked by symbol and span; ends are exclusive."""

    @property
    def source(self) -> str:
        """kis, synthetic or replay."""
        ...

    @property
    def today(self) -> date | None:
        """The newest session of a market that stands still; None where the clock decides."""
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
