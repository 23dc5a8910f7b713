"""The one compiled call gives what the general search gives, proves it, and says so where it cannot."""

from __future__ import annotations

import numpy as np
import pytest

from sillok.portfolio.methods.active_set import active_set
from sillok.portfolio.methods.forms import DenseForm
from sillok.portfolio.methods.settle import settle

Parts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float, np.ndarray, np.ndarray]


def _parts(seed: int, *, short: bool = False) -> Parts:
    rng = np.random.default_rng(seed)
    N = int(rng.integers(2, 200))
    low = -rng.uniform(0.0, 0.1, N) if short else np.zeros(N)
    high = rng.uniform(2.0, 6.0, N) / N
    high[rng.random(N) < 0.1] = np.inf
    fixed = rng.random(N) < 0.1
    high[fixed] = low[fixed]
    row = rng.uniform(0.5, 1.5, N)
    q = rng.normal(0, 0.05, N) * float(rng.integers(2))
    return rng.normal(0.15, 0.1, (N, 4)), rng.uniform(0.01, 0.1, N), q, row, 0.5, low, high


@pytest.mark.parametrize("short", [False, True])
def test_it_agrees_with_the_general_search_and_keeps_the_limits(*, short: bool) -> None:
    settled = 0
    for seed in range(60):
        B, d, q, row, end, low, high = _parts(seed, short=short)
        side = np.zeros(len(d), dtype=np.int8)
        steps, x, z, told = settle(B, d, q, row, end, low, high, side, False)
        if not steps:
            continue
        settled += 1
        price, excess, size, missed, variance, mean = told
        P = B @ B.T + np.diag(d)
        ends = np.array([end])
        answer = active_set(DenseForm(P), q, row[None, :], ends, ends, low, high)
        np.testing.assert_allclose(x, answer.x, atol=1e-12)
        np.testing.assert_allclose(P @ x + q, price * row + z, atol=1e-12)
        assert ((x >= low) & (x <= high)).all()
        assert missed <= 1e-13
        assert excess <= 1e-11 * size
        assert variance == pytest.approx(x @ P @ x)
        assert mean == pytest.approx(P.diagonal().mean())
        assert ((side == 0) == ((x > low) & (x < high))).all()
    assert settled > 50


def test_from_its_own_sets_it_takes_one_step() -> None:
    B, d, q, row, end, low, high = _parts(1)
    side = np.zeros(len(d), dtype=np.int8)
    first = settle(B, d, q, row, end, low, high, side, False)
    again = settle(B, d, q, row, end, low, high, side, True)
    assert first[0]
    assert again[0] == 1
    np.testing.assert_allclose(again[1], first[1], atol=1e-14)


def test_a_row_that_the_bounds_cannot_meet_is_not_passed_off_as_met() -> None:
    B, d, q, row, _, low, _ = _parts(3)
    high = np.full(len(d), 0.1 / len(d))  # too little room for the row
    steps, _, _, told = settle(B, d, q, row, 0.5, low, high, np.zeros(len(d), dtype=np.int8), False)
    assert not steps or told[3] > 0.1


def test_an_issue_without_a_variance_of_its_own_is_left_to_the_general_way() -> None:
    B, d, q, row, end, low, high = _parts(2)
    d[0] = 0.0
    assert settle(B, d, q, row, end, low, high, np.zeros(len(d), dtype=np.int8), False)[0] == 0
