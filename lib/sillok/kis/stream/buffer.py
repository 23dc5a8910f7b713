"""Between the socket and a reader that may be slow: bounded, and what does not fit is told as a gap."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import datetime

from sillok.kis.stream.events import Event, Gap

__all__ = ["Buffer"]


class Buffer:
    """At most ``limit`` events wait; further ones are dropped until there is room, and their gap follows.

    One reader alone takes from it.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[Event] = deque()
        self._lost: dict[tuple[str, str], Gap] = {}
        self._changed = asyncio.Event()
        self._ended = False
        self._error: Exception | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, event: Event) -> None:
        """Take an event, or note that it was lost."""
        if len(self._waiting) >= self._limit:
            self._lose(event)
        else:
            self._tell_lost()
            self._waiting.append(event)
        self._changed.set()

    def end(self, error: Exception | None = None) -> None:
        """Let the reader have what waits, then end it, with ``error`` if there is one."""
        self._ended, self._error = True, error
        self._changed.set()

    async def take(self) -> Event:
        """Return the next event; raise the error at the end, or StopAsyncIteration."""
        while True:
            if not self._waiting:
                self._tell_lost()
            if self._waiting:
                return self._waiting.popleft()
            if self._ended:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()

    def _tell_lost(self) -> None:
        # At most one a subscription, so that they may exceed the limit.
        self._waiting.extend(self._lost.values())
        self._lost.clear()

    def _lose(self, event: Event) -> None:
        key = (event.channel, event.key)
        told = self._lost.get(key)
        if isinstance(event, Gap):
            since, until, lost = event.since, event.until, event.lost
        else:
            since, until, lost = event.received_at, event.received_at, 1
        if told is not None:
            since = _earlier(told.since, since)
            until, lost = max(told.until, until), told.lost + lost
        self._lost[key] = Gap(event.channel, event.key, since, until, "overflow", lost)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else min(one, other)
