"""The Korea Securities Depository's calendar, every field; as one record for all kinds: client.corporate_actions."""

from __future__ import annotations

from datetime import date

from sillok.kis.actions import ksd_rows
from sillok.kis.families.family import Family, gives
from sillok.kis.rows import Record

__all__ = ["Events"]


class Events(Family):
    """Events with a record date in ``[start, end)``, oldest first, of all issues or of one. Not on the paper host.

    An answer is cut at 100 rows, so that full ones are asked again in halves; a single full day raises FullDayError.
    """

    async def _rows(self, name: str, start: date, end: date, symbol: str) -> list[Record]:
        return await ksd_rows(self._calls, name, start, end, symbol)

    @gives("dividends")
    async def dividends(self, start: date, end: date, symbol: str = "") -> list[Record]:
        """Return dividends in cash and stock."""
        return await self._rows("dividends", start, end, symbol)

    @gives("bonus_issues")
    async def bonus_issues(self, start: date, end: date, symbol: str = "") -> list[Record]:
        """Return bonus issues."""
        return await self._rows("bonus_issues", start, end, symbol)

    @gives("rights_issues")
    async def rights_issues(self, start: date, end: date, symbol: str = "") -> list[Record]:
        """Return rights issues."""
        return await self._rows("rights_issues", start, end, symbol)

    @gives("splits")
    async def splits(self, start: date, end: date, symbol: str = "") -> list[Record]:
        """Return splits and reverse splits, as changes of the par value."""
        return await self._rows("splits", start, end, symbol)

    @gives("mergers")
    async def mergers(self, start: date, end: date, symbol: str = "") -> list[Record]:
        """Return mergers and splits of companies."""
        return await self._rows("mergers", start, end, symbol)

    @gives("capital_reductions")
    async def capital_reductions(self, start: date, end: date, symbol: str = "") -> list[Record]:
        """Return capital reductions."""
        return await self._rows("capital_reductions", start, end, symbol)

    @gives("listings")
    async def listings(self, start: date, end: date, symbol: str = "") -> list[Record]:
        """Return listings of shares, new and additional, by their listing day."""
        return await self._rows("listings", start, end, symbol)

    @gives("meetings")
    async def meetings(self, start: date, end: date, symbol: str = "") -> list[Record]:
        """Return shareholders' meetings."""
        return await self._rows("meetings", start, end, symbol)
