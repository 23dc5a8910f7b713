"""The synthetic market in a store, made once; tests plant their faults in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sillok.store import Store, open_store
from tests.ingest.checks.markets import fill


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Give the synthetic market on SQLite; not to be changed."""
    path: Path = tmp_path_factory.mktemp("market") / "market.db"
    store = open_store(f"sqlite:///{path}")
    store.migrate()
    fill(store)
    yield store
    store.engine.dispose()
