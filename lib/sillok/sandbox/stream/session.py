"""One client of the stream: its registrations, what it is sent, and whether it still answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from aiohttp import WSMsgType, web

from sillok.clock import KST
from sillok.errors import DataError
from sillok.kis.schema import channel as words
from sillok.kis.schema.channel import Channel
from sillok.kis.schema.stream import find_channel
from sillok.kis.stream.crypto import Secret
from sillok.sandbox.gate import Gate, RefusedError
from sillok.sandbox.stream.feed import Feed, Order, frame

__all__ = ["Session", "Switches"]

_TEXTS = {
    words.SUBSCRIBED: "SUBSCRIBE SUCCESS",
    words.UNSUBSCRIBED: "UNSUBSCRIBE SUCCESS",
    words.ALREADY_SUBSCRIBED: "ALREADY IN SUBSCRIBE",
    words.NOT_SUBSCRIBED: "UNSUBSCRIBE ERROR (not found!)",
    words.TOO_MANY: "MAX SUBSCRIBE OVER",
    "OPSP0010": "invalid appkey",
    words.INVALID_APPROVAL: "invalid approval : NOT FOUND",
    "OPSP8991": "invalid tr_id",
    "OPSP8992": "invalid tr_key",
    words.IN_USE: "ALREADY IN USE appkey",
    "OPSP8997": "invalid tr_type",
    "OPSP8998": "invalid custtype",
    "OPSP9990": "JSON PARSING ERROR : invalid json",
    "OPSP9991": "JSON PARSING ERROR : header not found",
    "OPSP9992": "JSON PARSING ERROR : body not found",
    "OPSP9993": "JSON PARSING ERROR : input not found",
}
_SECRET = "abcdefghijklmnopqrstuvwxyz0123456789"  # noqa: S105 - an alphabet


@dataclass(slots=True)
class Switches:
    """Faults of the stream: how many of the next data frames are damaged, sent twice or lost; whether all is still."""

    malformed: int = 0
    duplicate: int = 0
    lost: int = 0
    silent: bool = False

    def take(self, given: dict[str, Any]) -> None:
        """Set what is given; an unknown name raises DataError."""
        kinds = {one.name: type(getattr(self, one.name)) for one in fields(self)}
        if unknown := set(given) - set(kinds):
            raise DataError(f"unknown switches {sorted(unknown)}; there are {sorted(kinds)}, drop and order")
        for name, value in given.items():
            setattr(self, name, kinds[name](value))

    def told(self) -> dict[str, object]:
        return asdict(self)

    def apply(self, text: str) -> list[str]:
        """Return what is sent in place of a data frame."""
        if self.lost:
            self.lost -= 1
            return []
        if self.malformed:
            self.malformed -= 1
            return [text[: len(text) * 2 // 3]]
        if self.duplicate:
            self.duplicate -= 1
            return [text, text]
        return [text]


@dataclass(slots=True)
class _Registration:
    channel: Channel
    tr_id: str
    key: str
    secret: Secret
    told: float  # played seconds up to which it has been told


class Session:
    """A WebSocket that has been opened; ``app_key`` is known after the first request that is approved."""

    def __init__(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        feed: Feed,
        gate: Gate,
        switches: Switches,
        *,
        is_taken: Callable[[str, Session], bool],
    ) -> None:
        self.app_key = ""
        self.registered: dict[tuple[str, str], _Registration] = {}
        self._handshake, self._socket = request, socket
        self._feed, self._gate = feed, gate
        self._switches, self._is_taken = switches, is_taken
        self._asked_at = time.monotonic()
        self._owed_since: float | None = None  # when it was first asked without an answer

    async def run(self) -> None:
        """Serve until the client goes, does not answer, or is dropped."""
        sending = asyncio.create_task(self._send_on())
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    await self._take(message.data)
                elif message.type is WSMsgType.PONG:
                    self._owed_since = None
                elif message.type is WSMsgType.PING:
                    await self._socket.pong(message.data)
        except ConnectionError:
            pass  # it went while we spoke
        finally:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await sending
            self.registered.clear()
            self.app_key = ""

    def drop(self) -> None:
        """Cut the connection without a word, as a broken line does."""
        if self._handshake.transport is not None:
            self._handshake.transport.abort()

    # ---- what the client says
    async def _take(self, text: str) -> None:
        try:
            message = json.loads(text)
            header = message["header"] if isinstance(message, dict) else None
        except (ValueError, RecursionError):
            await self._answer("", "", "OPSP9990")
            return
        except KeyError:
            await self._answer("", "", "OPSP9991")
            return
        if not isinstance(header, dict):
            await self._answer("", "", "OPSP9991")
        elif header.get("tr_id") == words.KEEP_ALIVE:
            self._owed_since = None
        elif not isinstance(message.get("body"), dict):
            await self._answer("", "", "OPSP9992")
        elif not isinstance(message["body"].get("input"), dict):
            await self._answer("", "", "OPSP9993")
        else:
            given = message["body"]["input"]
            await self._request(header, str(given.get("tr_id", "")), str(given.get("tr_key", "")))

    async def _request(self, header: dict[str, Any], tr_id: str, key: str) -> None:
        code = self._refusal(header, tr_id, key)
        if code:
            await self._answer(tr_id, key, code)
            if code == words.IN_USE:
                await self._socket.close()
            return
        channel = find_channel(tr_id)
        if channel is None:  # _refusal has seen to it
            return
        if str(header["tr_type"]) == words.UNSUBSCRIBE:
            found = self.registered.pop((tr_id, key), None)
            await self._answer(tr_id, key, words.UNSUBSCRIBED if found else words.NOT_SUBSCRIBED)
        elif (tr_id, key) in self.registered:
            await self._answer(tr_id, key, words.ALREADY_SUBSCRIBED)
        elif len(self.registered) >= self._feed.options.registrations:
            await self._answer(tr_id, key, words.TOO_MANY)
        else:
            await self._register(channel, tr_id, key)

    def _refusal(self, header: dict[str, Any], tr_id: str, key: str) -> str:
        """Return the code of what is wrong with a request; empty if nothing is, and then the client is known."""
        channel = find_channel(tr_id)
        if code := self._malformed(header, channel, tr_id):
            return code
        try:
            app_key = self._gate.approved(str(header["approval_key"]))
        except RefusedError as err:
            return err.code
        if self._is_taken(app_key, self):
            return words.IN_USE
        is_symbol = channel is not None and channel.key == "symbol"
        if not key or len(key) > 40 or (is_symbol and not (len(key) == 6 and key.isalnum())):
            return "OPSP8992"
        self.app_key = app_key
        return ""

    def _malformed(self, header: dict[str, Any], channel: Channel | None, tr_id: str) -> str:
        paper = self._gate.limits.paper
        checks = {
            "OPSP8997": str(header.get("tr_type", "")) in {words.SUBSCRIBE, words.UNSUBSCRIBE},
            "OPSP8998": header.get("custtype") in {"P", "B"},
            "OPSP8991": channel is not None and tr_id == (channel.tr_id_paper if paper else channel.tr_id),
            "OPSP0010": bool(header.get("approval_key")),
        }
        return next((code for code, is_fine in checks.items() if not is_fine), "")

    async def _register(self, channel: Channel, tr_id: str, key: str) -> None:
        secret = Secret(*("".join(secrets.choice(_SECRET) for _ in range(size)) for size in (32, 16)))
        self.registered[tr_id, key] = _Registration(channel, tr_id, key, secret, self._feed.moment())
        await self._answer(tr_id, key, words.SUBSCRIBED, secret, is_encrypted=channel.is_encrypted)
        if first := self._feed.first_records(channel, key):
            await self._send(frame(channel, tr_id, first))

    async def _answer(
        self, tr_id: str, key: str, code: str, secret: Secret | None = None, *, is_encrypted: bool = False
    ) -> None:
        pair = (secret.iv, secret.key) if secret else None
        text = words.acknowledgement(tr_id, key, code, _TEXTS[code], is_encrypted=is_encrypted, secret=pair)
        await self._socket.send_str(text)

    # ---- what the client is sent
    async def _send(self, text: str) -> None:
        if self._switches.silent:
            return
        for one in self._switches.apply(text):
            await self._socket.send_str(one)

    async def _send_on(self) -> None:
        options = self._feed.options
        while True:
            await asyncio.sleep(options.step_s)
            now = time.monotonic()
            if self._owed_since is not None and now - self._owed_since > options.answer_s:
                self.drop()
                return
            try:
                async with asyncio.timeout(options.answer_s):
                    if now - self._asked_at >= options.ping_s and not self._switches.silent:
                        self._asked_at = now
                        self._owed_since = self._owed_since or now
                        await self._socket.send_str(words.keep_alive(f"{datetime.now(KST):%Y%m%d%H%M%S}"))
                    await self._send_news()
            except TimeoutError:  # it takes nothing any more
                self.drop()
                return

    async def _send_news(self) -> None:
        moment = self._feed.moment()
        for one in list(self.registered.values()):
            since, one.told = one.told, moment
            for records in self._feed.records(one.channel, one.key, since, moment):
                await self._send(frame(one.channel, one.tr_id, records))

    async def tell(self, order: Order) -> None:
        """Send the two notices of an order, if the client follows them."""
        for one in list(self.registered.values()):
            if one.channel.name == "notices":
                for is_fill in (False, True):
                    record = self._feed.notice(one.channel, order, one.key, is_fill=is_fill)
                    await self._send(frame(one.channel, one.tr_id, [record], one.secret))
