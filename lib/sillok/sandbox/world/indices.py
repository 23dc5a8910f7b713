"""Indices out of their constituents: value-weighted, chained over who is listed on both days."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sillok.sandbox.world.market import IndexSeries

__all__ = ["build_index"]

Ints = NDArray[np.int64]


class _Paths(Protocol):
    """Unadjusted sessions x issues arrays, 0 where not listed."""

    @property
    def open(self) -> Ints: ...
    @property
    def high(self) -> Ints: ...
    @property
    def low(self) -> Ints: ...
    @property
    def close(self) -> Ints: ...
    @property
    def volume(self) -> Ints: ...
    @property
    def amount_krw(self) -> Ints: ...
    @property
    def shares(self) -> Ints: ...
    @property
    def is_listed(self) -> NDArray[np.bool_]: ...


def build_index(paths: _Paths, numbers: Ints, members: NDArray[np.bool_], level: float) -> IndexSeries:
    """Return the index of ``members`` (N), which closes its first session at ``level`` points.

    An issue counts from its second session on, and no more once it leaves; a split changes price and shares
    alike, and so nothing. Highs and lows of issues fall at different minutes: the index reaches half as far
    as they would together.
    """
    value = {
        name: (getattr(paths, name) * paths.shares)[:, members] for name in ("open", "high", "low", "close")
    }
    listed = paths.is_listed[:, members]
    halted = listed & (paths.open[:, members] == 0)
    for name in ("open", "high", "low"):
        value[name] = np.where(halted, value["close"], value[name])
    both = listed[1:] & listed[:-1]
    before = (value["close"][:-1] * both).sum(axis=1)
    growth = {name: (value[name][1:] * both).sum(axis=1) / before for name in value}
    close = level * np.concatenate([[1.0], np.cumprod(growth["close"])])
    first = np.concatenate([[level], close[:-1] * growth["open"]])
    top, bottom = np.maximum(first, close), np.minimum(first, close)
    high = np.concatenate([[level], close[:-1] * growth["high"]])
    low = np.concatenate([[level], close[:-1] * growth["low"]])

    def hundredths(points: NDArray[np.float64]) -> Ints:
        return np.round(np.round(points * 100, 4)).astype(np.int64)

    return IndexSeries(
        date=numbers,
        open=hundredths(first),
        high=hundredths(top + np.maximum(high - top, 0) / 2),
        low=hundredths(bottom - np.maximum(bottom - low, 0) / 2),
        close=hundredths(close),
        volume=paths.volume[:, members].sum(axis=1),
        amount_krw=paths.amount_krw[:, members].sum(axis=1),
    )
