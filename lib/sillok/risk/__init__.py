"""Covariance estimators and what a portfolio's risk is made of: no disk, no network, no clock."""

from sillok.risk.contributions import AnyCovariance, portfolio_volatility, risk_contributions
from sillok.risk.covariance import Covariance, estimate_covariance, ledoit_wolf, sample_covariance
from sillok.risk.factors import FactorCovariance

__all__ = [
    "AnyCovariance",
    "Covariance",
    "FactorCovariance",
    "estimate_covariance",
    "ledoit_wolf",
    "portfolio_volatility",
    "risk_contributions",
    "sample_covariance",
]
