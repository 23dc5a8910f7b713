"""Risk parity and budgets on labels: met exactly, bent by limits, and refused with names."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest

from sillok.errors import ConfigError, DataError, InfeasibleError
from sillok.portfolio import Data, GroupLimit, Limits, minimum_variance, risk_budgeting, risk_parity
from sillok.risk import Covariance, FactorCovariance, risk_contributions

NAMES = [f"{i:06d}" for i in range(8)]


def market(seed: int = 0) -> Data:
    rng = np.random.default_rng(seed)
    F = rng.normal(0.15, 0.05, (8, 2))
    S = F @ F.T + np.diag(rng.uniform(0.01, 0.06, 8))
    return Data(
        pd.DataFrame((S + S.T) / 2, NAMES, NAMES), industry=pd.Series(list("가가나나나다다다"), NAMES)
    )


def share(data: Data, w: pd.Series) -> pd.Series:
    parts = risk_contributions(w, data.Sigma)
    return parts / parts.sum()


def test_each_issue_carries_the_same_risk() -> None:
    found = risk_parity(market())
    np.testing.assert_allclose(share(market(), found.weights), 1 / 8, rtol=1e-8)
    assert found.gap <= 1e-9
    assert found.method == "coordinate descent"


def test_budgets_are_met_and_loose_limits_change_nothing() -> None:
    data, b = market(), pd.Series(np.arange(1, 9) / 36, NAMES)
    plain = risk_budgeting(data, b)
    np.testing.assert_allclose(share(data, plain.weights), b, rtol=1e-8)
    loose = risk_budgeting(data, b, Limits(max_weight=0.9, max_industry=0.95, max_vol_annual=1.0))
    pd.testing.assert_series_equal(loose.weights, plain.weights)
    half = risk_budgeting(data, b, Limits(budget=0.5))
    np.testing.assert_allclose(half.weights, plain.weights / 2, rtol=1e-12)
    assert half.vol_annual == pytest.approx(plain.vol_annual / 2)


def test_every_kind_of_covariance_is_taken() -> None:
    data = market()
    named = Covariance(data.Sigma, "sample", 0.0, 100, 252)
    np.testing.assert_allclose(risk_parity(Data(named)).weights, risk_parity(data).weights, rtol=1e-9)
    factors = FactorCovariance(
        pd.DataFrame(0.2, NAMES, ["시장"]), pd.DataFrame([[1.0]], ["시장"], ["시장"]), pd.Series(0.01, NAMES)
    )
    np.testing.assert_allclose(risk_parity(Data(factors)).weights, 1 / 8, rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_limits_that_bind_are_kept_exactly_and_named(seed: int) -> None:
    data = market(seed)
    plain = risk_parity(data).weights
    cap = float(plain.sort_values().iloc[-2])
    found = risk_parity(data, Limits(max_weight=cap, min_weight=0.02))
    assert found.weights.max() <= cap + 1e-12
    assert found.weights.sum() == pytest.approx(1, abs=1e-13)
    assert found.binding == (f"max_weight {plain.idxmax()}",) or len(found.binding) > 1
    assert "Newton" in found.method
    # Those that no limit holds still share alike.
    free = [n for n in NAMES if f"max_weight {n}" not in found.binding]
    parts = share(data, found.weights)[free]
    assert np.ptp(parts) < 1e-9


def test_groups_and_risk_bend_the_shares() -> None:
    data = market()
    held = risk_parity(data, Limits(groups=(GroupLimit("앞", tuple(NAMES[:2]), high=0.15),)))
    assert held.weights.iloc[:2].sum() == pytest.approx(0.15, abs=1e-12)
    assert held.binding == ("group 앞",)
    calm = risk_parity(data).vol_annual * 0.97
    capped = risk_parity(data, Limits(max_vol_annual=calm))
    assert capped.vol_annual == pytest.approx(calm, rel=1e-5)
    assert capped.binding == ("vol",)


def test_what_cannot_be_budgeted_is_refused_with_names() -> None:
    data = market()
    with pytest.raises(ConfigError, match=r"must be positive, not so for \['000003'\]"):
        risk_budgeting(data, pd.Series([0.2, 0.2, 0.2, 0.0, 0.1, 0.1, 0.1, 0.1], NAMES))
    with pytest.raises(ConfigError, match=r"add up to 0\.8"):
        risk_budgeting(data, pd.Series(0.1, NAMES))
    with pytest.raises(DataError, match="not on the same labels"):
        risk_budgeting(data, pd.Series(1 / 7, NAMES[1:]))
    still = data.Sigma.copy()
    still.loc["000002"] = still["000002"] = 0.0
    with pytest.raises(DataError, match=r"never move.*000002"):
        risk_parity(Data(still))
    bad = pd.DataFrame([[1.0, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]], NAMES[:3], NAMES[:3])
    with pytest.raises(DataError, match="not positive semidefinite"):
        risk_parity(Data(bad))


def test_limits_that_cannot_be_taken_or_kept_are_refused() -> None:
    data = market()
    with pytest.raises(ConfigError, match="take no costs"):
        risk_parity(data, Limits(linear_cost=0.001))
    with pytest.raises(InfeasibleError):
        risk_parity(data, Limits(max_industry=0.3))
    with pytest.raises(InfeasibleError, match="max_gross"):
        risk_parity(data, Limits(max_gross=0.9))


def test_of_many_issues_a_pair_that_cannot_be_is_named() -> None:
    names = [str(i) for i in range(80)]
    S = pd.DataFrame(np.full((80, 80), 0.01) + 0.03 * np.eye(80), names, names)
    assert risk_parity(Data(S)).weights.iloc[0] == pytest.approx(1 / 80)
    S.loc["7", "70"] = S.loc["70", "7"] = 0.05
    with pytest.raises(DataError, match="not positive semidefinite") as caught:
        risk_parity(Data(S))
    assert {"7", "70"} <= set(caught.value.detail["symbols"])


@pytest.mark.parametrize("N", [65, 100, 300])
def test_issues_that_cannot_be_together_are_refused_among_many_good_ones(N: int) -> None:
    """Every pair is fair, and the answer would share its risk out: only the whole matrix tells."""
    rng = np.random.default_rng(N)
    B = rng.normal(0.15, 0.05, (N, 2))
    S = B @ B.T + np.diag(rng.uniform(0.02, 0.1, N))
    S[:3, :] = S[:, :3] = 0.0
    S[:3, :3] = 0.04 * np.array([[1.0, 0.9, 0.2], [0.9, 1.0, 0.9], [0.2, 0.9, 1.0]])
    names = [f"{i:06d}" for i in range(N)]
    with pytest.raises(DataError, match="not positive semidefinite") as caught:
        risk_parity(Data(pd.DataFrame((S + S.T) / 2, names, names)))
    assert {"000000", "000001", "000002"} <= set(caught.value.detail["symbols"])


@pytest.mark.parametrize("seed", range(6))
def test_what_no_limit_holds_still_shares_its_risk_as_budgeted(seed: int) -> None:
    random = np.random.default_rng(seed)
    names = pd.Index([f"{k:06d}" for k in range(8)])
    X = random.normal(0, 0.2, (8, 16)) / 4
    data = Data(pd.DataFrame(X @ X.T, names, names), industry=pd.Series(list("aaabbccc"), names))
    budgets = pd.Series(random.dirichlet(np.full(8, 5.0)), names)
    limits = Limits(max_weight=0.2, max_industry=0.45)
    found = risk_budgeting(data, budgets, limits)
    assert found.gap <= 1e-9
    held = {name.split()[-1] for name in found.binding}
    of_held_industry = data.industry.isin(held) if data.industry is not None else False
    free = ~(names.isin(held) | np.asarray(of_held_industry))
    parts = (found.weights * (data.matrix() @ found.weights) / budgets)[free]
    assert len(parts) >= 2
    np.testing.assert_allclose(parts, parts.mean(), rtol=1e-9)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", ["turnover", "vol", "tracking", "twice the same row"])
def test_limits_that_are_no_rows_or_say_the_same_twice_are_kept_to_rounding(seed: int, kind: str) -> None:
    random = np.random.default_rng(seed)
    names = pd.Index([f"{k:06d}" for k in range(6)])
    X = random.normal(0, 0.2, (6, 12)) / 4
    data = Data(
        pd.DataFrame(X @ X.T, names, names),
        previous=pd.Series([0.5, 0.5, 0, 0, 0, 0], names),
        benchmark=pd.Series([0.3, 0.3, 0.1, 0.1, 0.1, 0.1], names),
    )
    plain = risk_parity(data)
    low = minimum_variance(data, Limits(min_weight=0.01)).vol_annual
    held = float((plain.weights[:3]).sum()) + 0.05
    limits = {
        "turnover": Limits(max_turnover=0.6),
        "vol": Limits(max_vol_annual=0.5 * (low + plain.vol_annual)),
        "tracking": Limits(max_tracking_annual=0.5 * float(plain.tracking_annual or 0)),
        "twice the same row": Limits(
            groups=tuple(GroupLimit(name, tuple(names[:3]), low=held) for name in ("one", "other"))
        ),
    }[kind]
    found = risk_parity(data, limits)
    w = found.weights
    assert found.gap <= 1e-9
    assert w.sum() == pytest.approx(1, abs=1e-12)
    assert float((w - data.previous).abs().sum()) <= float(limits.max_turnover or np.inf) + 1e-12
    assert found.vol_annual <= float(limits.max_vol_annual or np.inf) + 1e-12
    assert float(found.tracking_annual or 0) <= float(limits.max_tracking_annual or np.inf) + 1e-12
    assert float(w[:3].sum()) >= (held if limits.groups else 0.0) - 1e-12


@pytest.mark.parametrize("seed", [1, 2, 4, 7])  # where a cap holds
@pytest.mark.parametrize(
    "kinds", [("vol",), ("tracking",), ("vol", "tracking"), ("vol", "weight"), ("tracking", "row")]
)
def test_caps_alone_and_with_rows_are_those_of_the_statement_on_the_cone(
    seed: int, kinds: tuple[str, ...]
) -> None:
    random = np.random.default_rng(100 + seed)
    names = pd.Index([f"{k:06d}" for k in range(6)])
    X = random.normal(0, 0.2, (6, 12)) / 4
    P, m, b = X @ X.T, np.array([0.3, 0.3, 0.1, 0.1, 0.1, 0.1]), random.dirichlet(np.full(6, 4.0))
    data = Data(pd.DataFrame(P, names, names), benchmark=pd.Series(m, names))
    plain = risk_budgeting(data, pd.Series(b, names))
    calm = minimum_variance(data, Limits(min_weight=0.01)).weights
    within = (
        0.35 * plain.weights + 0.35 * calm + 0.3 * m
    ).to_numpy()  # keeps all of the limits, so that they can be kept
    vol = 1.01 * float(np.sqrt(within @ P @ within))
    off = 1.01 * float(np.sqrt((within - m) @ P @ (within - m)))
    top, first = 1.01 * float(within.max()), 0.99 * float(within[:2].sum())
    x = cp.Variable(6)
    s, held, limits = cp.sum(x), [], Limits()
    if "vol" in kinds:
        limits = replace(limits, max_vol_annual=vol)
        held.append(cp.norm(X.T @ x) <= vol * s)
    if "tracking" in kinds:
        limits = replace(limits, max_tracking_annual=off)
        held.append(cp.norm(X.T @ (x - m * s)) <= off * s)
    if "weight" in kinds:
        limits = replace(limits, max_weight=top)
        held.append(x <= top * s)
    if "row" in kinds:
        limits = replace(limits, groups=(GroupLimit("two", tuple(names[:2]), low=first),))
        held.append(x[0] + x[1] >= first * s)
    problem = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(X.T @ x) / P.trace() * 6 - b @ cp.log(x)), held)
    problem.solve(solver=cp.CLARABEL)
    found = risk_budgeting(data, pd.Series(b, names), limits)
    assert {"vol", "tracking"} & set(kinds) & set(found.binding)
    assert found.gap <= 1e-9
    np.testing.assert_allclose(found.weights, x.value / x.value.sum(), atol=1e-4)  # the solver's own accuracy

    def value(w: np.ndarray) -> float:
        return 0.5 * np.log(w @ P @ w) - b @ np.log(w)

    assert value(found.weights.to_numpy()) <= value(x.value / x.value.sum()) + 1e-7
