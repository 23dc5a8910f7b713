"""Bring a database to the newest schema through Alembic, inside the package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine

from sillok.errors import ConfigError, ResourceError

__all__ = ["upgrade"]

_WAIT_S = 60


@contextmanager
def _alone(conn: Connection) -> Iterator[None]:
    """Keep a second migration of the same MySQL schema out; SQLite's write lock does so by itself."""
    if conn.dialect.name == "sqlite":
        yield
        return
    name = f"sillok-migrate-{conn.engine.url.database}"[:64]
    if conn.exec_driver_sql("SELECT GET_LOCK(%s, %s)", (name, _WAIT_S)).scalar() != 1:
        raise ResourceError(f"another process has been migrating for {_WAIT_S} s; wait for it or end it")
    try:
        yield
    finally:
        conn.exec_driver_sql("SELECT RELEASE_LOCK(%s)", (name,))


def upgrade(engine: Engine, to: str = "head") -> None:
    """Run every migration up to ``to`` that the database lacks; see :meth:`sillok.store.Store.migrate`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.connect() as conn:  # reading first: a store that is current must not wait for a writer
        if MigrationContext.configure(conn).get_current_heads() == tuple(
            ScriptDirectory.from_config(config).get_heads()
        ):
            return
    with engine.connect().execution_options(sillok_writes=True) as conn, conn.begin(), _alone(conn):
        config.attributes["connection"] = conn
        try:
            command.upgrade(config, to)
        except CommandError as err:
            raise ConfigError(
                f"the database is of a newer or another version ({err}); update Sillok"
            ) from err
