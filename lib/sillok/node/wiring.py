"""Wiring: the settings' store, object store and KIS client, opened; and where pages are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sillok.desk import open_objects_of
from sillok.errors import MissingDataError
from sillok.node.sandbox import needs_sandbox, sandbox_url

if TYPE_CHECKING:
    from sillok.kis import Client
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

_KIS_URL = "https://openapi.koreainvestment.com:9443"
_KIS_MASTER_URL = "https://new.real.download.dws.co.kr"


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


def open_client_of(settings: Settings) -> Client:
    """Return a client, not connected yet, of KIS or of the sandbox, as the settings decide."""
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
        ledger_rate=0 if own else settings.kis_ledger_rate,
        broker_path=settings.home_path / "kis",
        paper="openapivts" in base,
    )


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
