"""The HTTP face of the sandbox: routes, headers in the vendor's letter case, error bodies.

``tr_id``, ``tr_cont`` and ``gt_uid`` go out in lower case and every other header in Canonical-Case, as at
KIS: the vendor's own sample client makes a tuple of the lower-case names and breaks on any other.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

from sillok.kis import schema
from sillok.sandbox.account import balance
from sillok.sandbox.bodies import Answers, dump, envelope
from sillok.sandbox.calendar import holidays
from sillok.sandbox.damage import damage
from sillok.sandbox.faults import Faults
from sillok.sandbox.feed import StreamOptions
from sillok.sandbox.files import delistings_csv, master_archive, sector_archive
from sillok.sandbox.gate import Gate, Limits, RefusedError
from sillok.sandbox.market import Market
from sillok.sandbox.mischief import Mischief
from sillok.sandbox.stream import add_stream

__all__ = ["create_app"]

_JSON = "application/json; charset=utf-8"
_Handler = Callable[[web.Request], Awaitable[web.Response]]
_PLAIN = (schema.DAILY_CHART, schema.INDEX_CHART, schema.PRICE)


def create_app(
    market: Market | Callable[[], Market],
    limits: Limits | None = None,
    *,
    gate: Gate | None = None,
    positions: int = 12,
    faults: Faults | None = None,
    stream: StreamOptions | None = None,
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
    """
    gate = gate or Gate(limits or Limits())
    markets = market if callable(market) else lambda: market
    mischief = Mischief(faults or Faults(), gate)
    server = _Server(markets, gate, mischief, positions)
    app = web.Application()
    mischief.add_to(app)
    app.router.add_post("/oauth2/tokenP", server.token)
    app.router.add_post("/oauth2/revokeP", server.revoke)
    for endpoint in (*_PLAIN, schema.HOLIDAYS, schema.BALANCE):
        for path in (endpoint.path, "/" + endpoint.path):  # some clients join host and path by two slashes
            app.router.add_get(path, server.handler(endpoint))
    for board, path in schema.MASTER_FILES.items():
        app.router.add_get(path, server.master(board))
    app.router.add_get(schema.SECTOR_FILE, server.sectors)
    app.router.add_get("/sandbox/delistings.csv", server.delistings)
    app.router.add_get("/sandbox/about", server.about)
    add_stream(app, markets, gate, stream)
    return app


class _Server:
    def __init__(self, market: Callable[[], Market], gate: Gate, mischief: Mischief, positions: int) -> None:
        self._source, self._gate, self._mischief, self._positions = market, gate, mischief, positions
        self._from: tuple[Market, Faults] | None = None
        self._answers: Answers | None = None

    def answers(self) -> Answers:
        """Return the answers of the market of the moment, made anew when it or the faults change."""
        faults = self._mischief.faults
        stands = faults.clock_stopped and self._from is not None
        market = self._from[0] if stands and self._from else self._source()
        if (
            self._answers is None
            or self._from is None
            or self._from[0] is not market
            or self._from[1] is not faults
        ):
            self._from = (market, faults)
            self._answers = Answers(damage(market, faults))
        return self._answers

    def _market(self) -> Market:
        return self.answers().market

    # ---- authentication
    async def token(self, request: web.Request) -> web.Response:
        try:
            body = await _body(request)
            value, life_s, ends_at = self._gate.issue(
                body.get("grant_type", ""), body.get("appkey", ""), body.get("appsecret", "")
            )
        except RefusedError as err:
            refusal = {schema.ERROR_TEXT: err.text, schema.ERROR_CODE: err.code}
            return _respond(dump(refusal), "", status=err.status)
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
            return _respond(
                dump({schema.ERROR_TEXT: err.text, schema.ERROR_CODE: err.code}), "", status=err.status
            )
        return _respond(dump({"code": 200, "message": "접근토큰 폐기에 성공하였습니다"}), "")

    # ---- calls
    def handler(self, endpoint: schema.Endpoint) -> _Handler:
        """Return the handler of one endpoint: admit, answer, or the vendor's error body."""
        paper = self._gate.limits.paper

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
                _check_tr_id(endpoint, tr_id, paper=paper)
                text, paging = self._answer(endpoint, request)
            except RefusedError as err:
                return _respond(dump(envelope(err.code, err.text, "1")), tr_id, status=err.status)
            return _respond(text, tr_id, paging)

        return handle

    def _answer(self, endpoint: schema.Endpoint, request: web.Request) -> tuple[str, str]:
        query = endpoint.read(request.query)
        answers = self.answers()
        if endpoint is schema.DAILY_CHART:
            return answers.daily_chart(query), ""
        if endpoint is schema.INDEX_CHART:
            return answers.index_chart(query), ""
        if endpoint is schema.PRICE:
            return answers.price(query), ""
        after = ""
        if request.headers.get("tr_cont", "").strip() == "N" and endpoint.context:
            upper = {name.upper(): value for name, value in request.query.items()}
            after = upper.get(endpoint.context[1], "")
        if after.strip() and not after.strip().isdigit():
            raise RefusedError("OPSQ2001", "ERROR : INPUT INVALID_CHECK_CTX_AREA", 200)
        if endpoint is schema.HOLIDAYS:
            body, paging = holidays(query, after)
        else:
            body, paging = balance(answers.market, query, after, positions=self._positions)
        return dump(body), paging

    # ---- public files
    def master(self, board: str) -> _Handler:
        """Return the handler of one master archive."""

        async def handle(request: web.Request) -> web.Response:
            data = master_archive(self._market(), board)
            return web.Response(body=data, content_type="application/zip")

        return handle

    async def sectors(self, request: web.Request) -> web.Response:
        return web.Response(body=sector_archive(self._market()), content_type="application/zip")

    async def delistings(self, request: web.Request) -> web.Response:
        return web.Response(text=delistings_csv(self._market()), content_type="text/csv", charset="utf-8")

    async def about(self, request: web.Request) -> web.Response:
        market = self._market()
        return web.json_response(
            {"source": market.source, "today": market.today.isoformat(), "label": market.label}
        )


def _check_tr_id(endpoint: schema.Endpoint, tr_id: str, *, paper: bool) -> None:
    known = endpoint.tr_id_paper if paper else endpoint.tr_id
    if tr_id == known and tr_id:
        return
    if tr_id and tr_id in {endpoint.tr_id, endpoint.tr_id_paper}:
        raise RefusedError("EGW02004", "실전투자/모의투자 도메인과 TR ID가 맞지 않습니다.")
    raise RefusedError("OPSQ0002", "없는 서비스 코드 입니다.")


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
