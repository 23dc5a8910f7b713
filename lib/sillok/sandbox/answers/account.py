"""The account's calls at home: balance, realised profit, assets, executions."""

from __future__ import annotations

from sillok.sandbox.answers.asks import Ask, Reply, answer, paged
from sillok.sandbox.answers.quotes import pct
from sillok.sandbox.gate import RefusedError
from sillok.sandbox.world.ledger import BUY, SELL, Holding, Ledger, Order, ledger_of
from sillok.sandbox.world.market import as_number
from sillok.sandbox.world.world import World, as_day

__all__ = ["assets", "balance", "book_of", "executions", "realised_today"]

_ASSET_CLASSES, _STOCKS, _DEPOSIT = 20, 0, 16


def book_of(ask: Ask) -> Ledger:
    """Return the book of the account that is asked for; a malformed number is refused."""
    account, product = ask.get("account"), ask.get("product")
    if len(account) != 8 or not account.isdigit() or len(product) != 2:
        raise RefusedError("OPSQ2000", "ERROR : INPUT INVALID_CHECK_ACNO", 200)
    return ledger_of(ask.world, ask.positions)


def _position(world: World, one: Holding) -> dict[str, object]:
    today, before = world.sessions[-1], world.sessions[-2] if len(world.sessions) > 1 else 0
    profit, base = one.value - one.cost, one.price - one.change
    return {
        "symbol": one.issue.symbol,
        "name": one.issue.name,
        "trade_type_name": "현금",
        "previous_buy_qty": one.bought.get(before, 0),
        "previous_sell_qty": one.sold.get(before, 0),
        "today_buy_qty": one.bought.get(today, 0),
        "today_sell_qty": one.sold.get(today, 0),
        "quantity": one.quantity,
        "sellable": one.quantity,
        "average_price": f"{one.cost / one.quantity:.4f}",
        "cost_krw": one.cost,
        "price": one.price,
        "value_krw": one.value,
        "profit_krw": profit,
        "profit_pct": pct(profit, one.cost),
        "return_pct": f"{100 * profit / one.cost:.8f}",
        "change_pct": f"{100 * one.change / base:.8f}" if base else "0.00000000",
        "change": one.change,
        "issue_margin_rate_name": "20%",
        "substitute_price": one.price * 8 // 10,
        "stock_loan_unit_price": "0.0000",
    }


def _totals(world: World, book: Ledger) -> dict[str, object]:
    value = sum(one.value for one in book.holdings)
    cost = sum(one.cost for one in book.holdings)
    before = sum((one.price - one.change) * one.quantity for one in book.holdings)
    cash = {name: book.cash(back) for name, back in (("cash_krw", 2), ("cash_d1_krw", 1), ("cash_d2_krw", 0))}
    today, yesterday = world.sessions[-1], world.sessions[-2] if len(world.sessions) > 1 else 0

    def traded(day: int, side: str) -> int:
        return sum(order.amount for order in book.orders if order.day == day and order.side == side)

    def costs(day: int) -> int:
        return sum(order.commission + order.tax for order in book.orders if order.day == day)

    total = value + cash["cash_d2_krw"]
    return {
        **cash,
        "today_buy_krw": traded(today, BUY),
        "today_sell_krw": traded(today, SELL),
        "today_costs_krw": costs(today),
        "previous_buy_krw": traded(yesterday, BUY),
        "previous_sell_krw": traded(yesterday, SELL),
        "previous_costs_krw": costs(yesterday),
        "securities_krw": value,
        "total_krw": total,
        "net_assets_krw": total,
        "loan_auto_redemption": "",
        "cost_total": cost,
        "value_total": value,
        "profit_total_krw": value - cost,
        "previous_total_asset_value_krw": total - value + before,
        "asset_change_krw": value - before,
        "asset_change_pct": f"{100 * (value - before) / (total - value + before):.8f}",
    }


def balance(ask: Ask) -> Reply:
    """Return a page of the positions, and their summary as a list of one."""
    book = book_of(ask)
    rows = [_position(ask.world, one) for one in book.holdings]
    return paged(
        ask, f"{ask.get('account')}^{ask.get('product')}^N^N^01^01^N^", rows, _totals(ask.world, book)
    )


