"""Rows of partitions: which were known at an instant, their columns as numbers, and spread over sessions x labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sillok.market.partition import SCALE
from sillok.market.seal import Seal, open_sealed

__all__ = ["Batch", "Days", "Rows", "known_rows", "spread", "standing_rows", "used_labels", "versions"]

Days = npt.NDArray[np.datetime64]


class Batch:
    """One partition, mapped: a column is checked against its seal when it is first used."""

    def __init__(self, data: pa.Buffer, seal: Seal, key: str) -> None:
        self._batch, self._seal, self._key = open_sealed(data, seal, key), seal, key
        self._checked: set[str] = set()

    def column(self, name: str) -> pa.Array:
        """Return a column, its bytes known to be those that were frozen."""
        if name not in self._checked:
            self._seal.check_column(self._batch, name, self._key)
            self._checked.add(name)
        return self._batch.column(name)

    def whole(self) -> pa.RecordBatch:
        """Return all columns, each checked."""
        for name in self._batch.schema.names:
            self.column(name)
        return self._batch

    def scale(self, name: str) -> int | None:
        """Return how many digits behind the point a column's integers count; None where it is no decimal."""
        said = (self._batch.schema.field(name).metadata or {}).get(SCALE)
        return None if said is None else int(said)

    @property
    def is_old(self) -> bool:
        return "known_until" in self._batch.schema.names

    def __len__(self) -> int:
        return int(self._batch.num_rows)


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of one partition, in their order: the batch, and which of its rows count."""

    batch: Batch
    picked: slice | npt.NDArray[np.intp]

    def column(self, name: str) -> npt.NDArray[np.generic]:
        """Return the picked values: a view into the file, or float64 with NaN where some lack.

        Decimals come as the float64 next to them, days as datetime64 with NaT, texts as objects.
        """
        column, scale = self.batch.column(name), self.batch.scale(name)
        if isinstance(column, pa.DictionaryArray):
            codes, names = self.codes(name)
            return np.array(names, dtype=object)[codes]
        is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        is_view = is_number and column.null_count == 0
        values: npt.NDArray[Any] = column.to_numpy(zero_copy_only=is_view)[self.picked]
        # Both numbers are exact in float64, so that their quotient is the float64 next to the decimal.
        return values if scale is None else values / 10.0**scale

    def instants(self, name: str) -> npt.NDArray[np.int64]:
        """Return the picked rows' instants as microseconds since 1970 in UTC, a view into the file."""
        return _instants(self.batch, name)[self.picked]

    def only(self, label: str, name: str) -> Rows:
        """Return those of the rows whose ``label`` is ``name``."""
        codes, names = self.codes(label)
        code = names.index(name) if name in names else -1
        return Rows(self.batch, np.arange(len(self.batch))[self.picked][codes == code])

    def days(self) -> npt.NDArray[np.int32]:
        """Return the picked rows' dates as days since 1970, a view into the file."""
        return _day_numbers(self.batch)[self.picked]

    def codes(self, label: str) -> tuple[npt.NDArray[np.int32], list[str]]:
        """Return the picked labels as codes, and the labels that the codes count."""
        column = self.batch.column(label)
        return column.indices.to_numpy()[self.picked], column.dictionary.to_pylist()

    def labels(self, label: str) -> set[str]:
        """Return the labels that have a row."""
        codes, names = self.codes(label)
        if len(codes) == len(self.batch):
            return set(names)  # a partition has no label without a row
        is_used = np.zeros(len(names), dtype=bool)
        is_used[codes] = True
        return {names[code] for code in np.flatnonzero(is_used)}


def used_labels(parts: Sequence[Rows], label: str) -> set[str]:
    """Return the labels that have a row."""
    return set().union(*(rows.labels(label) for rows in parts))


def _day_numbers(batch: Batch) -> npt.NDArray[np.int32]:
    return batch.column("date").view(pa.int32()).to_numpy()


def _instants(batch: Batch, name: str) -> npt.NDArray[np.int64]:
    return batch.column(name).view(pa.int64()).to_numpy()


def _microseconds(instant: datetime) -> np.int64:
    return np.datetime64(instant.astimezone(UTC).replace(tzinfo=None), "us").astype(np.int64)


def versions(batch: Batch, as_of: datetime) -> Rows:
    """Return every row that had become known by ``as_of``, replaced since or not."""
    return Rows(batch, np.flatnonzero(_instants(batch, "known_at") <= _microseconds(as_of)))


def standing_rows(batch: Batch, as_of: datetime) -> Rows:
    """Return the rows that were the known ones at ``as_of``, whatever day they speak of."""
    rows = versions(batch, as_of)
    if not batch.is_old:
        return rows
    lasts = _microseconds(as_of) < rows.instants("known_until")
    return Rows(batch, np.arange(len(batch))[rows.picked][lasts])


def known_rows(batch: Batch, as_of: datetime, days: Days, *, all_known: bool) -> Rows | None:
    """Return the rows of sessions ``days[0]`` to ``days[-1]`` that were the known ones at ``as_of``.

    Parameters
    ----------
    batch
        Sorted by date; with ``known_until`` if its rows were superseded.
    all_known
        Whether every row is known to be known at ``as_of``, so that none needs to be looked at.
    """
    dates, ends = _day_numbers(batch), days[[0, -1]].astype(np.int32)
    first, last = np.searchsorted(dates, ends[0], "left"), np.searchsorted(dates, ends[1], "right")
    if first == last:
        return None
    if all_known and not batch.is_old:
        return Rows(batch, slice(int(first), int(last)))
    instant = _microseconds(as_of)
    mask = _instants(batch, "known_at")[first:last] <= instant
    if batch.is_old:
        mask &= instant < _instants(batch, "known_until")[first:last]
    picked = np.flatnonzero(mask) + first
    return Rows(batch, picked) if len(picked) else None


def spread(
    parts: Sequence[Rows],
    label: str,
    values: Sequence[npt.NDArray[np.generic]],
    days: Days,
    labels: Sequence[str] | None,
) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Return a matrix ``(len(days), labels)`` in float64, NaN where there is no row, and its labels.

    ``labels`` None takes every label that has a row, sorted.
    """
    if labels is None:
        labels = sorted(used_labels(parts, label))
    place = {name: number for number, name in enumerate(labels)}
    # One more column takes the labels that were not asked for; it is cut off at the end.
    matrix = np.full((len(days), len(place) + 1), np.nan)
    numbers = days.astype(np.int32)
    for rows, column in zip(parts, values, strict=True):
        codes, names = rows.codes(label)
        targets = np.array([place.get(name, len(place)) for name in names], dtype=np.intp)
        dates = rows.days()
        begins, ends = np.searchsorted(dates, numbers, "left"), np.searchsorted(dates, numbers, "right")
        # Day by day, since each day's rows lie together: one row of the matrix stays in the processor's cache.
        for row, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
            if begin < end:
                matrix[row, targets[codes[begin:end]]] = column[begin:end]
    return matrix[:, :-1], list(labels)
