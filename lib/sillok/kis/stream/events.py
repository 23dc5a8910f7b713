"""What a stream hands out: our names, zoned times, whole KRW and shares, ``Decimal`` for rates and points."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

__all__ = [
    "Event",
    "Gap",
    "IndexTick",
    "Level",
    "MarketState",
    "Notice",
    "OrderBook",
    "OverseasTrade",
    "Trade",
]


class Trade(NamedTuple):
    """One execution of one issue.

    ``quantity`` is of this execution; ``volume`` and ``amount_krw`` are of the day up to it, so that ``volume``
    tells the trades of an issue and day apart. ``side`` is who crossed the spread: "buy", "sell", or "" outside
    continuous trading. ``open``, ``high`` and ``low`` are the day's so far.
    """

    channel: str
    symbol: str
    date: date
    time: datetime
    price: int
    quantity: int
    side: str
    change: int
    change_pct: Decimal
    open: int
    high: int
    low: int
    ask: int
    bid: int
    volume: int
    amount_krw: int
    average_price: Decimal
    ask_quantity: int
    bid_quantity: int
    is_halted: bool
    received_at: datetime

    @property
    def key(self) -> str:
        return self.symbol


class Level(NamedTuple):
    """One price of an order book, KRW, and the shares offered or wanted at it."""

    price: int
    quantity: int


class OrderBook(NamedTuple):
    """The ten best prices on either side, best first; a side near a limit has fewer.

    The vendor tells the time and no date: the day is the stream's. ``expected_price`` is the auction's, None
    outside auctions.
    """

    channel: str
    symbol: str
    time: datetime
    asks: tuple[Level, ...]
    bids: tuple[Level, ...]
    total_ask_quantity: int
    total_bid_quantity: int
    expected_price: int | None
    expected_quantity: int
    received_at: datetime

    @property
    def key(self) -> str:
        return self.symbol


class IndexTick(NamedTuple):
    """The level of an index; volume in shares and amount in KRW, of the day so far.

    ``code`` is KOSPI, KOSDAQ or KOSPI200 where it is one of them, else the vendor's own, which ``key`` is always.
    """

    channel: str
    key: str
    code: str
    time: datetime
    price: Decimal
    change: Decimal
    change_pct: Decimal
    open: Decimal
    high: Decimal
    low: Decimal
    volume: int
    amount_krw: int
    up_count: int
    flat_count: int
    down_count: int
    received_at: datetime


class MarketState(NamedTuple):
    """What the exchange says of an issue's trading: halted or not, why, and the phase of the session."""

    channel: str
    symbol: str
    is_halted: bool
    reason: str
    phase: str
    received_at: datetime

    @property
    def key(self) -> str:
        return self.symbol


class OverseasTrade(NamedTuple):
    """One execution abroad, in the market's currency; ``date`` is that market's, ``time`` is in Asia/Seoul."""

    channel: str
    key: str
    symbol: str
    date: date
    time: datetime
    price: Decimal
    quantity: int
    change: Decimal
    change_pct: Decimal
    open: Decimal
    high: Decimal
    low: Decimal
    ask: Decimal
    bid: Decimal
    volume: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of one of the account's orders; whose it is does not show in ``repr``.

    ``kind`` is "fill", "accepted", "amended", "cancelled" or "rejected". ``quantity`` and ``price`` are those of
    a fill, 0 and None for anything else.
    """

    channel: str
    key: str = field(repr=False)  # the HTS user
    account: str = field(repr=False)
    kind: str
    order_no: str
    original_order_no: str
    symbol: str
    name: str
    side: str  # buy or sell
    quantity: int
    price: Decimal | None
    order_quantity: int
    time: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """A span of which events of one subscription may be missing.

    ``since`` is the last instant at which the connection was known to be whole (None: never before), ``until``
    the one at which the subscription stood again. ``reason`` is "disconnected", "silent", "overflow" (the
    reader was too slow), "unreadable" (a frame could not be read), "started" or "gave_up". ``lost`` counts the
    events where that is known, else 0.
    """

    channel: str
    key: str
    since: datetime | None
    until: datetime
    reason: str
    lost: int = 0


Event = Trade | OrderBook | IndexTick | MarketState | OverseasTrade | Notice | Gap
