"""Dense panels out of partitions: the rows that were known at an instant, spread over sessions x labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["Rows", "known_rows", "spread", "used_labels"]

Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of one partition: the batch, and which of its rows count."""

    batch: pa.RecordBatch
    picked: slice | npt.NDArray[np.intp]

    def column(self, name: str) -> npt.NDArray[np.generic]:
        """Return the picked numbers: a view into the file, or float64 with NaN where some lack."""
        column = self.batch.column(name)
        return column.to_numpy(zero_copy_only=column.null_count == 0)[self.picked]

    def days(self) -> npt.NDArray[np.int32]:
        """Return the picked rows' dates as days since 1970, a view into the file."""
        return _day_numbers(self.batch)[self.picked]

    def codes(self, label: str) -> tuple[npt.NDArray[np.int32], list[str]]:
        """Return the picked labels as codes, and the labels that the codes count."""
        column = self.batch.column(label)
        return column.indices.to_numpy()[self.picked], column.dictionary.to_pylist()


def used_labels(parts: Sequence[Rows], label: str) -> set[str]:
    """Return the labels that have a row."""
    coded = [rows.codes(label) for rows in parts]
    return {names[code] for codes, names in coded for code in np.flatnonzero(np.bincount(codes))}


def _day_numbers(batch: pa.RecordBatch) -> npt.NDArray[np.int32]:
    return batch.column("date").view(pa.int32()).to_numpy()


def _instants(batch: pa.RecordBatch, name: str) -> npt.NDArray[np.int64]:
    return batch.column(name).view(pa.int64()).to_numpy()


def known_rows(batch: pa.RecordBatch, as_of: datetime, days: Days, *, all_known: bool) -> Rows | None:
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
    is_old = "known_until" in batch.schema.names
    if all_known and not is_old:
        return Rows(batch, slice(int(first), int(last)))
    instant = np.datetime64(as_of.astimezone(UTC).replace(tzinfo=None), "us").astype(np.int64)
    mask = _instants(batch, "known_at")[first:last] <= instant
    if is_old:
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
    coded = [rows.codes(label) for rows in parts]
    if labels is None:
        labels = sorted(used_labels(parts, label))
    place = {name: number for number, name in enumerate(labels)}
    # One more column takes the labels that were not asked for; it is cut off at the end.
    matrix = np.full((len(days), len(place) + 1), np.nan)
    numbers = days.astype(np.int32)
    row_of = np.zeros(numbers[-1] - numbers[0] + 1, dtype=np.intp)
    row_of[numbers - numbers[0]] = np.arange(len(numbers))
    for rows, (codes, names), column in zip(parts, coded, values, strict=True):
        targets = np.array([place.get(name, len(place)) for name in names], dtype=np.intp)
        matrix[row_of[rows.days() - numbers[0]], targets[codes]] = column
    return matrix[:, :-1], list(labels)
