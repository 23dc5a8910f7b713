"""The faults at work: a middleware that delays, closes, refuses and cuts, and a switch over HTTP."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from sillok.errors import ConfigError
from sillok.kis import schema
from sillok.sandbox.faults import Faults
from sillok.sandbox.gate import Gate

__all__ = ["Mischief"]

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_BURST = 5  # calls refused in a row
_CHANCES = ("drop", "error_5xx", "rate_burst", "truncate", "when", "which")
_PAGE = "<html><head><title>{0} {1}</title></head><body><h1>{0} {1}</h1></body></html>"
_FAILURES = (
    (500, "EGW00001", "일시적 오류가 발생했습니다."),
    (500, "EGW00203", "OPS라우팅 중 오류가 발생했습니다."),
    (502, "", "Bad Gateway"),
    (503, "", "Service Unavailable"),
)


class Mischief:
    """Faults and the chance that deals them out."""

    def __init__(self, faults: Faults, gate: Gate) -> None:
        self._gate = gate
        self.faults = faults
        self.set(faults)

    def set(self, faults: Faults) -> None:
        """Throw the switches: chance begins anew from its seed."""
        self.faults = faults
        self._chance = {name: random.Random(f"{faults.seed} {name}") for name in _CHANCES}  # noqa: S311 - chance, not a secret
        self._burst_left = 0
        self._admitted = 0

    def add_to(self, app: web.Application) -> None:
        """Put the middleware and the routes of the switch into ``app``."""

        @web.middleware
        async def meddle(request: web.Request, handler: _Handler) -> web.StreamResponse:
            return await self._meddle(request, handler)

        app.middlewares.append(meddle)
        app.router.add_get("/sandbox/faults", self._show)
        app.router.add_post("/sandbox/faults", self._switch)

    async def _show(self, request: web.Request) -> web.Response:
        return web.json_response(self.faults.as_json())

    async def _switch(self, request: web.Request) -> web.Response:
        try:
            self.set(Faults.read(await request.json()))
        except ValueError as err:
            return web.json_response({"error": f"not JSON: {err}"}, status=400)
        except ConfigError as err:
            return web.json_response({"error": str(err)}, status=400)
        return web.json_response(self.faults.as_json())

    def _falls(self, name: str, share: float) -> bool:
        return self._chance[name].random() < share

    async def _meddle(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        is_switch = request.path.startswith("/sandbox/") and request.path != "/sandbox/delistings.csv"
        if is_switch or request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
            return await handler(request)
        faults = self.faults
        await asyncio.sleep(faults.latency_s)
        is_dropped = self._falls("drop", faults.drop)
        if is_dropped and self._falls("when", 0.5):
            return _close(request)
        response: web.StreamResponse | None = self._refuse(request)
        if response is None:
            self._count(request)
            response = await handler(request)
            if self._falls("truncate", faults.truncate) and isinstance(response, web.Response):
                response = _cut(response)
        return _close(request) if is_dropped else response

    def _refuse(self, request: web.Request) -> web.Response | None:
        """Return a server's error or, in a burst, the refusal of a call that comes too soon."""
        if self._falls("error_5xx", self.faults.error_5xx):
            return self._fail(request)
        if not _is_call(request):
            return None
        begins = self._falls("rate_burst", self.faults.rate_burst)
        if begins and not self._burst_left:
            self._burst_left = _BURST
        if not self._burst_left:
            return None
        self._burst_left -= 1
        return _error(request, 500, "EGW00201", "초당 거래건수를 초과하였습니다.")

    def _count(self, request: web.Request) -> None:
        """Revoke the token in use after every so many calls."""
        if not self.faults.revoke_every or not _is_call(request):
            return
        self._admitted += 1
        if self._admitted > self.faults.revoke_every:
            self._admitted = 0
            self._gate.revoke(request.headers.get("authorization", "").removeprefix("Bearer ").strip())

    def _fail(self, request: web.Request) -> web.Response:
        status, code, text = self._chance["which"].choice(_FAILURES)
        if code:
            return _error(request, status, code, text)
        return web.Response(text=_PAGE.format(status, text), status=status, content_type="text/html")


def _is_call(request: web.Request) -> bool:
    return "/uapi/" in request.path


def _error(request: web.Request, status: int, code: str, text: str) -> web.Response:
    body = {schema.RESULT: "1", schema.MESSAGE_CODE: code, schema.MESSAGE: text}
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "tr_id": request.headers.get("tr_id", ""),
        "tr_cont": "",
        "gt_uid": secrets.token_hex(16),
    }
    return web.Response(body=json.dumps(body, ensure_ascii=False).encode(), status=status, headers=headers)


def _close(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _cut(response: web.Response) -> web.Response:
    """Return the answer with the first half of its body, complete as HTTP sees it."""
    body = response.body if isinstance(response.body, bytes) else b""
    headers = {
        name: value
        for name, value in response.headers.items()
        if name not in {hdrs.CONTENT_LENGTH, hdrs.DATE, hdrs.SERVER}
    }
    return web.Response(body=body[: len(body) // 2], status=response.status, headers=headers)
