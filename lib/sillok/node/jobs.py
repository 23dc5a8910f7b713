"""The night's jobs, one function each, wired from the settings. The command and the flow call these same ones.

Each returns a report of plain values, ready for JSON.
"""

from __future__ import annotations

import asyncio
import shutil
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sillok.clock import is_session, last_closed_session, session_close
from sillok.errors import ConfigError, MissingDataError, RunError
from sillok.node.environment import settings_environment
from sillok.node.kernelspec import install_kernelspec
from sillok.node.locks import hold_lock
from sillok.node.sandbox import needs_sandbox, sandbox_at_hand, sandbox_url

if TYPE_CHECKING:
    from sillok.kis import Client, Delisting
    from sillok.objects import Objects
    from sillok.runs import NotebookInfo, RunRecord
    from sillok.settings import Settings
    from sillok.store import Store

__all__ = [
    "check",
    "conclude",
    "due_session",
    "freeze",
    "hold",
    "language",
    "load",
    "night_lock",
    "notebooks",
    "open_objects_of",
    "open_store_of",
    "public_url",
    "publish",
    "run_report",
    "site_of",
    "voila_url",
]

_KIS_URL = "https://openapi.koreainvestment.com:9443"
_KIS_MASTER_URL = "https://new.real.download.dws.co.kr"

Say = Callable[[str], None]
Progress = Callable[[str, int, int], None]


def _silent(_: str) -> None:
    """Say nothing."""


# ---- wiring
def open_store_of(settings: Settings, *, migrate: bool = True) -> Store:
    """Open the settings' store, brought to this version."""
    from sillok.store import open_store

    settings.home_path.mkdir(parents=True, exist_ok=True)
    store = open_store(settings.database)
    if migrate:
        store.migrate()
    return store


def open_objects_of(settings: Settings) -> Objects:
    """Open the settings' object store."""
    from sillok.objects import open_objects

    return open_objects(
        settings.objects_url,
        directory=settings.home_path / "objects",
        cache=settings.home_path / "cache",
        access_key=settings.objects_access_key,
        secret_key=settings.objects_secret_key.get_secret_value(),
    )


def site_of(settings: Settings) -> Path:
    """Return the folder of the published pages."""
    return settings.home_path / "site"


def language(settings: Settings) -> str:
    """Return the language of pages: Korean unless English is set."""
    return settings.lang or "ko"


def _client(settings: Settings) -> Client:
    from sillok.kis import Client, Credentials

    own = needs_sandbox(settings)
    base = sandbox_url(settings) if own else settings.kis_url or _KIS_URL
    master = settings.kis_master_url or (base if settings.uses_sandbox else _KIS_MASTER_URL)
    credentials = (
        Credentials.sandbox()
        if settings.uses_sandbox
        else Credentials(settings.kis_app_key.get_secret_value(), settings.kis_app_secret.get_secret_value())
    )
    return Client(
        base,
        credentials,
        master_url=master,
        account=settings.kis_account.get_secret_value(),
        rate=0 if own else settings.kis_rate,  # our own sandbox is started without limits
        token_path=settings.home_path / "kis-token.json",
        paper="openapivts" in base,
    )


# ---- the market
def load(settings: Settings, *, progress: Progress | None = None, say: Say = _silent) -> dict[str, Any]:
    """Load the market from KIS or the sandbox into the store; a second load adds only what is new.

    Without keys a sandbox is started for the time of the load, unless one runs already.
    """
    from sillok.ingest import load_market

    store = open_store_of(settings)

    async def work() -> dict[str, Any]:
        async with _client(settings) as client:
            if client.label:
                say(client.label)
            delistings = await _delistings(settings, client)
            done = await load_market(
                client,
                store,
                now=settings.current_time(),
                start=settings.history_start,
                delistings=delistings,
                progress=progress,
            )
        return {**asdict(done), "through": done.through.isoformat(), "refetched": list(done.refetched)}

    with sandbox_at_hand(settings, say):
        return asyncio.run(work())


async def _delistings(settings: Settings, client: Client) -> list[Delisting]:
    from sillok.kis import parse_delistings

    where = settings.delistings
    if not where:
        return await client.delistings()
    if where.startswith(("http://", "https://")):
        with urllib.request.urlopen(where, timeout=30) as answer:  # noqa: S310 - the operator's own address
            return parse_delistings(answer.read().decode("utf-8"))
    path = Path(where) if Path(where).is_absolute() else settings.project / where
    if not path.is_file():
        raise ConfigError(f"SILLOK_DELISTINGS names {path}, which is not there; correct it or leave it empty")
    return parse_delistings(path.read_text(encoding="utf-8"))


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
    """Run a notebook on a snapshot (empty: the newest) as of an instant (None: the snapshot's last close).

    Raises
    ------
    ParameterError
        A parameter is refused; nothing was run.
    RunError
        The notebook failed; it is recorded, and ``detail["run"]`` is its report.
    """
    from sillok.runs import execute

    install_kernelspec()
    store, objects = open_store_of(settings), open_objects_of(settings)
    chosen = _snapshot(store, snapshot)
    path = Path(notebook) if Path(notebook).is_absolute() else settings.project / notebook
    try:
        run = execute(
            path,
            parameters or {},
            store=store,
            objects=objects,
            snapshot_id=chosen["id"],
            as_of=as_of or session_close(chosen["through"]),
            project=settings.project,
            environment=settings_environment(settings),
            now=settings.current_time,
            progress=progress,
        )
    except RunError as err:
        failed: Any = err.detail["run"]
        raise RunError(str(err), run=failed.to_json()) from err
    return run.to_json()


