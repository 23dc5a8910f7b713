"""mojito2 against a server's stream: executions, order books, enciphered notices, the keep-alive, the limit."""

import json
import queue
import sys
import time
import urllib.request
from typing import Any

import mojito.koreainvestment as module
import websockets

URL = sys.argv[1]
connect = websockets.connect


def elsewhere(_: str, **options: Any) -> Any:
    return connect(URL.replace("http", "ws"), **options)


module.websockets.connect = elsewhere  # its host is a word inside a function


def post(switches: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps(switches).encode()
    request = urllib.request.Request(f"{URL}/sandbox/stream", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def begin(symbols: list[str]) -> module.KoreaInvestmentWS:
    client = module.KoreaInvestmentWS(
        "K" * 36, "S" * 180, ["H0STCNT0", "H0STASP0"], symbols, user_id="reader"
    )
    client.base_url = URL
    client.daemon = True
    client.start()
    return client


def wait_for(registered: list[int]) -> bool:
    deadline = time.monotonic() + 30
    while post({})["sessions"] != registered and time.monotonic() < deadline:
        time.sleep(0.05)
    return post({})["sessions"] == registered


def main() -> None:
    found: dict[str, list[dict[str, str]]] = {"체결": [], "호가": [], "체잔": []}
    client = begin(["900010", "900020"])
    stands = wait_for([5])
    post({"order": {"symbol": "900020", "side": "buy", "quantity": 7, "price": 25_000}})
    deadline = time.monotonic() + 30
    asked_until = time.monotonic() + 2  # some keep-alive messages
    while time.monotonic() < deadline:
        try:
            kind, values = client.queue.get(timeout=1)
        except queue.Empty:
            continue
        found[kind].append(values)
        enough = len(found["체결"]) > 50 and len(found["호가"]) > 5 and len(found["체잔"]) >= 2
        if enough and time.monotonic() > asked_until:
            break
    kept = post({})["sessions"]
    client.terminate()
    client.join(10)
    wait_for([])
    # 21 issues on two channels: the 42nd is refused, and it leaves its loop at the first refusal.
    full = begin([f"{900_010 + 10 * number}" for number in range(21)])
    full.join(20)
    ended = not full.is_alive()
    full.terminate()
    print(
        json.dumps(
            {"stands": stands, "kept": kept, "ended_at_the_limit": ended, **found}, ensure_ascii=False
        ),
        flush=True,
    )


main()
