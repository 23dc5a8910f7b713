"""python-kis against a server's stream: trades, order books, fills, the keep-alive, a lost line, its own limit."""

import json
import logging
import os
import sys
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import pykis.client.websocket as stream
import pykis.kis
from pykis import PyKis

URL, MODE = sys.argv[1], sys.argv[3]
pykis.kis.REAL_DOMAIN = URL
stream.WEBSOCKET_REAL_DOMAIN = URL.replace("http", "ws")
stream.KisWebsocketClient.reconnect_interval = 0.3


class Words(logging.Handler):
    """Keeps what the client says of itself."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def post(switches: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps(switches).encode()
    request = urllib.request.Request(f"{URL}/sandbox/stream", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def until(what: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not what() and time.monotonic() < deadline:
        time.sleep(0.05)
    return what()


def failures(words: Words) -> list[str]:
    return [text for text in words.said if "failed" in text.lower()]


def end(told: dict[str, Any]) -> None:
    """Tell, and go: its threads would wait for a line that is gone."""
    print(json.dumps(told), flush=True)
    os._exit(0)


def main() -> None:
    words = Words()
    stream.logging.logger.addHandler(words)
    kis = PyKis(id="reader", account="12345678-01", appkey="K" * 36, secretkey="S" * 180, use_websocket=True)
    # It loses what is subscribed to between its own opening of the line and its note that the line is open.
    kis.websocket.ensure_connected(timeout=30)
    prices: list[Any] = []
    books: list[Any] = []
    fills: list[Any] = []
    tickets = []
    if MODE == "notices":
        tickets.append(kis.account().on("execution", lambda _, e: fills.append(e.response)))
        until(lambda: post({})["sessions"] == [2])
        post({"order": {"symbol": "900020", "side": "sell", "quantity": 7, "price": 25_000}})
        until(lambda: len(failures(words)) >= 2)
        end({"fills": len(fills) * ["read"], "failures": failures(words)})
    stock = kis.stock("900020", market="KRX")
    tickets.append(stock.on("price", lambda _, e: prices.append(e.response)))
    tickets.append(stock.on("orderbook", lambda _, e: books.append(e.response)))
    tickets.append(kis.account().on("execution", lambda _, e: fills.append(e.response)))
    got = until(lambda: len(prices) > 50 and len(books) > 5)
    until(lambda: post({})["sessions"] == [4])
    post({"order": {"symbol": "900020", "side": "sell", "quantity": 7, "price": 25_000}})
    filled = until(lambda: len(fills) >= 2)
    time.sleep(1.5)  # some keep-alive messages
    kept = post({})["sessions"]
    before = len(prices)
    post({"drop": True})
    came_back = until(lambda: len(prices) > before + 50 and post({})["sessions"] == [4])
    full = False
    for number in range(40):
        try:
            kis.websocket.subscribe("H0STCNT0", f"{900_030 + 10 * number}")
        except ValueError:
            full = True
            break
    book = books[-1]
    end(
        {
            "got": got,
            "prices": [[int(one.price), int(one.volume)] for one in prices],
            "asks": [int(level.price) for level in book.asks],
            "bids": [int(level.price) for level in book.bids],
            "filled": filled,
            "fills": [[one.symbol, one.type, int(one.executed_quantity), int(one.price)] for one in fills],
            "kept": kept,
            "came_back": came_back,
            "full": full,
            "registered": post({})["sessions"],
            "failures": failures(words),
        }
    )


main()
