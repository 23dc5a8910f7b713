"""The night here and now: the very flow that the schedule runs, without its server if none is named."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from sillok.errors import RunError
from sillok.node.jobs import due_session
from sillok.node.kernelspec import install_kernelspec
from sillok.node.services import prefect_environment

if TYPE_CHECKING:
    from sillok.settings import Settings

__all__ = ["run_nightly"]


def run_nightly(settings: Settings, *, session: str = "", force: bool = False) -> dict[str, Any]:
    """Run the flow in a process of its own, its log on our standard error, and return how it ended.

    With ``SILLOK_PREFECT_API_URL`` the run shows on that server.

    Raises
    ------
    ConfigError
        If ``session`` is not the last closed one; nothing was started.
    RunError
        If the night failed or a page was held back; what could be published is up.
    """
    due_session(settings, session, force=force)
    install_kernelspec()
    environment = prefect_environment(settings, broker=True)
    if not settings.prefect_api_url:
        # A server for this one run: not on the database of one that `sillok up` may be running.
        del environment["PREFECT_API_URL"]
        environment["PREFECT_HOME"] = str(settings.home_path / "prefect-night")
    words = [sys.executable, "-m", "flows.nightly", "--session", session, *(["--force"] if force else [])]
    done = subprocess.run(
        words, env=environment, cwd=settings.project, stdout=subprocess.PIPE, text=True, check=False
    )
    lines = done.stdout.strip().splitlines()
    outcome: dict[str, Any] = (
        json.loads(lines[-1]) if lines else {"state": "Crashed", "message": "see the log above"}
    )
    if done.returncode:
        raise RunError(f"the night failed: {outcome['message']}", **outcome)
    return outcome
