"""Open a database and hold its engine: pragmas, isolation, time-outs, and errors in our own words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from sillok.errors import ConfigError, ResourceError
from sillok.store import marks, write
from sillok.store.alone import Hold, hold_alone
from sillok.store.faults import translate
from sillok.store.write import Written

__all__ = ["Store", "open_store"]

_CONNECT_S = 10
_CACHE_KIB = 65_536  # a connection's page cache; SQLite's own 2 MB makes reading a year ten times slower
# To every connection of MySQL: never cut a value, whatever the server's own mode; changes are recorded as long texts.
_FIRST_WORDS = (
    "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), SESSION group_concat_max_len = 67108864"
)
_ANSWER_S = 600  # a whole year of bars may be read or written in one statement


_dump = partial(json.dumps, ensure_ascii=False)  # as the databases themselves write JSON


@dataclass(frozen=True)
class Store:
    """A database with Sillok's tables. It opens connections when used, never before."""

    engine: Engine

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``mysql`` (MariaDB counts as MySQL)."""
        return "sqlite" if self.engine.dialect.name == "sqlite" else "mysql"

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open one writing transaction; it commits at the end and rolls back on any error.

        SQLite takes its write lock at once, so that what is read inside cannot be overtaken before it is
        written.
        """
        with self.engine.connect().execution_options(sillok_writes=True) as conn, conn.begin():
            yield conn

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open one reading transaction in which every statement sees the same state."""
        conn = self.engine.connect()
        if self.dialect == "mysql":
            conn = conn.execution_options(isolation_level="REPEATABLE READ")
        with conn, conn.begin():
            yield conn

    @contextmanager
    def alone(self, what: str) -> Iterator[Hold]:
        """Keep every other process out of ``what`` (``load``, say) on this store, until the block ends.

        The lock goes with its process, also by ``kill -9``. On MySQL it falls with its connection too: call
        ``keep`` of what is given between two steps, to end when the server was restarted in between.

        Raises
        ------
        ResourceError
            At once, if another process, thread or node holds it.
        """
        with hold_alone(self.engine, what) as hold:
            yield hold

    def migrate(self) -> None:
        """Bring the tables to this version; a store that is there already is left as it is.

        Raises
        ------
        ResourceError
            If the database is locked, full or unreachable.
        """
        from sillok.store.schema import upgrade

        upgrade(self.engine)

    def upsert(
        self,
        conn: Connection,
        table: Table,
        rows: Sequence[Mapping[str, Any]],
        *,
        now: datetime,
        revised_at: datetime | None = None,
    ) -> Written:
        """Write facts: new ones are inserted, equal ones left, changed ones revised.

        Parameters
        ----------
        conn
            From :meth:`begin`; the caller commits.
        rows
            One mapping a row, all with the same keys, ``known_at`` among them and ``recorded_at`` not.
        now
            ``recorded_at`` of what is written.
        revised_at
            ``known_at`` of a changed value; the default is ``now``. An older value stays visible before it.

        Raises
        ------
        DataError
            If a key occurs twice in ``rows``, columns are missing or unknown, or the database took less
            than it was given.
        """
        if not rows:
            return Written(0, 0, 0)
        columns = tuple(rows[0])
        values = [tuple(row[name] for name in columns) for row in rows]
        return self.upsert_tuples(conn, table, columns, values, now=now, revised_at=revised_at)

    def upsert_tuples(
        self,
        conn: Connection,
        table: Table,
        columns: Sequence[str],
        rows: Sequence[tuple[Any, ...]],
        *,
        now: datetime,
        revised_at: datetime | None = None,
    ) -> Written:
        """Write facts as :meth:`upsert` does, from tuples in the order of ``columns``: the way for bulk."""
        return write.upsert(conn, table, columns, rows, now=now, revised_at=revised_at or now)

    def move_watermarks(
        self, conn: Connection, dataset: str, through: Mapping[str, date], *, now: datetime
    ) -> None:
        """Say through which session (inclusive) each key of ``dataset`` is loaded; call it after its rows."""
        marks.move_watermarks(conn, dataset, through, now=now)


def _prepare_sqlite(engine: Engine, busy_timeout_s: float) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin on its own: we say BEGIN below
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={int(busy_timeout_s * 1000)}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")  # with WAL: durable at checkpoints, never corrupt
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        writes = conn.get_execution_options().get("sillok_writes", False)
        conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _open_sqlite(url: URL, busy_timeout_s: float) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ConfigError(
            "the store needs a file, since loads write from several threads; write sqlite:///path"
        )
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise ResourceError(
            f"cannot make the folder of the database {url.database}: {err.strerror}; choose another with "
            "SILLOK_DATABASE_URL or SILLOK_HOME",
            path=url.database,
        ) from err
    engine = create_engine(url, connect_args={"timeout": busy_timeout_s}, json_serializer=_dump)
    _prepare_sqlite(engine, busy_timeout_s)
    return engine


def _open_mysql(url: URL) -> Engine:
    limits = {"connect_timeout": _CONNECT_S, "read_timeout": _ANSWER_S, "write_timeout": _ANSWER_S}
    return create_engine(
        url.update_query_dict({"charset": "utf8mb4"}),
        connect_args=limits | {"init_command": _FIRST_WORDS},
        json_serializer=_dump,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_recycle=1800,
    )


def open_store(url: str, *, busy_timeout_s: float = 30) -> Store:
    """Open the database at a SQLAlchemy URL; nothing runs on it yet.

    ``sqlite:///path`` or ``mysql+pymysql://user:word@host/name``. On MySQL, ``?local_infile=1`` lets bulk
    writes use LOAD DATA LOCAL; leave it off unless the server is yours, since a server may then ask for files.

    Parameters
    ----------
    busy_timeout_s
        How long SQLite waits for another writer, in seconds.

    Raises
    ------
    ConfigError
        If the URL cannot be read, or names another kind of database.
    """
    try:
        parsed = make_url(url)
        kind = parsed.get_backend_name()
        if kind == "sqlite":
            engine = _open_sqlite(parsed, busy_timeout_s)
        elif kind in {"mysql", "mariadb"}:
            engine = _open_mysql(parsed)
        else:
            raise ConfigError(
                f"the store runs on sqlite or mysql, not on {kind!r}; set SILLOK_DATABASE_URL", kind=kind
            )
    except (ArgumentError, NoSuchModuleError, ValueError) as err:  # the URL holds a password: never repeat it
        raise ConfigError(
            "SILLOK_DATABASE_URL cannot be read; write sqlite:///path or mysql+pymysql://user:word@host/name"
        ) from err
    event.listen(engine, "handle_error", translate)
    return Store(engine)
