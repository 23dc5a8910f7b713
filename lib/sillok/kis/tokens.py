"""The access token in use: taken from the file, issued when there is none, renewed when refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from sillok.errors import VendorError
from sillok.kis.answers import TOKEN_TOO_SOON
from sillok.kis.credentials import Token, TokenFile

__all__ = ["TokenKeeper"]

_WAIT_S = 61  # one token a minute, and a second for the clocks


class TokenKeeper:
    """Keep one token for all calls of this process, and share it with others through ``file``.

    Parameters
    ----------
    ask
        Asks the vendor for a token.
    """

    def __init__(
        self,
        file: TokenFile,
        ask: Callable[[], Awaitable[Token]],
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._file, self._ask, self._now, self._sleep = file, ask, now, sleep
        self._token: Token | None = None
        self._lock = asyncio.Lock()

    async def current(self) -> Token:
        """Return a token that has not ended by our clock."""
        token = self._token
        if token is not None and token.expires_at > self._now():
            return token
        async with self._lock:
            if self._token is None or self._token.expires_at <= self._now():
                self._token = self._stored(None) or await self._issue(None)
            return self._token

    async def renew(self, refused: Token) -> None:
        """Replace ``refused``, unless another call has done so already."""
        async with self._lock:
            if self._token is None or self._token.value == refused.value:
                self._token = self._stored(refused) or await self._issue(refused)

    def _stored(self, refused: Token | None) -> Token | None:
        token = self._file.read()
        if token is None or token.expires_at <= self._now():
            return None
        return None if refused is not None and token.value == refused.value else token

    async def _issue(self, refused: Token | None) -> Token:
        try:
            token = await self._ask()
        except VendorError as err:
            if err.detail.get("code") != TOKEN_TOO_SOON:
                raise
            # Another process may just have got one and be about to share it; else the minute must pass.
            for _ in range(_WAIT_S):
                if shared := self._stored(refused):
                    return shared
                await self._sleep(1)
            token = await self._ask()
        self._file.write(token)
        return token
