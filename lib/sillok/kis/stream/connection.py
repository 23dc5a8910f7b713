"""One WebSocket connection: requests with their answers, the keep-alive, and the end of it, noticed in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

import aiohttp

from sillok.errors import FatalVendorError, RetriableVendorError
from sillok.kis.schema import channel as words
from sillok.kis.schema.channel import Channel
from sillok.kis.schema.stream import find_channel
from sillok.kis.stream.acks import Ack, KeepAlive, error_of, read_control
from sillok.kis.stream.frames import is_data

__all__ = ["Connection", "LostError"]

_log = logging.getLogger(__name__)


class LostError(RetriableVendorError):
    """The connection ended, or was given up, while an answer was awaited."""


class Connection:
    """A connection that is open; :meth:`read` must run for answers to arrive.

    Parameters
    ----------
    on_frame
        Takes each data frame's text.
    on_garbage
        Takes the error of a message that is none of the protocol's.
    silent_s, answer_s
        After how long without any message the connection counts as lost; how long an answer may take.
    """

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        *,
        on_frame: Callable[[str], None],
        on_garbage: Callable[[FatalVendorError], None],
        silent_s: float,
        answer_s: float,
        now: Callable[[], datetime],
    ) -> None:
        self._socket = socket
        self._on_frame, self._on_garbage = on_frame, on_garbage
        self._silent_s, self._answer_s, self._now = silent_s, answer_s, now
        self._turn = asyncio.Lock()
        self._asked: tuple[str, str] = ("", "")
        self._answer: asyncio.Future[Ack] | None = None
        self._then: Callable[[Ack], None] | None = None
        self._is_over = False
        self.heard_at = now()

    async def read(self) -> str:
        """Take messages until the connection ends; return why: "disconnected" or "silent"."""
        try:
            while True:
                try:
                    message = await self._socket.receive(timeout=self._silent_s)
                except TimeoutError:
                    return "silent"
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._take(message.data)
                    self.heard_at = self._now()
                elif message.type is aiohttp.WSMsgType.BINARY:
                    self._on_garbage(
                        FatalVendorError("a binary message came, which the protocol does not have")
                    )
                else:
                    return "disconnected"
        except (aiohttp.ClientError, ConnectionError):
            return "disconnected"
        finally:
            self._is_over = True
            if self._answer is not None and not self._answer.done():
                self._answer.set_exception(LostError("the connection ended before KIS answered"))

    async def _take(self, text: str) -> None:
        if is_data(text):
            self._on_frame(text)
            return
        try:
            control = read_control(text)
        except FatalVendorError as err:
            self._on_garbage(err)
            return
        if isinstance(control, KeepAlive):
            await self._socket.send_str(control.text)
        else:
            self._match(control)

    def _match(self, ack: Ack) -> None:
        """Hand an answer to who asked; a failure that names no channel of ours answers what is asked now."""
        asked_id, asked_key = self._asked
        named = ack.tr_id == asked_id and ack.key in {asked_key, ""}
        unnamed = not ack.is_done and find_channel(ack.tr_id) is None
        if self._answer is None or self._answer.done() or not (named or unnamed):
            _log.warning("an answer that nobody awaits: %s %s", ack.code, ack.text)
            return
        if ack.is_done and self._then is not None:
            self._then(ack)
        self._answer.set_result(ack)

    async def request(
        self,
        approval_key: str,
        kind: str,
        channel: Channel,
        tr_id: str,
        key: str,
        *,
        then: Callable[[Ack], None] | None = None,
    ) -> Ack:
        """Subscribe or unsubscribe; return the answer, which ``then`` takes before any later message is looked at.

        Raises
        ------
        VendorError
            If KIS refuses, does not answer in time, or the connection ends.
        """
        done = "subscribe to" if kind == words.SUBSCRIBE else "unsubscribe from"
        what = f"{done} {channel.name}" + ("" if channel.key == "user" else f" of {key}")
        async with self._turn:
            if self._is_over:
                raise LostError(f"{what}: the connection has ended")
            self._asked, self._then = (tr_id, key), then
            self._answer = asyncio.get_running_loop().create_future()
            try:
                await self._socket.send_str(words.request(approval_key, kind, tr_id, key))
                ack = await asyncio.wait_for(self._answer, self._answer_s)
            except TimeoutError:
                # Whether it was heard cannot be known: only a connection of which nothing is left is a clean one.
                await self.close()
                raise LostError(f"{what}: no answer within {self._answer_s:g} s") from None
            except (aiohttp.ClientError, ConnectionError) as err:
                raise LostError(f"{what}: the connection ended ({type(err).__name__})") from None
            finally:
                self._answer = None
        if not ack.is_done:
            raise error_of(ack, what)
        return ack

    async def close(self) -> None:
        """Close the socket; :meth:`read` then ends."""
        await self._socket.close()
