"""Seals: checksums of a partition's parts, so that a reader checks just the columns it uses, and all of those.

The whole file's sha256 is its name. Beside it the manifest holds one sha256 for the frame (schema, labels,
footer: everything around the columns) and one for each column. The frame is checked before Arrow reads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from sillok.errors import DataError

__all__ = ["Seal", "make_seal", "open_sealed"]


@dataclass(frozen=True, slots=True)
class Seal:
    """The size of a file, where its columns lie, and the sha256 of the frame and of each column."""

    size: int
    start: int
    stop: int
    frame: str
    columns: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return the seal as the manifest holds it."""
        return asdict(self)

    def check_frame(self, data: pa.Buffer, key: str) -> None:
        """Raise DataError unless the file has its size and everything around the columns is as it was sealed."""
        if data.size != self.size:
            raise _damaged(key, f"it has {data.size} of {self.size} bytes")
        if _frame(data, self.start, self.stop) != self.frame:
            raise _damaged(key, "its frame has another checksum")

    def check_column(self, batch: pa.RecordBatch, name: str, key: str) -> None:
        """Raise DataError unless the column is as it was sealed."""
        if _digest(batch.column(name)) != self.columns[name]:
            raise _damaged(key, f"its column {name} has another checksum")


def _damaged(key: str, found: str) -> DataError:
    return DataError(
        f"partition {key} is damaged: {found}; remove the file and freeze again, or restore it from a backup",
        key=key,
    )


def _buffers(column: pa.Array) -> Iterator[pa.Buffer]:
    """Yield a column's buffers; one without a byte lies anywhere in memory, and says nothing."""
    values = column.indices if isinstance(column, pa.DictionaryArray) else column
    yield from (buffer for buffer in values.buffers() if buffer is not None and buffer.size)


def _digest(column: pa.Array) -> str:
    found = hashlib.sha256()
    for buffer in _buffers(column):
        found.update(buffer)
    return found.hexdigest()


def _frame(data: pa.Buffer, start: int, stop: int) -> str:
    found = hashlib.sha256(data.slice(0, start))
    found.update(data.slice(stop))
    return found.hexdigest()


def make_seal(data: pa.Buffer) -> Seal:
    """Return the seal of an IPC file of one batch."""
    batch = pa.ipc.open_file(data).get_batch(0)
    names = batch.schema.names
    spans = [
        (b.address - data.address, b.address - data.address + b.size)
        for n in names
        for b in _buffers(batch.column(n))
    ]
    start, stop = min(a for a, _ in spans), max(b for _, b in spans)
    columns = {name: _digest(batch.column(name)) for name in names}
    return Seal(data.size, start, stop, _frame(data, start, stop), columns)


def open_sealed(data: pa.Buffer, seal: Seal, key: str) -> pa.RecordBatch:
    """Return the batch, its frame checked; each column is the reader's to check before it is used."""
    seal.check_frame(data, key)
    return pa.ipc.open_file(data).get_batch(0)