def realised_today(ask: Ask) -> Reply:
    """Return a page of the positions, and a summary with what today's sales brought."""
    book = book_of(ask)
    rows = [_position(ask.world, one) for one in book.holdings]
    totals = _totals(ask.world, book)
    ended = [trip for trip in book.trips if trip.sold is not None and trip.sold.day == ask.world.today]
    profit, cost = sum(trip.profit for trip in ended), sum(trip.bought.amount for trip in ended)
    value, whole = int(str(totals["value_total"])), int(str(totals["cost_total"]))
    totals |= {
        "loan_auto_redemption": "N",
        "realised_profit_krw": profit,
        "realised_return_pct": pct(profit, cost),
        "actual_profit_krw": value - whole,
        "actual_profit_pct": pct(value - whole, whole),
    }
    return paged(ask, f"{ask.get('account')}^{ask.get('product')}^N^N^00^01^N^", rows, totals)


def assets(ask: Ask) -> Reply:
    """Return the account by classes of assets."""
    book = book_of(ask)
    totals = _totals(ask.world, book)
    value, cost, cash = (int(str(totals[name])) for name in ("value_total", "cost_total", "cash_d2_krw"))
    whole = value + cash
    rows: list[dict[str, object]] = [{} for _ in range(_ASSET_CLASSES)]
    rows[_STOCKS] = {"cost_krw": cost, "value_krw": value, "profit_krw": value - cost, "net_assets_krw": value,
                     "weight_pct": pct(value, whole)}  # fmt: skip
    rows[_DEPOSIT] = {"value_krw": cash, "net_assets_krw": cash, "weight_pct": pct(cash, whole)}
    summary = {
        "cost_total_krw": cost,
        "net_assets_krw": whole,
        "profit_total_krw": value - cost,
        "value_total_krw": value,
        "total_krw": whole,
        "total_deposit_krw": cash,
        "deposit_krw": cash,
    }
    return answer(ask, rows, summary)


def _execution(order: Order) -> dict[str, object]:
    is_cancelled = not order.filled
    return {
        "date": str(order.day),
        "order_branch": "06010",
        "order_no": order.number,
        "order_type_name": "지정가",
        "side": order.side,
        "side_name": "현금매수" if order.side == BUY else "현금매도",
        "symbol": order.issue.symbol,
        "name": order.issue.name,
        "order_qty": order.quantity,
        "order_price": str(order.price),
        "time": order.time,
        "filled_qty": order.filled,
        "average_price": str(order.price if order.filled else 0),
        "cancelled": "Y" if is_cancelled else "",
        "amount_krw": order.amount,
        "ordered_by": "OpnAPI",
        "order_type_code": "00",
        "cancelled_qty": order.quantity if is_cancelled else 0,
        "remaining": 0,
        "execution_condition_name": "None",
        "notice_time": "",
        "product_type_code": "300",
        "exchange_code": "02",
        "data_code": "11",
        "order_office": "00000",
        "exchange": "KRX",
    }


def executions(ask: Ask) -> Reply:
    """Return a page of the orders of a span: of the last three months, or by the archive's id of those before."""
    book = book_of(ask)
    start, end = as_number(ask.day("start")), as_number(ask.day("end"))
    border = _three_months_before(ask.world.today)
    found = [
        order for order in book.orders if start <= order.day <= end and (order.day < border) == ask.is_archive
    ]
    filled = sum(order.filled for order in found)
    amount = sum(order.amount for order in found)
    totals = {
        "order_qty": sum(order.quantity for order in found),
        "filled_qty": filled,
        "amount_krw": amount,
        "estimated_costs_krw": sum(order.commission + order.tax for order in found),
        "average_price": f"{amount / filled:.4f}" if filled else "0.0000",
    }
    echo = f"{ask.get('account')}^{ask.get('product')}^{start}^{end}^ ^00^00^"
    return paged(ask, echo, [_execution(order) for order in found], totals)


def _three_months_before(day: int) -> int:
    year, month, date = day // 10_000, day // 100 % 100 - 3, day % 100
    if month < 1:
        year, month = year - 1, month + 12
    number = year * 10_000 + month * 100 + date
    while date > 28:
        try:
            as_day(number)
        except ValueError:
            number, date = number - 1, date - 1
        else:
            break
    return number
