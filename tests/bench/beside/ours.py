"""The library, called as a researcher calls it: labelled inputs in, `Data` made anew each time, labelled weights out."""

from __future__ import annotations

import pandas as pd

from sillok import portfolio, risk
from sillok.portfolio import Data
from sillok.risk import FactorCovariance
from tests.bench.beside.peers import Inputs

__all__ = [
    "corners",
    "cvar",
    "frontier",
    "ledoit_wolf",
    "minimum_variance",
    "risk_parity",
    "sharpe",
    "utility",
]


def _data(inputs: Inputs) -> Data:
    if inputs.Sigma is not None:
        return Data(Sigma=inputs.Sigma if inputs.estimate is None else inputs.estimate, mu=inputs.mu)
    Sigma = FactorCovariance(
        loadings=inputs.loadings,
        factor_covariance=inputs.factor_covariance,
        specific_variance=inputs.specific_variance,
        estimator="stated",
        observations=1,
        periods_per_year=252,
    )
    return Data(Sigma=Sigma, mu=inputs.mu)


def minimum_variance(inputs: Inputs) -> pd.Series:
    return portfolio.minimum_variance(_data(inputs)).weights


def utility(inputs: Inputs, *, risk_aversion: float) -> pd.Series:
    return portfolio.mean_variance(_data(inputs), risk_aversion=risk_aversion).weights


def sharpe(inputs: Inputs, *, risk_free: float) -> pd.Series:
    return portfolio.maximum_sharpe(_data(inputs), risk_free_annual=risk_free).weights


def frontier(inputs: Inputs, *, points: int) -> pd.DataFrame:
    return portfolio.efficient_frontier(_data(inputs), points=points).portfolios


def corners(inputs: Inputs) -> pd.DataFrame:
    """Return the portfolios between which the frontier is straight: what its points are judged by."""
    return portfolio.efficient_frontier(_data(inputs)).corners


def cvar(inputs: Inputs, *, level: float) -> pd.Series:
    return portfolio.minimum_cvar(inputs.returns, level=level).weights


def risk_parity(inputs: Inputs) -> pd.Series:
    return portfolio.risk_parity(_data(inputs)).weights


def ledoit_wolf(inputs: Inputs, *, target: str) -> pd.DataFrame:
    return risk.ledoit_wolf(inputs.returns, target=target, periods_per_year=1).matrix
