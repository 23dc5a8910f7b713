"""The stream: subscribe, then ``async for event in stream``. It comes back by itself, and says what it missed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp

from sillok.clock import KST
from sillok.errors import ConfigError, FatalVendorError, RetriableVendorError, SillokError
from sillok.kis.schema import INDEX_CODES
from sillok.kis.schema import channel as words
from sillok.kis.schema.channel import Channel
from sillok.kis.stream.acks import Ack, ApprovalRefusedError, InUseError
from sillok.kis.stream.buffer import Buffer
from sillok.kis.stream.connection import Connection, LostError
from sillok.kis.stream.crypto import decrypt
from sillok.kis.stream.events import Event, Gap
from sillok.kis.stream.frames import Frame, read_frame
from sillok.kis.stream.reading import read_events
from sillok.kis.stream.subscriptions import Subscription, Subscriptions, channel_of

__all__ = ["Patience", "Stream", "stream_url"]

_log = logging.getLogger(__name__)
_LARGEST = 1 << 20  # bytes of a message; the vendor's have some thousands
_HOSTS = {
    "openapi.koreainvestment.com": "ws://ops.koreainvestment.com:21000",
    "openapivts.koreainvestment.com": "ws://ops.koreainvestment.com:31000",
}


def stream_url(base_url: str) -> str:
    """Return where the stream of a REST host is: KIS has hosts of their own, the sandbox the same port."""
    parts = urlsplit(base_url)
    if parts.hostname in _HOSTS:
        return _HOSTS[parts.hostname]
    return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a stream waits, in seconds, and how often it tries.

    Parameters
    ----------
    answer_s
        For a connection, and for the answer to a request.
    silent_s
        Without any message, the keep-alive included, before the connection counts as lost.
    tries
        Connections in a row that may fail before the stream gives up.
    first_s, longest_s
        The first pause between tries, doubled each time, and the longest.
    """

    answer_s: float = 10
    silent_s: float = 60
    tries: int = 10
    first_s: float = 0.5
    longest_s: float = 30

    def pause(self, tried: int) -> float:
        """Return the pause after ``tried`` failures in a row."""
        return min(self.first_s * 2.0 ** min(tried - 1, 30), self.longest_s)


