"""The night: its steps stated once, for whoever takes them: a person's terminal, or Prefect in ``flows``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol, TypeVar

from sillok.errors import GateError, RunError, SillokError
from sillok.node import jobs
from sillok.settings import Settings

__all__ = ["SIDE_BY_SIDE", "Say", "Steps", "StepsHere", "make_night", "run_nightly"]

SIDE_BY_SIDE = 3  # notebooks that run at once

Say = Callable[[str], None]
_T = TypeVar("_T")


class Steps(Protocol):
    """Who takes the steps of a night: gives each its name, and what it says a place."""

    def take(self, name: str, step: Callable[[Say], _T]) -> _T:
        """Take one step and return its result; what it raises leaves."""

    def take_side_by_side(self, steps: Mapping[str, Callable[[Say], _T]]) -> list[_T | BaseException]:
        """Take steps at once, by name; give the result of each, or what it raised."""


class StepsHere:
    """The steps taken here and now, in this process."""

    def __init__(self, say: Say) -> None:
        self._say = say

    def take(self, name: str, step: Callable[[Say], _T]) -> _T:
        """Take one step."""
        return step(self._say)

    def take_side_by_side(self, steps: Mapping[str, Callable[[Say], _T]]) -> list[_T | BaseException]:
        """Take steps in as many threads as notebooks run at once."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            futures = [pool.submit(step, self._say) for step in steps.values()]
        return [future.exception() or future.result() for future in futures]


def make_night(
    settings: Settings,
    steps: Steps,
    *,
    session: str = "",
    force: bool = False,
    progress: jobs.Progress | None = None,
) -> dict[str, Any]:
    """Load, check, freeze, run every report and publish what the gate lets through; return how it ended.

    Parameters
    ----------
    session, force
        As in :func:`sillok.node.slot.due_session`.
    progress
        Told how far each dataset of the load is.

    Returns
    -------
    dict
        ``state`` (completed, failed or skipped), ``message``, ``pages``, and ``broken``: the notebooks that failed
        or never became a run. The others' pages are up all the same.

    Raises
    ------
    SillokError
        If there was nothing to run on; every page then says why it is not renewed.
    """
    day = jobs.due_session(settings, session, force=force)
    if not day:
        today = f"{settings.current_time():%Y-%m-%d}"
        return {"state": "skipped", "message": f"skipped: {today} is not a KRX session", "pages": []}
    with jobs.night_lock(settings):
        snapshot = _make_snapshot(settings, steps, progress)
        paths = [info.path.relative_to(settings.project).as_posix() for info in jobs.notebooks(settings)]
        runs = {f"run {path}": partial(_run, settings, path, snapshot) for path in paths}
        results = dict(zip(paths, steps.take_side_by_side(runs), strict=True))
        done = [result for result in results.values() if not isinstance(result, BaseException)]
        pages = [steps.take(f"publish {run['id']}", partial(_publish, settings, run["id"])) for run in done]
    refused = [_in_words(result) for result in results.values() if isinstance(result, BaseException)]
    broken = [path for path, result in results.items() if _is_broken(result)]
    return jobs.conclude(day, snapshot, pages, refused) | {"broken": broken}


def run_nightly(
    settings: Settings,
    *,
    session: str = "",
    force: bool = False,
    say: Say = lambda _: None,
    progress: jobs.Progress | None = None,
) -> dict[str, Any]:
    """Make the night here, without Prefect, for a person at a terminal; see :func:`make_night`.

    Raises
    ------
    GateError
        If a page was held for its data; the others are up.
    RunError
        If a notebook failed; the others are up.
    SillokError
        If there was nothing to run on; every page then says why it is not renewed.
    """
    outcome = make_night(settings, StepsHere(say), session=session, force=force, progress=progress)
    if outcome["state"] == "failed":
        raise (RunError if outcome["broken"] else GateError)(outcome["message"], **outcome)
    return outcome


def _make_snapshot(settings: Settings, steps: Steps, progress: jobs.Progress | None) -> str:
    """Load, check and freeze; where that fails every page says why it is not renewed."""
    try:
        load_id = steps.take("load", lambda say: jobs.load(settings, progress=progress, say=say))["load_id"]
        steps.take("check", partial(_check, settings, load_id))
        return str(steps.take("freeze", lambda _: jobs.freeze(settings, load_id))["id"])
    except SillokError as err:
        jobs.hold(settings, err)
        raise


def _check(settings: Settings, load_id: str, say: Say) -> None:
    for result in jobs.check(settings, load_id):
        say(f"{result['severity']} {result['name']}: {result['summary']}")


def _run(settings: Settings, notebook: str, snapshot: str, say: Say) -> dict[str, Any]:
    """Run one notebook; one that fails is recorded, and its record is the answer."""
    try:
        return jobs.run_report(settings, notebook, snapshot=snapshot, progress=say)
    except RunError as err:
        say(str(err))
        record: Any = err.detail["run"]
        return dict(record)


def _publish(settings: Settings, run_id: str, _: Say) -> dict[str, Any]:
    return jobs.publish(settings, run_id)


def _is_broken(result: dict[str, Any] | BaseException) -> bool:
    return isinstance(result, BaseException) or result["status"] == "failed"


def _in_words(err: BaseException) -> str:
    return str(err) if isinstance(err, SillokError) else f"{type(err).__name__}: {err}"
