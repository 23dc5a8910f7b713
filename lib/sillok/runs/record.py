"""The record of runs: what went in, what came out, and when."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, insert, select, update

from sillok.errors import ConfigError, MissingDataError
from sillok.store import tables

if TYPE_CHECKING:
    from sillok.store import Store

__all__ = ["RunRecord", "close_abandoned", "get_run", "list_runs", "record_end", "record_start"]

_PREFIX = re.compile(r"[0-9a-f]{4,32}")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of one notebook: immutable input, immutable output."""

    id: str
    notebook: str
    title: str
    status: str  # running, done or failed
    parameters: Mapping[str, Any]
    source_hash: str
    commit: str
    lock_hash: str
    snapshot_id: str
    as_of: datetime
    started_at: datetime
    finished_at: datetime | None = None
    executed_key: str | None = None
    log: str | None = None
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the record without its log, with instants in ISO 8601."""
        names = [name for name in self.__slots__ if name != "log"]
        values = {name: getattr(self, name) for name in names}
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()}


def _from_row(row: Row[Any]) -> RunRecord:
    return RunRecord(**{column.name: row._mapping[column.name] for column in tables.run.columns})


def record_start(store: Store, run: RunRecord) -> None:
    """Write the row of a run that begins; its log names the process, so that an abandoned run can be told."""
    values = {name: getattr(run, name) for name in run.__slots__}
    values["log"] = f"{_process_mark(os.getpid())}\n"
    with store.begin() as conn:
        conn.execute(insert(tables.run).values(**values))


def record_end(store: Store, run: RunRecord) -> None:
    """Write how a run ended."""
    changed = ("status", "finished_at", "executed_key", "log", "error")
    with store.begin() as conn:
        conn.execute(
            update(tables.run)
            .where(tables.run.c.id == run.id)
            .values(**{name: getattr(run, name) for name in changed})
        )


def list_runs(store: Store, limit: int = 20) -> list[RunRecord]:
    """Return the ``limit`` newest runs, newest first."""
    query = select(tables.run).order_by(tables.run.c.started_at.desc(), tables.run.c.id).limit(limit)
    with store.engine.connect() as conn:
        return [_from_row(row) for row in conn.execute(query)]


def get_run(store: Store, id_prefix: str) -> RunRecord:
    """Return the one run whose id begins with ``id_prefix`` (4 to 32 hexadecimal digits).

    Raises
    ------
    ConfigError
        If the prefix is no such text, or fits several runs.
    MissingDataError
        If no run has it.
    """
    if not _PREFIX.fullmatch(id_prefix):
        raise ConfigError(f"{id_prefix!r} is no run id: give its first 4 to 32 hexadecimal digits")
    query = select(tables.run).where(tables.run.c.id.startswith(id_prefix)).limit(2)
    with store.engine.connect() as conn:
        rows = conn.execute(query).all()
    if not rows:
        raise MissingDataError(f"no run begins with {id_prefix}; `sillok runs` lists them")
    if len(rows) > 1:
        raise ConfigError(f"several runs begin with {id_prefix}; give more digits")
    return _from_row(rows[0])


def close_abandoned(store: Store, *, now: datetime) -> list[str]:
    """Mark as failed every run still `running` whose process on this host is gone; return their ids.

    A killed worker cannot write its own end, and a record that says `running` for ever is a lie.
    """
    query = select(tables.run.c.id, tables.run.c.log).where(tables.run.c.status == "running")
    closed = []
    with store.begin() as conn:
        for run_id, log in conn.execute(query).all():
            mark = (log or "").split("\n", 1)[0]
            pid = re.search(rf"host {re.escape(socket.gethostname())} process (\d+) ", mark)
            if pid and _process_mark(int(pid[1])) != mark:
                error = "the process that ran it is gone; it was killed or the machine went down"
                conn.execute(
                    update(tables.run)
                    .where(tables.run.c.id == run_id, tables.run.c.status == "running")
                    .values(status="failed", finished_at=now, error=error)
                )
                closed.append(run_id)
    return closed


def _process_mark(pid: int) -> str:
    # Process numbers come round again; number and start tick together do not.
    try:
        tick = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            tick = "gone"
        except PermissionError:
            tick = "0"
        else:
            tick = "0"
    return f"host {socket.gethostname()} process {pid} tick {tick}"
