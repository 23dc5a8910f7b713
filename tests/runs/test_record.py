"""The record answers by prefix, and does not claim that a dead run is running."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from sillok.errors import ConfigError, MissingDataError
from sillok.runs import RunRecord, close_abandoned, get_run, list_runs
from sillok.runs import record as record_room
from sillok.runs.record import record_start
from sillok.store import Store

NOW = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)


def make(run_id: str, minutes: int = 0) -> RunRecord:
    return RunRecord(
        id=run_id, notebook="notebooks/a.ipynb", title="시험", status="running", parameters={"n": 1},
        source_hash="0" * 64, commit="", lock_hash="", snapshot_id="a" * 64, as_of=NOW,
        started_at=NOW + timedelta(minutes=minutes),
    )  # fmt: skip


def test_runs_are_listed_newest_first(store: Store) -> None:
    for number in range(3):
        record_start(store, make(f"{number:032x}", number))
    assert [run.id[-1] for run in list_runs(store, 2)] == ["2", "1"]


def test_a_run_is_found_by_the_start_of_its_id(store: Store) -> None:
    for run_id in ("abcd" + "0" * 28, "abce" + "0" * 28):
        record_start(store, make(run_id))
    assert get_run(store, "abcd").id == "abcd" + "0" * 28
    assert get_run(store, "abce0").to_json()["started_at"] == NOW.isoformat()


@pytest.mark.parametrize(
    ("prefix", "error"),
    [("abc", ConfigError), ("zzzz", ConfigError), ("ab%d", ConfigError), ("ffff", MissingDataError)],
)
def test_a_prefix_that_names_no_run_is_refused(store: Store, prefix: str, error: type[Exception]) -> None:
    record_start(store, make("abcd" + "0" * 28))
    with pytest.raises(error):
        get_run(store, prefix)


def test_a_prefix_of_several_runs_is_refused(store: Store) -> None:
    for end in "01":
        record_start(store, make("abcd" + "0" * 27 + end))
    with pytest.raises(ConfigError, match="several"):
        get_run(store, "abcd")


def test_only_the_run_of_a_dead_process_is_closed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    record_start(store, make("a" * 32))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    mark = record_room._process_mark(gone.pid)
    gone.wait()
    monkeypatch.setattr(record_room, "_process_mark", lambda _: mark)
    record_start(store, make("b" * 32))
    monkeypatch.undo()
    assert close_abandoned(store, now=NOW) == ["b" * 32]
    assert get_run(store, "aaaa").status == "running"
    closed = get_run(store, "bbbb")
    assert (closed.status, closed.finished_at) == ("failed", NOW)
    assert close_abandoned(store, now=NOW) == []
