"""The record as commands and pages ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sillok.errors import MissingDataError
from sillok.node.jobs import notebooks
from sillok.node.wiring import open_store_of

if TYPE_CHECKING:
    from sillok.settings import Settings

__all__ = ["newest_run", "read_checks", "read_runs"]


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


def read_checks(settings: Settings, *, load_id: str = "", name: str = "") -> dict[str, Any]:
    """Return the checks of the newest load that was checked, or of the one whose id begins with ``load_id``.

    Returns
    -------
    dict
        ``load_id``, ``source``, ``through``, ``errors`` (names of the checks that found one), and ``checks`` in the
        order in which they run; with ``name`` that one alone.

    Raises
    ------
    MissingDataError
        If no such load was checked, or it has no such check.
    """
    from sqlalchemy import select

    from sillok.ingest.checks import CHECKS
    from sillok.store.tables import check_result, load

    query = select(load.c.id, load.c.source, load.c.through)
    query = query.where(
        load.c.id.in_(select(check_result.c.load_id)), load.c.id.startswith(load_id, autoescape=True)
    )
    with open_store_of(settings).read() as conn:
        newest = conn.execute(query.order_by(load.c.started_at.desc()).limit(1)).first()
        if newest is None:
            raise MissingDataError(f"no checked load {load_id or 'yet'}; `sillok ingest` loads and checks")
        rows = conn.execute(select(check_result).where(check_result.c.load_id == newest.id)).mappings().all()
    order = [check.name for check in CHECKS]
    rows = sorted(rows, key=lambda row: order.index(row["name"]) if row["name"] in order else len(order))
    found = [{key: value for key, value in row.items() if key != "load_id"} for row in rows]
    if name and name not in {row["name"] for row in found}:
        raise MissingDataError(
            f"no check {name!r}; there are {', '.join(row['name'] for row in found)}", name=name
        )
    return {
        "load_id": newest.id,
        "source": newest.source,
        "through": newest.through.isoformat(),
        "errors": [row["name"] for row in found if row["severity"] == "error"],
        "checks": [row for row in found if name in {"", row["name"]}],
    }
