"""Black and Litterman: the tables of two papers, and the laws of blending."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import ConfigError, DataError
from sillok.risk import Posterior, View, black_litterman, equilibrium_returns, statistical_factors
from tests.risk.samples import draw

# He and Litterman (1999), "The intuition behind Black-Litterman model portfolios": tables 1 and 2, footnote 3.
COUNTRIES = ["AUL", "CAN", "FRA", "GER", "JPN", "UKG", "USA"]
CORRELATION = [
    [1.000, 0.488, 0.478, 0.515, 0.439, 0.512, 0.491],
    [0.488, 1.000, 0.664, 0.655, 0.310, 0.608, 0.779],
    [0.478, 0.664, 1.000, 0.861, 0.355, 0.783, 0.668],
    [0.515, 0.655, 0.861, 1.000, 0.354, 0.777, 0.653],
    [0.439, 0.310, 0.355, 0.354, 1.000, 0.405, 0.306],
    [0.512, 0.608, 0.783, 0.777, 0.405, 1.000, 0.652],
    [0.491, 0.779, 0.668, 0.653, 0.306, 0.652, 1.000],
]
VOLATILITY = np.array([0.160, 0.203, 0.248, 0.271, 0.210, 0.200, 0.187])
WORLD = pd.DataFrame(np.array(CORRELATION) * np.outer(VOLATILITY, VOLATILITY), COUNTRIES, COUNTRIES)
MARKET = pd.Series([0.016, 0.022, 0.052, 0.055, 0.116, 0.124, 0.615], COUNTRIES)
DELTA = 2.5
EUROPE = MARKET["FRA"] + MARKET["UKG"]
GERMANY = View(
    {"GER": 1.0, "FRA": -MARKET["FRA"] / EUROPE, "UKG": -MARKET["UKG"] / EUROPE}, 0.05, name="Germany"
)
CANADA = View({"CAN": 1.0, "USA": -1.0}, 0.03, name="Canada")
MORE_CANADA = View({"CAN": 1.0, "USA": -1.0}, 0.04, name="Canada")


def of_the_world(views: Sequence[View]) -> tuple[list[float], list[float]]:
    """Return expected returns and the best weights, both in per cent, as the paper's tables print them."""
    prior = equilibrium_returns(WORLD, MARKET, risk_aversion=DELTA)
    found = black_litterman(prior, WORLD, views, tau=0.05)
    return list(found.mu * 100), list(100 * np.linalg.solve(DELTA * found.Sigma, found.mu))


def test_he_and_littermans_equilibrium() -> None:
    found = equilibrium_returns(WORLD, MARKET, risk_aversion=DELTA)
    np.testing.assert_allclose(found * 100, [3.9, 6.9, 8.4, 9.0, 4.3, 6.8, 7.6], atol=0.05)


@pytest.mark.parametrize(
    ("views", "mu", "weights"),
    [
        # Table 4: Germany beats the rest of Europe by 5 % a year.
        ([GERMANY], [4.3, 7.6, 9.3, 11.0, 4.5, 7.0, 8.1], [1.5, 2.1, -4.0, 35.4, 11.0, -9.5, 58.6]),
        # Table 5: and Canada the United States by 3 %.
        ([GERMANY, CANADA], [4.4, 8.7, 9.5, 11.2, 4.6, 7.0, 7.5], [1.5, 41.9, -3.4, 33.6, 11.0, -8.2, 18.8]),
        # Table 6: by 4 %.
        (
            [GERMANY, MORE_CANADA],
            [4.4, 9.1, 9.5, 11.3, 4.6, 7.0, 7.3],
            [1.5, 53.3, -3.3, 33.1, 11.0, -7.8, 7.3],
        ),
    ],
    ids=["table 4", "table 5", "table 6"],
)
def test_he_and_littermans_tables(views: list[View], mu: list[float], weights: list[float]) -> None:
    found = of_the_world(views)
    np.testing.assert_allclose(found[0], mu, atol=0.051)  # the inputs are printed to one or three digits
    np.testing.assert_allclose(found[1], weights, atol=0.06)


def test_he_and_littermans_table_7_doubles_the_doubt_of_a_view() -> None:
    prior = equilibrium_returns(WORLD, MARKET, risk_aversion=DELTA)
    omega = black_litterman(prior, WORLD, [GERMANY], tau=0.05).view_variance["Germany"]
    assert omega / 0.05 == pytest.approx(0.021, abs=5e-4)
    unsure = View(GERMANY.coefficients, 0.05, variance_annual=2 * omega)
    mu, weights = of_the_world([unsure, MORE_CANADA])
    np.testing.assert_allclose(mu, [4.3, 8.9, 9.3, 10.6, 4.6, 6.9, 7.2], atol=0.051)
    np.testing.assert_allclose(weights, [1.5, 53.9, -0.5, 23.6, 11.0, -1.1, 6.8], atol=0.06)


