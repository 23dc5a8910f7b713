"""Covariance, expected returns and what a portfolio's risk is made of: no disk, no network, no clock."""

from sillok.risk.contributions import AnyCovariance, portfolio_volatility, risk_contributions
from sillok.risk.covariance import Covariance, exponential_covariance, sample_covariance
from sillok.risk.entropy import MeanView, QuantileView, VarianceView, entropy_pooling, rank_views
from sillok.risk.estimators import ESTIMATORS, estimate_covariance
from sillok.risk.expected import ShrunkReturns, equilibrium_returns, mean_returns, shrunk_returns
from sillok.risk.factor_models import fundamental_factors, statistical_factors, time_series_factors
from sillok.risk.factors import FactorCovariance
from sillok.risk.gerber import gerber_covariance
from sillok.risk.shrinkage import ledoit_wolf
from sillok.risk.spectrum import Spectrum, denoised_covariance, noise_spectrum, nonlinear_shrinkage
from sillok.risk.views import Posterior, View, black_litterman

__all__ = [
    "ESTIMATORS",
    "AnyCovariance",
    "Covariance",
    "FactorCovariance",
    "MeanView",
    "Posterior",
    "QuantileView",
    "ShrunkReturns",
    "Spectrum",
    "VarianceView",
    "View",
    "black_litterman",
    "denoised_covariance",
    "entropy_pooling",
    "equilibrium_returns",
    "estimate_covariance",
    "exponential_covariance",
    "fundamental_factors",
    "gerber_covariance",
    "ledoit_wolf",
    "mean_returns",
    "noise_spectrum",
    "nonlinear_shrinkage",
    "portfolio_volatility",
    "rank_views",
    "risk_contributions",
    "sample_covariance",
    "shrunk_returns",
    "statistical_factors",
    "time_series_factors",
]
