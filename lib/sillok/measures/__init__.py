"""Pure numbers on prices and returns: no disk, no network, no clock."""

from sillok.measures.breadth import Breadth, count_breadth, limit_moves
from sillok.measures.dispersion import tracking_error, volatility
from sillok.measures.losses import drawdowns, expected_shortfall, max_drawdown, value_at_risk
from sillok.measures.returns import TRADING_DAYS, annual_return, log_returns, simple_returns, wealth

__all__ = [
    "TRADING_DAYS",
    "Breadth",
    "annual_return",
    "count_breadth",
    "drawdowns",
    "expected_shortfall",
    "limit_moves",
    "log_returns",
    "max_drawdown",
    "simple_returns",
    "tracking_error",
    "value_at_risk",
    "volatility",
    "wealth",
]
