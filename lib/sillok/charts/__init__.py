"""Figures and tables for people: Korean labels, a real Korean font, as-of and source on each."""

from sillok.charts.checks import check_table, describe_check
from sillok.charts.frontier import frontier_chart, limit_chart, mix_chart
from sillok.charts.html import Column, Html, cards, note, table
from sillok.charts.issuers import flows_chart, ratio_chart, valuation_chart
from sillok.charts.market import breadth_chart, index_chart, industry_heat, movers_chart
from sillok.charts.orders import costs_chart, orders_chart
from sillok.charts.plans import plan_chart, views_chart
from sillok.charts.portfolio import holdings_chart, industry_chart, wealth_chart
from sillok.charts.risk import correlation_map, forecast_chart, spectrum_chart
from sillok.charts.style import Chart, Stamp, style
from sillok.charts.tail import drawdown_chart, loss_chart
from sillok.charts.text import count, multiple, percent, points, signed_percent, won, won_short

__all__ = [
    "Chart",
    "Column",
    "Html",
    "Stamp",
    "breadth_chart",
    "cards",
    "check_table",
    "correlation_map",
    "costs_chart",
    "count",
    "describe_check",
    "drawdown_chart",
    "flows_chart",
    "forecast_chart",
    "frontier_chart",
    "holdings_chart",
    "index_chart",
    "industry_chart",
    "industry_heat",
    "limit_chart",
    "loss_chart",
    "mix_chart",
    "movers_chart",
    "multiple",
    "note",
    "orders_chart",
    "percent",
    "plan_chart",
    "points",
    "ratio_chart",
    "signed_percent",
    "spectrum_chart",
    "style",
    "table",
    "valuation_chart",
    "views_chart",
    "wealth_chart",
    "won",
    "won_short",
]
