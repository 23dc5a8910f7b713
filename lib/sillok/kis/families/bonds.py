"""Bonds that are traded on the exchange, and interest rates."""

from __future__ import annotations

import re

from sillok.errors import ConfigError
from sillok.kis.families.family import Family, WithHead, gives
from sillok.kis.rows import Record

__all__ = ["Bonds"]


def _check(isin: str) -> None:
    if not re.fullmatch(r"[A-Z]{2}[0-9A-Z]{10}", isin):
        raise ConfigError(f"a bond is asked for by its ISIN of 12 characters, got {isin!r}", isin=isin)


class Bonds(Family):
    """Bonds of the exchange, by ISIN: price and yield; and interest rates. Not on the paper host."""

    @gives("bond")
    async def info(self, isin: str) -> Record:
        """Return what a bond is: days, coupon, redemption, marks."""
        _check(isin)
        return await self._calls.one("bond", f"the bond {isin!r}", symbol=isin)

    @gives("bond_price")
    async def price(self, isin: str) -> Record:
        """Return price and yield of a bond now."""
        _check(isin)
        return await self._calls.one("bond_price", f"the bond {isin!r}", symbol=isin)

    @gives("bond_daily")
    async def days(self, isin: str) -> list[Record]:
        """Return the newest days of a bond, oldest first."""
        _check(isin)
        return (await self._calls.rows("bond_daily", symbol=isin))[::-1]

    @gives("interest_rates", "output1", "output2")
    async def interest_rates(self) -> WithHead:
        """Return interest rates at home and abroad, per cent."""
        return await self._calls.with_head("interest_rates")
