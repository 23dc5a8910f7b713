"""The night: load, check, freeze, run every report, publish what the gate lets through."""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger, task
from prefect.client.schemas.objects import State
from prefect.futures import wait
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from sillok.errors import RunError, SillokError
from sillok.node import jobs
from sillok.node.processes import die_with_parent
from sillok.settings import load_settings

__all__ = ["nightly"]


@task(name="load")
def load() -> dict[str, Any]:
    """Bring the market into the store."""
    return jobs.load(load_settings(), say=get_run_logger().info)


@task(name="check")
def check(load_id: str) -> list[dict[str, Any]]:
    """Check what came; what is an error keeps tonight's pages back."""
    results = jobs.check(load_settings(), load_id)
    for result in results:
        get_run_logger().info("%(severity)s %(name)s: %(summary)s", result)
    return results


@task(name="freeze")
def freeze(load_id: str) -> dict[str, Any]:
    """Freeze the store into a snapshot."""
    return jobs.freeze(load_settings(), load_id)


@task(name="run", task_run_name="run {notebook}")
def run(notebook: str, snapshot: str) -> dict[str, Any]:
    """Run one notebook; one that fails is recorded, and its record is the answer."""
    try:
        return jobs.run_report(load_settings(), notebook, snapshot=snapshot, progress=get_run_logger().info)
    except RunError as err:
        get_run_logger().error("%s", err)
        return dict(err.detail["run"])  # type: ignore[call-overload]


@task(name="publish", task_run_name="publish {run_id}")
def publish(run_id: str) -> dict[str, Any]:
    """Put the page up, or keep the last good one."""
    return jobs.publish(load_settings(), run_id)


def _make_snapshot() -> str:
    """Load, check and freeze; where that fails every page says why it is not renewed."""
    try:
        load_id = load()["load_id"]
        check(load_id)
        return str(freeze(load_id)["id"])
    except SillokError as err:
        jobs.hold(load_settings(), err)
        raise


_side_by_side: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=3)


@flow(name="nightly", task_runner=_side_by_side)  # type: ignore[arg-type]
def nightly(session: str = "", force: bool = False) -> State[Any]:
    """Make tonight's pages.

    Parameters
    ----------
    session
        The session (YYYY-MM-DD) that is expected; anything but the last closed one is refused.
    force
        Work also on a day without a session.
    """
    die_with_parent()
    settings = load_settings()
    day = jobs.due_session(settings, session, force=force)
    if not day:
        return Completed(
            message=f"skipped: {settings.current_time():%Y-%m-%d} is not a KRX session", name="Skipped"
        )
    with jobs.night_lock(settings):
        snapshot = _make_snapshot()
        notebooks = [info.path.relative_to(settings.project).as_posix() for info in jobs.notebooks(settings)]
        futures = [run.submit(notebook, snapshot) for notebook in notebooks]
        wait(futures)
        results = [future.result(raise_on_failure=False) for future in futures]
        pages = [publish(result["id"]) for result in results if isinstance(result, dict)]
    broken = [str(result) for result in results if not isinstance(result, dict)]
    outcome = jobs.conclude(day, snapshot, pages, broken)
    return (Completed if outcome["state"] == "completed" else Failed)(message=outcome["message"])
