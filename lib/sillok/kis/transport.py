"""One call to KIS: its token, its turn, its time limit, its bounded retries. Nothing here logs a secret."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from sillok.clock import KST
from sillok.errors import AuthError, FatalVendorError, RetriableVendorError
from sillok.kis.answers import LEDGER_TOO_FAST, RateLimitError, TokenRefusedError, read_answer
from sillok.kis.credentials import WRITABLE, Credentials, Token, read_token
from sillok.kis.retries import Effort, Retries
from sillok.kis.schema import Endpoint
from sillok.kis.throttle import Throttle, Turn
from sillok.kis.tokenfile import TokenFile
from sillok.kis.tokens import TOKEN_INTERVAL_S, TokenBroker

__all__ = ["Transport"]

_log = logging.getLogger(__name__)
_CONNECTIONS = 32
_FILE_TIMEOUT_S = 60.0
_TOKEN_PATH, _APPROVAL_PATH = "/oauth2/tokenP", "/oauth2/Approval"
_MARGIN_S = 5.0  # what a call may take beyond its time limit, in a process that is slow to notice
_APPROVAL_LIFE = timedelta(hours=12)  # half of what the vendor gives it


class Transport:
    """An HTTP session with KIS; open it before the first call and close it after the last."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        broker_path: Path,
        *,
        rate: float,
        ledger_rate: float,
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
        mark = hashlib.sha256(f"{self.base_url} {credentials.fingerprint}".encode()).hexdigest()[:12]
        self._tokens = TokenBroker(
            TokenFile(broker_path / f"{mark}.token", self.base_url, credentials.fingerprint),
            self._ask_token,
            interval_s=TOKEN_INTERVAL_S if rate else 0.0,
            now=now,
            sleep=sleep,
        )
        self._throttle = Throttle(
            rate,
            ledger_rate=ledger_rate,
            limit_s=timeout_s + _MARGIN_S,
            path=broker_path / f"{mark}.turns",
            monotonic=monotonic,
            sleep=sleep,
        )
        self._paper = paper
        self._timeout_s = timeout_s
        self._retries = Retries(tries, deadline_s, sleep, self._pause, monotonic)
        self._now, self._monotonic = now, monotonic
        self._session: aiohttp.ClientSession | None = None
        # More than the turns, so that a call whose turn has come finds a connection; and calls without a limit
        # wait here, where waiting is no failure, and not inside aiohttp, where it is.
        self._connections = max(_CONNECTIONS, round(rate) + 1)
        self._free = asyncio.Semaphore(self._connections)
        self._approval: tuple[str, datetime] | None = None
        self._approving = asyncio.Lock()
        self.rate = rate
        self.calls = 0
        self.refused = 0

    async def open(self) -> None:
        """Open the session."""
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            connector=aiohttp.TCPConnector(limit=self._connections),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        # Else aiohttp sends a GET whose connection was closed once more by itself: a call without a turn.
        self._session._retry_connection = False

    async def close(self) -> None:
        """Close the session."""
        self._throttle.close()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(
        self, endpoint: Endpoint, query: Mapping[str, str], *, next_page: bool = False
    ) -> tuple[dict[str, Any], str]:
        """Return the body of a successful answer, and its paging header (F or M: more pages follow).

        Asks again after retriable failures, within ``tries`` and ``deadline_s`` (in which waiting for a turn
        does not count); renews a refused token once.

        Raises
        ------
        RetriableVendorError
            If the vendor still fails after the last try.
        AuthError, FatalVendorError
            At once, if it refuses.
        """
        refused: Token | None = None

        async def once(effort: Effort) -> tuple[dict[str, Any], str]:
            nonlocal refused
            while True:
                token = await self._tokens.current()
                async with self._throttle.turn(ledger=endpoint.is_ledger) as turn:
                    if self._tokens.has_replaced(token):
                        continue  # it ended while the call was waiting
                    headers = self._headers(endpoint, token) | {"tr_cont": "N" if next_page else ""}
                    path = endpoint.path
                    try:
                        return await self._exchange(
                            "GET", path, path, turn, effort, params=query, headers=headers
                        )
                    except TokenRefusedError as err:
                        if refused is not None:
                            raise _refused_again(err) from None
                        refused = token
                await self._tokens.renew(token)

        return await self._retries.run(once)

    async def approval_key(self, refused: str = "") -> str:
        """Return the key that a WebSocket session is opened with; kept in memory for half its life.

        Parameters
        ----------
        refused
            The key that the vendor refused: another one is asked for, unless another stream has done so already.
        """
        async with self._approving:
            kept = self._approval
            if kept is None or kept[0] == refused or self._now() >= kept[1] + _APPROVAL_LIFE:
                kept = self._approval = (await self._retries.run(self._ask_approval), self._now())
            return kept[0]

    async def fetch(self, url: str) -> bytes:
        """Return the bytes at ``url``, a public file: no key or token is sent."""
        limit = aiohttp.ClientTimeout(total=_FILE_TIMEOUT_S)

        async def once(effort: Effort) -> bytes:
            status, data, _ = await self._send("GET", url, url, None, effort, timeout=limit)
            if status >= 500:
                raise RetriableVendorError(f"{url}: HTTP {status}; try again later", status=status)
            if status != 200:
                raise FatalVendorError(f"{url}: HTTP {status}; check the address", status=status)
            return data

        return await self._retries.run(once)

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
        self, method: str, path: str, what: str, turn: Turn | None, effort: Effort, **request: Any
    ) -> tuple[dict[str, Any], str]:
        status, data, paging = await self._send(method, self.base_url + path, what, turn, effort, **request)
        try:
            return read_answer(status, data, what), paging
        except RateLimitError:
            self.refused += 1
            raise

    async def _send(
        self, method: str, url: str, what: str, turn: Turn | None, effort: Effort, **request: Any
    ) -> tuple[int, bytes, str]:
        if self._session is None:
            raise RuntimeError("the client is closed; use it inside `async with`")
        async with self._free:
            self.calls += 1
            began = self._monotonic()
            try:
                async with self._session.request(method, url, allow_redirects=False, **request) as response:
                    if turn is not None:
                        turn.answered()
                    data = await response.read()
            except TimeoutError:
                limit = request.get("timeout", self._session.timeout).total
                raise RetriableVendorError(f"{what}: no answer within {limit:g} s; try again later") from None
            except aiohttp.ClientError as err:
                # Not chained: what aiohttp raises may carry the request's headers, and so the keys.
                reason = getattr(err, "strerror", None) or type(err).__name__
                sent = not isinstance(err, aiohttp.ClientConnectorError)
                raise RetriableVendorError(
                    f"{what}: cannot talk to {self.base_url}: {reason}", sent=sent
                ) from None
            finally:
                effort.spent_s += self._monotonic() - began
        _log.debug("%s %s: HTTP %d, %d bytes", method, what, response.status, len(data))
        return response.status, data, response.headers.get("tr_cont", "").strip()

    async def _pause(self, seconds: float, err: RateLimitError) -> None:
        await self._throttle.pause(seconds, ledger=err.detail.get("code") == LEDGER_TOO_FAST)

    async def _ask_token(self) -> Token:
        keys = {"appkey": self._credentials.app_key, "appsecret": self._credentials.app_secret}
        body = await self._ask(_TOKEN_PATH, keys)
        token = read_token(body, self._now())
        _log.debug("a new token, until %s", token.expires_at)
        return token

    async def _ask_approval(self, effort: Effort) -> str:
        keys = {"appkey": self._credentials.app_key, "secretkey": self._credentials.app_secret}
        key = (await self._ask(_APPROVAL_PATH, keys, effort)).get("approval_key")
        if not isinstance(key, str) or not WRITABLE(key):
            raise FatalVendorError("KIS answered no approval key; is this a KIS host?")
        return key

    async def _ask(self, path: str, keys: Mapping[str, str], effort: Effort | None = None) -> dict[str, Any]:
        body = {"grant_type": "client_credentials", **keys}
        answer, _ = await self._exchange("POST", path, path, None, effort or Effort(), json=body)
        return answer


def _refused_again(err: TokenRefusedError) -> AuthError:
    return AuthError(
        f"{err}, and the one issued just now was refused as well; see at the KIS portal whether the key is still"
        " good and whether something else revokes its tokens",
        **err.detail,
    )
