"""The daily chart of an issue, written row by row as JSON text, because a load asks for thousands."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sillok.kis import schema
from sillok.sandbox.answers.asks import Ask, Reply, answer, dump, envelope, render
from sillok.sandbox.answers.quotes import DOWN, FLAT, UP, newest_values, pct, with_today
from sillok.sandbox.gate import RefusedError
from sillok.sandbox.world.actions import actions_of
from sillok.sandbox.world.flows import flows_of
from sillok.sandbox.world.market import BAR_FIELDS, Bars
from sillok.sandbox.world.world import World

__all__ = ["daily_chart", "daily_prices", "fold"]

Ints = NDArray[np.int64]
_ROW = (
    "date", "close", "open", "high", "low", "volume", "amount_krw", "ex_code", "split_pct", "no_open",
    "sign", "change",
)  # fmt: skip
_TEMPLATE = schema.DAILY_CHART.rows.template(_ROW)
_TAIL = "," + dump(envelope())[1:]
_PERIODS = ("D", "W", "M", "Y")


def fold(bars: Bars, low: int, high: int, period: str) -> tuple[Bars, int, int]:
    """Return the bars of ``[low, high)`` by week, month or year (W, M, Y), each named by its first session.

    Days without trades give nothing but their close; a period's amount is unknown if a day's is.
    """
    if period == "D" or low >= high:
        return bars, low, high
    days = bars.date[low:high]
    if period == "W":
        stamps = np.array(
            [f"{day // 10_000}-{day // 100 % 100:02d}-{day % 100:02d}" for day in days.tolist()], "M8[D]"
        )
        key = (stamps.astype(np.int64) + 3) // 7  # weeks begin on Monday
    else:
        key = days // (100 if period == "M" else 10_000)
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    ends = np.r_[starts[1:], len(days)]
    part = {name: getattr(bars, name)[low:high] for name in BAR_FIELDS}
    traded = part["open"] > 0
    lows = np.where(traded, part["low"], np.iinfo(np.int64).max)
    least = np.minimum.reduceat(lows, starts)
    known = np.minimum.reduceat(part["amount_krw"], starts) >= 0
    firsts = np.array(
        [
            next((int(price) for price in part["open"][a:b] if price), 0)
            for a, b in zip(starts, ends, strict=True)
        ]
    )
    any_trade = firsts > 0
    split = np.maximum.reduceat(bars.split_pct[low:high], starts)
    folded = Bars(
        offsets={},
        date=days[starts],
        open=firsts,
        high=np.maximum.reduceat(part["high"], starts),
        low=np.where(any_trade, least, 0),
        close=part["close"][ends - 1],
        volume=np.add.reduceat(part["volume"], starts),
        amount_krw=np.where(known, np.add.reduceat(part["amount_krw"], starts), -1),
        split_pct=split,
        is_adjusted=bars.is_adjusted,
    )
    return folded, 0, len(starts)


def _series(ask: Ask, *, raw: bool) -> tuple[Bars, int, int]:
    world, symbol = ask.world, ask.get("symbol")
    if raw and world.market.raw is None and symbol in world.market.issues:
        raise RefusedError("OPSQ9001", "재생 데이터에는 수정주가만 있습니다 (adjusted prices only)", 200)
    bars, low, high = world.span(symbol, raw=raw)
    if world.is_open and high > low:
        bars, low, high = with_today(world, symbol, bars, low, high)
    return bars, low, high


def daily_chart(ask: Ask) -> Reply:
    """Return the newest 100 sessions of the span; days before the listing are empty objects."""
    endpoint, world, symbol = schema.DAILY_CHART, ask.world, ask.get("symbol")
    start, end = (int(f"{ask.day(name):%Y%m%d}") for name in ("start", "end"))
    raw = ask.choice("raw", ("0", "1"), "0") == "1"
    period = ask.choice("period", _PERIODS, "D")
    bars, low, high = _series(ask, raw=raw)
    if low == high:
        return _chart(endpoint, dump(endpoint.head.render({})), "")
    head = dump(render(endpoint.head, newest_values(world, symbol, bars, low, high - 1)))
    listed = int(bars.date[low])
    bars, low, high = fold(bars, low, high, period)
    dates = bars.date[low:high]
    first = low + int(dates.searchsorted(start, "left"))
    last = low + int(dates.searchsorted(end, "right"))
    first = max(first, last - endpoint.page_rows)
    codes = actions_of(world).ex_codes.get(symbol, {}) if period == "D" else {}
    rows = _rows(bars, low, first, last, codes)
    room = endpoint.page_rows - (last - first)
    if room and first == low and period == "D":
        asked = bisect_left(world.sessions, min(listed, end + 1)) - bisect_left(world.sessions, start)
        rows += ["{}"] * max(0, min(room, asked))
    return _chart(endpoint, head, ",".join(rows))


def _changes(bars: Bars, low: int, first: int, last: int) -> Ints:
    """Return the change of each bar in ``[first, last)`` from its base, the close before it after a split."""
    if bars.offsets:
        return bars.change[first:last]
    before = np.r_[bars.close[first], bars.close[first : last - 1]]
    if first > low:
        before[0] = bars.close[first - 1]
    split = bars.split_pct[first:last]
    if not bars.is_adjusted:
        before = np.where(split > 0, before * split // 100, before)
    return bars.close[first:last] - before


def _rows(bars: Bars, low: int, first: int, last: int, codes: Mapping[int, str]) -> list[str]:
    """Return the rows of ``[first, last)``, newest first; ``codes`` are the ex-rights codes of days."""
    if first >= last:
        return []
    names = ("date", "close", "open", "high", "low", "volume", "amount_krw", "split_pct")
    columns = [getattr(bars, name)[first:last].tolist() for name in names]
    changes = _changes(bars, low, first, last).tolist()
    rows = [
        _TEMPLATE
        % (
            day, close, open_, high, low_, volume,
            amount if amount >= 0 else "",
            codes.get(day, "00"),
            f"{split}.00",
            "Y" if not open_ else "N",
            UP if change > 0 else DOWN if change < 0 else FLAT,
            change,
        )
        for day, close, open_, high, low_, volume, amount, split, change in zip(*columns, changes, strict=True)
    ]  # fmt: skip
    rows.reverse()
    return rows


def daily_prices(ask: Ask) -> Reply:
    """Return the newest 30 sessions, weeks or months; here 1 asks for adjusted prices and 0 for raw ones."""
    world, symbol = ask.world, ask.get("symbol")
    adjusted = ask.choice("adjusted", ("0", "1"), "0") == "1"
    period = ask.choice("period", _PERIODS[:3], "D")
    bars, low, high = fold(*_series(ask, raw=not adjusted), period)
    first = max(low, high - ask.rows)
    if low == high:
        return answer(ask, [])
    change = _changes(bars, low, first, high)
    flows = _foreign_flows(world, symbol, bars.date[first:high].tolist()) if period == "D" else {}
    codes = actions_of(world).ex_codes.get(symbol, {}) if period == "D" else {}
    rows = []
    for at in range(high - 1, first - 1, -1):
        day, close, moved = int(bars.date[at]), int(bars.close[at]), int(change[at - first])
        volume, before = int(bars.volume[at]), int(bars.volume[at - 1]) if at > low else 0
        rows.append(
            {
                "date": str(day),
                **{name: int(getattr(bars, name)[at]) for name in ("open", "high", "low", "close", "volume")},
                "volume_pct": pct(volume - before, before),
                "change": moved,
                "sign": UP if moved > 0 else DOWN if moved < 0 else FLAT,
                "change_pct": pct(moved, close - moved),
                "foreign_qty": flows.get(day, 0),
                "ex_code": codes.get(day, "00"),
                "cumulative_split_pct": f"{int(bars.split_pct[at])}.00",
            }
        )
    return answer(ask, rows)


def _foreign_flows(world: World, symbol: str, days: list[int]) -> dict[int, int]:
    """Return what foreigners bought net, in shares, on each of the ``days``."""
    flows = flows_of(world, symbol)
    return {day: int(flows.net("foreign", day)) for day in days} if flows is not None else {}


def _chart(endpoint: schema.Endpoint, head: str, rows: str) -> Reply:
    return Reply(f'{{"{endpoint.head.key}":{head},"{endpoint.rows.key}":[{rows}]{_TAIL}')
