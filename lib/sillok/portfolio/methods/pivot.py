"""Find the active set in big steps: block principal pivoting (Júdice and Pires, 1994; Hintermüller, Ito and Kunisch, 2003)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sillok.portfolio.methods.program import Program, Sets, System

__all__ = ["FEWEST", "LONGEST", "Pivoted", "guess", "pivot"]

LONGEST = 60  # steps; five to ten are usual, and a cycle is noticed when it closes
_REFINEMENTS = 4  # of the last system; the first finds nothing to do where the system is well conditioned
FEWEST = 32  # variables that may be set free in one step, or as many as are free already if those are more


class Pivoted(NamedTuple):
    """Where the big steps ended."""

    x: np.ndarray
    y: np.ndarray
    sets: Sets
    steps: int
    settled: bool  # the sets agree with the signs: the answer, up to a certificate
    singular: bool  # a free block could not be factorised


def guess(program: Program) -> Sets:
    """Guess the sets: variables that a bound does not hold at zero are free, and the best few of the others.

    Best are those of the least reduced gradient at the portfolio of inverse variances, scaled to the first
    equality; there are enough of them to carry it.
    """
    N = len(program.q)
    lb, ub, form = program.lb, program.ub, program.form
    x = np.where(np.isfinite(lb), -1, np.where(np.isfinite(ub), 1, 0)).astype(np.int8)
    x[(lb < 0) & (ub > 0)] = 0
    if program.fixed is not None:
        x[program.fixed] = -1
    loose = np.flatnonzero(x if program.fixed is None else (x != 0) & ~program.fixed)
    equal = program.equal
    first = int(equal.argmax()) if equal.any() else -1
    row, end = (program.A[first], float(program.low[first])) if first >= 0 else (np.ones(N), 1.0)
    w = np.maximum(row, 0.0) / np.maximum(form.diagonal, 1e-6 * max(float(form.diagonal.max()), 1e-300))
    earned = float(row @ w)
    g = program.q
    if earned > 0:
        w *= (end or 1.0) / earned
        g = program.gradient(w)
        g = g - float(w @ g) / (end or 1.0) * row
    g = g[loose]
    room = np.minimum(ub - lb, 1.0)[loose]
    wanted = 2.0 * abs(end)
    mean_room = float(room.mean()) if len(room) else 1.0
    k = max(FEWEST + N // 32, int(wanted / mean_room) if mean_room > 0 else N)
    if k < len(loose):
        loose = loose[np.argpartition(g, k)[:k]]
    x[loose] = 0
    return Sets(x, np.where(equal, -1, 0).astype(np.int8))


def pivot(program: Program, sets: Sets, *, longest: int = LONGEST) -> Pivoted:
    """Exchange all variables and rows of the wrong sign at once until none is left, or a cycle closes."""
    x, y, seen = np.zeros(len(program.q)), np.zeros(len(program.low)), set()
    for step in range(1, longest + 1):
        system = System.of(program, sets)
        if system is None:
            return Pivoted(x, y, sets, step, settled=False, singular=True)
        at = _solve(program, sets, system)
        after = _exchange(program, sets, system, at)
        if after is None:
            at, moved, met = _polish(program, system, at)
            after = _exchange(program, sets, system, at) if moved else None
        x, y = at.x, at.y
        if after is None:
            return Pivoted(x, y, sets, step, settled=met, singular=False)
        key = after.key()
        if key in seen:
            break
        seen.add(key)
        sets = after
    return Pivoted(x, y, sets, step, settled=False, singular=False)


class _Point(NamedTuple):
    """A point, the multipliers of the rows, and the gradient there."""

    x: np.ndarray
    y: np.ndarray
    g: np.ndarray


def _solve(program: Program, sets: Sets, system: System) -> _Point:
    """Return what the sets imply."""
    x = program.held(sets)
    free = system.free
    if program.centre is not None or x.any():
        g = program.gradient(x)
        v, dy = system.solve(-g[free], system.target - system.rows @ x)
    else:
        g = program.q
        v, dy = system.solve(-g[free] if program.steepest else None, system.target)
    x[free] = v
    y = np.zeros(len(program.low))
    y[system.held] = dy
    g = g + system.block.reach(v)
    if program.shift:
        g[free] += program.shift * v
    return _Point(x, y, g)


def _exchange(program: Program, sets: Sets, system: System, at: _Point) -> Sets | None:
    """Return the next sets, None if the signs agree with the present ones."""
    x, y, g = at
    free = system.free
    v = x[free]
    x_tol = 1e-13 * max(1.0, float(np.abs(x).max()))
    below = free[v < program.lb[free] - x_tol]
    above = free[v > program.ub[free] + x_tol]
    # Positive where a multiplier pushes away from its bound; zero on the free.
    wrong = sets.x * (g - y @ program.A)
    if program.fixed is not None:
        wrong[program.fixed] = 0.0
    # Rounding in a sum of N products of entries this large; a certificate has the last word.
    loosed = np.flatnonzero(wrong > 1e-13 * max(float(g.max()), -float(g.min()), program.steepest))
    rows = sets.rows if program.equalities else _exchange_rows(program, sets, at, x_tol)
    if not (len(loosed) or len(below) or len(above) or rows is not sets.rows):
        return None
    most = max(FEWEST, len(free))
    if len(loosed) > most:
        loosed = loosed[np.argpartition(-wrong[loosed], most)[:most]]
    side = sets.x.copy()
    side[below] = -1
    side[above] = 1
    side[loosed] = 0
    return Sets(side, rows)


def _exchange_rows(program: Program, sets: Sets, at: _Point, x_tol: float) -> np.ndarray:
    """Return the next sides of the rows; the same array if they do not change."""
    Ax = program.A @ at.x
    tol = x_tol * np.maximum(1.0, np.abs(program.A).max(axis=1))
    loose = sets.rows == 0
    y_tol = 1e-13 * float(np.abs(at.y).max())
    dropped = ~program.equal & (sets.rows * at.y > y_tol)
    below, above = loose & (Ax < program.low - tol), loose & (Ax > program.high + tol)
    if not (dropped.any() or below.any() or above.any()):
        return sets.rows
    rows = sets.rows.copy()
    rows[dropped] = 0
    rows[below] = -1
    rows[above] = 1
    return rows


def _polish(program: Program, system: System, at: _Point) -> tuple[_Point, bool, bool]:
    """Refine the last system's answer by the programme's own residuals; say if it moved, and if held rows are met."""
    x, y, g = at
    moved = False
    for _ in range(_REFINEMENTS):
        g = program.gradient(x)
        if system.refine(program, x, y, g):
            break
        moved = True
    free = system.free
    x[free] = np.clip(x[free], program.lb[free], program.ub[free])
    missed = np.abs(system.target - system.rows @ x).max(initial=0.0)
    size = np.abs(system.target).max(initial=1.0)
    return _Point(x, y, g), moved, bool(missed <= 1e-11 * size)
