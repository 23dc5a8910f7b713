"""The WebSocket side of the sandbox: any path, the vendor's messages, limits, keep-alive, notices, faults."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sillok.errors import DataError
from sillok.kis import schema
from sillok.kis.schema import channel as words
from sillok.sandbox.gate import Gate, RefusedError
from sillok.sandbox.stream.feed import Feed, Order, StreamOptions
from sillok.sandbox.stream.session import Session, Switches
from sillok.sandbox.world.market import Market

__all__ = ["add_stream"]

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_LARGEST = 1 << 16  # bytes of a request


def add_stream(
    app: web.Application,
    market: Callable[[], Market],
    gate: Gate,
    options: StreamOptions | None = None,
    *,
    feed: Feed | None = None,
) -> None:
    """Let ``app`` answer a WebSocket handshake on every path, issue approval keys, and take the stream's switches.

    Parameters
    ----------
    feed
        Takes the place of ``options`` where a test brings its own clock.
    """
    server = _StreamServer(feed or Feed(market, options or StreamOptions()), gate)
    app.middlewares.insert(0, server.upgrade)
    app.router.add_post(words.APPROVAL_PATH, server.approve)
    app.router.add_get("/sandbox/stream", server.show)
    app.router.add_post("/sandbox/stream", server.switch)
    app.on_shutdown.append(server.stop)


class _StreamServer:
    def __init__(self, feed: Feed, gate: Gate) -> None:
        self._feed, self._gate = feed, gate
        self._switches = Switches()
        self._sessions: list[Session] = []
        self._orders = 0

    @web.middleware
    async def upgrade(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if request.headers.get("upgrade", "").lower() != "websocket":
            return await handler(request)
        socket = web.WebSocketResponse(
            autoping=False, compress=False, max_msg_size=_LARGEST, timeout=self._feed.options.answer_s
        )
        await socket.prepare(request)
        session = Session(request, socket, self._feed, self._gate, self._switches, is_taken=self._is_taken)
        self._sessions.append(session)
        try:
            await session.run()
        finally:
            self._sessions.remove(session)
        return socket

    def _is_taken(self, app_key: str, by: Session) -> bool:
        return any(one.app_key == app_key and one is not by for one in self._sessions)

    async def approve(self, request: web.Request) -> web.Response:
        try:
            body = await request.json()
            given = [str(body.get(name, "")) for name in ("grant_type", "appkey", "secretkey")]
            return web.json_response({"approval_key": self._gate.approve(*given)})
        except (ValueError, AttributeError):
            err = RefusedError("EGW00132", "유효하지 않은 content-type 또는 body입니다.", 403)
        except RefusedError as refused:
            err = refused
        return web.json_response(
            {schema.ERROR_TEXT: err.text, schema.ERROR_CODE: err.code}, status=err.status
        )

    async def show(self, _: web.Request) -> web.Response:
        about = {
            "clock": self._feed.clock(),
            "speed": self._feed.options.speed,
            "sessions": [len(one.registered) for one in self._sessions],
            "switches": self._switches.told(),
        }
        return web.json_response(about)

    async def switch(self, request: web.Request) -> web.Response:
        """Take faults and orders: {"drop": true}, {"silent": true}, {"malformed": 3}, {"order": {...}}."""
        try:
            body = await request.json()
            order = body.pop("order", None)
            is_drop = bool(body.pop("drop", False))
            self._switches.take(body)
            if order is not None:
                await self._tell(order)
        except (ValueError, TypeError, AttributeError, KeyError, DataError) as err:
            return web.json_response({"error": f"{type(err).__name__}: {err}"}, status=400)
        if is_drop:
            for session in list(self._sessions):
                session.drop()
        return await self.show(request)

    async def _tell(self, given: dict[str, Any]) -> None:
        """Tell every client that follows the notices of an order that was taken and then filled."""
        self._orders += 1
        symbol = str(given["symbol"])
        issue = self._feed.market.issues.get(symbol)
        if issue is None:
            raise DataError(f"the market has no issue {symbol!r}", symbol=symbol)
        order = Order(
            number=str(self._orders),
            symbol=symbol,
            name=issue.name,
            side={"sell": "01", "buy": "02"}[str(given["side"])],
            quantity=int(given["quantity"]),
            price=int(given["price"]),
        )
        for session in list(self._sessions):
            await session.tell(order)

    async def stop(self, _: web.Application) -> None:
        for session in list(self._sessions):
            session.drop()
        await asyncio.sleep(0)
