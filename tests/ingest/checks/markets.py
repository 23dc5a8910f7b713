"""Markets to check: the sandbox's synthetic one in a store, and bars put together by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from sillok import clock
from sillok.clock import KST
from sillok.ingest.checks.bars import Bars, make_bars
from sillok.ingest.checks.facts import Facts
from sillok.ingest.checks.rules import as_number
from sillok.sandbox.world.market import Bars as SandboxBars
from sillok.store import Store, tables
from tests.sandboxes import TODAY, reference_market

NOW = datetime(2026, 6, 30, 18, 30, tzinfo=KST)
START = date(2025, 9, 1)  # the days from here to 2026-06-30 hold a split, a listing and a delisting
NO_BARS = make_bars(
    pa.table({n: [] for n in ("symbol", "date", "open", "high", "low", "close", "volume")}).cast(
        pa.schema(
            [
                ("symbol", pa.string()),
                ("date", pa.date32()),
                *((n, pa.int64()) for n in ("open", "high", "low", "close", "volume")),
            ]
        )
    )
)


def sessions(count: int, last: date = TODAY) -> list[date]:
    """Return the last ``count`` sessions up to ``last``."""
    return clock.sessions(last - timedelta(days=2 * count + 20), last + timedelta(days=1))[-count:]


def bars_of(*rows: tuple[Any, ...], days: Sequence[date] | None = None) -> Bars:
    """Return bars of rows (symbol, open, high, low, close, volume), session after session for each symbol."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row[0]] = counts.get(row[0], 0) + 1
    days = days or sessions(max(counts.values()))
    place: dict[str, int] = {}
    dated = []
    for symbol, *values in rows:
        at = place.get(symbol, 0)
        place[symbol] = at + 1
        dated.append((symbol, days[at], *values))
    names = ("symbol", "date", "open", "high", "low", "close", "volume")
    return make_bars(pa.table(dict(zip(names, map(list, zip(*dated, strict=True)), strict=True))))


def flat(symbol: str, closes: Iterable[int], volume: int = 1_000) -> list[tuple[Any, ...]]:
    """Return rows whose four prices are the close; a close below 0 is a halted day that carries it on."""
    return [
        (symbol, 0, 0, 0, -close, 0) if close < 0 else (symbol, close, close, close, close, volume)
        for close in closes
    ]


def facts_of(bars: Bars | None = None, **values: Any) -> Facts:
    """Return facts whose sessions are the days of ``bars`` and whose last session is the last of them."""
    days = np.unique(bars.day) if bars is not None else np.array([as_number(day) for day in sessions(250)])
    return Facts(**({"through": int(days[-1]), "sessions": days} | values))


@cache
def _known(day: date) -> datetime:
    return clock.session_close(day)


