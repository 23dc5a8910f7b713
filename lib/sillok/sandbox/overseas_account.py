"""The account abroad: three positions bought at the start, some round trips, the currencies it holds."""

from __future__ import annotations

from dataclasses import dataclass

from sillok.sandbox.abroad import EXCHANGES, UNIT, Exchange, Path, Stock, abroad_of
from sillok.sandbox.account import book_of
from sillok.sandbox.asks import Ask, Reply, answer, paged
from sillok.sandbox.market import as_number
from sillok.sandbox.overseas import money
from sillok.sandbox.quotes import pct
from sillok.sandbox.world import World

__all__ = [
    "foreign_margin", "overseas_balance", "overseas_executions", "overseas_profit", "overseas_transactions",
    "present_balance",
]  # fmt: skip

_HELD = (("NAS", "XFAKE", 40), ("NAS", "XCHIP", 25), ("NYS", "XBANK", 60))
_CASH = {"USD": 12_500.0, "JPY": 300_000.0, "HKD": 0.0}
_NAMES = {"USD": "미국 달러", "JPY": "일본 엔", "HKD": "홍콩 달러"}
_EVERY, _KEPT = 6, 4  # sessions between round trips, and from purchase to sale
_FEE = 0.0025
_BOUGHT_ON = 20230901


@dataclass(frozen=True, slots=True)
class _Deal:
    """One order, filled whole; ``bought`` is what a sold share had cost, 0 for a purchase."""

    day: int
    number: str
    exchange: Exchange
    stock: Stock
    side: str
    quantity: int
    price: int
    bought: int = 0

    @property
    def amount(self) -> float:
        return self.quantity * self.price / UNIT

    @property
    def fee(self) -> float:
        return round(self.amount * _FEE, 2)


def _positions(world: World) -> list[tuple[Exchange, Stock, Path, int, float]]:
    """Return what is held: exchange, issue, path, shares, and what they cost in the currency."""
    found = []
    for market, symbol, quantity in _HELD:
        known = abroad_of(world).stock(market, symbol)
        if known is None:
            continue
        stock, path = known
        at = min(int(path.day.searchsorted(_BOUGHT_ON)), len(path.day) - 1)
        splits = path.ratio if at < path.split_at < len(path.day) else 1
        found.append(
            (EXCHANGES[market], stock, path, quantity * splits, quantity * int(path.close[at]) / UNIT)
        )
    return found


def _deals(world: World) -> list[_Deal]:
    """Return the round trips since the positions were bought, oldest first; a split in between leaves one out."""
    found = []
    for place, (exchange, stock, path, _, _) in enumerate(_positions(world)):
        first = int(path.day.searchsorted(_BOUGHT_ON)) + 1 + place
        for at in range(first, len(path.day), _EVERY):
            number, size = f"{30_000 + 10 * at + place:010d}", 3 + at % 5
            bought = int(path.close[at])
            found.append(_Deal(int(path.day[at]), number, exchange, stock, "02", size, bought))
            out = at + _KEPT
            if out < len(path.day):
                ratio = path.ratio if at < path.split_at <= out else 1
                number = f"{30_000 + 10 * out + place + 5:010d}"
                price = int(path.close[out])
                found.append(
                    _Deal(
                        int(path.day[out]),
                        number,
                        exchange,
                        stock,
                        "01",
                        size * ratio,
                        price,
                        bought // ratio,
                    )
                )
    return sorted(found, key=lambda deal: (deal.day, deal.number))


def _between(ask: Ask) -> list[_Deal]:
    start, end = as_number(ask.day("start")), as_number(ask.day("end"))
    return [deal for deal in _deals(ask.world) if start <= deal.day <= end]


def _echo(ask: Ask) -> str:
    return f"{ask.get('account')}!^{ask.get('product')}!^"


def overseas_balance(ask: Ask) -> Reply:
    """Return a page of the positions on an exchange (NASD is all of America), and their sums."""
    book_of(ask)
    exchange, currency = ask.get("exchange"), ask.get("currency")
    rows: list[dict[str, object]] = []
    cost = value = 0.0
    for where, stock, path, quantity, paid in _positions(ask.world):
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
    return paged(ask, _echo(ask), rows, totals)


def present_balance(ask: Ask) -> Reply:
    """Return the positions, the currencies and the sum of both, in KRW (01) or each in its currency (02)."""
    book_of(ask)
    in_krw = ask.choice("in_krw", ("01", "02"), "02") == "01"
    abroad = abroad_of(ask.world)
    rows: list[dict[str, object]] = []
    cost_krw = value_krw = 0.0
    for where, stock, path, quantity, paid in _positions(ask.world):
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
    held = _currencies(ask.world)
    cash_krw = sum(amount * rate for _, amount, rate in held)
    currencies = [_currency(name, amount, rate) for name, amount, rate in held]
    totals = _sums(cost_krw, value_krw, cash_krw)
    return answer(ask, rows, currencies, totals)


def _currencies(world: World) -> list[tuple[str, float, float]]:
    """Return currency, deposit and rate of what the account has; a replay knows no rates, so it has none."""
    if not world.is_made_up:
        return []
    return [(name, amount, abroad_of(world).rate(name)) for name, amount in _CASH.items()]


def _currency(name: str, amount: float, rate: float) -> dict[str, object]:
    return {
        "currency": name,
        "currency_name": _NAMES[name],
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
        for name, amount, rate in _currencies(ask.world)
    ]
    return answer(ask, rows)
