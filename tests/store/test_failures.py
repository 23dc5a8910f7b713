"""A database that is locked, full, gone or wrong says so in one sentence with what to do; nothing is lost."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pymysql
import pytest
from sqlalchemy import func, select, text

from sillok.errors import ConfigError, DataError, ResourceError
from sillok.store import Store, open_store, read_watermarks
from sillok.store.faults import translate
from sillok.store.tables import daily_bar, watermark
from tests.store.test_upsert import bar

NOW = datetime(2026, 6, 30, 9, 30, tzinfo=UTC)


@pytest.fixture
def small(tmp_path: Path) -> Store:
    store = open_store(f"sqlite:///{tmp_path / 'sillok.db'}", busy_timeout_s=0.05)
    store.migrate()
    return store


def write(store: Store, first: int, last: int) -> None:
    rows = [bar(f"9{n:05d}", day=date(2026, 6, 30)) for n in range(first, last)]
    with store.begin() as conn:
        store.upsert(conn, daily_bar, rows, now=NOW)


def test_a_locked_database_is_a_resource_error_and_works_again_afterwards(small: Store) -> None:
    with small.begin(), pytest.raises(ResourceError, match=r"locked by another writer.*try again"):
        write(small, 0, 10)
    write(small, 0, 10)


def test_a_locked_row_of_mariadb_is_a_resource_error(fresh_mariadb: str) -> None:
    store = open_store(fresh_mariadb)
    store.migrate()
    write(store, 0, 10)
    with store.begin() as holder:
        holder.execute(text("UPDATE daily_bar SET volume = 1"))
        with store.begin() as conn:
            conn.execute(text("SET innodb_lock_wait_timeout = 1"))
            with pytest.raises(ResourceError, match="locked by another writer"):
                conn.execute(text("UPDATE daily_bar SET volume = 2"))


def test_a_full_disk_is_a_resource_error_and_what_was_committed_stays(small: Store) -> None:
    write(small, 0, 10)

    def fill() -> None:
        with small.begin() as conn:
            pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
            conn.exec_driver_sql(f"PRAGMA max_page_count={pages + 4}")
            small.upsert(conn, daily_bar, [bar(f"8{n:05d}") for n in range(5_000)], now=NOW)

    with pytest.raises(ResourceError, match=r"disk full.*nothing is lost"):
        fill()
    with small.engine.connect() as conn:
        assert conn.execute(select(func.count()).select_from(daily_bar)).scalar() == 10


def test_a_file_that_is_no_database_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / "sillok.db").write_bytes(b"not a database at all, but long enough to have a header" * 40)
    with pytest.raises(DataError, match="not a SQLite database"):
        open_store(f"sqlite:///{tmp_path / 'sillok.db'}").migrate()


def test_a_store_without_tables_says_how_to_make_them(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'sillok.db'}")
    with store.engine.connect() as conn, pytest.raises(ConfigError, match="sillok ingest"):
        conn.execute(select(daily_bar))


def test_a_server_that_is_not_there_is_a_resource_error_without_the_password() -> None:
    store = open_store("mysql+pymysql://desk:hunter2@127.0.0.1:1/sillok")
    with pytest.raises(ResourceError, match="does not answer") as caught:
        store.migrate()
    assert "hunter2" not in str(caught.value)


def test_a_wrong_password_is_a_config_error(fresh_mariadb: str) -> None:
    with pytest.raises(ConfigError, match="refuses this user") as caught:
        open_store(fresh_mariadb.replace("t:t@", "t:hunter2@")).migrate()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "nonsense", "postgresql+asyncpg://a:hunter2@b/c", "oracle://a:hunter2@b/c", "sqlite://"]
)
def test_a_url_that_is_not_ours_is_a_config_error_that_keeps_its_secret(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_store(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (pymysql.err.OperationalError(1114, "The table 'daily_bar' is full"), ResourceError),
        (pymysql.err.OperationalError(2013, "Lost connection"), ResourceError),
        (pymysql.err.InterfaceError(0, ""), ResourceError),
        (pymysql.err.OperationalError(1927, "Connection was killed"), ResourceError),
        (pymysql.err.OperationalError(1030, 'Got error 28 "No space left on device"'), ResourceError),
        (pymysql.err.OperationalError(1030, 'Got error 168 "Unknown (generic) error from engine"'), None),
        (pymysql.err.OperationalError(1049, "Unknown database"), ConfigError),
        (pymysql.err.ProgrammingError(1064, "You have an error in your SQL syntax"), None),
        (sqlite3.OperationalError("no code at all"), None),
    ],
)
def test_what_a_person_can_mend_is_translated_and_a_programming_error_is_not(
    error: Exception, kind: type | None
) -> None:
    context = SimpleNamespace(original_exception=error, engine=None, statement="SELECT 1")
    found = translate(context)  # type: ignore[arg-type]
    assert found is None if kind is None else isinstance(found, kind)


@pytest.mark.mariadb
def test_a_server_that_cuts_what_does_not_fit_is_told_not_to(fresh_mariadb: str) -> None:
    store = open_store(fresh_mariadb)
    with store.begin() as conn:
        conn.exec_driver_sql("SET GLOBAL sql_mode = ''")
    try:
        store.engine.dispose()
        with store.begin() as conn:
            assert conn.exec_driver_sql("SELECT @@sql_mode").scalar_one() == "STRICT_ALL_TABLES"
    finally:
        with store.begin() as conn:
            conn.exec_driver_sql("SET GLOBAL sql_mode = DEFAULT")
        store.engine.dispose()


def test_a_watermark_moves_with_its_rows_or_not_at_all(store: Store) -> None:
    with store.begin() as conn:
        store.move_watermarks(conn, "daily_bar", {"a": date(2026, 6, 29), "b": date(2026, 6, 30)}, now=NOW)

    def move_and_fail() -> None:
        with store.begin() as conn:
            store.move_watermarks(conn, "daily_bar", {"a": date(2026, 6, 30)}, now=NOW)
            raise DataError("a bar was wrong")

    with pytest.raises(DataError):
        move_and_fail()
    with store.engine.connect() as conn:
        assert read_watermarks(conn, "daily_bar") == {"a": date(2026, 6, 29), "b": date(2026, 6, 30)}
        assert read_watermarks(conn, "index_bar") == {}
        assert conn.execute(select(func.count()).select_from(watermark)).scalar() == 2
