"""The sandbox's one account: a small made-up book on the market it serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sillok.kis import schema
from sillok.sandbox.bodies import envelope
from sillok.sandbox.gate import RefusedError
from sillok.sandbox.market import Market

__all__ = ["balance"]

_CASH = 50_000_000
_POSITIONS = 12


def balance(
    market: Market, query: Mapping[str, str], after: str, *, positions: int = _POSITIONS
) -> tuple[dict[str, Any], str]:
    """Return a page of the balance and the paging mark (F: more follow, D: the last).

    The book holds the first ``positions`` listed issues of KOSPI, 10 shares and more each, bought at a tenth
    below today's close. ``after`` is the continuation key: how many positions have been told.
    """
    endpoint = schema.BALANCE
    account, product = query.get("account", ""), query.get("product", "")
    if len(account) != 8 or not account.isdigit() or len(product) != 2:
        raise RefusedError("OPSQ2000", "ERROR : INPUT INVALID_CHECK_ACNO", 200)
    holdings = _holdings(market, positions)
    told = int(after.strip() or 0)
    page = holdings[told : told + endpoint.page_rows]
    is_last = told + endpoint.page_rows >= len(holdings)
    value = sum(holding["value_krw"] for holding in holdings)
    head = {
        **dict.fromkeys(("cash_krw", "cash_d1_krw", "cash_d2_krw"), _CASH),
        "securities_krw": value,
        "total_krw": value + _CASH,
        "net_assets_krw": value + _CASH,
    }
    search, key = (name.lower() for name in endpoint.context or ("", ""))
    code, text = ("KIOK0510", "조회가 완료되었습니다") if is_last else ("KIOK0500", "조회가 계속됩니다")
    body = {
        search: f"{account}^{product}^N^N^01^01^N^".ljust(100),
        key: ("" if is_last else str(told + endpoint.page_rows)).ljust(100),
        endpoint.rows.key: [endpoint.rows.render(holding) for holding in page],
        endpoint.head.key: [endpoint.head.render(head)],
        **envelope(code, text.ljust(60)),
    }
    return body, "D" if is_last else "F"


def _holdings(market: Market, positions: int) -> list[dict[str, Any]]:
    bars = market.raw or market.adjusted
    found = []
    for place, issue in enumerate(market.listed("KOSPI")[:positions]):
        low, high = bars.slice_of(issue.symbol)
        if low == high:
            continue
        quantity, price = 10 + place, int(bars.close[high - 1])
        cost = round(0.9 * price * quantity)
        found.append(
            {
                "symbol": issue.symbol,
                "name": issue.name,
                "quantity": quantity,
                "sellable": quantity,
                "average_price": f"{cost / quantity:.4f}",
                "cost_krw": cost,
                "price": price,
                "value_krw": price * quantity,
                "profit_krw": price * quantity - cost,
            }
        )
    return found
