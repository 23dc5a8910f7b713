"""Portfolios: choose a universe, solve for weights under named limits, turn weights into whole-share orders."""

from sillok.portfolio.budgeting import risk_budgeting, risk_parity
from sillok.portfolio.costs import price_limits, settlement_tax_rate, tick_down, tick_size, tick_up
from sillok.portfolio.data import Data, ExposureLimit, GroupLimit, Limits, Solution
from sillok.portfolio.frontier import Frontier, efficient_frontier
from sillok.portfolio.hierarchical import hierarchical_equal_risk, hierarchical_risk_parity, nested_clusters
from sillok.portfolio.integer import few_names
from sillok.portfolio.mean_variance import (
    maximum_sharpe,
    mean_variance,
    minimum_variance,
    target_return,
    target_risk,
    track_benchmark,
)
from sillok.portfolio.multiperiod import TradePlan, multi_period
from sillok.portfolio.orders import OrderPlan, plan_orders
from sillok.portfolio.robust import Box, Ellipsoid, RobustSolution, worst_case
from sillok.portfolio.scenarios import Scenarios
from sillok.portfolio.solve import Engine
from sillok.portfolio.tail import TailSolution, minimum_cdar, minimum_cvar, minimum_evar, minimum_mad
from sillok.portfolio.tail_target import target_cvar
from sillok.portfolio.terms import Terms
from sillok.portfolio.universe import Universe, select_universe
from sillok.portfolio.walk import Walk, walk, walk_forward

__all__ = [
    "Box",
    "Data",
    "Ellipsoid",
    "Engine",
    "ExposureLimit",
    "Frontier",
    "GroupLimit",
    "Limits",
    "OrderPlan",
    "RobustSolution",
    "Scenarios",
    "Solution",
    "TailSolution",
    "Terms",
    "TradePlan",
    "Universe",
    "Walk",
    "efficient_frontier",
    "few_names",
    "hierarchical_equal_risk",
    "hierarchical_risk_parity",
    "maximum_sharpe",
    "mean_variance",
    "minimum_cdar",
    "minimum_cvar",
    "minimum_evar",
    "minimum_mad",
    "minimum_variance",
    "multi_period",
    "nested_clusters",
    "plan_orders",
    "price_limits",
    "risk_budgeting",
    "risk_parity",
    "select_universe",
    "settlement_tax_rate",
    "target_cvar",
    "target_return",
    "target_risk",
    "tick_down",
    "tick_size",
    "tick_up",
    "track_benchmark",
    "walk",
    "walk_forward",
    "worst_case",
]
