"""The desk's own account: positions and cash as they stand, and executions. Its number is never kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, select

from sillok.errors import DataError
from sillok.ingest.asks import Ask
from sillok.ingest.known import execution_known_at
from sillok.ingest.pipeline import Answer, Outcome
from sillok.ingest.source import DatasetSource, Row
from sillok.store import Mark, Store, Written
from sillok.store.tables import account_cash, account_execution, account_position

__all__ = ["AccountFeed", "fingerprint", "plan_account"]

_DAY = timedelta(days=1)
_FIRST = timedelta(days=90)  # the vendor's recent orders
_OVERLAP = timedelta(days=9)
_ROUNDS = 200_000
_BALANCE, _EXECUTIONS = "balance", "executions"


def fingerprint(account: str) -> str:
    """Return the 12 hexadecimal digits under which an account is kept, the same on every node.

    Slow on purpose: a number of ten digits is soon guessed from a quick hash of it.
    """
    digits = account.replace("-", "").encode()
    return hashlib.pbkdf2_hmac("sha256", digits, b"sillok account", _ROUNDS).hex()[:12]


def _columns(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.name != "recorded_at"]


_POSITION, _CASH, _EXECUTION = map(_columns, (account_position, account_cash, account_execution))
_NUMBERS = (
    "quantity",
    "sellable",
    "average_price",
    "cost_krw",
    "value_krw",
    "profit_krw",
)  # 0 once it is sold


def plan_account(day: date, mark: Mark | None) -> list[Ask]:
    """Return the asks for the account as it stands on ``day``, and for what was executed since the last one."""
    since = day - _FIRST if mark is None else min(mark.through, day) - _OVERLAP
    return [
        Ask("account", _BALANCE, day, day + _DAY),
        Ask("account", _EXECUTIONS, since, day + _DAY, overlaps=mark is not None),
    ]


@dataclass
class AccountFeed:
    """One account, known by its fingerprint."""

    client: DatasetSource
    store: Store
    asks: Sequence[Ask]
    account: str
    now: datetime
    name: str = "account"

    async def fetch(self, ask: Ask) -> Sequence[Row]:
        if ask.key == _BALANCE:
            return [(await self.client.balance(),)]
        rows = await self.client.executions(ask.start, ask.end)
        if any(not ask.start <= row[0] < ask.end for row in rows):
            raise DataError(f"asked for executions in [{ask.start}, {ask.end}), got others; nothing is kept")
        return rows

    def write(self, conn: Connection, answers: Sequence[Answer]) -> Outcome:
        outcome = Outcome()
        for ask, rows in answers:
            if ask.key == _BALANCE:
                for (balance,) in rows or ():
                    outcome.written += self._write_balance(conn, ask.start, balance)
            else:
                outcome.written += self._write_executions(conn, ask, rows or ())
        return outcome

    def _write_balance(self, conn: Connection, day: date, balance: Any) -> Written:
        cash = (self.account, day, *(getattr(balance, name) for name in _CASH[2:-1]), self.now)
        written = self.store.upsert_tuples(conn, account_cash, _CASH, [cash], now=self.now)
        rows = {
            one.symbol: (self.account, day, *(getattr(one, name) for name in _POSITION[2:-1]), self.now)
            for one in balance.holdings
        }
        for old in self._read_positions(conn, day):  # sold since an earlier load of the day
            gone = (
                dict(zip(_POSITION, old, strict=True)) | dict.fromkeys(_NUMBERS, 0) | {"known_at": self.now}
            )
            rows.setdefault(gone["symbol"], tuple(gone[name] for name in _POSITION))
        return written + self.store.upsert_tuples(
            conn, account_position, _POSITION, list(rows.values()), now=self.now
        )

    def _read_positions(self, conn: Connection, day: date) -> Sequence[Row]:
        query = select(*(account_position.c[name] for name in _POSITION))
        query = query.where(account_position.c.account == self.account, account_position.c.date == day)
        return [tuple(row) for row in conn.execute(query)]

    def _write_executions(self, conn: Connection, ask: Ask, rows: Sequence[Row]) -> Written:
        facts = [(self.account, *row, execution_known_at(row[0], self.now)) for row in rows]
        written = self.store.upsert_tuples(conn, account_execution, _EXECUTION, facts, now=self.now)
        through = {self.account: ask.end - _DAY}
        self.store.move_watermarks(conn, account_execution.name, through, now=self.now)
        return written
