"""KIS clients that others wrote, unchanged but for the host, follow the sandbox's stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sillok.sandbox import Limits, StreamOptions, create_app
from sillok.sandbox.world.tape import issue_tape
from tests.sandboxes import reference_market, serving_in_thread
from tests.thirdparty.environment import drive

_QUICK = {"speed": 60, "step_s": 0.05, "ping_s": 0.3, "answer_s": 8}


@contextmanager
def served(**options: bool) -> Iterator[str]:
    stream = StreamOptions(**_QUICK, **options)  # type: ignore[arg-type]
    with serving_in_thread(create_app(reference_market(), Limits.none(), stream=stream)) as url:
        yield url


def played(symbol: str) -> dict[int, int]:
    """Return the price of each trade by the day's volume up to it."""
    tape = issue_tape(reference_market(), symbol, 1)
    assert tape is not None
    return {int(volume): int(price) for volume, price in zip(tape.volume, tape.price, strict=True)}


def test_python_kis_follows_trades_books_and_fills_and_comes_back(tmp_path: Path) -> None:
    with served(old_notices=True) as url:
        told = drive("python_kis_stream", url, tmp_path)
    prices = played("900020")
    assert told["got"], {**told, "prices": len(told["prices"])}
    assert all(prices[volume] == price for price, volume in told["prices"])
    assert len(told["asks"]) == len(told["bids"]) == 10
    assert told["asks"] == sorted(told["asks"])
    assert told["bids"][0] < told["asks"][0]
    # It counts what was filled: of an order that was only taken, nothing.
    assert told["fills"] == [["900020", "sell", quantity, 25_000] for quantity in (0, 7)]
    assert told["kept"] == [4]  # the fills here and abroad are two
    assert told["came_back"]
    assert told["full"]
    assert told["registered"] == [40]  # its own limit is one below the vendor's
    assert told["failures"] == []


def test_python_kis_still_expects_the_notice_of_former_years(tmp_path: Path) -> None:
    with served() as url:
        told = drive("python_kis_stream", url, tmp_path, "notices")
    assert told["fills"] == []
    assert len(told["failures"]) == 2  # it deciphers the 26 fields, and looks for 23


def test_mojito2_follows_executions_books_and_notices_and_stops_at_the_limit(tmp_path: Path) -> None:
    with served() as url:
        told = drive("mojito2_stream", url, tmp_path)
    assert told["stands"]
    for symbol in ("900010", "900020"):
        prices = played(symbol)
        trades = [one for one in told["체결"] if one["유가증권단축종목코드"] == symbol]
        assert trades
        assert all(prices[int(one["누적거래량"])] == int(one["주식현재가"]) for one in trades)
    book = told["호가"][-1]
    assert int(book["매수호가01"]) < int(book["매도호가01"]) < int(book["매도호가10"])
    assert [one["체결여부"] for one in told["체잔"]] == ["1", "2"]
    assert {(one["주식단축종목코드"], int(one["체결수량"])) for one in told["체잔"]} == {("900020", 7)}
    assert told["kept"] == [5]
    assert told["ended_at_the_limit"]
