"""Korea Investment & Securities Open API: one client for the real host and for the local sandbox."""

from sillok.kis.blocking import Blocking, connect
from sillok.kis.client import Client
from sillok.kis.credentials import Credentials
from sillok.kis.listings import parse_delistings
from sillok.kis.records import (
    Balance,
    CalendarDay,
    DailyBar,
    Delisting,
    Holding,
    IndexBar,
    MasterIssue,
    Quote,
)

__all__ = [
    "Balance",
    "Blocking",
    "CalendarDay",
    "Client",
    "Credentials",
    "DailyBar",
    "Delisting",
    "Holding",
    "IndexBar",
    "MasterIssue",
    "Quote",
    "connect",
    "parse_delistings",
]
