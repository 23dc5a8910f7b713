"""A run is recorded whatever happens to its notebook."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest

from sillok.errors import ParameterError, RunError
from sillok.objects import Objects
from sillok.runs import RunRecord, get_run, list_runs
from sillok.runs.execution import execute, kernel_environment
from sillok.store import Store

NOW = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
AS_OF = datetime(2026, 6, 30, 6, 30, tzinfo=UTC)

Run = Callable[..., RunRecord]


@pytest.fixture
def run(store: Store, objects: Objects, tmp_path: Path) -> Run:
    def call(notebook: Path, parameters: dict[str, object] | None = None, **more: Any) -> RunRecord:
        return execute(
            notebook,
            parameters or {},
            store=store,
            objects=objects,
            snapshot_id="a" * 64,
            as_of=AS_OF,
            project=tmp_path / "project",
            environment={"SILLOK_TRIAL": "yes"},
            now=lambda: NOW,
            **more,
        )

    return call


def outputs(objects: Objects, record: RunRecord) -> str:
    assert record.executed_key
    document = nbformat.reads(objects.get(record.executed_key).decode(), as_version=4)
    return json.dumps([c.get("outputs", []) for c in document.cells])


def test_a_run_keeps_its_parameters_source_snapshot_and_executed_copy(
    run: Run, make_notebook: Callable[..., Path], objects: Objects, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "uv.lock").write_text("lock")
    notebook = make_notebook(
        "import os, pathlib; print(n * 2, os.environ['SILLOK_SNAPSHOT'][:3], os.environ['SILLOK_AS_OF'],"
        " os.environ['SILLOK_TRIAL'], pathlib.Path.cwd().name)",
        parameters="n: int = 3  # 1..9",
    )
    record = run(notebook, {"n": "4"})
    assert get_run(store, record.id[:8]) == record
    assert (record.status, record.error, record.parameters) == ("done", None, {"n": 4})
    assert record.notebook == "notebooks/report.ipynb"
    assert record.source_hash == hashlib.sha256(notebook.read_bytes()).hexdigest()
    assert record.lock_hash == hashlib.sha256(b"lock").hexdigest()
    assert (record.snapshot_id, record.as_of, record.finished_at) == ("a" * 64, AS_OF, NOW)
    assert f"8 aaa {AS_OF.isoformat()} yes project" in outputs(objects, record)
    assert "completed" in (record.log or "")
    assert str(tmp_path) not in objects.get(record.executed_key or "").decode().replace("cwd", "")


def test_a_failing_notebook_is_recorded_with_its_executed_copy_to_the_failing_cell(
    run: Run, make_notebook: Callable[..., Path], objects: Objects, store: Store
) -> None:
    notebook = make_notebook("print('before')", "1 / 0", "print('after')")
    with pytest.raises(RunError, match="ZeroDivisionError") as failure:
        run(notebook)
    record = list_runs(store)[0]
    assert failure.value.detail["run"] == record
    assert record.status == "failed"
    assert "ZeroDivisionError: division by zero in cell 2" in (record.error or "")
    text = outputs(objects, record)
    assert "before" in text
    assert "ZeroDivisionError" in text
    assert "after" not in text
    assert "ZeroDivisionError" in (record.log or "")


def test_a_kernel_that_is_killed_is_a_failed_run_with_what_came_before(
    run: Run, make_notebook: Callable[..., Path], objects: Objects, store: Store
) -> None:
    notebook = make_notebook("print('before')", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(RunError, match="kernel died"):
        run(notebook)
    assert "before" in outputs(objects, list_runs(store)[0])


def test_a_cell_without_end_is_stopped_and_recorded(
    run: Run, make_notebook: Callable[..., Path], store: Store
) -> None:
    with pytest.raises(RunError):
        run(make_notebook("import time; time.sleep(600)"), cell_timeout_s=1)
    assert list_runs(store)[0].status == "failed"


def test_an_unknown_parameter_runs_nothing_and_leaves_no_record(
    run: Run, make_notebook: Callable[..., Path], store: Store, tmp_path: Path
) -> None:
    notebook = make_notebook(f"open({str(tmp_path / 'ran')!r}, 'w').close()", parameters="n: int = 1")
    for values in ({"N": 2}, {"n": "1; import os"}, {"n = 1\nimport os": 1}):
        with pytest.raises(ParameterError, match="Allowed: n: int = 1"):
            run(notebook, values)
    assert list_runs(store) == []
    assert not (tmp_path / "ran").exists()


def test_text_in_a_parameter_stays_text(
    run: Run, make_notebook: Callable[..., Path], objects: Objects
) -> None:
    notebook = make_notebook("print(repr(note))", parameters='note: str = ""')
    evil = "'''\"\"\"\\'; import os; os._exit(3)\n#\u2028\x00{}"
    assert json.dumps(repr(evil))[1:-1] in outputs(objects, run(notebook, {"note": evil}))


def test_two_runs_side_by_side_do_not_mix(
    run: Run, make_notebook: Callable[..., Path], objects: Objects
) -> None:
    notebooks = [make_notebook(f"print('mine {n}')", name=f"n{n}.ipynb") for n in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(run, notebooks)
    assert "mine 1" in outputs(objects, first)
    assert "mine 2" not in outputs(objects, first)
    assert "mine 2" in outputs(objects, second)


def test_the_key_of_the_account_does_not_reach_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILLOK_KIS_APP_SECRET", "secret")
    env = kernel_environment({"SILLOK_SNAPSHOT": "a"})
    assert "SILLOK_KIS_APP_SECRET" not in env
    assert env["SILLOK_SNAPSHOT"] == "a"
    assert env["PATH"] == os.environ["PATH"]
