"""``python -m flows.deploy``: make the work pool and the deployment; with ``--run`` start a run and wait for it.

``PREFECT_API_URL`` says which server.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.deployments import run_deployment
from prefect.schedules import Cron

from flows.nightly import nightly
from sillok.errors import ConfigError, SillokError
from sillok.settings import Settings, load_settings

__all__ = ["DEPLOYMENT", "POOL", "deploy", "main", "run_now"]

POOL = "sillok"
DEPLOYMENT = "nightly/nightly"
_WAIT_S = 3600.0


def deploy(settings: Settings) -> str:
    """Make the work pool ``sillok`` and the deployment ``nightly/nightly``, or renew them; return its id.

    The cron is read in Asia/Seoul. A night that was missed while the node was down is not made up for.
    """
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process"), overwrite=True)
    try:
        schedule = Cron(settings.nightly_cron, timezone="Asia/Seoul")
    except ValueError as err:
        raise ConfigError(f"SILLOK_NIGHTLY_CRON is no cron expression: {settings.nightly_cron!r}") from err
    source: Any = nightly.from_source(source=str(settings.project), entrypoint="flows/nightly.py:nightly")
    return str(
        source.deploy(
            name="nightly",
            work_pool_name=POOL,
            schedules=[schedule],
            concurrency_limit=1,
            build=False,
            push=False,
            print_next_steps=False,
        )
    )


def run_now() -> dict[str, Any]:
    """Start a run of the deployment on the last closed session, wait for it, and say how it ended."""
    run = run_deployment(
        DEPLOYMENT, parameters={"force": True}, timeout=_WAIT_S, poll_interval=0.5, as_subflow=False
    )
    state = run.state  # type: ignore[union-attr]
    return {"flow_run": str(run.id), "state": state.name, "message": state.message or ""}  # type: ignore[union-attr]


def main(words: list[str]) -> int:
    """Deploy; with ``--run`` also run, and end with 6 if that fails. The last line of output is JSON."""
    parser = argparse.ArgumentParser(prog="python -m flows.deploy", description=__doc__)
    parser.add_argument("--run", action="store_true", help="start a run at once and wait for it")
    given = parser.parse_args(words)
    try:
        answer: dict[str, Any] = {"deployment": deploy(load_settings())}
    except SillokError as err:
        print(f"error: {err}", file=sys.stderr)
        return err.exit_code
    if given.run:
        answer |= run_now()
    print(json.dumps(answer, ensure_ascii=False))
    return 0 if answer.get("state", "Completed") == "Completed" else 6


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
