"""Checks of what a load left in the store: each looks at the whole market, and says how bad what it found is.

``error`` keeps a report from being published; ``warn`` is shown with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select

from sillok.errors import MissingDataError
from sillok.store import Store
from sillok.store.tables import check_result, daily_bar, index_bar, issue, load, session

__all__ = ["CheckResult", "run_checks"]

_EXAMPLES = 5
_LIMIT = 0.30  # KRX price limit since 2015-06-15
_ROUNDING = 0.01  # limits are rounded to ticks, adjusted prices to whole KRW
_ADJUSTED_KRW = 1  # each price of a bar is adjusted and rounded by itself
_FEW_WRONG = 0.001  # of all bars; exchange data of past days has a few oddities
_FEWEST = 0.95  # of the listed issues must have a bar on the newest session


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check: ``severity`` is ok, info, warn or error; ``examples`` shows at most five of ``count`` findings."""

    name: str
    severity: str
    count: int
    summary: str
    examples: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Market:
    conn: Connection
    through: date

    def count(self, condition: ColumnElement[bool]) -> int:
        return int(
            self.conn.execute(select(func.count()).select_from(daily_bar).where(condition)).scalar_one()
        )

    def examples(self, condition: ColumnElement[bool]) -> list[dict[str, Any]]:
        query = select(daily_bar.c.symbol, daily_bar.c.date).where(condition)
        rows = self.conn.execute(query.order_by(daily_bar.c.date.desc(), daily_bar.c.symbol).limit(_EXAMPLES))
        return [{"symbol": row.symbol, "date": row.date.isoformat()} for row in rows]


def _check_order(market: _Market) -> CheckResult:
    bar = daily_bar.c
    is_halted = and_(bar.open == 0, bar.high == 0, bar.low == 0, bar.volume == 0)
    top, bottom = bar.high + _ADJUSTED_KRW, bar.low - _ADJUSTED_KRW
    is_ordered = and_(bar.low > 0, bottom <= bar.open, bottom <= bar.close, top >= bar.open, top >= bar.close)
    wrong = or_(bar.close <= 0, bar.volume < 0, ~or_(is_halted, is_ordered))
    count = market.count(wrong)
    newest = market.count(and_(wrong, bar.date == market.through)) if count else 0
    is_grave = newest > 0 or count > _FEW_WRONG * market.count(bar.close > 0)
    return CheckResult(
        "price_order",
        "ok" if not count else "error" if is_grave else "warn",
        count,
        f"{count} bars whose prices are not low <= open, close <= high and above 0, {newest} on {market.through}",
        market.examples(wrong) if count else [],
    )


def _check_moves(market: _Market) -> CheckResult:
    bar = daily_bar.c
    before = func.lag(bar.close).over(partition_by=bar.symbol, order_by=bar.date)
    moves = select(bar.symbol, bar.date, bar.close, before.label("before")).subquery()
    beyond = func.abs(moves.c.close - moves.c.before) > (_LIMIT + _ROUNDING) * moves.c.before
    total = func.count().over()
    query = select(moves, total.label("total")).where(moves.c.before > 0, beyond)
    rows = market.conn.execute(query.order_by(moves.c.date.desc(), moves.c.symbol).limit(_EXAMPLES)).all()
    count = rows[0].total if rows else 0
    examples = [
        {"symbol": row.symbol, "date": row.date.isoformat(), "move": round(row.close / row.before - 1, 4)}
        for row in rows
    ]
    summary = f"{count} closes more than 30 % from the one before (first days and resumed trading may be so)"
    return CheckResult("price_limit", "warn" if count else "ok", count, summary, examples)


def _check_halted(market: _Market) -> CheckResult:
    bar = daily_bar.c
    halted = and_(bar.date == market.through, bar.open == 0, bar.volume == 0)
    count = market.count(halted)
    summary = f"{count} issues halted all day on {market.through}"
    return CheckResult(
        "halted", "info" if count else "ok", count, summary, market.examples(halted) if count else []
    )


