"""Korea Investment & Securities Open API: one client for the real host and for the local sandbox."""

from sillok.kis.blocking import Blocking, connect
from sillok.kis.client import Client
from sillok.kis.credentials import Credentials
from sillok.kis.listings import parse_delistings
from sillok.kis.paging import FullDayError
from sillok.kis.records import (
    Balance,
    BalanceSheet,
    CalendarDay,
    CorporateAction,
    DailyBar,
    Delisting,
    Execution,
    FinancialRatio,
    Holding,
    IncomeStatement,
    IndexBar,
    InvestorDay,
    MasterIssue,
    MinuteBar,
    OverseasBar,
    Quote,
    RateBar,
    RawBar,
)

__all__ = [
    "Balance",
    "BalanceSheet",
    "Blocking",
    "CalendarDay",
    "Client",
    "CorporateAction",
    "Credentials",
    "DailyBar",
    "Delisting",
    "Execution",
    "FinancialRatio",
    "FullDayError",
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
    "connect",
    "parse_delistings",
]
