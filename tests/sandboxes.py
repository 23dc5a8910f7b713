"""Run a sandbox beside a test: in the test's own loop, or in a thread for tests that have none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web

from sillok.kis import Client, Credentials
from sillok.sandbox import Limits, Market, create_app, make_market

TODAY = date(2026, 6, 30)


@cache
def reference_market() -> Market:
    """Return the default market up to the reference day; made once a process, not to be changed."""
    return make_market(today=TODAY)


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """Serve ``app`` on a free port in the running loop; give its address."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextmanager
def serving_in_thread(app: web.Application) -> Iterator[str]:
    """Serve ``app`` on a free port in a thread with a loop of its own; give its address."""
    ready: list[str] = []
    started, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        async with serving(app) as url:
            ready.append(url)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    try:
        if not started.wait(30):
            raise TimeoutError("the sandbox did not start")
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        loop.close()


@contextmanager
def sandbox_in_thread(market: Market | None = None, limits: Limits | None = None) -> Iterator[str]:
    """Serve the reference market without limits, or what is given; give its address."""
    with serving_in_thread(create_app(market or reference_market(), limits or Limits.none())) as url:
        yield url


def client_of(url: str, folder: Path, **options: Any) -> Client:
    """Return a client of the server at ``url`` that keeps its token in ``folder`` and does not wait."""
    options = {"master_url": url, "rate": 0, "broker_path": folder / "kis"} | options
    return Client(url, options.pop("credentials", Credentials.sandbox()), **options)
