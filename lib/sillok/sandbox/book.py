"""The order book of a moment: ten levels a side on ticks and inside the limits, around the last price."""

from __future__ import annotations

from sillok.sandbox.asks import Ask, Reply, answer
from sillok.sandbox.quotes import newest, newest_values, sign_of
from sillok.sandbox.rules import price_limits, tick_size
from sillok.sandbox.world import World

__all__ = ["LEVELS", "book_levels", "order_book", "tell_book"]

LEVELS = 10
_FUND_TICK = 5


def book_levels(price: int, base: int, *, is_fund: bool = False) -> tuple[list[int], list[int]]:
    """Return ten asks, lowest first, and ten bids, highest first; 0 stands beyond the day's limits.

    The last trade met the best bid, but at the lower limit, where nobody sells lower.
    """
    lower, upper = (int(limit) for limit in price_limits(base))

    def step(level: int) -> int:
        return _FUND_TICK if is_fund else int(tick_size(level))

    asks, bids = [], []
    level = price
    for _ in range(LEVELS):
        bids.append(level if level >= lower else 0)
        level -= step(level - 1)
    level = price
    for _ in range(LEVELS):
        level += step(level)
        asks.append(level if level <= upper else 0)
    return asks, bids


def order_book(world: World, symbol: str) -> dict[str, object]:
    """Return prices and shares of both sides by our names; empty for an unknown issue, and in a replay."""
    bars, low, high = newest(world, symbol)
    if low == high or not world.is_made_up:
        return {}
    at = high - 1
    price = int(bars.close[at])
    base = price - int(bars.change[at])
    asks, bids = book_levels(price, base, is_fund=symbol in world.funds)
    rng = world.stream("book", symbol, world.today, world.time)
    typical = max(int(bars.volume[at]) // 400, 5)
    found: dict[str, object] = {"ask_price": asks[0], "bid_price": bids[0]}
    totals = {"ask": 0, "bid": 0}
    for side, levels in (("ask", asks), ("bid", bids)):
        sizes = rng.exponential(typical, LEVELS)
        for place, (level, size) in enumerate(zip(levels, sizes, strict=True), 1):
            quantity = int(size) + 1 if level else 0
            found[f"{side}_{place}"], found[f"{side}_{place}_qty"] = level, quantity
            totals[side] += quantity
    return found | {
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
