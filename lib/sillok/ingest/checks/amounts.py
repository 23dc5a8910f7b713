"""What was paid, against what was traded and at which prices: the vendor counts amounts in several units."""

from __future__ import annotations

from sqlalchemy import Connection, Double, and_, case, cast, func, or_, select

from sillok.ingest.checks.facts import Facts
from sillok.ingest.checks.result import EXAMPLES, CheckResult, as_day
from sillok.store.tables import daily_bar, raw_bar

__all__ = ["AMOUNT_REASONS", "check_amounts"]

_SPARE = (
    2.0  # deals off the book are made outside the day's prices, but not at twice the high or half the low
)
_MANY = 0.05  # of the newest session's bars

AMOUNT_REASONS = {
    "error": "what was paid for so many of the newest bars is not their shares at their prices: columns or units mixed up",
    "warn": "what was paid lies between the volume at the low and at the high; a few may be the vendor's",
    "info": "there are no bars with amounts",
}


def check_amounts(conn: Connection, facts: Facts) -> CheckResult:
    """Hold the amount of each traded bar between its volume at the low and at the high, as traded where that is there."""
    table = raw_bar if conn.execute(select(raw_bar.c.symbol).limit(1)).first() else daily_bar
    c, through = table.c, as_day(facts.through)
    amount, volume = cast(c.amount_krw, Double), cast(c.volume, Double)
    traded = and_(c.volume > 0, c.amount_krw.is_not(None))
    off = or_(amount * _SPARE < volume * c.low, amount > volume * c.high * _SPARE)
    newest = case((c.date == through, 1), else_=0)
    query = select(func.count(), func.coalesce(func.sum(newest), 0))
    bars, newest_bars = map(int, conn.execute(query.where(traded)).one())
    if not bars:
        return CheckResult("amounts", "info", 0, f"no bars of {table.name} with an amount")
    count, newest_count = map(int, conn.execute(query.where(traded, off)).one())
    examples = conn.execute(
        select(c.symbol, c.date, c.low, c.high, c.volume, c.amount_krw)
        .where(traded, off)
        .order_by(c.date.desc(), c.symbol)
        .limit(EXAMPLES)
    ).mappings()
    severity = "error" if newest_count > _MANY * newest_bars else "warn" if count else "ok"
    summary = f"{count} of {bars} traded bars whose amount is not their volume at their prices, {newest_count} on {through}"
    shown = [{**dict(row), "date": row["date"].isoformat()} for row in examples]
    return CheckResult("amounts", severity, count, summary, shown, kinds={"unit": count} if count else {})
