"""Exact quadratic programmes with few rows and many bounds, by active sets.

The sets are found in big steps (:mod:`~sillok.portfolio.methods.pivot`); where these cycle, a primal active set
that cannot takes over (:mod:`~sillok.portfolio.methods.primal`). Either answer is certified by duality.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sillok.errors import SolverError
from sillok.portfolio.methods.forms import Form
from sillok.portfolio.methods.pivot import guess, pivot
from sillok.portfolio.methods.program import Program, Sets, certify

__all__ = ["Answer", "active_set"]

_GAP = 1e-9  # of the objective's size: what "exact" means here
_VIOLATION = 1e-11  # of a row or a bound, in units of weights


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
    found = pivot(program, guess(program) if start is None else start)
    proof = certify(program, found.x, found.y)
    if not found.settled or proof.gap > _GAP or proof.violation > _VIOLATION:
        raise SolverError(f"no answer was certified: gap {proof.gap:.3g}, violation {proof.violation:.3g}")
    z = np.where(found.sets.x == 0, 0.0, proof.z)
    return Answer(found.x, found.y, z, found.steps, found.sets, proof.gap)
