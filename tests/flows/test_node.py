"""The whole node for real: Prefect's server and worker, the first night, a cron that fires, services, the end.

One node serves the tests of this file, in their order; the last one kills it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from sillok.node.processes import MARK
from tests.projects import FAILING, free_ports, make_project, write_notebook

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("node")]

COMMAND = str(Path(sys.executable).with_name("sillok"))
PORTS = ("SANDBOX", "PREFECT", "ROOM", "VOILA", "LAB")


def marked() -> Iterator[tuple[psutil.Process, dict[str, str]]]:
    """Yield every process that carries the mark of a node, with its environment."""
    for process in psutil.process_iter():
        try:
            environment = process.environ()
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        if MARK in environment:
            yield process, environment


@dataclass
class Node:
    """A node that runs, and what it said."""

    process: subprocess.Popen[bytes]
    project: Path
    environment: dict[str, str]
    out: Path

    def address(self, service: str) -> str:
        return f"http://127.0.0.1:{self.environment[f'SILLOK_PORT_{service}']}"

    def said(self) -> str:
        return self.out.read_text(encoding="utf-8")

    def family(self) -> list[psutil.Process]:
        """Return every process that carries the node's mark and its settings."""
        home = self.environment["SILLOK_HOME"]
        return [one for one, environment in marked() if environment.get("SILLOK_HOME") == home]


def environment_of(root: Path) -> dict[str, str]:
    project = make_project(root / "project")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SILLOK_", "PREFECT_"))}
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    return {
        **kept,
        **{f"SILLOK_PORT_{name}": str(port) for name, port in ports.items()},
        "SILLOK_PROJECT": str(project),
        "SILLOK_HOME": str(root / "home"),
        "SILLOK_NOW": "2026-06-30T18:30:00+09:00",
        "SILLOK_HISTORY_START": "2026-05-15",
        "SILLOK_NIGHTLY_CRON": "* * * * *",
        "SILLOK_LANG": "en",
    }


def wait_for(what: Callable[[], Any], seconds: float, why: Callable[[], str]) -> Any:
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, why()
        time.sleep(0.5)
    return found


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except psutil.NoSuchProcess:
        return False


