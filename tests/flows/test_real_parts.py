"""The main job on the real parts: MariaDB for facts, S3 for objects, a Prefect server on PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sillok.errors import ResourceError
from sillok.node.processes import Child, stop_all
from sillok.objects import open_objects
from sillok.store import open_store, tables
from tests.conftest import S3Server
from tests.flows.test_node import COMMAND, ask, environment_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def _answers(url: str) -> bool:
    try:
        return bool(ask(url))
    except OSError:
        return False


@pytest.fixture
def environment(tmp_path: Path, fresh_mariadb: str, s3: S3Server, fresh_bucket: str) -> dict[str, str]:
    return environment_of(tmp_path) | {
        "SILLOK_DATABASE_URL": fresh_mariadb,
        "SILLOK_OBJECTS_URL": s3.url(fresh_bucket),
        "SILLOK_OBJECTS_ACCESS_KEY": s3.access_key,
        "SILLOK_OBJECTS_SECRET_KEY": s3.secret_key,
        "SILLOK_NIGHTLY_CRON": "30 18 * * 1-5",
    }


@pytest.fixture
def prefect(tmp_path: Path, environment: dict[str, str], postgres_url: str) -> Iterator[str]:
    """Serve Prefect on PostgreSQL, as the compose file does, and give its API's address."""
    port = environment["SILLOK_PORT_PREFECT"]
    api = f"http://127.0.0.1:{port}/api"
    server = Child(
        name="prefect",
        words=[sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port],
        environment={
            **os.environ,
            "PREFECT_HOME": str(tmp_path / "prefect"),
            "PREFECT_API_DATABASE_CONNECTION_URL": postgres_url,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        },
        folder=tmp_path,
        log=tmp_path / "prefect.log",
        ready=lambda: _answers(f"{api}/health"),
        ready_within_s=180,
    )
    process = server.start()
    try:
        server.wait_ready(process)
        yield api
    finally:
        stop_all([process])


def test_the_main_job_on_the_real_parts(prefect: str, environment: dict[str, str], tmp_path: Path) -> None:
    environment = environment | {"SILLOK_PREFECT_API_URL": prefect}
    done = subprocess.run(
        [COMMAND, "up", "--once", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert answer["night"]["state"] == "completed"
    assert {Path(page).parent.name for page in answer["pages"]} == {"good", "board"}

    store = open_store(environment["SILLOK_DATABASE_URL"])
    with store.engine.connect() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(tables.daily_bar)).scalar_one() > 5_000
        runs = conn.execute(sa.select(tables.run)).all()
    store.engine.dispose()
    assert {run.status for run in runs} == {"done"}

    bucket = open_objects(
        environment["SILLOK_OBJECTS_URL"],
        directory=tmp_path / "unused",
        cache=tmp_path / "cache",
        access_key=environment["SILLOK_OBJECTS_ACCESS_KEY"],
        secret_key=environment["SILLOK_OBJECTS_SECRET_KEY"],
    )
    assert all(bucket.has(run.executed_key) for run in runs)
    assert bucket.has(runs[0].snapshot_id)
    assert not (tmp_path / "home" / "objects").exists()
    finished = ask(f"{prefect}/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}})
    assert len(finished) == 1

    # No secret in what was said, logged or published.
    secret = environment["SILLOK_OBJECTS_SECRET_KEY"]
    written = [
        p for p in tmp_path.rglob("*") if p.is_file() and p.suffix in {".log", ".html", ".json", ".ipynb"}
    ]
    assert written
    assert not [p for p in written if secret in p.read_text(encoding="utf-8", errors="replace")]
    assert secret not in done.stdout + done.stderr


def test_a_night_without_its_object_store_fails_and_says_which(environment: dict[str, str]) -> None:
    environment = environment | {"SILLOK_OBJECTS_URL": "s3://127.0.0.1:9/none?secure=0"}
    done = subprocess.run(
        [COMMAND, "nightly", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == ResourceError.exit_code, done.stdout + done.stderr
    assert "127.0.0.1:9" in json.loads(done.stdout.splitlines()[-1])["error"]["message"]
