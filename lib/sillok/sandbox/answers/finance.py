"""The finance answers: about 30 periods, newest first; 99.99 where the vendor gives nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice

from sillok.sandbox.answers.asks import Ask, Reply, answer
from sillok.sandbox.world.statements import ANNUAL, QUARTER, Statement, previous_year, statements_of

__all__ = [
    "balance_sheet",
    "finance",
    "financial_ratio",
    "growth_ratio",
    "income_statement",
    "other_ratios",
    "profit_ratio",
    "stability_ratio",
]

_Row = Mapping[str, object]


def finance(tell: Callable[[Statement, Statement | None], _Row]) -> Callable[[Ask], Reply]:
    """Return the answer that tells each period with ``tell``, which is given the period a year before as well."""

    def told(ask: Ask) -> Reply:
        basis = ask.choice("basis", (ANNUAL, QUARTER), ANNUAL)
        found = statements_of(ask.world, ask.get("symbol"), basis)
        absent = {one.name: one.absent for one in ask.endpoint.rows.fields if one.absent}
        rows = [
            {**absent, "period": f"{one.end:%Y%m}", **tell(one, previous_year(found, one))}
            for one in islice(found, ask.rows)
        ]
        return answer(ask, rows)

    return told


def balance_sheet(one: Statement, before: Statement | None) -> _Row:
    """Return what a balance sheet tells."""
    return {
        "current_assets_krw": one.current_assets,
        "noncurrent_assets_krw": one.other_assets,
        "assets_krw": one.assets,
        "current_liabilities_krw": one.current_debts,
        "noncurrent_liabilities_krw": one.other_debts,
        "liabilities_krw": one.debts,
        "capital_krw": one.capital,
        "equity_krw": one.equity,
    }


def income_statement(one: Statement, before: Statement | None) -> _Row:
    """Return what an income statement tells."""
    return {
        "sales_krw": one.sales,
        "cost_of_sales_krw": one.cost,
        "gross_profit_krw": one.gross,
        "operating_profit_krw": one.operating,
        "pretax_profit_krw": one.pretax,
        "net_income_krw": one.net,
    }


def financial_ratio(one: Statement, before: Statement | None) -> _Row:
    """Return growth on the year before, returns, and per-share values."""
    return {
        **_growth(one, before),
        "net_growth_pct": _grown(one.net, before.net if before else 0),
        "roe_pct": _part(one.net, one.equity),
        "eps_krw": one.net / one.shares,
        "sales_per_share_krw": str(round(one.sales / one.shares)),
        "bps_krw": one.equity / one.shares,
        "reserve_pct": _part(one.equity - one.capital, one.capital),
        "debt_pct": _part(one.debts, one.equity),
    }


def profit_ratio(one: Statement, before: Statement | None) -> _Row:
    """Return profit against assets, equity and sales."""
    return {
        "return_on_assets_pct": _part(one.net, one.assets),
        "return_on_equity_pct": _part(one.net, one.equity),
        "net_margin_pct": _part(one.net, one.sales),
        "gross_margin_pct": _part(one.gross, one.sales),
    }


def other_ratios(one: Statement, before: Statement | None) -> _Row:
    """Return payout, value added, and earnings before interest, taxes and depreciation."""
    ebitda = one.operating + round(one.other_assets * 0.04)
    return {
        "payout_pct": 25.0 if one.net > 0 else 0.0,
        "eva_krw": one.net - round(one.equity * 0.07),
        "ebitda_krw": ebitda,
        "ev_ebitda": (one.equity * 1.1 + one.debts) / ebitda if ebitda > 0 else 0.0,
    }


def stability_ratio(one: Statement, before: Statement | None) -> _Row:
    """Return debts against equity, and what can be paid at once."""
    return {
        "debt_pct": _part(one.debts, one.equity),
        "borrowings_pct": _part(one.other_debts, one.assets),
        "current_ratio_pct": _part(one.current_assets, one.current_debts),
        "quick_ratio_pct": _part(round(one.current_assets * 0.7), one.current_debts),
    }


def growth_ratio(one: Statement, before: Statement | None) -> _Row:
    """Return growth on the year before."""
    return {
        **_growth(one, before),
        "equity_growth_pct": _grown(one.equity, before.equity if before else 0),
        "asset_growth_pct": _grown(one.assets, before.assets if before else 0),
    }


def _growth(one: Statement, before: Statement | None) -> _Row:
    return {
        "sales_growth_pct": _grown(one.sales, before.sales if before else 0),
        "operating_growth_pct": _grown(one.operating, before.operating if before else 0),
    }


def _grown(now: int, before: int) -> float:
    return 100 * (now - before) / abs(before) if before else 0.0


def _part(amount: int, whole: int) -> float:
    return 100 * amount / whole if whole else 0.0
