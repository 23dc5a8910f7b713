"""Tables of facts: of the market, of the desk's own account, and what the stream brought.

Every fact carries three times: the session or period it speaks of, ``known_at`` (when the market could know
it) and ``recorded_at`` (when this node wrote it). The key begins with what is read together: the rows of one
issue lie side by side.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Date, Index, Integer, MetaData, String, Table, Text

from sillok.store.types import Exact, Points, UtcTime

__all__ = [
    "account_cash",
    "account_execution",
    "account_position",
    "corporate_action",
    "daily_bar",
    "index_bar",
    "investor_day",
    "issue",
    "metadata",
    "overseas_bar",
    "rate_bar",
    "raw_bar",
    "session",
    "statement",
    "stream_gap",
    "trade_tick",
]

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

_PRICES = ("open", "high", "low", "close")


def _times() -> list[Column[Any]]:
    return [Column("known_at", UtcTime, nullable=False), Column("recorded_at", UtcTime, nullable=False)]


def _amounts(*names: str) -> list[Column[Any]]:
    return [Column(name, BigInteger) for name in names]


def _decimals(*names: str, scale: int = 4, nullable: bool = True) -> list[Column[Any]]:
    return [Column(name, Exact(15, scale), nullable=nullable) for name in names]


# ---- facts of the market
session = Table("session", metadata, Column("date", Date, primary_key=True), *_times())

issue = Table(
    "issue",
    metadata,
    Column("symbol", String(12), primary_key=True),
    Column("isin", String(12), nullable=False),
    Column("name", String(80), nullable=False),
    Column("market", String(8), nullable=False),  # KOSPI or KOSDAQ
    Column("security_type", String(4), nullable=False),  # the master file's group: ST, EF, RT, ...
    Column("industry", String(80), nullable=False),  # empty: the vendor names none
    Column("listed_on", Date),
    Column("delisted_on", Date),  # the first day without it
    Column("shares", BigInteger),
    *_times(),
)

daily_bar = Table(  # prices adjusted for splits and the like, KRW; volume in shares
    "daily_bar",
    metadata,
    Column("symbol", String(12), primary_key=True),
    Column("date", Date, primary_key=True),
    Column("open", Integer, nullable=False),  # 0 with high and low 0: halted, the close carried on
    Column("high", Integer, nullable=False),
    Column("low", Integer, nullable=False),
    Column("close", Integer, nullable=False),
    Column("volume", BigInteger, nullable=False),
    Column("amount_krw", BigInteger),  # null: the source gives none
    *_times(),
    Index(None, "date"),
)

index_bar = Table(  # points with two decimals
    "index_bar",
    metadata,
    Column("code", String(8), primary_key=True),  # KOSPI, KOSDAQ, KOSPI200
    Column("date", Date, primary_key=True),
    Column("open", Points, nullable=False),
    Column("high", Points, nullable=False),
    Column("low", Points, nullable=False),
    Column("close", Points, nullable=False),
    Column("volume", BigInteger),  # shares
    Column("amount_krw", BigInteger),
    *_times(),
)

raw_bar = Table(  # prices as traded, KRW; volume in shares as traded
    "raw_bar",
    metadata,
    Column("symbol", String(12), primary_key=True),
    Column("date", Date, primary_key=True),
    *(Column(name, Integer, nullable=False) for name in _PRICES),  # halted as in daily_bar
    Column("volume", BigInteger, nullable=False),
    Column("amount_krw", BigInteger),
    Column(
        "ex_code", String(2), nullable=False
    ),  # the vendor's code of an ex-rights or ex-dividend day, "00" none
    *_decimals("split_pct"),
    Column(
        "revaluation", String(2), nullable=False
    ),  # the vendor's code of a newly set base price, "00" none
    *_times(),
    Index(None, "date"),
)

investor_day = Table(  # net bought in the session, shares and KRW; below 0: net sold; null: not given
    "investor_day",
    metadata,
    Column("symbol", String(12), primary_key=True),
    Column("date", Date, primary_key=True),
    *_amounts("individual_qty", "foreign_qty", "institution_qty"),
    *_amounts("individual_krw", "foreign_krw", "institution_krw"),
    *_times(),
    Index(None, "date"),
)

statement = Table(  # a fiscal period's accounts; amounts since the fiscal year began, null: not given
    "statement",
    metadata,
    Column("symbol", String(12), primary_key=True),
    Column("basis", String(8), primary_key=True),  # annual or quarter
    Column("period", Date, primary_key=True),  # last day of the fiscal month
    *_amounts("sales_krw", "cost_of_sales_krw", "gross_profit_krw"),
    *_amounts("operating_profit_krw", "pretax_profit_krw", "net_income_krw"),
    *_amounts("current_assets_krw", "noncurrent_assets_krw", "assets_krw"),
    *_amounts("current_liabilities_krw", "noncurrent_liabilities_krw", "liabilities_krw"),
    *_amounts("capital_krw", "equity_krw"),
    *_decimals("sales_growth_pct", "operating_growth_pct", "net_growth_pct", "roe_pct"),
    *_decimals("eps_krw", "sales_per_share_krw", "bps_krw"),
    *_decimals("reserve_pct", "debt_pct"),
    *_times(),
)

corporate_action = Table(
    "corporate_action",
    metadata,
    Column("symbol", String(12), primary_key=True),
    Column(
        "kind", String(20), primary_key=True
    ),  # dividend, bonus, rights, split, merger, capital_reduction, listing
    Column("record_date", Date, primary_key=True),  # of a listing: the listing day
    Column(
        "number", Integer, primary_key=True, autoincrement=False
    ),  # 0, 1, ...: several of a kind on one day
    Column("name", String(80), nullable=False),
    *(Column(name, Date) for name in ("ex_date", "list_date", "pay_date", "halt_from", "halt_to")),
    *_decimals("ratio_pct"),
    Column("cash_krw", BigInteger),  # a share
    Column("par_before", Integer),  # KRW
    Column("par_after", Integer),
    *_amounts("shares", "price_krw"),
    Column("note", Text, nullable=False),
    *_times(),
)

overseas_bar = Table(  # prices and amount in the market's currency
    "overseas_bar",
    metadata,
    Column("market", String(4), primary_key=True),  # NAS, NYS, AMS, HKS, TSE, ...
    Column("symbol", String(16), primary_key=True),
    Column("date", Date, primary_key=True),  # the market's own day
    *_decimals(*_PRICES, nullable=False),
    *_amounts("volume", "amount"),
    *_times(),
)

rate_bar = Table(  # exchange rates, as quoted
    "rate_bar",
    metadata,
    Column("pair", String(8), primary_key=True),  # USDKRW: KRW for 1 USD
    Column("date", Date, primary_key=True),
    *_decimals(*_PRICES, scale=6, nullable=False),
    *_times(),
)

# ---- the desk's own; the account is a fingerprint of 12 hexadecimal digits, never its number
account_position = Table(
    "account_position",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("date", Date, primary_key=True),
    Column("symbol", String(12), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("sellable", BigInteger, nullable=False),
    *_decimals("average_price", nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in ("cost_krw", "price", "value_krw", "profit_krw")),
    *_times(),
)

account_cash = Table(
    "account_cash",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("date", Date, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in ("cash_krw", "cash_d1_krw", "cash_d2_krw")),
    *(Column(name, BigInteger, nullable=False) for name in ("securities_krw", "total_krw", "net_assets_krw")),
    *_times(),
)

account_execution = Table(
    "account_execution",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("date", Date, primary_key=True),
    Column("order_no", String(16), primary_key=True),
    Column("symbol", String(12), nullable=False),
    Column("side", String(4), nullable=False),  # buy or sell
    Column("order_qty", BigInteger, nullable=False),
    Column("filled_qty", BigInteger, nullable=False),
    *_decimals("average_price", nullable=False),
    Column("amount_krw", BigInteger, nullable=False),
    Column("ordered_at", UtcTime, nullable=False),
    *_times(),
)

# ---- what the stream brought
trade_tick = Table(  # known when it was received; the day's volume grows with every trade and so names it
    "trade_tick",
    metadata,
    Column("channel", String(16), primary_key=True),  # trades, trades_unified
    Column("symbol", String(12), primary_key=True),
    Column("date", Date, primary_key=True),  # the session
    Column(
        "volume", BigInteger, primary_key=True, autoincrement=False
    ),  # shares of the day, this trade's included
    Column("traded_at", UtcTime, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("price", Integer, nullable=False),  # KRW
    Column("quantity", BigInteger, nullable=False),  # shares
    Column("side", String(4), nullable=False),  # buy or sell: who came to the other's price; empty: neither
    Column("ask", Integer, nullable=False),  # best prices after it, KRW; 0: none
    Column("bid", Integer, nullable=False),
)

stream_gap = Table(  # a span in which nothing could be received
    "stream_gap",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("symbol", String(12), primary_key=True),
    Column("began_at", UtcTime, primary_key=True),
    Column("ended_at", UtcTime, nullable=False),
    Column(
        "reason", String(16), nullable=False
    ),  # disconnected, silent, overflow, unreadable, started, gave_up
    Column("lost", Integer, nullable=False),  # trades that were dropped, where that is known; else 0
)
