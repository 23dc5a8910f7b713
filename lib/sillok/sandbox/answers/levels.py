"""The index calls: points with two decimals, thousand shares, million KRW."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sillok.kis import schema
from sillok.sandbox.answers.asks import Ask, Reply, answer
from sillok.sandbox.answers.charts import fold
from sillok.sandbox.answers.quotes import pct, sign_of
from sillok.sandbox.world.market import Bars, IndexSeries, as_number
from sillok.sandbox.world.world import World

__all__ = ["index_chart", "index_daily", "index_price"]

Ints = NDArray[np.int64]
_PERIODS = ("D", "W", "M", "Y")
_PRICES = ("open", "high", "low", "close")


def _points(value: int) -> str:
    """Return hundredths of a point as the vendor tells them."""
    return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"


def _as_bars(series: IndexSeries, code: str) -> Bars:
    columns = {name: getattr(series, name) for name in (*_PRICES, "date", "volume", "amount_krw")}
    return Bars({code: (0, len(series.date))}, split_pct=np.zeros(len(series.date), np.int64), **columns)


def _find(ask: Ask) -> tuple[str, str, Bars | None]:
    """Return our code, the vendor's, and the series as bars of hundredths."""
    theirs = ask.get("symbol")
    code = next((ours for ours, one in schema.INDEX_CODES.items() if one == theirs), "")
    series = ask.world.market.indices.get(code)
    return code, theirs, _as_bars(series, code) if series is not None and len(series.date) else None


def _row(bars: Bars, at: int) -> dict[str, object]:
    close = int(bars.close[at])
    change = close - int(bars.close[at - 1]) if at else 0
    volume, amount = int(bars.volume[at]), int(bars.amount_krw[at])
    return {
        "date": str(int(bars.date[at])),
        **{name: _points(int(getattr(bars, name)[at])) for name in _PRICES},
        "price": _points(close),
        "change": _points(change),
        "sign": sign_of(change),
        "change_pct": pct(change, close - change),
        "previous_close": _points(close - change),
        "volume": volume if volume >= 0 else "",
        "amount": amount if amount >= 0 else "",
        "amount_krw": amount if amount >= 0 else "",
    }


def index_chart(ask: Ask) -> Reply:
    """Return the newest 50 sessions, weeks, months or years of the span."""
    start, end = as_number(ask.day("start")), as_number(ask.day("end"))
    period = ask.choice("period", _PERIODS, "D")
    code, theirs, bars = _find(ask)
    if bars is None:
        return answer(ask, {}, [])
    size = len(bars.date)
    head = _row(bars, size - 1) | {"name": code, "code": theirs}
    head |= {"previous_volume": max(int(bars.volume[max(size - 2, 0)]), 0)}
    head |= dict.fromkeys(("futures_previous_open", "futures_previous_high", "futures_previous_low"), "0")
    told, _, _ = fold(bars, 0, size, period)
    first, last = int(told.date.searchsorted(start)), int(told.date.searchsorted(end, "right"))
    first = max(first, last - ask.rows)
    return answer(ask, head, [_row(told, at) for at in range(last - 1, first - 1, -1)])


def index_daily(ask: Ask) -> Reply:
    """Return 100 sessions, weeks or months up to a day."""
    end = as_number(ask.day("end"))
    period = ask.choice("period", _PERIODS[:3], "D")
    _, _, bars = _find(ask)
    if bars is None:
        return answer(ask, {}, [])
    told, _, _ = fold(bars, 0, len(bars.date), period)
    last = int(told.date.searchsorted(end, "right"))
    first = max(last - ask.rows, 0)
    rows = []
    for at in range(last - 1, first - 1, -1):
        past = told.close[max(at - 19, 0) : at + 1]
        rises = int((np.diff(told.close[max(at - 10, 0) : at + 1]) > 0).sum())
        rows.append(
            _row(told, at)
            | {
                "disparity_20d": pct(int(told.close[at]), float(past.mean())),
                "psychological_line": f"{10 * rises:.2f}",
                "volume_weight_pct": "100.00",
            }
        )
    return answer(ask, _now(ask.world, ask.get("symbol"), bars), rows)


def index_price(ask: Ask) -> Reply:
    """Return the level of the moment, and how many issues rose and fell."""
    _, theirs, bars = _find(ask)
    return answer(ask, _now(ask.world, theirs, bars) if bars is not None else {})


def _now(world: World, theirs: str, bars: Bars) -> dict[str, object]:
    at = len(bars.date) - 1
    row = _row(bars, at)
    close = int(bars.close[at])
    base = int(bars.close[at - 1]) if at else close
    for name in ("open", "high", "low"):
        level = int(getattr(bars, name)[at]) or close
        row[f"{name}_change"] = _points(level - base)
        row[f"{name}_change_pct"] = pct(level - base, base)
        row[f"price_vs_{name}_sign"] = sign_of(close - level)
    first = int(bars.date.searchsorted(int(bars.date[at]) // 10_000 * 10_000))
    highs, lows = bars.high[first:], np.where(bars.low[first:] > 0, bars.low[first:], bars.close[first:])
    top, bottom = first + int(highs.argmax()), first + int(lows.argmin())
    extremes = {"high_year": (int(bars.high[top]), top), "low_year": (int(lows.min()), bottom)}
    for name, (level, where) in extremes.items():
        row[name], row[f"{name}_date"] = _points(level), str(int(bars.date[where]))
        row[f"{name}_pct"] = pct(close - level, level)
    row["previous_volume"] = max(int(bars.volume[at - 1]), 0) if at else 0
    row["previous_amount_krw"] = max(int(bars.amount_krw[at - 1]), 0) if at else 0
    return row | _breadth(world, theirs)


def _breadth(world: World, theirs: str) -> dict[str, object]:
    """Return how many of the index's issues rose, fell and stood still today."""
    market = world.market
    listed = market.listed("KOSDAQ" if theirs.startswith("1") else "KOSPI")
    bars = market.raw or market.adjusted
    moves = []
    for issue in listed:
        low, high = bars.slice_of(issue.symbol)
        if low < high and (issue.in_kospi200 or not theirs.startswith("2")):
            moves.append(int(bars.change[high - 1]))
    return {
        "advancing": sum(move > 0 for move in moves),
        "declining": sum(move < 0 for move in moves),
        "unchanged": sum(move == 0 for move in moves),
    }
