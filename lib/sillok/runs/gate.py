"""The publish gate: no report is better than a wrong one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, delete, insert, select

from sillok.clock import last_closed_session
from sillok.store import tables

if TYPE_CHECKING:
    from sillok.runs.record import RunRecord
    from sillok.store import Store

__all__ = ["Decision", "gate", "record_decision"]

_WORDS = {
    "ko": {
        "run": "노트북 실행이 실패했습니다: {error}",
        "running": "노트북 실행이 끝나지 않았습니다",
        "snapshot": "실행에 쓰인 스냅샷 {id}이(가) 기록에 없습니다",
        "newest": "더 새로운 스냅샷 {id}이(가) 있습니다",
        "unchecked": "적재된 자료가 검사되지 않았습니다",
        "checks": "자료 검사에서 오류가 나왔습니다: {names}",
        "stale": "자료가 {through}까지입니다. 마지막으로 마감된 거래일은 {session}입니다",
        "pass": "모든 검사를 통과했습니다",
    },
    "en": {
        "run": "the notebook failed: {error}",
        "running": "the notebook has not finished",
        "snapshot": "the run's snapshot {id} is not in the record",
        "newest": "there is a newer snapshot, {id}",
        "unchecked": "the load was never checked",
        "checks": "the checks of the data found errors: {names}",
        "stale": "the data reach {through}, the last closed session is {session}",
        "pass": "passed every check",
    },
}


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a run may be published, and why, in words for the reader."""

    published: bool
    reason: str


def gate(store: Store, run: RunRecord, *, now: datetime, lang: str = "ko") -> Decision:
    """Decide whether ``run`` may go up: done, on the newest snapshot, checked, sane and fresh.

    Fresh means that the snapshot reaches the last session closed at ``now``. The checks are those of the load
    that made the snapshot; one with severity ``error``, or none at all, refuses.
    """
    words = _WORDS[lang]
    if run.status == "failed":
        return Decision(False, words["run"].format(error=run.error))
    if run.status != "done":
        return Decision(False, words["running"])
    table = tables.snapshot
    with store.engine.connect() as conn:
        newest = conn.execute(select(table).order_by(table.c.seq.desc()).limit(1)).one_or_none()
        own = conn.execute(select(table).where(table.c.id == run.snapshot_id)).one_or_none()
        if own is None or newest is None:
            return Decision(False, words["snapshot"].format(id=run.snapshot_id[:12]))
        checks = conn.execute(
            select(tables.check_result).where(tables.check_result.c.load_id == own.load_id)
        ).all()
    if newest.id != own.id:
        return Decision(False, words["newest"].format(id=newest.id[:12]))
    return _judge(own, checks, now, lang)


def _name(check: Row[Any], lang: str) -> str:
    """Name a check and its count; in Korean by what it asks, as the page's table of checks does."""
    if lang == "ko":
        from sillok.charts.check_words import CHECKS_KO  # heavy, and seldom needed

        if check.name in CHECKS_KO:
            return f"{CHECKS_KO[check.name][0]} ({CHECKS_KO[check.name][1].format(n=f'{check.count:,}')})"
    return f"{check.name} ({check.count:,})"


def _judge(own: Row[Any], checks: Sequence[Row[Any]], now: datetime, lang: str) -> Decision:
    words = _WORDS[lang]
    if not checks:
        return Decision(False, words["unchecked"])
    bad = [_name(check, lang) for check in checks if check.severity == "error"]
    if bad:
        return Decision(False, words["checks"].format(names=", ".join(bad)))
    session = last_closed_session(now)
    if own.through < session:
        return Decision(False, words["stale"].format(through=own.through, session=session))
    return Decision(True, words["pass"])


def record_decision(store: Store, *, slug: str, run_id: str, decision: Decision, now: datetime) -> None:
    """Write a decision of the gate; a second one for the same page and run takes the place of the first."""
    table = tables.publication
    with store.begin() as conn:
        conn.execute(delete(table).where(table.c.slug == slug, table.c.run_id == run_id))
        conn.execute(
            insert(table).values(
                slug=slug, run_id=run_id, published=decision.published, reason=decision.reason, decided_at=now
            )
        )
