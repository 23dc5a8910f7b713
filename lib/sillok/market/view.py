"""A market as of an instant: what the snapshot knew then, and nothing later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sillok.clock import KST
from sillok.errors import DataError, MissingDataError
from sillok.market.listing import known_issues
from sillok.market.manifest import Manifest, Partition
from sillok.market.panel import Rows, known_rows, spread, used_labels
from sillok.market.partition import read_file
from sillok.objects import Objects

__all__ = ["Field", "Market", "open_market"]

Field = Literal["open", "high", "low", "close", "volume", "amount_krw"]
_FIELDS: tuple[Field, ...] = ("open", "high", "low", "close", "volume", "amount_krw")
_TRADED = ("open", "high", "low")  # 0 on a halted day: there was none
Day = date | str


def _as_day(value: Day) -> np.datetime64:
    try:
        return np.datetime64(pd.Timestamp(value).tz_localize(None).date(), "D")
    except (ValueError, TypeError) as err:
        raise DataError(f"{value!r} is not a day; write YYYY-MM-DD or give a date", value=str(value)) from err


class Market:
    """One snapshot as of one instant. Frames are indexed by session (midnight, no time zone), oldest first."""

    def __init__(self, objects: Objects, snapshot_id: str, manifest: Manifest, as_of: datetime) -> None:
        self._objects, self._manifest = objects, manifest
        self._batches: dict[str, pa.RecordBatch] = {}
        self.snapshot_id, self.as_of, self.source = snapshot_id, as_of, manifest.source
        if not len(self._days):
            raise MissingDataError(
                f"nothing was known at {as_of.isoformat()}: the snapshot's first session is {self._all_days[0]}; "
                "ask as of a later instant, or load an earlier start",
                as_of=as_of,
            )
        self.through: date = self._days[-1].item()

    def __repr__(self) -> str:
        return f"<Market {self.source} snapshot {self.snapshot_id[:12]} as of {self.as_of.isoformat()}>"

    # ---- reading partitions
    def _open(self, entry: Partition) -> pa.RecordBatch:
        if entry.key not in self._batches:
            self._batches[entry.key] = read_file(self._objects.path(entry.key), entry.key)
        return self._batches[entry.key]

    def _entries(self, table: str) -> list[Partition]:
        both = (*self._manifest.of(table), *self._manifest.of(f"{table}_old"))
        return [entry for entry in both if entry.known_first <= self.as_of]

    def _rows(self, table: str, days: npt.NDArray[np.datetime64]) -> list[Rows]:
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

    # ---- sessions
    @cached_property
    def _session_rows(self) -> pa.RecordBatch:
        entries = self._manifest.of("session")
        if not entries:
            raise DataError(
                f"snapshot {self.snapshot_id} has no sessions; freeze again", snapshot=self.snapshot_id
            )
        return self._open(entries[0])

    @cached_property
    def _all_days(self) -> npt.NDArray[np.datetime64]:
        return self._session_rows.column("date").to_numpy(zero_copy_only=False).astype("datetime64[D]")

    @cached_property
    def _days(self) -> npt.NDArray[np.datetime64]:
        known = pa.compute.less_equal(self._session_rows.column("known_at"), pa.scalar(self.as_of))
        return self._all_days[known.to_numpy(zero_copy_only=False)]

    def _next_day(self) -> np.datetime64:
        later = self._all_days[self._all_days > self._days[-1]]
        return later[0] if len(later) else np.datetime64(self._manifest.next_session, "D")

    def _between(self, start: Day | None, end: Day | None) -> npt.NDArray[np.datetime64]:
        """Return the sessions in ``[start, end)``, refusing what cannot be known."""
        first = self._days[0] if start is None else _as_day(start)
        stop = self._days[-1] + np.timedelta64(1, "D") if end is None else _as_day(end)
        if first > stop:
            raise DataError(
                f"dates are reversed: start {first} is after end {stop}", start=str(first), end=str(stop)
            )
        if first > self._days[-1] or stop > self._next_day():
            raise MissingDataError(
                f"[{first}, {stop}) reaches beyond {self._days[-1]}, the newest session known as of "
                f"{self.as_of.isoformat()}; ask for earlier days, or load and freeze newer ones",
                start=str(first),
                end=str(stop),
                through=self.through,
            )
        return self._days[(self._days >= first) & (self._days < stop)]

    def sessions(self, *, start: Day | None = None, end: Day | None = None) -> pd.DatetimeIndex:
        """Return the sessions known at ``as_of`` in ``[start, end)``, oldest first."""
        return pd.DatetimeIndex(self._between(start, end).astype("datetime64[us]"), name="date")

    # ---- issues
    def issues(self) -> pd.DataFrame:
        """Return the issues listed by ``as_of``, delisted ones among them, by symbol.

        Columns: ``name, market, industry, security_type`` (text), ``listed_on, delisted_on`` (days, NaT where
        not known or not come yet), ``shares`` (float64). An issue listed before the first load is known from
        its listing on; what only that load could tell (its number of shares) is NaN before it.
        """
        batches = [
            self._open(entry) for entry in (*self._manifest.of("issue"), *self._manifest.of("issue_old"))
        ]
        return known_issues(
            batches, self.as_of, lambda: used_labels(self._rows("daily_bar", self._days), "symbol")
        )

    # ---- panels
    def panel(
        self,
        field: Field = "close",
        *,
        start: Day | None = None,
        end: Day | None = None,
        symbols: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return sessions x symbols in float64, NaN where an issue has no bar.

        Prices are adjusted, in KRW; ``volume`` in shares; ``amount_krw`` NaN where the source gives none. On a
        halted day the close is the last one carried on; open, high and low are NaN.

        Parameters
        ----------
        start, end
            Days; ``end`` is exclusive. None: from the first known session, through the newest.
        symbols
            Columns, in this order; None: every issue with a bar in the span, sorted.

        Raises
        ------
        DataError
            If the field is unknown or the dates are reversed; MissingDataError if a symbol is unknown or the
            span reaches beyond what is known.
        """
        if field not in _FIELDS:
            raise DataError(f"there is no field {field!r}; choose one of {', '.join(_FIELDS)}", field=field)
        days = self._between(start, end)
        self._refuse_unknown(symbols)
        parts = self._rows("daily_bar", days)
        values = [rows.column(field) for rows in parts]
        if field in _TRADED:
            values = [np.where(value == 0, np.nan, value) for value in values]
        return self._frame(parts, "symbol", values, days, symbols)

    def returns(
        self,
        kind: Literal["simple", "log"] = "simple",
        *,
        start: Day | None = None,
        end: Day | None = None,
        symbols: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return daily close-to-close returns, sessions x symbols; row t is known at the close of t.

        The session before ``start`` gives the first row its base; the snapshot's very first session has none
        and is left out. NaN where either close is lacking: nothing is carried over a gap.
        """
        if kind not in {"simple", "log"}:
            raise DataError(f"there is no kind of return {kind!r}; choose simple or log", kind=kind)
        days = self._between(start, end)
        before = self._days[self._days < days[0]][-1:] if len(days) else days
        base = before[0].item() if len(before) else start
        close = self.panel("close", start=base, end=end, symbols=symbols)
        ratio = close / close.shift(1)
        return (ratio - 1 if kind == "simple" else np.log(ratio)).iloc[1:]

    def halted(
        self, *, start: Day | None = None, end: Day | None = None, symbols: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Return sessions x symbols in bool: True where a bar says that the issue was halted all day."""
        days = self._between(start, end)
        self._refuse_unknown(symbols)
        parts = self._rows("daily_bar", days)
        values = [(rows.column("open") == 0) & (rows.column("volume") == 0) for rows in parts]
        frame = self._frame(parts, "symbol", values, days, symbols)
        return frame == 1

    def index(self, code: str, *, start: Day | None = None, end: Day | None = None) -> pd.DataFrame:
        """Return an index by session: ``open, high, low, close`` in points, ``volume``, ``amount_krw``; float64.

        Raises
        ------
        MissingDataError
            If the snapshot has no such index, naming those it has.
        """
        days = self._between(start, end)
        parts = self._rows("index_bar", days)
        there = {name for rows in parts for name in rows.codes("code")[1]}
        if code not in there:
            raise MissingDataError(f"there is no index {code!r}; the snapshot has {sorted(there)}", code=code)
        columns = {
            field: self._frame(parts, "code", [rows.column(field) for rows in parts], days, [code])[code]
            for field in _FIELDS
        }
        return pd.DataFrame(columns).dropna(subset="close").rename_axis(index="date")

    def _frame(
        self,
        parts: list[Rows],
        label: str,
        values: Sequence[npt.NDArray[np.generic]],
        days: npt.NDArray[np.datetime64],
        labels: Sequence[str] | None,
    ) -> pd.DataFrame:
        index = pd.DatetimeIndex(days.astype("datetime64[us]"), name="date")
        if not len(days):
            return pd.DataFrame(index=index, columns=pd.Index(labels or [], name=label), dtype="float64")
        matrix, names = spread(parts, label, values, days, labels)
        return pd.DataFrame(matrix, index=index, columns=pd.Index(names, name=label), copy=False)

    @cached_property
    def _symbols(self) -> frozenset[str]:
        return frozenset(self.issues().index)

    def _refuse_unknown(self, symbols: Sequence[str] | None) -> None:
        unknown = [] if symbols is None else [name for name in symbols if name not in self._symbols]
        if unknown:
            raise MissingDataError(
                f"unknown symbols {unknown[:10]} as of {self.as_of.isoformat()}; market.issues() lists what there is",
                symbols=unknown,
            )


def open_market(objects: Objects, snapshot_id: str, *, as_of: datetime | None = None) -> Market:
    """Open a snapshot as of an instant.

    Parameters
    ----------
    as_of
        Aware. None: the close of the snapshot's newest session.

    Raises
    ------
    MissingDataError
        If there is no such snapshot, or it cannot know about ``as_of``: before its first session, or at or
        after the close of the session that follows its newest one.
    DataError
        If the manifest or a partition is damaged, or ``as_of`` has no time zone.
    """
    manifest = Manifest.from_bytes(objects.get(snapshot_id))
    if as_of is None:
        return Market(objects, snapshot_id, manifest, manifest.closed_at.astimezone(KST))
    if as_of.tzinfo is None:
        raise DataError(f"as_of must carry a time zone, got {as_of!r}; add one, such as Asia/Seoul")
    if as_of >= manifest.next_close:
        raise MissingDataError(
            f"snapshot {snapshot_id[:12]} ends with {manifest.through} and cannot know {as_of.isoformat()}; load and "
            f"freeze newer days, or ask as of an instant before {manifest.next_close.isoformat()}",
            as_of=as_of,
            through=manifest.through,
        )
    return Market(objects, snapshot_id, manifest, as_of)
