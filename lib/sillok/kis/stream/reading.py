"""From the records of a frame to events; a record that does not fit its channel's schema is an error."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

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

# The last field of a record is never read: a frame that lost its end could not be told from a whole one. Nor is the
# volume of an order book, behind which no field would show that others came in before it.
_SIDES = {"1": "buy", "5": "sell"}  # 3: before the opening
_ORDER_SIDES = {"01": "sell", "02": "buy"}
_KINDS = {"0": "accepted", "1": "amended", "2": "cancelled"}
_DOWN = {"4", "5"}
_INDEX_NAMES = {code: name for name, code in INDEX_CODES.items()}

_Reads = Callable[[tuple[str, ...], str, date, datetime], Event]


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
        channel, _symbol(symbol), day, _instant(day, clock), _positive(price), int(quantity),
        _SIDES.get(side.strip(), ""), int(change), Decimal(change_pct.strip()), int(first), int(high), int(low),
        int(ask), int(bid), int(volume), int(amount), Decimal(average.strip()), int(ask_quantity),
        int(bid_quantity), halted == "Y", received_at,
    )  # fmt: skip


def _symbol(text: str) -> str:
    symbol = text.strip()
    if not 6 <= len(symbol) <= 9 or not symbol.isalnum():
        raise ValueError(f"a symbol has six to nine digits or letters, got {symbol!r}")
    return symbol


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
)  # fmt: skip


def _book(found: tuple[str, ...], channel: str, day: date, received_at: datetime) -> OrderBook:
    symbol, clock = found[:2]
    numbers = [int(text) for text in found[2:]]
    asks, bids = (_levels(numbers[at : at + 10], numbers[at + 20 : at + 30]) for at in (0, 10))
    if list(asks) != sorted(asks) or list(bids) != sorted(bids, reverse=True):
        raise ValueError("the prices of an order book are not in order")
    if asks and bids and asks[0].price < bids[0].price and not numbers[42]:
        raise ValueError("an order book is crossed outside an auction")
    total_ask, total_bid, expected, expected_quantity = numbers[40:]
    return OrderBook(
        channel, _symbol(symbol), _instant(day, clock), asks, bids, total_ask, total_bid, expected or None,
        expected_quantity, received_at,
    )  # fmt: skip


def _levels(prices: list[int], quantities: list[int]) -> tuple[Level, ...]:
    return tuple(Level(p, q) for p, q in zip(prices, quantities, strict=True) if p)


_NOTICE = (
    "customer", "account", "order_no", "original_order_no", "side", "amendment", "symbol", "quantity", "price",
    "time", "rejected", "filled", "order_quantity", "name",
)  # fmt: skip
# Abroad the price comes without its point: how many decimals by market (US, Hong Kong, China, Japan, Vietnam).
_DECIMALS = {**dict.fromkeys("6789", 4), **dict.fromkeys("45ABC", 3), "D": 1, "E": 0, "F": 0}


def _notice(found: tuple[str, ...], channel: str, day: date, received_at: datetime) -> Notice:
    (user, account, order_no, original, side, amendment, symbol, quantity, price, clock, rejected, filled,
     order_quantity, name) = (text.strip() for text in found[:14])  # fmt: skip
    if filled not in {"1", "2"}:
        raise ValueError("a notice says neither that an order was filled nor that it was taken")
    is_fill = filled == "2"
    kind = "fill" if is_fill else "rejected" if rejected in {"1", "Y"} else _KINDS[amendment or "0"]
    return Notice(
        channel, user, account, kind, order_no, original, symbol, name, _ORDER_SIDES[side],
        int(quantity) if is_fill else 0, Decimal(price) if is_fill else None,
        # Until it is filled an order's quantity may stand where that of the fill will.
        int(order_quantity) if order_quantity else 0 if is_fill else int(quantity),
        _instant(day, clock), received_at,
    )  # fmt: skip


def _overseas_notice(found: tuple[str, ...], channel: str, day: date, received_at: datetime) -> Notice:
    notice = _notice(found, channel, day, received_at)
    if notice.price is None or "." in found[8]:
        return notice
    return replace(notice, price=notice.price.scaleb(-_DECIMALS[found[14].strip()]))


_INDEX = (
    "code", "time", "price", "change", "volume", "amount_krw", "change_pct", "open", "high", "low", "up_count",
    "flat_count", "down_count",
)  # fmt: skip


def _index(found: tuple[str, ...], channel: str, day: date, received_at: datetime) -> IndexTick:
    code, clock, price, change, thousands, millions, change_pct, first, high, low, *counts = found
    level, moved, moved_pct, opened, highest, lowest = (
        Decimal(text.strip()) for text in (price, change, change_pct, first, high, low)
    )
    up, flat, down = (int(text) for text in counts)
    key = code.strip()
    return IndexTick(
        channel, key, _INDEX_NAMES.get(key, key), _instant(day, clock), level, moved, moved_pct, opened, highest,
        lowest, int(thousands) * 1_000, int(millions) * 1_000_000, up, flat, down, received_at,
    )  # fmt: skip


_STATE = ("symbol", "halted", "reason", "phase")


def _state(found: tuple[str, ...], channel: str, _: date, received_at: datetime) -> MarketState:
    symbol, halted, reason, phase = (text.strip() for text in found)
    return MarketState(channel, _symbol(symbol), halted == "Y", reason, phase, received_at)


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


def _reader(
    channel: str, names: tuple[str, ...], read: _Reads, optional: tuple[str, ...] = ()
) -> tuple[tuple[re.Pattern[str], re.Pattern[str]], list[int], _Reads]:
    found = CHANNELS[channel]
    order = sorted(names, key=found.positions.__getitem__)
    must = [name for name in names if name not in optional]
    may = [name for name in names if name in optional]
    patterns = found.pattern(must, may), found.pattern(must, may, is_strict=True)
    places = [order.index(name) for name in names]
    return patterns, places, read


_READERS = {
    "trades": _reader("trades", _TRADE, _trade),
    "trades_unified": _reader("trades_unified", _TRADE, _trade),
    "order_book": _reader("order_book", _BOOK, _book),
    "notices": _reader("notices", _NOTICE, _notice, _OPTIONAL),
    "index": _reader("index", _INDEX, _index),
    "market_state": _reader("market_state", _STATE, _state, _OPTIONAL),
    "overseas_trades": _reader("overseas_trades", _OVERSEAS, _overseas),
    "overseas_notices": _reader("overseas_notices", (*_NOTICE, "market"), _overseas_notice, _OPTIONAL),
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
    records = split_records(channel, frame.size, frame.payload)
    is_longer = frame.payload.count("^") + 1 > frame.size * len(channel.fields)
    events = []
    for number, record in enumerate(records, start=1):
        try:
            event = _read(channel.name, record, day, received_at, is_strict=is_longer)
            if is_longer and isinstance(event, OrderBook):
                _check_totals(event)
        except (ValueError, KeyError, ArithmeticError) as err:
            # What a notice holds is the account's own: neither it nor a cause that shows it goes on.
            why = type(err).__name__ if channel.is_encrypted else f"{err}: {record[:80]!r}"
            raise FatalVendorError(
                f"{channel.name}: record {number} of {frame.size} cannot be read: {why}",
                channel=channel.name,
            ) from (None if channel.is_encrypted else err)
        events.append(event)
    return events


def _read(channel: str, record: str, day: date, received_at: datetime, *, is_strict: bool) -> Event:
    patterns, places, read = _READERS[channel]
    match = patterns[is_strict].fullmatch(record)
    if match is None:
        raise ValueError("its fields do not have the channel's form")
    groups = match.groups()
    return read(tuple(groups[place] for place in places), channel, day, received_at)


def _check_totals(book: OrderBook) -> None:
    """Refuse a longer record whose new fields are not at its end: nothing else in a book tells a quantity's place."""
    for levels, total in ((book.asks, book.total_ask_quantity), (book.bids, book.total_bid_quantity)):
        if sum(level.quantity for level in levels) > total:
            raise ValueError("the quantities exceed their total; were fields added inside the record?")
