"""The record of a load: a row that says running, then how it ended, and the report of what it did."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from sillok.errors import ConfigError, ResourceError, SillokError
from sillok.ingest.asks import Ask
from sillok.ingest.pipeline import Outcome
from sillok.store import Store, Written
from sillok.store.tables import load

__all__ = ["LoadRecord", "LoadReport", "Tally", "record_load", "refuse_other_source"]

_FAILURES_TOLD = 20


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did.

    ``counts`` has by dataset the rows inserted, changed and the same; also ``vanished``, if rows stand in the
    store that the vendor has no more, ``left_out``, if it gave some that cannot be, and ``failed``, the answers
    that could not be trusted, of which ``failures`` tells the first. ``skipped`` says why a dataset was left
    out, ``refetched`` whose history was asked for again. ``calls`` were made to the vendor.
    """

    load_id: str
    source: str
    counts: dict[str, dict[str, int]]
    through: date
    calls: int
    refetched: tuple[str, ...] = ()
    skipped: dict[str, str] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    duration_s: float = 0.0


@dataclass
class Tally:
    """Counts of what was written, by dataset."""

    written: dict[str, Written] = field(default_factory=dict)
    vanished: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def add(self, name: str, outcome: Outcome) -> None:
        """Add what a committed batch did to the dataset ``name``."""
        self.written[name] = self.written.get(name, Written(0, 0, 0)) + outcome.written
        self.vanished[name] = self.vanished.get(name, 0) + outcome.vanished
        self.left_out[name] = self.left_out.get(name, 0) + outcome.left_out

    def fail(self, ask: Ask, err: SillokError) -> None:
        """Note that the answer to ``ask`` could not be trusted."""
        self.failed[ask.dataset] = self.failed.get(ask.dataset, 0) + 1
        if len(self.failures) < _FAILURES_TOLD:
            self.failures.append(f"{ask.dataset} {ask.key}: {err}")

    def drop_empty(self, name: str) -> None:
        """Forget a dataset of which nothing came."""
        if not any(self.written.get(name, ())):
            self.written.pop(name, None)

    def to_json(self) -> dict[str, dict[str, int]]:
        """Return the counts, those that are rarely above 0 only where they are."""
        rare = {"vanished": self.vanished, "left_out": self.left_out, "failed": self.failed}
        return {
            name: rows._asdict() | {word: some[name] for word, some in rare.items() if some.get(name)}
            for name, rows in self.written.items()
        }


@dataclass
class LoadRecord:
    """The row of a running load."""

    id: str
    store: Store
    now: datetime
    monotonic: Callable[[], float]

    def __post_init__(self) -> None:
        self._began = self.monotonic()

    def set(self, **values: Any) -> None:
        """Change the row."""
        with self.store.begin() as conn:
            conn.execute(update(load).where(load.c.id == self.id).values(values))

    def end(self, status: str, **values: Any) -> float:
        """Say how the load ended, and when: its instant and the seconds that passed since. Return the seconds."""
        duration_s = self.monotonic() - self._began
        finished_at = self.now + timedelta(seconds=duration_s)
        self.set(status=status, finished_at=finished_at, duration_s=duration_s, **values)
        return duration_s


def refuse_other_source(store: Store, source: str) -> None:
    """Raise ConfigError if the store holds a market of another source."""
    with store.engine.connect() as conn:
        before = conn.execute(select(load.c.source).order_by(load.c.started_at).limit(1)).scalar()
    if before is not None and before != source:
        raise ConfigError(
            f"this store holds a {before!r} market and the client offers {source!r}; they are never mixed: set "
            "SILLOK_HOME or SILLOK_DATABASE_URL to another store",
            store_source=before,
            client_source=source,
        )


@contextmanager
def record_load(
    store: Store, source: str, through: date, now: datetime, monotonic: Callable[[], float]
) -> Iterator[LoadRecord]:
    """Keep the load's row: running, then failed with the error if one leaves; a good end is the caller's to say.

    The caller holds the load's lock: a row that says running is of a process that died.
    """
    record = LoadRecord(uuid.uuid4().hex, store, now, monotonic)
    with store.begin() as conn:
        gone = "interrupted: the process ended before the load did"
        conn.execute(update(load).where(load.c.status == "running").values(status="failed", error=gone))
        first: Mapping[str, Any] = {"id": record.id, "source": source, "status": "running"}
        conn.execute(insert(load).values(**first, started_at=now, through=through))
    try:
        yield record
    except BaseException as err:
        cause = _first_cause(err)
        with suppress(ResourceError):  # the database is away: the next load will say that this one died
            record.end("failed", error=f"{type(cause).__name__}: {cause}")
        if cause is err:
            raise
        raise cause from err


def _first_cause(err: BaseException) -> BaseException:
    while isinstance(err, BaseExceptionGroup):
        err = err.exceptions[0]
    return err
