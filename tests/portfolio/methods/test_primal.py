"""The single steps end where the big ones do, from any feasible point."""

from __future__ import annotations

import numpy as np
import pytest

from sillok.errors import InfeasibleError
from sillok.portfolio.methods.forms import FactorForm
from sillok.portfolio.methods.pivot import guess, pivot
from sillok.portfolio.methods.primal import feasible_point, primal
from sillok.portfolio.methods.program import Program, certify


def _program(N: int, seed: int) -> Program:
    rng = np.random.default_rng(seed)
    form = FactorForm(rng.normal(0.15, 0.1, (N, 3)), rng.uniform(0.01, 0.1, N))
    half = (np.arange(N) % 2).astype(float)
    return Program.of(
        form,
        -rng.normal(0.02, 0.03, N),
        np.array([np.ones(N), half]),
        np.array([1.0, 0.3]),
        np.array([1.0, 0.4]),
        np.zeros(N),
        np.full(N, 0.25),
    )


@pytest.mark.parametrize("seed", range(5))
def test_single_steps_end_where_big_steps_do(seed: int) -> None:
    program = _program(30, seed)
    big = pivot(program, guess(program))
    assert big.settled
    corner = np.zeros(30)
    corner[[0, 1, 2, 4]] = 0.25, 0.25, 0.25, 0.25
    for near in (corner, np.full(30, 1 / 30)):
        x = feasible_point(program, near)
        single = primal(program, x)
        assert single.settled
        assert single.x == pytest.approx(big.x, abs=1e-12)
        assert single.steps > 1


def test_a_feasible_point_is_the_nearest_one() -> None:
    program = _program(4, 0)
    # (0.25, 0.25, 0.25, 0.25) is the one point that the budget leaves, but half of it would be odd: none is met.
    with pytest.raises(InfeasibleError, match="no point meets"):
        feasible_point(program, np.zeros(4))
    program = _program(10, 0)
    x = feasible_point(program, np.full(10, 0.1))
    # 0.5 of odd ones comes down to 0.4 by the same from each, and the even ones take it.
    assert x == pytest.approx(np.where(np.arange(10) % 2, 0.08, 0.12), abs=1e-15)


def test_the_certificate_bounds_what_a_wrong_point_costs() -> None:
    program = _program(30, 3)
    P = program.form
    best = pivot(program, guess(program))

    def value(x: np.ndarray) -> float:
        return float(0.5 * x @ P.product(x) + program.q @ x)

    for seed in range(20):
        near = np.random.default_rng(seed).dirichlet(np.ones(30))
        x = feasible_point(program, near)
        proof = certify(program, x, best.y)
        size = 0.5 * x @ P.product(x) + abs(program.q @ x)
        assert proof.gap * size >= value(x) - value(best.x) > 0
        assert proof.violation <= 1e-12
    assert certify(program, best.x, best.y).gap <= 1e-14
    assert certify(program, best.x + 0.01, best.y).violation == pytest.approx(0.3, abs=1e-12)
