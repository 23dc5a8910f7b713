"""Financial statements and ratios, as restated today: KIS overwrites history and tells no day of disclosure."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from sillok.errors import ConfigError
from sillok.kis.calls import Calls, check_symbol
from sillok.kis.records import BalanceSheet, FinancialRatio, IncomeStatement
from sillok.kis.rows import reader

__all__ = ["basis_code", "statements"]

_BASES = {"annual": "0", "quarter": "1"}
_CALLS: dict[type[NamedTuple], str] = {
    IncomeStatement: "income_statement",
    BalanceSheet: "balance_sheet",
    FinancialRatio: "financial_ratio",
}
_Statement = TypeVar("_Statement", IncomeStatement, BalanceSheet, FinancialRatio)


def basis_code(basis: str) -> str:
    """Return the vendor's code of "annual" or "quarter"; ConfigError for anything else."""
    if basis not in _BASES:
        raise ConfigError(f"unknown basis {basis!r}; ask for one of {sorted(_BASES)}", basis=basis)
    return _BASES[basis]


async def statements(calls: Calls, kind: type[_Statement], symbol: str, basis: str) -> list[_Statement]:
    """Return what the vendor has of one kind, oldest first: about 30 periods."""
    check_symbol(symbol)
    name = _CALLS[kind]
    fields = kind._fields[2:]
    take = reader(name, "", fields, fields[1:])
    rows = take.rows(await calls.body(name, symbol=symbol, basis=basis_code(basis)))
    return sorted((kind(symbol, basis, *row) for row in rows), key=lambda row: row.period)
