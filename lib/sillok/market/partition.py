"""Partitions: store rows as Arrow IPC files, the same bytes for the same rows, and back by memory map."""

from __future__ import annotations

import functools
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from sqlalchemy import ColumnElement, Connection, String, cast, func, select

from sillok.errors import DataError
from sillok.market.shapes import Shape, plain

__all__ = ["SCALE", "map_file", "pack", "read_current"]

SCALE = b"scale"  # in a field's metadata: its integers count steps of 10 ** -scale
_ROWS_AT_ONCE = 50_000


def _in_part(shape: Shape, part: int) -> ColumnElement[bool]:
    return shape.table.c[shape.day].between(date(part, 1, 1), date(part, 12, 31))


def _read_lines(conn: Connection, shape: Shape, part: int) -> pa.Table:
    """Read rows as one line of text a row, parsed in bulk: three times as fast as value by value in Python."""
    names = [*shape.columns, "known_at"]
    cells: list[ColumnElement[str]] = [
        func.coalesce(cast(shape.table.c[name], String(26)), "") for name in names
    ]
    line = functools.reduce(lambda left, right: left + "\t" + right, cells)
    schema = plain(shape.schema())
    instant = schema.field("known_at").type
    naive = {field.name: pa.timestamp("us") if field.type == instant else field.type for field in schema}
    parse = pa.csv.ParseOptions(delimiter="\t", quote_char=False)
    read = pa.csv.ReadOptions(column_names=names, use_threads=False)
    convert = pa.csv.ConvertOptions(column_types=naive, strings_can_be_null=False)
    query = select(line).where(_in_part(shape, part))
    result = conn.execution_options(stream_results=True).execute(query)
    tables = [schema.empty_table()]
    for lines in result.scalars().partitions(_ROWS_AT_ONCE):
        text = pa.BufferReader("\n".join(lines).encode())
        tables.append(pa.csv.read_csv(text, read, parse, convert).cast(schema))
    return pa.concat_tables(tables)


def _read_values(conn: Connection, shape: Shape, part: int) -> pa.Table:
    query = select(*(shape.table.c[name] for name in [*shape.columns, "known_at"]))
    rows = conn.execute(query.where(_in_part(shape, part)) if shape.day else query).mappings()
    return pa.Table.from_pylist([dict(row) for row in rows], schema=plain(shape.schema()))


def read_current(conn: Connection, shape: Shape, part: int) -> pa.Table:
    """Return a partition's rows as they stand in the store, sorted, in plain strings (see :func:`pack`)."""
    is_bulk = shape.day and not shape.has_text
    table = _read_lines(conn, shape, part) if is_bulk else _read_values(conn, shape, part)
    return table.sort_by([(name, "ascending") for name in shape.order])


def _join(column: pa.ChunkedArray) -> pa.Array:
    joined = column.combine_chunks()
    if not isinstance(joined, pa.ChunkedArray):
        return joined
    return pa.concat_arrays(joined.chunks) if joined.num_chunks else pa.array([], joined.type)


def _scaled(column: pa.Array) -> pa.Array:
    """Return decimals as 64-bit integers of their last digit, 0 under a null."""
    halves = np.frombuffer(column.buffers()[1], np.int64)[2 * column.offset :]
    lacks = column.is_null().to_numpy(zero_copy_only=False)
    return pa.array(np.where(lacks, 0, halves[: 2 * len(column) : 2]), pa.int64(), mask=lacks)


def pack(table: pa.Table, shape: Shape, *, old: bool = False) -> pa.Buffer:
    """Return the IPC file of sorted rows: one batch, uncompressed, labels in alphabetical order."""
    arrays, fields = [], []
    for logical in shape.schema(old=old):
        column, field = _join(table.column(logical.name)), logical
        if pa.types.is_dictionary(logical.type):
            labels = column.unique().sort()
            codes = pa.compute.index_in(column, labels)
            column = pa.DictionaryArray.from_arrays(codes, labels)
        elif pa.types.is_decimal128(logical.type):
            column = _scaled(column)
            field = pa.field(logical.name, column.type, metadata={SCALE: str(logical.type.scale)})
        arrays.append(column)
        fields.append(field)
    batch = pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def map_file(path: Path, key: str) -> pa.Buffer:
    """Map a file into memory; DataError if it is empty or cannot be mapped."""
    try:
        with pa.memory_map(str(path)) as file:
            return file.read_buffer()
    except (pa.ArrowInvalid, OSError) as err:
        raise DataError(f"partition {key} in {path} cannot be mapped: {err}; freeze again", key=key) from err
