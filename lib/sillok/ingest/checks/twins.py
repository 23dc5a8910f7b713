"""One company under two symbols, two companies with one's bars, or a symbol that changed hands."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, func, or_, select

from sillok.clock import KST
from sillok.ingest.checks.facts import Facts
from sillok.ingest.checks.result import EXAMPLES, CheckResult, as_day
from sillok.store.revisions import read_changes
from sillok.store.tables import daily_bar, issue

__all__ = ["TWIN_REASONS", "check_twins"]

_RECENT = timedelta(days=7)  # a change is told for a week
_BUSY = 1_000  # shares; two companies' busy days are never alike in every price and to the share

TWIN_REASONS = {
    "error": "one ISIN under two symbols counts one company twice in every sum and every weight",
    "warn": "two issues share a name or a bar, or a symbol is another security than before: a history is not one company's",
}


def check_twins(conn: Connection, facts: Facts) -> CheckResult:
    """Find listed issues that share their ISIN, their name or their newest bar, and symbols whose ISIN changed."""
    c = issue.c
    through = as_day(facts.through)
    is_listed = or_(c.delisted_on.is_(None), c.delisted_on > through)
    found = {}
    for kind, column in (("isin", c.isin), ("name", c.name)):
        query = select(
            column, func.count().label("n"), func.min(c.symbol).label("a"), func.max(c.symbol).label("b")
        )
        query = (
            query.where(is_listed, column != "").group_by(column).having(func.count() > 1).order_by(column)
        )
        found[kind] = [
            {kind: row[0], "symbols": f"{row.a}, {row.b}", "n": row.n} for row in conn.execute(query)
        ]
    b = daily_bar.c
    fields = (b.open, b.high, b.low, b.close, b.volume)
    query = select(
        func.count().label("n"), func.min(b.symbol).label("a"), func.max(b.symbol).label("b"), b.close
    )
    query = query.where(b.date == through, b.volume >= _BUSY).group_by(*fields).having(func.count() > 1)
    found["bars"] = [
        {"close": row.close, "symbols": f"{row.a}, {row.b}", "n": row.n} for row in conn.execute(query)
    ]
    found["isin_changed"] = _find_changed(conn, through)
    examples = [one for ones in found.values() for one in ones]
    severity = "error" if found["isin"] else "warn" if examples else "ok"
    summary = (
        f"listed issues that share an ISIN: {len(found['isin'])}, a name: {len(found['name'])}, "
        f"a bar on {through}: {len(found['bars'])}; symbols with another ISIN than before: {len(found['isin_changed'])}"
    )
    kinds = {kind: len(ones) for kind, ones in found.items() if ones}
    return CheckResult("twins", severity, len(examples), summary, examples[:EXAMPLES], kinds=kinds)


def _find_changed(conn: Connection, through: date) -> list[dict[str, Any]]:
    since = datetime.combine(through - _RECENT, time(), KST)
    return [
        {"symbol": change.old["symbol"], "was": change.old["isin"], "is": change.new["isin"]}
        for change in read_changes(conn, issue, since=since)
        if change.old["isin"] and change.new["isin"] and change.old["isin"] != change.new["isin"]
    ]
