"""ETFs and ETNs: price, net asset value, what they hold."""

from __future__ import annotations

from datetime import date

from sillok.kis.calls import check_symbol
from sillok.kis.families.family import Family, WithHead, gives
from sillok.kis.paging import chart_bars
from sillok.kis.rows import Record, reader

__all__ = ["Funds"]


class Funds(Family):
    """ETFs and ETNs (an ETN's symbol begins with Q). Not on the paper host."""

    @gives("fund_price")
    async def price(self, symbol: str) -> Record:
        """Return price, net asset value, tracking error and make of a fund."""
        check_symbol(symbol)
        return await self._calls.one("fund_price", f"the fund {symbol!r}", symbol=symbol)

    @gives("fund_nav", "output1", "output2")
    async def nav(self, symbol: str) -> tuple[Record, Record]:
        """Return the price of a fund now, and beside it its net asset value."""
        check_symbol(symbol)
        price, nav = await self._calls.one(
            "fund_nav", f"the fund {symbol!r}", "output1", "output2", symbol=symbol
        )
        return price, nav

    @gives("fund_nav_daily")
    async def nav_days(self, symbol: str, start: date, end: date) -> list[Record]:
        """Return close, net asset value and premium of a fund in ``[start, end)``, oldest first, in pages of 100."""
        check_symbol(symbol)
        endpoint, take = self._calls.endpoint("fund_nav_daily"), reader("fund_nav_daily")
        return await chart_bars(
            self._calls.transport,
            endpoint,
            {"symbol": symbol},
            start,
            end,
            parse=lambda rows: take.rows({endpoint.rows.key: list(rows)}),
        )

    @gives("fund_components", "output1", "output2")
    async def components(self, symbol: str) -> WithHead:
        """Return what a fund holds today, at most 100 rows, under what it is worth."""
        check_symbol(symbol)
        return await self._calls.with_head("fund_components", symbol=symbol)
