"""What the account's orders became: recent days and the archive are two calls of the vendor's."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

from sillok.errors import FatalVendorError
from sillok.kis.calls import Calls, day_text
from sillok.kis.paging import check_dates
from sillok.kis.records import Execution
from sillok.kis.rows import Record, reader
from sillok.kis.schema import EXECUTIONS, Endpoint

__all__ = ["executions", "three_months_before"]

_SIDES = {"01": "sell", "02": "buy"}
_FIELDS = (
    "date",
    "order_no",
    "symbol",
    "side",
    "order_qty",
    "filled_qty",
    "average_price",
    "amount_krw",
    "time",
)


def three_months_before(day: date) -> date:
    """Return the first day that the vendor's recent call still has on ``day``."""
    year, month = (day.year, day.month - 3) if day.month > 3 else (day.year - 1, day.month + 9)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _spans(start: date, end: date, today: date) -> Iterator[tuple[Endpoint, date, date]]:
    border = three_months_before(today)
    if start < border and EXECUTIONS.archive is not None:
        real, paper = EXECUTIONS.archive
        yield replace(EXECUTIONS, tr_id=real, tr_id_paper=paper), start, min(end, border)
    if end > border:
        yield EXECUTIONS, max(start, border), end


async def executions(calls: Calls, start: date, end: date, today: date) -> list[Execution]:
    """Return the filled orders of ``[start, end)``, oldest first."""
    check_dates(start, end)
    account = calls.account()
    take = reader("executions", "output1", _FIELDS)
    found = []
    if start == end:
        return []
    for endpoint, first, stop in _spans(start, end, today):
        last = date.fromordinal(stop.toordinal() - 1)
        span = {"start": day_text(first), "end": day_text(last)}
        async for body in calls.pages(endpoint, **account, **span):
            found += [_execution(row, first, last) for row in take.rows(body) if row.filled_qty]
    return sorted(found, key=lambda one: (one.ordered_at, one.order_no))


def _execution(row: Record, first: date, last: date) -> Execution:
    if row.side not in _SIDES or not first <= row.date <= last or not 0 < row.filled_qty <= row.order_qty:
        # Orders are the desk's own: the message does not show them.
        raise FatalVendorError(
            f"{EXECUTIONS.path}: KIS answered an order outside the days asked for, neither bought nor sold, or filled"
            " beyond its size; it cannot be trusted"
        )
    return Execution(
        row.date,
        row.order_no,
        row.symbol,
        _SIDES[row.side],
        row.order_qty,
        row.filled_qty,
        row.average_price,
        row.amount_krw,
        datetime.combine(row.date, row.time),
    )
