"""The reading room hands out pages and records, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sillok.errors import ResourceError
from sillok.pages import build_index
from sillok.readingroom import create_app
from sillok.runs import RunRecord
from sillok.runs.record import record_start
from sillok.store import Store, open_store
from tests.pages.test_publish import RUN, put


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'sillok.db'}")
    opened.migrate()
    yield opened
    opened.engine.dispose()


@pytest.fixture
def room(tmp_path: Path, store: Store) -> Iterator[TestClient]:
    site = tmp_path / "site"
    put(site)
    build_index(site)
    with TestClient(create_app(site, lambda: store), raise_server_exceptions=False) as client:
        yield client


def test_pages_come_with_headers_under_which_no_script_runs(room: TestClient) -> None:
    for path in ("/", "/good/", "/assets/sillok.css", "/no-such-page", "/api/runs", "/health"):
        headers = room.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "script-src" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
    assert "오늘의 &lt;시장&gt;" in room.get("/good/").text


@pytest.mark.parametrize(
    "path",
    [
        "/good/page.json",
        "/../sillok.db",
        "/%2e%2e/sillok.db",
        "/good/.draft-x",
        "/.hidden/index.html",
        "/assets/..%2f..%2fsillok.db",
    ],
)
def test_what_is_no_page_is_not_handed_out(room: TestClient, tmp_path: Path, path: str) -> None:
    (tmp_path / "site" / "good" / ".draft-x").write_text("half")
    (tmp_path / "site" / ".hidden").mkdir()
    (tmp_path / "site" / ".hidden" / "index.html").write_text("hidden")
    assert room.get(path).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(room: TestClient, method: str) -> None:
    for path in ("/", "/good/", "/api/runs", "/health"):
        assert room.request(method, path).status_code == 405


def test_health_and_publications_say_what_is_up(room: TestClient) -> None:
    assert room.get("/health").json() == {"status": "ok", "pages": 1}
    (page,) = room.get("/api/publications").json()["publications"]
    assert (page["slug"], page["run_id"], page["source"]) == ("good", RUN.id, "synthetic")


def test_runs_are_answered_newest_first_and_in_bounds(room: TestClient, store: Store) -> None:
    for day in (1, 2):
        record_start(
            store,
            RunRecord(
                id=f"{day:032x}", notebook="n", title="t", status="running", parameters={}, source_hash="",
                commit="", lock_hash="", snapshot_id="s", as_of=datetime(2026, 7, day, tzinfo=UTC),
                started_at=datetime(2026, 7, day, tzinfo=UTC),
            ),
        )  # fmt: skip
    assert [run["id"][-1] for run in room.get("/api/runs").json()["runs"]] == ["2", "1"]
    assert len(room.get("/api/runs?limit=1").json()["runs"]) == 1
    for limit in ("0", "201", "x", "-1", "²"):
        assert room.get("/api/runs", params={"limit": limit}).status_code == 422


def test_pages_stay_readable_while_the_store_is_away(tmp_path: Path) -> None:
    def away() -> Store:
        raise ResourceError("mysql://sillok:secret@db is gone")

    put(tmp_path)
    with TestClient(create_app(tmp_path, away)) as client:
        answer = client.get("/api/runs")
        assert answer.status_code == 503
        assert "secret" not in answer.text
        assert client.get("/good/").status_code == 200


def test_a_damaged_state_is_said_by_health(room: TestClient, tmp_path: Path) -> None:
    (tmp_path / "site" / "good" / "page.json").write_text("{")
    assert room.get("/health").status_code == 500
    assert room.get("/good/").status_code == 200


def test_a_site_that_is_not_there_yet_is_healthy_and_empty(tmp_path: Path, store: Store) -> None:
    with TestClient(create_app(tmp_path / "nowhere", lambda: store)) as client:
        assert client.get("/health").json()["pages"] == 0
        assert client.get("/").status_code == 404
