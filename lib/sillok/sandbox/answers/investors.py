"""Who bought and sold, and what was sold short. Net buying: shares, and KRW at the day's average price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sillok.kis import schema
from sillok.sandbox.answers.asks import Ask, Reply, answer, columns, dump, envelope, render
from sillok.sandbox.answers.quotes import DOWN, FLAT, UP, newest, newest_values, pct, sign_of
from sillok.sandbox.world.flows import KINDS, PARTS, Flows, flows_of
from sillok.sandbox.world.market import Bars, as_number
from sillok.sandbox.world.world import World

__all__ = ["investors", "investors_daily", "short_sales"]

_THREE = ("individual", "foreign", "institution")
_ALL = (*KINDS, *(name for parts in PARTS.values() for name, _ in parts))


def _head(world: World, symbol: str) -> dict[str, object]:
    bars, low, high = newest(world, symbol)
    return newest_values(world, symbol, bars, low, high - 1) if low < high else {}


def _day(bars: Bars, low: int, at: int) -> dict[str, object]:
    change, close, volume = int(bars.change[at]), int(bars.close[at]), int(bars.volume[at])
    return {
        "date": str(int(bars.date[at])),
        "close": close,
        "change": change,
        "sign": sign_of(change),
        "change_pct": pct(change, close - change),
        **{name: int(getattr(bars, name)[at]) for name in ("open", "high", "low")},
        "volume": volume,
        "amount_krw": max(int(bars.amount_krw[at]), 0),
    }


def _of_kinds(flows: Flows, at: int, kinds: tuple[str, ...], price: float) -> dict[str, object]:
    found: dict[str, object] = {}
    for kind in kinds:
        bought, sold = int(flows.bought[kind][at]), int(flows.sold[kind][at])
        found |= {
            f"{kind}_qty": bought - sold,
            f"{kind}_krw": round((bought - sold) * price),
            f"{kind}_bought_qty": bought,
            f"{kind}_bought_krw": round(bought * price),
            f"{kind}_sold_qty": sold,
            f"{kind}_sold_krw": round(sold * price),
        }
    return found


def investors(ask: Ask) -> Reply:
    """Return thirty sessions by individuals, foreigners and institutions; today's are blank before the close."""
    world, symbol = ask.world, ask.get("symbol")
    flows = flows_of(world, symbol)
    bars, low, high = world.span(symbol)
    rows: list[Mapping[str, object]] = []
    for at in range(high - 1, max(high - ask.rows, low) - 1, -1) if flows is not None else ():
        row = _day(bars, low, at)
        volume = int(bars.volume[at])
        if int(bars.date[at]) == world.today and world.is_open:
            row |= {f"{kind}_{what}": "" for kind in _THREE for what in ("qty", "krw")}
        elif flows is not None:
            price = int(bars.amount_krw[at]) / volume if volume else 0.0
            row |= _of_kinds(flows, at - low, _THREE, price)
        rows.append(row)
    return answer(ask, rows)


def investors_daily(ask: Ask) -> Reply:
    """Return sessions up to a day by every kind of investor, written by columns because there are a hundred."""
    world, symbol, block = ask.world, ask.get("symbol"), ask.endpoint.rows
    head = render(ask.endpoint.head, _head(world, symbol))
    bars, low, high = world.span(symbol)
    flows = flows_of(world, symbol)
    last = low + int(bars.date[low:high].searchsorted(as_number(ask.day("end")), "right"))
    if world.is_open and last == high and last > low:
        last -= 1  # filled after the close
    first = max(last - ask.rows, low)
    text = columns(block, _columns(block, flows, bars, low, (first, last))) if flows and first < last else ""
    return Reply(f'{{"{ask.endpoint.head.key}":{dump(head)},"{block.key}":[{text}],{dump(envelope())[1:]}')


def _columns(
    block: schema.Block, flows: Flows, bars: Bars, low: int, span: tuple[int, int]
) -> dict[str, list[object]]:
    """Return the columns of the sessions in ``span``, newest first."""
    first, last = span
    units = {one.name: one.unit for one in block.fields}
    part = slice(first, last)
    close, change, volume = bars.close[part], bars.change[part], bars.volume[part]
    amount = np.maximum(bars.amount_krw[part], 0)
    price = np.where(volume > 0, amount / np.maximum(volume, 1), 0.0)
    base = np.maximum(close - change, 1)
    found: dict[str, Any] = {
        "date": bars.date[part],
        "close": close,
        "change": change,
        "sign": np.where(change > 0, UP, np.where(change < 0, DOWN, FLAT)),
        "change_pct": np.char.mod("%.2f", 100 * change / base),
        "volume": volume,
        "amount_krw": amount,
        **{name: getattr(bars, name)[part] for name in ("open", "high", "low")},
    }
    own = slice(first - low, last - low)
    for kind in _ALL:
        bought, sold = flows.bought[kind][own], flows.sold[kind][own]
        for name, shares in ((kind, bought - sold), (f"{kind}_bought", bought), (f"{kind}_sold", sold)):
            found[f"{name}_qty"] = shares
            unit = 1_000_000 if units.get(f"{name}_krw") == "million KRW" else 1
            found[f"{name}_krw"] = np.round(shares * price / unit).astype(np.int64)
    return {name: list(reversed(column.tolist())) for name, column in found.items() if name in units}


def short_sales(ask: Ask) -> Reply:
    """Return what was sold short on the sessions of a span, newest first."""
    world, symbol = ask.world, ask.get("symbol")
    start, end = as_number(ask.day("start")), as_number(ask.day("end"))
    bars, low, high = world.span(symbol)
    head = _head(world, symbol)
    if not world.is_made_up or low == high:
        return answer(ask, head, [])
    begin = world.place(int(bars.date[low]))
    share = 0.08 * world.stream("short", symbol).random(begin + high - low)[begin:] ** 2
    first = low + int(bars.date[low:high].searchsorted(start))
    last = low + int(bars.date[low:high].searchsorted(end, "right"))
    first = max(first, last - ask.rows)
    sold = (bars.volume[low:high] * share).astype(int)
    rows = []
    total, traded = 0, 0
    worth, amount = 0, 0
    for at in range(first, last):
        row = _day(bars, low, at)
        volume, krw = int(bars.volume[at]), max(int(bars.amount_krw[at]), 0)
        price = krw / volume if volume else 0.0
        short = int(sold[at - low])
        total, traded = total + short, traded + volume
        worth, amount = worth + round(short * price), amount + krw
        rows.append(
            row
            | {
                "short_qty": short,
                "short_volume_pct": pct(short, volume),
                "cumulative_short_qty": total,
                "cumulative_short_volume_pct": pct(total, traded),
                "reference_volume": volume,
                "reference_amount_krw": krw,
                "short_amount_krw": round(short * price),
                "short_amount_pct": pct(short * price, krw),
                "cumulative_short_amount_krw": worth,
                "cumulative_short_amount_pct": pct(worth, amount),
                "average_price": round(price),
            }
        )
    rows.reverse()
    return answer(ask, head, rows)
