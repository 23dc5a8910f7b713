"""python-kis against a server: quotes, long charts, the order book, a long balance, orders, a market abroad."""

import json
import logging
import os
import sys
import time
from datetime import date

import pykis.kis
from pykis import PyKis

URL, MODE = sys.argv[1], sys.argv[3]
FIRST, LATE, LAST = (date.fromisoformat(os.environ[name]) for name in ("FIRST_DAY", "LATE_DAY", "LAST_DAY"))
pykis.kis.REAL_DOMAIN = URL  # its only word of where the service is


class Warnings(logging.Handler):
    """Counts what the client says of calls that came too fast."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.refused += record.getMessage() == "API 호출 횟수를 초과하였습니다."


def connect() -> PyKis:
    return PyKis(
        id="reader", account="12345678-01", appkey="K" * 36, secretkey="S" * 180, use_websocket=False
    )


def ask_often(kis: PyKis, count: int, pause_s: float) -> None:
    """Ask for one price again and again; tell the prices, and how often the server refused for haste."""
    heard = Warnings()
    pykis.kis.logging.logger.addHandler(heard)
    stock, prices, tokens = kis.stock("900020", market="KRX"), [], set()
    for _ in range(count):
        prices.append(int(stock.quote().price))
        tokens.add(kis.token.token)
        time.sleep(pause_s)
    print(json.dumps({"prices": prices, "refused": heard.refused, "tokens": len(tokens)}))


def tell_all(kis: PyKis) -> None:
    stock = kis.stock("900020", market="KRX")
    quote, book = stock.quote(), stock.orderbook()
    # Its chart ends today by this machine's clock unless the end is given.
    chart = stock.daily_chart(start=FIRST, end=LAST)
    weeks = stock.daily_chart(start=FIRST, end=LAST, period="week")
    minutes = stock.day_chart()
    account = kis.account()
    balance = account.balance(country="KR")
    orders = account.daily_orders(start=LATE, end=LAST, country="KR")
    profits = account.profits(start=FIRST, end=LAST, country="KR")
    fake = kis.stock("XFAKE", market="NASDAQ")
    abroad = fake.daily_chart(start=FIRST, end=LAST)
    print(
        json.dumps(
            {
                "name": stock.name,
                "price": int(quote.price),
                "volume": int(quote.volume),
                "market": quote.market,
                "bars": [
                    [
                        f"{bar.time:%Y%m%d}",
                        int(bar.open),
                        int(bar.high),
                        int(bar.low),
                        int(bar.close),
                        int(bar.volume),
                    ]
                    for bar in chart.bars
                ],
                "weeks": len(weeks.bars),
                "minutes": [[f"{bar.time:%H%M%S}", int(bar.close), int(bar.volume)] for bar in minutes.bars],
                "asks": [int(level.price) for level in book.asks],
                "bids": [int(level.price) for level in book.bids],
                "holdings": {one.symbol: int(one.qty) for one in balance.stocks},
                "cash": int(balance.deposits["KRW"].amount),
                "orders": [
                    [one.order_number.number, one.symbol, int(one.executed_qty)] for one in orders.orders
                ],
                "profit": int(profits.profit),
                "abroad": {
                    "price": str(fake.quote().price),
                    "bars": len(abroad.bars),
                    "last": str(abroad.bars[-1].close),
                },
            }
        )
    )


if MODE == "rate":
    ask_often(connect(), 15, 0)
elif MODE == "expiry":
    ask_often(connect(), 8, 0.4)
else:
    tell_all(connect())
