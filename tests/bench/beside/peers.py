"""The peers, each called as its own documentation says and in the form that is fastest for the inputs given.

Every function takes labelled inputs and gives weights on the labels. Inputs that a peer cannot take directly are
handed over by its own extension point, built within the measured call: skfolio gets a prior that states the
moments (its `FactorModel` where the covariance has factors), Riskfolio-Lib its `mu` and `cov` attributes.
"""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
import pandas as pd
import riskfolio
from pypfopt import CLA, EfficientCVaR, EfficientFrontier
from pypfopt.risk_models import CovarianceShrinkage
from skfolio import RiskMeasure
from skfolio.moments import LedoitWolf
from skfolio.optimization import MeanRisk, ObjectiveFunction, RiskBudgeting
from skfolio.prior import BasePrior, FactorModel, ReturnDistribution

from sillok.risk import Covariance

# ---- inputs as the rows hand them over ----


class Inputs:
    """What a row gives to everyone: frames of labels, and the factors where there are any."""

    def __init__(
        self,
        *,
        Sigma: pd.DataFrame | None = None,
        mu: pd.Series | None = None,
        loadings: pd.DataFrame | None = None,
        factor_covariance: pd.DataFrame | None = None,
        specific_variance: pd.Series | None = None,
        returns: pd.DataFrame | None = None,
        estimate: Covariance | None = None,
    ) -> None:
        self.Sigma = Sigma
        self.estimate = estimate  # the library's own, whose matrix is Sigma
        self.mu = mu
        self.loadings = loadings
        self.factor_covariance = factor_covariance
        self.specific_variance = specific_variance
        self.returns = returns

    def copy(self) -> Inputs:
        return Inputs(**{k: v.copy() if hasattr(v, "copy") else v for k, v in vars(self).items()})

    @property
    def labels(self) -> pd.Index:
        frame = next(v for v in (self.Sigma, self.loadings, self.returns) if v is not None)
        return frame.columns if frame is self.returns else frame.index

    def covariance(self) -> pd.DataFrame:
        """Return the dense matrix, which a peer without factors needs to have made."""
        if self.Sigma is not None:
            return self.Sigma
        B, F = self.loadings.to_numpy(), self.factor_covariance.to_numpy()
        Sigma = B @ F @ B.T
        Sigma[np.diag_indices_from(Sigma)] += self.specific_variance.to_numpy()
        return pd.DataFrame(Sigma, self.labels, self.labels)

    def root(self) -> list[np.ndarray]:
        """Return R_i with sum R_i'R_i = Sigma; the specific part as a vector."""
        if self.Sigma is not None:
            return [np.linalg.cholesky(self.Sigma.to_numpy()).T]
        half = np.linalg.cholesky(self.factor_covariance.to_numpy())
        return [half.T @ self.loadings.to_numpy().T, np.sqrt(self.specific_variance.to_numpy())]


# ---- skfolio ----


class StatedPrior(BasePrior):
    """A prior that says the moments it was given."""

    def __init__(self, inputs: Inputs | None = None) -> None:
        self.inputs = inputs

    def get_metadata_routing(self) -> Any:
        from sklearn.utils.metadata_routing import MetadataRouter

        return MetadataRouter(owner=self.__class__.__name__)

    def fit(self, X: Any, y: Any = None, **params: Any) -> StatedPrior:
        data = self.inputs
        N = len(data.labels)
        model = None
        if data.loadings is not None:
            K = data.loadings.shape[1]
            model = FactorModel(
                observations=np.arange(len(X)),
                asset_names=np.asarray(data.labels),
                factor_names=np.asarray(data.loadings.columns),
                factor_families=None,
                loading_matrix=data.loadings.to_numpy(),
                exposures=None,
                factor_covariance=data.factor_covariance.to_numpy(),
                factor_mu=np.zeros(K),
                factor_returns=None,
                idio_covariance=data.specific_variance.to_numpy(),
                idio_mu=None,
                idio_returns=None,
                idio_variances=None,
            )
        self.return_distribution_ = ReturnDistribution(
            mu=np.zeros(N) if data.mu is None else data.mu.to_numpy(),
            covariance=data.covariance().to_numpy(),
            returns=np.asarray(X),
            factor_model=model,
        )
        return self


def _skfolio(inputs: Inputs, model: Any) -> pd.Series:
    # skfolio fits on returns; where the moments are stated, two days of nothing carry the labels.
    X = pd.DataFrame(np.zeros((2, len(inputs.labels))), columns=inputs.labels)
    model.fit(X)
    return pd.Series(model.weights_, inputs.labels)


def skfolio_minimum_variance(inputs: Inputs) -> pd.Series:
    return _skfolio(inputs, MeanRisk(prior_estimator=StatedPrior(inputs)))


