"""The order book of a moment, as the stream has it after the last trade."""

from __future__ import annotations

from sillok.sandbox.answers.asks import Ask, Reply, answer
from sillok.sandbox.answers.quotes import newest, newest_values, sign_of
from sillok.sandbox.world.intraday import clock_time, day_tape
from sillok.sandbox.world.world import World

__all__ = ["LEVELS", "order_book", "tell_book"]

LEVELS = 10


def order_book(world: World, symbol: str) -> dict[str, object]:
    """Return prices and shares of ten levels a side by our names, 0 beyond the day's limits.

    Empty for an issue that is unknown or has not traded today, and in a replay.
    """
    bars, _, high = world.span(symbol)
    if not world.is_listed(symbol):
        return {}
    tape = day_tape(world, symbol, high - 1, bars)
    at = int(clock_time(tape.second).searchsorted(world.time, "right")) - 1 if tape is not None else -1
    if tape is None or at < 0:
        return {}
    found: dict[str, object] = {}
    totals = {}
    for side, levels in zip(("ask", "bid"), tape.ladder(at), strict=True):
        whole = levels + [(0, 0)] * (LEVELS - len(levels))
        totals[side] = sum(quantity for _, quantity in whole)
        for place, (price, quantity) in enumerate(whole, 1):
            found[f"{side}_{place}"], found[f"{side}_{place}_qty"] = price, quantity
    return found | {
        "ask_price": found["ask_1"],
        "bid_price": found["bid_1"],
        "ask_qty": found["ask_1_qty"],
        "bid_qty": found["bid_1_qty"],
        "ask_qty_total": totals["ask"],
        "bid_qty_total": totals["bid"],
        "net_bid_qty": totals["bid"] - totals["ask"],
    }


def tell_book(ask: Ask) -> Reply:
    """Return the order book and the expected match; an unknown issue gets zeros."""
    world, symbol = ask.world, ask.get("symbol")
    sides = order_book(world, symbol)
    bars, low, high = newest(world, symbol)
    if low == high:
        return answer(ask, {}, {})
    values = newest_values(world, symbol, bars, low, high - 1)
    time = {"time": f"{world.time:06d}", "session_code": "20" if world.is_open else "31"}
    expected = {
        "expected_session_code": "311" if world.is_open else "112",
        "expected_price": values["price"],
        "expected_sign": sign_of(int(str(values["change"]))),
        "expected_change": values["change"],
        "expected_change_pct": values["change_pct"],
        "vi_code": "N",
    }
    return answer(ask, sides | time, values | expected)
