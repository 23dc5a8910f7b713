"""The account in all detail. Everything here reads; nothing can order."""

from __future__ import annotations

from datetime import date, timedelta

from sillok.kis.calls import day_text
from sillok.kis.families.family import Family, WithHead, gives
from sillok.kis.rows import Record

__all__ = ["Account"]


def _span(start: date, end: date) -> dict[str, str]:
    return {"start": day_text(start), "end": day_text(end - timedelta(days=1))}


class Account(Family):
    """The account at home and abroad; ConfigError without an account number. ``end`` is exclusive.

    What it holds and its filled orders are ``client.balance`` and ``client.executions``.
    """

    @gives("balance", "output2", "output1")
    async def holdings(self) -> WithHead:
        """Return every field of the holdings, also of those sold out until D+2, under the account's sums."""
        return await self._calls.with_head("balance", **self._calls.account())

    @gives("realised_today", "output2", "output1")
    async def realised_today(self) -> WithHead:
        """Return the holdings with what was realised today. Not on the paper host."""
        return await self._calls.with_head("realised_today", **self._calls.account())

    @gives("assets", "output2", "output1")
    async def assets(self) -> WithHead:
        """Return the assets by class, under their sums. Not on the paper host."""
        return await self._calls.with_head("assets", **self._calls.account())

    @gives("executions", "output2", "output1")
    async def orders(self, start: date, end: date) -> WithHead:
        """Return every order of ``[start, end)``, filled or not, under their sums; within the last three months."""
        return await self._calls.with_head("executions", **self._calls.account(), **_span(start, end))

    @gives("period_profit", "output2", "output1")
    async def profit_by_day(self, start: date, end: date) -> WithHead:
        """Return what was realised day by day, under the sums. Not on the paper host."""
        return await self._calls.with_head("period_profit", **self._calls.account(), **_span(start, end))

    @gives("trade_profit", "output2", "output1")
    async def profit_by_trade(self, start: date, end: date) -> WithHead:
        """Return what was realised trade by trade, under the sums. Not on the paper host."""
        return await self._calls.with_head("trade_profit", **self._calls.account(), **_span(start, end))

    @gives("account_rights")
    async def rights(self, start: date, end: date) -> list[Record]:
        """Return the account's rights with a record date in ``[start, end)``. Not on the paper host."""
        return await self._calls.all_rows("account_rights", **self._calls.account(), **_span(start, end))

    # ---- abroad
    @gives("overseas_balance", "output2", "output1")
    async def overseas_balance(self, exchange: str = "NASD", currency: str = "USD") -> WithHead:
        """Return the holdings abroad on one exchange, under their sums.

        ``exchange`` is NASD (at the real host: all of the US), NYSE, AMEX, SEHK, SHAA, SZAA, TKSE, HASE or VNSE.
        """
        return await self._calls.with_head(
            "overseas_balance", **self._calls.account(), exchange=exchange, currency=currency
        )

    @gives("present_balance", "output1", "output2", "output3")
    async def overseas_present(self) -> tuple[list[Record], list[Record], Record]:
        """Return holdings abroad as traded, cash by currency with its rate to KRW, and the sums."""
        return await self._calls.blocks("present_balance", **self._calls.account())

    @gives("overseas_executions")
    async def overseas_orders(self, start: date, end: date) -> list[Record]:
        """Return the orders abroad of ``[start, end)``."""
        return await self._calls.all_rows("overseas_executions", **self._calls.account(), **_span(start, end))

    @gives("overseas_profit", "output2", "output1")
    async def overseas_profit(self, start: date, end: date) -> WithHead:
        """Return what was realised abroad, under the sums. Not on the paper host."""
        return await self._calls.with_head("overseas_profit", **self._calls.account(), **_span(start, end))

    @gives("overseas_transactions", "output2", "output1")
    async def overseas_transactions(self, start: date, end: date) -> WithHead:
        """Return every transaction abroad, under the sums. Not on the paper host."""
        return await self._calls.with_head(
            "overseas_transactions", **self._calls.account(), **_span(start, end)
        )

    @gives("foreign_margin")
    async def foreign_margin(self) -> list[Record]:
        """Return cash, margin and rate to KRW by currency. Not on the paper host."""
        return await self._calls.rows("foreign_margin", **self._calls.account())
