"""Turn a database's own errors into ours: what happened, on which database, what to do."""

from __future__ import annotations

import re
import shutil
import sqlite3
from pathlib import Path

from sqlalchemy.engine import ExceptionContext

from sillok.errors import ConfigError, DataError, ResourceError, SillokError

__all__ = ["translate"]

_DISK_FULL = (
    ResourceError,
    "found the disk full",
    "free space, then run the same command again: nothing is lost",
)
_IO = 10
_HARDLY_ANY = 1 << 20  # bytes; a full disk shows as an input error where SQLite wants a page of shared memory
# Primary codes of sqlite3 (the low byte of an extended code) and what a person can do.
_SQLITE = {
    5: (ResourceError, "is locked by another writer", "wait for it or end it, then try again"),
    6: (ResourceError, "is locked by another writer", "wait for it or end it, then try again"),
    8: (ResourceError, "is read-only", "give this user the right to write its folder"),
    _IO: (ResourceError, "could not be read or written", "look at the disk"),
    13: _DISK_FULL,
    14: (ResourceError, "could not be opened", "make its folder, or give this user the right to it"),
    11: (DataError, "is damaged", "restore it from a backup, or move it away and load again"),
    26: (DataError, "is not a SQLite database", "set SILLOK_DATABASE_URL to another file"),
}
_WAIT = "wait for the other writer or end it, then try again"
# A server may also be gone because its disk is full: InnoDB ends it where a transaction cannot be taken back.
_GONE = "see that the server runs, is reached and has room on its disk, then run the same command again: nothing is lost"
_FULL = "free space on the server, then run the same command again: nothing is lost"
_MEMORY = "give it more, or end what else runs there; then run the same command again: nothing is lost"
_PACKET = "raise max_allowed_packet to 4 MB or more"
_RIGHTS = "check user, word and name in SILLOK_DATABASE_URL"
_NO_SPACE = 28  # the system's number, which the server passes on
_MYSQL = {
    1205: (ResourceError, "is locked by another writer", _WAIT),
    1213: (ResourceError, "is locked by another writer", _WAIT),
    1021: (ResourceError, "found the disk full", _FULL),
    1114: (ResourceError, "found the disk full", _FULL),
    3: (ResourceError, "found the disk full", _FULL),
    28: (ResourceError, "found the disk full", _FULL),
    1040: (ResourceError, "has no connection left", "end idle clients, or raise max_connections"),
    1053: (ResourceError, "is shutting down", _GONE),
    2003: (ResourceError, "does not answer", _GONE),
    2006: (ResourceError, "does not answer", _GONE),
    2013: (ResourceError, "broke the connection", _GONE),
    0: (
        ResourceError,
        "broke the connection",
        _GONE,
    ),  # PyMySQL's word for a connection that is closed already
    2014: (ResourceError, "broke the connection", _GONE),
    2055: (ResourceError, "broke the connection", _GONE),
    1158: (ResourceError, "broke the connection", _GONE),
    1159: (ResourceError, "broke the connection", _GONE),
    1160: (ResourceError, "broke the connection", _GONE),
    1161: (ResourceError, "broke the connection", _GONE),
    1927: (ResourceError, "ended the connection", _GONE),
    4031: (ResourceError, "ended the connection", _GONE),
    1317: (ResourceError, "was told to end the statement", "run the same command again: nothing is lost"),
    1290: (ResourceError, "is read-only", "let it write again, or choose another server"),
    1836: (ResourceError, "is read-only", "let it write again, or choose another server"),
    1792: (ResourceError, "is read-only", "let it write again, or choose another server"),
    1037: (ResourceError, "is out of memory", _MEMORY),
    1038: (ResourceError, "is out of memory", _MEMORY),
    1041: (ResourceError, "is out of memory", _MEMORY),
    1153: (ResourceError, "refuses so large a packet", _PACKET),
    1260: (ResourceError, "refuses so long a text of changes", _PACKET),
    1301: (ResourceError, "refuses so long a text of changes", _PACKET),
    1044: (ConfigError, "refuses this user", f"{_RIGHTS}, and that the user has every right on it"),
    1142: (ConfigError, "refuses this user", f"{_RIGHTS}, and that the user has every right on it"),
    1045: (ConfigError, "refuses this user", _RIGHTS),
    1698: (ConfigError, "refuses this user", _RIGHTS),
    1049: (ConfigError, "does not know that database", "create it, or correct SILLOK_DATABASE_URL"),
}
_FROM_THE_SYSTEM = {1026, 1030}  # the system's number stands in the text
_UNMIGRATED = (ConfigError, "has not the tables of this version", "run `sillok ingest`, which makes them")


def _is_full(database: str | None) -> bool:
    try:
        return database is not None and shutil.disk_usage(Path(database).parent).free < _HARDLY_ANY
    except OSError:
        return False


def _look_up(err: BaseException, database: str | None) -> tuple[type[SillokError], str, str] | None:
    if isinstance(err, sqlite3.Error):
        code = getattr(err, "sqlite_errorcode", None)
        if code == 1 and "no such table" in str(err):
            return _UNMIGRATED
        if code is not None and code & 0xFF == _IO and _is_full(database):
            return _DISK_FULL
        return None if code is None else _SQLITE.get(code & 0xFF)
    number = err.args[0] if err.args and isinstance(err.args[0], int) else None
    if number == 1146:
        return _UNMIGRATED
    if number in _FROM_THE_SYSTEM and re.search(rf"\b{_NO_SPACE}\b", str(err)):
        return _MYSQL[_NO_SPACE]
    return None if number is None else _MYSQL.get(number)


def translate(context: ExceptionContext) -> SillokError | None:
    """Return our error for a database's; None leaves a programming error as it is."""
    if (context.statement or "").startswith("DESCRIBE"):  # SQLAlchemy asks so whether a table exists
        return None
    found = _look_up(context.original_exception, context.engine.url.database if context.engine else None)
    if found is None:
        return None
    kind, what, remedy = found
    where = context.engine.url.render_as_string(hide_password=True) if context.engine else "the database"
    return kind(f"{where} {what} ({context.original_exception}); {remedy}", database=where)
