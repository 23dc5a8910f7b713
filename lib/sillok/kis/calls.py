"""One call by its name in the schema, with what the host and the account allow checked before anything is sent."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime
from typing import Any, NamedTuple

from sillok.errors import ConfigError, MissingDataError
from sillok.kis.paging import key_pages
from sillok.kis.rows import Record, reader
from sillok.kis.schema import ENDPOINTS, Endpoint
from sillok.kis.transport import Transport

__all__ = ["Calls", "WithHead", "check_symbol", "day_text"]


class WithHead(NamedTuple):
    """Rows, and the one record above them that speaks of them all; it is None where KIS leaves it out."""

    head: Record
    rows: list[Record]


def day_text(day: date) -> str:
    """Return the day as the vendor's queries want it."""
    return f"{day:%Y%m%d}"


def check_symbol(symbol: str) -> None:
    """Raise ConfigError unless ``symbol`` can be that of a domestic issue."""
    if not re.fullmatch(r"[0-9A-Z]{6,9}", symbol):
        raise ConfigError(
            f"a symbol has 6 to 9 digits or capitals, e.g. 005930; got {symbol!r}", symbol=symbol
        )


class Calls:
    """What the families of methods have in common: the way to the host, and what may be asked of it."""

    def __init__(
        self, transport: Transport, *, paper: bool, account: str, now: Callable[[], datetime]
    ) -> None:
        self.transport = transport
        self.paper = paper
        self.now = now
        self._account = account

    def endpoint(self, name: str) -> Endpoint:
        """Return the endpoint; ConfigError where the paper host does not have it."""
        endpoint = ENDPOINTS[name]
        if self.paper and not endpoint.tr_id_paper:
            raise ConfigError(
                f"the paper host has no {name.replace('_', ' ')} ({endpoint.ko}); use a key of the real host,"
                " or the sandbox",
                call=name,
            )
        return endpoint

    def account(self) -> dict[str, str]:
        """Return the account's part of a query; ConfigError without an account number."""
        if not self._account:
            raise ConfigError("this needs an account number: set SILLOK_KIS_ACCOUNT, e.g. 12345678-01")
        return {"account": self._account[:8], "product": self._account[8:]}

    async def body(self, name: str, **query: str) -> dict[str, Any]:
        """Return the answer to one call."""
        endpoint = self.endpoint(name)
        body, _ = await self.transport.get(endpoint, endpoint.query(**query))
        return body

    async def one(self, name: str, what: str, *keys: str, **query: str) -> Record:
        """Return the record of an object, or of several blocks in a tuple; MissingDataError if KIS has none."""
        body = await self.body(name, **query)
        found = [reader(name, key).one(body) for key in keys or ("",)]
        # An unknown symbol is answered with success, and blanks or zeros.
        if found[0] is None or not any(found[0]):
            raise MissingDataError(f"KIS has nothing for {what}; check the symbol", **query)
        return found[0] if len(found) == 1 else tuple(found)

    async def rows(self, name: str, key: str = "", **query: str) -> list[Record]:
        """Return the records of a list, in the vendor's order."""
        return reader(name, key or self.endpoint(name).rows.key).rows(await self.body(name, **query))

    async def pages(self, endpoint: Endpoint, **query: str) -> AsyncIterator[dict[str, Any]]:
        """Yield the answers of a call that may page by key."""
        if endpoint.context is None:
            body, _ = await self.transport.get(endpoint, endpoint.query(**query))
            yield body
            return
        async for body in key_pages(self.transport, endpoint, query):
            yield body

    async def with_head(self, name: str, **query: str) -> WithHead:
        """Return the records of all pages, and the record above them, which the last page tells."""
        endpoint = self.endpoint(name)
        above, below = reader(name, endpoint.head.key), reader(name, endpoint.rows.key)
        head, rows = None, []
        async for body in self.pages(endpoint, **query):
            rows += below.rows(body)
            head = above.one(body) or head
        return WithHead(head, rows)

    async def blocks(self, name: str, **query: str) -> tuple[Any, ...]:
        """Return every block of one answer: records of a list, or one record."""
        endpoint = self.endpoint(name)
        body = await self.body(name, **query)
        readers = [reader(name, block.key) for block in endpoint.blocks]
        return tuple(take.rows(body) if take.block.shape == "list" else take.one(body) for take in readers)

    async def all_rows(self, name: str, **query: str) -> list[Record]:
        """Return the records of all pages."""
        endpoint = self.endpoint(name)
        take = reader(name, endpoint.rows.key)
        return [row async for body in self.pages(endpoint, **query) for row in take.rows(body)]
