"""One empty store on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sillok.store import Store, open_store


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    on_mariadb = request.param == "mariadb"
    url = request.getfixturevalue("fresh_mariadb") if on_mariadb else f"sqlite:///{tmp_path / 'sillok.db'}"
    store = open_store(url, busy_timeout_s=0.2)
    store.migrate()
    yield store
    store.engine.dispose()
