"""What an issue is: product and stock information. The product number is twelve characters, 00000A900010."""

from __future__ import annotations

from datetime import date

from sillok.sandbox.answers.asks import Ask, Reply, answer
from sillok.sandbox.answers.overseas import exchange_of
from sillok.sandbox.answers.quotes import newest
from sillok.sandbox.gate import RefusedError
from sillok.sandbox.world.actions import par_of
from sillok.sandbox.world.market import Issue
from sillok.sandbox.world.world import World

__all__ = ["product", "stock"]

_STOCK = "300"  # the product type of domestic stocks


def _names(issue: Issue) -> dict[str, object]:
    english = f"SYNTHETIC {issue.symbol}" if issue.isin else issue.symbol
    return {
        "symbol": f"00000A{issue.symbol}",
        "product_type_code": _STOCK,
        "name": issue.name,
        "full_name": f"{issue.name}보통주" if issue.security_type == "ST" else issue.name,
        "short_name": issue.name,
        "name_en": english,
        "full_name_en": english,
        "short_name_en": english,
        "isin": issue.isin,
    }


def _known(ask: Ask) -> Issue | None:
    if ask.get("product_type") not in {"", _STOCK}:
        return None
    issue = ask.world.issue(ask.get("symbol")[-6:])
    if issue is not None and issue.listed_on is not None and issue.listed_on > ask.world.market.today:
        return None
    return issue


def product(ask: Ask) -> Reply:
    """Return the basics of a product at home or abroad; one that is unknown is refused with result 7."""
    issue = _known(ask)
    if issue is None:
        return _abroad(ask)
    values = {
        "short_symbol": issue.symbol,
        "product_sale_status_code": "",
        "product_classification_code": "101210" if issue.market == "KOSPI" else "101220",
        "product_classification_name": "주권",
        "wrap_account_asset_type_code": "06",
        "investment_product_type_code": "0101",
        "investment_product_type_code_name": "주식",
        "first_registered_date": issue.listed_on or "",
    }
    return answer(ask, _names(issue) | values)


def _abroad(ask: Ask) -> Reply:
    found = exchange_of(ask.world, ask.get("symbol"), ask.get("product_type"))
    if found is None:
        raise RefusedError("KIER2620", "조회할 자료가 없습니다.", 200, result="7")
    exchange, stock = found
    names = dict.fromkeys(("name", "full_name", "short_name"), stock.name)
    names |= dict.fromkeys(("name_en", "full_name_en", "short_name_en"), f"SYNTHETIC {stock.symbol}")
    codes = {"symbol": stock.symbol, "short_symbol": stock.symbol, "product_type_code": exchange.product_type}
    return answer(ask, names | codes | {"product_classification_name": "해외주식"})


def stock(ask: Ask) -> Reply:
    """Return the basics of a stock; an unknown one gets blanks."""
    issue = _known(ask)
    if issue is None:
        return answer(ask, {})
    return answer(ask, _names(issue) | _listing(ask.world, issue) | _state(ask.world, issue))


def _listing(world: World, issue: Issue) -> dict[str, object]:
    on_kospi = issue.market == "KOSPI"
    par = par_of(world, issue.symbol) if world.is_made_up else 0
    gone = issue.delisted_on if issue.delisted_on and issue.delisted_on <= world.market.today else None
    board = "kospi" if on_kospi else "kosdaq"
    dates: dict[str, date | None] = {
        f"{board}_listing_date": issue.listed_on,
        f"{board}_delisting_date": gone,
        "delisting_date": gone,
    }
    return {
        **{name: day for name, day in dates.items() if day is not None},
        "market_code": "STK" if on_kospi else "KSQ",
        "security_type": issue.security_type,
        "exchange_code": "02" if on_kospi else "03",
        "fiscal_month_day": "1231",
        "shares": issue.shares,
        "listed_capital_krw": par * issue.shares,
        "capital_krw": par * issue.shares,
        "par_krw": str(par),
        "issue_price_krw": 0,
        "in_kospi200": issue.in_kospi200,
        "sector_large_code": issue.sector_code[-3:],
        "sector_large": issue.industry,
        "industry_code": issue.sector_code,
        "industry": issue.industry,
        "stock_kind_code": "101",
        "etf_code": "1" if issue.security_type == "EF" else "0",
    }


def _state(world: World, issue: Issue) -> dict[str, object]:
    bars, low, high = newest(world, issue.symbol)
    if low == high:
        return {"electronic_security": True}
    at = high - 1
    close = int(bars.close[at])
    return {
        "close": close,
        "previous_close": close - int(bars.change[at]),
        "close_price_change_date": str(int(bars.date[at])),
        "substitute_price": close * 8 // 10,
        "kis_substitute_price": close * 8 // 10,
        "halted": not bars.open[at],
        "electronic_security": True,
        "deposit_designated_registered": True,
    }
