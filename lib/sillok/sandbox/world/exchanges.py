"""The exchanges and the issues of the made-up markets abroad."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EXCHANGES", "LISTED", "Exchange", "Stock"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """An exchange: the codes of price calls and account calls, calendar, currency, session in local time."""

    market: str
    account: str
    name: str
    country: str
    country_code: str
    calendar: str
    currency: str
    product_type: str
    opens: int  # HHMM
    closes: int
    korea_ahead_h: int
    lags: bool  # its session of a day ends after Korea's day


EXCHANGES = {
    one.market: one
    for one in (
        Exchange("NAS", "NASD", "나스닥", "미국", "840", "XNYS", "USD", "512", 930, 1600, 13, lags=True),
        Exchange("NYS", "NYSE", "뉴욕거래소", "미국", "840", "XNYS", "USD", "513", 930, 1600, 13, lags=True),
        Exchange("AMS", "AMEX", "아멕스", "미국", "840", "XNYS", "USD", "529", 930, 1600, 13, lags=True),
        Exchange("HKS", "SEHK", "홍콩거래소", "홍콩", "344", "XHKG", "HKD", "501", 930, 1600, 1, lags=False),
        Exchange("TSE", "TKSE", "도쿄거래소", "일본", "392", "XTKS", "JPY", "515", 900, 1500, 0, lags=False),
    )
}


@dataclass(frozen=True, slots=True)
class Stock:
    """One issue abroad; ``split`` is the session, counted from the first, on which ``ratio`` shares became of one."""

    market: str
    symbol: str
    name: str
    first: float
    vol: float  # a year
    shares: int
    split: int = 0
    ratio: int = 1


LISTED = {
    (one.market, one.symbol): one
    for one in (
        Stock("NAS", "XFAKE", "가상전자US", 182.5, 0.32, 1_200_000_000, split=900, ratio=4),
        Stock("NAS", "XCHIP", "가상반도체US", 96.4, 0.45, 800_000_000),
        Stock("NAS", "XSOFT", "가상소프트US", 311.0, 0.28, 600_000_000),
        Stock("NYS", "XBANK", "가상은행US", 48.2, 0.25, 2_000_000_000),
        Stock("NYS", "XOIL", "가상에너지US", 71.9, 0.33, 1_500_000_000),
        Stock("AMS", "XFUND", "가상지수ETF", 402.0, 0.16, 300_000_000),
        Stock("HKS", "99001", "가상홍콩", 118.0, 0.35, 900_000_000),
        Stock("TSE", "9901", "가상일본", 2_410.0, 0.27, 500_000_000),
    )
}
