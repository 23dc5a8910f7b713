"""The account abroad: its positions, the currencies it holds, what they can buy."""

from __future__ import annotations

from sillok.sandbox.answers.account import book_of
from sillok.sandbox.answers.asks import Ask, Reply, answer, paged
from sillok.sandbox.answers.quotes import pct
from sillok.sandbox.world.abroad import UNIT, abroad_of
from sillok.sandbox.world.deals import CURRENCIES, currencies_of, positions_of

__all__ = ["foreign_margin", "overseas_balance", "present_balance"]


def overseas_balance(ask: Ask) -> Reply:
    """Return a page of the positions on an exchange (NASD is all of America), and their sums."""
    book_of(ask)
    exchange, currency = ask.get("exchange"), ask.get("currency")
    rows: list[dict[str, object]] = []
    cost = value = 0.0
    for where, stock, path, quantity, paid in positions_of(ask.world):
        is_there = exchange in {"", where.account} or (exchange == "NASD" and where.country == "미국")
        if not is_there or currency not in {"", where.currency}:
            continue
        worth = quantity * int(path.close[-1]) / UNIT
        cost, value = cost + paid, value + worth
        rows.append(
            {
                "account": ask.get("account"),
                "product": ask.get("product"),
                "product_type_code": where.product_type,
                "symbol": stock.symbol,
                "name": stock.name,
                "profit": f"{worth - paid:.6f}",
                "profit_pct": pct(worth - paid, paid),
                "average_price": f"{paid / quantity:.4f}",
                "quantity": str(quantity),
                "sellable": str(quantity),
                "cost": f"{paid:.6f}",
                "value": f"{worth:.6f}",
                "price": f"{int(path.close[-1]) / UNIT:.6f}",
                "currency": where.currency,
                "exchange": where.account,
                "loan_type_code": "00",
            }
        )
    totals = {
        "cost": f"{cost:.6f}",
        "total_profit": f"{value - cost:.6f}",
        "profit_total": f"{value - cost:.6f}",
        "total_return_pct": pct(value - cost, cost),
        "bought_total": f"{cost:.6f}",
    }
    return paged(ask, f"{ask.get('account')}!^{ask.get('product')}!^", rows, totals)


def present_balance(ask: Ask) -> Reply:
    """Return the positions, the currencies and the sum of both, in KRW (01) or each in its currency (02)."""
    book_of(ask)
    in_krw = ask.choice("in_krw", ("01", "02"), "02") == "01"
    abroad = abroad_of(ask.world)
    rows: list[dict[str, object]] = []
    cost_krw = value_krw = 0.0
    for where, stock, path, quantity, paid in positions_of(ask.world):
        rate = abroad.rate(where.currency)
        worth, price = quantity * int(path.close[-1]) / UNIT, int(path.close[-1]) / UNIT
        cost_krw, value_krw = cost_krw + paid * rate, value_krw + worth * rate
        unit = rate if in_krw else 1.0
        rows.append(
            {
                "name": stock.name,
                "quantity": f"{quantity:.8f}",
                **{f"today_{side}_filled_qty": "0.00000000" for side in ("buy", "sell")},
                "filled_qty": f"{quantity:.8f}",
                "sellable": f"{quantity:.8f}",
                "cost": f"{paid * unit:.5f}",
                "value": f"{worth * unit:.6f}",
                "profit": f"{(worth - paid) * unit:.5f}",
                "profit_pct": pct(worth - paid, paid),
                "symbol": stock.symbol,
                "fx_rate": f"{rate:.8f}",
                "currency": where.currency,
                "price": f"{price:.6f}",
                "average_price": f"{paid / quantity:.4f}",
                "trading_market_name": where.name,
                "country_name": where.country,
                "cost_krw": round(paid * rate),
                "today_bought": "0.000000",
                "today_sold": "0.000000",
                "unit_amount": "1",
                "isin": f"{where.currency[:2]}000000{sum(map(ord, stock.symbol)):04d}",
                "product_type_code": where.product_type,
                "position_kind": "현금",
                "loan_remaining_balance": "0",
                "exchange": where.account,
                "price_market": where.market,
            }
        )
    held = currencies_of(ask.world)
    cash_krw = sum(amount * rate for _, amount, rate in held)
    currencies = [_currency(name, amount, rate) for name, amount, rate in held]
    totals = _sums(cost_krw, value_krw, cash_krw)
    return answer(ask, rows, currencies, totals)


def _currency(name: str, amount: float, rate: float) -> dict[str, object]:
    return {
        "currency": name,
        "currency_name": CURRENCIES[name],
        "buy_total": "0",
        "sell_total": "0",
        "deposit_amount": f"{amount:.6f}",
        "fx_rate": f"{rate:.8f}",
        "other_margin": "0",
        "withdrawable_amount": amount,
        "withdrawable_krw_amount": f"{amount * rate:.6f}",
        "local_custody_currency": "",
        "next_day_withdrawable_amount": amount,
    }


def _sums(cost: float, value: float, cash: float) -> dict[str, object]:
    return {
        "cost_krw_total": str(round(cost)),
        "value_krw_total": str(round(value)),
        "profit_krw_total": str(round(value - cost)),
        "deposit_amount": cash,
        "total_deposit_amount": cash,
        "other_margin": "0",
        "withdrawable_total_amount": cash,
        "total_value": str(round(value)),
        "return_pct": pct(value - cost, cost),
        "cost_total": cost,
        "value_total": value,
        "profit_total": value - cost,
        "total_asset_amount": value + cash,
        "margin_total_amount": "0",
        "usable_amount": cash,
        "unsettled_sell_total": "0",
        "unsettled_buy_total": "0",
        "foreign_balance_total": str(round(value)),
    }


def foreign_margin(ask: Ask) -> Reply:
    """Return what each currency can buy."""
    book_of(ask)
    countries = {"USD": "미국", "JPY": "일본", "HKD": "홍콩"}
    rows = [
        {
            "country": countries[name],
            "currency": name,
            "deposit_amount": f"{amount:.6f}",
            **dict.fromkeys(
                ("general_orderable_amount", "orderable_amount", "integrated_orderable_amount"),
                f"{amount:.2f}",
            ),
            "base_fx_rate": f"{rate:.8f}",
        }
        for name, amount, rate in currencies_of(ask.world)
    ]
    return answer(ask, rows)