def test_he_and_littermans_table_8_a_view_that_is_implied_already_changes_no_weight() -> None:
    prior = equilibrium_returns(WORLD, MARKET, risk_aversion=DELTA)
    omega = black_litterman(prior, WORLD, [GERMANY], tau=0.05).view_variance["Germany"]
    views = [View(GERMANY.coefficients, 0.05, variance_annual=2 * omega), MORE_CANADA]
    _, weights = of_the_world([*views, View({"CAN": 1.0, "JPN": -1.0}, 0.0412)])
    np.testing.assert_allclose(weights, of_the_world(views)[1], atol=0.2)


# Idzorek (2005), "A step-by-step guide to the Black-Litterman model": tables 1, 2, 5 and 6, formulas 7 to 9.
CLASSES = ["US bonds", "Intl bonds", "US LG", "US LV", "US SG", "US SV", "Intl dev", "Intl emg"]
EXCESS = pd.DataFrame(
    [
        [0.001005, 0.001328, -0.000579, -0.000675, 0.000121, 0.000128, -0.000445, -0.000437],
        [0.001328, 0.007277, -0.001307, -0.000610, -0.002237, -0.000989, 0.001442, -0.001535],
        [-0.000579, -0.001307, 0.059852, 0.027588, 0.063497, 0.023036, 0.032967, 0.048039],
        [-0.000675, -0.000610, 0.027588, 0.029609, 0.026572, 0.021465, 0.020697, 0.029854],
        [0.000121, -0.002237, 0.063497, 0.026572, 0.102488, 0.042744, 0.039943, 0.065994],
        [0.000128, -0.000989, 0.023036, 0.021465, 0.042744, 0.032056, 0.019881, 0.032235],
        [-0.000445, 0.001442, 0.032967, 0.020697, 0.039943, 0.019881, 0.028355, 0.035064],
        [-0.000437, -0.001535, 0.048039, 0.029854, 0.065994, 0.032235, 0.035064, 0.079958],
    ],
    CLASSES,
    CLASSES,
)
CAPITALISATION = pd.Series([0.1934, 0.2613, 0.1209, 0.1209, 0.0134, 0.0134, 0.2418, 0.0349], CLASSES)
LAMBDA = 3.07
SPOKEN: list[tuple[dict[str, float], float]] = [
    ({"Intl dev": 1.0}, 0.0525),
    ({"Intl bonds": 1.0, "US bonds": -1.0}, 0.0025),
    ({"US LG": 0.9, "US SG": 0.1, "US LV": -0.9, "US SV": -0.1}, 0.02),
]


def of_idzorek(*confidences: float | None) -> tuple[Posterior, np.ndarray]:
    prior = equilibrium_returns(EXCESS, CAPITALISATION, risk_aversion=LAMBDA)
    views = [View(p, q, confidence=c) for (p, q), c in zip(SPOKEN, confidences, strict=True)]
    found = black_litterman(prior, EXCESS, views, tau=0.025)
    return found, np.linalg.solve(LAMBDA * EXCESS, found.mu)


def test_idzoreks_equilibrium() -> None:
    found = equilibrium_returns(EXCESS, CAPITALISATION, risk_aversion=LAMBDA)
    np.testing.assert_allclose(found * 100, [0.08, 0.67, 6.41, 4.08, 7.43, 3.70, 4.80, 6.60], atol=0.02)


def test_idzoreks_new_returns_and_weights() -> None:
    found, weights = of_idzorek(None, None, None)
    np.testing.assert_allclose(found.view_variance, [0.000709, 0.000141, 0.000866], atol=6e-7)
    np.testing.assert_allclose(found.mu * 100, [0.07, 0.50, 6.50, 4.32, 7.59, 3.94, 4.93, 6.84], atol=0.02)
    # The paper's risk aversion is "approximately 3.07".
    np.testing.assert_allclose(weights * 100, [29.88, 15.59, 9.35, 14.82, 1.04, 1.65, 27.81, 3.49], atol=0.05)


def test_idzoreks_implied_confidences() -> None:
    # The part of the way from the market's weight to the weight of a certain view: 32.94 %, 43.06 % and 33.02 %.
    _, blended = of_idzorek(None, None, None)
    _, certain = of_idzorek(1.0, 1.0, 1.0)
    np.testing.assert_allclose(certain * 100, [43.82, 1.65, 3.81, 20.37, 0.42, 2.26, 35.21, 3.49], atol=0.12)
    market = CAPITALISATION.to_numpy()
    gone = (blended - market)[[6, 0, 2]] / (certain - market)[[6, 0, 2]]
    np.testing.assert_allclose(gone, [0.3294, 0.4306, 0.3302], atol=0.005)


