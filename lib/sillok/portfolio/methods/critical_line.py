"""The whole mean-variance frontier in one walk: Markowitz's critical line, on arrays.

For every risk tolerance t >= 0 the efficient portfolio solves

    minimise    1/2 x' P x - t mu' x
    subject to  low <= A x <= high,  lb <= x <= ub

and between two corners x is a straight line in t (Markowitz, 1956; Niedermayer and Niedermayer, 2010, with
general rows as Best, 1996). The walk starts from the portfolio of the highest return and goes down to t = 0,
freeing or fixing one variable or row at each corner. Where that vertex is not the only one, it starts from
slightly other returns, leads those to the true ones at one fixed t, and walks from there both ways.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from sillok.errors import InfeasibleError, SolverError
from sillok.portfolio.methods.critical_sets import Programme
from sillok.portfolio.methods.critical_walk import DONE, FAULTS, trace
from sillok.portfolio.methods.forms import DenseForm, FactorForm

__all__ = ["Corners", "critical_line"]

_TIE = 1e-9  # reduced returns nearer to zero than this part of their spread leave the start open
_MIDDLE = 0.1  # a risk tolerance that is neither nought nor endless, in units of mean variance over spread


class Corners(NamedTuple):
    """The corner portfolios, from least variance to most return; every efficient portfolio lies between two."""

    weights: np.ndarray  # (C, N)
    tolerance: np.ndarray  # (C,) t, rising; the slope of half the variance in the return
    rows: np.ndarray  # (C, M) multipliers of the rows, >= 0 at low, <= 0 at high
    returns: np.ndarray  # (C,) mu'x
    variances: np.ndarray  # (C,) x'Px


def critical_line(  # noqa: PLR0917 - the order in which the programme is written
    form: DenseForm | FactorForm,
    mu: np.ndarray,
    A: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    lb: np.ndarray,
    ub: np.ndarray,
) -> Corners:
    """Walk the frontier from the highest return down to the least variance.

    Parameters
    ----------
    form
        (N, N) covariance, dense or by factors; it may be singular.
    mu
        (N,) expected returns, in the covariance's period.
    A, low, high
        (M, N) rows and their limits; equal limits make an equation.
    lb, ub
        (N,) finite bounds.

    Raises
    ------
    SolverError
        If no portfolio is within the limits, or the walk loses its way (the message says where).
    """
    P, B, d, scale = _scaled(form)
    # Copies: frames lend read-only arrays, for which the walk would be compiled once more.
    given = (A, low, high, lb, ub)
    problem = Programme(P, B, d, *(np.array(v, dtype=float, order="C") for v in given))
    spread = float(np.max(mu) - np.min(mu)) or 1.0
    c = mu / spread
    side, active = _vertex(problem, c)
    if _is_alone(problem, c, side, active):
        walks = [_walk(problem, np.zeros_like(c), -c, (side, active), (-np.inf, 0.0))]
    else:
        walks = _both_ways(problem, c)
    walked = np.concatenate(walks)[::-1]
    t, v, X, Y = np.abs(walked[:, 0]), walked[:, 1], walked[:, 2 : 2 + len(c)], walked[:, 2 + len(c) :]
    # In the units of the question: x'Px in those of P, t in those of P over those of mu.
    return Corners(X, t * scale / spread, Y * scale, X @ mu, v * scale)


def _scaled(form: DenseForm | FactorForm) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Bring the covariance to a mean variance of one, so that a tolerance means the same everywhere."""
    scale = float(np.mean(form.diagonal)) or 1.0
    if isinstance(form, FactorForm):
        return np.empty((0, 0)), np.ascontiguousarray(form.B / np.sqrt(scale)), form.d / scale, scale
    return np.ascontiguousarray(form.P / scale), np.empty((0, 0)), np.zeros(len(form.P)), scale


def _walk(
    problem: Programme,
    c0: np.ndarray,
    c1: np.ndarray,
    sets: tuple[np.ndarray, np.ndarray],
    span: tuple[float, float],
) -> np.ndarray:
    N, M = len(problem.lb), len(problem.low)
    try:
        code, count, corners = trace(problem, c0, c1, *sets, *span, 60 * (N + M) + 1000)
    except np.linalg.LinAlgError as err:
        raise SolverError(f"the critical line lost its way among {N} assets: {FAULTS[4]}") from err
    if code != DONE:
        raise SolverError(f"the critical line lost its way after {count} corners: {FAULTS[code]}")
    return corners[:count]


