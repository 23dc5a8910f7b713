"""The night under Prefect: load, check, freeze, run every report, publish what the gate lets through."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import wait
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from sillok.node.night import SIDE_BY_SIDE, Say, make_night
from sillok.node.processes import die_with_parent
from sillok.settings import load_settings

__all__ = ["nightly"]

_T = TypeVar("_T")


class _Tasks:
    """Each step is a task, which Prefect shows with its log and its state."""

    def take(self, name: str, step: Callable[[Say], _T]) -> _T:
        """Take one step."""
        result: _T = _task(name, step)()
        return result

    def take_side_by_side(self, steps: Mapping[str, Callable[[Say], _T]]) -> list[_T | BaseException]:
        """Take steps in the threads of the flow's task runner."""
        futures = [_task(name, step).submit() for name, step in steps.items()]
        wait(futures)
        return [future.result(raise_on_failure=False) for future in futures]


def _task(name: str, step: Callable[[Say], Any]) -> Any:
    # All tasks have this one source and no argument: Prefect's cache would take them for the same.
    @task(name=name.split(maxsplit=1)[0], task_run_name=lambda: name, cache_policy=NO_CACHE)
    def taken() -> Any:
        return step(get_run_logger().info)

    return taken


def _leave_path(project: Path) -> None:
    """Take the project out of PYTHONPATH, where Prefect puts it for this process.

    A notebook shall find what it finds under ``sillok nightly``; and with a path of its own, its kernel could
    not be a fork of the node's parent, whose environment is another.
    """
    path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    kept = [entry for entry in path if entry and Path(entry) != project]
    if kept:
        os.environ["PYTHONPATH"] = os.pathsep.join(kept)
    else:
        os.environ.pop("PYTHONPATH", None)


_side_by_side: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=SIDE_BY_SIDE)


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
    _leave_path(settings.project)
    done = make_night(settings, _Tasks(), session=session, force=force)
    if done["state"] == "skipped":
        return Completed(message=done["message"], name="Skipped")
    return (Completed if done["state"] == "completed" else Failed)(message=done["message"])
