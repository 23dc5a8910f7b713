"""Exact quadratic programmes with few rows and many bounds, by active sets.

The sets are found in big steps (:mod:`~sillok.portfolio.methods.pivot`); where these cycle, a primal active set
that cannot takes over (:mod:`~sillok.portfolio.methods.primal`). Either answer is certified by duality.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sillok.errors import SolverError
from sillok.portfolio.methods.forms import FactorForm, Form
from sillok.portfolio.methods.pivot import FEWEST, LONGEST, Pivoted, guess, pivot
from sillok.portfolio.methods.primal import feasible_point, primal
from sillok.portfolio.methods.program import Program, Sets, certify

__all__ = ["Answer", "active_set"]

_GAP = 1e-9  # of the objective's size: what "exact" means here
_VIOLATION = 1e-11  # of a row or a bound, in units of weights
_ROUNDS = 30
_TRIAL = 8  # steps on the programme as it is, after each round
_PATIENCE = (
    2  # rounds that single steps do not settle: of what rounding drives in circles, more only take time
)
_FIRST_SHIFT, _SMALLER = 1e-2, 0.1
_LEAST_SHIFT = (
    1e-8  # of the mean variance: below, rounding in a round outweighs what a smaller shift would gain
)


class Answer(NamedTuple):
    """The answer, with ``P x + q = A'y + z``."""

    x: np.ndarray  # (N,)
    y: np.ndarray  # (M,) what one unit more of the row's binding side adds to the objective
    z: np.ndarray  # (N,) the same for the bounds; zero on free variables
    steps: int
    state: Sets  # opaque: pass it as ``start`` to the next programme
    gap: float  # bound on the objective's distance from the least, as part of its size


def active_set(  # noqa: PLR0917 - the order in which the programme is written
    form: Form,
    q: np.ndarray,
    A: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    lb: np.ndarray,
    ub: np.ndarray,
    *,
    start: Sets | None = None,
) -> Answer:
    """Minimise ``1/2 x'P x + q'x`` subject to ``low <= A x <= high`` and ``lb <= x <= ub``.

    Parameters
    ----------
    form
        The positive semidefinite ``P``.
    q, lb, ub
        (N,); bounds may be infinite.
    A, low, high
        (M, N) and (M,), few rows; a row with ``low == high`` is an equality, sides may be infinite.
    start
        The ``state`` of an answer to a programme like this one.

    Raises
    ------
    InfeasibleError
        If no point meets the rows within the bounds.
    SolverError
        If the objective has no least value, or no answer could be certified.
    """
    program = Program.of(form, q, A, low, high, lb, ub)
    sets = guess(program) if start is None else start
    if isinstance(form, FactorForm) and program.equalities and form.is_definite:
        answer = _swiftly(program, form, sets)
        if answer is not None:
            return answer
    found = pivot(program, sets)
    if found.settled:
        answer = _certified(program, found, found.steps)
        if answer is not None:
            return answer
    return _surely(program, found)


def _swiftly(program: Program, form: FactorForm, sets: Sets) -> Answer | None:
    from sillok.portfolio.methods.swift import swift

    side = sets.x.copy()
    q, A, end, lb, ub = map(np.ascontiguousarray, (program.q, program.A, program.low, program.lb, program.ub))
    steps, x, y, g = swift(form.B, form.d, q, A, end, lb, ub, side, LONGEST, FEWEST)
    if not steps:
        return None
    x = np.clip(x, program.lb, program.ub)
    proof = certify(program, x, y, g)
    if not (proof.gap <= _GAP and proof.violation <= _VIOLATION):
        return None
    z = np.where(side == 0, 0.0, proof.z)
    return Answer(x, y, z, steps, Sets(side, sets.rows), proof.gap)


def _certified(program: Program, found: Pivoted, steps: int) -> Answer | None:
    proof = certify(program, found.x, found.y)
    if not (proof.gap <= _GAP and proof.violation <= _VIOLATION):
        return None
    z = np.where(found.sets.x == 0, 0.0, proof.z)
    return Answer(found.x, found.y, z, steps, found.sets, proof.gap)


def _surely(program: Program, found: Pivoted) -> Answer:
    """Solve by proximal rounds, each strictly convex, with a smaller shift each time (Rockafellar, 1976).

    A round that big steps do not settle is settled by single ones. Between rounds the sets are tried on the
    programme as it is: where these determine the answer, that one is exact.
    """
    mean = float(program.form.diagonal.mean())
    steepest = float(np.abs(program.q).max(initial=0.0))
    scale = mean if mean > 0 else steepest if steepest > 0 else 1.0
    room = float(np.median(np.minimum(program.ub - program.lb, 1.0)))
    # So strong at first that a variable alone moves about as far as its bounds are apart.
    shift = max(_FIRST_SHIFT * scale, steepest / room if room > 0 else 0.0)
    x = feasible_point(program, np.clip(np.nan_to_num(found.x), program.lb, program.ub))
    sets, steps, unsettled = found.sets, found.steps, 0
    for _ in range(_ROUNDS):
        near = program.near(x, shift)
        round_ = pivot(near, sets)
        steps += round_.steps
        if not round_.settled:
            round_ = primal(near, x)
            steps += round_.steps
            unsettled += not round_.settled
        for step in (pivot(program, round_.sets, longest=_TRIAL), round_):
            answer = _certified(program, step, steps) if step.settled else None
            if answer is not None:
                return answer
        x, sets = round_.x, round_.sets
        if unsettled == _PATIENCE:
            break
        shift = max(_SMALLER * shift, _LEAST_SHIFT * scale)
    proof = certify(program, x, round_.y)
    raise SolverError(
        f"no answer was certified after {steps} steps: the objective may be {proof.gap:.3g} of its size above the "
        f"least, a limit is missed by {proof.violation:.3g}; is the objective bounded, and the data well scaled?",
        gap=proof.gap,
        violation=proof.violation,
    )