def _vertex(problem: Programme, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find a vertex of the highest return: where each variable stands, and which rows are active."""
    A, low, high, lb, ub = problem[3:]
    if len(A) == 1 and low[0] == high[0] and A[0].min() > 0:
        return _filled(A[0], low[0], lb, ub, c)
    return _simplex(problem, c)


def _filled(
    a: np.ndarray, total: float, lb: np.ndarray, ub: np.ndarray, c: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fill the variables in the order of their return until the budget is spent."""
    order = np.argsort(-c / a, kind="stable")
    filled = a @ lb + np.cumsum(a[order] * (ub - lb)[order])
    slack = 1e-12 * max(1.0, abs(total))
    if filled[-1] < total - slack or a @ lb > total + slack:
        raise InfeasibleError(
            f"the bounds let the budget be {a @ lb:.6g} to {filled[-1]:.6g}, not {total:.6g}; loosen them"
        )
    at = min(int(np.searchsorted(filled, total - slack)), len(order) - 1)
    side = np.full(len(c), -1, dtype=np.int64)
    side[order[:at]] = 1
    side[order[at]] = 0
    return side, np.full(1, 2, dtype=np.int64)


def _simplex(problem: Programme, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take the basis at which HiGHS's simplex method ends."""
    import highspy

    A, low, high, lb, ub = problem[3:]
    model = highspy.Highs()  # type: ignore[no-untyped-call]
    model.setOptionValue("output_flag", False)
    model.setOptionValue("presolve", "off")
    model.setOptionValue("solver", "simplex")
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(c), len(A)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = -c, lb, ub
    lp.row_lower_, lp.row_upper_ = low, high
    matrix = sparse.csc_matrix(A)
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    model.passModel(lp)
    model.run()
    status = model.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        raise InfeasibleError("no portfolio is within the limits; loosen one of them")
    if status != highspy.HighsModelStatus.kOptimal:
        raise SolverError(
            f"the portfolio of the highest return was not found: {model.modelStatusToString(status)}"
        )
    basis = model.getBasis()
    basic, upper = highspy.HighsBasisStatus.kBasic, highspy.HighsBasisStatus.kUpper
    side = np.array([0 if s == basic else 1 if s == upper else -1 for s in basis.col_status], dtype=np.int64)
    active = np.array(
        [0 if s == basic else 1 if s == upper else -1 for s in basis.row_status], dtype=np.int64
    )
    active[(active != 0) & (low == high)] = 2
    return side, active


def _is_alone(problem: Programme, c: np.ndarray, side: np.ndarray, active: np.ndarray) -> bool:
    """Tell whether no other portfolio has the return of this vertex: every reduced return is well off zero."""
    A, lb, ub = problem.A, problem.lb, problem.ub
    free, kept = side == 0, active != 0
    y = np.zeros(len(A))
    if kept.any():
        y[kept] = np.linalg.solve(A[np.ix_(kept, free)].T, c[free])
    # What a unit more of a variable, or of a row's limit, would add to the return.
    gain = c - y @ A
    open_side = (~free) & (lb < ub)
    open_row = kept & (active != 2)
    margin = np.concatenate([gain[open_side] * side[open_side], y[open_row] * active[open_row]])
    return bool(np.all(margin > _TIE * (1.0 + np.abs(y).max(initial=0.0))))


def _both_ways(problem: Programme, c: np.ndarray) -> list[np.ndarray]:
    """Start from other returns, whose vertex is alone; lead them to the true ones at one t; walk up and down."""
    for seed in range(5):
        other = c + np.random.default_rng(seed).uniform(0.0, 0.3, len(c))
        side, active = _vertex(problem, other)
        if _is_alone(problem, other, side, active):
            break
    none = np.zeros_like(c)
    _walk(problem, none, -other, (side, active), (-np.inf, -_MIDDLE))
    _walk(problem, _MIDDLE * other, _MIDDLE * (c - other), (side, active), (0.0, 1.0))
    up = _walk(problem, none, c, (side.copy(), active.copy()), (_MIDDLE, np.inf))
    down = _walk(problem, none, -c, (side, active), (-_MIDDLE, 0.0))
    return [up[::-1], down]