def skfolio_utility(inputs: Inputs, *, risk_aversion: float) -> pd.Series:
    # skfolio's utility is mu'w - a w'Sigma w, without the half.
    model = MeanRisk(
        objective_function=ObjectiveFunction.MAXIMIZE_UTILITY,
        risk_aversion=risk_aversion / 2,
        prior_estimator=StatedPrior(inputs),
    )
    return _skfolio(inputs, model)


def skfolio_sharpe(inputs: Inputs, *, risk_free: float) -> pd.Series:
    model = MeanRisk(
        objective_function=ObjectiveFunction.MAXIMIZE_RATIO,
        risk_free_rate=risk_free,
        prior_estimator=StatedPrior(inputs),
    )
    return _skfolio(inputs, model)


def skfolio_frontier(inputs: Inputs, *, points: int) -> pd.DataFrame:
    X = pd.DataFrame(np.zeros((2, len(inputs.labels))), columns=inputs.labels)
    model = MeanRisk(efficient_frontier_size=points, prior_estimator=StatedPrior(inputs)).fit(X)
    return pd.DataFrame(model.weights_, columns=inputs.labels)


def skfolio_cvar(inputs: Inputs, *, level: float) -> pd.Series:
    model = MeanRisk(risk_measure=RiskMeasure.CVAR, cvar_beta=level).fit(inputs.returns)
    return pd.Series(model.weights_, inputs.labels)


def skfolio_risk_parity(inputs: Inputs) -> pd.Series:
    return _skfolio(inputs, RiskBudgeting(prior_estimator=StatedPrior(inputs)))


def skfolio_ledoit_wolf(inputs: Inputs) -> pd.DataFrame:
    return pd.DataFrame(LedoitWolf().fit(inputs.returns).covariance_, inputs.labels, inputs.labels)


# ---- PyPortfolioOpt ----


def pypfopt_minimum_variance(inputs: Inputs) -> pd.Series:
    return pd.Series(EfficientFrontier(None, inputs.covariance()).min_volatility())


def pypfopt_utility(inputs: Inputs, *, risk_aversion: float) -> pd.Series:
    return pd.Series(
        EfficientFrontier(inputs.mu, inputs.covariance()).max_quadratic_utility(risk_aversion=risk_aversion)
    )


def pypfopt_sharpe(inputs: Inputs, *, risk_free: float) -> pd.Series:
    return pd.Series(EfficientFrontier(inputs.mu, inputs.covariance()).max_sharpe(risk_free_rate=risk_free))


def pypfopt_frontier(inputs: Inputs, *, points: int) -> pd.DataFrame:
    """One object, its target return a parameter from the second point on, as its plotting does."""
    Sigma = inputs.covariance()
    least = pd.Series(EfficientFrontier(inputs.mu, Sigma).min_volatility())
    low, high = float(least @ inputs.mu), float(inputs.mu.max())
    model = EfficientFrontier(inputs.mu, Sigma)
    rows = [pd.Series(model.efficient_return(r)) for r in np.linspace(low, high, points)[:-1]]
    best = pd.Series(0.0, inputs.labels)
    best[inputs.mu.idxmax()] = 1.0
    return pd.DataFrame([*rows, best])


def pypfopt_critical_line(inputs: Inputs, *, points: int) -> pd.DataFrame:
    """Its own critical line; fewer points than corners end in an error there, hence as many as it needs."""
    model = CLA(inputs.mu, inputs.covariance())
    _, _, weights = model.efficient_frontier(points=max(points, 4 * len(inputs.labels)))
    return pd.DataFrame(np.asarray(weights).reshape(len(weights), -1), columns=inputs.labels)


def pypfopt_cvar(inputs: Inputs, *, level: float) -> pd.Series:
    return pd.Series(EfficientCVaR(None, inputs.returns, beta=level).min_cvar())


def pypfopt_ledoit_wolf(inputs: Inputs, *, target: str) -> pd.DataFrame:
    # Frequency 1: a covariance a day, without a year's scaling.
    return CovarianceShrinkage(inputs.returns, returns_data=True, frequency=1).ledoit_wolf(target)


# ---- Riskfolio-Lib ----


def _riskfolio(inputs: Inputs) -> riskfolio.Portfolio:
    days = inputs.returns
    if days is None:
        days = pd.DataFrame(np.zeros((2, len(inputs.labels))), columns=inputs.labels)
    model = riskfolio.Portfolio(returns=days)
    model.mu = (inputs.mu if inputs.mu is not None else pd.Series(0.0, inputs.labels)).to_frame().T
    model.cov = (
        inputs.covariance()
        if inputs.returns is None
        else pd.DataFrame(np.eye(days.shape[1]), inputs.labels, inputs.labels)
    )
    return model


