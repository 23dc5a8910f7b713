"""Run the checks: one pass over the bars for those that read them, one query or two for the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date

from sqlalchemy import Connection, delete, insert, select

from sillok.errors import MissingDataError
from sillok.ingest.checks import (
    adjusted,
    amounts,
    coverage,
    crosscheck,
    datasets,
    feeds,
    halts,
    moves,
    prices,
    twins,
)
from sillok.ingest.checks.bars import Part, read_parts
from sillok.ingest.checks.facts import Facts, read_facts
from sillok.ingest.checks.result import CheckResult, Found
from sillok.store import Store
from sillok.store.tables import check_result, load

__all__ = ["CHECKS", "BarCheck", "StoreCheck", "check_market", "run_checks"]


@dataclass(frozen=True, slots=True)
class BarCheck:
    """A check of the bars: ``find`` looks at some issues, ``judge`` at what was found in all.

    ``reasons`` says for each severity but ok why it is this one.
    """

    name: str
    find: Callable[[Part, Facts], Found]
    judge: Callable[[Found, Facts], CheckResult]
    reasons: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """A check by queries. ``reasons`` as in :class:`BarCheck`."""

    name: str
    query: Callable[[Connection, Facts], CheckResult]
    reasons: Mapping[str, str]


CHECKS: tuple[BarCheck | StoreCheck, ...] = (
    # What is there.
    StoreCheck("complete", coverage.check_complete, coverage.COMPLETE_REASONS),
    StoreCheck("stale", coverage.check_stale, coverage.STALE_REASONS),
    BarCheck("gaps", coverage.find_gaps, coverage.judge_gaps, coverage.GAP_REASONS),
    StoreCheck("sessions", coverage.check_sessions, coverage.SESSION_REASONS),
    StoreCheck("indices", coverage.check_indices, coverage.INDEX_REASONS),
    StoreCheck("twins", twins.check_twins, twins.TWIN_REASONS),
    # Prices of a day.
    BarCheck("price_order", prices.find_disorder, prices.judge_disorder, prices.ORDER_REASONS),
    BarCheck("price_ticks", prices.find_off_ticks, prices.judge_off_ticks, prices.TICK_REASONS),
    BarCheck("price_limit", prices.find_over_limit, prices.judge_over_limit, prices.LIMIT_REASONS),
    StoreCheck("amounts", amounts.check_amounts, amounts.AMOUNT_REASONS),
    # From one day to the next.
    BarCheck("halted", halts.find_halts, halts.judge_halts, halts.HALT_REASONS),
    BarCheck("copies", halts.find_copies, halts.judge_copies, halts.COPY_REASONS),
    BarCheck("moves", moves.find, moves.judge, moves.REASONS),
    # One series against another.
    BarCheck("adjusted_factor", adjusted.find_factors, adjusted.judge_factors, adjusted.FACTOR_REASONS),
    BarCheck("actions", adjusted.find_events, adjusted.judge_events, adjusted.EVENT_REASONS),
    BarCheck(
        "constituents", crosscheck.add_up, crosscheck.judge_constituents, crosscheck.CONSTITUENT_REASONS
    ),
    BarCheck("breadth", crosscheck.add_up, crosscheck.judge_breadth, crosscheck.BREADTH_REASONS),
    # Beside the bars.
    StoreCheck("investors", datasets.check_investors, datasets.INVESTOR_REASONS),
    StoreCheck("statements", datasets.check_statements, datasets.STATEMENT_REASONS),
    StoreCheck("rates", feeds.check_rates, feeds.RATE_REASONS),
    StoreCheck("overseas", feeds.check_overseas, feeds.OVERSEAS_REASONS),
)


def _find_all(conn: Connection, facts: Facts) -> dict[Callable[[Part, Facts], Found], Found]:
    """Return what each search found; two checks may share one."""
    found = {check.find: Found() for check in CHECKS if isinstance(check, BarCheck)}
    for part in read_parts(conn):
        for find in found:
            found[find] += find(part, facts)
    return found


def check_market(conn: Connection, through: date) -> list[CheckResult]:
    """Check what ``conn`` sees of the market up to the session ``through``; nothing is written."""
    facts = read_facts(conn, through)
    found = _find_all(conn, facts)
    results = []
    for check in CHECKS:
        if isinstance(check, BarCheck):
            result = check.judge(found[check.find], facts)
        else:
            result = check.query(conn, facts)
        results.append(replace(result, reason=check.reasons.get(result.severity, "")))
    return results


def _previous(conn: Connection, load_id: str) -> dict[str, str]:
    """Return the severities of the newest checked load before this one."""
    own = select(load.c.started_at).where(load.c.id == load_id).scalar_subquery()
    checked = select(check_result.c.load_id).distinct()
    query = select(load.c.id).where(load.c.id != load_id, load.c.started_at <= own, load.c.id.in_(checked))
    last = conn.execute(query.order_by(load.c.started_at.desc()).limit(1)).scalar()
    if last is None:
        return {}
    named = select(check_result.c.name, check_result.c.severity).where(check_result.c.load_id == last)
    return {row.name: row.severity for row in conn.execute(named)}


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
        before = _previous(conn, load_id)
        results = [
            replace(result, previous=before.get(result.name)) for result in check_market(conn, through)
        ]
    with store.begin() as conn:
        conn.execute(delete(check_result).where(check_result.c.load_id == load_id))
        conn.execute(insert(check_result), [asdict(result) | {"load_id": load_id} for result in results])
    return results
