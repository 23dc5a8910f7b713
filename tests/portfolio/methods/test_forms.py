"""A form by its factors does what its matrix does."""

from __future__ import annotations

import numpy as np
import pytest

from sillok.portfolio.methods.forms import DenseForm, FactorForm


@pytest.mark.parametrize("free", [[], [3], [0, 5, 7], list(range(12))], ids=["none", "one", "few", "all"])
@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_products_and_blocks_are_those_of_the_matrix(free: list[int], shift: float) -> None:
    rng = np.random.default_rng(2)
    B, d = rng.normal(size=(12, 4)), rng.uniform(0.5, 1, 12)
    P, F = B @ B.T + np.diag(d), np.array(free, dtype=int)
    x, v, R = rng.normal(size=12), rng.normal(size=len(F)), rng.normal(size=(len(F), 2))
    for form in (FactorForm(B, d), DenseForm(P)):
        block = form.block(F, shift)
        assert block is not None
        assert form.diagonal == pytest.approx(np.diag(P))
        assert form.product(x) == pytest.approx(P @ x)
        assert block.reach(v) == pytest.approx(P[:, F] @ v)
        assert (P[np.ix_(F, F)] + shift * np.eye(len(F))) @ block.solve(R) == pytest.approx(R)


def test_a_block_that_is_singular_to_working_precision_is_none() -> None:
    twice = np.array([[1.0, 2.0], [1.0, 2.0], [0.5, 0.1]])
    for form in (FactorForm(twice, np.zeros(3)), DenseForm(twice @ twice.T)):
        assert form.block(np.array([0, 1]), 0.0) is None
        assert form.block(np.array([0, 2]), 0.0) is not None
        assert form.block(np.array([0, 1]), 1e-6) is not None
    # More free issues than factors, one of them without a variance of its own, can be solved only by factors' help.
    assert FactorForm(np.ones((3, 1)), np.array([0.0, 1.0, 1.0])).block(np.arange(3), 0.0) is None


def test_the_matrix_given_is_left_as_it_was() -> None:
    P = np.array([[2.0, 0.5], [0.5, 1.0]])
    before = P.copy()
    form = DenseForm(P)
    for shift in (0.0, 0.1):
        block = form.block(np.arange(2), shift)
        assert block is not None
        block.solve(np.ones((2, 1)))
    assert (before == P).all()
