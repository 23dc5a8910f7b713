"""The KIS client: one method a call, any span, our names. It cannot tell the sandbox from the real host."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from sillok.clock import KST
from sillok.errors import ConfigError, FatalVendorError
from sillok.kis.calls import Calls
from sillok.kis.core import Core
from sillok.kis.credentials import Credentials
from sillok.kis.executions import executions
from sillok.kis.families import Families
from sillok.kis.listings import parse_delistings, parse_master, parse_sectors, unzip_text
from sillok.kis.paging import key_pages
from sillok.kis.parse import parse_balance
from sillok.kis.records import Balance, Delisting, Execution, MasterIssue
from sillok.kis.rows import rows_of
from sillok.kis.schema import BALANCE, MASTER_FILES, SECTOR_FILE
from sillok.kis.stream import Stream, stream_url
from sillok.kis.transport import Transport

__all__ = ["Client"]

_RATE, _PAPER_RATE, _LEDGER_RATE = 20.0, 1.0, 2.0  # calls a second
_KIS_DOMAIN = "koreainvestment.com"


class Client(Core, Families):
    """A connection to KIS or to the sandbox; use it in ``async with``.

    The core of research is in its own methods; the rest stands in families such as ``client.quotes``.

    Parameters
    ----------
    base_url, master_url
        Host of the REST service, and host of the public master files.
    account
        Account number, 8-2 digits; only calls about the account need it.
    rate
        Calls a second of all processes that share ``broker_path``: the vendor's own limit, 20 (1 at the paper host)
        where None is given. 0 means that the host has no limits, as a sandbox may.
    ledger_rate
        Account calls a second, which are among the others; None: 2, or ``rate`` if that is less.
    broker_path
        Folder, the user's own, in which all processes that use the key share the access token and the turns.
    timeout_s, tries, deadline_s
        Time limit of one call; how often a retriable failure is asked again, and for how long.
    transport
        Further keyword arguments of the transport: ``now``, ``monotonic``, ``sleep`` for tests.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        master_url: str,
        account: str = "",
        rate: float | None = None,
        ledger_rate: float | None = None,
        broker_path: Path,
        paper: bool = False,
        timeout_s: float = 10,
        tries: int = 5,
        deadline_s: float = 60,
        **transport: Any,
    ) -> None:
        for name, url in (("base_url", base_url), ("master_url", master_url)):
            if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
                raise ConfigError(
                    f"{name} must be an http(s) address such as http://127.0.0.1:8810, got {url!r}"
                )
        self._account = account.replace("-", "")
        if account and not re.fullmatch(r"\d{10}", self._account):
            raise ConfigError("the account number must have 8-2 digits, e.g. 12345678-01")
        own_rate = (_PAPER_RATE if paper else _RATE) if rate is None else rate
        self._transport = Transport(
            base_url,
            credentials,
            broker_path,
            rate=own_rate,
            ledger_rate=min(own_rate, _LEDGER_RATE) if ledger_rate is None else ledger_rate,
            paper=paper,
            timeout_s=timeout_s,
            tries=tries,
            deadline_s=deadline_s,
            **transport,
        )
        now = transport.get("now", lambda: datetime.now(KST))
        Core.__init__(self, Calls(self._transport, paper=paper, account=self._account, now=now))
        Families.__init__(self, self._calls)
        self._master_url = master_url.rstrip("/")
        self._paper = paper
        self._sectors: dict[str, str] | None = None
        self._about: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Client({self._transport.base_url!r}, source={self._about.get('source', '?')!r})"

    async def __aenter__(self) -> Self:
        await self._transport.open()
        try:
            await self.identify()
        except BaseException:
            await self._transport.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.close()

    # ---- who answers
    @property
    def source(self) -> str:
        """Who answers: "kis", "synthetic" or "replay"; known inside ``async with``."""
        if not self._about:
            raise ConfigError("the client has not asked yet who answers; use it inside `async with`")
        return self._about["source"]

    @property
    def today(self) -> date | None:
        """The newest session that the sandbox has; None at KIS, whose day is the clock's."""
        text = self._about.get("today", "")
        return date.fromisoformat(text) if text else None

    @property
    def label(self) -> str:
        """What a person must be told about the data; empty at KIS."""
        return self._about.get("label", "")

    @property
    def calls(self) -> int:
        """How many HTTP requests were sent."""
        return self._transport.calls

    @property
    def refused(self) -> int:
        """How many of them the vendor refused for coming too fast."""
        return self._transport.refused

    @property
    def rate(self) -> float:
        """Calls a second that all processes may make together; 0 where there is no limit."""
        return self._transport.rate

    async def approval_key(self, refused: str = "") -> str:
        """Return the key that opens a stream, kept for 12 hours; another one than that which was ``refused``."""
        return await self._transport.approval_key(refused)

    def stream(self, **options: Any) -> Stream:
        """Return a stream of this host, to be opened in ``async with`` while the client is open.

        Of a sandbox the day is the session that it plays. ``options`` are those of
        :class:`sillok.kis.stream.Stream`: ``limit``, ``patience``, ``now``, ``sleep``, ``day``.
        """
        options = {"label": self.label, "day": self.today} | options
        return Stream(stream_url(self._transport.base_url), self.approval_key, paper=self._paper, **options)

    async def identify(self) -> str:
        """Ask the host who it is; anything but the sandbox's answer means KIS. A dead host raises."""
        if (urlsplit(self._transport.base_url).hostname or "").endswith(_KIS_DOMAIN):
            self._about = {"source": "kis"}
            return self.source
        try:
            about = json.loads(await self._transport.fetch(f"{self._transport.base_url}/sandbox/about"))
            self._about = {name: str(about[name]) for name in ("source", "today", "label")}
        except (FatalVendorError, ValueError, KeyError, TypeError):
            self._about = {"source": "kis"}
        return self.source

    # ---- the account
    async def balance(self) -> Balance:
        """Return what the account holds; ConfigError without an account number."""
        query = self._calls.account()
        endpoint = BALANCE
        rows: list[Any] = []
        head: Any = None
        async for body in key_pages(self._transport, endpoint, query):
            rows += rows_of(body, endpoint)
            head = body.get(endpoint.head.key) or head
        return parse_balance(rows, head)

    async def executions(self, start: date, end: date) -> list[Execution]:
        """Return the orders of ``[start, end)`` that were filled, oldest first; days before three months ago too."""
        today = self.today or self._calls.now().astimezone(KST).date()
        return await executions(self._calls, start, end, today)

    # ---- public files
    async def master(self, market: str) -> list[MasterIssue]:
        """Return the issues listed now on ``market`` ("KOSPI" or "KOSDAQ"), funds and notes included."""
        if market not in MASTER_FILES:
            raise ConfigError(f"unknown market {market!r}; ask for one of {sorted(MASTER_FILES)}")
        if self._sectors is None:
            self._sectors = parse_sectors(await self._archive(SECTOR_FILE))
        return parse_master(market, await self._archive(MASTER_FILES[market]), self._sectors)

    async def _archive(self, path: str) -> str:
        return unzip_text(await self._transport.fetch(self._master_url + path), path)

    async def delistings(self) -> list[Delisting]:
        """Return the sandbox's list of delisted issues; KIS has none, so that the list is empty there."""
        if self.source == "kis":
            return []
        data = await self._transport.fetch(f"{self._transport.base_url}/sandbox/delistings.csv")
        return parse_delistings(data.decode("utf-8"))
