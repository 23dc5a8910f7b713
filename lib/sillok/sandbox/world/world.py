"""A market with all that can be asked beside its bars, worked out when somebody asks."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from sillok.clock import KST
from sillok.sandbox.world.etfs import Fund, make_funds
from sillok.sandbox.world.market import Bars, Issue, Market, as_number
from sillok.sandbox.world.streams import stream

__all__ = ["CLOSE_TIME", "OPEN_TIME", "World", "as_day"]

OPEN_TIME, CLOSE_TIME = 90_000, 153_000
_T = TypeVar("_T")


def as_day(number: int) -> date:
    """Return the number YYYYMMDD as a day."""
    return date(number // 10_000, number // 100 % 100, number % 100)


class World:
    """What the sandbox knows.

    Parameters
    ----------
    market
        Issues, bars and indices up to the close of its newest session.
    clock
        The exchange's clock; while it stands inside the newest session, what is told of that session ends at its
        minute. None: the session is over.
    """

    def __init__(self, market: Market, clock: Callable[[], datetime] | None = None) -> None:
        self.market = market
        self._clock = clock
        self.sessions: list[int] = market.sessions.tolist()
        self._kept: dict[Any, Any] = {}

    def keep(self, make: Callable[[World], _T]) -> _T:
        """Return what ``make`` makes of this world: made the first time, kept from then on."""
        if make not in self._kept:
            self._kept[make] = make(self)
        found: _T = self._kept[make]
        return found

    # ---- chance
    @property
    def is_made_up(self) -> bool:
        """Whether facts beside the bars may be made up; a replay tells only what it has."""
        return self.market.seed is not None

    def stream(self, *what: str | int) -> np.random.Generator:
        """Return a fresh stream of chance for a kind of fact: words and numbers that name it."""
        return stream(self.market.seed or 0, *what)

    # ---- time
    @property
    def today(self) -> int:
        """The newest session as YYYYMMDD."""
        return self.sessions[-1]

    @property
    def time(self) -> int:
        """The time of the newest session as HHMMSS, at most its close."""
        if self._clock is None:
            return CLOSE_TIME
        now = self._clock().astimezone(KST)
        if as_number(now.date()) != self.today:
            return CLOSE_TIME
        return min(now.hour * 10_000 + now.minute * 100 + now.second, CLOSE_TIME)

    @property
    def is_open(self) -> bool:
        """Whether the newest session is still going on."""
        return self.time < CLOSE_TIME

    def place(self, day: int) -> int:
        """Return the position of the first session at or after ``day``."""
        return bisect_left(self.sessions, day)

    def place_after(self, day: int) -> int:
        """Return the position of the first session after ``day``."""
        return bisect_right(self.sessions, day)

    def moved(self, day: int, by: int) -> int:
        """Return the session ``by`` sessions after the first at or after ``day``, inside what is known."""
        at = min(max(self.place(day) + by, 0), len(self.sessions) - 1)
        return self.sessions[at]

    # ---- issues
    @cached_property
    def funds(self) -> dict[str, Fund]:
        """The funds, by symbol; a replay has none."""
        return make_funds(self.market)

    def issue(self, symbol: str) -> Issue | None:
        """Return what is known of an issue or a fund."""
        found = self.market.issues.get(symbol)
        if found is None and symbol in self.funds:
            return self.funds[symbol].issue
        return found

    def bars(self, symbol: str, *, raw: bool = True) -> Bars:
        """Return the bars among which those of ``symbol`` are; as traded where the market knows them."""
        if symbol not in self.market.issues and symbol in self.funds:
            return self.funds[symbol].bars
        return (self.market.raw if raw else None) or self.market.adjusted

    def span(self, symbol: str, *, raw: bool = True) -> tuple[Bars, int, int]:
        """Return the bars and the slice of ``symbol``; an unknown one has an empty slice."""
        bars = self.bars(symbol, raw=raw)
        return bars, *bars.slice_of(symbol)

    def is_listed(self, symbol: str) -> bool:
        """Return whether ``symbol`` has a bar of the newest session."""
        bars, low, high = self.span(symbol)
        return high > low and int(bars.date[high - 1]) == self.today
