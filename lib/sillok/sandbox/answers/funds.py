"""The funds' calls: price, net asset value now and day by day, and what a fund holds."""

from __future__ import annotations

from sillok.sandbox.answers.asks import Ask, Reply, answer
from sillok.sandbox.answers.quotes import newest_values, pct, price_values, sign_of
from sillok.sandbox.world.etfs import Fund
from sillok.sandbox.world.market import as_number
from sillok.sandbox.world.world import World

__all__ = ["fund_components", "fund_nav", "fund_nav_daily", "fund_price"]


def _krw(hundredths: int) -> str:
    return f"{hundredths / 100:.2f}"


def _nav(fund: Fund, at: int) -> dict[str, object]:
    """Return the net asset value of the session at position ``at``, and how the price stands to it."""
    nav = int(fund.nav[at])
    before = int(fund.nav[at - 1]) if at else nav
    close = 100 * int(fund.bars.close[at])
    return {
        "nav": _krw(nav),
        "nav_change": _krw(nav - before),
        "nav_sign": sign_of(nav - before),
        "nav_change_pct": pct(nav - before, before),
        "previous_nav": _krw(before),
        "nav_open": _krw(before),
        "nav_high": _krw(max(nav, before)),
        "nav_low": _krw(min(nav, before)),
        "premium_pct": pct(close - nav, nav),
        "nav_vs_price": _krw(nav - close),
    }


def _whole(fund: Fund) -> dict[str, object]:
    worth = int(fund.nav[-1]) * fund.issue.shares // 100
    return {
        "net_assets": worth,
        "net_assets_outstanding": worth,
        "shares_outstanding": fund.issue.shares,
        "creation_unit": fund.creation_unit,
        "multiple": str(fund.multiple),
        "fund_kind": "지수" if fund.multiple > 0 else "인버스",
        "member_name": "가상자산운용",
        "listing_date": fund.issue.listed_on,
        "dividend_period": "12",
        "currency": "KRW",
        "tracking_error_pct": "0.12",
    }


def fund_price(ask: Ask) -> Reply:
    """Return price and net asset value of a fund; what is no fund gets blanks."""
    fund = ask.world.funds.get(ask.get("symbol"))
    if fund is None:
        return answer(ask, {})
    values = price_values(ask.world, fund.issue.symbol)
    base = int(str(values["base_price"]))
    for name in ("open", "high", "low"):
        values[f"{name}_change_pct"] = pct(int(str(values[name])) - base, base)
    components = len(_members(ask.world, fund))
    return answer(ask, values | _nav(fund, len(fund.nav) - 1) | _whole(fund) | {"components": components})


def fund_nav(ask: Ask) -> Reply:
    """Return price and net asset value of the moment."""
    fund = ask.world.funds.get(ask.get("symbol"))
    if fund is None:
        return answer(ask, {}, {})
    at = len(fund.nav) - 1
    return answer(ask, newest_values(ask.world, fund.issue.symbol, fund.bars, 0, at), _nav(fund, at))


def fund_nav_daily(ask: Ask) -> Reply:
    """Return the sessions of a span, newest first, at most a hundred."""
    start, end = as_number(ask.day("start")), as_number(ask.day("end"))
    fund = ask.world.funds.get(ask.get("symbol"))
    if fund is None:
        return answer(ask, [])
    bars = fund.bars
    first, last = int(bars.date.searchsorted(start)), int(bars.date.searchsorted(end, "right"))
    rows = []
    for at in range(last - 1, max(first, last - ask.rows) - 1, -1):
        close, change = int(bars.close[at]), int(bars.change[at])
        rows.append(
            {
                "date": str(int(bars.date[at])),
                "close": close,
                "change": change,
                "sign": sign_of(change),
                "change_pct": pct(change, close - change),
                "volume": int(bars.volume[at]),
                "volume_traded": "",
                **_nav(fund, at),
            }
        )
    return answer(ask, rows)


def _members(world: World, fund: Fund) -> list[str]:
    """Return the issues of the fund's index."""
    board = "KOSDAQ" if fund.index == "KOSDAQ" else "KOSPI"
    return [
        issue.symbol for issue in world.market.listed(board) if issue.in_kospi200 or fund.index != "KOSPI200"
    ]


def fund_components(ask: Ask) -> Reply:
    """Return what a creation unit holds: the index's hundred largest issues by market value."""
    world = ask.world
    fund = world.funds.get(ask.get("symbol"))
    if fund is None:
        return answer(ask, {}, [])
    rows = []
    for symbol in _members(world, fund):
        bars, low, high = world.span(symbol)
        if low < high:
            rows.append(newest_values(world, symbol, bars, low, high - 1))
    rows.sort(key=lambda row: -int(str(row["market_cap_krw"])))
    rows = rows[: ask.rows]
    total = sum(int(str(row["market_cap_krw"])) for row in rows)
    unit = int(fund.nav[-1]) * fund.creation_unit // 100
    told = []
    for row in rows:
        share = int(str(row["market_cap_krw"])) / total
        told.append(
            row
            | {
                "weight_pct": f"{100 * share:.2f}",
                "value_krw": round(unit * share),
                "components_market_cap_krw": total,
                "turnover_value_pct": pct(int(str(row["amount_krw"])), int(str(row["market_cap_krw"]))),
                "change_today_pct": row["change_pct"],
            }
        )
    at = len(fund.nav) - 1
    head = newest_values(world, fund.issue.symbol, fund.bars, 0, at) | _nav(fund, at) | _whole(fund)
    return answer(ask, head | {"components": len(told), "components_market_cap_krw": total}, told)
