"""Read a snapshot as of an instant: its sessions, and the rows of its partitions that were known then."""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa

from sillok.errors import DataError, MissingDataError
from sillok.market.manifest import Manifest, Partition
from sillok.market.panel import Batch, Days, Rows, known_rows
from sillok.market.partition import map_file
from sillok.objects import Objects

__all__ = ["Day", "Reader"]

Day = date | str


def _as_day(value: Day) -> np.datetime64:
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

    def _next_day(self) -> np.datetime64:
        later = self.all_days[self.all_days > self.days[-1]]
        return later[0] if len(later) else np.datetime64(self._manifest.next_session, "D")

    def between(self, start: Day | None, end: Day | None) -> Days:
        """Return the sessions in ``[start, end)``, refusing what cannot be known."""
        first = self.days[0] if start is None else _as_day(start)
        stop = self.days[-1] + np.timedelta64(1, "D") if end is None else _as_day(end)
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
