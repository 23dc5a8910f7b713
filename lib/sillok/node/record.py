"""The record as commands and pages ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sillok.errors import MissingDataError
from sillok.node.jobs import notebooks
from sillok.node.wiring import open_store_of

if TYPE_CHECKING:
    from sillok.settings import Settings

__all__ = ["newest_run", "read_runs"]


def read_runs(settings: Settings, *, run_id: str = "", limit: int = 20) -> list[dict[str, Any]]:
    """Return the newest runs, newest first, or the one whose id begins with ``run_id``."""
    from sillok.runs import get_run, list_runs

    store = open_store_of(settings)
    found = [get_run(store, run_id)] if run_id else list_runs(store, limit)
    return [run.to_json() for run in found]


def newest_run(settings: Settings, which: str) -> str:
    """Return the id of the newest run of the page ``which``; what names no page is a run's id and returned as is.

    Raises
    ------
    MissingDataError
        If the page's notebook was never run.
    """
    from sqlalchemy import select

    from sillok.store.tables import run

    pages = {info.slug: info.path.relative_to(settings.project).as_posix() for info in notebooks(settings)}
    if which not in pages:
        return which
    query = select(run.c.id).where(run.c.notebook == pages[which]).order_by(run.c.started_at.desc()).limit(1)
    with open_store_of(settings).engine.connect() as conn:
        found = conn.execute(query).scalar()
    if found is None:
        raise MissingDataError(f"{pages[which]} was never run; `sillok run {pages[which]}` runs it")
    return str(found)
