"""The compiled search ends where the general one does, or says that it did not end."""

from __future__ import annotations

import numpy as np
import pytest

from sillok.portfolio.methods.forms import FactorForm
from sillok.portfolio.methods.pivot import FEWEST, LONGEST, guess, pivot
from sillok.portfolio.methods.program import Program
from sillok.portfolio.methods.swift import swift


def _program(N: int, seed: int, *, rows: int, lb: float, ub: float) -> Program:
    rng = np.random.default_rng(seed)
    form = FactorForm(rng.normal(0.15, 0.1, (N, 4)), rng.uniform(0.01, 0.1, N))
    A = np.vstack([np.ones(N), rng.normal(0, 1, (rows - 1, N))])
    end = np.r_[1.0, A[1:] @ np.full(N, 1 / N)]
    q = -rng.normal(0.02, 0.02, N) * (seed % 3)
    return Program.of(form, q, A, end, end, np.full(N, lb), np.full(N, ub))


def _swiftly(program: Program) -> tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    side, form = guess(program).x.copy(), program.form
    assert isinstance(form, FactorForm)
    arrays = [form.B, form.d, program.q, program.A, program.low, program.lb, program.ub]
    for a in arrays:
        a.flags.writeable = False  # as pandas hands them out
    return (*swift(*arrays, side, LONGEST, FEWEST), side)


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize(("lb", "ub"), [(0.0, 1.0), (0.001, 0.3), (-0.05, 0.05), (-np.inf, np.inf)])
def test_the_compiled_search_ends_where_the_general_one_does(rows: int, lb: float, ub: float) -> None:
    settled = 0
    for seed in range(6):
        program = _program(90, seed, rows=rows, lb=lb, ub=ub)
        general = pivot(program, guess(program))
        steps, x, y, g, side = _swiftly(program)
        if not steps:
            continue  # at some step no issue was free, and the rows had nobody to carry them
        assert general.settled
        settled += 1
        assert x == pytest.approx(general.x, abs=1e-12)
        assert y == pytest.approx(general.y, abs=1e-12)
        assert g == pytest.approx(program.gradient(x), abs=1e-14)
        assert (side == general.sets.x).all()
        assert program.A @ x == pytest.approx(program.low, abs=1e-13)
    assert settled >= 4


def test_rows_that_depend_on_one_another_are_left_to_the_general_way() -> None:
    program = _program(20, 1, rows=2, lb=0.0, ub=1.0)
    program.A[1] = 2 * program.A[0]
    program.low[1] = 2
    assert _swiftly(program)[0] == 0
