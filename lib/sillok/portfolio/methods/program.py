"""A quadratic programme, the sets of a guess at its answer, and the linear system that a guess leads to.

    minimise  1/2 x'P x + q'x    subject to    low <= A x <= high,    lb <= x <= ub

At the answer ``P x + q = A'y + z``: ``y`` prices the rows and ``z`` the bounds, positive where the lower side
holds, negative where the upper one does, zero where neither does (Karush, Kuhn and Tucker).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sillok.portfolio.methods.forms import Block, Form

__all__ = ["Certificate", "Program", "Sets", "System", "certify"]

# The Schur complement of the rows is lifted by this part of itself: rows that depend on one another, or that no
# free variable can reach, then take a large multiplier in place of a division by zero. Refinement undoes it.
_LIFT = 1e-11
_ROUNDING = 1e-15  # a few units in the last place of what is added up
# A variance below this part of what one issue of mean variance would have, on the same gross weight, is rounding: a
# riskless portfolio leaves nothing to be a part of.
_SMALL = 1e-6


class Sets(NamedTuple):
    """Which side holds each variable and each row: -1 the lower, 1 the upper, 0 neither."""

    x: np.ndarray  # (N,) int8
    rows: np.ndarray  # (M,) int8

    def key(self) -> bytes:
        """Return a value that is equal for equal sets."""
        return self.x.tobytes() + self.rows.tobytes()


class Program(NamedTuple):
    """The arrays of a programme; with a ``shift``, ``shift/2 ||x - centre||^2`` is added to the objective."""

    form: Form
    q: np.ndarray  # (N,)
    A: np.ndarray  # (M, N)
    low: np.ndarray  # (M,) -inf where a row has no lower side
    high: np.ndarray  # (M,)
    lb: np.ndarray  # (N,)
    ub: np.ndarray  # (N,)
    fixed: np.ndarray | None  # (N,) bool: both bounds are one; None: nowhere
    equal: np.ndarray  # (M,) bool: both sides are one
    equalities: bool  # all rows are
    steepest: float  # max |q|
    at_zero: bool  # the lower bounds are all zero
    shift: float = 0.0
    centre: np.ndarray | None = None

    @classmethod
    def of(  # noqa: PLR0917 - the order in which the programme is written
        cls,
        form: Form,
        q: np.ndarray,
        A: np.ndarray,
        low: np.ndarray,
        high: np.ndarray,
        lb: np.ndarray,
        ub: np.ndarray,
    ) -> Program:
        """Return the programme of these arrays."""
        fixed, equal = lb == ub, low == high
        steepest = float(np.abs(q).max(initial=0.0))
        return cls(
            form,
            q,
            A,
            low,
            high,
            lb,
            ub,
            fixed if fixed.any() else None,
            equal,
            bool(equal.all()),
            steepest,
            not lb.any(),
        )

    def near(self, centre: np.ndarray, shift: float) -> Program:
        """Return the programme with a proximal term (Rockafellar, 1976): strictly convex whatever ``P`` is."""
        return self._replace(shift=shift, centre=centre)

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Return the gradient at ``x``, (N,)."""
        g = self.form.product(x) + self.q
        return g if self.centre is None else g + self.shift * (x - self.centre)

    def held(self, sets: Sets) -> np.ndarray:
        """Return the point whose held variables are on their bounds, and whose free ones are zero."""
        x = np.zeros(len(self.q))
        if not self.at_zero:
            at_low = sets.x < 0
            x[at_low] = self.lb[at_low]
        at_high = np.flatnonzero(sets.x > 0)
        if len(at_high):
            x[at_high] = self.ub[at_high]
        return x


