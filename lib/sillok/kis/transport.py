"""One call to KIS: its token, its turn, its time limit, its bounded retries. Nothing here logs a secret."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import aiohttp

from sillok.clock import KST
from sillok.errors import FatalVendorError, RetriableVendorError
from sillok.kis.answers import TOKEN_TOO_SOON, RateLimitError, TokenRefusedError, read_answer
from sillok.kis.credentials import Credentials, Token, TokenFile
from sillok.kis.schema import Endpoint
from sillok.kis.throttle import Throttle
from sillok.kis.tokens import TokenKeeper

__all__ = ["Transport"]

_T = TypeVar("_T")
_log = logging.getLogger(__name__)
_CONNECTIONS = 32


class Transport:
    """An HTTP session with KIS; open it before the first call and close it after the last."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        throttle: Throttle,
        token_file: TokenFile,
        *,
        paper: bool,
        timeout_s: float,
        tries: int,
        deadline_s: float,
        now: Callable[[], datetime] = lambda: datetime.now(KST),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._credentials = credentials
        self._tokens = TokenKeeper(token_file, self._ask_token, now=now, sleep=sleep)
        self._throttle = throttle
        self._paper = paper
        self._timeout_s = timeout_s
        self._tries = tries
        self._deadline_s = deadline_s
        self._now, self._monotonic, self._sleep = now, monotonic, sleep
        self._session: aiohttp.ClientSession | None = None
        self.calls = 0

    async def open(self) -> None:
        """Open the session."""
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(
        self, endpoint: Endpoint, query: Mapping[str, str], *, next_page: bool = False
    ) -> tuple[dict[str, Any], str]:
        """Return the body of a successful answer, and its paging header (F or M: more pages follow).

        Asks again after retriable failures, within ``tries`` and ``deadline_s``; renews a refused token once.
        """
        refused: Token | None = None

        async def once() -> tuple[dict[str, Any], str]:
            nonlocal refused
            token = await self._tokens.current()
            await self._throttle.turn()
            headers = self._headers(endpoint, token) | {"tr_cont": "N" if next_page else ""}
            try:
                return await self._exchange(
                    "GET", endpoint.path, endpoint.path, params=query, headers=headers
                )
            except TokenRefusedError:
                if refused is not None:
                    raise
                refused = token
                await self._tokens.renew(token)
                return await once()

        return await self._retry(once)

    async def fetch(self, url: str) -> bytes:
        """Return the bytes at ``url``, a public file: no key or token is sent."""

        async def once() -> bytes:
            status, data, _ = await self._send("GET", url, url, timeout=aiohttp.ClientTimeout(total=60))
            if status >= 500:
                raise RetriableVendorError(f"{url}: HTTP {status}; try again later", status=status)
            if status != 200:
                raise FatalVendorError(f"{url}: HTTP {status}; check the address", status=status)
            return data

        return await self._retry(once)

    async def _retry(self, once: Callable[[], Awaitable[_T]]) -> _T:
        began = self._monotonic()
        tried = 0
        while True:
            tried += 1
            try:
                return await once()
            except RetriableVendorError as err:
                if err.detail.get("code") == TOKEN_TOO_SOON:
                    raise  # has been waited for already
                spent = self._monotonic() - began
                if tried >= self._tries or spent >= self._deadline_s:
                    raise type(err)(
                        f"{err} (gave up after {tried} tries in {spent:.0f} s)", **err.detail
                    ) from err
                if isinstance(err, RateLimitError):
                    self._throttle.pause(0.5 * tried)
                else:
                    await self._sleep(0.2 * 2**tried)

    def _headers(self, endpoint: Endpoint, token: Token) -> dict[str, str]:
        return {
            "content-type": "application/json; charset=utf-8",
            "authorization": f"Bearer {token.value}",
            "appkey": self._credentials.app_key,
            "appsecret": self._credentials.app_secret,
            "tr_id": endpoint.tr_id_paper if self._paper else endpoint.tr_id,
            "custtype": "P",
        }

    async def _exchange(
        self, method: str, path: str, what: str, **request: Any
    ) -> tuple[dict[str, Any], str]:
        status, data, paging = await self._send(method, self.base_url + path, what, **request)
        return read_answer(status, data, what), paging

    async def _send(self, method: str, url: str, what: str, **request: Any) -> tuple[int, bytes, str]:
        if self._session is None:
            raise RuntimeError("the client is closed; use it inside `async with`")
        self.calls += 1
        try:
            async with self._session.request(method, url, allow_redirects=False, **request) as response:
                data = await response.read()
        except TimeoutError:
            raise RetriableVendorError(f"{what}: no answer within {self._timeout_s:g} s") from None
        except aiohttp.ClientError as err:
            # Not chained: what aiohttp raises may carry the request's headers, and so the keys.
            reason = getattr(err, "strerror", None) or type(err).__name__
            raise RetriableVendorError(f"{what}: cannot talk to {self.base_url}: {reason}") from None
        _log.debug("%s %s: HTTP %d, %d bytes", method, what, response.status, len(data))
        return response.status, data, response.headers.get("tr_cont", "").strip()

    async def _ask_token(self) -> Token:
        keys = {"appkey": self._credentials.app_key, "appsecret": self._credentials.app_secret}
        path = "/oauth2/tokenP"
        body, _ = await self._exchange("POST", path, path, json={"grant_type": "client_credentials", **keys})
        try:
            value, life_s = str(body["access_token"]), float(body["expires_in"])
        except (KeyError, TypeError, ValueError):
            raise FatalVendorError("KIS answered a token that cannot be read; is this a KIS host?") from None
        _log.debug("a new token, for %.0f s", life_s)
        return Token(value, self._now() + timedelta(seconds=life_s))
