"""The service: static pages with strict headers, and three small JSON answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sillok.errors import DataError, SillokError
from sillok.pages.site import read_states
from sillok.runs import list_runs
from sillok.store import Store

__all__ = ["create_app"]

# No script runs on a published page, whatever a notebook put out; figures are embedded, tables bring styles.
_HEADERS = {
    "content-security-policy": "default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_SERVED = {".html", ".css", ".svg", ".png", ".otf", ".txt"}
_MOST_RUNS = 200


class _Pages(StaticFiles):
    """The site's files; drafts and state files are not pages."""

    async def check_config(self) -> None:
        """Accept a site that is not there yet: before the first night every page is missing, not broken."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        parts = Path(path).parts
        if any(part.startswith(".") and part != "." for part in parts):
            raise HTTPException(404)
        if Path(path).suffix and Path(path).suffix not in _SERVED:
            raise HTTPException(404)
        return await super().get_response(path, scope)


class _SafeHeaders:
    """Put the safe headers on every answer, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                fonts = scope["path"].startswith("/assets/") and scope["path"].endswith(".otf")
                headers["cache-control"] = "public, max-age=86400" if fonts else "no-cache"
            await send(message)

        await self._app(scope, receive, with_headers)


def create_app(site: Path, open_store: Callable[[], Store]) -> Starlette:
    """Make the service over the pages in ``site``.

    Parameters
    ----------
    open_store
        Opens the store when it is first asked for; the pages do not need it.
    """
    store: list[Store] = []

    def runs(limit: int) -> list[dict[str, Any]]:
        if not store:
            store.append(open_store())
        return [run.to_json() for run in list_runs(store[0], limit)]

    async def get_health(_: Request) -> Response:
        return await _guarded(lambda: {"status": "ok", "pages": len(read_states(site))})

    async def get_publications(_: Request) -> Response:
        return await _guarded(
            lambda: {"publications": [asdict(state) for state in read_states(site).values()]}
        )

    async def get_runs(request: Request) -> Response:
        asked = request.query_params.get("limit", "20")
        if not asked.isascii() or not asked.isdigit() or not 1 <= int(asked) <= _MOST_RUNS:
            return _json({"error": f"limit must be 1 to {_MOST_RUNS}, got {asked[:20]!r}"}, 422)
        return await _guarded(lambda: {"runs": runs(int(asked))})

    app = Starlette(
        routes=[
            Route("/health", get_health, methods=["GET"]),
            Route("/api/publications", get_publications, methods=["GET"]),
            Route("/api/runs", get_runs, methods=["GET"]),
            Mount("/", _Pages(directory=site, html=True, check_dir=False)),
        ],
        exception_handlers={404: _not_found},
    )
    app.add_middleware(_SafeHeaders)
    return app


async def _guarded(answer: Callable[[], dict[str, Any]]) -> Response:
    try:
        return _json(await run_in_threadpool(answer))
    except DataError as err:
        return _json({"status": "damaged", "error": str(err)}, 500)
    except (SillokError, SQLAlchemyError):  # the text may hold the database's address
        return _json({"error": "the record cannot be read now; see the log of the reading room"}, 503)


def _json(body: dict[str, Any], status: int = 200) -> Response:
    text = json.dumps(body, ensure_ascii=False, default=str)
    return Response(text, status, media_type="application/json; charset=utf-8")


async def _not_found(request: Request, _: Exception) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": "there is no such address"}, 404)
    return HTMLResponse(
        '<!doctype html><html lang="ko"><meta charset="utf-8"><link rel="stylesheet" href="/assets/sillok.css">'
        '<main class="page"><header class="head"><p class="kicker">404</p><h1>그런 페이지가 없습니다</h1>'
        '<div class="meta"><a href="/">목록으로</a></div></header></main></html>',
        404,
    )
