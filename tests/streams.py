"""A stream beside a test: a sandbox that plays a session, and clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from sillok.kis.stream import Event, Patience, Stream, stream_url
from sillok.sandbox import Limits, StreamOptions, create_app
from tests.sandboxes import reference_market, serving

QUICK = StreamOptions(speed=600, step_s=0.02, ping_s=0.3, answer_s=2)
HASTY = Patience(answer_s=5, silent_s=5, tries=20, first_s=0.02, longest_s=0.1)


class Desk:
    """A sandbox's address, and what a test does to it."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url, self.http = url, http

    async def approve(self, _: str = "", *, app_key: str = "K" * 36) -> str:
        body = {"grant_type": "client_credentials", "appkey": app_key, "secretkey": "S" * 180}
        async with self.http.post(f"{self.url}/oauth2/Approval", json=body) as answer:
            return str((await answer.json())["approval_key"])

    async def switch(self, **switches: Any) -> dict[str, Any]:
        async with self.http.post(f"{self.url}/sandbox/stream", json=switches) as answer:
            return {"status": answer.status, **await answer.json()}

    async def about(self) -> dict[str, Any]:
        async with self.http.get(f"{self.url}/sandbox/stream") as answer:
            return await answer.json()

    def stream(self, **options: Any) -> Stream:
        options = {"patience": HASTY} | options
        return Stream(stream_url(self.url), options.pop("approve", self.approve), **options)


@asynccontextmanager
async def streaming(options: StreamOptions = QUICK, limits: Limits | None = None) -> AsyncIterator[Desk]:
    """Serve the reference market's stream in the running loop."""
    app = create_app(reference_market(), limits or Limits.none(), stream=options)
    async with serving(app) as url, aiohttp.ClientSession() as http:
        yield Desk(url, http)


async def take(stream: Stream, count: int, kind: type[Any] | None = None) -> list[Any]:
    """Return the next ``count`` events, of one kind alone if it is given."""
    found: list[Event] = []
    async for event in stream:
        if kind is None or isinstance(event, kind):
            found.append(event)
        if len(found) == count:
            break
    return found
