"""The gate: no report is better than a wrong one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, update

from sillok.runs import Decision, RunRecord, gate
from sillok.runs.gate import record_decision
from sillok.store import Store, tables

NOW = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
RUN = RunRecord(
    id="r" * 32, notebook="notebooks/a.ipynb", title="시험", status="done", parameters={}, source_hash="",
    commit="", lock_hash="", snapshot_id="a" * 64, as_of=NOW, started_at=NOW,
)  # fmt: skip

AddSnapshot = Callable[..., str]


def test_a_checked_fresh_run_passes(store: Store, add_snapshot: AddSnapshot) -> None:
    add_snapshot(severities=("ok", "info", "warn"))
    assert gate(store, RUN, now=NOW) == Decision(True, "모든 검사를 통과했습니다")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "failed", "error": "ValueError: 3"}, "실패했습니다: ValueError: 3"),
        ({"status": "running"}, "끝나지 않았습니다"),
        ({"snapshot_id": "c" * 64}, "스냅샷 cccccccccccc"),
    ],
)
def test_a_run_that_is_not_done_on_a_known_snapshot_is_refused(
    store: Store, add_snapshot: AddSnapshot, change: dict[str, str], reason: str
) -> None:
    add_snapshot()
    decision = gate(store, replace(RUN, **change), now=NOW)  # type: ignore[arg-type]
    assert not decision.published
    assert reason in decision.reason


def test_data_with_an_error_in_their_checks_are_refused_by_name(
    store: Store, add_snapshot: AddSnapshot
) -> None:
    add_snapshot(severities=("ok", "error"))
    assert gate(store, RUN, now=NOW, lang="en") == Decision(
        False, "the checks of the data found errors: check1 (3)"
    )


def test_a_reader_of_korean_is_told_what_the_check_asks(store: Store, add_snapshot: AddSnapshot) -> None:
    add_snapshot(severities=("ok", "error"))
    with store.begin() as conn:
        conn.execute(
            update(tables.check_result)
            .where(tables.check_result.c.severity == "error")
            .values(name="indices")
        )
    reason = gate(store, RUN, now=NOW).reason
    assert reason.endswith("지수가 마지막 거래일까지 있는가 (지수 3개가 못 미침)")


def test_data_that_nobody_checked_are_refused(store: Store, add_snapshot: AddSnapshot) -> None:
    add_snapshot(severities=())
    assert not gate(store, RUN, now=NOW).published


def test_an_older_snapshot_than_the_newest_is_refused(store: Store, add_snapshot: AddSnapshot) -> None:
    add_snapshot()
    add_snapshot("b" * 64, seq=2)
    assert "bbbbbbbbbbbb" in gate(store, RUN, now=NOW).reason


def test_data_that_miss_the_last_closed_session_are_refused(store: Store, add_snapshot: AddSnapshot) -> None:
    add_snapshot(through=date(2026, 6, 30))
    decision = gate(store, RUN, now=NOW)
    assert not decision.published
    assert "2026-06-30" in decision.reason
    assert "2026-07-01" in decision.reason
    before_the_close = datetime(2026, 7, 1, 3, 0, tzinfo=UTC)
    assert gate(store, RUN, now=before_the_close).published


def test_each_decision_is_kept_and_the_last_one_for_a_run_counts(store: Store) -> None:
    for published in (False, True):
        record_decision(store, slug="a", run_id="r", decision=Decision(published, "x"), now=NOW)
    record_decision(store, slug="a", run_id="s", decision=Decision(False, "y"), now=NOW)
    with store.engine.connect() as conn:
        rows = conn.execute(select(tables.publication.c.run_id, tables.publication.c.published)).all()
    assert sorted(map(tuple, rows)) == [("r", True), ("s", False)]
