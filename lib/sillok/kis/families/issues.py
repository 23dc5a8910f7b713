"""What an issue is: its listing, its sector, its names."""

from __future__ import annotations

from sillok.kis.calls import check_symbol
from sillok.kis.families.family import Family, gives
from sillok.kis.rows import Record

__all__ = ["Issues"]


class Issues(Family):
    """What a domestic issue is. Not on the paper host; all issues at once are ``client.master``."""

    @gives("stock")
    async def stock(self, symbol: str) -> Record:
        """Return listing and delisting days, sector, shares, capital and marks of a stock or fund.

        Its ``symbol`` is the vendor's own number of 12 characters, e.g. 00000A005930.
        """
        check_symbol(symbol)
        return await self._calls.one("stock", f"the issue {symbol!r}", symbol=symbol)

    @gives("product")
    async def product(self, symbol: str) -> Record:
        """Return names and classes of a product of the vendor's."""
        check_symbol(symbol)
        return await self._calls.one("product", f"the product {symbol!r}", symbol=symbol)
