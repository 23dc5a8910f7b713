"""Ways to page: charts by moving the end back, lists by the key that the last page gave, windows by halving."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import date, timedelta
from operator import gt
from typing import Any, Protocol, TypeVar

from sillok.errors import DataError, FatalVendorError
from sillok.kis.rows import rows_of
from sillok.kis.schema import Endpoint
from sillok.kis.transport import Transport

__all__ = ["FullDayError", "back_pages", "chart_bars", "check_dates", "halved", "key_pages"]

_DAY = timedelta(days=1)


class _Dated(Protocol):
    @property
    def date(self) -> date: ...


_Bar = TypeVar("_Bar", bound=_Dated)
_Row = TypeVar("_Row")


class FullDayError(FatalVendorError):
    """One day alone fills the vendor's answer, so that rows may be missing: ask for that day issue by issue."""


def check_dates(start: date, end: date) -> None:
    """Raise DataError if the dates are reversed."""
    if end < start:
        raise DataError(f"dates are reversed: start {start} is after end {end}", start=start, end=end)


async def chart_bars(
    transport: Transport,
    endpoint: Endpoint,
    query: Mapping[str, str],
    start: date,
    end: date,
    *,
    parse: Callable[[Sequence[Any]], list[_Bar]],
    full: int | None = None,
    about: str = "",
) -> list[_Bar]:
    """Return the bars of ``[start, end)``, oldest first, from pages that come newest first.

    Parameters
    ----------
    about
        The field of the answer's head, by our name, that says whose bars they are; empty: none does.
    full
        How many rows a page has that is not the last one, if that is not ``page_rows``; 1 where the vendor does not
        say: then an empty page is the last.

    Raises
    ------
    DataError
        If the dates are reversed.
    FatalVendorError
        If a page holds days outside its span, twice, or in another order: so the paging always ends. If it says that
        it is about something else.
    """
    check_dates(start, end)
    kept: list[_Bar] = []
    last = end - _DAY
    while start <= last:
        span = {"start": f"{start:%Y%m%d}", "end": f"{last:%Y%m%d}"}
        body, _ = await transport.get(endpoint, endpoint.query(**query, **span))
        if about:
            _refuse_other(body, endpoint, about, query["symbol"])
        bars = parse(rows_of(body, endpoint))
        days = [bar.date for bar in bars]
        if days and not (start <= days[-1] and days[0] <= last and all(map(gt, days, days[1:]))):
            raise FatalVendorError(
                f"KIS answered the days {days[0]} ... {days[-1]} of {query['symbol']} for {start} to {last}, newest"
                " first each once; this page cannot be trusted",
                symbol=query["symbol"],
            )
        kept += bars
        # A page that is not full, or was filled up with empty rows (before the listing), is the last one.
        if len(bars) < (full or endpoint.page_rows):
            break
        last = days[-1] - _DAY
    kept.reverse()
    return kept


def _refuse_other(body: Mapping[str, Any], endpoint: Endpoint, about: str, asked: str) -> None:
    head = body.get(endpoint.head.key)
    told = head.get(endpoint.head.vendor_names[about]) if isinstance(head, dict) else None
    # Blank for an issue that KIS does not know; a letter before the six digits of a note may come or not.
    if isinstance(told, str) and told.strip(" ") and not told.strip(" ").endswith(asked[-6:]):
        raise FatalVendorError(
            f"{endpoint.path}: asked for {asked}, KIS answered about {told[:20]!r}; nothing of it is kept",
            symbol=asked,
        )


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
            raise FatalVendorError(
                f"{endpoint.path}: the key of the next page is blank or came twice, paging would not end"
            )
        seen.add(key)


async def back_pages(
    ask: Callable[[date], Awaitable[list[_Bar]]], start: date, end: date, what: str, *, full: int = 1
) -> list[_Bar]:
    """Return the rows of ``[start, end)``, oldest first, of a call that only takes a last day.

    Parameters
    ----------
    ask
        Returns the rows up to and with a day, newest first.
    full
        How many rows a page has that is not the last one; 1 where that is not known: then the last page is empty.

    Raises
    ------
    FatalVendorError
        If a page holds days after the day that it was asked for, or in another order: so the paging always ends.
    """
    check_dates(start, end)
    kept: list[_Bar] = []
    last = end - _DAY
    while start <= last:
        page = await ask(last)
        days = [row.date for row in page]
        if days and not (days[0] <= last and all(map(gt, days, days[1:]))):
            raise FatalVendorError(
                f"KIS answered the days {days[0]} ... {days[-1]} of {what} up to {last}, newest first each once;"
                " this page cannot be trusted"
            )
        kept += [row for row in page if row.date >= start]
        if len(page) < full or days[-1] <= start:
            break
        last = days[-1] - _DAY
    kept.reverse()
    return kept


async def halved(
    ask: Callable[[date, date], Awaitable[tuple[list[_Row], bool]]], start: date, end: date, what: str
) -> list[_Row]:
    """Return the rows of ``[start, end)`` of a call that cuts long answers without saying so.

    ``ask`` takes first and last day, both inside, and returns the rows and whether the answer is full; a full one
    may have been cut and is asked again in halves.

    Raises
    ------
    FullDayError
        If a single day is full: its rest cannot be had in this way.
    """
    check_dates(start, end)
    kept: list[_Row] = []
    windows = [(start, end - _DAY)] if start < end else []
    while windows:
        first, last = windows.pop()
        rows, is_full = await ask(first, last)
        if not is_full:
            kept += rows
        elif first == last:
            raise FullDayError(
                f"KIS has {len(rows)} {what} on {first} and cuts its answers there: ask for that day issue by issue",
                day=first,
            )
        else:
            middle = first + (last - first) // 2
            windows += [(middle + _DAY, last), (first, middle)]
    return kept
