"""Breadth: how many issues rose, fell, stood still, were halted, or hit a price limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sillok.errors import DataError

__all__ = ["Breadth", "count_breadth", "limit_moves"]

# KRX rounds the 30 % limit inward to the tick, which for a price near 2,000 KRW takes up to 0.25 points off;
# a move of 29.5 % or more is a limit move for all but the cheapest issues.
_LIMIT = 0.295


@dataclass(frozen=True, slots=True)
class Breadth:
    """Counts of issues in one session."""

    up: int
    flat: int
    down: int
    halted: int
    missing: int  # no bar today or none before: new, delisted, or a hole
    limit_up: int  # among up
    limit_down: int  # among down

    @property
    def traded(self) -> int:
        return self.up + self.flat + self.down


def count_breadth(change: pd.Series, halted: pd.Series) -> Breadth:
    """Count a session from each issue's simple return and whether it was halted.

    Parameters
    ----------
    change
        Simple return of each issue, NaN where it has none.
    halted
        Whether trading was halted, on the labels of ``change``.

    Raises
    ------
    DataError
        If the labels differ.
    """
    if not change.index.equals(halted.index):
        raise DataError("change and halted are not on the same labels; reindex one on the other")
    stopped = halted.to_numpy(dtype=bool)
    moved = change.to_numpy(dtype=float)[~stopped]
    return Breadth(
        up=int((moved > 0).sum()),
        flat=int((moved == 0).sum()),
        down=int((moved < 0).sum()),
        halted=int(stopped.sum()),
        missing=int(np.isnan(moved).sum()),
        limit_up=int((moved >= _LIMIT).sum()),
        limit_down=int((moved <= -_LIMIT).sum()),
    )


def limit_moves(change: pd.Series) -> pd.Series:
    """Return the moves at or beyond the daily price limit of 30 %, largest first by size."""
    hit = change[change.abs() >= _LIMIT]
    return hit.reindex(hit.abs().sort_values(ascending=False).index)
