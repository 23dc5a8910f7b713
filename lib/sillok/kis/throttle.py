"""Keep the calls of all processes together under the vendor's rates."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from sillok.errors import ConfigError, ResourceError
from sillok.kis.turns import Lane, Reservation, reserve
from sillok.kis.turnsfile import TurnsFile

__all__ = ["Throttle", "Turn"]

_POLL_S = 0.02  # how often a caller asks again while every call is unanswered
_PATIENCE_S = 60.0  # how long a lock may stay shut: its holder can only have been stopped
_BUSY_S = 0.001  # how long it waits while another process has the file locked
_T = TypeVar("_T")


class Turn:
    """One call's turn. Say :meth:`answered` as soon as the answer begins; leaving the block says it too."""

    def __init__(self, end: Callable[[], None]) -> None:
        self._end: Callable[[], None] | None = end

    def answered(self) -> None:
        """Note that the vendor has the call behind it."""
        if self._end is not None:
            end, self._end = self._end, None
            end()


class Throttle:
    """Hand out turns: never more than ``rate`` of them in a second of the vendor's, evenly spaced.

    With ``path``, all processes that name the same file share the rate: each has one turn reserved at most (and one of the account), and
    the next goes to whoever asked first, so that a process with one call does not wait behind a process with
    thousands. A process that dies gives its turns back after ``limit_s``. Nothing is locked while waiting.

    Parameters
    ----------
    rate, ledger_rate
        Calls a second, in all and of the account; 0 means no limit.
    limit_s
        The longest that a call can take, in seconds.
    path
        File in a folder of the user's own; None keeps the turns of this object alone.
    monotonic, sleep
        The clock, which must be the same for all processes, and how to wait on it.
    """

    def __init__(
        self,
        rate: float,
        *,
        ledger_rate: float = 0,
        limit_s: float = 15,
        path: Path | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        for asked in (rate, ledger_rate):
            if not 0 <= asked < float("inf"):
                raise ConfigError(f"the call rate must be 0 (no limit) or more a second, got {asked}")
        self._lane = Lane(rate) if rate else None
        self._ledger = Lane(ledger_rate) if ledger_rate else None
        self._limit_s = limit_s
        self._monotonic, self._sleep = monotonic, sleep
        limited = rate > 0 or ledger_rate > 0
        self._file = TurnsFile(path, (self._lane, self._ledger), monotonic) if path and limited else None
        self._who, self._ledger_who = _number(), _number()
        self._queue, self._ledger_queue = asyncio.Lock(), asyncio.Lock()

    @asynccontextmanager
    async def turn(self, *, ledger: bool = False) -> AsyncIterator[Turn]:
        """Wait for a turn; make the call inside the block. An account call says ``ledger``."""
        if ledger and self._ledger is not None:
            # Waits for the account's own limit here, not with a turn in hand that others could use.
            async with self._ledger_queue:
                while (wait := await self._change(self._wait_of_ledger)) > 0:
                    await self._sleep(wait)
                taken = await self._take([one for one in (self._lane, self._ledger) if one], self._ledger_who)
        elif self._lane is not None:
            async with self._queue:
                taken = await self._take([self._lane], self._who)
        else:
            yield Turn(lambda: None)
            return
        turn = Turn(lambda: self._end(taken))
        try:
            yield turn
        finally:
            turn.answered()

    async def pause(self, seconds: float, *, ledger: bool = False) -> None:
        """Hold back every process for ``seconds`` from now: the vendor said it was too much."""
        lane = self._ledger if ledger and self._ledger is not None else self._lane
        if lane is not None:
            await self._change(lambda: lane.pause(self._monotonic(), seconds))
        else:
            await self._sleep(seconds)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    async def _take(self, lanes: list[Lane], who: int) -> Reservation:
        while True:
            place = await self._change(lambda: reserve(lanes, self._monotonic(), who, _number()))
            if place is None:
                await self._sleep(_POLL_S)
                continue
            if await self._arrive(place):
                return place

    async def _arrive(self, place: Reservation) -> bool:
        """Wait for the reserved instant; return whether the call may be sent, and give the place back if not."""
        good = False
        try:
            while (wait := place.at - self._monotonic()) > 0:
                await self._sleep(wait)
            good = await self._change(lambda: place.confirm(self._monotonic(), self._limit_s))
        finally:
            if not good:
                self._change_now(place.give_back)
        return good

    def _wait_of_ledger(self) -> float:
        now = self._monotonic()
        place = self._ledger.soonest(now) if self._ledger is not None else (now, 0)
        return _POLL_S if place is None else place[0] - now

    def _end(self, place: Reservation) -> None:
        self._change_now(lambda: place.end(self._monotonic()))

    async def _change(self, act: Callable[[], _T]) -> _T:
        if self._file is None:
            return act()
        waited, wait = 0.0, _BUSY_S
        while waited < _PATIENCE_S:
            with self._file.changing() as mine:
                if mine:
                    return act()
            await self._sleep(wait)
            waited, wait = waited + wait, min(2 * wait, _POLL_S)
        raise ResourceError(
            f"another process has had {self._file.path} locked for {waited:.0f} s, which takes less than a"
            " thousandth of one; continue or end the process that is stopped, and run again"
        )

    def _change_now(self, act: Callable[[], None]) -> None:
        """Change without giving way to other tasks; a lock that stays shut leaves the slot to its time limit."""
        if self._file is None:
            act()
            return
        for _ in range(50):
            with self._file.changing() as mine:
                if mine:
                    act()
                    return
            time.sleep(_BUSY_S)


def _number() -> int:
    return secrets.randbits(63) | 1