def _check_gaps(market: _Market) -> CheckResult:
    """Compare each issue's bars with the sessions between its first and its last."""
    bar = daily_bar.c
    held = select(
        bar.symbol, func.count().label("n"), func.min(bar.date).label("a"), func.max(bar.date).label("b")
    )
    days = {
        row.date: n
        for n, row in enumerate(market.conn.execute(select(session.c.date).order_by(session.c.date)))
    }
    rows = market.conn.execute(held.group_by(bar.symbol).order_by(bar.symbol)).all()
    strays = [row for row in rows if row.a not in days or row.b not in days]
    holed = [row for row in rows if row not in strays and days[row.b] - days[row.a] + 1 != row.n]
    examples = [
        {"symbol": row.symbol, "bars": row.n, "from": row.a.isoformat(), "to": row.b.isoformat()}
        for row in (*strays, *holed)
    ]
    severity = "error" if strays else "warn" if holed else "ok"
    summary = f"{len(holed)} issues lack sessions between their first and last bar, {len(strays)} begin or end off a session"
    return CheckResult("gaps", severity, len(holed) + len(strays), summary, examples[:_EXAMPLES])


def _listed(market: _Market) -> ColumnElement[bool]:
    return and_(
        or_(issue.c.listed_on.is_(None), issue.c.listed_on <= market.through),
        or_(issue.c.delisted_on.is_(None), issue.c.delisted_on > market.through),
    )


def _check_stale(market: _Market) -> CheckResult:
    last = (
        select(daily_bar.c.symbol, func.max(daily_bar.c.date).label("last"))
        .group_by(daily_bar.c.symbol)
        .subquery()
    )
    query = (
        select(issue.c.symbol, last.c.last)
        .outerjoin_from(issue, last, last.c.symbol == issue.c.symbol)
        .where(_listed(market), or_(last.c.last.is_(None), last.c.last < market.through))
    )
    rows = market.conn.execute(query.order_by(issue.c.symbol)).all()
    examples = [
        {"symbol": row.symbol, "last": row.last.isoformat() if row.last else None} for row in rows[:_EXAMPLES]
    ]
    summary = f"{len(rows)} listed issues have no bar on {market.through}"
    return CheckResult("stale", "warn" if rows else "ok", len(rows), summary, examples)


def _check_complete(market: _Market) -> CheckResult:
    listed = market.conn.execute(select(func.count()).select_from(issue).where(_listed(market))).scalar_one()
    bars = market.count(daily_bar.c.date == market.through)
    lacking = max(listed - bars, 0)
    severity = "error" if bars < _FEWEST * listed or not bars else "ok"
    return CheckResult(
        "complete", severity, lacking, f"{bars} bars on {market.through} for {listed} listed issues"
    )


def _check_indices(market: _Market) -> CheckResult:
    newest = select(index_bar.c.code, func.max(index_bar.c.date).label("last")).group_by(index_bar.c.code)
    rows = market.conn.execute(newest.order_by(index_bar.c.code)).all()
    late = [{"code": row.code, "last": row.last.isoformat()} for row in rows if row.last < market.through]
    is_wrong = bool(late) or not rows
    summary = f"{len(rows) - len(late)} of {len(rows)} indices reach {market.through}"
    return CheckResult("indices", "error" if is_wrong else "ok", len(late), summary, late)


def _check_sessions(market: _Market) -> CheckResult:
    """Hold the sessions against the days on which the market's index has a bar."""
    said = {row.date for row in market.conn.execute(select(session.c.date))}
    traded = {row.date for row in market.conn.execute(select(index_bar.c.date).distinct())}
    differ = sorted(said ^ traded) if traded else []
    examples = [
        {"date": day.isoformat(), "calendar": day in said, "index": day in traded}
        for day in differ[-_EXAMPLES:]
    ]
    severity = "ok" if not differ else "error" if max(differ) > market.through - timedelta(days=7) else "warn"
    return CheckResult(
        "sessions", severity, len(differ), f"{len(differ)} days differ between calendar and index", examples
    )


_CHECKS: tuple[Callable[[_Market], CheckResult], ...] = (
    _check_order,
    _check_moves,
    _check_halted,
    _check_gaps,
    _check_stale,
    _check_complete,
    _check_indices,
    _check_sessions,
)


def run_checks(store: Store, load_id: str) -> list[CheckResult]:
    """Check the market as the load left it, and keep the results in ``check_result`` under the load.

    Raises
    ------
    MissingDataError
        If there is no such load.
    """
    with store.read() as conn:
        through = conn.execute(select(load.c.through).where(load.c.id == load_id)).scalar()
        if through is None:
            raise MissingDataError(f"there is no load {load_id}; `sillok ingest` makes one", load_id=load_id)
        results = [check(_Market(conn, through)) for check in _CHECKS]
    with store.begin() as conn:
        conn.execute(delete(check_result).where(check_result.c.load_id == load_id))
        conn.execute(insert(check_result), [asdict(result) | {"load_id": load_id} for result in results])
    return results
