"""What a moment of a tape says, by our names, ready for a channel's record."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sillok.clock import KST
from sillok.sandbox.answers.quotes import DOWN, DOWN_LIMIT, FLAT, UP, UP_LIMIT
from sillok.sandbox.world.market import Bars, Market
from sillok.sandbox.world.tape import Tape

__all__ = ["book_values", "clock_of", "index_values", "overseas_values", "state_values", "trade_values"]

_OPEN_S = 9 * 3_600
_NEW_YORK = ZoneInfo("America/New_York")
_NEW_YORK_OPENS_S = 9 * 3_600 + 1_800


def clock_of(second: float) -> str:
    """Return HHMMSS of so many seconds after the open."""
    whole = _OPEN_S + int(second)
    return f"{whole // 3_600:02d}{whole // 60 % 60:02d}{whole % 60:02d}"


def _sign(change: int, price: int, tape: Tape) -> str:
    if not change:
        return FLAT
    if change > 0:
        return UP_LIMIT if price >= tape.upper else UP
    return DOWN_LIMIT if price <= tape.lower else DOWN


def _against(tape: Tape, at: int, name: str, then: int) -> dict[str, object]:
    """Return when the day's ``name`` price was made, and how far the price of now is from it."""
    change = int(tape.price[at]) - int(tape.price[then])
    return {
        f"{name}_time": clock_of(float(tape.second[then])),
        f"{name}_change": change,
        f"{name}_sign": UP if change > 0 else DOWN if change < 0 else FLAT,
    }


def trade_values(tape: Tape, symbol: str, day: str, at: int) -> dict[str, object]:
    """Return the trade ``at``."""
    price, volume, amount = int(tape.price[at]), int(tape.volume[at]), int(tape.amount[at])
    bought, buys = int(tape.bought[at]), int(tape.buys[at])
    sold, change = volume - bought, price - tape.base
    ask, bid = tape.best(at)
    depth = tape.depth[at % len(tape.depth)]
    high, low = int(tape.high[at]), int(tape.low[at])
    return {
        "symbol": symbol,
        "time": clock_of(float(tape.second[at])),
        "price": price,
        "sign": _sign(change, price, tape),
        "change": change,
        "change_pct": f"{100 * change / tape.base:.2f}",
        "average_price": f"{amount / volume:.2f}",
        "open": int(tape.price[0]),
        "high": high,
        "low": low,
        "ask": ask,
        "bid": bid,
        "quantity": int(tape.quantity[at]),
        "volume": volume,
        "amount_krw": amount,
        "sell_count": at + 1 - buys,
        "buy_count": buys,
        "net_buy_count": 2 * buys - at - 1,
        "strength_pct": f"{100 * bought / sold:.2f}" if sold else "0.00",
        "sell_volume": sold,
        "buy_volume": bought,
        "side": "1" if tape.is_buy[at] else "5",
        "buy_pct": f"{bought / volume:.2f}",
        **_against(tape, at, "open", 0),
        **_against(tape, at, "high", int(tape.high_at[at])),
        **_against(tape, at, "low", int(tape.low_at[at])),
        "date": day,
        "phase": "20",
        "halted": "N",
        "ask_quantity": int(depth[0]) if ask else 0,
        "bid_quantity": int(depth[10]) if bid else 0,
        "total_ask_quantity": int(depth[:10].sum()),
        "total_bid_quantity": int(depth[10:].sum()),
        "hour_class": "0",
        "vi_base_price": int(tape.price[0]),
    }


def book_values(tape: Tape, symbol: str, second: float) -> dict[str, object]:
    """Return the order book ``second`` seconds after the open; before the first trade there is none."""
    at = max(tape.upto(second) - 1, 0)
    asks, bids = tape.ladder(at)
    values: dict[str, object] = {
        "symbol": symbol,
        "time": clock_of(second),
        "hour_class": "0",
        "volume": int(tape.volume[at]),
        "total_ask_quantity": sum(quantity for _, quantity in asks),
        "total_bid_quantity": sum(quantity for _, quantity in bids),
    }
    for side, levels in (("ask", asks), ("bid", bids)):
        for k, (price, quantity) in enumerate(levels, start=1):
            values[f"{side}{k}"] = price
            values[f"{side}_quantity{k}"] = quantity
    return values


