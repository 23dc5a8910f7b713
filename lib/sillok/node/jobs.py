"""The night's jobs, one function each, wired from the settings. The command and the flow call these same ones.

Each returns a report of plain values, ready for JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sillok.errors import MissingDataError, RunError
from sillok.node.environment import settings_environment
from sillok.node.kernelspec import install_kernelspec
from sillok.node.loading import Progress, load, plan
from sillok.node.publication import hold, publish
from sillok.node.slot import conclude, due_session, night_lock
from sillok.node.wiring import find_snapshot, open_objects_of, open_store_of

if TYPE_CHECKING:
    from sillok.runs import NotebookInfo
    from sillok.settings import Settings

__all__ = [
    "Progress",
    "check",
    "conclude",
    "due_session",
    "freeze",
    "hold",
    "load",
    "night_lock",
    "notebooks",
    "plan",
    "publish",
    "run_report",
]

Say = Callable[[str], None]


def _silent(_: str) -> None:
    """Say nothing."""


# ---- the market
def check(settings: Settings, load_id: str) -> list[dict[str, Any]]:
    """Check what the load ``load_id`` left in the store; the results are recorded."""
    from sillok.ingest import run_checks

    return [asdict(result) for result in run_checks(open_store_of(settings), load_id)]


def freeze(settings: Settings, load_id: str = "") -> dict[str, Any]:
    """Freeze the store after ``load_id`` (empty: the newest load that is done) into a snapshot.

    Raises
    ------
    MissingDataError
        If nothing was loaded yet.
    """
    from sqlalchemy import select

    from sillok import market
    from sillok.store import tables

    store = open_store_of(settings)
    if not load_id:
        query = select(tables.load.c.id).where(tables.load.c.status == "done")
        with store.engine.connect() as conn:
            found = conn.execute(
                query.order_by(tables.load.c.started_at.desc()).limit(1)
            ).scalar_one_or_none()
        if found is None:
            raise MissingDataError("nothing is loaded yet; run `sillok ingest`")
        load_id = str(found)
    info = market.freeze(store, open_objects_of(settings), load_id=load_id, now=settings.current_time())
    return {**asdict(info), "through": info.through.isoformat()}


# ---- the notebooks
def notebooks(settings: Settings) -> list[NotebookInfo]:
    """Return the project's notebooks that become pages."""
    from sillok.runs import find_notebooks

    return find_notebooks(settings.project)


def run_report(
    settings: Settings,
    notebook: str | Path,
    parameters: Mapping[str, object] | None = None,
    *,
    snapshot: str = "",
    as_of: datetime | None = None,
    progress: Say = _silent,
) -> dict[str, Any]:
    """Run a notebook on a snapshot (empty: the newest) as of an instant (None: the snapshot's own evening).

    Raises
    ------
    ParameterError
        A parameter is refused; nothing was run.
    RunError
        The notebook failed; it is recorded, and ``detail["run"]`` is its report.
    """
    from sillok.market import open_market
    from sillok.runs import execute

    install_kernelspec()
    store, objects = open_store_of(settings), open_objects_of(settings)
    chosen = find_snapshot(store, snapshot)
    path = Path(notebook) if Path(notebook).is_absolute() else settings.project / notebook
    try:
        run = execute(
            path,
            parameters or {},
            store=store,
            objects=objects,
            snapshot_id=chosen["id"],
            as_of=as_of or open_market(objects, chosen["id"]).as_of,
            project=settings.project,
            environment=settings_environment(settings),
            now=settings.current_time,
            progress=progress,
        )
    except RunError as err:
        failed: Any = err.detail["run"]
        raise RunError(str(err), run=failed.to_json()) from err
    return run.to_json()
