"""Run the sandbox until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import signal
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from aiohttp import web

from sillok import clock
from sillok.errors import ConfigError, ResourceError
from sillok.sandbox.app import create_app
from sillok.sandbox.faults import Faults
from sillok.sandbox.gate import Limits
from sillok.sandbox.stream.feed import StreamOptions
from sillok.sandbox.world.market import Market
from sillok.sandbox.world.replay import read_market
from sillok.sandbox.world.synthetic import DEFAULT_SEED, FIRST_DAY, make_market

__all__ = ["RollingMarket", "print_ready", "serve"]

_LOOK_S = 30.0


class RollingMarket:
    """The synthetic market up to the last closed session, made anew when another session has closed."""

    def __init__(
        self,
        make: Callable[[date], Market],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(clock.KST),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make, self._now, self._monotonic = make, now, monotonic
        self._market = make(clock.last_closed_session(now()))
        self._looked = monotonic()

    def __call__(self) -> Market:
        """Return the market of the moment; the clock is looked at every half minute."""
        if self._monotonic() - self._looked >= _LOOK_S:
            self._looked = self._monotonic()
            session = clock.last_closed_session(self._now())
            if session > self._market.today:
                self._market = self._make(session)
        return self._market


def print_ready(about: dict[str, str]) -> None:
    """Say in one line where the sandbox answers, and what market it has."""
    print("sandbox ready on {url} ({source}, {today}) {label}".format_map(about), flush=True)


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8810,
    today: date | None = None,
    data: Path | None = None,
    limits: Limits | None = None,
    seed: int = DEFAULT_SEED,
    start: date = FIRST_DAY,
    faults: Faults | None = None,
    stream: StreamOptions | None = None,
    say: Callable[[dict[str, str]], None] | None = None,
) -> None:
    """Serve the synthetic market, or the history in ``data``, until SIGINT or SIGTERM; say where when ready.

    Parameters
    ----------
    port
        0 takes a free one; ``say`` is told which.
    say
        Is told url, source, today and label when the server answers; None prints them in a line.
    today
        The newest session; None follows the clock, or the end of the history in ``data``.

    Raises
    ------
    ConfigError, DataError
        If the history or the dates cannot be served.
    ResourceError
        If the address is in use.
    """
    market: Market | Callable[[], Market]
    if data is not None:
        market = first = read_market(data, today)
    elif today is not None:
        market = first = make_market(seed, start, today)
    else:
        market = RollingMarket(lambda day: make_market(seed, start, day))
        first = market()
    asyncio.run(
        _serve(
            create_app(market, limits, faults=faults, stream=stream), first, host, port, say or print_ready
        )
    )


async def _serve(
    app: web.Application, market: Market, host: str, port: int, say: Callable[[dict[str, str]], None]
) -> None:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as err:
            if err.errno in {errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL}:
                raise ResourceError(
                    f"the sandbox cannot listen on {host}:{port}: {err.strerror}; choose another port",
                    port=port,
                ) from err
            raise ConfigError(f"the sandbox cannot listen on {host}:{port}: {err}", host=host) from err
        bound = runner.addresses[0][1]
        say(
            {
                "url": f"http://{host}:{bound}",
                "source": market.source,
                "today": market.today.isoformat(),
                "label": market.label,
            }
        )
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop.set)
        await stop.wait()
    finally:
        await runner.cleanup()
