"""Series that stand by themselves: exchange rates, and bars of markets abroad."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from sillok.ingest.checks.facts import Facts
from sillok.ingest.checks.result import EXAMPLES, CheckResult, as_day
from sillok.store.tables import overseas_bar, rate_bar

__all__ = ["OVERSEAS_REASONS", "RATE_REASONS", "check_overseas", "check_rates"]

_RATE_AGE = timedelta(days=5)  # a weekend with a holiday on either side
_RATE_MOVE = 0.10  # a day; KRW never moved so far since it floats, but for December 1997
_OVERSEAS_AGE = timedelta(days=10)  # the longest holidays of the markets abroad, with their weekends

RATE_REASONS = {
    "warn": "a rate that is old, or out of order, makes amounts in KRW wrong; domestic figures do not use it",
    "info": "there are no exchange rates",
}
OVERSEAS_REASONS = {
    "warn": "bars abroad are old or out of order; domestic figures do not use them",
    "info": "there are no bars of markets abroad",
}


def check_rates(conn: Connection, facts: Facts) -> CheckResult:
    """Find exchange rates that are old, out of order, or jumped."""
    c = rate_bar.c
    before = func.lag(c.close).over(partition_by=c.pair, order_by=c.date)
    steps = select(c.pair.label("name"), c.date, c.close, before.label("before")).subquery()
    jumped = select(steps.c.name, steps.c.date).where(
        steps.c.before > 0, func.abs(steps.c.close - steps.c.before) > _RATE_MOVE * steps.c.before
    )
    jumps = [
        {"name": row.name, "date": row.date.isoformat(), "kind": "jumped"} for row in conn.execute(jumped)
    ]
    return _judge_feed(
        conn, rate_bar, c.pair, through=as_day(facts.through), age=_RATE_AGE, name="rates", more=jumps
    )


def check_overseas(conn: Connection, facts: Facts) -> CheckResult:
    """Find series abroad that are old or out of order."""
    c = overseas_bar.c
    label = c.market + " " + c.symbol
    return _judge_feed(
        conn, overseas_bar, label, through=as_day(facts.through), age=_OVERSEAS_AGE, name="overseas", more=[]
    )


def _judge_feed(
    conn: Connection,
    table: Any,
    label: ColumnElement[str],
    *,
    through: date,
    age: timedelta,
    name: str,
    more: list[dict[str, Any]],
) -> CheckResult:
    c = table.c
    last = conn.execute(
        select(label.label("name"), func.max(c.date).label("last")).group_by(label).order_by(label)
    ).all()
    if not last:
        return CheckResult(name, "info", 0, f"there are no rows of {table.name}")
    old = [
        {"name": row.name, "last": row.last.isoformat(), "kind": "old"}
        for row in last
        if row.last < through - age
    ]
    top, bottom = (c.high, c.low)
    wrong = or_(bottom <= 0, bottom > c.open, bottom > c.close, top < c.open, top < c.close)
    query = select(label.label("name"), c.date).where(wrong).order_by(c.date.desc())
    disorder = [
        {"name": row.name, "date": row.date.isoformat(), "kind": "order"} for row in conn.execute(query)
    ]
    found = [*old, *disorder, *more]
    summary = f"of {len(last)} series {len(old)} end before {through - age}; {len(disorder)} bars out of order, {len(more)} jumps"
    kinds = {kind: n for kind, n in (("old", len(old)), ("order", len(disorder)), ("jumped", len(more))) if n}
    return CheckResult(name, "warn" if found else "ok", len(found), summary, found[:EXAMPLES], kinds=kinds)
