"""A covariance estimator by its name, as a parameter of a report gives it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd

from sillok.errors import ConfigError
from sillok.measures import TRADING_DAYS
from sillok.risk.covariance import Covariance, exponential_covariance, sample_covariance
from sillok.risk.gerber import gerber_covariance
from sillok.risk.shrinkage import ledoit_wolf
from sillok.risk.spectrum import denoised_covariance, nonlinear_shrinkage

__all__ = ["ESTIMATORS", "estimate_covariance"]

# Sixty sessions: the newest quarter weighs as much as all that went before.
HALFLIFE = 60.0

_BY_NAME: dict[str, Callable[..., Covariance]] = {
    "sample": sample_covariance,
    "constant_correlation": partial(ledoit_wolf, target="constant_correlation"),
    "identity": partial(ledoit_wolf, target="identity"),
    "single_factor": partial(ledoit_wolf, target="single_factor"),
    "exponential": partial(exponential_covariance, halflife=HALFLIFE),
    "nonlinear": nonlinear_shrinkage,
    "denoised": denoised_covariance,
    "gerber": gerber_covariance,
}
ESTIMATORS = tuple(_BY_NAME)


def estimate_covariance(
    returns: pd.DataFrame, *, estimator: str, periods_per_year: int = TRADING_DAYS
) -> Covariance:
    """Estimate by name, with each estimator's defaults: the exponential weights halve every 60 rows.

    Raises
    ------
    ConfigError
        If there is no such estimator; the message lists them.
    DataError
        As the estimator itself.
    """
    if estimator not in _BY_NAME:
        raise ConfigError(f"no estimator {estimator!r}; choose one of {', '.join(ESTIMATORS)}")
    return _BY_NAME[estimator](returns, periods_per_year=periods_per_year)
