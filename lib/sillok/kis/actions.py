"""Corporate actions of the Korea Securities Depository, each kind's answer as one record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sillok.errors import ConfigError, FatalVendorError
from sillok.kis.calls import Calls, check_symbol, day_text
from sillok.kis.paging import halved
from sillok.kis.records import CorporateAction
from sillok.kis.rows import Record, reader

__all__ = ["ACTION_KINDS", "corporate_actions", "ksd_rows"]


def _note(*words: str) -> str:
    return ", ".join(word for word in words if word)


def _dividend(row: Record) -> CorporateAction:
    return CorporateAction(
        row.symbol,
        "dividend",
        row.record_date,
        row.name,
        pay_date=row.pay_date,
        ratio_pct=row.stock_pct,
        cash_krw=row.cash_krw,
        note=_note(row.dividend_kind, row.share_kind),
    )


def _bonus(row: Record) -> CorporateAction:
    return CorporateAction(
        row.symbol,
        "bonus",
        row.record_date,
        row.name,
        ex_date=row.ex_date,
        list_date=row.list_date,
        ratio_pct=row.ratio_pct,
        shares=row.shares,
        note=row.share_kind,
    )


def _rights(row: Record) -> CorporateAction:
    return CorporateAction(
        row.symbol,
        "rights",
        row.record_date,
        row.name,
        ex_date=row.ex_date,
        list_date=row.list_date,
        ratio_pct=row.ratio_pct,
        shares=row.shares,
        price_krw=row.price_krw,
        note=row.share_kind,
    )


def _halt(row: Record) -> tuple[date | None, date | None]:
    return (row.halt.start, row.halt.end) if row.halt else (None, None)


def _split(row: Record) -> CorporateAction:
    halt_from, halt_to = _halt(row)
    return CorporateAction(
        row.symbol,
        "split",
        row.record_date,
        row.name,
        list_date=row.list_date,
        halt_from=halt_from,
        halt_to=halt_to,
        par_before=row.par_before,
        par_after=row.par_after,
    )


def _merger(row: Record) -> CorporateAction:
    halt_from, halt_to = _halt(row)
    return CorporateAction(
        row.symbol,
        "merger",
        row.record_date,
        row.name,
        list_date=row.list_date,
        halt_from=halt_from,
        halt_to=halt_to,
        ratio_pct=row.ratio_pct,
        shares=row.shares,
        note=_note(row.reason, row.merged_name),
    )


def _reduction(row: Record) -> CorporateAction:
    halt_from, halt_to = _halt(row)
    return CorporateAction(
        row.symbol,
        "capital_reduction",
        row.record_date,
        row.name,
        list_date=row.list_date,
        halt_from=halt_from,
        halt_to=halt_to,
        ratio_pct=row.ratio_pct,
        note=_note(row.reduction_type, row.method, row.share_kind),
    )


def _listing(row: Record) -> CorporateAction:
    return CorporateAction(
        row.symbol,
        "listing",
        row.list_date,
        row.name,
        list_date=row.list_date,
        shares=row.shares,
        price_krw=row.price_krw,
        note=_note(row.reason, row.share_kind),
    )


# Kind to the name of its call, and to what makes a record of its rows.
ACTION_KINDS: dict[str, tuple[str, Callable[[Record], CorporateAction]]] = {
    "dividend": ("dividends", _dividend),
    "bonus": ("bonus_issues", _bonus),
    "rights": ("rights_issues", _rights),
    "split": ("splits", _split),
    "merger": ("mergers", _merger),
    "capital_reduction": ("capital_reductions", _reduction),
    "listing": ("listings", _listing),
}


async def ksd_rows(calls: Calls, name: str, start: date, end: date, symbol: str = "") -> list[Record]:
    """Return the rows of a depository's call in ``[start, end)``, oldest first, whatever their number.

    The vendor cuts an answer at about 100 rows without saying so, so that a full one is asked again in halves.

    Raises
    ------
    FullDayError
        If one day alone is full: ask for that day issue by issue.
    FatalVendorError
        If a row has no date, or one outside the window that was asked for.
    """
    if symbol:
        check_symbol(symbol)
    endpoint = calls.endpoint(name)
    take = reader(name)
    when = "list_date" if name == "listings" else "record_date"

    async def ask(first: date, last: date) -> tuple[list[Record], bool]:
        query = endpoint.query(symbol=symbol, start=day_text(first), end=day_text(last))
        body, paging = await calls.transport.get(endpoint, query)
        rows = take.rows(body)
        for row in rows:
            day = getattr(row, when)
            if day is None or not row.symbol or not first <= day <= last:
                raise FatalVendorError(
                    f"{endpoint.path}: KIS answered {row.symbol!r} on {day} where {first} to {last} was asked for"
                )
        return rows, len(rows) >= endpoint.page_rows or paging in {"F", "M"}

    found = await halved(ask, start, end, name.replace("_", " "))
    return sorted(found, key=lambda row: (getattr(row, when), row.symbol))


async def corporate_actions(
    calls: Calls, kind: str, start: date, end: date, symbol: str
) -> list[CorporateAction]:
    """Return the actions of one kind."""
    if kind not in ACTION_KINDS:
        raise ConfigError(f"unknown kind of corporate action {kind!r}; ask for one of {sorted(ACTION_KINDS)}")
    name, make = ACTION_KINDS[kind]
    return [make(row) for row in await ksd_rows(calls, name, start, end, symbol)]
