"""Wiring: the settings' store, object store and KIS client, opened; and where pages are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sillok.desk import open_client_of, open_objects_of
from sillok.errors import MissingDataError

if TYPE_CHECKING:
    from sillok.settings import Settings
    from sillok.store import Store

__all__ = [
    "find_snapshot",
    "language",
    "open_client_of",
    "open_objects_of",
    "open_store_of",
    "public_url",
    "site_of",
    "voila_url",
]


def open_store_of(settings: Settings, *, migrate: bool = True) -> Store:
    """Open the settings' store, brought to this version."""
    from sillok.store import open_store

    settings.home_path.mkdir(parents=True, exist_ok=True)
    store = open_store(settings.database)
    if migrate:
        store.migrate()
    return store


def site_of(settings: Settings) -> Path:
    """Return the folder of the published pages."""
    return settings.home_path / "site"


def language(settings: Settings) -> str:
    """Return the language of pages: Korean unless English is set."""
    return settings.lang or "ko"


def public_url(settings: Settings) -> str:
    """Return the reading room's address as a browser sees it."""
    return (settings.public_url or f"http://{settings.host}:{settings.port_room}").rstrip("/")


def voila_url(settings: Settings) -> str:
    """Return Voila's address as a browser sees it."""
    return (settings.voila_url or f"http://{settings.host}:{settings.port_voila}").rstrip("/")


def find_snapshot(store: Store, asked: str = "") -> dict[str, Any]:
    """Return the row of the newest snapshot, or of the one whose id begins with ``asked``.

    Raises
    ------
    MissingDataError
        If there is none.
    """
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