def _snapshot(store: Store, asked: str) -> dict[str, Any]:
    from sqlalchemy import select

    from sillok.store import tables

    query = select(tables.snapshot).order_by(tables.snapshot.c.seq.desc()).limit(1)
    if asked:
        query = query.where(tables.snapshot.c.id.startswith(asked, autoescape=True))
    with store.engine.connect() as conn:
        row = conn.execute(query).one_or_none()
    if row is None:
        what = f"no snapshot begins with {asked}" if asked else "there is no snapshot yet"
        raise MissingDataError(f"{what}; run `sillok ingest`, then `sillok freeze`")
    return dict(row._mapping)


# ---- the pages
def publish(settings: Settings, run_id: str) -> dict[str, Any]:
    """Let the gate decide on a run, record that, put its page up or mark the last good one, renew the index.

    Raises
    ------
    ConfigError
        If the run's notebook is not meant to be published.
    """
    import nbformat

    from sillok import pages
    from sillok.runs import gate, get_run, read_info
    from sillok.runs.gate import record_decision

    store, objects, now = open_store_of(settings), open_objects_of(settings), settings.current_time()
    run = get_run(store, run_id)
    info = read_info(settings.project / run.notebook)
    if info is None:
        raise ConfigError(
            f"{run.notebook} has no metadata.sillok.kind of report or dashboard; it has no page"
        )
    decision = gate(store, run, now=now, lang=language(settings))
    executed = nbformat.reads(objects.get(run.executed_key).decode(), 4) if run.executed_key else None
    done = pages.publish(
        run,
        executed,
        decision,
        info=info,
        site=site_of(settings),
        now=now,
        source=_snapshot(store, run.snapshot_id)["source"],
        live_url=f"{voila_url(settings)}/voila/render/{info.slug}.ipynb",
        lang=language(settings),
    )
    record_decision(store, slug=info.slug, run_id=run.id, decision=decision, now=now)
    if done.published:
        _copy_live(settings, info, run)
    pages.build_index(site_of(settings), lang=language(settings))
    return {
        "slug": done.slug,
        "published": done.published,
        "reason": done.reason,
        "page": str(done.path),
        "url": f"{public_url(settings)}/{done.slug}/",
        "run_id": run.id,
    }


def hold(settings: Settings, reason: str) -> None:
    """Mark every page as held for ``reason``: the night ended before there was a run to decide on."""
    from sillok import pages

    now, lang = settings.current_time(), language(settings)
    for info in notebooks(settings):
        notebook = info.path.relative_to(settings.project).as_posix()
        pages.hold(info, reason, site=site_of(settings), now=now, lang=lang, notebook=notebook)
    pages.build_index(site_of(settings), lang=lang)


def public_url(settings: Settings) -> str:
    """Return the reading room's address as a browser sees it."""
    return (settings.public_url or f"http://{settings.host}:{settings.port_room}").rstrip("/")


def voila_url(settings: Settings) -> str:
    """Return Voila's address as a browser sees it."""
    return (settings.voila_url or f"http://{settings.host}:{settings.port_voila}").rstrip("/")


def _copy_live(settings: Settings, info: NotebookInfo, run: RunRecord) -> None:
    """Hand Voila the published notebook's source, whole or not at all."""
    folder = settings.home_path / "live"
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{info.slug}.{run.id}"
    shutil.copyfile(info.path, draft)
    draft.replace(folder / f"{info.slug}.ipynb")


def due_session(settings: Settings, session: str = "", *, force: bool = False) -> str:
    """Return the session (YYYY-MM-DD) that a night at the settings' time is about; empty: there is none today.

    Parameters
    ----------
    session
        The session that is expected; anything but the last closed one is refused.
    force
        Work also on a day without a session, or before its close: on the last one that closed.
    """
    now = settings.current_time()
    newest = last_closed_session(now)
    if session and session != newest.isoformat():
        raise ConfigError(
            f"session {session!r} is asked, the last closed one is {newest}; to work as on another day set SILLOK_NOW"
        )
    if not (session or force) and not is_session(now.date()):
        return ""
    return newest.isoformat()


@contextmanager
def night_lock(settings: Settings) -> Iterator[None]:
    """Hold the night for ourselves: two loads side by side would contradict each other.

    Raises
    ------
    ResourceError
        If another night runs on this home.
    """
    with hold_lock(settings.home_path / "night.lock", "a nightly run"):
        yield


def conclude(day: str, snapshot: str, pages: list[dict[str, Any]], broken: list[str]) -> dict[str, Any]:
    """Return how the night ended: ``state`` is completed or failed, ``message`` one line with every reason.

    Parameters
    ----------
    broken
        What kept a notebook from becoming a run at all.
    """
    held = [f"{page['slug']}: {page['reason']}" for page in pages if not page["published"]]
    said = "; ".join([*held, *broken])
    good = f"{day}: {len(pages)} pages published from snapshot {snapshot[:12]}"
    return {
        "session": day,
        "snapshot_id": snapshot,
        "state": "failed" if said else "completed",
        "message": said or good,
        "pages": pages,
    }
