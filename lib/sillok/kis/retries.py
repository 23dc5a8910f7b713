"""Ask again after failures that pass: bounded in tries and in seconds, a little later each time."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from sillok.errors import RetriableVendorError
from sillok.kis.answers import TOKEN_TOO_SOON, RateLimitError

__all__ = ["Effort", "Retries"]

_T = TypeVar("_T")
_LONGEST_S = 8.0


@dataclass(slots=True)
class Effort:
    """What one call has cost: how often it was tried, and the seconds on the network and between tries.

    Waiting for a turn or a token is no effort: behind a busy queue nothing has failed.
    """

    tried: int = 0
    spent_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Retries:
    """How often, and for how long, a retriable failure is asked again.

    Parameters
    ----------
    pause
        Waits the given seconds after the vendor said that a call was too much, and makes all others wait.
    jitter
        Gives a number in [0, 1): callers that failed together do not come back together.
    """

    tries: int
    deadline_s: float
    sleep: Callable[[float], Awaitable[None]]
    pause: Callable[[float, RateLimitError], Awaitable[None]]
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random

    async def run(self, once: Callable[[Effort], Awaitable[_T]]) -> _T:
        """Return what ``once`` returns; after the last failure, raise it with the tries and seconds it took."""
        effort = Effort()
        while True:
            effort.tried += 1
            try:
                return await once(effort)
            except RetriableVendorError as err:
                if err.detail.get("code") == TOKEN_TOO_SOON:
                    raise  # has been waited for already
                if effort.tried >= self.tries or effort.spent_s >= self.deadline_s:
                    raise type(err)(
                        f"{err} (gave up after {effort.tried} tries in {effort.spent_s:.1f} s)", **err.detail
                    ) from err
                await self._back_off(err, effort)

    async def _back_off(self, err: RetriableVendorError, effort: Effort) -> None:
        spread = 0.75 + 0.5 * self.jitter()
        began = self.monotonic()
        if isinstance(err, RateLimitError):
            await self.pause(0.5 * effort.tried * spread, err)
        else:
            await self.sleep(min(0.2 * 2**effort.tried, _LONGEST_S) * spread)
        effort.spent_s += self.monotonic() - began
