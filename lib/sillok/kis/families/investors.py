"""Who bought and sold an issue, in all detail, and its short sales."""

from __future__ import annotations

from datetime import date

from sillok.kis.calls import check_symbol, day_text
from sillok.kis.families.family import Family, gives
from sillok.kis.paging import back_pages, chart_bars
from sillok.kis.rows import Record, reader
from sillok.kis.schema import SHORT_SALES

__all__ = ["Investors"]


class Investors(Family):
    """Investors by class; net purchases alone are ``client.investor_days``."""

    @gives("investors")
    async def recent(self, symbol: str) -> list[Record]:
        """Return the newest 30 sessions, oldest first; today's row is blank (None) until 18:00."""
        check_symbol(symbol)
        return (await self._calls.rows("investors", symbol=symbol))[::-1]

    @gives("investors_daily", "output2")
    async def days(self, symbol: str, start: date, end: date) -> list[Record]:
        """Return the days of ``[start, end)`` by thirteen classes of investors, oldest first. Not on the paper host."""
        check_symbol(symbol)

        async def ask(last: date) -> list[Record]:
            return await self._calls.rows("investors_daily", symbol=symbol, end=day_text(last))

        return await back_pages(ask, start, end, f"the investors of {symbol}")

    @gives("short_sales", "output2")
    async def short_sales(self, symbol: str, start: date, end: date) -> list[Record]:
        """Return the short sales of ``[start, end)``, oldest first. Not on the paper host."""
        check_symbol(symbol)
        endpoint, take = self._calls.endpoint("short_sales"), reader("short_sales", "output2")
        return await chart_bars(
            self._calls.transport,
            endpoint,
            {"symbol": symbol},
            start,
            end,
            parse=lambda rows: take.rows({SHORT_SALES.rows.key: list(rows)}),
            full=1,
        )
