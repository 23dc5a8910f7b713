"""Markets abroad: prices, bars, products, rights, settlement days."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sillok.errors import ConfigError, FatalVendorError
from sillok.kis.calls import day_text
from sillok.kis.families.family import Family, gives
from sillok.kis.history import check_abroad
from sillok.kis.paging import back_pages, chart_bars
from sillok.kis.rows import Record, reader
from sillok.kis.schema import OVERSEAS_DAILY, OVERSEAS_MINUTES

__all__ = ["Overseas"]

_PRODUCTS = {
    "NAS": "512", "NYS": "513", "AMS": "529", "TSE": "515", "HKS": "501", "HNX": "507", "HSX": "508", "SHS": "551",
    "SZS": "552",
}  # fmt: skip
_CHARTS = {"index": "N", "rate": "X", "treasury": "I", "gold": "S"}


class Overseas(Family):
    """Markets abroad; ``market`` is NAS, NYS, AMS, HKS, TSE, SHS, SZS, HSX or HNX. Plain bars: client.overseas_bars."""

    @gives("overseas_price")
    async def price(self, market: str, symbol: str) -> Record:
        """Return the last price of an issue, in the market's currency; ``change`` has its sign."""
        check_abroad(market, symbol)
        return await self._calls.one("overseas_price", f"{symbol} on {market}", market=market, symbol=symbol)

    @gives("overseas_detail")
    async def detail(self, market: str, symbol: str) -> Record:
        """Return price, KRW price, ratios and marks of an issue. Not on the paper host."""
        check_abroad(market, symbol)
        return await self._calls.one("overseas_detail", f"{symbol} on {market}", market=market, symbol=symbol)

    @gives("overseas_daily", "output2")
    async def days(
        self, market: str, symbol: str, start: date, end: date, adjusted: bool = True
    ) -> list[Record]:
        """Return the days of ``[start, end)``, oldest first, with the last bid and ask; days are the market's own."""
        check_abroad(market, symbol)
        modp = "1" if adjusted else "0"

        async def ask(last: date) -> list[Record]:
            return await self._calls.rows(
                "overseas_daily", "output2", market=market, symbol=symbol, end=day_text(last), adjusted=modp
            )

        return await back_pages(ask, start, end, f"{symbol} on {market}", full=OVERSEAS_DAILY.page_rows)

    @gives("overseas_chart", "output2")
    async def chart(self, kind: str, code: str, start: date, end: date) -> list[Record]:
        """Return the days of an index, rate, treasury or gold in ``[start, end)``, oldest first.

        Parameters
        ----------
        kind
            index, rate, treasury or gold.
        code
            The vendor's own, e.g. ".DJI", "COMP", "SPX", "FX@KRW".
        """
        if kind not in _CHARTS:
            raise ConfigError(f"unknown kind of chart {kind!r}; ask for one of {sorted(_CHARTS)}")
        endpoint, take = self._calls.endpoint("overseas_chart"), reader("overseas_chart", "output2")
        return await chart_bars(
            self._calls.transport,
            endpoint,
            {"kind": _CHARTS[kind], "symbol": code},
            start,
            end,
            parse=lambda rows: take.rows({endpoint.rows.key: list(rows)}),
            full=1,
        )

    @gives("overseas_minutes", "output2")
    async def minutes(self, market: str, symbol: str, *, minutes: int = 1, pages: int = 1) -> list[Record]:
        """Return the newest bars of ``minutes`` each, oldest first, 120 a page. Not on the paper host."""
        check_abroad(market, symbol)
        kept: list[Record] = []
        query = {"past": "1", "next": "", "before": ""}
        for _ in range(pages):
            rows = await self._calls.rows(
                "overseas_minutes", "output2", market=market, symbol=symbol, minutes=str(minutes), **query
            )
            times = [datetime.combine(row.date, row.time) for row in [*kept[-1:], *rows]]
            if times != sorted(set(times), reverse=True):
                raise FatalVendorError(f"KIS answered the minutes of {symbol} twice or in disorder")
            kept += rows
            if len(rows) < OVERSEAS_MINUTES.page_rows:
                break
            before = times[-1] - timedelta(minutes=minutes)
            query = {"past": "1", "next": "1", "before": f"{before:%Y%m%d%H%M%S}"}
        return kept[::-1]

    @gives("overseas_product")
    async def product(self, market: str, symbol: str) -> Record:
        """Return what an issue is: names, listing, lot, marks. Not on the paper host."""
        check_abroad(market, symbol)
        if market not in _PRODUCTS:
            raise ConfigError(f"no product type is known for {market!r}; ask for one of {sorted(_PRODUCTS)}")
        return await self._calls.one(
            "overseas_product", f"{symbol} on {market}", symbol=symbol, product_type=_PRODUCTS[market]
        )

    @gives("overseas_rights")
    async def rights(self, start: date, end: date, symbol: str = "") -> list[Record]:
        """Return rights abroad with a local record date in ``[start, end)``. Not on the paper host."""
        span = {"start": day_text(start), "end": day_text(end - timedelta(days=1))}
        return await self._calls.all_rows("overseas_rights", symbol=symbol, **span)

    @gives("overseas_settlements")
    async def settlements(self, day: date) -> list[Record]:
        """Return when trades of ``day`` settle, by market. Not on the paper host."""
        return await self._calls.all_rows("overseas_settlements", day=day_text(day))
