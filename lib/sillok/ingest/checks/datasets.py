"""What lies beside the bars of an issue: who bought it, and its company's statements."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Double, and_, case, cast, func, or_, select

from sillok.ingest.checks.facts import Facts
from sillok.ingest.checks.result import EXAMPLES, CheckResult, as_day
from sillok.store.tables import daily_bar, investor_day, raw_bar, statement

__all__ = [
    "INVESTOR_REASONS",
    "STATEMENT_REASONS",
    "check_investors",
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
