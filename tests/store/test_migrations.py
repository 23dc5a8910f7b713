"""Migrations make the tables that the code speaks of, once, and refuse a database from the future."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import JSON, column, event, func, insert, inspect, select, table, text

from sillok.errors import ConfigError
from sillok.store import Store, Written, open_store
from sillok.store.revisions import read_changes, read_old
from sillok.store.schema import upgrade
from sillok.store.tables import daily_bar, issue, load, metadata, rate_bar, revision
from sillok.store.types import UtcTime

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


BEFORE = table(  # `revision` of the second version
    "revision",
    *(column(name) for name in ("id", "table_name", "part")),
    *(column(name, JSON) for name in ("key", "old", "new")),
    *(column(name, UtcTime) for name in ("old_known_at", "recorded_at")),
)


def changed_bar(number: int, symbol: str, day: date, closes: tuple[int, int], at: datetime) -> dict[str, Any]:
    old, new = (
        {**dict.fromkeys(("open", "high", "low"), close), "close": close, "volume": 7} for close in closes
    )
    return {
        "id": number, "table_name": "daily_bar", "part": day.year,
        "key": {"symbol": symbol, "date": day.isoformat()},
        "old": old | {"amount_krw": None}, "new": new | {"amount_krw": None},
        "old_known_at": CLOSE, "recorded_at": at,
    }  # fmt: skip


def fill_second_version(store: Store) -> dict[tuple[str, date], list[int]]:
    """Write bars and thousands of changes of theirs, as the second version did; return the closes that were."""
    upgrade(store.engine, "0002")
    later = CLOSE + timedelta(days=1)
    days = [date(2025, 12, 30), date(2026, 6, 30)]
    keys = [(f"9{number:05d}", day) for number in range(2_600) for day in days]
    records = [changed_bar(at, *key, (1, 2), CLOSE) for at, key in enumerate(keys, start=1)]
    records += [changed_bar(6_000 + at, *key, (2, 3), later) for at, key in enumerate(keys[:4])]
    stands = {key: 3 if key in keys[:4] else 2 for key in keys}
    name = {"name": "é 𠮷\n"}
    word = {
        "id": 9_000,
        "table_name": "issue",
        "part": 0,
        "key": {"symbol": '가"\\'},
        "old": name,
        "new": name,
    }
    with store.begin() as conn:
        conn.execute(insert(daily_bar), [
            {"symbol": symbol, "date": day, **dict.fromkeys(("open", "high", "low", "close"), close), "volume": 7,
             "known_at": later, "recorded_at": later}
            for (symbol, day), close in stands.items()
        ])  # fmt: skip
        conn.execute(insert(BEFORE), records)
        conn.execute(insert(BEFORE), [word | {"old_known_at": CLOSE, "recorded_at": later}])
    return {key: [1, 2] if key in keys[:4] else [1] for key in keys}


def test_what_the_second_version_recorded_is_read_as_it_was(url: str) -> None:
    store = open_store(url)
    closes = fill_second_version(store)
    store.migrate()
    with store.read() as conn:
        changes = read_changes(conn, daily_bar)
        (word,) = read_old(conn, issue)
        newest = conn.execute(
            select(func.max(revision.c.id), func.count()).where(revision.c.part == 2026)
        ).one()
    found: dict[Any, list[int]] = {}
    for change in changes:
        assert change.new["close"] == change.old["close"] + 1
        assert change.old_known_at == CLOSE
        found.setdefault(change.key, []).append(change.old["close"])
    assert found == closes
    assert word.values == {"symbol": '가"\\', "name": "é 𠮷\n"}
    assert newest[0] == 6_003  # as before: a partition that was frozen is not frozen again
    with store.begin() as conn:
        assert (
            store.upsert(
                conn, daily_bar, [changes[0].new | {"close": 9, "known_at": CLOSE}], now=CLOSE
            ).changed
            == 1
        )
    with store.read() as conn:
        assert read_changes(conn, daily_bar)[-1].new["close"] == 9
    store.engine.dispose()


class Killed(BaseException):
    """What a process that is killed leaves behind: nothing more is said to the server."""


def migrate_and_die(store: Store, words: tuple[str, ...], stop_at: Callable[[int], int]) -> int:
    """Migrate until it ends, killed each time at a statement of ``words``; return how often it was killed."""
    deaths = 0

    def die_at(stop: int) -> Callable[..., None]:
        left = iter(range(stop))

        def count(_conn: object, _cursor: object, statement: str, *_: object) -> None:
            if statement.lstrip().startswith(words) and next(left, None) is None:
                raise Killed

        return count

    while True:
        listener = die_at(stop_at(deaths))
        event.listen(store.engine, "before_cursor_execute", listener)
        try:
            store.migrate()
        except Killed:
            deaths += 1
        else:
            return deaths
        finally:
            event.remove(store.engine, "before_cursor_execute", listener)
            store.engine.dispose()


def test_a_migration_that_is_killed_after_any_of_its_steps_ends_whole(url: str) -> None:
    store = open_store(url)
    is_mysql = store.dialect == "mysql"
    # MySQL keeps each step, and every state between two is met; SQLite takes all of them back.
    deaths = migrate_and_die(store, ("CREATE", "ALTER"), lambda deaths: 1 if is_mysql else 6 * deaths)
    assert deaths >= (30 if is_mysql else 5)
    with store.engine.connect() as conn:
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []
    store.engine.dispose()


def test_a_migration_that_is_killed_while_it_carries_revisions_loses_and_doubles_none(url: str) -> None:
    store = open_store(url)
    closes = fill_second_version(store)
    words = ("CREATE", "ALTER", "DROP", "DELETE", "INSERT", "UPDATE")
    assert migrate_and_die(store, words, lambda deaths: deaths) >= 5
    with store.read() as conn:
        assert sorted(
            (change.key, change.old["close"]) for change in read_changes(conn, daily_bar)
        ) == sorted((key, close) for key, found in closes.items() for close in found)
        assert len(list(read_old(conn, issue))) == 1
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []
    store.engine.dispose()
