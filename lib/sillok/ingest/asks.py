"""What to ask the vendor for: a key's span, and how many calls it will cost. Nothing here asks."""

from __future__ import annotations

import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sillok.store import Mark

__all__ = ["Ask", "Settling", "Spans", "interleave", "is_due", "plan_asks", "split_span"]

_DAY = timedelta(days=1)
_OVERLAP = 5  # sessions asked for again, to see whether the past was rewritten
_OVERLAP_DAYS = (
    9  # the same where days are not sessions of KRX: five sessions and a weekend, and two to spare
)
_ROLLING = 20  # weekdays within which every issue has its turn
_WEEK, _WEEKDAYS = 7, 5


@dataclass(frozen=True, slots=True)
class Ask:
    """Rows of one key of a dataset in ``[start, end)``; ``overlaps`` if the store has the first of them."""

    dataset: str
    key: str
    start: date
    end: date
    overlaps: bool = False
    calls: int = 1  # expected


class Settling(NamedTuple):
    """The newest session, and from when on the vendor's answers about it stay as they are."""

    day: date
    at: datetime


@dataclass(frozen=True, slots=True)
class Spans:
    """The spans ``[first, stop)`` that a dataset wants of its keys; ``days`` are sessions, or empty: all days count."""

    of: Mapping[str, tuple[date, date]]
    days: Sequence[date]
    page_rows: int  # rows that one call gives
    born: Mapping[str, date] | None = None  # before it a key has no rows, so that no call is needed
    recent_rows: int = 0  # rows that a first call gives, beyond which older ones are asked for by pages

    def calls(self, key: str, start: date, end: date) -> int:
        """Return how many calls ``[start, end)`` of ``key`` will take: a page that is not full is the last."""
        first = max(start, (self.born or {}).get(key, start))
        count = max(0, (end - first).days)
        if self.days:
            count = max(0, bisect_left(self.days, end) - bisect_left(self.days, first))
        if self.recent_rows:
            return 1 if count <= self.recent_rows else count // self.page_rows + 2
        return count // self.page_rows + 1

    def overlap(self, first: date, mark: date) -> date:
        """Return from when on to ask again, given what is loaded from ``first`` through ``mark``."""
        if not self.days:
            return max(first, mark - timedelta(days=_OVERLAP_DAYS))
        place = bisect_right(self.days, mark) - _OVERLAP
        return max(first, self.days[place]) if place >= 0 else first


def plan_asks(
    dataset: str,
    spans: Spans,
    marks: Mapping[str, Mark],
    *,
    settling: Settling | None = None,
    again: bool = False,
    whole: Iterable[str] = (),
) -> list[Ask]:
    """Return what may be missing of each key's span.

    A key that was never loaded, or is in ``whole``, is asked for whole. One that is loaded through its end is not
    asked for, unless that was before the session had settled or ``again`` is said; it and all others from five
    sessions before their mark on.
    """
    asks = []
    from_start = frozenset(whole)
    for key, (first, stop) in spans.of.items():
        mark = marks.get(key)
        if mark is None or key in from_start:
            asks.append(Ask(dataset, key, first, stop, calls=spans.calls(key, first, stop)))
            continue
        is_behind = mark.through + _DAY < stop
        is_early = settling is not None and mark.through == settling.day and mark.moved_at < settling.at
        if is_behind or is_early or again:
            start = spans.overlap(first, min(mark.through, stop - _DAY))
            asks.append(Ask(dataset, key, start, stop, overlaps=True, calls=spans.calls(key, start, stop)))
    return asks


def _weekday_number(day: date) -> int:
    weeks, weekday = divmod(day.toordinal() - 1, _WEEK)
    return weeks * _WEEKDAYS + min(weekday, _WEEKDAYS)


def is_due(symbol: str, asked: date | None, through: date) -> bool:
    """Return whether the issue's turn came in ``(asked, through]``: once in 20 weekdays, the same for ever.

    The turns are spread evenly by a hash of the symbol. One that was missed is made up for.
    """
    if asked is None:
        return True
    turn = zlib.crc32(symbol.encode()) % _ROLLING
    # How many of the weekdays up to each day had this turn: one more of them means that it came.
    before, now = (
        (_weekday_number(day + _DAY) - 1 - turn + _ROLLING) // _ROLLING for day in (asked, through)
    )
    return now > before


def split_span(start: date, end: date, days: int) -> Iterator[tuple[date, date]]:
    """Yield spans of at most ``days`` days that make up ``[start, end)``, oldest first."""
    while start < end:
        stop = min(end, start + timedelta(days=days))
        yield start, stop
        start = stop


def interleave(asks: Iterable[Sequence[Ask]]) -> list[Ask]:
    """Return all asks in one row, those of a key side by side, in the order in which the keys first come."""
    by_key: dict[str, list[Ask]] = {}
    for some in asks:
        for ask in some:
            by_key.setdefault(ask.key, []).append(ask)
    return [ask for some in by_key.values() for ask in some]
