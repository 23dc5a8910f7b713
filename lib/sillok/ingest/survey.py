"""The ground of a load: from when to when it reaches, the sessions between, and the issues that have a day in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import delete

from sillok.ingest.actions import issue_mark
from sillok.ingest.datasets import choose_datasets
from sillok.ingest.events import KINDS
from sillok.ingest.listings import SHARES, Issue
from sillok.store import Store, read_watermarks
from sillok.store.tables import (
    corporate_action,
    daily_bar,
    index_bar,
    overseas_bar,
    rate_bar,
    raw_bar,
    watermark,
)

__all__ = ["PAIRS", "WHOLE", "Scope", "Survey", "begin_history", "find_begin"]

PAIRS = ("USDKRW", "JPYKRW", "EURUSD")  # the vendor quotes no euro in won
WHOLE = f"{daily_bar.name}.whole"  # a mark of its own: through when a symbol's whole history was asked for
_DAY = timedelta(days=1)
_BEGIN = "history_start"  # a watermark of its own: from which day on the store is loaded
_ALL = "all"
# What an earlier start makes be asked for again.
_FROM_START = (
    *(table.name for table in (index_bar, daily_bar, raw_bar, corporate_action, rate_bar, overseas_bar)),
    WHOLE,
    *map(issue_mark, KINDS),
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a load is to bring. ``named`` datasets, or all where none is; ``again``: also what is loaded already.

    ``overseas`` are symbols with their market, e.g. ``NAS:AAPL``; ``account`` is a fingerprint, empty: no account.

    Raises
    ------
    ConfigError
        If a dataset is unknown.
    """

    named: tuple[str, ...] = ()
    again: bool = False
    pairs: tuple[str, ...] = PAIRS
    overseas: tuple[str, ...] = ()
    account: str = ""
    security_types: frozenset[str] = SHARES

    datasets: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "datasets", choose_datasets(self.named))

    def wants(self, name: str) -> bool:
        """Return whether the dataset is chosen, and there is a symbol or an account to load of it."""
        has_any = {"overseas_bars": bool(self.overseas), "account": bool(self.account)}
        return name in self.datasets and has_any.get(name, True)


@dataclass(frozen=True, slots=True)
class Survey:
    """What every dataset's plan rests on. ``rewinds``: the history is to begin earlier than the store's does."""

    now: datetime
    days: Sequence[date]  # sessions, oldest first
    issues: Sequence[Issue]
    today: date | None  # of a market that stands still
    rewinds: bool = False
    forgotten: frozenset[str] = field(init=False)  # watermarks that do not count any more

    def __post_init__(self) -> None:
        object.__setattr__(self, "forgotten", frozenset(_FROM_START if self.rewinds else ()))

    @property
    def begin(self) -> date:
        """The first session of the history."""
        return self.days[0]

    @property
    def through(self) -> date:
        """The newest closed session."""
        return self.days[-1]

    def spans(self, first: date, through: date) -> dict[str, tuple[date, date]]:
        """Return of each issue the span from ``first`` through ``through``, or to the last day before its delisting.

        Not from the listing day on: an issue that moved to another market is listed anew, its bars are older.
        """
        stop = through + _DAY
        ends = {row["symbol"]: min(stop, row["delisted_on"] or stop) for row in self.issues}
        return {symbol: (first, end) for symbol, end in ends.items() if first < end}

    @property
    def born(self) -> dict[str, date]:
        """The listing days that are known."""
        return {row["symbol"]: row["listed_on"] for row in self.issues if row["listed_on"]}

    def limit(self, day: date) -> date:
        """Return ``day``, or the newest one of a market that stands still."""
        return day if self.today is None else min(day, self.today)


def find_begin(store: Store, start: date) -> tuple[date, bool]:
    """Return from which day on to hold history, and whether that is earlier than the store's begins."""
    with store.engine.connect() as conn:
        before = read_watermarks(conn, _BEGIN).get(_ALL)
    if before is None:
        return start, False
    return min(start, before), start < before


def begin_history(store: Store, start: date, *, now: datetime) -> date:
    """Keep from which day on history is held; an earlier day than before makes it all be asked for again."""
    begin, rewinds = find_begin(store, start)
    with store.begin() as conn:
        if rewinds:
            conn.execute(delete(watermark).where(watermark.c.dataset.in_(_FROM_START)))
        store.move_watermarks(conn, _BEGIN, {_ALL: begin}, now=now)
    return begin
