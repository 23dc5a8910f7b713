"""Minutes and trades: newest first, thirty of today, 120 of a chosen day of the last year."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from sillok.sandbox.answers.asks import Ask, Reply, answer, invalid
from sillok.sandbox.answers.quotes import newest, newest_values, pct, sign_of
from sillok.sandbox.world.intraday import Minutes, clock_time, day_minutes, day_tape, until
from sillok.sandbox.world.market import as_number
from sillok.sandbox.world.world import CLOSE_TIME, World, as_day

__all__ = ["latest_trades", "minutes", "minutes_today", "trades"]

_KEPT = timedelta(days=365)


def _time(ask: Ask, name: str) -> int:
    text = ask.get(name)
    if len(text) != 6 or not text.isdigit():
        raise invalid("HOUR_1")
    return int(text) or CLOSE_TIME  # 000000 asks for the present


def _today(world: World, symbol: str) -> tuple[dict[str, object], Minutes | None]:
    """Return the head, and today's minutes so far."""
    bars, low, high = newest(world, symbol)
    if low == high:
        return {}, None
    values = newest_values(world, symbol, bars, low, high - 1)
    raw, _, end = world.span(symbol)
    told = day_minutes(world, symbol, end - 1, raw)
    return values, until(told, world.time) if told is not None else None


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
    head, told = _today(ask.world, ask.get("symbol"))
    return answer(ask, head, _rows(told, ask.world.today, time, ask.rows))


def minutes(ask: Ask) -> Reply:
    """Return 120 minutes of a day up to a time; a year is kept."""
    world, symbol, time = ask.world, ask.get("symbol"), _time(ask, "until")
    day = ask.day("day")
    number = as_number(day)
    head, told = _today(world, symbol)
    if number == world.today:
        return answer(ask, head, _rows(told, number, time, ask.rows))
    bars, low, high = world.span(symbol)
    at = low + int(bars.date[low:high].searchsorted(number))
    known = at < high and int(bars.date[at]) == number and day > as_day(world.today) - _KEPT
    past = day_minutes(world, symbol, at, bars) if known else None
    return answer(ask, head, _rows(past, number, time, ask.rows))


def latest_trades(ask: Ask) -> Reply:
    """Return the last thirty trades."""
    _, rows = _trades(ask, CLOSE_TIME)
    return answer(ask, rows)


def trades(ask: Ask) -> Reply:
    """Return thirty trades of today up to a time."""
    head, rows = _trades(ask, _time(ask, "until"))
    return answer(ask, head, rows)


def _trades(ask: Ask, time: int) -> tuple[dict[str, object], list[dict[str, object]]]:
    """Return the head, and the newest trades up to ``time`` as the stream plays them, newest first."""
    world, symbol = ask.world, ask.get("symbol")
    bars, low, high = newest(world, symbol)
    if low == high:
        return {}, []
    head = newest_values(world, symbol, bars, low, high - 1)
    raw, _, end = world.span(symbol)
    tape = day_tape(world, symbol, end - 1, raw)
    if tape is None:
        return head, []
    times = clock_time(tape.second)
    last = int(np.searchsorted(times, min(time, world.time), "right"))
    rows: list[dict[str, object]] = []
    for at in range(last - 1, max(last - ask.rows, 0) - 1, -1):
        price, change = int(tape.price[at]), int(tape.price[at]) - tape.base
        best_ask, best_bid = tape.best(at)
        bought, volume = int(tape.bought[at]), int(tape.volume[at])
        rows.append(
            {
                "time": f"{int(times[at]):06d}",
                "price": price,
                "change": change,
                "sign": sign_of(change),
                "change_pct": pct(change, tape.base),
                "ask_price": best_ask,
                "bid_price": best_bid,
                "strength": pct(bought, volume - bought),
                "volume": volume,
                "volume_traded": int(tape.quantity[at]),
            }
        )
    return head, rows
