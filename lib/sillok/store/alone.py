"""One at a time on a store: a lock that goes with its holder, however that one ends.

Beside a SQLite file it is a file that the system unlocks; on MySQL it is a named lock of the server, which
falls with the connection that took it. Neither leaves anything to clean up after a ``kill -9``.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from sillok.errors import ResourceError

__all__ = ["Hold", "hold_alone"]

_GRACE_S = 2  # a server may need a moment to see that a killed client is gone


@dataclass(frozen=True, slots=True)
class Hold:
    """A lock that is held; ``keep`` says whether it still is."""

    what: str
    lock: str = ""
    conn: Connection | None = None  # MySQL: the connection whose end would be the lock's

    def keep(self) -> None:
        """Look whether the lock is still ours; a server that was restarted has forgotten it.

        Raises
        ------
        ResourceError
            If it is not, or if the server does not answer.
        """
        if self.conn is None:
            return  # only our own end lets go of a file
        query = "SELECT IS_USED_LOCK(%s) = CONNECTION_ID()"
        if self.conn.exec_driver_sql(query, (self.lock,)).scalar() != 1:
            raise ResourceError(
                f"{self.what} lost its lock on the database; run the same command again: nothing is lost"
            )


def _refuse(what: str, where: str, holder: str) -> ResourceError:
    return ResourceError(f"another {what} already runs on {where} ({holder}); wait for it or end it")


@contextmanager
def _hold_file(path: Path, what: str) -> Iterator[Hold]:
    try:
        file = path.open("ab+", buffering=0)
    except OSError as err:
        raise ResourceError(
            f"the lock {path} could not be opened: {err.strerror}; give this user the right to its folder"
        ) from err
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            file.seek(0)
            holder = f"process {file.read().decode() or 'unknown'}"
            raise _refuse(what, str(path.parent), holder) from err
        with suppress(OSError):  # a full disk: the lock holds without its holder's number
            file.truncate(0)
            file.write(str(os.getpid()).encode())
        yield Hold(what)


@contextmanager
def _hold_named(engine: Engine, what: str) -> Iterator[Hold]:
    database = str(engine.url.database)
    # Names are the whole server's and at most 64 characters long.
    lock = f"sillok-{what}-{hashlib.sha256(database.encode()).hexdigest()[:16]}"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("SET SESSION wait_timeout = 604800")  # idle while the load asks the vendor
        if conn.exec_driver_sql("SELECT GET_LOCK(%s, %s)", (lock, _GRACE_S)).scalar() != 1:
            holder = conn.exec_driver_sql("SELECT IS_USED_LOCK(%s)", (lock,)).scalar()
            conn.invalidate()
            raise _refuse(what, f"the database {database}", f"connection {holder}")
        try:
            yield Hold(what, lock, conn)
        finally:
            conn.invalidate()  # ends the connection and the lock with it, also where the server is gone


@contextmanager
def hold_alone(engine: Engine, what: str) -> Iterator[Hold]:
    """Hold the lock ``what`` of a database; see :meth:`sillok.store.Store.alone`."""
    if engine.dialect.name == "sqlite":
        with _hold_file(Path(f"{Path(str(engine.url.database)).resolve()}.{what}.lock"), what) as hold:
            yield hold
    else:
        with _hold_named(engine, what) as hold:
            yield hold
