"""The day that the stream plays: one clock for every client, and the frames of what happened since a moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sillok.kis.schema.channel import Channel
from sillok.kis.stream.crypto import Secret, encrypt
from sillok.sandbox.stream.records import (
    book_values,
    clock_of,
    index_values,
    overseas_values,
    state_values,
    trade_values,
)
from sillok.sandbox.world.abroad import abroad_of
from sillok.sandbox.world.market import Market
from sillok.sandbox.world.tape import CLOSE_S, Tape, index_tape, issue_tape, overseas_tape
from sillok.sandbox.world.world import World

__all__ = ["Feed", "Order", "StreamOptions", "frame"]

_A_FRAME = 8  # records of a frame at most
_INDICES = {"0001": "KOSPI", "1001": "KOSDAQ", "2001": "KOSPI200"}
_AMERICAN = {"NAS", "NYS", "AMS"}
_PAUSE_S = 30  # of the played day, between its end and its beginning again
_OLD_NOTICE = (  # the notice before it grew to 26 fields, which some clients still expect
    "customer", "account", "order_no", "original_order_no", "side", "amendment", "order_kind", "", "symbol",
    "quantity", "price", "time", "rejected", "filled", "accepted", "branch", "order_quantity", "owner", "name", "",
    "", "name", "order_price",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How the stream behaves.

    Parameters
    ----------
    speed
        Seconds of the played day in a second. The day begins with the server, and again after its close.
    step_s
        How often a client is sent what happened.
    ping_s, answer_s
        How often it is asked whether it is there, and after how long without an answer it is dropped.
    registrations
        How many subscriptions a session may have.
    seed
        Of the path from the open to the close.
    old_notices
        Send execution notices with the 23 fields of former years.
    """

    speed: float = 1.0
    step_s: float = 0.1
    ping_s: float = 10.0
    answer_s: float = 30.0
    registrations: int = 41
    seed: int = 1
    old_notices: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """An order of the account that the stream tells of: first that it was taken, then that it was filled."""

    number: str
    symbol: str
    name: str
    side: str  # 01 sell, 02 buy
    quantity: int
    price: int

    def values(self, user: str, clock: str, *, is_fill: bool) -> dict[str, object]:
        """Return the notice's fields by our names, padded as the vendor's are."""
        return {
            "customer": user,
            "account": "0000000001",
            "order_no": self.number.zfill(10),
            "side": self.side,
            "amendment": "0",
            "order_kind": "00",
            "symbol": self.symbol,
            "quantity": f"{self.quantity:010d}",
            "price": f"{self.price:09d}",
            "time": clock,
            "rejected": "0",
            "filled": "2" if is_fill else "1",
            "accepted": "2" if is_fill else "1",
            "branch": "00950",
            "order_quantity": f"{self.quantity:09d}",
            "owner": "샌드박스",
            "venue": "1",
            "name": self.name,
            "order_price": f"{self.price:09d}",
        }


def frame(channel: Channel, tr_id: str, records: list[str], secret: Secret | None = None) -> str:
    """Return the text of a data frame."""
    payload = "^".join(records)
    if channel.is_encrypted and secret is not None:
        payload = encrypt(payload, secret)
    return f"{int(channel.is_encrypted)}|{tr_id}|{len(records):03d}|{payload}"


class Feed:
    """The market's newest session, played: ``moment`` is its clock, ``records`` what a span of it holds.

    Parameters
    ----------
    monotonic
        The wall clock, in seconds.
    """

    def __init__(
        self,
        market: Callable[[], Market],
        options: StreamOptions,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.options = options
        self._market, self._monotonic = market, monotonic
        self._began = monotonic()
        self._shown: Market | None = None
        self._tapes: dict[tuple[str, str], Tape | None] = {}

    @property
    def market(self) -> Market:
        """The market of the moment; tapes are made anew when it changes."""
        market = self._market()
        if market is not self._shown:
            self._shown, self._tapes = market, {}
        return market

    def moment(self) -> float:
        """Return the played second: 0 at the server's start, without end; a day lasts from 0 to ``length``."""
        return (self._monotonic() - self._began) * self.options.speed

    @property
    def length(self) -> float:
        return CLOSE_S + _PAUSE_S

    def clock(self) -> str:
        """Return HHMMSS of the played day."""
        return clock_of(min(self.moment() % self.length, CLOSE_S))

    def tape(self, channel: Channel, key: str) -> Tape | None:
        """Return the tape behind a subscription; None where nothing is traded."""
        market = self.market
        kind = channel.key
        if (kind, key) not in self._tapes:
            self._tapes[kind, key] = self._make(market, kind, key)
        return self._tapes[kind, key]

    def _make(self, market: Market, kind: str, key: str) -> Tape | None:
        seed = self.options.seed if market.seed is None else market.seed  # the calls tell the same trades
        if kind == "symbol":
            return issue_tape(market, key, seed)
        if kind == "index":
            return index_tape(market.indices[_INDICES[key]], key, seed) if key in _INDICES else None
        # Real history holds nothing of markets abroad, and must not be mixed with what is made up.
        if kind == "overseas" and market.source == "synthetic" and key[1:4] in _AMERICAN:
            known = abroad_of(World(market)).stock(key[1:4], key[4:])
            if known is None:
                return overseas_tape(key[4:], int(market.sessions[-1]), seed)
            bar, base = known[1].newest
            return overseas_tape(key[4:], int(known[1].day[-1]), seed, bar, base)
        return None

    def records(self, channel: Channel, key: str, since: float, until: float) -> Iterator[list[str]]:
        """Yield the records of each frame of the span ``(since, until]`` of played seconds."""
        while since < until:
            day, start = divmod(since, self.length)
            stop = min(until - day * self.length, self.length)
            yield from self._within(channel, key, start, stop)
            since = day * self.length + stop

    def _within(self, channel: Channel, key: str, start: float, stop: float) -> Iterator[list[str]]:
        tape = self.tape(channel, key)
        if tape is None or channel.name == "market_state":
            return
        # A day's first trade belongs to the day that begins, not to the one that ends.
        first, last = (0 if start == 0 else tape.upto(start)), tape.upto(stop)
        if first == last:
            return
        if channel.name == "order_book":
            yield [channel.render(book_values(tape, key, float(tape.second[last - 1])))]
            return
        for begin in range(first, last, _A_FRAME):
            yield [self._render(channel, key, tape, at) for at in range(begin, min(begin + _A_FRAME, last))]

    def _render(self, channel: Channel, key: str, tape: Tape, at: int) -> str:
        market = self.market
        if channel.key == "index":
            return channel.render(index_values(tape, market, key, at))
        if channel.key == "overseas":
            return channel.render(
                overseas_values(tape, key, datetime.combine(market.today, datetime.min.time()), at)
            )
        return channel.render(trade_values(tape, key, f"{market.today:%Y%m%d}", at))

    def first_records(self, channel: Channel, key: str) -> list[str]:
        """Return what a subscription is told at once: the order book of now, the state; of trades nothing."""
        if channel.name == "market_state":
            return [channel.render(state_values(self.market, key))]
        tape = self.tape(channel, key)
        if channel.name != "order_book" or tape is None:
            return []
        return [channel.render(book_values(tape, key, min(self.moment() % self.length, CLOSE_S)))]

    def notice(self, channel: Channel, order: Order, user: str, *, is_fill: bool) -> str:
        """Return the record of a notice, not enciphered yet."""
        values = order.values(user, self.clock(), is_fill=is_fill)
        if self.options.old_notices:
            return "^".join(str(values.get(name, "")) for name in _OLD_NOTICE)
        return channel.render(values)
