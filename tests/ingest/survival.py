"""What the tests of survival share: a small market, a process that loads it, and stores to compare row by row."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Self

import pymysql
from sqlalchemy import Connection, select
from sqlalchemy.engine import make_url

from sillok.sandbox import Market
from sillok.store import open_store
from sillok.store.revisions import read_old
from sillok.store.tables import metadata, revision
from tests.sandboxes import reference_market

PROJECT = Path(__file__).resolve().parents[2]
NOW, START = "2026-06-30T18:30:00+09:00", "2026-01-02"
OWN = {"load", "revision"}  # tables that say what a load was or how it wrote, not what it brought
OF_THE_LOAD = {"recorded_at", "moved_at", "id"}  # when it was written, and in which order


def small_market(issues: int = 12) -> Market:
    """Return the reference market with few issues, one of them split and one delisted in the span."""
    market = reference_market()
    gone = [one.symbol for one in market.delisted() if one.delisted_on and one.delisted_on > date(2026, 2, 1)]
    kept = {*gone[:1], *sorted(set(market.issues) - set(gone))[: issues - 1]}
    return replace(market, issues={symbol: market.issues[symbol] for symbol in sorted(kept)})


@dataclass
class Loader:
    """The process that loads on order."""

    vendor: str
    folder: Path
    process: subprocess.Popen[str]
    defaults: dict[str, Any] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def open(
        cls, vendor: str, folder: Path, *, inside: tuple[str, ...] = (), **defaults: Any
    ) -> Iterator[Self]:
        """Start it; ``inside`` are words of a command that runs it."""
        command = [*inside, sys.executable, "-m", "tests.ingest.loader"]
        with subprocess.Popen(
            command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield cls(vendor, folder, process, defaults)
            process.stdin.close()

    @contextmanager
    def held(self, store: str, **order: Any) -> Iterator[None]:
        """Begin a load and hold it at the order's point for the block; then ``end`` tells how it ended."""
        file = self.folder / "held"
        self.begin(store, held=str(file), **order)
        deadline = time.monotonic() + 60
        while not file.exists():
            assert time.monotonic() < deadline, "the load never came to that point"
            time.sleep(0.005)
        yield
        file.unlink()

    def begin(self, store: str, **order: Any) -> None:
        """Give an order; ``end`` waits for its answer."""
        assert self.process.stdin is not None
        fixed = {
            "vendor": self.vendor,
            "folder": str(self.folder),
            "store": store,
            "now": NOW,
            "start": START,
        }
        self.process.stdin.write(json.dumps(fixed | self.defaults | order) + "\n")
        self.process.stdin.flush()

    def end(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        said: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert said["end"] != "crashed", said["error"]
        return said

    def load(self, store: str, **order: Any) -> dict[str, Any]:
        """Load into the store at a URL and tell how it ended."""
        self.begin(store, **order)
        return self.end()

    def complete(self, store: str, **order: Any) -> dict[str, Any]:
        """Load to the end."""
        said = self.load(store, **order)
        assert said["end"] == "done", said
        return said


Content = dict[str, list[tuple[Any, ...]]]


def content(url: str) -> Content:
    """Return every row of every table, sorted, without what differs from load to load."""
    store = open_store(url)
    found = {}
    with store.read() as conn:
        for table in metadata.sorted_tables:
            if table.name not in OWN:
                columns = [column for column in table.columns if column.name not in OF_THE_LOAD]
                found[table.name] = sorted(map(tuple, conn.execute(select(*columns)).all()), key=repr)
        found[revision.name] = sorted((row[:-1] for row in superseded(conn)), key=repr)
    store.engine.dispose()
    return found


def superseded(conn: Connection) -> list[tuple[Any, ...]]:
    """Return every superseded row, whichever record holds it, sorted; when it was replaced comes last."""
    found: list[tuple[Any, ...]] = []
    for name, table in metadata.tables.items():
        found += [(name, *old.values.items(), old.known_at, old.recorded_at) for old in read_old(conn, table)]
    return sorted(found, key=repr)


def assert_same(found: Content, wanted: Content) -> None:
    """Compare two stores table by table, naming the rows that only one of them has."""
    for name, rows in wanted.items():
        if found[name] != rows:
            lacks = [row for row in rows if row not in found[name]]
            extra = [row for row in found[name] if row not in rows]
            raise AssertionError(
                f"{name}: lacks {len(lacks)} rows {lacks[:3]}, has {len(extra)} others {extra[:3]}"
            )


class Files:
    """Stores in SQLite files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, name: str) -> str:
        return f"sqlite:///{self.folder / name}.db"

    def copy(self, source: str, target: str, *, into: Path | None = None) -> None:
        """Make ``target`` (in the folder ``into``) the store that ``source`` is; nobody has either open."""
        folder = into or self.folder
        for old in folder.glob(f"{target}.db*"):
            old.unlink()
        for old in self.folder.glob(f"{source}.db*"):
            shutil.copyfile(old, folder / old.name.replace(source, target, 1))


class Databases:
    """Stores in databases of a MariaDB, named after the one of ``url``."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._made: set[str] = set()

    def _name(self, name: str) -> str:
        return f"{self._url.database}_{name}"

    def url(self, name: str) -> str:
        """Return the URL of a database, made if it is not there."""
        if name not in self._made:
            self._made.add(name)
            self._run(f"create database {self._name(name)} character set utf8mb4")
        return self._url.set(database=self._name(name)).render_as_string(hide_password=False)

    def copy(self, source: str, target: str) -> None:
        """Make ``target`` the store that ``source`` is."""
        self.url(target)
        old, new = self._name(source), self._name(target)
        with self._cursor() as cursor:
            there = _names(cursor, f"show tables from {new}")
            for table in _names(cursor, f"show tables from {old}"):
                if table not in there:
                    cursor.execute(f"create table {new}.`{table}` like {old}.`{table}`")
            cursor.execute("begin")
            for table in _names(cursor, f"show tables from {old}"):
                cursor.execute(f"delete from {new}.`{table}`")
                cursor.execute(f"insert into {new}.`{table}` select * from {old}.`{table}`")
            cursor.execute("commit")

    def answers(self) -> bool:
        """Whether the server is there."""
        try:
            self._run("select 1")
        except pymysql.OperationalError:
            return False
        return True

    def drop(self) -> None:
        """Drop what was made."""
        for name in self._made:
            self._run(f"drop database {self._name(name)}")

    def _run(self, statement: str) -> None:
        with self._cursor() as cursor:
            cursor.execute(statement)

    @contextmanager
    def _cursor(self) -> Iterator[pymysql.cursors.Cursor]:
        at = self._url
        login = {"host": at.host, "port": at.port, "user": at.username, "password": at.password}
        with pymysql.connect(**login, autocommit=True) as link, link.cursor() as cursor:
            yield cursor


def _names(cursor: pymysql.cursors.Cursor, query: str) -> list[str]:
    cursor.execute(query)
    return [row[0] for row in cursor.fetchall()]
