"""A primal active set: one constraint a step, never cycling; slower than big steps, and sure.

Nocedal and Wright (2006), Numerical Optimization, algorithm 16.3, with Bland's (1977) least index where steps
have no length.
"""

from __future__ import annotations

import numpy as np

from sillok.errors import InfeasibleError, SolverError
from sillok.portfolio.methods.forms import FactorForm
from sillok.portfolio.methods.pivot import Pivoted, pivot
from sillok.portfolio.methods.program import Program, Sets, System, certify

__all__ = ["feasible_point", "primal"]

_MET = 1e-12  # a constraint missed by less is met, in units of weights
_LIFT = 1e-15  # held rows never depend on one another here
_PATIENCE = 20  # steps without length before the least index decides


def feasible_point(program: Program, near: np.ndarray) -> np.ndarray:
    """Return a point that meets all rows and bounds, the nearest to ``near`` where that is quickly found.

    Raises
    ------
    InfeasibleError
        If there is none.
    """
    N = len(near)
    identity = FactorForm(np.zeros((N, 0)), np.ones(N))
    nearest = Program.of(identity, -near, *program[2:7])
    inside = (near > program.lb) & (near < program.ub)
    side = np.where(_fixed(program) | (near <= program.lb), -1, np.where(inside, 0, 1)).astype(np.int8)
    found = pivot(nearest, Sets(side, np.where(program.equal, -1, 0).astype(np.int8)))
    if found.settled and certify(nearest, found.x, found.y).violation <= _MET:
        return found.x
    return _vertex(program)


def _vertex(program: Program) -> np.ndarray:
    from scipy.optimize import linprog

    has_low, has_high = np.isfinite(program.low), np.isfinite(program.high)
    found = linprog(
        np.zeros(len(program.q)),
        A_ub=np.vstack([-program.A[has_low], program.A[has_high]]),
        b_ub=np.concatenate([-program.low[has_low], program.high[has_high]]),
        bounds=np.column_stack([program.lb, program.ub]),
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10},
    )
    if found.status == 2:
        raise InfeasibleError("no point meets the rows within the bounds")
    if found.x is None:
        raise SolverError(f"no feasible point was found: {found.message}")
    return np.clip(found.x, program.lb, program.ub)


def primal(program: Program, x: np.ndarray) -> Pivoted:
    """Go down from the feasible ``x``, one constraint a step, to the answer of a strictly convex programme."""
    N, M = program.A.shape[1], program.A.shape[0]
    sets, x = _first(program, x), x.copy()
    y, stalled, longest = np.zeros(M), 0, 50 * (N + M) + 200
    for step in range(1, longest + 1):
        system = System.of(program, sets, _LIFT)
        if system is None:
            return Pivoted(x, y, sets, step, settled=False, singular=True)
        end, y = x.copy(), np.zeros(M)
        for _ in range(3):
            system.refine(program, end, y, program.gradient(end))
        free = system.free
        p = end[free] - x[free]
        length, blocking, side = _blocking(program, sets, x, free, p, bland=stalled > _PATIENCE)
        x[free] = np.clip(x[free] + length * p, program.lb[free], program.ub[free])
        stalled = 0 if length > 1e-14 and np.abs(p).max(initial=0.0) > 1e-14 else stalled + 1
        if blocking >= 0:
            _hold(sets, blocking, side)
            if blocking < N:
                x[blocking] = program.lb[blocking] if side < 0 else program.ub[blocking]
        elif not _release(program, sets, program.gradient(x) - y @ program.A, y, bland=stalled > _PATIENCE):
            return Pivoted(x, y, sets, step, settled=True, singular=False)
    return Pivoted(x, y, sets, longest, settled=False, singular=False)


def _first(program: Program, x: np.ndarray) -> Sets:
    """Hold the bounds that ``x`` is on, and of the rows that it is on as many as do not depend on one another."""
    at_low = _fixed(program) | (x <= program.lb + _MET)
    at_high = ~at_low & (x >= program.ub - _MET)
    side = np.where(at_low, -1, np.where(at_high, 1, 0)).astype(np.int8)
    x[at_low] = program.lb[at_low]
    x[at_high] = program.ub[at_high]
    rows = np.zeros(len(program.low), dtype=np.int8)
    Ax, basis = program.A @ x, np.zeros((0, int((side == 0).sum())))
    for i in np.argsort(~program.equal, kind="stable"):
        on_low, on_high = abs(Ax[i] - program.low[i]) <= _MET, abs(Ax[i] - program.high[i]) <= _MET
        if not (on_low or on_high):
            continue
        row = program.A[i, side == 0]
        rest = row - (row @ basis.T) @ basis
        rest -= (rest @ basis.T) @ basis
        if np.linalg.norm(rest) > 1e-8 * max(float(np.linalg.norm(program.A[i])), 1e-300):
            basis = np.vstack([basis, rest / np.linalg.norm(rest)])
            rows[i] = -1 if on_low else 1
    return Sets(side, rows)


def _fixed(program: Program) -> np.ndarray:
    return np.zeros(len(program.q), dtype=bool) if program.fixed is None else program.fixed


def _hold(sets: Sets, which: int, side: int) -> None:
    N = len(sets.x)
    if which < N:
        sets.x[which] = side
    else:
        sets.rows[which - N] = side


def _blocking(
    program: Program, sets: Sets, x: np.ndarray, free: np.ndarray, p: np.ndarray, *, bland: bool
) -> tuple[float, int, int]:
    """Return how far along ``p`` one may go, at most 1, and what is met there: its index and side, or -1."""
    loose = np.flatnonzero(sets.rows == 0)
    N = len(x)
    at = np.concatenate([x[free], program.A[loose] @ x])
    by = np.concatenate([p, program.A[loose][:, free] @ p])
    least = np.concatenate([program.lb[free], program.low[loose]])
    most = np.concatenate([program.ub[free], program.high[loose]])
    names = np.concatenate([free, N + loose])
    # What moves by less than rounding cannot be said to move towards its limit.
    moves = np.abs(by) > 1e-13 * max(float(np.abs(p).max(initial=0.0)), float(np.abs(x).max(initial=0.0)))
    end = np.where(by < 0, least, most)
    able = moves & np.isfinite(end)
    if not able.any():
        return 1.0, -1, 0
    ratio = np.full(len(by), np.inf)
    ratio[able] = np.maximum((end[able] - at[able]) / by[able], 0.0)
    length = float(ratio.min())
    if length >= 1.0:
        return 1.0, -1, 0
    ties = np.flatnonzero(ratio <= length + 1e-12)
    # The fastest of those met at once keeps the held constraints independent by the widest margin.
    i = ties[np.argmin(names[ties])] if bland else ties[np.argmax(np.abs(by[ties]))]
    return float(ratio[i]), int(names[i]), -1 if by[i] < 0 else 1


def _release(program: Program, sets: Sets, z: np.ndarray, y: np.ndarray, *, bland: bool) -> bool:
    """Let go of the constraint whose multiplier is most of the wrong sign; False if none is."""
    wrong = np.concatenate(
        [np.where(_fixed(program), 0.0, sets.x * z), np.where(program.equal, 0.0, sets.rows * y)]
    )
    tol = 1e-13 * max(float(np.abs(z).max(initial=0.0)), float(np.abs(program.q).max(initial=0.0)))
    bad = np.flatnonzero(wrong > tol)
    if not len(bad):
        return False
    _hold(sets, int(bad[0] if bland else bad[np.argmax(wrong[bad])]), 0)
    return True
