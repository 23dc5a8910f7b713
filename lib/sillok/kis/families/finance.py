"""Finance of an issue, every field that KIS has; the core of it is in the client itself."""

from __future__ import annotations

from sillok.kis.calls import check_symbol
from sillok.kis.families.family import Family, gives
from sillok.kis.rows import Record
from sillok.kis.statements import basis_code

__all__ = ["Finance"]


class Finance(Family):
    """Statements and ratios as restated today, oldest first, about 30 periods; ``basis`` is annual or quarter.

    A period is the last day of its fiscal month; a quarter is cumulative within the fiscal year; 99.99 in what
    the vendor does not provide is None. Not on the paper host.
    """

    async def _periods(self, name: str, symbol: str, basis: str) -> list[Record]:
        check_symbol(symbol)
        rows = await self._calls.rows(name, symbol=symbol, basis=basis_code(basis))
        return sorted(rows, key=lambda row: row.period)

    @gives("income_statement")
    async def income(self, symbol: str, basis: str = "annual") -> list[Record]:
        """Return the income statements."""
        return await self._periods("income_statement", symbol, basis)

    @gives("balance_sheet")
    async def balance_sheet(self, symbol: str, basis: str = "annual") -> list[Record]:
        """Return the balance sheets."""
        return await self._periods("balance_sheet", symbol, basis)

    @gives("financial_ratio")
    async def ratios(self, symbol: str, basis: str = "annual") -> list[Record]:
        """Return growth, return on equity, earnings and book value a share, reserve and debt."""
        return await self._periods("financial_ratio", symbol, basis)

    @gives("profit_ratio")
    async def profit(self, symbol: str, basis: str = "annual") -> list[Record]:
        """Return the ratios of profit."""
        return await self._periods("profit_ratio", symbol, basis)

    @gives("growth_ratio")
    async def growth(self, symbol: str, basis: str = "annual") -> list[Record]:
        """Return the ratios of growth."""
        return await self._periods("growth_ratio", symbol, basis)

    @gives("stability_ratio")
    async def stability(self, symbol: str, basis: str = "annual") -> list[Record]:
        """Return the ratios of stability."""
        return await self._periods("stability_ratio", symbol, basis)

    @gives("other_ratios")
    async def others(self, symbol: str, basis: str = "annual") -> list[Record]:
        """Return payout, EVA, EBITDA and EV/EBITDA."""
        return await self._periods("other_ratios", symbol, basis)
