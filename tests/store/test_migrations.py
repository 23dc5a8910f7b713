"""Migrations make the tables that the code speaks of, once, and refuse a database from the future."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from sillok.errors import ConfigError
from sillok.store import Store, open_store
from sillok.store.tables import metadata


def test_the_migrated_tables_are_those_of_the_code(store: Store) -> None:
    with store.engine.connect() as conn:
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []


def test_migrating_again_changes_nothing(store: Store) -> None:
    before = set(inspect(store.engine).get_table_names())
    store.migrate()
    assert set(inspect(store.engine).get_table_names()) == before == {*metadata.tables, "alembic_version"}


def test_a_database_of_a_later_version_is_refused(store: Store) -> None:
    with store.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match="newer or another version"):
        store.migrate()


def test_opening_a_store_runs_nothing(tmp_path) -> None:
    open_store(f"sqlite:///{tmp_path / 'not yet.db'}")
    assert not (tmp_path / "not yet.db").exists()