class Stream:
    """A session with the vendor's WebSocket service; use it in ``async with``.

    Events come in the order in which they arrived. A :class:`Gap` follows every span of which events may be
    missing: after a lost or silent connection once the subscription stands again, after a reader that was too
    slow, after a frame that could not be read.

    Parameters
    ----------
    url
        See :func:`stream_url`.
    approve
        Gives the approval key; it is told the one that was refused, or nothing.
    paper
        Use the paper host's transaction ids.
    label
        What a person must be told about the data; empty at KIS.
    limit
        How many events may wait for the reader.
    now
        The clock; an aware instant.
    day
        The day of channels that tell a time alone; None takes that of ``now`` in Asia/Seoul.
    """

    def __init__(
        self,
        url: str,
        approve: Callable[[str], Awaitable[str]],
        *,
        paper: bool = False,
        label: str = "",
        limit: int = 10_000,
        patience: Patience | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(KST),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        day: date | None = None,
    ) -> None:
        self.url, self.label = url, label
        self._approve, self._paper = approve, paper
        self._patience = patience or Patience()
        self._now, self._sleep, self._day = now, sleep, day
        self._book = Subscriptions()
        self._buffer = Buffer(limit)
        self._http: aiohttp.ClientSession | None = None
        self._connection: Connection | None = None
        self._reading: asyncio.Task[str] | None = None
        self._running: asyncio.Task[None] | None = None
        self._whole = asyncio.Event()  # connected, and everything in the book stands
        self._registering = asyncio.Lock()
        self._approval = ""

    def __repr__(self) -> str:
        return f"Stream({self.url!r}, {len(self._book)} subscriptions)"

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        try:
            await self._connect()
        except BaseException:
            await self._http.close()
            raise
        self._whole.set()
        self._running = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the session; a reader gets what waits, and then the end."""
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
        await self._hang_up()
        if self._http is not None:
            await self._http.close()
        self._buffer.end()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await self._buffer.take()

    # ---- subscriptions
    @property
    def subscriptions(self) -> list[tuple[str, str]]:
        """Channel and key of everything that is followed."""
        return [(one.channel.name, one.key) for one in self._book]

    async def trades(self, *symbols: str) -> None:
        """Follow the executions of issues."""
        for symbol in symbols:
            await self.subscribe("trades", symbol)

    async def order_books(self, *symbols: str) -> None:
        """Follow the order books of issues."""
        for symbol in symbols:
            await self.subscribe("order_book", symbol)

    async def index(self, code: str) -> None:
        """Follow an index: KOSPI, KOSDAQ, KOSPI200, or the vendor's code."""
        await self.subscribe("index", INDEX_CODES.get(code, code))

    async def notices(self, user: str) -> None:
        """Follow what becomes of the orders of an HTS user."""
        await self.subscribe("notices", user)

    async def subscribe(self, channel: str, key: str) -> None:
        """Follow one key of one channel; what is followed already stays as it is.

        Raises
        ------
        ConfigError
            If the channel is unknown or not there on the paper host, the key malformed, or the 41 are taken:
            nothing is sent then.
        VendorError
            If KIS refuses, or the stream has given up.
        """
        found = channel_of(channel)
        self._tr_id(found)
        is_new = self._book.find(channel, key) is None
        one = self._book.add(found, key)
        if one.stands:
            return
        try:
            while not one.stands:
                await self._until_whole()
                # A connection that is lost meanwhile comes back with everything in the book, or the stream ends.
                with contextlib.suppress(LostError):
                    await self._register(one)
                await asyncio.sleep(0)
        except BaseException:
            if is_new:
                self._book.remove(one)
            raise

    async def unsubscribe(self, channel: str, key: str) -> None:
        """Follow a key no longer; one that is not followed is left alone."""
        one = self._book.find(channel, key)
        if one is None:
            return
        self._book.remove(one)
        if one.stands and self._connection is not None:
            tr_id = self._tr_id(one.channel)
            await self._connection.request(self._approval, words.UNSUBSCRIBE, one.channel, tr_id, key)

    def _tr_id(self, channel: Channel) -> str:
        tr_id = channel.tr_id_paper if self._paper else channel.tr_id
        if not tr_id:
            raise ConfigError(f"the paper host has no channel {channel.name}; use the real host for it")
        return tr_id

    async def _until_whole(self) -> None:
        waiting = asyncio.create_task(self._whole.wait())
        try:
            await asyncio.wait(
                {waiting, *([self._running] if self._running else [])}, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            waiting.cancel()
        if not self._whole.is_set():
            raise FatalVendorError("the stream has ended; open another one")

    async def _register(self, one: Subscription) -> None:
        def stand(ack: Ack) -> None:
            if one.channel.is_encrypted and (ack.secret is None or not ack.secret.is_whole):
                return
            gap = one.stand(ack.secret, self._now())
            if gap is not None:
                self._buffer.put(gap)

        async with self._registering:
            if one.stands or self._connection is None:
                return
            tr_id = self._tr_id(one.channel)
            asked = (words.SUBSCRIBE, one.channel, tr_id, one.key)
            try:
                await self._connection.request(self._approval, *asked, then=stand)
            except ApprovalRefusedError:
                self._approval = await self._approve(self._approval)
                await self._connection.request(self._approval, *asked, then=stand)
            if not one.stands:
                raise FatalVendorError(
                    f"KIS confirmed {one.channel.name} without a key and iv of the right lengths"
                )

    # ---- the connection
    async def _connect(self) -> None:
        if self._http is None:
            raise RuntimeError("the stream is closed; use it inside `async with`")
        answer_s = self._patience.answer_s
        self._approval = self._approval or await self._approve("")
        try:
            async with asyncio.timeout(answer_s):
                socket = await self._http.ws_connect(
                    self.url, max_msg_size=_LARGEST, timeout=aiohttp.ClientWSTimeout(ws_close=answer_s)
                )
        except (TimeoutError, aiohttp.ClientError, OSError) as err:
            reason = getattr(err, "strerror", None) or type(err).__name__
            raise RetriableVendorError(f"cannot open the stream at {self.url}: {reason}") from None
        self._connection = Connection(
            socket, on_frame=self._take_frame, on_garbage=self._take_garbage, silent_s=self._patience.silent_s,
            answer_s=answer_s, now=self._now,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._connection.read())

    async def _hang_up(self) -> str:
        """Close the connection, if there is one, and return why it ended."""
        connection, reading = self._connection, self._reading
        self._connection = self._reading = None
        if connection is None or reading is None:
            return "disconnected"
        reason = await reading if reading.done() else "disconnected"
        await connection.close()
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
        return reason

    async def _run(self) -> None:
        """Keep the session: whenever its connection ends, come back or give up."""
        try:
            while self._reading is not None:
                await asyncio.wait({self._reading})
                self._whole.clear()
                await self._come_back()
                self._whole.set()
        except SillokError as err:
            _log.warning("the stream gives up: %s", err)
            for one in self._book:
                self._buffer.put(one.gap(self._now(), "gave_up"))
            self._buffer.end(err)

    async def _come_back(self) -> None:
        """Connect again and take up every subscription, within the tries.

        Raises
        ------
        VendorError
            If KIS refuses for good, or the tries are used up.
        """
        patience, tried = self._patience, 0
        await self._break_off()
        while True:
            try:
                await self._connect()
                for one in self._book:
                    await self._register(one)
            except (RetriableVendorError, InUseError) as err:  # KIS may hold the lost session for a while
                await self._break_off()
                tried += 1
                if tried >= patience.tries:
                    raise RetriableVendorError(
                        f"{err} (gave up after {tried} connections in a row)", **err.detail
                    ) from err
                await self._sleep(patience.pause(tried))
            else:
                _log.info("the stream stands again: %d subscriptions", len(self._book))
                return

    async def _break_off(self) -> None:
        heard_at = self._connection.heard_at if self._connection else None
        reason = await self._hang_up()
        for one in self._book:
            one.break_off(heard_at, reason)

    # ---- what comes
    def _take_frame(self, text: str) -> None:
        received_at = self._now()
        frame: Frame | None = None
        try:
            frame = read_frame(text)
            if frame.is_encrypted:
                frame = frame._replace(payload=self._decipher(frame))
            day = self._day or received_at.astimezone(KST).date()
            events = read_events(frame, day=day, received_at=received_at)
        except FatalVendorError as err:
            self._tell_unreadable(err, frame.channel if frame else None)
            return
        for event in events:
            # A frame may be on its way when its subscription is ended.
            if frame.is_encrypted or self._book.find(event.channel, event.key) is not None:
                self._buffer.put(event)

    def _decipher(self, frame: Frame) -> str:
        secrets = [one.secret for one in self._book.of(frame.channel) if one.secret is not None]
        if not secrets:
            raise FatalVendorError(f"a notice of {frame.channel.name} came, to which nothing is subscribed")
        if len(secrets) == 1:
            return decrypt(frame.payload, secrets[0])
        for secret in secrets[:-1]:
            with contextlib.suppress(FatalVendorError):
                return decrypt(frame.payload, secret)
        return decrypt(frame.payload, secrets[-1])

    def _take_garbage(self, err: FatalVendorError) -> None:
        self._tell_unreadable(err, None)

    def _tell_unreadable(self, err: FatalVendorError, channel: Channel | None) -> None:
        """Record that something was lost: of one channel, or of any where the frame does not say."""
        _log.warning("%s", err)
        since = self._connection.heard_at if self._connection else None
        for one in self._book.of(channel) if channel else self._book:
            self._buffer.put(
                Gap(one.channel.name, one.key, since, self._now(), "unreadable", 1 if channel else 0)
            )
