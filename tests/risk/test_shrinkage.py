"""Ledoit and Wolf's linear shrinkage against the papers' sums written out, one pair at a time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import ConfigError, DataError
from sillok.risk import ledoit_wolf
from tests.risk.samples import draw

TARGETS = ["constant_correlation", "single_factor", "identity"]


def _target(S: np.ndarray, X: np.ndarray, target: str) -> np.ndarray:
    N, sd = len(S), np.sqrt(np.diag(S))
    if target == "identity":
        return np.eye(N) * np.trace(S) / N
    if target == "constant_correlation":
        pairs = [S[i, j] / sd[i] / sd[j] for i in range(N) for j in range(N) if i != j]
        F = np.mean(pairs) * np.outer(sd, sd)
    else:
        m = X.mean(axis=1)
        F = np.outer(X.T @ m, X.T @ m) / len(X) / (m @ m)
    np.fill_diagonal(F, sd**2)
    return F


def written_out(r: pd.DataFrame, target: str) -> tuple[np.ndarray, float]:
    """Every pi_ij, rho_ij and gamma_ij as an average over the days."""
    X = r.to_numpy() - r.to_numpy().mean(axis=0)
    T, N = X.shape
    S = X.T @ X / T
    F, sd = _target(S, X, target), np.sqrt(np.diag(S))
    m = X.mean(axis=1)
    s0, v = X.T @ m / T, m @ m / T
    pi = rho = 0.0
    corr = F[0, 1] / sd[0] / sd[1]
    for i in range(N):
        for j in range(N):
            off = X[:, i] * X[:, j] - S[i, j]
            pi += np.mean(off**2)
            if target == "identity":
                continue
            if i == j:
                rho += np.mean(off**2)
            elif target == "constant_correlation":
                ii, jj = (np.mean((X[:, k] ** 2 - S[k, k]) * off) for k in (i, j))
                rho += corr / 2 * (sd[j] / sd[i] * ii + sd[i] / sd[j] * jj)
            else:
                # f_ij = s_i0 s_j0 / s_00, to first order in each of the three.
                wobble = (s0[j] * (X[:, i] * m - s0[i]) + s0[i] * (X[:, j] * m - s0[j])) / v
                wobble -= s0[i] * s0[j] / v**2 * (m**2 - v)
                rho += np.mean(wobble * off)
    delta = np.clip((pi - rho) / ((S - F) ** 2).sum() / T, 0, 1)
    return delta * F + (1 - delta) * S, float(delta)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from(TARGETS), st.integers(5, 60), st.integers(3, 9))
def test_the_sums_give_the_papers_intensity_and_matrix(seed: int, target: str, T: int, N: int) -> None:
    r = draw(T, N, seed)
    S, delta = written_out(r, target)
    found = ledoit_wolf(r, target=target, periods_per_year=1)  # type: ignore[arg-type]
    assert found.shrinkage == pytest.approx(delta, rel=1e-10, abs=1e-12)
    np.testing.assert_allclose(found.matrix, S, rtol=1e-10, atol=1e-10 * np.abs(S).max())


@pytest.mark.parametrize("target", TARGETS)
def test_many_issues_are_summed_in_blocks_to_the_same_digits(target: str) -> None:
    r = draw(T=700, N=90, seed=3)
    X = r.to_numpy() - r.to_numpy().mean(axis=0)
    S, F = X.T @ X / 700, _target(X.T @ X / 700, X, target)
    found = ledoit_wolf(r, target=target, periods_per_year=1)  # type: ignore[arg-type]
    delta = found.shrinkage
    assert 0 < delta < 1
    np.testing.assert_allclose(found.matrix, delta * F + (1 - delta) * S, rtol=1e-10, atol=1e-14)
    Pi = (X**2).T @ (X**2) / 700 - S**2
    if target == "identity":
        assert delta == pytest.approx(Pi.sum() / ((S - F) ** 2).sum() / 700, rel=1e-10)


@pytest.mark.parametrize("target", ["constant_correlation", "single_factor"])
def test_these_targets_keep_every_variance(target: str) -> None:
    r = draw()
    found = ledoit_wolf(r, target=target, periods_per_year=1)  # type: ignore[arg-type]
    np.testing.assert_allclose(np.diag(found.matrix), r.var(ddof=0), rtol=1e-10)


def test_the_identity_target_keeps_the_mean_variance() -> None:
    r = draw()
    found = ledoit_wolf(r, target="identity", periods_per_year=1).matrix
    assert np.trace(found) == pytest.approx(r.var(ddof=0).sum())


@pytest.mark.parametrize("target", TARGETS)
def test_one_issue_is_its_own_variance(target: str) -> None:
    r = draw(N=1)
    found = ledoit_wolf(r, target=target, periods_per_year=1)  # type: ignore[arg-type]
    assert found.matrix.iloc[0, 0] == pytest.approx(r.iloc[:, 0].var(ddof=0))
    assert found.shrinkage == 1.0


def test_a_sample_next_to_its_target_keeps_its_digits() -> None:
    # Two issues always have a constant correlation: gamma is a rounding and decides nothing.
    r = draw(N=2)
    found = ledoit_wolf(r, periods_per_year=1)
    np.testing.assert_allclose(found.matrix, r.cov(ddof=0), rtol=1e-12)


def test_a_market_that_never_moved_is_no_factor() -> None:
    r = draw(N=2)
    r["000001"] = -r["000000"]
    with pytest.raises(DataError, match="no factor"):
        ledoit_wolf(r, target="single_factor")


def test_an_unknown_target_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="constant_correlation, single_factor, identity"):
        ledoit_wolf(draw(), target="oracle")  # type: ignore[arg-type]