def riskfolio_minimum_variance(inputs: Inputs) -> pd.Series:
    return _riskfolio(inputs).optimization(model="Classic", rm="MV", obj="MinRisk")["weights"]


def riskfolio_utility(inputs: Inputs, *, risk_aversion: float) -> pd.Series:
    # Its utility for the measure MV is mu'w - l sqrt(w'Sigma w)^2: half of ours.
    return _riskfolio(inputs).optimization(model="Classic", rm="MV", obj="Utility", l=risk_aversion / 2)[
        "weights"
    ]


def riskfolio_sharpe(inputs: Inputs, *, risk_free: float) -> pd.Series:
    return _riskfolio(inputs).optimization(model="Classic", rm="MV", obj="Sharpe", rf=risk_free)["weights"]


def riskfolio_frontier(inputs: Inputs, *, points: int) -> pd.DataFrame:
    return _riskfolio(inputs).efficient_frontier(model="Classic", rm="MV", points=points).T


def riskfolio_cvar(inputs: Inputs, *, level: float) -> pd.Series:
    model = _riskfolio(inputs)
    model.alpha = 1 - level
    return model.optimization(model="Classic", rm="CVaR", obj="MinRisk")["weights"]


def riskfolio_risk_parity(inputs: Inputs) -> pd.Series:
    return _riskfolio(inputs).rp_optimization(model="Classic", rm="MV")["weights"]


# ---- cvxpy, written by hand and well ----


def _risk(inputs: Inputs, w: cp.Variable) -> cp.Expression:
    root = inputs.root()
    if len(root) == 1:
        return cp.sum_squares(root[0] @ w)
    return cp.sum_squares(root[0] @ w) + cp.sum_squares(cp.multiply(root[1], w))


def cvxpy_minimum_variance(inputs: Inputs) -> pd.Series:
    w = cp.Variable(len(inputs.labels), nonneg=True)
    cp.Problem(cp.Minimize(_risk(inputs, w)), [cp.sum(w) == 1]).solve(solver=cp.CLARABEL)
    return pd.Series(w.value, inputs.labels)


def cvxpy_utility(inputs: Inputs, *, risk_aversion: float) -> pd.Series:
    w = cp.Variable(len(inputs.labels), nonneg=True)
    value = inputs.mu.to_numpy() @ w - risk_aversion / 2 * _risk(inputs, w)
    cp.Problem(cp.Maximize(value), [cp.sum(w) == 1]).solve(solver=cp.CLARABEL)
    return pd.Series(w.value, inputs.labels)


def cvxpy_sharpe(inputs: Inputs, *, risk_free: float) -> pd.Series:
    y = cp.Variable(len(inputs.labels), nonneg=True)
    cp.Problem(cp.Minimize(_risk(inputs, y)), [(inputs.mu.to_numpy() - risk_free) @ y == 1]).solve(
        solver=cp.CLARABEL
    )
    return pd.Series(y.value / y.value.sum(), inputs.labels)


def cvxpy_frontier(inputs: Inputs, *, points: int) -> pd.DataFrame:
    """Stated once with the target return as a parameter, then solved again for each point."""
    mu = inputs.mu.to_numpy()
    w = cp.Variable(len(mu), nonneg=True)
    target = cp.Parameter()
    risk = _risk(inputs, w)
    problem = cp.Problem(cp.Minimize(risk), [cp.sum(w) == 1, mu @ w >= target])
    target.value = float(mu.min())
    problem.solve(solver=cp.CLARABEL)
    rows = []
    for value in np.linspace(mu @ w.value, mu.max(), points):
        target.value = value
        problem.solve(solver=cp.CLARABEL)
        rows.append(w.value.copy())
    return pd.DataFrame(rows, columns=inputs.labels)


def cvxpy_cvar(inputs: Inputs, *, level: float) -> pd.Series:
    """Rockafellar and Uryasev's linear programme, through HiGHS."""
    R = inputs.returns.to_numpy()
    w, a, u = cp.Variable(R.shape[1], nonneg=True), cp.Variable(), cp.Variable(len(R), nonneg=True)
    value = a + cp.sum(u) / ((1 - level) * len(R))
    cp.Problem(cp.Minimize(value), [cp.sum(w) == 1, u >= -R @ w - a]).solve(solver=cp.HIGHS)
    return pd.Series(w.value, inputs.labels)


def cvxpy_risk_parity(inputs: Inputs) -> pd.Series:
    N = len(inputs.labels)
    y = cp.Variable(N)
    cp.Problem(cp.Minimize(_risk(inputs, y) / 2 - cp.sum(cp.log(y)) / N)).solve(solver=cp.CLARABEL)
    return pd.Series(y.value / y.value.sum(), inputs.labels)
