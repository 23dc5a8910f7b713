"""korea-investment-stock: prices, charts and statements as plain answers; it renews a token that has ended."""

import json
import os
import sys
import time
from pathlib import Path

import korea_investment_stock.korea_investment_stock as module
from korea_investment_stock import KoreaInvestment

URL, FOLDER, MODE = sys.argv[1], sys.argv[2], sys.argv[3]
LATE, LAST = os.environ["LATE_DAY"], os.environ["LAST_DAY"]


class Tokens(module.TokenManager):
    def __init__(self, **options: object) -> None:
        super().__init__(**{**options, "base_url": URL})


module.TokenManager = Tokens  # the host is written into the constructor


def connect() -> KoreaInvestment:
    from korea_investment_stock.token import FileTokenStorage

    storage = FileTokenStorage(file_path=Path(FOLDER) / "token.key")
    broker = KoreaInvestment("K" * 36, "S" * 180, "12345678-01", token_storage=storage)
    broker.base_url = URL
    return broker


def main() -> None:
    broker = connect()
    if MODE == "expiry":
        answers = []
        for _ in range(6):
            answers.append(broker.fetch_price("900020")["rt_cd"])
            time.sleep(0.5)
        print(json.dumps({"answers": answers}))
        return
    chart = broker.fetch_domestic_chart("900020", start_date=LATE, end_date=LAST)
    found = {
        "price": broker.fetch_price("900020")["output"]["stck_prpr"],
        "chart": len(chart["output2"]),
        "income": broker.fetch_income_statement("900020")["output"][0]["stac_yymm"],
        "ratio": broker.fetch_financial_ratio("900020")["output"][0]["eps"],
        "flows": len(broker.fetch_investor_trading_by_stock_daily("900020", LAST)["output2"]),
        "info": broker.fetch_stock_info("900020")["output"]["shtn_pdno"],
        "abroad": broker.fetch_price_detail_oversea("XFAKE")["output"]["last"],
        "ranked": len(broker.fetch_volume_ranking()["output"]),
    }
    print(json.dumps(found))


main()
