"""Two ways to page: charts by moving the end date back, lists by the key that the last page gave."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Protocol, TypeVar

from sillok.errors import DataError, FatalVendorError
from sillok.kis.schema import Endpoint
from sillok.kis.transport import Transport

__all__ = ["chart_bars", "key_pages", "rows_of"]

_DAY = timedelta(days=1)


class _Dated(Protocol):
    @property
    def date(self) -> date: ...


_Bar = TypeVar("_Bar", bound=_Dated)


async def chart_bars(
    transport: Transport,
    endpoint: Endpoint,
    query: Mapping[str, str],
    start: date,
    end: date,
    *,
    parse: Callable[[Sequence[Any]], list[_Bar]],
) -> list[_Bar]:
    """Return the bars of ``[start, end)``, oldest first, from pages that come newest first.

    Raises
    ------
    DataError
        If the dates are reversed.
    FatalVendorError
        If a page holds days outside its span, twice, or in another order: so the paging always ends.
    """
    if end < start:
        raise DataError(f"dates are reversed: start {start} is after end {end}", start=start, end=end)
    kept: list[_Bar] = []
    last = end - _DAY
    while start <= last:
        span = {"start": f"{start:%Y%m%d}", "end": f"{last:%Y%m%d}"}
        body, _ = await transport.get(endpoint, endpoint.query(**query, **span))
        bars = parse(rows_of(body, endpoint))
        days = [bar.date for bar in bars]
        if days and not (start <= days[-1] and days[0] <= last and days == sorted(set(days), reverse=True)):
            raise FatalVendorError(
                f"KIS answered the days {days[0]} ... {days[-1]} of {query['symbol']} for {start} to {last}, newest"
                " first each once; this page cannot be trusted",
                symbol=query["symbol"],
            )
        kept += bars
        # A page that is not full, or was filled up with empty rows (before the listing), is the last one.
        if len(bars) < endpoint.page_rows:
            break
        last = days[-1] - _DAY
    kept.reverse()
    return kept


async def key_pages(
    transport: Transport, endpoint: Endpoint, query: Mapping[str, str]
) -> AsyncIterator[dict[str, Any]]:
    """Yield the bodies of all pages; a page key that comes again raises FatalVendorError."""
    if endpoint.context is None:
        raise ValueError(f"{endpoint.path} does not page by key")
    context = dict.fromkeys(endpoint.context, "")
    seen: set[str] = set()
    while True:
        body, paging = await transport.get(endpoint, endpoint.query(**query) | context, next_page=bool(seen))
        yield body
        if paging not in {"F", "M"}:
            return
        context = {name: str(body.get(name.lower(), "")) for name in endpoint.context}
        key = context[endpoint.context[1]].strip()
        if not key or key in seen:
            raise FatalVendorError(f"{endpoint.path}: the page key {key!r} came twice, paging would not end")
        seen.add(key)


def rows_of(body: Mapping[str, Any], endpoint: Endpoint) -> list[Any]:
    """Return the rows of an answer; the vendor leaves an empty block out."""
    rows = body.get(endpoint.rows.key) or []
    if not isinstance(rows, list):
        raise FatalVendorError(f"{endpoint.path}: KIS answered {type(rows).__name__} where a list belongs")
    return rows
