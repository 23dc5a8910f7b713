"""The desk's own accounts: what was held, and what was filled, up to a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, RowMapping, select

from sillok.errors import ConfigError, MissingDataError
from sillok.store.tables import account_cash, account_execution, account_position

__all__ = ["EXECUTION_COLUMNS", "POSITION_COLUMNS", "AccountRows", "read_account"]

Rows = Sequence[RowMapping]


_SET_ASIDE = {"account", "date", "known_at", "recorded_at"}
_CASH, _HELD, _FILLED = (
    [column for column in table.c if column.name not in _SET_ASIDE]
    for table in (account_cash, account_position, account_execution)
)
POSITION_COLUMNS = tuple(column.name for column in _HELD)
EXECUTION_COLUMNS = tuple(column.name for column in _FILLED)


class AccountRows(NamedTuple):
    """An account on one day: its cash, its positions, and every execution up to that day, oldest first.

    Each row is a mapping of the table's columns, without the account, the day and the two recording times.
    """

    account: str
    date: date
    cash: Mapping[str, int]
    positions: Rows
    executions: Rows


def read_account(conn: Connection, *, day: date, account: str = "") -> AccountRows:
    """Return the account as it was last recorded up to ``day``, inclusive.

    Parameters
    ----------
    account
        The fingerprint's first characters. Empty: the only one there is.

    Raises
    ------
    MissingDataError
        If nothing was recorded up to that day.
    ConfigError
        If several accounts fit.
    """
    cash = account_cash.c
    fits = cash.account.startswith(account, autoescape=True) & (cash.date <= day)
    names = sorted(conn.execute(select(cash.account).where(fits).distinct()).scalars())
    if not names:
        raise MissingDataError(
            f"no account {account!r} was recorded up to {day}; set SILLOK_KIS_ACCOUNT, then run `sillok ingest`",
            account=account,
        )
    if len(names) > 1:
        raise ConfigError(f"{len(names)} accounts fit {account!r}: {names}; name one", accounts=names)
    mine = select(*_CASH, cash.date.label("date")).where(cash.account == names[0], cash.date <= day)
    newest = dict(conn.execute(mine.order_by(cash.date.desc()).limit(1)).mappings().one())
    last = newest.pop("date")
    held, filled = account_position.c, account_execution.c
    positions = select(*_HELD).where(held.account == names[0], held.date == last, held.quantity != 0)
    executions = select(*_FILLED).where(filled.account == names[0], filled.date <= day)
    return AccountRows(
        names[0],
        last,
        newest,
        conn.execute(positions.order_by(held.symbol)).mappings().all(),
        conn.execute(executions.order_by(filled.date, filled.ordered_at, filled.order_no)).mappings().all(),
    )