def index_values(tape: Tape, market: Market, code: str, at: int) -> dict[str, object]:
    """Return the level ``at`` of an index; the counts of issues are those of the whole session."""
    price = int(tape.price[at])
    change = price - tape.base
    share = (at + 1) / len(tape)
    name = {"1": "KOSDAQ"}.get(code[0], "KOSPI")
    up, flat, down = _breadth(market, name)
    series = market.indices[{"0001": "KOSPI", "1001": "KOSDAQ", "2001": "KOSPI200"}[code]]
    return {
        "code": code,
        "time": clock_of(float(tape.second[at])),
        "price": f"{price / 100:.2f}",
        "sign": UP if change > 0 else DOWN if change < 0 else FLAT,
        "change": f"{change / 100:.2f}",
        "change_pct": f"{100 * change / tape.base:.2f}",
        "volume": round(max(int(series.volume[-1]), 0) * share) // 1_000,
        "amount_krw": round(max(int(series.amount_krw[-1]), 0) * share) // 1_000_000,
        "open": f"{int(tape.price[0]) / 100:.2f}",
        "high": f"{int(tape.high[at]) / 100:.2f}",
        "low": f"{int(tape.low[at]) / 100:.2f}",
        "up_count": up,
        "flat_count": flat,
        "down_count": down,
    }


def _breadth(market: Market, name: str) -> tuple[int, int, int]:
    bars: Bars = market.raw or market.adjusted
    last = [bars.slice_of(issue.symbol)[1] - 1 for issue in market.listed(name)]
    change = bars.change[[at for at in last if at >= 0]]
    return int((change > 0).sum()), int((change == 0).sum()), int((change < 0).sum())


def state_values(market: Market, symbol: str) -> dict[str, object]:
    """Return whether the issue is halted today."""
    bars = market.raw or market.adjusted
    first, end = bars.slice_of(symbol)
    is_halted = first < end and not bars.open[end - 1]
    return {
        "symbol": symbol,
        "halted": "Y" if is_halted else "N",
        "phase": "20",
        "status": "58" if is_halted else "55",
    }


def overseas_values(tape: Tape, key: str, day: datetime, at: int) -> dict[str, object]:
    """Return the trade ``at`` of a session in New York; the change carries no sign, as the vendor gives it."""
    local = datetime(day.year, day.month, day.day, tzinfo=_NEW_YORK) + timedelta(
        seconds=_NEW_YORK_OPENS_S + int(tape.second[at])
    )
    korea, change = local.astimezone(KST), int(tape.price[at]) - tape.base

    def money(value: int) -> str:
        return f"{value / 10_000:.4f}"

    return {
        "key": key,
        "symbol": key[4:],
        "decimals": 4,
        "date": f"{local:%Y%m%d}",
        "local_date": f"{local:%Y%m%d}",
        "local_time": f"{local:%H%M%S}",
        "korea_date": f"{korea:%Y%m%d}",
        "korea_time": f"{korea:%H%M%S}",
        "open": money(int(tape.price[0])),
        "high": money(int(tape.high[at])),
        "low": money(int(tape.low[at])),
        "price": money(int(tape.price[at])),
        "sign": UP if change > 0 else DOWN if change < 0 else FLAT,
        "change": money(abs(change)),
        "change_pct": f"{100 * change / tape.base:.2f}",
        "bid": money(int(tape.price[at]) - 100),
        "ask": money(int(tape.price[at]) + 100),
        "quantity": int(tape.quantity[at]),
        "volume": int(tape.volume[at]),
    }
