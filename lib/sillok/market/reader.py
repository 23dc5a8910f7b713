"""Read a snapshot as of an instant: its sessions, and the rows of its partitions that were known then."""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sillok.clock import KST
from sillok.errors import DataError, MissingDataError
from sillok.market.manifest import Manifest, Partition
from sillok.market.panel import Batch, Days, Rows, known_rows, standing_rows, versions
from sillok.market.partition import map_file
from sillok.objects import Objects

__all__ = ["Day", "Reader", "as_day"]

Day = date | str


def as_day(value: Day) -> np.datetime64:
    """Return the day that a caller named; DataError if it names none."""
    try:
        return np.datetime64(pd.Timestamp(value).tz_localize(None).date(), "D")
    except (ValueError, TypeError) as err:
        raise DataError(f"{value!r} is not a day; write YYYY-MM-DD or give a date", value=str(value)) from err


class Reader:
    """The partitions of one snapshot, each mapped when it is first used, seen from one instant."""

    def __init__(self, objects: Objects, snapshot_id: str, manifest: Manifest, as_of: datetime) -> None:
        self._objects, self._manifest = objects, manifest
        self._batches: dict[str, Batch] = {}
        self.snapshot_id, self.as_of = snapshot_id, as_of
        if not len(self.days):
            raise MissingDataError(
                f"nothing was known at {as_of.isoformat()}: the snapshot's first session is {self.all_days[0]}; "
                "ask as of a later instant, or load an earlier start",
                as_of=as_of,
            )

    def issue_batches(self) -> list[pa.RecordBatch]:
        """Return every version of every issue."""
        entries = (*self._manifest.of("issue"), *self._manifest.of("issue_old"))
        return [self._open(entry).whole() for entry in entries]

    def _open(self, entry: Partition) -> Batch:
        if entry.key not in self._batches:
            data = map_file(self._objects.path(entry.key, check=False), entry.key)
            self._batches[entry.key] = Batch(data, entry.seal, entry.key)
        return self._batches[entry.key]

    def _entries(self, table: str) -> list[Partition]:
        both = (*self._manifest.of(table), *self._manifest.of(f"{table}_old"))
        return [entry for entry in both if entry.known_first <= self.as_of]

    def rows(self, table: str, days: Days) -> list[Rows]:
        """Return the rows of ``table`` on ``days`` that were the known ones, partition by partition."""
        if not len(days):
            return []
        years = range(days[0].item().year, days[-1].item().year + 1)
        found = []
        for entry in self._entries(table):
            if entry.part in years:
                all_known = entry.known_last <= self.as_of
                rows = known_rows(self._open(entry), self.as_of, days, all_known=all_known)
                found += [] if rows is None else [rows]
        return found

    def holds(self, table: str) -> bool:
        """Whether the snapshot has a row of ``table``, known at ``as_of`` or later."""
        return bool(self._manifest.of(table))

    def require(self, table: str) -> None:
        """Raise MissingDataError if the snapshot has not one row of ``table``."""
        if not self.holds(table):
            raise MissingDataError(
                f"snapshot {self.snapshot_id[:12]} holds no {table}: the source gives none, or it was frozen before "
                "they were loaded; run `sillok ingest`, then `sillok freeze`",
                table=table,
                snapshot=self.snapshot_id,
            )

    def standing(self, table: str) -> list[Rows]:
        """Return the rows of ``table`` that were the known ones, of whatever day."""
        self.require(table)
        return [standing_rows(self._open(entry), self.as_of) for entry in self._entries(table)]

    def versions(self, table: str) -> list[Rows]:
        """Return every row of ``table`` that had become known, replaced since or not."""
        self.require(table)
        return [versions(self._open(entry), self.as_of) for entry in self._entries(table)]

    @cached_property
    def _session_rows(self) -> Batch:
        entries = self._manifest.of("session")
        if not entries:
            raise DataError(
                f"snapshot {self.snapshot_id} has no sessions; freeze again", snapshot=self.snapshot_id
            )
        return self._open(entries[0])

    @cached_property
    def all_days(self) -> Days:
        """Every session in the snapshot."""
        return self._session_rows.column("date").to_numpy(zero_copy_only=False).astype("datetime64[D]")

    @cached_property
    def days(self) -> Days:
        """The sessions known at ``as_of``, oldest first."""
        known = pa.compute.less_equal(self._session_rows.column("known_at"), pa.scalar(self.as_of))
        return self.all_days[known.to_numpy(zero_copy_only=False)]

    def closes(self, days: Days) -> npt.NDArray[np.int64]:
        """Return when each of ``days``, sessions, closed: microseconds since 1970 in UTC."""
        known_at = self._session_rows.column("known_at").view(pa.int64()).to_numpy()
        return np.asarray(known_at[np.searchsorted(self.all_days, days)], dtype="int64")

    def calendar_span(self, start: Day | None, end: Day | None) -> tuple[np.datetime64, np.datetime64]:
        """Return ``[start, end)`` in days of any calendar, refusing what lies after the day of ``as_of``."""
        today = np.datetime64(self.as_of.astimezone(KST).date(), "D")
        stop = today + np.timedelta64(1, "D") if end is None else as_day(end)
        first = np.datetime64("0001-01-01", "D") if start is None else as_day(start)
        if first > stop:
            raise DataError(
                f"dates are reversed: start {first} is after end {stop}", start=str(first), end=str(stop)
            )
        if stop > today + np.timedelta64(1, "D"):
            raise MissingDataError(
                f"end {stop} reaches beyond {today}, the day of {self.as_of.isoformat()}; ask for earlier days",
                end=str(stop),
            )
        return first, stop

    def _next_day(self) -> np.datetime64:
        later = self.all_days[self.all_days > self.days[-1]]
        return later[0] if len(later) else np.datetime64(self._manifest.next_session, "D")

    def between(self, start: Day | None, end: Day | None) -> Days:
        """Return the sessions in ``[start, end)``, refusing what cannot be known."""
        first = self.days[0] if start is None else as_day(start)
        stop = self.days[-1] + np.timedelta64(1, "D") if end is None else as_day(end)
        if first > stop:
            raise DataError(
                f"dates are reversed: start {first} is after end {stop}", start=str(first), end=str(stop)
            )
        if first > self.days[-1] or stop > self._next_day():
            raise MissingDataError(
                f"[{first}, {stop}) reaches beyond {self.days[-1]}, the newest session known as of "
                f"{self.as_of.isoformat()}; ask for earlier days, or load and freeze newer ones",
                start=str(first),
                end=str(stop),
                through=self.days[-1].item(),
            )
        return self.days[(self.days >= first) & (self.days < stop)]
