"""Tables out of rows of partitions: one line a fact, numbers in float64, days without a time zone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sillok.clock import KST
from sillok.market.panel import Rows
from sillok.market.shapes import SHAPES

__all__ = ["to_frame"]


def _gather(parts: Sequence[Rows], name: str, kind: pa.DataType) -> npt.NDArray[np.generic]:
    found = [rows.column(name) for rows in parts]
    if pa.types.is_date32(kind):
        return np.concatenate([np.array([], "datetime64[D]"), *found]).astype("datetime64[us]")
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind):
        return np.concatenate([np.array([], object), *found])
    return np.concatenate([np.array([], "float64"), *found])


def to_frame(table: str, parts: Sequence[Rows], names: Sequence[str]) -> pd.DataFrame:
    """Return the rows with the columns ``names``, and ``known_at`` in Asia/Seoul behind them."""
    shape = SHAPES[table]
    columns = {name: _gather(parts, name, shape.columns[name]) for name in names}
    known = np.concatenate([np.array([], "int64"), *(rows.instants("known_at") for rows in parts)])
    instants = pd.DatetimeIndex(known.astype("datetime64[us]")).tz_localize("UTC").tz_convert(KST)
    texts = {name: "str" for name, values in columns.items() if values.dtype == object}
    return pd.DataFrame(columns | {"known_at": instants}).astype(texts)
