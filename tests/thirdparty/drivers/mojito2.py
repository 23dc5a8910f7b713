"""mojito2 against a server: prices, long charts by hand, minutes to the first bar, a long balance, a market abroad."""

import json
import os
import sys

import mojito

URL, FOLDER = sys.argv[1], sys.argv[2]
FIRST, LAST = os.environ["FIRST_DAY"], os.environ["LAST_DAY"]
os.chdir(FOLDER)  # it keeps its token in the working directory


class Broker(mojito.KoreaInvestment):
    def set_base_url(self, mock: bool = True) -> None:
        self.base_url = URL


def long_chart(broker: Broker, symbol: str, start: str, end: str) -> list[dict[str, str]]:
    """Move the end back by hand, as its users do."""
    rows: list[dict[str, str]] = []
    while True:
        page = [row for row in broker.fetch_ohlcv(symbol, "D", start, end)["output2"] if row]
        page = [row for row in page if not rows or row["stck_bsop_date"] < rows[-1]["stck_bsop_date"]]
        rows += page
        if not page or rows[-1]["stck_bsop_date"] <= start:
            return rows
        end = rows[-1]["stck_bsop_date"]


def main() -> None:
    keys = {"api_key": "K" * 36, "api_secret": "S" * 180, "acc_no": "12345678-01"}
    broker = Broker(**keys)
    again = Broker(**keys)  # takes the token out of its file
    abroad = Broker(**keys, exchange="나스닥")
    price = broker.fetch_price("900020")
    minutes = broker.fetch_today_1m_ohlcv("900020", "153000")
    balance = broker.fetch_balance()
    print(
        json.dumps(
            {
                "price": price["output"]["stck_prpr"],
                "again": again.fetch_price("900020")["output"]["stck_prpr"],
                "bars": long_chart(broker, "900020", FIRST, LAST),
                "recent": broker.fetch_ohlcv_recent30("900010")["output"],
                "minutes": [row["stck_cntg_hour"] for row in minutes["output2"]],
                "volume": sum(int(row["cntg_vol"]) for row in minutes["output2"]),
                "holdings": [row["pdno"] for row in balance["output1"]],
                "present": abroad.fetch_present_balance()["output1"][0]["pdno"],
                "abroad": abroad.fetch_price("XFAKE")["output"]["last"],
                "chart_abroad": len(abroad.fetch_ohlcv("XFAKE", "D", end_day=LAST)["output2"]),
            }
        )
    )


main()