def _day(number: int) -> date:
    return date(number // 10_000, number // 100 % 100, number % 100)


def _rows(bars: SandboxBars, first: int) -> list[tuple[Any, ...]]:
    fields = ("date", "open", "high", "low", "close", "volume", "amount_krw")
    columns = [getattr(bars, name) for name in fields]
    found = []
    for symbol, (low, high) in bars.offsets.items():
        begin = low + int(bars.date[low:high].searchsorted(first))
        for number, *values in zip(*(column[begin:high].tolist() for column in columns), strict=True):
            day = _day(number)
            found.append((symbol, day, *values, _known(day)))
    return found


def fill(store: Store, start: date = START) -> None:
    """Write the synthetic market into a store: adjusted and traded bars, indices, sessions, issues, the splits."""
    market = reference_market()
    assert market.raw is not None
    first = start.year * 10_000 + start.month * 100 + start.day
    days = [day for number in market.sessions.tolist() if (day := _day(number)) >= start]
    bar_names = ("symbol", "date", "open", "high", "low", "close", "volume", "amount_krw", "known_at")
    raw = [(*row[:-1], "00", None, "00", row[-1]) for row in _rows(market.raw, first)]
    raw_names = (*bar_names[:-1], "ex_code", "split_pct", "revaluation", "known_at")
    with store.begin() as conn:
        store.upsert_tuples(
            conn, tables.session, ("date", "known_at"), [(day, _known(day)) for day in days], now=NOW
        )
        store.upsert_tuples(conn, tables.daily_bar, bar_names, _rows(market.adjusted, first), now=NOW)
        store.upsert_tuples(conn, tables.raw_bar, raw_names, raw, now=NOW)
        store.upsert(conn, tables.index_bar, list(_index_rows(first)), now=NOW)
        store.upsert(conn, tables.issue, list(_issue_rows(start)), now=NOW)
        store.upsert(conn, tables.corporate_action, list(_split_rows(first)), now=NOW)
        store.upsert(conn, tables.investor_day, list(_investor_rows(days[-5:])), now=NOW)
        store.upsert(conn, tables.statement, list(_statement_rows()), now=NOW)
        store.upsert(conn, tables.rate_bar, list(_rate_rows(days)), now=NOW)
        store.upsert(conn, tables.overseas_bar, list(_overseas_rows(days)), now=NOW)


def _index_rows(first: int) -> Iterable[dict[str, Any]]:
    for code, series in reference_market().indices.items():
        for at, number in enumerate(series.date.tolist()):
            if number >= first:
                points = {
                    n: Decimal(int(getattr(series, n)[at])) / 100 for n in ("open", "high", "low", "close")
                }
                sums = {n: int(getattr(series, n)[at]) for n in ("volume", "amount_krw")}
                yield {"code": code, "date": _day(number), **points, **sums, "known_at": _known(_day(number))}


def _issue_rows(start: date) -> Iterable[dict[str, Any]]:
    names = (
        "symbol",
        "isin",
        "name",
        "market",
        "security_type",
        "industry",
        "listed_on",
        "delisted_on",
        "shares",
    )
    for one in reference_market().issues.values():
        if one.delisted_on is None or one.delisted_on > start:
            yield {name: getattr(one, name) for name in names} | {"known_at": _known(TODAY)}


def _split_rows(first: int) -> Iterable[dict[str, Any]]:
    market = reference_market()
    assert market.raw is not None
    empty = dict.fromkeys(
        ("ex_date", "pay_date", "halt_from", "ratio_pct", "cash_krw", "shares", "price_krw")
    )
    for symbol, (low, high) in market.raw.offsets.items():
        for at in range(low, high):
            percent = int(market.raw.split_pct[at])
            if percent and market.raw.date[at] >= first:
                day, before = _day(int(market.raw.date[at])), _day(int(market.raw.date[at - 1]))
                about = {
                    "symbol": symbol,
                    "kind": "split",
                    "record_date": before,
                    "number": 0,
                    "name": "",
                    "note": "",
                }
                dates = {"list_date": day, "halt_to": before}
                yield (
                    about
                    | empty
                    | dates
                    | {"par_before": 5_000, "par_after": 50 * percent, "known_at": _known(day)}
                )


def _investor_rows(days: Sequence[date]) -> Iterable[dict[str, Any]]:
    """Yield nets in which individuals buy what the two others sell, and a little of what nobody here sold."""
    market = reference_market()
    assert market.raw is not None
    for symbol, (low, high) in market.raw.offsets.items():
        for at in range(max(low, high - len(days)), high):
            day, volume, close = (
                _day(int(market.raw.date[at])),
                int(market.raw.volume[at]),
                int(market.raw.close[at]),
            )
            if day in days:
                net = {"individual": volume // 5, "foreign": -volume // 7, "institution": -volume // 17}
                counts = {f"{leg}_qty": n for leg, n in net.items()}
                amounts = {f"{leg}_krw": round(n * close, -6) for leg, n in net.items()}
                yield {"symbol": symbol, "date": day, **counts, **amounts, "known_at": _known(day)}


def _statement_rows() -> Iterable[dict[str, Any]]:
    """Yield yearly statements of the first fifty issues; sums and parts are rounded each by itself."""
    for at, symbol in enumerate(sorted(reference_market().issues)[:50]):
        hundred_million = 100_000_000
        parts = {
            "current_assets": 700 + at,
            "noncurrent_assets": 301,
            "current_liabilities": 200,
            "noncurrent_liabilities": 101,
        }
        sums = {"assets": 1_002 + at, "liabilities": 301, "equity": 701 + at, "capital": 50}
        income = {"sales": 900, "cost_of_sales": 600, "gross_profit": 301, "operating_profit": 90}
        later = {"pretax_profit": 80, "net_income": 60}
        amounts = {f"{name}_krw": n * hundred_million for name, n in (parts | sums | income | later).items()}
        ratios = ("sales_growth_pct", "operating_growth_pct", "net_growth_pct", "roe_pct", "eps_krw",
                  "sales_per_share_krw", "bps_krw", "reserve_pct", "debt_pct")  # fmt: skip
        about = {"symbol": symbol, "basis": "annual", "period": date(2025, 12, 31), "known_at": _known(TODAY)}
        yield about | amounts | dict.fromkeys(ratios)


def _rate_rows(days: Sequence[date]) -> Iterable[dict[str, Any]]:
    for at, day in enumerate(days):
        level = Decimal(1_350 + at % 7)
        prices = {"open": level, "high": level + 5, "low": level - 5, "close": level + 1}
        yield {"pair": "USDKRW", "date": day, **prices, "known_at": _known(day)}


def _overseas_rows(days: Sequence[date]) -> Iterable[dict[str, Any]]:
    for at, day in enumerate(days):
        level = Decimal(200 + at % 9)
        prices = {"open": level, "high": level + 2, "low": level - 2, "close": level + 1}
        about = {"market": "NAS", "symbol": "XFAKE", "date": day}
        yield about | prices | {"volume": 1_000, "amount": 200_000, "known_at": _known(day)}
