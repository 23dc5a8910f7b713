"""A market as the sandbox serves it: issues, sessions, bars in flat arrays, indices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["BAR_FIELDS", "Bars", "IndexSeries", "Issue", "Market", "as_number"]

Ints = NDArray[np.int64]
BAR_FIELDS = ("open", "high", "low", "close", "volume", "amount_krw")


def as_number(day: date) -> int:
    """Return ``day`` as the number YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue; ``delisted_on`` is the first day without it, ``shares`` are those of today."""

    symbol: str
    isin: str
    name: str
    market: str
    security_type: str
    sector_code: str
    industry: str
    listed_on: date | None
    delisted_on: date | None
    shares: int
    in_kospi200: bool = False


@dataclass(frozen=True)
class Bars:
    """Bars of every issue, flat: symbol after symbol, oldest first.

    ``date`` holds YYYYMMDD; ``offsets`` maps a symbol to its slice. ``amount_krw`` below 0: the source has none.
    ``split_pct`` is 0 but on the day of a split: new price in per cent of the old.
    """

    offsets: Mapping[str, tuple[int, int]]
    date: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    amount_krw: Ints
    split_pct: Ints
    is_adjusted: bool = True

    @cached_property
    def change(self) -> Ints:
        """Close less the base price (the previous close, after a split), KRW; 0 on an issue's first day."""
        base = np.roll(self.close, 1)
        if not self.is_adjusted:
            base = np.where(self.split_pct > 0, base * self.split_pct // 100, base)
        change = self.close - base
        change[[low for low, high in self.offsets.values() if high > low]] = 0
        return change

    def slice_of(self, symbol: str) -> tuple[int, int]:
        """Return where the bars of ``symbol`` begin and end; an unknown one has none."""
        return self.offsets.get(symbol, (0, 0))


@dataclass(frozen=True)
class IndexSeries:
    """One index, oldest first: points in hundredths, shares, KRW (below 0: the source has none)."""

    date: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    amount_krw: Ints


@dataclass(frozen=True)
class Market:
    """Everything the sandbox knows at the close of ``today``.

    ``raw`` is None where the source has adjusted prices alone. ``sectors`` maps codes to Korean names. ``seed``
    is that of a made-up market: what is asked beside its bars is made up from it; None: nothing is.
    """

    source: str
    label: str
    today: date
    sessions: Ints
    issues: Mapping[str, Issue]
    adjusted: Bars
    raw: Bars | None
    indices: Mapping[str, IndexSeries]
    sectors: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None

    def listed(self, market: str) -> list[Issue]:
        """Return the issues of ``market`` that are listed today, by symbol."""
        return [issue for issue in self._known(market) if not self._is_gone(issue)]

    def delisted(self) -> list[Issue]:
        """Return the issues that left the market up to today, by date and symbol."""
        gone = [issue for issue in self.issues.values() if self._is_gone(issue)]
        return sorted(gone, key=lambda issue: (issue.delisted_on or date.min, issue.symbol))

    def _known(self, market: str) -> Iterable[Issue]:
        for issue in sorted(self.issues.values(), key=lambda issue: issue.symbol):
            if issue.market == market and (issue.listed_on is None or issue.listed_on <= self.today):
                yield issue

    def _is_gone(self, issue: Issue) -> bool:
        return issue.delisted_on is not None and issue.delisted_on <= self.today