def ask(url: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def sillok(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    root = tmp_path_factory.mktemp("node")
    environment, out = environment_of(root), root / "up.out"
    with out.open("wb") as log:
        process = subprocess.Popen(
            [COMMAND, "up"],
            env=environment,
            cwd=root,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    node = Node(process, root / "project", environment, out)
    try:
        wait_for(
            lambda: "Press Ctrl-C" in node.said() or process.poll() is not None,
            400,
            lambda: node.said() + (root / "home/log/worker.log").read_text(),
        )
        assert process.poll() is None, node.said()
        yield node
    finally:
        process.kill()
        process.wait()


def test_the_first_night_ran_through_prefect_and_its_pages_are_up(node: Node) -> None:
    assert "the nightly flow is done: 2026-06-30: 2 pages published" in node.said()
    pages = ask(f"{node.address('ROOM')}/api/publications")["publications"]
    assert {(page["slug"], page["held_reason"]) for page in pages} == {("good", ""), ("board", "")}
    runs = ask(f"{node.address('PREFECT')}/api/flow_runs/filter", {})
    assert any(run["state_type"] == "COMPLETED" and not run["auto_scheduled"] for run in runs)


def test_the_flow_s_kernels_are_of_the_node_s_own_parent(node: Node) -> None:
    (mark,) = {process.environ()[MARK] for process in node.family()}
    # A parent has none of the settings, so that it is no member of the family.
    ours = [(one, told) for one, told in marked() if told[MARK] == mark and is_alive(one)]
    paths = {told.get("PYTHONPATH") for one, told in ours if "sillok.kernels.server" in _words(one)}
    assert paths == {node.environment.get("PYTHONPATH")}, "Prefect's path made a parent of its own"


def test_every_service_answers(node: Node) -> None:
    for url in (f"{node.address('ROOM')}/good/", f"{node.address('VOILA')}/", f"{node.address('LAB')}/api"):
        with urllib.request.urlopen(url, timeout=20) as answer:
            assert answer.status == 200


def test_jupyterlab_wants_its_token_and_offers_the_project_s_kernel_alone(node: Node) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        ask(f"{node.address('LAB')}/api/kernelspecs")
    token = node.said().split("token=")[1].split()[0]
    kernels = ask(f"{node.address('LAB')}/api/kernelspecs?token={token}")
    assert kernels["default"] == "sillok"
    assert list(kernels["kernelspecs"]) == ["sillok"]
    assert {"notebooks", "dashboards"} <= {
        entry["name"] for entry in ask(f"{node.address('LAB')}/api/contents?token={token}")["content"]
    }


def test_a_cron_fires_and_its_run_completes(node: Node) -> None:
    def completed() -> Any:
        runs = ask(f"{node.address('PREFECT')}/api/flow_runs/filter", {})
        return [run for run in runs if run["auto_scheduled"] and run["state_type"] == "COMPLETED"]

    (run, *_) = wait_for(
        completed, 300, lambda: json.dumps(ask(f"{node.address('PREFECT')}/api/flow_runs/filter", {}))[:4000]
    )
    due = datetime.fromisoformat(run["expected_start_time"])
    assert due.second == 0
    # Prefect's worker looks ahead, and may begin a fraction of a second early.
    assert datetime.fromisoformat(run["start_time"]) >= due - timedelta(seconds=10)
    schedules = ask(f"{node.address('PREFECT')}/api/deployments/name/nightly/nightly")["schedules"]
    assert [(s["schedule"]["cron"], s["schedule"]["timezone"]) for s in schedules] == [
        ("* * * * *", "Asia/Seoul")
    ]


def test_a_second_node_on_the_same_home_is_refused_in_one_line(node: Node) -> None:
    free = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    again = sillok({**node.environment, **{f"SILLOK_PORT_{k}": v for k, v in free.items()}}, "up", "--once")
    assert again.returncode == 8
    assert "already runs" in again.stderr
    assert again.stderr.count("\n") == 1


def test_a_port_in_use_is_one_clear_line(node: Node, tmp_path: Path) -> None:
    taken = sillok({**node.environment, "SILLOK_HOME": str(tmp_path / "other")}, "up", "--once")
    assert taken.returncode == 8
    assert f"port {node.environment['SILLOK_PORT_SANDBOX']} on 127.0.0.1 is in use" in taken.stderr
    assert taken.stderr.count("\n") == 1
    assert not (tmp_path / "other" / "log").exists()


def test_a_notebook_that_fails_ends_the_flow_as_failed_after_the_others_are_up(node: Node) -> None:
    def page(slug: str) -> dict[str, Any]:
        pages = ask(f"{node.address('ROOM')}/api/publications")["publications"]
        return next(page for page in pages if page["slug"] == slug)

    good = page("good")["run_id"]
    write_notebook(node.project / "notebooks" / "good.ipynb", FAILING, "good")
    held = wait_for(lambda: page("good") if page("good")["held_reason"] else None, 300, node.said)
    assert "지수가 비었습니다" in held["held_reason"]
    assert held["run_id"], "the last good page is gone"
    failed = wait_for(
        lambda: [
            run
            for run in ask(f"{node.address('PREFECT')}/api/flow_runs/filter", {})
            if run["state_type"] == "FAILED" and "지수가 비었습니다" in run["state"]["message"]
        ],
        120,
        node.said,
    )
    assert failed
    assert page("board")["held_reason"] == ""
    record = next(
        run
        for run in ask(f"{node.address('ROOM')}/api/runs?limit=50")["runs"]
        if run["id"] == held["held_run_id"]
    )
    assert record["status"] == "failed"
    assert record["executed_key"]
    assert good


def _words(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:  # it ended while we looked
        return []


def test_a_worker_that_is_killed_is_started_again_and_its_night_is_not_running_for_ever(node: Node) -> None:
    def workers() -> list[psutil.Process]:
        return [p for p in node.family() if "flows.worker" in _words(p)]

    def state(run_id: str) -> str:
        return str(ask(f"{node.address('PREFECT')}/api/flow_runs/{run_id}")["state_type"])

    running = {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}}
    (night, *_) = wait_for(
        lambda: ask(f"{node.address('PREFECT')}/api/flow_runs/filter", running), 150, node.said
    )
    (before,) = workers()
    before.kill()
    after = wait_for(lambda: [p for p in workers() if p.pid != before.pid], 60, node.said)
    assert after
    wait_for(lambda: "worker ended with -9 and is started again" in node.said(), 30, node.said)
    assert state(night["id"]) == "CRASHED"
    runs = ask(f"{node.address('ROOM')}/api/runs?limit=50")["runs"]
    assert not [run for run in runs if run["status"] == "running"]


def test_a_node_that_is_killed_leaves_no_process(node: Node) -> None:
    family = node.family()
    assert len(family) >= 6
    node.process.send_signal(signal.SIGKILL)
    node.process.wait()
    # A process that is ending has no environment any more, but may hold on to its name for a moment.
    wait_for(
        lambda: not [p for p in family if is_alive(p)], 30, lambda: str([p for p in family if is_alive(p)])
    )
    assert not node.family()


def test_a_node_that_is_told_to_stop_stops_all_and_says_so(tmp_path: Path) -> None:
    environment, out = environment_of(tmp_path), tmp_path / "up.out"
    with out.open("wb") as log:
        process = subprocess.Popen(
            [COMMAND, "up"],
            env=environment, cwd=tmp_path, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    stopping = Node(process, tmp_path / "project", environment, out)
    try:
        wait_for(lambda: len(stopping.family()) >= 4, 120, stopping.said)
        process.terminate()
        assert process.wait(timeout=60) == 0
        assert not stopping.family()
        assert "no process is left" in stopping.said()
    finally:
        process.kill()
        process.wait()
