"""Eigenvalues put back: against the papers' formulas in loops, and what they do to known spectra."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import ConfigError, DataError
from sillok.risk import (
    denoised_covariance,
    gerber_covariance,
    noise_spectrum,
    nonlinear_shrinkage,
    sample_covariance,
)
from tests.risk.samples import draw


def shrunk_in_loops(sample: list[float], p: int, n: int) -> list[float]:
    """Ledoit and Wolf (2020): the kernel of each eigenvalue on every other, one at a time, in fifty digits."""
    with localcontext(prec=50):
        values = [Decimal(float(v)) for v in sample[max(0, p - n) :]]
        pi, root5, one = (
            Decimal("3.14159265358979323846264338327950288419716939937511"),
            Decimal(5).sqrt(),
            Decimal(1),
        )
        h, c, m = (Decimal(n).ln() / -3).exp(), Decimal(p) / n, len(values)
        out = []
        for a in values:
            density = hilbert = Decimal(0)
            for b in values:
                x = (a - b) / (h * b)
                density += 3 / (4 * root5) * max(1 - x * x / 5, Decimal(0)) / (h * b) / m
                log = abs((root5 - x) / (root5 + x)).ln()
                hilbert += (-3 * x / (10 * pi) + 3 / (4 * root5 * pi) * (1 - x * x / 5) * log) / (h * b) / m
            if p <= n:
                out.append(a / ((pi * c * a * density) ** 2 + (1 - c - pi * c * a * hilbert) ** 2))
            else:
                out.append(one / (pi**2 * a * (density**2 + hilbert**2)))
        if p > n:
            log = ((1 + root5 * h) / (1 - root5 * h)).ln()
            at_zero = (3 / (10 * h**2) + 3 / (4 * root5 * h) * (1 - 1 / (5 * h**2)) * log) / pi
            null = one / (pi * (c - 1) * at_zero * sum(1 / a for a in values) / m)
            out = [null] * (p - n) + out
        return [float(d) for d in out]


@pytest.mark.parametrize(("T", "N"), [(60, 20), (40, 39), (30, 50), (13, 40)])
def test_nonlinear_shrinkage_is_the_papers_formula_on_the_sample_eigenvectors(T: int, N: int) -> None:
    r = draw(T, N)
    values, V = np.linalg.eigh(r.cov())
    found = nonlinear_shrinkage(r, periods_per_year=1).matrix.to_numpy()
    d = np.array(shrunk_in_loops(list(values), N, T - 1))
    np.testing.assert_allclose(found, (V * d) @ V.T, rtol=1e-7, atol=1e-9 * np.abs(found).max())


def test_nonlinear_shrinkage_comes_nearer_to_the_truth_than_the_sample() -> None:
    rng = np.random.default_rng(5)
    truth = np.repeat([1.0, 3.0, 10.0], [20, 40, 40])  # the papers' spectrum
    r = pd.DataFrame(rng.normal(size=(300, 100)) * np.sqrt(truth))
    off = [
        np.linalg.norm(f(r, periods_per_year=1).matrix - np.diag(truth))  # type: ignore[operator]
        for f in (nonlinear_shrinkage, sample_covariance)
    ]
    assert off[0] < 0.7 * off[1]


def test_an_issue_that_repeats_another_is_named() -> None:
    r = draw()
    r["000005"] = r["000001"] * 2
    with pytest.raises(DataError, match="linear combinations") as raised:
        nonlinear_shrinkage(r)
    assert set(raised.value.detail["symbols"]) == {"000001", "000005"}  # type: ignore[call-overload]


def test_too_few_rows_for_the_kernel_are_refused() -> None:
    with pytest.raises(DataError, match="at least 13 rows"):
        nonlinear_shrinkage(draw(T=12))


def test_pure_noise_stays_within_marchenko_and_pasturs_edges() -> None:
    r = pd.DataFrame(np.random.default_rng(0).normal(size=(2000, 200)))
    found = noise_spectrum(r)
    assert found.signals == 0
    assert found.noise_variance == pytest.approx(1.0)
    assert found.upper == pytest.approx((1 + math.sqrt(0.1)) ** 2)
    assert found.lower == pytest.approx((1 - math.sqrt(0.1)) ** 2)
    assert found.eigenvalues.sum() == pytest.approx(200)


def test_common_movements_stand_above_the_noise() -> None:
    rng = np.random.default_rng(0)
    common = rng.normal(size=(1000, 3)) @ rng.choice([-0.5, 0.5], size=(3, 100))
    assert noise_spectrum(pd.DataFrame(common + rng.normal(size=(1000, 100)))).signals == 3


def test_pure_noise_is_denoised_to_no_correlation() -> None:
    r = pd.DataFrame(np.random.default_rng(0).normal(size=(500, 40)) * np.linspace(1, 3, 40))
    np.testing.assert_allclose(
        denoised_covariance(r, periods_per_year=1).matrix, np.diag(r.var()), rtol=1e-9, atol=1e-9
    )


@given(st.integers(0, 10_000), st.integers(5, 60), st.integers(2, 30))
@settings(max_examples=20)
def test_denoising_and_gerber_keep_every_sample_variance(seed: int, T: int, N: int) -> None:
    r = draw(T, N, seed)
    for estimate in (denoised_covariance, gerber_covariance):
        np.testing.assert_allclose(np.diag(estimate(r, periods_per_year=1).matrix), r.var(), rtol=1e-9)


def test_denoising_leaves_one_value_for_all_that_is_noise() -> None:
    r = draw(T=300, N=20)
    spectrum = noise_spectrum(r)
    V = np.linalg.eigh(r.corr())[1]
    values = spectrum.eigenvalues.copy()
    values[: 20 - spectrum.signals] = values[: 20 - spectrum.signals].mean()
    C = np.diag(values)
    C = V @ C @ V.T
    sd = np.sqrt(r.var() / np.diag(C))
    np.testing.assert_allclose(
        denoised_covariance(r, periods_per_year=1).matrix, C * np.outer(sd, sd), rtol=1e-8
    )


@given(st.integers(0, 10_000), st.floats(0.05, 1.0))
@settings(max_examples=20)
def test_gerber_counts_days_that_pairs_moved_together_and_apart(seed: int, threshold: float) -> None:
    r = draw(T=25, N=4, seed=seed)
    found = gerber_covariance(r, threshold=threshold, periods_per_year=1).matrix.to_numpy()
    sd, H = r.std().to_numpy(), np.zeros((4, 4))
    for row in r.to_numpy():
        for i in range(4):
            for j in range(4):
                if abs(row[i]) >= threshold * sd[i] and abs(row[j]) >= threshold * sd[j]:
                    H[i, j] += 1 if row[i] * row[j] > 0 else -1
    expected = H / np.sqrt(np.outer(np.diag(H), np.diag(H))) * np.outer(sd, sd)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-16)


@pytest.mark.parametrize("threshold", [0.0, 1.01])
def test_a_threshold_that_counts_all_or_nothing_is_refused(threshold: float) -> None:
    with pytest.raises(ConfigError, match="threshold"):
        gerber_covariance(draw(), threshold=threshold)


def test_an_issue_none_of_whose_moves_counts_is_named() -> None:
    r = draw(T=20)
    r["000002"] = np.resize([0.01, -0.01], 20)  # its standard deviation is a little above each of its moves
    with pytest.raises(DataError, match="000002"):
        gerber_covariance(r, threshold=1.0)
