"""Covariance estimators and what a portfolio's risk is made of: no disk, no network, no clock."""

from sillok.risk.contributions import portfolio_volatility, risk_contributions
from sillok.risk.covariance import Covariance, estimate_covariance, ledoit_wolf, sample_covariance

__all__ = [
    "Covariance",
    "estimate_covariance",
    "ledoit_wolf",
    "portfolio_volatility",
    "risk_contributions",
    "sample_covariance",
]
