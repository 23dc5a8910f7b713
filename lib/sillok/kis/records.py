"""What the client hands out: our names, zoned times, whole KRW, ``Decimal`` for points and averages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

__all__ = [
    "Balance",
    "CalendarDay",
    "DailyBar",
    "Delisting",
    "Holding",
    "IndexBar",
    "MasterIssue",
    "Quote",
]


class DailyBar(NamedTuple):
    """One session of one issue: prices in KRW, volume in shares.

    A halted day has open, high and low 0, volume 0, and the close carried on. ``amount_krw`` is None where
    the source gives none.
    """

    symbol: str
    date: date
    open: int
    high: int
    low: int
    close: int
    volume: int
    amount_krw: int | None


class IndexBar(NamedTuple):
    """One session of one index: points with two decimals, volume in shares (the vendor counts thousands).

    Volume and amount are None where the source gives none.
    """

    code: str
    date: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int | None
    amount_krw: int | None


class CalendarDay(NamedTuple):
    """One calendar day; ``is_open`` is the one to use for sessions."""

    date: date
    is_business_day: bool
    is_trading_day: bool
    is_open: bool
    is_settlement_day: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """The current price of an issue, KRW, with today's limits; ``shares`` are the listed ones."""

    symbol: str
    market_name: str
    industry: str
    is_halted: bool
    price: int
    change: int
    open: int
    high: int
    low: int
    base_price: int
    upper_limit: int
    lower_limit: int
    volume: int
    amount_krw: int
    shares: int


@dataclass(frozen=True, slots=True)
class Holding:
    """One position of the account; quantities in shares."""

    symbol: str
    name: str
    quantity: int
    sellable: int
    average_price: Decimal
    cost_krw: int
    price: int
    value_krw: int
    profit_krw: int


@dataclass(frozen=True, slots=True)
class Balance:
    """The account: cash today, tomorrow and on D+2, and what it holds (sold-out positions dropped)."""

    holdings: tuple[Holding, ...]
    cash_krw: int
    cash_d1_krw: int
    cash_d2_krw: int
    securities_krw: int
    total_krw: int
    net_assets_krw: int


@dataclass(frozen=True, slots=True)
class MasterIssue:
    """One line of a master file: an issue listed now.

    ``security_type`` is the vendor's group (ST stock, EF fund, RT REIT, ...). ``industry`` is empty where the
    vendor names none; ``listed_on`` is None where it says none. ``shares`` is exact to a thousand only.
    """

    symbol: str
    isin: str
    name: str
    market: str
    security_type: str
    industry: str
    listed_on: date | None
    shares: int
    base_price: int
    is_halted: bool
    is_administrative: bool


@dataclass(frozen=True, slots=True)
class Delisting:
    """One line of the exchange's list of delisted issues; ``delisted_on`` is the first day without it."""

    symbol: str
    name: str
    market: str
    listed_on: date | None
    delisted_on: date
