"""Which function answers which call: every call of the vendor's schema has one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sillok.sandbox.answers import finance as books
from sillok.sandbox.answers.account import assets, balance, executions, realised_today
from sillok.sandbox.answers.asks import Ask, Reply
from sillok.sandbox.answers.bonds import bond, bond_daily, bond_price, interest_rates
from sillok.sandbox.answers.book import tell_book
from sillok.sandbox.answers.calendar import holidays
from sillok.sandbox.answers.charts import daily_chart, daily_prices
from sillok.sandbox.answers.events import events
from sillok.sandbox.answers.funds import fund_components, fund_nav, fund_nav_daily, fund_price
from sillok.sandbox.answers.investors import investors, investors_daily, short_sales
from sillok.sandbox.answers.issues import product, stock
from sillok.sandbox.answers.levels import index_chart, index_daily, index_price
from sillok.sandbox.answers.minutes import latest_trades, minutes, minutes_today, trades
from sillok.sandbox.answers.overseas import (
    overseas_chart,
    overseas_daily,
    overseas_price,
    overseas_settlements,
)
from sillok.sandbox.answers.overseas_account import foreign_margin, overseas_balance, present_balance
from sillok.sandbox.answers.overseas_issues import (
    overseas_detail,
    overseas_minutes,
    overseas_product,
    overseas_rights,
)
from sillok.sandbox.answers.overseas_trades import overseas_executions, overseas_profit, overseas_transactions
from sillok.sandbox.answers.prices import price, price_more, prices, volume_rank
from sillok.sandbox.answers.profits import account_rights, period_profit, trade_profit

__all__ = ["ANSWERS"]

ANSWERS: Mapping[str, Callable[[Ask], Reply]] = {
    "account_rights": account_rights,
    "assets": assets,
    "balance": balance,
    "balance_sheet": books.finance(books.balance_sheet),
    "bond": bond,
    "bond_daily": bond_daily,
    "bond_price": bond_price,
    "bonus_issues": events("bonus"),
    "capital_reductions": events("capital_reduction"),
    "daily_chart": daily_chart,
    "daily_prices": daily_prices,
    "dividends": events("dividend"),
    "executions": executions,
    "financial_ratio": books.finance(books.financial_ratio),
    "foreign_margin": foreign_margin,
    "fund_components": fund_components,
    "fund_nav": fund_nav,
    "fund_nav_daily": fund_nav_daily,
    "fund_price": fund_price,
    "growth_ratio": books.finance(books.growth_ratio),
    "holidays": holidays,
    "income_statement": books.finance(books.income_statement),
    "index_chart": index_chart,
    "index_daily": index_daily,
    "index_price": index_price,
    "interest_rates": interest_rates,
    "investors": investors,
    "investors_daily": investors_daily,
    "latest_trades": latest_trades,
    "listings": events("listing"),
    "meetings": events("meeting"),
    "mergers": events("merger"),
    "minutes": minutes,
    "minutes_today": minutes_today,
    "order_book": tell_book,
    "other_ratios": books.finance(books.other_ratios),
    "overseas_balance": overseas_balance,
    "overseas_chart": overseas_chart,
    "overseas_daily": overseas_daily,
    "overseas_detail": overseas_detail,
    "overseas_executions": overseas_executions,
    "overseas_minutes": overseas_minutes,
    "overseas_price": overseas_price,
    "overseas_product": overseas_product,
    "overseas_profit": overseas_profit,
    "overseas_rights": overseas_rights,
    "overseas_settlements": overseas_settlements,
    "overseas_transactions": overseas_transactions,
    "period_profit": period_profit,
    "present_balance": present_balance,
    "price": price,
    "price_more": price_more,
    "prices": prices,
    "product": product,
    "profit_ratio": books.finance(books.profit_ratio),
    "realised_today": realised_today,
    "rights_issues": events("rights"),
    "short_sales": short_sales,
    "splits": events("split"),
    "stability_ratio": books.finance(books.stability_ratio),
    "stock": stock,
    "trade_profit": trade_profit,
    "trades": trades,
    "volume_rank": volume_rank,
}
