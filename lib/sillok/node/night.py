"""The night without Prefect: the steps of the flow, here and now, for a person at a terminal."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sillok.errors import GateError, RunError, SillokError
from sillok.node import jobs
from sillok.settings import Settings

__all__ = ["run_nightly"]

_SIDE_BY_SIDE = 3  # kernels at once, as in the flow


def run_nightly(
    settings: Settings,
    *,
    session: str = "",
    force: bool = False,
    say: Callable[[str], None] = lambda _: None,
    progress: jobs.Progress | None = None,
) -> dict[str, Any]:
    """Load, check, freeze, run every report and publish what the gate lets through; say how it ended.

    Raises
    ------
    GateError
        If a page was held for its data; the others are up.
    RunError
        If a notebook failed; the others are up.
    SillokError
        If there was nothing to run on; every page then says why it is not renewed.
    """
    day = jobs.due_session(settings, session, force=force)
    if not day:
        today = f"{settings.current_time():%Y-%m-%d}"
        return {"state": "skipped", "message": f"skipped: {today} is not a KRX session", "pages": []}
    with jobs.night_lock(settings):
        snapshot = _make_snapshot(settings, say, progress)
        runs, broken = _run_all(settings, snapshot, say)
        pages = [jobs.publish(settings, run["id"]) for run in runs]
    outcome = jobs.conclude(day, snapshot, pages, broken)
    if outcome["state"] == "failed":
        failed = broken or any(run["status"] == "failed" for run in runs)
        raise (RunError if failed else GateError)(outcome["message"], **outcome)
    return outcome


def _make_snapshot(settings: Settings, say: Callable[[str], None], progress: jobs.Progress | None) -> str:
    try:
        load_id = jobs.load(settings, progress=progress, say=say)["load_id"]
        jobs.check(settings, load_id)
        return str(jobs.freeze(settings, load_id)["id"])
    except SillokError as err:
        jobs.hold(settings, err)
        raise


def _run_all(
    settings: Settings, snapshot: str, say: Callable[[str], None]
) -> tuple[list[dict[str, Any]], list[str]]:
    def run(notebook: str) -> dict[str, Any]:
        try:
            return jobs.run_report(settings, notebook, snapshot=snapshot, progress=say)
        except RunError as err:
            say(str(err))
            record: Any = err.detail["run"]
            return dict(record)

    runs, broken = [], []
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        futures = [pool.submit(run, str(info.path)) for info in jobs.notebooks(settings)]
        for future in futures:
            try:
                runs.append(future.result())
            except SillokError as err:  # refused before it became a run
                broken.append(str(err))
    return runs, broken
