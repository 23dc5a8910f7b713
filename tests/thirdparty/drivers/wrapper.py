"""kis-wrapper: it sends old transaction ids and leaves parameters out."""

import json
import os
import sys

import kis.auth
from kis import KIS, domestic, overseas

kis.auth._URLS["prod"] = sys.argv[1]  # its only word of where the service is


def main() -> None:
    broker = KIS("K" * 36, "S" * 180, "12345678-01", env="prod")
    orders = broker.get(
        "/uapi/domestic-stock/v1/trading/inquire-daily-ccld",
        {
            **broker.account_params,
            "INQR_STRT_DT": os.environ["LATE_DAY"],
            "INQR_END_DT": os.environ["LAST_DAY"],
        },
        "TTTC8001R",
    )
    found = {
        "price": domestic.price(broker, "900020")["stck_prpr"],
        "daily": len(domestic.daily(broker, "900020")),
        "position": domestic.position(broker, "900020"),
        "orders": len(orders["output1"]),
        "abroad": overseas.price(broker, "XFAKE", "NAS")["last"],
    }
    print(json.dumps(found, ensure_ascii=False))


main()
