"""Partitions: store rows as Arrow IPC files, the same bytes for the same rows, and back by memory map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, Select, String, Table, cast, select

from sillok.errors import DataError
from sillok.store import tables

__all__ = ["SHAPES", "Shape", "pack", "read_current", "read_file"]

_ROWS_AT_ONCE = 50_000
_DAY, _INSTANT = pa.date32(), pa.timestamp("us", tz="UTC")
_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True)
class Shape:
    """How a store table lies in a partition: sorted by ``order``, strings of ``label`` as a dictionary."""

    table: Table
    columns: dict[str, pa.DataType]
    order: tuple[str, ...]
    by_year: bool
    label: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.table.primary_key.columns)

    def schema(self, *, old: bool = False) -> pa.Schema:
        """Return the Arrow schema; superseded rows also say until when they were known as they were."""
        fields = [pa.field(name, kind) for name, kind in self.columns.items()] + [
            pa.field("known_at", _INSTANT)
        ]
        return pa.schema([*fields, pa.field("known_until", _INSTANT)] if old else fields)


_LABEL = pa.dictionary(pa.int32(), pa.string())
SHAPES = {
    "session": Shape(tables.session, {"date": _DAY}, ("date",), by_year=False),
    "issue": Shape(
        tables.issue,
        {
            **dict.fromkeys(("symbol", "isin", "name", "market", "security_type", "industry"), pa.string()),
            "listed_on": _DAY,
            "delisted_on": _DAY,
            "shares": pa.int64(),
        },
        ("symbol",),
        by_year=False,
    ),
    "index_bar": Shape(
        tables.index_bar,
        {
            "code": _LABEL,
            "date": _DAY,
            **dict.fromkeys(_PRICES, pa.float64()),
            "volume": pa.int64(),
            "amount_krw": pa.int64(),
        },
        ("date", "code"),
        by_year=True,
        label="code",
    ),
    "daily_bar": Shape(
        tables.daily_bar,
        {
            "symbol": _LABEL,
            "date": _DAY,
            **dict.fromkeys(_PRICES, pa.int32()),
            "volume": pa.int64(),
            "amount_krw": pa.int64(),
        },
        ("date", "symbol"),
        by_year=True,
        label="symbol",
    ),
}


def _query(shape: Shape, part: int) -> Select[Any]:
    """Select a partition's rows, dates and instants as text: drivers turn text into columns far faster."""
    texts = {name for name, kind in shape.columns.items() if kind == _DAY} | {"known_at"}
    names = [*shape.columns, "known_at"]
    columns = [cast(shape.table.c[n], String(26)) if n in texts else shape.table.c[n] for n in names]
    query = select(*columns)
    if shape.by_year:
        query = query.where(shape.table.c.date.between(date(part, 1, 1), date(part, 12, 31)))
    return query


def _to_array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if kind in (_DAY, _INSTANT):
        unit = "D" if kind == _DAY else "us"
        text = pa.array(values, pa.string()).dictionary_encode()
        stamps = np.array(text.dictionary.to_pylist() or [], dtype=f"datetime64[{unit}]")
        # Few different days stand in very many rows: read each once, then spread it.
        return pa.array(stamps).cast(kind).take(text.indices)
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string())
    return pa.array(
        [None if v is None else float(v) for v in values] if kind == pa.float64() else values, kind
    )


def read_current(conn: Connection, shape: Shape, part: int) -> pa.Table:
    """Return a partition's rows as they stand in the store, sorted, in plain strings (see :func:`pack`)."""
    schema = shape.schema()
    chunks: list[list[pa.Array]] = []
    result = conn.execution_options(stream_results=True).execute(_query(shape, part))
    for rows in result.partitions(_ROWS_AT_ONCE):
        columns = zip(*rows, strict=True)
        chunks.append([_to_array(column, field.type) for column, field in zip(columns, schema, strict=True)])
    plain = pa.schema([f.with_type(pa.string()) if pa.types.is_dictionary(f.type) else f for f in schema])
    table = pa.Table.from_batches(
        [pa.RecordBatch.from_arrays(chunk, schema=plain) for chunk in chunks], plain
    )
    return table.sort_by([(name, "ascending") for name in shape.order])


def pack(table: pa.Table, shape: Shape, *, old: bool = False) -> bytes:
    """Return the IPC file of sorted rows: one batch, uncompressed, labels in alphabetical order."""
    arrays = []
    for field in shape.schema(old=old):
        column = table.column(field.name).combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
        if pa.types.is_dictionary(field.type):
            labels = column.unique().sort()
            codes = pa.compute.index_in(column, labels)
            column = pa.DictionaryArray.from_arrays(codes, labels)
        arrays.append(column)
    batch = pa.RecordBatch.from_arrays(arrays, schema=shape.schema(old=old))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def read_file(path: Path, key: str) -> pa.RecordBatch:
    """Map a partition; its columns are views into the file.

    Raises
    ------
    DataError
        If the file is not an Arrow file, though its checksum is right.
    """
    try:
        return pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
    except (pa.ArrowInvalid, OSError) as err:
        raise DataError(f"partition {key} cannot be read as Arrow: {err}; freeze again", key=key) from err
