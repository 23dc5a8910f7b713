"""From the records of a frame to events; a record that does not fit its channel's schema is an error."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sillok.clock import KST
from sillok.errors import FatalVendorError
from sillok.kis.parse import parse_date
from sillok.kis.schema import INDEX_CODES
from sillok.kis.schema.stream import CHANNELS
from sillok.kis.stream.events import (
    Event,
    IndexTick,
    Level,
    MarketState,
    Notice,
    OrderBook,
    OverseasTrade,
    Trade,
)
from sillok.kis.stream.frames import Frame, split_records

__all__ = ["read_events"]

# The last field of a record is never read: a frame that lost its end could not be told from a whole one.
_SIDES = {"1": "buy", "5": "sell"}  # 3: before the opening
_ORDER_SIDES = {"01": "sell", "02": "buy"}
_KINDS = {"0": "accepted", "1": "amended", "2": "cancelled"}
_DOWN = {"4", "5"}
_INDEX_NAMES = {code: name for name, code in INDEX_CODES.items()}

_Read = Callable[[tuple[str, ...], str, date, datetime], Event]


def _instant(day: date, clock: str) -> datetime:
    return _at(day, clock.strip())


@lru_cache(maxsize=4_096)
def _at(day: date, clock: str) -> datetime:
    return datetime(day.year, day.month, day.day, int(clock[:2]), int(clock[2:4]), int(clock[4:]), tzinfo=KST)


_TRADE = (
    "symbol", "time", "price", "change", "change_pct", "average_price", "open", "high", "low", "ask", "bid",
    "quantity", "volume", "amount_krw", "side", "date", "halted", "ask_quantity", "bid_quantity",
)  # fmt: skip


def _trade(found: tuple[str, ...], channel: str, _: date, received_at: datetime) -> Trade:
    (symbol, clock, price, change, change_pct, average, first, high, low, ask, bid, quantity, volume, amount, side,
     date_, halted, ask_quantity, bid_quantity) = found  # fmt: skip
    day = parse_date(date_)
    return Trade(
        channel, symbol.strip(), day, _instant(day, clock), _positive(price), int(quantity),
        _SIDES.get(side.strip(), ""), int(change), Decimal(change_pct.strip()), int(first), int(high), int(low),
        int(ask), int(bid), int(volume), int(amount), Decimal(average.strip()), int(ask_quantity),
        int(bid_quantity), halted == "Y", received_at,
    )  # fmt: skip


def _positive(text: str) -> int:
    value = int(text)
    if value <= 0:
        raise ValueError(f"a price must be above 0, got {value}")
    return value


_LADDERS = tuple(
    f"{side}{k}" for side in ("ask", "bid", "ask_quantity", "bid_quantity") for k in range(1, 11)
)
_BOOK = (
    "symbol", "time", *_LADDERS, "total_ask_quantity", "total_bid_quantity", "expected_price", "expected_quantity",
    "volume",
)  # fmt: skip


def _book(found: tuple[str, ...], channel: str, day: date, received_at: datetime) -> OrderBook:
    symbol, clock = found[:2]
    numbers = [int(text) for text in found[2:]]
    asks, bids = (_levels(numbers[at : at + 10], numbers[at + 20 : at + 30]) for at in (0, 10))
    if list(asks) != sorted(asks) or list(bids) != sorted(bids, reverse=True):
        raise ValueError("the prices of an order book are not in order")
    if asks and bids and asks[0].price < bids[0].price and not numbers[42]:
        raise ValueError("an order book is crossed outside an auction")
    total_ask, total_bid, expected, expected_quantity, volume = numbers[40:]
    return OrderBook(
        channel, symbol.strip(), _instant(day, clock), asks, bids, total_ask, total_bid, expected or None,
        expected_quantity, volume, received_at,
    )  # fmt: skip


def _levels(prices: list[int], quantities: list[int]) -> tuple[Level, ...]:
    return tuple(Level(p, q) for p, q in zip(prices, quantities, strict=True) if p)


_NOTICE = (
    "customer", "account", "order_no", "original_order_no", "side", "amendment", "symbol", "quantity", "price",
    "time", "rejected", "filled", "order_quantity", "name",
)  # fmt: skip


def _notice(found: tuple[str, ...], channel: str, day: date, received_at: datetime) -> Notice:
    (user, account, order_no, original, side, amendment, symbol, quantity, price, clock, rejected, filled,
     order_quantity, name) = (text.strip() for text in found)  # fmt: skip
    if filled not in {"1", "2"}:
        raise ValueError("a notice says neither that an order was filled nor that it was taken")
    is_fill = filled == "2"
    kind = "fill" if is_fill else "rejected" if rejected in {"1", "Y"} else _KINDS[amendment or "0"]
    return Notice(
        channel, user, account, kind, order_no, original, symbol, name, _ORDER_SIDES[side],
        int(quantity) if is_fill else 0, Decimal(price) if is_fill else None, int(order_quantity or 0),
        _instant(day, clock), received_at,
    )  # fmt: skip


_INDEX = (
    "code", "time", "price", "change", "volume", "amount_krw", "change_pct", "open", "high", "low", "up_count",
    "flat_count", "down_count",
)  # fmt: skip


def _index(found: tuple[str, ...], channel: str, day: date, received_at: datetime) -> IndexTick:
    code, clock, price, change, thousands, millions, change_pct, first, high, low, *counts = found
    points = [Decimal(text.strip()) for text in (price, change, change_pct, first, high, low)]
    up, flat, down = (int(text) for text in counts)
    key = code.strip()
    return IndexTick(
        channel, key, _INDEX_NAMES.get(key, key), _instant(day, clock), *points, int(thousands) * 1_000, int(millions) * 1_000_000,
        up, flat, down, received_at,
    )  # fmt: skip


_STATE = ("symbol", "halted", "reason", "phase")


def _state(found: tuple[str, ...], channel: str, _: date, received_at: datetime) -> MarketState:
    symbol, halted, reason, phase = (text.strip() for text in found)
    return MarketState(channel, symbol, halted == "Y", reason, phase, received_at)


_OVERSEAS = (
    "key", "symbol", "date", "korea_date", "korea_time", "open", "high", "low", "price", "sign", "change",
    "change_pct", "bid", "ask", "quantity", "volume",
)  # fmt: skip


def _overseas(found: tuple[str, ...], channel: str, _: date, received_at: datetime) -> OverseasTrade:
    (key, symbol, date_, korea_date, korea_time, first, high, low, price, sign, change, change_pct, bid, ask,
     quantity, volume) = (text.strip() for text in found)  # fmt: skip
    size = abs(Decimal(change))  # the vendor gives it without a sign
    return OverseasTrade(
        channel, key, symbol, parse_date(date_), _instant(parse_date(korea_date), korea_time), Decimal(price),
        int(quantity), -size if sign in _DOWN else size, Decimal(change_pct), Decimal(first), Decimal(high),
        Decimal(low), Decimal(ask), Decimal(bid), int(volume), received_at,
    )  # fmt: skip


_OPTIONAL = (
    "original_order_no",
    "amendment",
    "price",
    "rejected",
    "order_quantity",
    "name",
    "reason",
    "phase",
)


def _reader(channel: str, names: tuple[str, ...], read: _Read, optional: tuple[str, ...] = ()) -> Any:
    found = CHANNELS[channel]
    order = sorted(names, key=found.positions.__getitem__)
    must = [name for name in names if name not in optional]
    pattern = found.pattern(must, [name for name in names if name in optional])
    places = [order.index(name) for name in names]
    return pattern, places, read


_READERS = {
    "trades": _reader("trades", _TRADE, _trade),
    "trades_unified": _reader("trades_unified", _TRADE, _trade),
    "order_book": _reader("order_book", _BOOK, _book),
    "notices": _reader("notices", _NOTICE, _notice, _OPTIONAL),
    "index": _reader("index", _INDEX, _index),
    "market_state": _reader("market_state", _STATE, _state, _OPTIONAL),
    "overseas_trades": _reader("overseas_trades", _OVERSEAS, _overseas),
    "overseas_notices": _reader("overseas_notices", _NOTICE, _notice, _OPTIONAL),
}


def read_events(frame: Frame, *, day: date, received_at: datetime) -> list[Event]:
    """Return the events of a frame whose payload is plain text, in its order.

    Parameters
    ----------
    day
        The day of channels that tell a time without a date.

    Raises
    ------
    FatalVendorError
        If any record does not fit; then nothing of the frame is used. Nothing of a notice is repeated.
    """
    channel = frame.channel
    pattern, places, read = _READERS[channel.name]
    events = []
    for number, record in enumerate(split_records(channel, frame.count, frame.payload), start=1):
        match = pattern.fullmatch(record)
        shown = "" if channel.is_encrypted else f": {record[:80]!r}"
        if match is None:
            raise FatalVendorError(
                f"{channel.name}: record {number} of {frame.count} does not have the channel's form{shown}",
                channel=channel.name,
            )
        groups = match.groups()
        try:
            events.append(read(tuple(groups[place] for place in places), channel.name, day, received_at))
        except (ValueError, KeyError, ArithmeticError) as err:
            why = type(err).__name__ if channel.is_encrypted else repr(err)
            raise FatalVendorError(
                f"{channel.name}: record {number} of {frame.count} cannot be read ({why}){shown}",
                channel=channel.name,
            ) from (None if channel.is_encrypted else err)
    return events
