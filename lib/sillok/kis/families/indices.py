"""Indices of KRX: their level, and days with how many issues rose and fell."""

from __future__ import annotations

from datetime import date

from sillok.errors import ConfigError
from sillok.kis.calls import day_text
from sillok.kis.families.family import Family, gives
from sillok.kis.paging import back_pages
from sillok.kis.rows import Record
from sillok.kis.schema import INDEX_CODES, INDEX_DAILY

__all__ = ["Indices"]


def _code(code: str) -> str:
    if code not in INDEX_CODES:
        raise ConfigError(f"unknown index {code!r}; ask for one of {sorted(INDEX_CODES)}", code=code)
    return INDEX_CODES[code]


class Indices(Family):
    """Indices of KRX: KOSPI, KOSDAQ, KOSPI200. Not on the paper host; its charts are ``client.index_bars``."""

    @gives("index_price")
    async def price(self, code: str) -> Record:
        """Return the level of an index now, and how many issues rose and fell."""
        return await self._calls.one("index_price", f"the index {code!r}", symbol=_code(code))

    @gives("index_daily", "output2")
    async def days(self, code: str, start: date, end: date) -> list[Record]:
        """Return the days of an index in ``[start, end)``, oldest first, in pages of 100."""
        symbol = _code(code)

        async def ask(last: date) -> list[Record]:
            return await self._calls.rows("index_daily", symbol=symbol, end=day_text(last))

        return await back_pages(ask, start, end, f"the index {code}", full=INDEX_DAILY.page_rows)