class System:
    """The optimality conditions on given sets, solved for the free variables and the multipliers of held rows.

    [ H_FF  -A_WF' ] [dx]   [r]
    [ A_WF     0   ] [dy] = [s]        by  S = A_WF H_FF^-1 A_WF'
    """

    __slots__ = ("A", "G", "block", "free", "held", "rows", "schur", "target")

    def __init__(self, program: Program, sets: Sets, block: Block, free: np.ndarray, lift: float) -> None:
        self.block, self.free = block, free
        self.held = np.flatnonzero(sets.rows)
        if len(self.held) == len(program.low) and program.equalities:
            self.rows, self.target = program.A, program.low
        else:
            self.rows = program.A[self.held]
            self.target = np.where(sets.rows[self.held] < 0, program.low[self.held], program.high[self.held])
        self.A = self.rows.take(free, axis=1)
        self.G = block.solve(self.A.T)
        S = self.A @ self.G
        if len(S):
            size = float(S.diagonal().max())
            if not size > 0:
                size = 1.0 / max(float(program.form.diagonal.mean()), 1e-300)
            S.flat[:: len(S) + 1] += lift * size
        self.schur = S

    @classmethod
    def of(cls, program: Program, sets: Sets, lift: float = _LIFT) -> System | None:
        """Factorise; None where the free block is singular to working precision."""
        free = np.flatnonzero(sets.x == 0)
        block = program.form.block(free, program.shift)
        return None if block is None else cls(program, sets, block, free, lift)

    def solve(self, r: np.ndarray | None, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(dx, dy)``; without ``r`` it is zero."""
        if r is None:
            return self.G @ (dy := self._across(s)), dy
        u = self.block.solve(r[:, None])[:, 0]
        if not len(s):
            return u, s
        dy = self._across(s - self.A @ u)
        return u + self.G @ dy, dy

    def _across(self, s: np.ndarray) -> np.ndarray:
        return s / self.schur[0] if len(s) == 1 else np.linalg.solve(self.schur, s)

    def refine(self, program: Program, x: np.ndarray, y: np.ndarray, g: np.ndarray) -> bool:
        """Correct ``x`` and ``y`` in place by what the programme leaves over at them, where the gradient is ``g``.

        Returns whether there was no more to correct than rounding.
        """
        pull = y[self.held] @ self.A
        r = pull - g[self.free]
        s = self.target - self.rows @ x
        size = _largest(pull) + program.steepest
        if _largest(r) <= _ROUNDING * size and _largest(s) <= _ROUNDING * _largest(x):
            return True
        dx, dy = self.solve(r, s)
        x[self.free] += dx
        y[self.held] += dy
        return False


def _largest(values: np.ndarray) -> float:
    return max(float(values.max()), -float(values.min())) if len(values) else 0.0


class Certificate(NamedTuple):
    """What a pair of primal and dual points proves."""

    z: np.ndarray  # (N,) multipliers of the bounds
    gap: float  # bound on how far the objective is above the least, as part of its terms' size
    violation: float  # largest distance of a row or a bound from where it should be, in its own units


def certify(program: Program, x: np.ndarray, y: np.ndarray, g: np.ndarray | None = None) -> Certificate:
    """Bound the distance from the optimum by duality, from ``x`` and ``y`` alone.

    With ``g = P x + q`` convexity gives ``f(v) >= f(x) + g'(v - x)`` for each feasible ``v``, and linear duality
    bounds ``g'v`` by the rows' and bounds' multipliers. A multiplier that leans on an absent bound is priced at a
    bound ``1 + |x|`` away. The proximal term, if any, is left out: what is certified is the programme as given;
    ``g`` is its gradient at ``x``, if known.
    """
    P, q, A, low, high, lb, ub = program[:7]
    g = P.product(x) + q if g is None else g
    z = g - y @ A
    Ax = A @ x
    earned = float(q @ x)
    size = max(
        0.5 * (float(x @ g) - earned) + abs(earned),
        _SMALL * float(P.diagonal.mean()) * float(np.abs(x).sum()) ** 2,
    )
    excess = float(_leaning(y, Ax, low, high).sum() + _leaning(z, x, lb, ub).sum())
    if excess > 1e-10 * size:
        # What rounding alone makes of a multiplier that is zero says nothing: |P_ij| <= vol_i vol_j.
        vol = np.sqrt(P.diagonal)
        noise = 8 * np.finfo(float).eps * (vol * float(vol @ np.abs(x)) + np.abs(q) + np.abs(y) @ np.abs(A))
        heard = np.where(np.abs(z) > noise, z, 0.0)
        excess = float(_leaning(y, Ax, low, high).sum() + _leaning(heard, x, lb, ub).sum())
    violation = 0.0
    for value, least, most in ((Ax, low, high), (x, lb, ub)):
        if len(value):
            violation = max(violation, float((least - value).max()), float((value - most).max()))
    return Certificate(z, max(excess, 0.0) / size if size else 0.0, violation)


def _leaning(price: np.ndarray, at: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return each price times the distance from the side that it leans on."""
    side = np.where(price > 0, low, high)
    away = np.where(np.isfinite(side), at - side, np.sign(price) * (1 + np.abs(at)))
    return price * away
