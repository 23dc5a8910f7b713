"""What the account earned: by day, by trade, and the rights it holds."""

from __future__ import annotations

from collections.abc import Iterable

from sillok.sandbox.answers.account import book_of
from sillok.sandbox.answers.asks import Ask, Reply, paged
from sillok.sandbox.answers.quotes import pct
from sillok.sandbox.world.actions import actions_of
from sillok.sandbox.world.ledger import BUY, SELL, Order, Trip
from sillok.sandbox.world.market import as_number

__all__ = ["account_rights", "period_profit", "trade_profit"]


def _span(ask: Ask) -> tuple[int, int]:
    return as_number(ask.day("start")), as_number(ask.day("end"))


def _sums(orders: Iterable[Order]) -> dict[str, object]:
    """Return the totals over orders, sales and purchases apart and together."""
    found: dict[str, int] = {}
    every = list(orders)
    for name, traded, side in (("sell", "sold", SELL), ("buy", "bought", BUY)):
        mine = [order for order in every if order.side == side]
        amount, costs = sum(order.amount for order in mine), [order.commission for order in mine]
        taxes = sum(order.tax for order in mine)
        sign = 1 if side == SELL else -1
        found |= {
            f"{traded}_qty_total": sum(order.filled for order in mine),
            f"{name}_trade_total_krw": amount,
            f"{name}_commission_total_krw": sum(costs),
            f"{name}_taxes_total_krw": taxes,
            f"{name}_settlement_total_krw": amount - sign * (sum(costs) + taxes),
        }
    for name in ("trade", "commission", "taxes", "settlement"):
        found[f"total_{name}_krw"] = found[f"sell_{name}_total_krw"] + found[f"buy_{name}_total_krw"]
    found["total_qty"] = found["sold_qty_total"] + found["bought_qty_total"]
    return dict(found)


def _ended(ask: Ask, start: int, end: int) -> list[tuple[Trip, Order]]:
    return [
        (trip, trip.sold)
        for trip in book_of(ask).trips
        if trip.sold is not None and start <= trip.sold.day <= end
    ]


def period_profit(ask: Ask) -> Reply:
    """Return a page of days with what was bought, sold and earned, newest first."""
    start, end = _span(ask)
    book = book_of(ask)
    orders = [order for order in book.orders if start <= order.day <= end and order.filled]
    ended = _ended(ask, start, end)
    rows: list[dict[str, object]] = []
    for day in sorted({order.day for order in orders}, reverse=True):
        mine = [order for order in orders if order.day == day]
        earned = [(trip, sold) for trip, sold in ended if sold.day == day]
        profit, cost = sum(trip.profit for trip, _ in earned), sum(trip.bought.amount for trip, _ in earned)
        rows.append(
            {
                "date": str(day),
                "bought_krw": sum(order.amount for order in mine if order.side == BUY),
                "sold_krw": sum(order.amount for order in mine if order.side == SELL),
                "realised_profit_krw": profit,
                "commission_krw": sum(order.commission for order in mine),
                "taxes_krw": sum(order.tax for order in mine),
                "profit_pct": f"{100 * profit / cost:.8f}" if cost else "0.00000000",
                "sold_qty": sum(order.filled for order in mine if order.side == SELL),
                "bought_qty": sum(order.filled for order in mine if order.side == BUY),
            }
        )
    totals = _sums(orders) | {"total_realised_profit_krw": sum(trip.profit for trip, _ in ended)}
    return paged(ask, f"{ask.get('account')}^{ask.get('product')}^{start}^{end}^", rows, totals)


def trade_profit(ask: Ask) -> Reply:
    """Return a page of sales with what each earned, newest first."""
    start, end = _span(ask)
    ended = _ended(ask, start, end)
    rows: list[dict[str, object]] = [
        {
            "date": str(sold.day),
            "symbol": sold.issue.symbol,
            "name": sold.issue.name,
            "trade_type_name": "현금",
            "quantity": 0,
            "cost_price": f"{trip.bought.price:.4f}",
            "bought_qty": trip.bought.filled,
            "bought_krw": trip.bought.amount,
            "sell_price": str(sold.price),
            "sold_qty": sold.filled,
            "sold_krw": sold.amount,
            "realised_profit_krw": trip.profit,
            "profit_pct": f"{100 * trip.profit / trip.bought.amount:.8f}",
            "commission_krw": trip.bought.commission + sold.commission,
            "taxes_krw": sold.tax,
        }
        for trip, sold in reversed(ended)
    ]
    profit, cost = sum(trip.profit for trip, _ in ended), sum(trip.bought.amount for trip, _ in ended)
    totals = _sums(order for trip, sold in ended for order in (trip.bought, sold))
    totals |= {"total_realised_profit_krw": profit, "total_return_pct": pct(profit, cost)}
    return paged(ask, f"{ask.get('account')}^{ask.get('product')}^{start}^{end}^", rows, totals)


def account_rights(ask: Ask) -> Reply:
    """Return a page of the dividends that the positions are entitled to, newest first."""
    book = book_of(ask)
    start, end = ask.day("start"), ask.day("end")
    held = {one.issue.symbol: one for one in book.holdings}
    rows: list[dict[str, object]] = []
    for action in actions_of(ask.world).between("dividend", start, end):
        one = held.get(action.symbol)
        if one is None:
            continue
        amount = one.quantity * int(str(action.values["cash_krw"]))
        rows.append(
            {
                "account": f"{ask.get('account')}{ask.get('product')}",
                "right_type_code": "03",
                "date": action.record,
                "right_balance_type_code": "1",
                "symbol": f"00000A{action.symbol}",
                "short_symbol": action.symbol,
                "product_type_code": "300",
                "name": action.name,
                "quantity": one.quantity,
                "last_allotment_krw": amount,
                "tax_krw": int(amount * 0.154),
                "cash_payment_date": action.values["pay_date"],
            }
        )
    return paged(ask, f"{ask.get('account')}^{ask.get('product')}^", rows)