@given(st.floats(0.01, 0.99), st.integers(0, 1000))
@settings(max_examples=30)
def test_a_view_alone_goes_its_confidence_of_the_way(confidence: float, seed: int) -> None:
    Sigma, prior, view = problem(seed)
    said = View(view.coefficients, view.value_annual, confidence=confidence)
    found = black_litterman(prior, Sigma, [said])
    p = pd.Series(view.coefficients).reindex(prior.index, fill_value=0)
    assert p @ found.mu - p @ prior == pytest.approx(confidence * (view.value_annual - p @ prior), abs=1e-12)


def problem(seed: int) -> tuple[pd.DataFrame, pd.Series, View]:
    Sigma = draw(seed=seed).cov() * 252
    rng = np.random.default_rng(seed)
    prior = pd.Series(rng.normal(0.05, 0.03, 6), Sigma.index)
    names = rng.choice(Sigma.index, 3, replace=False)
    return (
        Sigma,
        prior,
        View(dict(zip(names, rng.normal(size=3), strict=True)), float(rng.normal(0.02, 0.05))),
    )


@given(st.integers(0, 1000))
@settings(max_examples=30)
def test_it_is_the_papers_inverse_form(seed: int) -> None:
    Sigma, prior, view = problem(seed)
    other = View({"000000": 1.0}, 0.1, variance_annual=0.02)
    found = black_litterman(prior, Sigma, [view, other], tau=0.1)
    P = np.array([pd.Series(v.coefficients).reindex(prior.index, fill_value=0) for v in (view, other)])
    Omega_inv = np.diag(1 / found.view_variance)
    M = np.linalg.inv(np.linalg.inv(0.1 * Sigma) + P.T @ Omega_inv @ P)
    mu = M @ (np.linalg.inv(0.1 * Sigma) @ prior + P.T @ Omega_inv @ [view.value_annual, 0.1])
    np.testing.assert_allclose(found.mu, mu, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found.uncertainty, M, rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(found.Sigma, Sigma + M, rtol=1e-6, atol=1e-10)
    np.testing.assert_array_equal(found.uncertainty, found.uncertainty.T)


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_certain_views_are_met_and_empty_ones_change_nothing(seed: int) -> None:
    Sigma, prior, view = problem(seed)
    certain = [View(view.coefficients, 0.3, confidence=1.0), View({"000001": 1.0}, -0.2, confidence=1.0)]
    found = black_litterman(prior, Sigma, certain)
    for v in certain:
        assert pd.Series(v.coefficients) @ found.mu[list(v.coefficients)] == pytest.approx(v.value_annual)
    pd.testing.assert_series_equal(
        black_litterman(prior, Sigma, [View(view.coefficients, 9.9, confidence=0.0)]).mu,
        prior,
        check_names=False,
    )
    pd.testing.assert_series_equal(black_litterman(prior, Sigma, []).mu, prior, check_names=False)


def test_the_factor_form_gives_the_same_posterior() -> None:
    model = statistical_factors(draw(), factors=2)
    prior = pd.Series(0.05, model.labels)
    views = [View({"000002": 1.0, "000004": -1.0}, 0.02, confidence=0.4)]
    one, other = black_litterman(prior, model, views), black_litterman(prior, model.matrix, views)
    pd.testing.assert_series_equal(one.mu, other.mu)
    pd.testing.assert_frame_equal(one.Sigma, other.Sigma)


def test_certain_views_that_contradict_one_another_are_named() -> None:
    Sigma, prior, _ = problem(1)
    views = [View({"000001": 1.0}, v, confidence=1.0, name=n) for v, n in ((0.1, "낙관"), (0.2, "더 낙관"))]
    with pytest.raises(DataError, match=r"낙관.*더 낙관"):
        black_litterman(prior, Sigma, [*views, View({"000002": 1.0}, 0.1)])


def test_a_view_on_an_unknown_asset_or_without_sense_is_refused() -> None:
    Sigma, prior, _ = problem(1)
    with pytest.raises(DataError, match="ZZ"):
        black_litterman(prior, Sigma, [View({"ZZ": 1.0}, 0.1)])
    with pytest.raises(ConfigError, match=r"\[0, 1\]"):
        View({"A": 1.0}, 0.1, confidence=1.5)
    with pytest.raises(ConfigError, match="not both"):
        View({"A": 1.0}, 0.1, confidence=0.5, variance_annual=0.1)
    with pytest.raises(ConfigError, match="must be numbers"):
        View({"A": 0.0}, 0.1)
    with pytest.raises(ConfigError, match="must be numbers"):
        View({"A": 1.0}, np.nan)


def test_a_prior_on_other_labels_or_with_a_hole_is_refused() -> None:
    Sigma, prior, view = problem(1)
    with pytest.raises(DataError, match="same labels"):
        black_litterman(prior.iloc[:-1], Sigma, [view])
    with pytest.raises(DataError, match="000003"):
        black_litterman(prior.where(prior.index != "000003"), Sigma, [view])
    with pytest.raises(ConfigError, match="tau"):
        black_litterman(prior, Sigma, [view], tau=0)
