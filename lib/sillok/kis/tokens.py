"""The token broker: one access token for all processes, asked for by one of them at a time.

KIS issues one token a minute, wants one a day, and tells the user of every one that it issues.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from sillok.errors import ResourceError, RetriableVendorError, VendorError
from sillok.kis.answers import TOKEN_TOO_SOON
from sillok.kis.credentials import Token
from sillok.kis.tokenfile import Kept, TokenFile

__all__ = ["TOKEN_INTERVAL_S", "TokenBroker"]

TOKEN_INTERVAL_S = 61.0  # one token a minute, and a second for the clocks
_LOOK_S = 0.25
_PATIENCE_S = 180.0  # for another process that is asking: a minute's wait, a call, and as much again
_log = logging.getLogger(__name__)


class TokenBroker:
    """Give every call a token that is good by our clock.

    Whoever finds that there is none, or that it ends soon, takes the file's lock and asks; the others go on
    with the old one while it lasts, else they wait for the new one to appear in the file. That a token is asked
    for is written down before, so that no process asks again within ``interval_s``, whoever was killed meanwhile.

    Parameters
    ----------
    ask
        Asks the vendor for a token.
    interval_s
        How long after one request the next may follow, in seconds; 0 for a host without that limit.
    """

    def __init__(
        self,
        file: TokenFile,
        ask: Callable[[], Awaitable[Token]],
        *,
        interval_s: float,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._file, self._ask, self._now, self._sleep = file, ask, now, sleep
        self._interval_s = interval_s
        self._token: Token | None = None
        self._lock = asyncio.Lock()

    async def current(self) -> Token:
        """Return a token that has not ended by our clock."""
        token, now = self._token, self._now()
        if token is not None and now < token.expires_at and (now < token.renew_at or self._lock.locked()):
            return token
        async with self._lock:
            if self._token is None or self._token.renew_at <= self._now():
                self._token = await self._obtain("")
            return self._token

    def has_replaced(self, token: Token) -> bool:
        """Return whether ``token``, given out before, is not to be used any more."""
        return self._now() >= token.expires_at or (
            self._token is not None and self._token.value != token.value
        )

    async def renew(self, refused: Token) -> None:
        """Replace a token that the vendor refused, unless another call or process has done so already."""
        if self._token is not None and self._token.value == refused.value:
            self._token = None  # let nobody go on with it
        async with self._lock:
            if self._token is None:
                self._token = await self._obtain(refused.value)

    async def _obtain(self, refused: str) -> Token:
        waited = 0.0
        while True:
            token = self._kept(refused)
            if token is None or token.renew_at <= self._now():
                with self._file.alone() as mine:
                    if mine:
                        return await self._replace(refused)
            if token is not None:
                return token  # fresh, or on its last minutes while another process renews it
            if waited >= _PATIENCE_S:
                raise ResourceError(
                    f"another process has been asking KIS for a token for {waited:.0f} s, see {self._file.path}; "
                    "end it if it hangs, and run again"
                )
            await self._sleep(_LOOK_S)
            waited += _LOOK_S

    async def _replace(self, refused: str) -> Token:
        """Return another token; the lock is ours."""
        token = self._kept(refused)  # the process that had the lock before may have got one
        if token is not None and self._now() < token.renew_at:
            return token
        wait = self._wait_s()
        if token is None:
            if wait > 0:
                await self._sleep(wait)
            return await self._issue()
        if wait > 0:
            return token
        try:
            return await self._issue(once=True)
        except RetriableVendorError as err:
            _log.warning("the token could not be renewed before its end, and is used on: %s", err)
            return token

    async def _issue(self, *, once: bool = False) -> Token:
        kept = self._file.read()
        self._file.write(Kept(kept.token, self._now()))
        try:
            token = await self._ask()
        except VendorError as err:
            if not isinstance(err, RetriableVendorError) or err.detail.get("sent") is False:
                self._file.write(kept)  # refused, or never asked: none was issued
            if once or err.detail.get("code") != TOKEN_TOO_SOON:
                raise
            # Somebody who does not share this file asked within the minute.
            await self._sleep(TOKEN_INTERVAL_S)
            return await self._issue(once=True)
        self._file.write(Kept(token, self._now()))
        return token

    def _kept(self, refused: str) -> Token | None:
        token = self._file.read().token
        if token is None or token.expires_at <= self._now() or token.value == refused:
            return None
        return token

    def _wait_s(self) -> float:
        asked_at = self._file.read().asked_at
        if asked_at is None:
            return 0.0
        left = (asked_at + timedelta(seconds=self._interval_s) - self._now()).total_seconds()
        return min(max(left, 0.0), self._interval_s)  # a clock that was set back must not wait for ever
