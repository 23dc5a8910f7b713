"""The HTTP face of the sandbox: routes, headers in the vendor's letter case, error bodies.

``tr_id``, ``tr_cont`` and ``gt_uid`` go out in lower case and every other header in Canonical-Case, as at
KIS: the vendor's own sample client makes a tuple of the lower-case names and breaks on any other.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime

from aiohttp import web

from sillok.kis import schema
from sillok.sandbox.answers.asks import dump, envelope
from sillok.sandbox.answers.desk import Desk
from sillok.sandbox.answers.files import delistings_csv, master_archive, sector_archive
from sillok.sandbox.faults import Faults
from sillok.sandbox.gate import Gate, Limits, RefusedError
from sillok.sandbox.mischief import Mischief
from sillok.sandbox.stream.feed import StreamOptions
from sillok.sandbox.stream.server import add_stream
from sillok.sandbox.world.damage import damage
from sillok.sandbox.world.market import Market
from sillok.sandbox.world.world import World

__all__ = ["create_app"]

_JSON = "application/json; charset=utf-8"
_Handler = Callable[[web.Request], Awaitable[web.Response]]


def create_app(
    market: Market | Callable[[], Market],
    limits: Limits | None = None,
    *,
    gate: Gate | None = None,
    positions: int = 12,
    faults: Faults | None = None,
    stream: StreamOptions | None = None,
    clock: Callable[[], datetime] | None = None,
) -> web.Application:
    """Return the application that serves ``market``.

    Parameters
    ----------
    market
        A market, or a function that returns the one of the moment (it is called on every request).
    limits
        What the server allows; the vendor's own limits if left out.
    gate
        Takes the place of ``limits`` where a test brings its own clocks.
    positions
        How many positions the account holds.
    faults
        What goes wrong from the start; ``POST /sandbox/faults`` switches it while the server runs.
    stream
        How the WebSocket side behaves.
    clock
        The exchange's clock: inside the newest session its prices, minutes and trades end at that moment. None:
        the newest session is over.
    """
    gate = gate or Gate(limits or Limits())
    mischief = Mischief(faults or Faults(), gate)
    markets = market if callable(market) else lambda: market
    server = _Server(markets, gate, mischief, positions, clock)
    app = web.Application()
    mischief.add_to(app)
    app.router.add_post("/oauth2/tokenP", server.token)
    app.router.add_post("/oauth2/revokeP", server.revoke)
    for name, endpoint in schema.ENDPOINTS.items():
        for path in (endpoint.path, "/" + endpoint.path):  # some clients join host and path by two slashes
            app.router.add_get(path, server.handler(name, endpoint))
    for board, path in schema.MASTER_FILES.items():
        app.router.add_get(path, server.master(board))
    app.router.add_get(schema.SECTOR_FILE, server.sectors)
    app.router.add_get("/sandbox/delistings.csv", server.delistings)
    app.router.add_get("/sandbox/about", server.about)
    add_stream(app, lambda: server.world().market, gate, stream)  # as the faults have it told
    return app


class _Server:
    def __init__(
        self,
        market: Callable[[], Market],
        gate: Gate,
        mischief: Mischief,
        positions: int,
        clock: Callable[[], datetime] | None,
    ) -> None:
        self._source, self._gate, self._mischief, self._clock = market, gate, mischief, clock
        self._desk = Desk(gate.limits, positions)
        self._from: tuple[Market, Faults] | None = None
        self._world: World | None = None

    def world(self) -> World:
        """Return the world of the moment, made anew when the market or the faults change."""
        faults = self._mischief.faults
        before = self._from
        market = before[0] if before is not None and faults.clock_stopped else self._source()
        if self._world is None or before is None or before[0] is not market or before[1] is not faults:
            self._from = (market, faults)
            self._world = World(damage(market, faults), self._clock)
        return self._world

    # ---- authentication
    async def token(self, request: web.Request) -> web.Response:
        try:
            body = await _body(request)
            value, life_s, ends_at = self._gate.issue(
                body.get("grant_type", ""), body.get("appkey", ""), body.get("appsecret", "")
            )
        except RefusedError as err:
            return _refuse_token(err)
        answer = {
            "access_token": value,
            "access_token_token_expired": f"{ends_at:%Y-%m-%d %H:%M:%S}",
            "token_type": "Bearer",
            "expires_in": round(life_s),
        }
        return _respond(dump(answer), "")

    async def revoke(self, request: web.Request) -> web.Response:
        try:
            self._gate.revoke((await _body(request)).get("token", ""))
        except RefusedError as err:
            return _refuse_token(err)
        return _respond(dump({"code": 200, "message": "접근토큰 폐기에 성공하였습니다"}), "")

    # ---- calls
    def handler(self, name: str, endpoint: schema.Endpoint) -> _Handler:
        """Return the handler of one endpoint: admit, answer, or the vendor's error body."""

        async def handle(request: web.Request) -> web.Response:
            headers = request.headers
            tr_id = headers.get("tr_id", "")
            try:
                self._gate.admit(
                    headers.get("authorization", ""),
                    headers.get("appkey", ""),
                    headers.get("appsecret", ""),
                    ledger=endpoint.is_ledger,
                )
                reply = self._desk.answer(name, self.world(), tr_id, request.query)
            except RefusedError as err:
                return _respond(dump(envelope(err.code, err.text, err.result)), tr_id, status=err.status)
            return _respond(reply.text, tr_id, reply.paging)

        return handle

    # ---- public files
    def master(self, board: str) -> _Handler:
        """Return the handler of one master archive."""

        async def handle(request: web.Request) -> web.Response:
            data = master_archive(self.world(), board)
            return web.Response(body=data, content_type="application/zip")

        return handle

    async def sectors(self, request: web.Request) -> web.Response:
        return web.Response(body=sector_archive(self.world().market), content_type="application/zip")

    async def delistings(self, request: web.Request) -> web.Response:
        text = delistings_csv(self.world().market)
        return web.Response(text=text, content_type="text/csv", charset="utf-8")

    async def about(self, request: web.Request) -> web.Response:
        market = self.world().market
        return web.json_response(
            {"source": market.source, "today": market.today.isoformat(), "label": market.label}
        )


def _refuse_token(err: RefusedError) -> web.Response:
    body = {schema.ERROR_TEXT: err.text, schema.ERROR_CODE: err.code}
    return _respond(dump(body), "", status=err.status)


async def _body(request: web.Request) -> dict[str, str]:
    try:
        body = await request.json()
    except ValueError as err:
        raise RefusedError("EGW00132", "유효하지 않은 content-type 또는 body입니다.", 403) from err
    if not isinstance(body, dict):
        raise RefusedError("EGW00132", "유효하지 않은 body입니다.", 403)
    return {str(name): str(value) for name, value in body.items()}


def _respond(text: str, tr_id: str, paging: str = "", *, status: int = 200) -> web.Response:
    headers = {"Content-Type": _JSON, "tr_id": tr_id, "tr_cont": paging, "gt_uid": secrets.token_hex(16)}
    return web.Response(body=text.encode(), status=status, headers=headers)
