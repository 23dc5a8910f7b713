"""A market whose past is told wrong: revised, with days missing, with rows twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sillok.sandbox.faults import Faults, Revision
from sillok.sandbox.world.market import BAR_FIELDS, Bars, IndexSeries, Market, as_number

__all__ = ["damage"]

Ints = NDArray[np.int64]
_PRICES = ("open", "high", "low", "close")


def damage(market: Market, faults: Faults) -> Market:
    """Return ``market`` as ``faults`` has it told; the same object if they leave its past alone."""
    if faults.revise is None and not faults.missing_days and not faults.duplicate_rows:
        return market
    missing = np.array([as_number(day) for day in faults.missing_days], np.int64)

    def told(bars: Bars) -> Bars:
        if faults.revise is not None:
            bars = _revise(bars, faults.revise)
        return _repeat(bars, _counts(bars, missing, faults))

    return replace(
        market,
        adjusted=told(market.adjusted),
        raw=told(market.raw) if market.raw is not None else None,
        indices={code: _without(series, missing) for code, series in market.indices.items()},
    )


def _revise(bars: Bars, revision: Revision) -> Bars:
    low, high = bars.slice_of(revision.symbol)
    if revision.on is not None:
        hit = bars.date[low:high] == as_number(revision.on)
    elif revision.before is not None and bars.is_adjusted:
        hit = bars.date[low:high] < as_number(revision.before)
    else:
        return bars
    at = low + np.flatnonzero(hit)
    columns = {name: getattr(bars, name).copy() for name in (*_PRICES, "volume")}
    for name in _PRICES:
        changed = np.round(columns[name][at] / revision.factor).astype(np.int64)
        columns[name][at] = np.where(columns[name][at] > 0, np.maximum(changed, 1), 0)
    columns["volume"][at] = np.round(columns["volume"][at] * revision.factor).astype(np.int64)
    return replace(bars, **columns)


def _counts(bars: Bars, missing: Ints, faults: Faults) -> Ints:
    """Return how often each row is told: 0, 1 or 2."""
    counts = np.where(np.isin(bars.date, missing), 0, 1)
    if faults.duplicate_rows:
        # A row's chance hangs on its own day and place among its issue's, not on how long the market is.
        twice = np.zeros(len(counts), bool)
        for symbol, (low, high) in bars.offsets.items():
            rng = np.random.default_rng([faults.seed, int(symbol, 36)])
            twice[low:high] = rng.random(high - low) < faults.duplicate_rows
        counts = np.where(twice, 2 * counts, counts)
    return counts.astype(np.int64)


def _repeat(bars: Bars, counts: Ints) -> Bars:
    ends = np.concatenate([[0], np.cumsum(counts)])
    columns: dict[str, Any] = {
        name: np.repeat(getattr(bars, name), counts) for name in ("date", *BAR_FIELDS, "split_pct")
    }
    offsets = {symbol: (int(ends[low]), int(ends[high])) for symbol, (low, high) in bars.offsets.items()}
    return replace(bars, offsets=offsets, **columns)


def _without(series: IndexSeries, missing: Ints) -> IndexSeries:
    kept = ~np.isin(series.date, missing)
    return replace(series, **{name: getattr(series, name)[kept] for name in ("date", *BAR_FIELDS)})
