"""The price of the moment: one issue, many, the ranking by volume."""

from __future__ import annotations

from sillok.sandbox.answers.asks import Ask, Reply, answer
from sillok.sandbox.answers.book import order_book
from sillok.sandbox.answers.quotes import newest, newest_values, pct, price_values, sign_of
from sillok.sandbox.world.flows import flows_of
from sillok.sandbox.world.market import Bars
from sillok.sandbox.world.world import World

__all__ = ["price", "price_more", "prices", "volume_rank"]

_RANKED_BY = ("0", "1", "2", "3", "4")  # average volume, growth, turnover, amount, turnover by amount


def price(ask: Ask) -> Reply:
    """Return the current price; an unknown issue gets blanks and zeros, with success."""
    world, symbol = ask.world, ask.get("symbol")
    values = price_values(world, symbol)
    if values:
        values |= _of_price(world, symbol, values)
    return answer(ask, values)


def _of_price(world: World, symbol: str, values: dict[str, object]) -> dict[str, object]:
    high, low, close = (int(str(values[name])) for name in ("high", "low", "price"))
    pivot = (high + low + close) // 3
    base, upper = int(str(values["base_price"])), int(str(values["upper_limit"]))
    par, shares = int(str(values["par_krw"])), int(str(values["shares"]))
    flows = flows_of(world, symbol) if not world.is_open else None
    issue = world.issue(symbol)
    return {
        "margin_pct": "20.00",
        "credit_eligible": True,
        "guarantee_pct_code": "40",
        "foreign_qty": flows.net("foreign", world.today) if flows else 0,
        "pivot": pivot,
        "pivot_resistance_1": 2 * pivot - low,
        "pivot_resistance_2": pivot + high - low,
        "pivot_support_1": 2 * pivot - high,
        "pivot_support_2": pivot - high + low,
        "price_limit_width": upper - base,
        "substitute_price": base * 8 // 10,
        "lot": 1,
        "fiscal_month": 12,
        "short_sale_allowed": bool(issue and issue.in_kospi200),
        "par_value_currency_name": f"{par:,}",
        "capital_currency_name": f"{par * shares // 100_000_000:,} 억",
        "vi_code": "N",
        "after_hours_vi_code": "N",
    }


def price_more(ask: Ask) -> Reply:
    """Return the second set of fields of the current price."""
    values = price_values(ask.world, ask.get("symbol"))
    if not values:
        return answer(ask, {})
    close, base = int(str(values["price"])), int(str(values["base_price"]))
    for name in ("open", "high", "low"):
        level = int(str(values[name]))
        values[f"price_vs_{name}"] = close - level if level else 0
        values[f"price_vs_{name}_sign"] = sign_of(close - level if level else 0)
        values[f"{name}_change_pct"] = pct(level - base, base) if level else "0.00"
    issue = ask.world.issue(ask.get("symbol"))
    values |= {"margin_pct": "20.00", "credit_eligible": True, "vi_code": "N"}
    values["sector_code"] = issue.sector_code if issue else ""
    return answer(ask, values)


def prices(ask: Ask) -> Reply:
    """Return up to thirty prices in the order asked; an unknown issue is left out."""
    rows = []
    for place in range(1, ask.rows + 1):
        symbol = ask.get(f"symbol_{place}")
        bars, low, high = newest(ask.world, symbol) if symbol else (None, 0, 0)
        if bars is None or low == high:
            continue
        values = newest_values(ask.world, symbol, bars, low, high - 1)
        values |= order_book(ask.world, symbol)
        first = int(str(values["open"]))
        values |= {
            "high_vs_open_pct": pct(int(str(values["high"])) - first, first),
            "expected_sign": "3",
            "session_code": "0",
        }
        # Here the vendor tells prices in a decimal's form.
        for name in ("price", "open", "high", "low", "previous_close", "base_price", "change"):
            values[name] = str(values[name])
        rows.append(values)
    return answer(ask, rows)


def volume_rank(ask: Ask) -> Reply:
    """Return the thirty issues that lead by volume, its growth, turnover or amount; ``sector`` 0000 is all."""
    by = ask.choice("by", _RANKED_BY, "0")
    sector = ask.get("sector") or "0000"
    found = []
    for issue in (*ask.world.market.listed("KOSPI"), *ask.world.market.listed("KOSDAQ")):
        if sector not in {"0000", issue.sector_code, {"KOSPI": "0001", "KOSDAQ": "1001"}[issue.market]}:
            continue
        bars, low, high = newest(ask.world, issue.symbol)
        if low < high:
            found.append((issue.symbol, bars, low, high))
    rows = [_ranked(ask.world, *one) for one in found]
    key = ("volume", "growth", "turnover", "amount_krw", "turnover_value")[int(by)]
    rows.sort(key=lambda row: (-float(str(row[key])), str(row["symbol"])))
    return answer(ask, [row | {"rank": place + 1} for place, row in enumerate(rows[: ask.rows])])


def _ranked(world: World, symbol: str, bars: Bars, low: int, high: int) -> dict[str, object]:
    values = newest_values(world, symbol, bars, low, high - 1)
    volume, before = int(str(values["volume"])), int(str(values["previous_volume"]))
    past = slice(max(low, high - 5), high)
    average, worth = int(bars.volume[past].mean()), int(bars.amount_krw[past].mean())
    close, shares, cap = (int(str(values[name])) for name in ("price", "shares", "market_cap"))
    ago = int(bars.close[max(low, high - 6)])
    return values | {
        "growth": 100 * (volume - before) / before if before else 0.0,
        "volume_growth_pct": pct(volume - before, before),
        "turnover": volume / shares if shares else 0.0,
        "turnover_value": int(str(values["amount_krw"])) / cap if cap else 0.0,
        "average_volume": average,
        "average_amount_krw": worth,
        "change_n_days_pct": pct(close - ago, ago),
        "turnover_n_days_pct": pct(average, shares),
        "turnover_value_pct": pct(int(str(values["amount_krw"])), cap),
        "turnover_value_n_days_pct": pct(worth, cap),
    }
