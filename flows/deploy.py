"""``python -m flows.deploy``: make the work pool and the deployment; with ``--run`` start a run and wait for it.

``PREFECT_API_URL`` says which server.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.deployments import run_deployment
from prefect.schedules import Cron
from prefect.states import Crashed

from flows.nightly import nightly
from sillok.errors import ConfigError, ResourceError, SillokError
from sillok.settings import Settings, load_settings

__all__ = [
    "DEPLOYMENT",
    "POOL",
    "close_zombies",
    "deploy",
    "main",
    "run_now",
    "server_answers",
    "wait_for_server",
]

POOL = "sillok"
DEPLOYMENT = "nightly/nightly"
_WAIT_S = 3600.0
_PATIENCE_S = 180.0


def wait_for_server() -> None:
    """Wait until the server at ``PREFECT_API_URL`` answers.

    Raises
    ------
    ResourceError
        If it does not within three minutes.
    """
    until = time.monotonic() + _PATIENCE_S
    while not server_answers():
        if time.monotonic() > until:
            url = os.environ["PREFECT_API_URL"]
            raise ResourceError(f"no Prefect server answers at {url}; start one, or correct the address")
        time.sleep(0.2)


def server_answers() -> bool:
    """Return whether a server answers at ``PREFECT_API_URL``."""
    url = f"{os.environ['PREFECT_API_URL']}/health"
    try:
        with urllib.request.urlopen(url, timeout=3):  # noqa: S310 - the operator's own address
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def deploy(settings: Settings) -> str:
    """Make the work pool ``sillok`` and the deployment ``nightly/nightly``, or renew them; return its id.

    The cron is read in Asia/Seoul. A night that was missed while the node was down is not made up for.

    Raises
    ------
    ConfigError
        If the cron cannot be read.
    """
    try:
        schedule = Cron(settings.nightly_cron, timezone="Asia/Seoul")
    except ValueError as err:
        raise ConfigError(f"SILLOK_NIGHTLY_CRON is no cron expression: {settings.nightly_cron!r}") from err
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process"), overwrite=True)
    source: Any = nightly.from_source(source=str(settings.project), entrypoint="flows/nightly.py:nightly")
    made = source.deploy(
        name="nightly",
        work_pool_name=POOL,
        schedules=[schedule],
        build=False,
        push=False,
        print_next_steps=False,
    )
    return str(made)


def close_zombies() -> int:
    """Mark as crashed every run that the server still calls running, and return how many there were.

    Only where it is certain that no worker lives: a killed flow cannot say its end, and Prefect does not miss it.
    """
    alive = FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING, StateType.CANCELLING])
    chosen = FlowRunFilter(state=FlowRunFilterState(type=alive))
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=chosen)
        for run in runs:
            gone: Any = Crashed(message="its process is gone: the node was killed or went down")
            client.set_flow_run_state(run.id, gone, force=True)
    return len(runs)


def run_now() -> dict[str, Any]:
    """Start a run of the deployment on the last closed session, wait for it, and say how it ended."""
    run: Any = run_deployment(
        DEPLOYMENT, parameters={"force": True}, timeout=_WAIT_S, poll_interval=0.5, as_subflow=False
    )
    return {
        "flow_run": str(run.id),
        "state": run.state.type.value.lower(),
        "message": run.state.message or "",
    }


def main(words: list[str]) -> int:
    """Deploy; with ``--run`` also run, and end with 6 if that fails. The last line of output is JSON."""
    parser = argparse.ArgumentParser(prog="python -m flows.deploy", description=__doc__)
    parser.add_argument("--run", action="store_true", help="start a run at once and wait for it")
    parser.add_argument(
        "--alone", action="store_true", help="no worker lives yet: close the runs that it left"
    )
    given = parser.parse_args(words)
    try:
        wait_for_server()
        if given.alone:
            close_zombies()
        answer: dict[str, Any] = {"deployment": deploy(load_settings())}
    except SillokError as err:
        print(f"error: {err}", file=sys.stderr)
        return err.exit_code
    if given.run:
        answer |= run_now()
    print(json.dumps(answer, ensure_ascii=False))
    return 0 if answer.get("state", "completed") == "completed" else 6


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
