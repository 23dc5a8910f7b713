"""What should be there: every session of every issue, every listed issue, every index."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from sillok.ingest.checks.bars import Part
from sillok.ingest.checks.facts import Facts
from sillok.ingest.checks.result import EXAMPLES, CheckResult, Found, as_day
from sillok.store.tables import daily_bar, index_bar, issue, session

__all__ = [
    "COMPLETE_REASONS",
    "GAP_REASONS",
    "INDEX_REASONS",
    "SESSION_REASONS",
    "STALE_REASONS",
    "check_complete",
    "check_indices",
    "check_sessions",
    "check_stale",
    "find_gaps",
    "judge_gaps",
]

_FEWEST = 0.95  # of the listed issues must have a bar on the newest session
_RECENT = timedelta(days=7)

GAP_REASONS = {
    "error": "a bar on a day that is no session is not KRX's: the calendar or the vendor is wrong",
    "warn": "a return over a hole spans several sessions; one issue's hole must not stop the rest",
}
STALE_REASONS = {
    "warn": "a listed issue has a bar on every session, a halted one too; it is left out of tonight's figures"
}
COMPLETE_REASONS = {
    "error": "figures of the whole market need the whole market: fewer than 95 % of the issues have a bar"
}
INDEX_REASONS = {"error": "every report compares with an index, and tells the sessions by it"}
SESSION_REASONS = {
    "error": "calendar and index disagree on a recent day: one of them lacks a session, or has one too many",
    "warn": "calendar and index disagree on a day in history",
}


def find_gaps(part: Part, facts: Facts) -> Found:
    """Compare each issue's bars with the sessions between its first and its last, and its first with its listing.

    An issue that was listed before begins on the first day on which any issue has a bar.
    """
    bars, sessions = part.adjusted, facts.sessions
    if not len(bars) or not len(sessions):
        return Found({"stray": len(bars.symbols)})
    at = np.searchsorted(sessions, bars.day)
    is_session = sessions[np.minimum(at, len(sessions) - 1)] == bars.day
    holes = np.where(bars.is_first, 0, at - np.roll(at, 1) - 1)
    lacking = np.bincount(bars.issue, np.maximum(holes, 0), len(bars.symbols)).astype(int)
    strays = np.bincount(bars.issue, ~is_session, len(bars.symbols)).astype(int)
    begins = bars.day[bars.is_first]
    begin = begins.min() if facts.begin is None else facts.begin
    due = np.maximum(facts.listed_on(bars.symbols), begin)
    late = begins > due
    kinds = {
        "holed": int(((lacking > 0) & (strays == 0)).sum()),
        "stray": int((strays > 0).sum()),
        "late": int(late.sum()),
        "bars": int(lacking.sum()),
    }
    last_hole = np.zeros(len(bars.symbols), np.int64)
    np.maximum.at(last_hole, bars.issue, np.where((holes > 0) | ~is_session, bars.day, 0))
    rows = [k for k in np.argsort(-last_hole, kind="stable") if lacking[k] or strays[k]][:EXAMPLES]
    shown = [
        (
            int(last_hole[k]),
            {
                "symbol": bars.symbols[k],
                "lacks": int(lacking[k]),
                "strays": int(strays[k]),
                "until": as_day(last_hole[k]).isoformat(),
            },
        )
        for k in rows
    ]
    shown += [
        (
            int(begins[k]),
            {
                "symbol": bars.symbols[k],
                "listed": as_day(due[k]).isoformat(),
                "from": as_day(begins[k]).isoformat(),
            },
        )
        for k in np.flatnonzero(late)[:EXAMPLES]
    ]
    return Found(kinds) + Found({}, tuple(shown))


def judge_gaps(found: Found, facts: Facts) -> CheckResult:
    """Grade holes in histories."""
    names = ("holed", "stray", "late")
    count = found.of(*names)
    severity = "error" if found.of("stray") else "warn" if count else "ok"
    summary = (
        f"{found.of('holed')} issues lack sessions between their first and last bar ({found.of('bars')} bars), "
        f"{found.of('stray')} have bars off a session, {found.of('late')} begin after their listing"
    )
    kinds = {kind: found.kinds[kind] for kind in names if found.kinds.get(kind)}
    return CheckResult("gaps", severity, count, summary, found.shown(), kinds=kinds)


def _listed(through: date) -> ColumnElement[bool]:
    return and_(
        or_(issue.c.listed_on.is_(None), issue.c.listed_on <= through),
        or_(issue.c.delisted_on.is_(None), issue.c.delisted_on > through),
    )


def check_stale(conn: Connection, facts: Facts) -> CheckResult:
    """Find listed issues whose bars end before the newest session."""
    through = as_day(facts.through)
    bar = daily_bar.c
    last = select(bar.symbol, func.max(bar.date).label("last")).group_by(bar.symbol).subquery()
    query = (
        select(issue.c.symbol, last.c.last)
        .outerjoin_from(issue, last, last.c.symbol == issue.c.symbol)
        .where(_listed(through), or_(last.c.last.is_(None), last.c.last < through))
    )
    rows = conn.execute(query.order_by(issue.c.symbol)).all()
    examples = [
        {"symbol": row.symbol, "last": row.last.isoformat() if row.last else None} for row in rows[:EXAMPLES]
    ]
    summary = f"{len(rows)} listed issues have no bar on {through}"
    return CheckResult("stale", "warn" if rows else "ok", len(rows), summary, examples)


def check_complete(conn: Connection, facts: Facts) -> CheckResult:
    """Hold the bars of the newest session against the listing."""
    through = as_day(facts.through)
    listed = conn.execute(select(func.count()).select_from(issue).where(_listed(through))).scalar_one()
    query = select(func.count()).select_from(daily_bar).where(daily_bar.c.date == through)
    bars = conn.execute(query).scalar_one()
    severity = "error" if bars < _FEWEST * listed or not bars else "ok"
    summary = f"{bars} bars on {through} for {listed} listed issues"
    return CheckResult("complete", severity, max(listed - bars, 0), summary)


def check_indices(conn: Connection, facts: Facts) -> CheckResult:
    """Find indices that end before the newest session."""
    through = as_day(facts.through)
    newest = select(index_bar.c.code, func.max(index_bar.c.date).label("last")).group_by(index_bar.c.code)
    rows = conn.execute(newest.order_by(index_bar.c.code)).all()
    late = [{"code": row.code, "last": row.last.isoformat()} for row in rows if row.last < through]
    is_wrong = bool(late) or not rows
    summary = f"{len(rows) - len(late)} of {len(rows)} indices reach {through}"
    return CheckResult("indices", "error" if is_wrong else "ok", len(late), summary, late)


def check_sessions(conn: Connection, facts: Facts) -> CheckResult:
    """Hold the sessions against the days on which the market's index has a bar."""
    through = as_day(facts.through)
    said = {row.date for row in conn.execute(select(session.c.date))}
    traded = {row.date for row in conn.execute(select(index_bar.c.date).distinct())}
    differ = sorted(said ^ traded) if traded else []
    examples = [
        {"date": day.isoformat(), "calendar": day in said, "index": day in traded}
        for day in differ[-EXAMPLES:]
    ]
    severity = "ok" if not differ else "error" if max(differ) > through - _RECENT else "warn"
    summary = f"{len(differ)} days differ between calendar and index"
    return CheckResult("sessions", severity, len(differ), summary, examples)
