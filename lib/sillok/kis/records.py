"""What the client hands out: our names, zoned times, whole KRW, ``Decimal`` for points and averages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

__all__ = [
    "Balance",
    "BalanceSheet",
    "CalendarDay",
    "CorporateAction",
    "DailyBar",
    "Delisting",
    "Execution",
    "FinancialRatio",
    "Holding",
    "IncomeStatement",
    "IndexBar",
    "InvestorDay",
    "MasterIssue",
    "MinuteBar",
    "OverseasBar",
    "Quote",
    "RateBar",
    "RawBar",
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


class RawBar(NamedTuple):
    """One session of one issue as it was traded: prices in KRW, volume in shares, nothing adjusted.

    ``ex_code`` is the vendor's code of an ex-rights day (01 rights, 02 dividend, 03 distribution, ...) and
    ``revaluation`` its code of a newly set base price (01 split-off, 02 capital reduction, 06 merger, ...); "00" is
    none. ``split_pct`` is the ratio of a split or merger of shares in per cent; None where the vendor gives none.
    """

    symbol: str
    date: date
    open: int
    high: int
    low: int
    close: int
    volume: int
    amount_krw: int | None
    ex_code: str
    split_pct: Decimal | None
    revaluation: str


class MinuteBar(NamedTuple):
    """One minute of one issue, KRW and shares; ``time`` is the minute's label in Asia/Seoul.

    ``amount_krw`` is what was traded in the minute, taken from the vendor's running total of the day; None where
    the bar before is not known.
    """

    symbol: str
    time: datetime
    open: int
    high: int
    low: int
    close: int
    volume: int
    amount_krw: int | None


class InvestorDay(NamedTuple):
    """What each class of investors bought net in a session: shares and KRW, below zero where it sold net.

    The vendor gives amounts in million KRW, so that they are exact to a million.
    """

    symbol: str
    date: date
    individual_qty: int
    foreign_qty: int
    institution_qty: int
    individual_krw: int
    foreign_krw: int
    institution_krw: int


class IncomeStatement(NamedTuple):
    """One fiscal period; KRW since the fiscal year began, to which a quarter is cumulative. None: not provided."""

    symbol: str
    basis: str
    period: date
    sales_krw: int | None
    cost_of_sales_krw: int | None
    gross_profit_krw: int | None
    operating_profit_krw: int | None
    pretax_profit_krw: int | None
    net_income_krw: int | None


class BalanceSheet(NamedTuple):
    """The balance at the end of one fiscal period, KRW. None: not provided."""

    symbol: str
    basis: str
    period: date
    current_assets_krw: int | None
    noncurrent_assets_krw: int | None
    assets_krw: int | None
    current_liabilities_krw: int | None
    noncurrent_liabilities_krw: int | None
    liabilities_krw: int | None
    capital_krw: int | None
    equity_krw: int | None


class FinancialRatio(NamedTuple):
    """Ratios of one fiscal period: per cent, and KRW a share. None: not provided."""

    symbol: str
    basis: str
    period: date
    sales_growth_pct: Decimal | None
    operating_growth_pct: Decimal | None
    net_growth_pct: Decimal | None
    roe_pct: Decimal | None
    eps_krw: Decimal | None
    sales_per_share_krw: Decimal | None
    bps_krw: Decimal | None
    reserve_pct: Decimal | None
    debt_pct: Decimal | None


class CorporateAction(NamedTuple):
    """One event of the Korea Securities Depository; what its kind does not have is None.

    ``kind`` is dividend, bonus, rights, split, merger, capital_reduction or listing; the ``record_date`` of a
    listing is the listing day. ``ratio_pct`` is the stock dividend, the allotment, the merger or the reduction
    ratio; ``cash_krw`` the dividend of a share; ``shares`` the new ones, ``price_krw`` what one is issued at.
    ``halt_to`` is None while the end of a halt is open. ``note`` keeps the vendor's own words.
    """

    symbol: str
    kind: str
    record_date: date
    name: str
    ex_date: date | None = None
    list_date: date | None = None
    pay_date: date | None = None
    halt_from: date | None = None
    halt_to: date | None = None
    ratio_pct: Decimal | None = None
    cash_krw: int | None = None
    par_before: int | None = None
    par_after: int | None = None
    shares: int | None = None
    price_krw: int | None = None
    note: str = ""


class OverseasBar(NamedTuple):
    """One session of one issue abroad, in the market's currency; ``date`` is the market's own day."""

    market: str
    symbol: str
    date: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int | None
    amount: int | None


class RateBar(NamedTuple):
    """One day of an exchange rate: ``pair`` "USDKRW" is KRW for one USD; "JPYKRW" is KRW for 100 JPY, as quoted."""

    pair: str
    date: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


class Execution(NamedTuple):
    """One order of the account that was filled, wholly or in part; ``side`` is buy or sell.

    ``average_price`` and ``amount_krw`` are of what was filled; ``ordered_at`` is in Asia/Seoul.
    """

    date: date
    order_no: str
    symbol: str
    side: str
    order_qty: int
    filled_qty: int
    average_price: Decimal
    amount_krw: int
    ordered_at: datetime


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
