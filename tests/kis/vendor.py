"""A KIS that answers what a test tells it to, in the vendor's names, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web

from sillok.kis import Client, schema
from tests.sandboxes import client_of, serving

__all__ = ["Asked", "Vendor", "answer", "plausible", "talking"]

Body = dict[str, Any]
Answer = Body | tuple[Body, str]
_BY_TR = {
    tr_id: name
    for name, endpoint in schema.ENDPOINTS.items()
    for tr_id in (endpoint.tr_id, endpoint.tr_id_paper, *(endpoint.archive or ()))
    if tr_id
}
_PLAIN = {
    "int": "12", "decimal": "1.25", "text": "가나", "flag": "Y", "date": "20260105", "time": "090000",
    "month": "202512", "span": "2026/02/04 ~ 2026/02/10",
}  # fmt: skip

_TEXTS = {"symbol": "900010", "code": "0001", "side": "02", "ex_code": "00", "revaluation": "00"}


class Asked(NamedTuple):
    """One call: its name in the schema, its query in our names, its transaction id and paging header."""

    name: str
    query: dict[str, str]
    tr_id: str
    paging: str


def plausible(block: schema.Block, **values: object) -> dict[str, str]:
    """Return an object in the vendor's names with a value for every field; ``values`` by our names go before."""
    told = {one.name: "2" if one.name.endswith("sign") else _PLAIN[one.kind] for one in block.fields}
    return block.render({**told, **_TEXTS, **values})


def answer(name: str, *rows: Mapping[str, object], head: Mapping[str, object] | None = None) -> Body:
    """Return the body of an answer: ``rows`` of its list by our names, and plausible objects beside them."""
    body: Body = {schema.RESULT: schema.OK, schema.MESSAGE_CODE: "MCA00000", schema.MESSAGE: "정상"}
    for block in schema.ENDPOINTS[name].blocks:
        if block.shape == "list":
            body[block.key] = [plausible(block, **row) for row in rows or ({},)]
        else:
            made = plausible(block, **(head or {}))
            body[block.key] = [made] if block.shape == "single" else made
    return body


class Vendor:
    """What the server answers: by name of the call, a body or a function of the query; plausible where none is set."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer | Callable[[dict[str, str]], Answer]] = {}
        self.asked: list[Asked] = []
        self.methods: set[tuple[str, str]] = set()

    def app(self) -> web.Application:
        """Return the server."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        return app

    async def _serve(self, request: web.Request) -> web.Response:
        self.methods.add((request.method, request.path))
        if request.path == "/oauth2/tokenP":
            return web.json_response({"access_token": "T", "expires_in": 86_400})
        if request.path.startswith("/sandbox/"):
            raise web.HTTPNotFound
        tr_id = request.headers["tr_id"]
        name = _BY_TR[tr_id]
        endpoint = schema.ENDPOINTS[name]
        assert request.path == endpoint.path
        query = endpoint.read(request.query)
        for continuation in endpoint.context or ():
            query[continuation] = request.query[continuation]
        self.asked.append(Asked(name, query, tr_id, request.headers.get("tr_cont", "")))
        told = self.answers.get(name)
        told = told(query) if callable(told) else told if told is not None else answer(name)
        body, paging = told if isinstance(told, tuple) else (told, "D" if endpoint.context else "")
        return web.Response(
            text=json.dumps(body, ensure_ascii=False),
            content_type="application/json",
            headers={"tr_cont": paging},
        )


@asynccontextmanager
async def talking(vendor: Vendor, folder: Path, **options: Any) -> AsyncIterator[Client]:
    """Give a client of ``vendor``."""
    async with serving(vendor.app()) as url, client_of(url, folder, **options) as client:
        yield client
