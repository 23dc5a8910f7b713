"""The account's book: what it bought at the start and keeps, and a round trip every few sessions.

Positions are of the first issues of KOSPI by symbol, bought at the close of the market's first session. Every
fifth session some shares more of one of them are bought and sold again three sessions later.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sillok.sandbox.world.market import Issue
from sillok.sandbox.world.rules import round_to_tick
from sillok.sandbox.world.world import World

__all__ = ["BUY", "SELL", "Holding", "Ledger", "Order", "Trip", "ledger_of"]

SELL, BUY = "01", "02"
_CASH = 50_000_000  # KRW before the first round trip
_EVERY, _HELD = 5, 3  # sessions
_COMMISSION = 0.000140527
_TAX = {2023: 0.0020, 2024: 0.0018, 2025: 0.0015}
_TAX_NOW = 0.0020


@dataclass(frozen=True, slots=True)
class Order:
    """One order; ``price`` is what its shares cost or brought, KRW each. Some are cancelled unfilled."""

    day: int
    number: str
    time: str
    issue: Issue
    side: str
    quantity: int
    filled: int
    price: int

    @property
    def amount(self) -> int:
        """KRW that changed hands."""
        return self.filled * self.price

    @property
    def commission(self) -> int:
        """What the broker takes, KRW."""
        return int(self.amount * _COMMISSION) // 10 * 10

    @property
    def tax(self) -> int:
        """What a sale is taxed, KRW."""
        return int(self.amount * _TAX.get(self.day // 10_000, _TAX_NOW)) if self.side == SELL else 0


@dataclass(frozen=True, slots=True)
class Trip:
    """Shares bought and sold again; ``sold`` is None while they are held."""

    bought: Order
    sold: Order | None

    @property
    def profit(self) -> int:
        """What a finished trip brought after costs, KRW."""
        if self.sold is None:
            return 0
        costs = self.bought.commission + self.sold.commission + self.sold.tax
        return self.sold.amount - self.bought.amount - costs


@dataclass(frozen=True, slots=True)
class Holding:
    """One position at today's price, KRW."""

    issue: Issue
    quantity: int
    cost: int
    price: int
    change: int  # of a share since the day before
    bought: dict[int, int]  # session -> shares
    sold: dict[int, int]

    @property
    def value(self) -> int:
        """The position at today's price."""
        return self.price * self.quantity


class Ledger:
    """The book of one account with so many positions."""

    def __init__(self, world: World, positions: int) -> None:
        self._world = world
        self._issues = []
        for issue in world.market.listed("KOSPI")[:positions]:
            _, low, high = world.span(issue.symbol)
            if low < high:
                self._issues.append(issue)

    @cached_property
    def trips(self) -> list[Trip]:
        """All round trips, oldest first; a replay has none."""
        world = self._world
        if not world.is_made_up or not self._issues:
            return []
        found = []
        for at in range(_EVERY, len(world.sessions), _EVERY):
            issue = self._issues[at // _EVERY % len(self._issues)]
            bars, low, high = world.span(issue.symbol)
            place = low + int(bars.date[low:high].searchsorted(world.sessions[at]))
            if place >= high or int(bars.date[place]) != world.sessions[at] or not bars.open[place]:
                continue  # halted
            bought = self._order(issue, place, BUY, 5 + at % 7)
            later = place + _HELD + np.flatnonzero(bars.open[place + _HELD : high])
            sold = None
            if len(later):
                splits = bars.split_pct[place + 1 : int(later[0]) + 1]
                ratio = int(np.prod(100 // splits[splits > 0], dtype=np.int64))
                sold = self._order(issue, int(later[0]), SELL, bought.quantity * ratio)
            found.append(Trip(bought, sold))
        return found

    def _order(self, issue: Issue, place: int, side: str, quantity: int, *, is_filled: bool = True) -> Order:
        bars = self._world.bars(issue.symbol)
        low, high, day = int(bars.low[place]), int(bars.high[place]), int(bars.date[place])
        price = min(max(int(round_to_tick((low + high) / 2)), low), high)
        at = self._world.place(day)
        number = f"{10_000 + at * 10 + (int(side) if is_filled else 5):010d}"
        time = f"{93_000 + at % 50:06d}" if is_filled else "140000"
        return Order(day, number, time, issue, side, quantity, quantity if is_filled else 0, price)

    @cached_property
    def orders(self) -> list[Order]:
        """All orders, oldest first: those of the trips, and some that were cancelled unfilled."""
        found = [order for trip in self.trips for order in (trip.bought, trip.sold) if order is not None]
        found += [
            self._order(
                trip.bought.issue, self._place(trip.bought), BUY, trip.bought.quantity, is_filled=False
            )
            for trip in self.trips[::2]
        ]
        return sorted(found, key=lambda order: (order.day, order.time, order.number))

    def _place(self, order: Order) -> int:
        bars, low, high = self._world.span(order.issue.symbol)
        return low + int(bars.date[low:high].searchsorted(order.day))

    @cached_property
    def holdings(self) -> list[Holding]:
        """The positions of today, by symbol."""
        world = self._world
        found = []
        for place, issue in enumerate(self._issues):
            bars, low, high = world.span(issue.symbol)
            splits = bars.split_pct[low:high]
            ratio = int(np.prod(100 // splits[splits > 0], dtype=np.int64))
            first = int(bars.close[low])
            mine = [trip for trip in self.trips if trip.bought.issue is issue]
            held = [trip.bought for trip in mine if trip.sold is None]
            sales = [trip.sold for trip in mine if trip.sold is not None]
            quantity = (10 + place) * ratio + sum(self._now(order) for order in held)
            cost = (10 + place) * first + sum(order.amount for order in held)
            found.append(
                Holding(
                    issue,
                    quantity,
                    cost,
                    int(bars.close[high - 1]),
                    int(bars.change[high - 1]),
                    {trip.bought.day: trip.bought.filled for trip in mine},
                    {order.day: order.filled for order in sales},
                )
            )
        return found

    def _now(self, order: Order) -> int:
        """Return how many shares those of ``order`` are today."""
        bars, _, high = self._world.span(order.issue.symbol)
        splits = bars.split_pct[self._place(order) + 1 : high]
        return order.filled * int(np.prod(100 // splits[splits > 0], dtype=np.int64))

    def cash(self, back: int) -> int:
        """Return the cash after the trades up to ``back`` sessions ago, KRW; 0 counts today's."""
        sessions = self._world.sessions
        last = sessions[-1 - back] if back < len(sessions) else 0
        flows = 0
        for order in self.orders:
            if order.day <= last:
                sign = 1 if order.side == SELL else -1
                flows += sign * order.amount - order.commission - order.tax
        return _CASH + flows


class _Books:
    def __init__(self, world: World) -> None:
        self._world = world
        self._of: dict[int, Ledger] = {}

    def of(self, positions: int) -> Ledger:
        if positions not in self._of:
            self._of[positions] = Ledger(self._world, positions)
        return self._of[positions]


def ledger_of(world: World, positions: int) -> Ledger:
    """Return the book of an account with so many positions, made once."""
    return world.keep(_Books).of(positions)
