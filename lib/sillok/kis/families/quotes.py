"""Quotes of domestic issues: prices, the order book, trades, rankings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time

from sillok.errors import ConfigError, MissingDataError
from sillok.kis.calls import check_symbol
from sillok.kis.families.family import Family, WithHead, gives
from sillok.kis.rows import Record

__all__ = ["Quotes"]

_AT_ONCE = 30
_RANKS = {"volume": "0", "volume_growth": "1", "turnover": "2", "amount": "3", "amount_turnover": "4"}


class Quotes(Family):
    """Quotes of domestic issues on KRX."""

    @gives("price")
    async def price(self, symbol: str) -> Record:
        """Return all that KIS says of the current price of an issue; MissingDataError for an unknown one."""
        check_symbol(symbol)
        found = await self._calls.one("price", f"the price of {symbol!r}", symbol=symbol)
        if not found.price:
            raise MissingDataError(
                f"KIS knows no issue {symbol!r}; look it up in the master file", symbol=symbol
            )
        return found

    @gives("price_more")
    async def price_more(self, symbol: str) -> Record:
        """Return the second set of fields of the current price. Not on the paper host."""
        check_symbol(symbol)
        return await self._calls.one("price_more", f"the price of {symbol!r}", symbol=symbol)

    @gives("prices")
    async def prices(self, symbols: Sequence[str]) -> list[Record]:
        """Return the current prices of many issues, 30 a call, in the order of ``symbols``. Not on the paper host."""
        for symbol in symbols:
            check_symbol(symbol)
        found: list[Record] = []
        for at in range(0, len(symbols), _AT_ONCE):
            some = symbols[at : at + _AT_ONCE]
            query = {f"symbol_{place}": symbol for place, symbol in enumerate(some, 1)}
            found += [row for row in await self._calls.rows("prices", **query) if row.symbol]
        return found

    @gives("order_book", "output1", "output2")
    async def order_book(self, symbol: str) -> tuple[Record, Record]:
        """Return the ten best asks and bids of an issue, and what a call auction would give now."""
        check_symbol(symbol)
        book, expected = await self._calls.one(
            "order_book", f"the order book of {symbol!r}", "output1", "output2", symbol=symbol
        )
        return book, expected

    @gives("latest_trades")
    async def latest_trades(self, symbol: str) -> list[Record]:
        """Return the latest 30 trades of an issue, newest first."""
        check_symbol(symbol)
        return await self._calls.rows("latest_trades", symbol=symbol)

    @gives("trades", "output1", "output2")
    async def trades(self, symbol: str, until: time = time(15, 30)) -> WithHead:
        """Return 30 trades of today up to ``until`` (KST), newest first, under the current price."""
        check_symbol(symbol)
        return await self._calls.with_head("trades", symbol=symbol, until=f"{until:%H%M%S}")

    @gives("daily_prices")
    async def daily_prices(self, symbol: str, adjusted: bool = True) -> list[Record]:
        """Return the newest 30 sessions of an issue, oldest first, with what foreigners bought net.

        The vendor's flag of adjusted prices means the opposite here of what it means in its chart; ours does not.
        """
        check_symbol(symbol)
        rows = await self._calls.rows("daily_prices", symbol=symbol, adjusted="1" if adjusted else "0")
        return rows[::-1]

    @gives("volume_rank")
    async def volume_rank(self, by: str = "volume") -> list[Record]:
        """Return the first 30 issues of the day, ranked. Not on the paper host.

        Parameters
        ----------
        by
            volume, volume_growth, turnover, amount or amount_turnover.
        """
        if by not in _RANKS:
            raise ConfigError(f"unknown ranking {by!r}; ask for one of {sorted(_RANKS)}")
        return await self._calls.rows("volume_rank", by=_RANKS[by])
