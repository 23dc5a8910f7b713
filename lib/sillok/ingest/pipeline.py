"""The pipeline of a load: many asks at once to the vendor, one writer to the store, and no pause in between.

Asks of all datasets run in one row, so that the vendor's rate is used to its end. The writer commits whole
batches; what it finds to ask once more joins the row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection

from sillok.ingest.asks import Ask
from sillok.ingest.source import Row
from sillok.store import Written

__all__ = ["Answer", "Feed", "Outcome", "run_pipeline"]

_ROWS_A_BATCH = 20_000
_ASKS_A_BATCH = 256  # at the vendor's rate a commit every 13 seconds: so much is asked again after a kill
_WAITING = 64  # answers that may wait for the writer: memory stays flat whatever the market's size

_Done = TypeVar("_Done")


class Answer(NamedTuple):
    """What the vendor said; ``rows`` None: nothing that could be kept."""

    ask: Ask
    rows: Sequence[Row] | None


@dataclass
class Outcome:
    """What a batch did to a dataset. ``vanished`` rows stand in the store and are the vendor's no more."""

    written: Written = field(default_factory=lambda: Written(0, 0, 0))
    vanished: int = 0
    left_out: int = 0
    again: list[Ask] = field(default_factory=list)


class Feed(Protocol):
    """One dataset on its way: what is planned, how it is asked for, and how it is written."""

    @property
    def name(self) -> str: ...
    @property
    def asks(self) -> Sequence[Ask]: ...

    async def fetch(self, ask: Ask) -> Sequence[Row]:
        """Return the rows of an answer that can be trusted.

        Raises
        ------
        DataError
            If the answer contradicts the question.
        """
        ...

    def write(self, conn: Connection, answers: Sequence[Answer]) -> Outcome:
        """Write the answers and move their marks; the caller commits."""
        ...


async def _finish(work: Awaitable[_Done]) -> _Done:
    """Await ``work`` to its end also when cancelled: a thread that writes cannot be called back."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def run_pipeline(
    asks: Sequence[Ask],
    fetch: Callable[[Ask], Awaitable[Answer]],
    write: Callable[[list[Answer]], list[Ask]],
    *,
    at_once: int = 16,
) -> None:
    """Fetch all ``asks``, ``at_once`` at a time, and write them in batches; ``write`` runs in a thread.

    What ``write`` returns is asked for too.
    """
    to_ask: asyncio.Queue[Ask | None] = asyncio.Queue()
    waiting: asyncio.Queue[Answer] = asyncio.Queue(_WAITING)
    for ask in asks:
        to_ask.put_nowait(ask)

    async def ask_on() -> None:
        while (ask := await to_ask.get()) is not None:
            await waiting.put(await fetch(ask))

    async def write_on() -> None:
        left, rows = len(asks), 0
        batch: list[Answer] = []
        while left:
            batch.append(await waiting.get())
            rows += len(batch[-1].rows or ())
            if rows >= _ROWS_A_BATCH or len(batch) >= min(_ASKS_A_BATCH, left):
                again = await _finish(asyncio.to_thread(write, batch))
                for ask in again:
                    to_ask.put_nowait(ask)
                left += len(again) - len(batch)
                batch, rows = [], 0
        for _ in range(at_once):
            to_ask.put_nowait(None)

    async with asyncio.TaskGroup() as group:
        group.create_task(write_on())
        for _ in range(at_once):
            group.create_task(ask_on())
