"""The account's trades abroad: orders, settled trades, what sales brought."""

from __future__ import annotations

from sillok.sandbox.answers.account import book_of
from sillok.sandbox.answers.asks import Ask, Reply, paged
from sillok.sandbox.answers.overseas import money
from sillok.sandbox.answers.quotes import pct
from sillok.sandbox.world.abroad import UNIT, abroad_of
from sillok.sandbox.world.deals import Deal, deals_of
from sillok.sandbox.world.market import as_number

__all__ = ["overseas_executions", "overseas_profit", "overseas_transactions"]


def _between(ask: Ask) -> list[Deal]:
    start, end = as_number(ask.day("start")), as_number(ask.day("end"))
    return [deal for deal in deals_of(ask.world) if start <= deal.day <= end]


def _echo(ask: Ask) -> str:
    return f"{ask.get('account')}!^{ask.get('product')}!^"


def overseas_executions(ask: Ask) -> Reply:
    """Return a page of the orders of a span, newest first."""
    book_of(ask)
    rows: list[dict[str, object]] = [
        {
            "date": str(deal.day),
            "order_branch": "01790",
            "order_no": deal.number,
            "side": deal.side,
            "side_name": "매수" if deal.side == "02" else "매도",
            "amend_code": "00",
            "symbol": deal.stock.symbol,
            "name": deal.stock.name,
            "order_qty": deal.quantity,
            "order_price": f"{deal.price / UNIT:.8f}",
            "filled_qty": deal.quantity,
            "average_price": f"{deal.price / UNIT:.8f}",
            "amount": f"{deal.amount:.5f}",
            "remaining": 0,
            "processing_status_name": "완료",
            "time": "233015",
            "trading_market_name": deal.exchange.name,
            "country_code": deal.exchange.country_code,
            "trading_country_name": deal.exchange.country,
            "exchange": deal.exchange.account,
            "currency": deal.exchange.currency,
            "korea_date": str(deal.day),
            "korea_time": "233015",
            "loan_type_code": "00",
            "channel_name": "OpenAPI",
        }
        for deal in reversed(_between(ask))
    ]
    return paged(ask, _echo(ask), rows)


def overseas_transactions(ask: Ask) -> Reply:
    """Return a page of the settled trades of a span, newest first."""
    book_of(ask)
    abroad = abroad_of(ask.world)
    deals = _between(ask)
    rows: list[dict[str, object]] = []
    for deal in reversed(deals):
        rate = abroad.rate(deal.exchange.currency)
        net = deal.amount + (deal.fee if deal.side == "02" else -deal.fee)
        rows.append(
            {
                "date": str(deal.day),
                "settlement_date": str(deal.day),
                "side": deal.side,
                "side_name": "매수" if deal.side == "02" else "매도",
                "symbol": deal.stock.symbol,
                "name": deal.stock.name,
                "filled_qty": deal.quantity,
                "filled_qty_exact": f"{deal.quantity:.8f}",
                "average_price": f"{deal.price / UNIT:.8f}",
                "filled_price": money(deal.price),
                "amount_foreign": f"{deal.amount:.4f}",
                "amount": f"{deal.amount:.2f}",
                "settlement_amount": f"{net:.4f}",
                "settlement_krw": round(net * rate),
                "overseas_commission": f"{deal.fee:.2f}",
                "currency": deal.exchange.currency,
                "registered_fx_rate": f"{rate:.8f}",
            }
        )
    totals = {
        "buy_total": sum(deal.amount for deal in deals if deal.side == "02"),
        "sell_total": sum(deal.amount for deal in deals if deal.side == "01"),
        "commission_total": sum(deal.fee for deal in deals),
    }
    return paged(ask, f"{ask.get('account')}^{ask.get('product')}^", rows, totals)


def overseas_profit(ask: Ask) -> Reply:
    """Return a page of what sales of a span brought, newest first."""
    book_of(ask)
    abroad = abroad_of(ask.world)
    rows: list[dict[str, object]] = []
    earned = cost = sold = 0.0
    for deal in reversed(_between(ask)):
        if deal.side != "01":
            continue
        paid = deal.quantity * deal.bought / UNIT
        profit = deal.amount - paid - deal.fee
        earned, cost, sold = earned + profit, cost + paid, sold + deal.amount
        rate = abroad.rate(deal.exchange.currency)
        rows.append(
            {
                "date": str(deal.day),
                "symbol": deal.stock.symbol,
                "name": deal.stock.name,
                "sell_liquidation_qty": deal.quantity,
                "average_price": money(deal.bought),
                "cost": f"{paid:.5f}",
                "average_sell_unit_price": money(deal.price),
                "sell_amount": f"{deal.amount:.5f}",
                "sell_costs": f"{deal.fee:.2f}",
                "realised_profit": f"{profit:.5f}",
                "return_pct": f"{100 * profit / paid:.8f}",
                "fx_rate": f"{rate:.4f}",
                "exchange": deal.exchange.account,
                "first_fx_rate": f"{rate:.4f}",
            }
        )
    totals = {
        "stock_sell_total": sold,
        "stock_buy_total": cost,
        "realised_profit_total": earned,
        "total_return_pct": pct(earned, cost),
        "date": str(ask.world.today),
        "fx_rate": f"{abroad.rate('USD'):.4f}",
    }
    return paged(ask, _echo(ask), rows, totals)
