"""kis-trader, a strict reader: quotes, bars, minutes, flows, statements, the calendar, funds, the account, abroad."""

import json
import os
import sys
from typing import Any

import kis_trader._internal._endpoints as endpoints
from kis_trader import KISClient

URL, FOLDER = sys.argv[1], sys.argv[2]
endpoints._BASE_URL_BY_ENVIRONMENT["real"] = URL  # its only word of where the service is
FIRST, LATE, LAST = os.environ["FIRST_DAY"], os.environ["LATE_DAY"], os.environ["LAST_DAY"]
YEAR = {"start": FIRST, "end": LAST}
QUARTER = {"start": LATE, "end": LAST}


def of_a_stock(kis: KISClient) -> dict[str, Any]:
    stock = kis.domestic.stock("900020")
    book = stock.order_book()
    return {
        "price": int(stock.quote().current_price),
        "name": stock.profile().name,
        "bars": [
            [
                f"{bar.timestamp:%Y%m%d}",
                int(bar.open),
                int(bar.high),
                int(bar.low),
                int(bar.close),
                bar.volume,
            ]
            for bar in stock.bars(**YEAR)
        ],
        "months": len(stock.bars("1mo", **YEAR)),
        "minutes": [[f"{bar.timestamp:%H%M%S}", bar.volume] for bar in stock.minute_bars_on(LATE)],
        "asks": [int(one.price) for one in book.asks],
        "bids": [int(one.price) for one in book.bids],
        "trades": len(stock.trades()),
        "flows": len(stock.investor_flows()),
        "income": len(stock.income_statement(quarterly=True)),
        "sheet": str(stock.balance_sheet()[0].total_assets),
        "short": len(stock.short_sale_trend(**QUARTER)),
        "recent": len(stock.recent_prices()),
        "quotes": [one.symbol for one in kis.domestic.quotes(["900010", "900020"])],
        "ranked": len(kis.domestic.ranking.by_volume()),
    }


def of_the_rest(kis: KISClient) -> dict[str, Any]:
    fund, account, calendar = kis.domestic.stock("990010"), kis.account.domestic, kis.domestic.calendar
    abroad = kis.overseas.stock("XFAKE", exchange="NAS")
    return {
        "nav": str(fund.nav().nav),
        "nav_days": len(fund.nav_history(**QUARTER)),
        "index": [str(bar.close) for bar in kis.domestic.index("0001").bars(**QUARTER)],
        "bond": len(kis.domestic.bond("KR1999010018").bars()),
        "positions": {one.symbol: int(one.quantity) for one in account.positions()},
        "orders": len(account.order_history(**YEAR).orders),
        "profits": len(account.trade_profits(**YEAR).trades),
        "split": [
            str(one.face_value_after) for one in calendar.par_value_changes(start="20240101", end=LAST)
        ],
        "listed": [one.symbol for one in calendar.listings(start="20230902", end=LAST)],
        "dividends": len(calendar.dividends(**QUARTER)),
        "abroad": str(abroad.quote().current_price),
        "abroad_bars": [str(bar.close) for bar in abroad.bars(**YEAR)],
        "holidays": {
            f"{day.calendar_date}": day.is_open
            for day in kis.domestic.market.trading_calendar(base_date="20251224")
        },
        "margin": len(kis.account.overseas.foreign_margin()),
        "present": len(kis.account.overseas.present_balance().positions),
    }


def main() -> None:
    kis = KISClient(
        app_key="K" * 36, app_secret="S" * 180, account="12345678-01", environment="real",
        token_cache_dir=FOLDER, requests_per_second=1_000,
    )  # fmt: skip
    print(json.dumps(of_a_stock(kis) | of_the_rest(kis)))


main()
