"""Migrations make the tables that the code speaks of, once, and refuse a database from the future."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, insert, inspect, select, text

from sillok.errors import ConfigError
from sillok.store import Store, Written, open_store
from sillok.store.schema import upgrade
from sillok.store.tables import daily_bar, load, metadata, rate_bar

CLOSE = datetime(2026, 6, 30, 6, 30, tzinfo=UTC)


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


def test_a_store_of_the_first_version_keeps_its_rows_and_takes_the_new_ones(url: str) -> None:
    store = open_store(url)
    upgrade(store.engine, "0001")
    bar = ("900010", date(2026, 6, 30), 100, 110, 90, 105, 7, None, CLOSE)
    columns = ("symbol", "date", "open", "high", "low", "close", "volume", "amount_krw", "known_at")
    with store.begin() as conn:
        store.upsert_tuples(conn, daily_bar, columns, [bar], now=CLOSE)
        done = {"id": "a", "source": "kis", "status": "done", "started_at": CLOSE, "through": bar[1]}
        conn.execute(insert(load).values(done))
    store.migrate()
    with store.begin() as conn:
        assert store.upsert_tuples(conn, daily_bar, columns, [bar], now=CLOSE) == Written(0, 0, 1)
        kept = conn.execute(select(load.c.id, load.c.duration_s, load.c.plan)).one()
        assert tuple(kept) == ("a", None, None)
        rate = dict.fromkeys(("open", "high", "low", "close"), Decimal("1380.5")) | {
            "pair": "USDKRW",
            "date": bar[1],
        }
        assert store.upsert(conn, rate_bar, [rate | {"known_at": CLOSE}], now=CLOSE) == Written(1, 0, 0)
    store.engine.dispose()


class Killed(BaseException):
    """What a process that is killed leaves behind: nothing more is said to the server."""


def test_a_migration_that_is_killed_after_any_of_its_steps_ends_whole(url: str) -> None:
    store, deaths = open_store(url), 0

    def die_at(stop: int) -> Callable[..., None]:
        left = iter(range(stop))

        def count(_conn: object, _cursor: object, statement: str, *_: object) -> None:
            if statement.lstrip().startswith(("CREATE", "ALTER")) and next(left, None) is None:
                raise Killed

        return count

    while True:
        # MySQL keeps each step, and every state between two is met; SQLite takes all of them back.
        listener = die_at(1 if store.dialect == "mysql" else 6 * deaths)
        event.listen(store.engine, "before_cursor_execute", listener)
        try:
            store.migrate()
            break
        except Killed:
            deaths += 1
        finally:
            event.remove(store.engine, "before_cursor_execute", listener)
            store.engine.dispose()
    assert deaths >= (30 if store.dialect == "mysql" else 5)
    with store.engine.connect() as conn:
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []
    store.engine.dispose()
