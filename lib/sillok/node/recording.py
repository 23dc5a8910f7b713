"""Record the live stream into the store until told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sillok.clock import KST
from sillok.node.sandbox import sandbox_at_hand
from sillok.node.wiring import open_client_of, open_store_of

if TYPE_CHECKING:
    from sillok.ingest.recorder import Recorder
    from sillok.settings import Settings

__all__ = ["record"]


def record(
    settings: Settings,
    symbols: Sequence[str],
    *,
    seconds: float | None = None,
    trades: int | None = None,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Record the trades of ``symbols`` until SIGINT or SIGTERM, or for so many seconds or trades.

    Raises
    ------
    ResourceError
        If another recorder works on the same store.
    VendorError
        If the stream gives up, or another session holds the key.
    """
    from sillok.ingest.recorder import Recorder

    store = open_store_of(settings)
    with store.alone("recorder"), sandbox_at_hand(settings, say):
        recorder = Recorder(store, now=lambda: datetime.now(KST))
        return asyncio.run(_record(settings, recorder, symbols, (seconds, trades), say))


async def _record(
    settings: Settings,
    recorder: Recorder,
    symbols: Sequence[str],
    ends: tuple[float | None, int | None],
    say: Callable[[str], None],
) -> dict[str, Any]:
    seconds, trades = ends
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, recorder.stop)
    if seconds is not None:
        loop.call_later(seconds, recorder.stop)
    async with open_client_of(settings) as client, client.stream() as live:
        await live.trades(*symbols)
        said = f"{len(symbols)} issues from {live.url}" + (f", {live.label}" if live.label else "")
        say(f"recording the trades of {said}; Ctrl-C ends it")
        done = await recorder.run(live, symbols, trades=trades)
        return {"source": client.source, "symbols": list(symbols), **asdict(done)}
