"""Statements point in time: which of an issue's periods was the newest one known at each session."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sillok.market.panel import Rows

__all__ = ["join_as_of"]

_Array = npt.NDArray[np.generic]


def _label_places(parts: Sequence[Rows], places: dict[str, int]) -> npt.NDArray[np.int64]:
    """Return the column of each row; -1 where its symbol was not asked for."""
    found = [np.array([], "int64")]
    for rows in parts:
        codes, names = rows.codes("symbol")
        found.append(np.array([places.get(name, -1) for name in names], dtype="int64")[codes])
    return np.concatenate(found)


def join_as_of(
    parts: Sequence[Rows], field: str, instants: npt.NDArray[np.int64], symbols: Sequence[str]
) -> npt.NDArray[np.float64]:
    """Return ``(len(instants), len(symbols))``: the field of the newest period known at each instant.

    NaN before the first statement, and where the newest one gives no such value: an older period is never
    put in its place. A late or corrected statement of an older period changes nothing once a newer one is known.

    Parameters
    ----------
    parts
        Every version of every statement of one basis that was known at the last instant.
    instants
        Ascending, in microseconds since 1970 in UTC.
    """
    column = _label_places(parts, {name: place for place, name in enumerate(symbols)})
    period = np.concatenate([np.array([], "int64"), *(_day_numbers(rows) for rows in parts)])
    known = np.concatenate([np.array([], "int64"), *(rows.instants("known_at") for rows in parts)])
    value = np.concatenate([np.array([], "float64"), *(rows.column(field) for rows in parts)])
    line = np.searchsorted(instants, known, "left")  # the first instant at which it is known
    counts = np.flatnonzero((column >= 0) & (line < len(instants)))
    order = counts[np.lexsort((period[counts], known[counts], column[counts]))]
    # The newest period so far: symbols lie one after another, so that one running maximum serves them all.
    stamp = column[order] * np.int64(10**6) + period[order]
    order = order[stamp == np.maximum.accumulate(stamp)]
    # Row numbers grow with time in each column: their running maximum is the last statement that counts.
    newest = np.zeros((len(instants), len(symbols)), dtype="int64")
    np.maximum.at(newest, (line[order], column[order]), np.arange(1, len(order) + 1))
    np.maximum.accumulate(newest, axis=0, out=newest)
    values: npt.NDArray[np.float64] = np.concatenate([[np.nan], value[order]])[newest]
    return values


def _day_numbers(rows: Rows) -> npt.NDArray[np.int64]:
    days = rows.column("period").astype("datetime64[D]").astype("int64")
    return np.asarray(days, dtype="int64")
