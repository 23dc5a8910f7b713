"""What lies beside the bars: investors, statements, exchange rates, markets abroad."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Double, and_, case, cast, func, or_, select

from sillok.ingest.checks.facts import Facts
from sillok.ingest.checks.result import EXAMPLES, CheckResult, as_day
from sillok.store.tables import daily_bar, investor_day, overseas_bar, rate_bar, raw_bar, statement

__all__ = [
    "INVESTOR_REASONS",
    "OVERSEAS_REASONS",
    "RATE_REASONS",
    "STATEMENT_REASONS",
    "check_investors",
    "check_overseas",
    "check_rates",
    "check_statements",
]

_LOOK_BACK = timedelta(days=30)  # older days were looked at when they were new
_OPEN_SHARE = (
    0.50  # of what was bought: a group is missing; companies' own buying, which is no group, is far less
)
_WORTH = (0.5, 2.0)  # KRW a share over the close
_ROUNDED_KRW = 300_000_000  # statements come in 100 million KRW; three amounts, each rounded by itself
_ROUNDED_SHARE = 0.001
_MANY, _SAMPLE = 0.05, 40  # of the statements, of how many at least
_RATE_AGE = timedelta(days=5)  # a weekend with a holiday on either side
_RATE_MOVE = 0.10  # a day; KRW never moved so far since it floats, but for December 1997
_OVERSEAS_AGE = timedelta(days=10)  # the longest holidays of the markets abroad, with their weekends

INVESTOR_REASONS = {
    "error": "nets of the newest session that do not add up, or are not worth their shares, are columns or units mixed up",
    "warn": "nobody can buy more than was traded, and what one group buys another sells",
    "info": "there are no investors' nets of the last month",
}
STATEMENT_REASONS = {
    "error": "assets are liabilities and equity: so many that are not are columns or units mixed up",
    "warn": "a company's balance does not add up to the vendor's rounding; its ratios are not to be used",
    "info": "there are no statements",
}
RATE_REASONS = {
    "warn": "a rate that is old, or out of order, makes amounts in KRW wrong; domestic figures do not use it",
    "info": "there are no exchange rates",
}
OVERSEAS_REASONS = {
    "warn": "bars abroad are old or out of order; domestic figures do not use them",
    "info": "there are no bars of markets abroad",
}


# ---- investors
_LEGS = ("individual", "foreign", "institution")


def _volume_table(conn: Connection) -> Any:
    """Return the table whose volumes are as traded, where there is one."""
    return raw_bar if conn.execute(select(raw_bar.c.symbol).limit(1)).first() else daily_bar


def check_investors(conn: Connection, facts: Facts) -> CheckResult:
    """Hold the nets of the last month against what was traded, and against each other by session."""
    c, through = investor_day.c, as_day(facts.through)
    recent = c.date.between(through - _LOOK_BACK, through)
    beyond = _find_beyond_volume(conn, recent)
    days = [_judge_day(row) for row in _sum_days(conn, recent)]
    if not days:
        return CheckResult("investors", "info", 0, f"no investors' nets from {through - _LOOK_BACK} on")
    open_days = [day for day in days if day["kind"]]
    newest = any(day["date"] == through.isoformat() for day in open_days)
    severity = "error" if newest else "warn" if beyond or open_days else "ok"
    summary = (
        f"{len(beyond)} nets above the session's volume, {len(open_days)} of {len(days)} sessions whose groups do not "
        "add up or are not worth their shares"
    )
    kinds = {"beyond_volume": len(beyond)}
    for day in open_days:
        kinds[day["kind"]] = kinds.get(day["kind"], 0) + 1
    kinds = {kind: n for kind, n in kinds.items() if n}
    return CheckResult(
        "investors", severity, sum(kinds.values()), summary, [*open_days, *beyond][:EXAMPLES], kinds=kinds
    )


def _find_beyond_volume(conn: Connection, recent: ColumnElement[bool]) -> list[dict[str, Any]]:
    c, bars = investor_day.c, _volume_table(conn)
    same = and_(bars.c.symbol == c.symbol, bars.c.date == c.date)
    over = or_(*(func.abs(c[f"{leg}_qty"]) > bars.c.volume for leg in _LEGS))
    query = select(c.symbol, c.date, bars.c.volume, *(c[f"{leg}_qty"] for leg in _LEGS))
    query = query.join_from(investor_day, bars, same).where(recent, over).order_by(c.date.desc(), c.symbol)
    return [
        {**dict(row), "date": row["date"].isoformat(), "kind": "beyond_volume"}
        for row in conn.execute(query).mappings()
    ]


def _sum_days(conn: Connection, recent: ColumnElement[bool]) -> list[Any]:
    """Return by session what was bought and left open, in KRW, and the worth of the shares at their closes."""
    c = investor_day.c
    legs = [func.coalesce(cast(c[f"{leg}_krw"], Double), 0) for leg in _LEGS]
    shares = sum(
        (func.abs(func.coalesce(cast(c[f"{leg}_qty"], Double), 0)) for leg in _LEGS[1:]),
        func.abs(func.coalesce(cast(c.individual_qty, Double), 0)),
    )
    bars = _volume_table(conn)
    same = and_(bars.c.symbol == c.symbol, bars.c.date == c.date)
    total = func.abs(legs[0]) + func.abs(legs[1]) + func.abs(legs[2])
    query = select(
        c.date,
        func.sum(legs[0] + legs[1] + legs[2]).label("left"),
        func.sum(total).label("total"),
        func.sum(shares * bars.c.close).label("worth"),
    )
    return list(
        conn.execute(
            query.join_from(investor_day, bars, same).where(recent).group_by(c.date).order_by(c.date.desc())
        )
    )


def _judge_day(row: Any) -> dict[str, Any]:
    kind = ""
    if row.total and abs(row.left) > _OPEN_SHARE * row.total / 2:
        kind = "unbalanced"
    if row.total and row.worth and not _WORTH[0] < row.total / row.worth < _WORTH[1]:
        kind = "unit"
    return {
        "date": row.date.isoformat(),
        "kind": kind,
        "left_krw": int(row.left),
        "total_krw": int(row.total),
    }


# ---- statements
def check_statements(conn: Connection, facts: Facts) -> CheckResult:
    """Hold each statement's sums against their parts, within the vendor's rounding."""
    c = statement.c
    # A sum of parts that is 0 is not given: banks have no current assets, and no cost of sales.
    parts = {
        "balance": (c.assets_krw, c.liabilities_krw + c.equity_krw),
        "assets": (c.assets_krw, c.current_assets_krw + c.noncurrent_assets_krw),
        "liabilities": (c.liabilities_krw, c.current_liabilities_krw + c.noncurrent_liabilities_krw),
        "gross_profit": (c.gross_profit_krw, c.sales_krw - c.cost_of_sales_krw),
    }
    wrong = {
        kind: and_(rest != 0, func.abs(whole - rest) > _ROUNDED_KRW + _ROUNDED_SHARE * func.abs(whole))
        for kind, (whole, rest) in parts.items()
    } | {"ahead": c.period > as_day(facts.through)}
    counts = [func.sum(case((is_wrong, 1), else_=0)).label(kind) for kind, is_wrong in wrong.items()]
    row = conn.execute(select(func.count().label("rows"), *counts)).mappings().one()
    if not row["rows"]:
        return CheckResult("statements", "info", 0, "there are no statements")
    kinds = {kind: int(row[kind]) for kind in wrong if row[kind]}
    query = select(c.symbol, c.basis, c.period).where(or_(*wrong.values()))
    shown = [
        {"symbol": one.symbol, "basis": one.basis, "period": one.period.isoformat()}
        for one in conn.execute(query.order_by(c.period.desc(), c.symbol).limit(EXAMPLES))
    ]
    is_mixed = kinds.get("balance", 0) > max(_MANY * row["rows"], _MANY * _SAMPLE)
    severity = "error" if is_mixed else "warn" if kinds else "ok"
    said = ", ".join(f"{kind} {n}" for kind, n in kinds.items()) or "none"
    summary = f"sums of {row['rows']} statements that are not their parts: {said}"
    return CheckResult("statements", severity, sum(kinds.values()), summary, shown, kinds=kinds)


# ---- rates and markets abroad
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
