"""Keep calls under the vendor's rate by spacing them evenly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from sillok.errors import ConfigError

__all__ = ["Throttle"]


class Throttle:
    """Hand out turns, ``rate`` a second, evenly spaced; rate 0 hands them out at once.

    Even spacing, because the vendor counts in a sliding second: a client that fills fixed windows meets the
    limit at their seams. A turn is reserved without waiting, then slept for, so nothing is held meanwhile.
    """

    def __init__(
        self,
        rate: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if not rate >= 0:
            raise ConfigError(f"the call rate must be 0 (no limit) or more a second, got {rate}")
        self._step = 1 / rate if rate else 0.0
        self._monotonic = monotonic
        self._sleep = sleep
        self._next = float("-inf")

    async def turn(self) -> None:
        """Wait for the next turn."""
        now = self._monotonic()
        start = max(now, self._next)
        self._next = start + self._step
        if start > now:
            await self._sleep(start - now)

    def pause(self, seconds: float) -> None:
        """Hold back every later turn for ``seconds`` from now: the vendor said it was too much."""
        self._next = max(self._next, self._monotonic() + seconds)
