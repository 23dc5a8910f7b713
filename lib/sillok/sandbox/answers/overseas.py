"""The calls of markets abroad: ``decimals`` tells how many decimals prices have, and ``change`` has no sign."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from sillok.kis import schema
from sillok.sandbox.answers.asks import Ask, Reply, answer, invalid
from sillok.sandbox.answers.quotes import pct, sign_of
from sillok.sandbox.world.abroad import UNIT, Path, abroad_of
from sillok.sandbox.world.exchanges import EXCHANGES, LISTED, Exchange, Stock
from sillok.sandbox.world.market import as_number
from sillok.sandbox.world.world import World, as_day

__all__ = [
    "DECIMALS", "amount_of", "base_of", "exchange_of", "money", "moved", "overseas_chart", "overseas_daily",
    "overseas_price", "overseas_settlements",
]  # fmt: skip

Ints = NDArray[np.int64]
DECIMALS = 4
_PRICES = ("open", "high", "low", "close")


def money(value: int) -> str:
    """Return ten-thousandths as the vendor tells a price."""
    return f"{value / UNIT:.{DECIMALS}f}"


def amount_of(path: Path, at: int) -> int:
    """Return what changed hands on a session, in whole units of the currency."""
    middle = (int(path.high[at]) + int(path.low[at])) // 2
    return int(path.volume[at]) * middle // UNIT


def base_of(path: Path, at: int) -> int:
    """Return the close before, after a split."""
    if not at:
        return int(path.close[at])
    before = int(path.close[at - 1])
    return before // path.ratio if at == path.split_at else before


def moved(path: Path, at: int) -> dict[str, object]:
    """Return the move of a session: sign, a change without one, a rate with one."""
    base, close = base_of(path, at), int(path.close[at])
    change = close - base
    return {
        "sign": sign_of(change),
        "change": money(abs(change)),
        "change_pct": f"{'+' if change > 0 else ''}{pct(change, base)}",
    }


def _find(ask: Ask) -> tuple[Stock, Path] | None:
    market, symbol = ask.get("market"), ask.get("symbol")
    if market not in EXCHANGES:
        if len(market) != 3 or not market.isalpha():
            raise invalid("EXCD")
        return None
    return abroad_of(ask.world).stock(market, symbol)


def overseas_price(ask: Ask) -> Reply:
    """Return the last price; an unknown issue gets blanks."""
    found = _find(ask)
    key = f"D{ask.get('market')}{ask.get('symbol')}"
    if found is None:
        return answer(ask, {"stream_key": key, "decimals": "", "previous_volume": "", "volume": ""})
    _, path = found
    at = len(path.day) - 1
    values = {
        "stream_key": key,
        "decimals": DECIMALS,
        "previous_close": money(base_of(path, at)),
        "previous_volume": int(path.volume[max(at - 1, 0)]),
        "price": money(int(path.close[at])),
        **moved(path, at),
        "change_pct": pct(int(path.close[at]) - base_of(path, at), base_of(path, at)),
        "volume": int(path.volume[at]),
        "amount": str(amount_of(path, at)),
        "is_tradable": "매도불가",
    }
    return answer(ask, values)


def _folded(path: Path, period: str) -> Path:
    """Return the path by week (W), month (M) or year (Y), each named by its first session."""
    if period == "D" or not len(path.day):
        return path
    if period == "W":
        key = np.array([(as_day(day).toordinal() - 1) // 7 for day in path.day.tolist()])
    else:
        key = path.day // (100 if period == "M" else 10_000)
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    ends = np.r_[starts[1:], len(path.day)]
    return Path(
        path.day[starts],
        path.open[starts],
        np.maximum.reduceat(path.high, starts),
        np.minimum.reduceat(path.low, starts),
        path.close[ends - 1],
        np.add.reduceat(path.volume, starts),
    )


def overseas_daily(ask: Ask) -> Reply:
    """Return a hundred sessions (0), weeks (1) or months (2) up to a day; without one, up to the newest."""
    period = {"0": "D", "1": "W", "2": "M"}[ask.choice("period", ("0", "1", "2"), "0")]
    is_adjusted = ask.choice("adjusted", ("0", "1"), "0") == "1"
    last_day = as_number(ask.day("end")) if ask.get("end") else ask.world.today
    found = _find(ask)
    key = f"D{ask.get('market')}{ask.get('symbol')}"
    if found is None:
        return answer(ask, {"stream_key": key, "decimals": "", "rows": 0}, [])
    path = _folded(found[1].adjusted() if is_adjusted else found[1], period)
    last = int(path.day.searchsorted(last_day, "right"))
    rows = []
    for at in range(last - 1, max(last - ask.rows, 0) - 1, -1):
        close = int(path.close[at])
        rows.append(
            {
                "date": str(int(path.day[at])),
                **{name: money(int(getattr(path, name)[at])) for name in _PRICES},
                **moved(path, at),
                "volume": int(path.volume[at]),
                "amount": str(amount_of(path, at)),
                "bid_price": money(close - 100),
                "bid_size": 1 + int(path.volume[at]) % 300,
                "ask_price": money(close + 100),
                "ask_size": 1 + int(path.volume[at]) % 200,
            }
        )
    return answer(ask, {"stream_key": key, "decimals": DECIMALS, "rows": len(rows)}, rows)


def overseas_chart(ask: Ask) -> Reply:
    """Return the newest hundred days, weeks, months or years of an index (N), a rate (X) and the like."""
    start, end = as_number(ask.day("start")), as_number(ask.day("end"))
    period = ask.choice("period", ("D", "W", "M", "Y"), "D")
    kind = ask.choice("kind", ("N", schema.FX_KIND, "I", "S"))
    found = abroad_of(ask.world).chart(kind, ask.get("symbol"))
    if found is None:
        return answer(ask, {}, [])
    name, whole = found
    decimals = 4 if kind == schema.FX_KIND else 2

    def told(value: int) -> str:
        return f"{value / UNIT:.{decimals}f}"

    at = len(whole.day) - 1
    base, close = base_of(whole, at), int(whole.close[at])
    head = {
        "change": told(close - base),
        "sign": sign_of(close - base),
        "change_pct": pct(close - base, base),
        "previous_close": told(base),
        "volume": int(whole.volume[at]),
        "previous_volume": int(whole.volume[max(at - 1, 0)]),
        "name": name,
        "price": told(close),
        "symbol": ask.get("symbol"),
        **{side: told(int(getattr(whole, side)[at])) for side in ("open", "high", "low")},
    }
    path = _folded(whole, period)
    first, last = int(path.day.searchsorted(start)), int(path.day.searchsorted(end, "right"))
    rows = [
        {
            "date": str(int(path.day[place])),
            **{side: told(int(getattr(path, side)[place])) for side in _PRICES},
            "volume": int(path.volume[place]),
            "no_open": False,
        }
        for place in range(last - 1, max(first, last - ask.rows) - 1, -1)
    ]
    return answer(ask, head, rows)


def overseas_settlements(ask: Ask) -> Reply:
    """Return when a trade of a day settles, by exchange."""
    day = ask.day("day")
    rows: list[dict[str, object]] = []
    for exchange in EXCHANGES.values():
        settled = _business(day, 1 if exchange.country == "미국" else 2)
        rows.append(
            {
                "product_type_code": exchange.product_type,
                "trading_country_code": exchange.country_code,
                "trading_country_name": exchange.country,
                "country_english_abbreviation_code": exchange.currency[:2],
                "trading_market_code": f"{len(rows) + 1:02d}",
                "trading_market_name": exchange.name,
                "local_settlement_date": settled,
                "domestic_settlement_date": _business(settled, 1 if exchange.lags else 0),
            }
        )
    return answer(ask, rows)


def _business(day: date, count: int) -> date:
    """Return the weekday that is ``count`` weekdays after ``day``."""
    while count > 0 or day.weekday() >= 5:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def exchange_of(world: World, symbol: str, product_type: str = "") -> tuple[Exchange, Stock] | None:
    """Return the issue abroad with that symbol, and its exchange."""
    for (market, one), stock in LISTED.items():
        exchange = EXCHANGES[market]
        if one == symbol and product_type in {"", exchange.product_type} and world.is_made_up:
            return exchange, stock
    return None
