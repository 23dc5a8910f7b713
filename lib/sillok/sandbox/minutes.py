"""Minutes and trades: newest first, thirty of today, 120 of a chosen day of the last year."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from sillok.sandbox.asks import Ask, Reply, answer, invalid
from sillok.sandbox.book import book_levels
from sillok.sandbox.intraday import Minutes, Trades, day_minutes, trades_of, until
from sillok.sandbox.market import as_number
from sillok.sandbox.quotes import newest, newest_values, pct, sign_of
from sillok.sandbox.world import World, as_day

__all__ = ["latest_trades", "minutes", "minutes_today", "trades"]

_KEPT = timedelta(days=365)


def _time(ask: Ask, name: str) -> int:
    text = ask.get(name)
    if len(text) != 6 or not text.isdigit():
        raise invalid("HOUR_1")
    return int(text)


def _today(world: World, symbol: str) -> tuple[dict[str, object], Minutes | None, int]:
    """Return the head, today's minutes so far, and the base price."""
    bars, low, high = newest(world, symbol)
    if low == high:
        return {}, None, 0
    values = newest_values(world, symbol, bars, low, high - 1)
    raw, _, end = world.span(symbol)
    told = day_minutes(world, symbol, end - 1, raw)
    return values, until(told, world.time) if told is not None else None, int(str(values["base_price"]))


def _rows(told: Minutes | None, day: int, time: int, rows: int) -> list[dict[str, object]]:
    if told is None:
        return []
    last = int(np.searchsorted(told.time, time, "right"))
    return [
        {
            "date": str(day),
            "time": f"{int(told.time[at]):06d}",
            **{name: int(getattr(told, name)[at]) for name in ("open", "high", "low", "close", "volume")},
            "cumulative_amount_krw": int(told.amount_krw[at]),
        }
        for at in range(last - 1, max(last - rows, 0) - 1, -1)
    ]


def minutes_today(ask: Ask) -> Reply:
    """Return thirty minutes of today up to a time; a time that has not come is answered at the present one."""
    time = _time(ask, "until")
    head, told, _ = _today(ask.world, ask.get("symbol"))
    return answer(ask, head, _rows(told, ask.world.today, time, ask.rows))


def minutes(ask: Ask) -> Reply:
    """Return 120 minutes of a day up to a time; a year is kept."""
    world, symbol, time = ask.world, ask.get("symbol"), _time(ask, "until")
    day = ask.day("day")
    number = as_number(day)
    head, told, _ = _today(world, symbol)
    if number == world.today:
        return answer(ask, head, _rows(told, number, time, ask.rows))
    bars, low, high = world.span(symbol)
    at = low + int(bars.date[low:high].searchsorted(number))
    known = at < high and int(bars.date[at]) == number and day > as_day(world.today) - _KEPT
    past = day_minutes(world, symbol, at, bars) if known else None
    return answer(ask, head, _rows(past, number, time, ask.rows))


def latest_trades(ask: Ask) -> Reply:
    """Return the last thirty trades."""
    _, told, base = _today(ask.world, ask.get("symbol"))
    rows = _trades(trades_of(told) if told is not None else None, base, 240_000, ask.rows)
    return answer(ask, [row | {"volume_traded": row["size"]} for row in rows])


def trades(ask: Ask) -> Reply:
    """Return thirty trades of today up to a time."""
    time = _time(ask, "until")
    head, told, base = _today(ask.world, ask.get("symbol"))
    found = _trades(trades_of(told) if told is not None else None, base, time, ask.rows)
    is_fund = ask.get("symbol") in ask.world.funds
    rows = []
    for row in found:
        asks, bids = book_levels(int(str(row["price"])), base, is_fund=is_fund)
        rows.append(
            row
            | {
                "ask_price": asks[0],
                "bid_price": bids[0],
                "volume": row["so_far"],
                "volume_traded": row["size"],
            }
        )
    return answer(ask, head, rows)


def _trades(told: Trades | None, base: int, time: int, rows: int) -> list[dict[str, object]]:
    """Return the newest trades up to ``time``, newest first, with the shares of the day so far."""
    if told is None:
        return []
    last = int(np.searchsorted(told.time, time, "right"))
    so_far = np.cumsum(told.volume)
    # Strength: what rose against what fell, of the shares traded so far.
    up = np.cumsum(np.where(np.diff(told.price, prepend=base) > 0, told.volume, 0))
    down = np.cumsum(np.where(np.diff(told.price, prepend=base) < 0, told.volume, 0))
    found = []
    for at in range(last - 1, max(last - rows, 0) - 1, -1):
        change = int(told.price[at]) - base
        found.append(
            {
                "time": f"{int(told.time[at]):06d}",
                "price": int(told.price[at]),
                "change": change,
                "sign": sign_of(change),
                "change_pct": pct(change, base),
                "strength": pct(int(up[at]), int(down[at])),
                "size": int(told.volume[at]),
                "so_far": int(so_far[at]),
            }
        )
    return found
