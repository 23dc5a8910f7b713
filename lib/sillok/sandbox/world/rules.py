"""KRX price rules since 2023-01-25, KOSPI and KOSDAQ alike: ticks, and limits of ±30 % rounded inwards."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["price_limits", "round_to_tick", "tick_size"]

Ints = NDArray[np.int64]

# A price below a break takes its tick; at and above the last one, the last tick.
_BREAKS = np.array([2_000, 5_000, 20_000, 50_000, 200_000, 500_000])
_TICKS = np.array([1, 5, 10, 50, 100, 500, 1_000])


def tick_size(price: ArrayLike) -> Ints:
    """Return the tick, in KRW, of each ``price``."""
    return _TICKS[np.searchsorted(_BREAKS, np.asarray(price), side="right")]


def round_to_tick(price: ArrayLike, how: str = "nearest") -> Ints:
    """Return each ``price`` on its tick: "nearest" (halves go up), "down" or "up"; at least 1 KRW.

    Every break is a multiple of the ticks on both its sides, so rounding up to a break stays on a tick.
    """
    price = np.asarray(price)
    tick = tick_size(price)
    if how == "down":
        count = np.floor_divide(price, tick)
    elif how == "up":
        count = -np.floor_divide(-price, tick)
    elif how == "nearest":
        count = np.floor_divide(price + tick / 2, tick)
    else:
        raise ValueError(f"how must be nearest, down or up, got {how!r}")
    return np.maximum(count.astype(np.int64) * tick, 1)


def price_limits(base: ArrayLike) -> tuple[Ints, Ints]:
    """Return the lower and the upper limit of the day for each base price (the previous close), KRW.

    Whole-number arithmetic, so that no limit depends on how 0.7 is kept.
    """
    base = np.asarray(base, dtype=np.int64)
    lower = round_to_tick(-(-base * 7 // 10), "up")
    upper = round_to_tick(base * 13 // 10, "down")
    return lower, upper
