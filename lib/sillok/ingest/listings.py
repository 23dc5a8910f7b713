"""Issues of a load: what is listed now, and what was delisted within the span."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from sillok.errors import MissingDataError
from sillok.ingest.source import Delisted, MarketSource
from sillok.store import Store, Written
from sillok.store.tables import issue

__all__ = ["SHARES", "fetch_issues", "write_issues"]

MARKETS = ("KOSPI", "KOSDAQ")
# Master file groups that are shares or trade like them: stock, REIT, investment and ship company,
# infrastructure fund, depositary receipt, foreign stock. ETF, ETN, ELW and rights are others.
SHARES = frozenset({"ST", "RT", "MF", "SC", "IF", "DR", "FS"})

Issue = dict[str, Any]


def _read_known(store: Store, symbols: Collection[str]) -> dict[str, Issue]:
    names = [column for column in issue.c if column.name not in {"known_at", "recorded_at"}]
    with store.engine.connect() as conn:
        rows = conn.execute(select(*names)).mappings()
        return {row["symbol"]: dict(row) for row in rows if row["symbol"] in symbols}


async def fetch_issues(
    client: MarketSource,
    store: Store,
    delistings: Sequence[Delisted],
    *,
    start: date,
    through: date,
    security_types: Collection[str] = SHARES,
) -> list[Issue]:
    """Return the issues that have a day in the span, as rows of table ``issue`` without its times.

    A delisted issue that the store knows keeps all it knows and gains its last day; ISIN, industry and shares
    of others stay empty, since the exchange's list has none.

    Raises
    ------
    MissingDataError
        If the vendor lists no issue at all.
    """
    found: dict[str, Issue] = {}
    for market in MARKETS:
        for listed in await client.master(market):
            if listed.security_type not in security_types:
                continue
            found[listed.symbol] = {
                "symbol": listed.symbol,
                "isin": listed.isin,
                "name": listed.name,
                "market": listed.market,
                "security_type": listed.security_type,
                "industry": listed.industry,
                "listed_on": listed.listed_on,
                "delisted_on": None,
                "shares": listed.shares,
            }
    if not found:
        raise MissingDataError(
            "the market is empty: the master files list no issue; check SILLOK_KIS_MASTER_URL"
        )
    gone = {one.symbol: one for one in delistings if one.delisted_on > start and one.symbol not in found}
    known = _read_known(store, gone.keys())
    for symbol, one in gone.items():
        found[symbol] = known.get(symbol) or {
            "symbol": symbol,
            "isin": "",
            "name": one.name,
            "market": one.market,
            "security_type": "",
            "industry": "",
            "listed_on": one.listed_on,
            "shares": None,
        }
        found[symbol]["delisted_on"] = one.delisted_on if one.delisted_on <= through else None
    return [found[symbol] for symbol in sorted(found)]


def write_issues(store: Store, issues: Sequence[Issue], *, known_at: datetime, now: datetime) -> Written:
    """Write the issues, known at the close that the load reaches."""
    rows = [row | {"known_at": known_at} for row in issues]
    with store.begin() as conn:
        return store.upsert(conn, issue, rows, now=now, revised_at=known_at)
