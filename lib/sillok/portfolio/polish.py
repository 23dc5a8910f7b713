"""The last steps to the exact answer, from a solver's: guess what holds it, solve for that, mend the guess.

An interior point stops near the limits that hold it. With these as equations, the conditions of optimality are
solved by Newton's method to the last digit; a multiplier of the wrong sign, or a limit now broken, changes the
guess. What comes out is proved by duality, or the solver's own answer stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sillok.portfolio.lagrangian import Lagrangian
from sillok.portfolio.statement import Answer

__all__ = ["Proof", "bound_prices", "polish", "prove"]

_ROUNDS = 30  # changes of the guess
_NEWTON = 40  # steps for one guess; quadratic near the answer
# An interior point of gap 1e-8 leaves weights within about the root of it of where they end.
_NEAR = 1e-4
_NO_RISK = 1e-6
_KEPT = 1e-12  # a limit missed by less is kept
_EPS = 8 * float(np.finfo(float).eps)  # what a sum of some hundred products is off by, against their size
_NOTHING = 1e-11  # a multiplier this small is a rounding
# An issue let loose from a corner starts this far on the side to which it goes.
_NUDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Proof:
    """What the multipliers prove of a portfolio."""

    gap: float  # bound on the distance of the objective from the optimum, as part of its size
    violation: float  # largest distance by which a limit is broken, in its own unit

    def excels(self, other: Proof) -> bool:
        """Whether this one is the better: limits are kept first, to rounding; then the gap counts."""
        mine, theirs = max(self.violation, _KEPT), max(other.violation, _KEPT)
        return (mine, self.gap) <= (theirs, other.gap)


@dataclass(slots=True)
class _Guess:
    """What holds the answer: -1 low, 1 high, 0 neither; and the corner at which an issue sits, -1 none."""

    x: np.ndarray
    corner: np.ndarray
    rows: np.ndarray
    others: np.ndarray  # bool

    def key(self) -> bytes:
        return b"".join(a.tobytes() for a in (self.x, self.corner, self.rows, self.others))


def _slopes(
    lag: Lagrangian, w: np.ndarray, nu: np.ndarray, S: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the smooth gradient, and the least and greatest slope that corners add at ``w``."""
    kinks = lag.kinks(w, nu, S)
    down = np.where(w <= kinks.at, kinks.down, kinks.up).sum(axis=0)
    up = np.where(w < kinks.at, kinks.down, kinks.up).sum(axis=0)
    return lag.smooth(w, nu, S), down, up


def prove(lag: Lagrangian, answer: Answer, w: np.ndarray) -> Proof:
    """Bound the distance from the optimum by the multipliers: convexity and linear duality, nothing else."""
    rows, lb, ub = lag.plain.rows, lag.plain.lb, lag.plain.ub
    S, unit = (lag.ratio(w), float(np.sqrt(lag.variance(w)))) if lag.goal.kind == "sharpe" else (0.0, 1.0)
    nu = np.array([answer.others.get(name, 0.0) * unit for name in lag.names])
    y = answer.rows * unit
    smooth, down, up = _slopes(lag, w, nu, S)
    g = smooth + rows.A.T @ y
    # What corners leave open is taken where the bounds have least to carry.
    left = np.clip(0.0, g + down, g + up)
    # What rounding alone makes of a slope that is zero says nothing.
    left = np.where(np.abs(left) > lag.noise(w, nu, S) + _EPS * (np.abs(y) @ np.abs(rows.A)), left, 0.0)
    at = np.where(left > 0, lb, ub)
    far = np.where(np.isfinite(at), at, w - np.sign(left) * (1 + np.abs(w)))
    Aw = rows.A @ w
    end = np.where(y > 0, rows.high, rows.low)
    end = np.where(np.isfinite(end), end, Aw + np.sign(y) * (1 + np.abs(Aw)))
    point = lag.at(w)
    excess = float(left @ (w - far) + y @ (end - Aw)) - float(nu @ point.values)
    # Where the least is zero, as in tracking what can be held, the gap is measured against a part of the mean variance.
    value = lag.objective(w)
    size = max(abs(value) * unit, _NO_RISK * float(lag.plain.form.diagonal.mean()))
    if lag.goal.kind in {"variance", "tracking"}:
        excess = min(excess, value)  # no variance is below zero
    broken = [rows.low - Aw, Aw - rows.high, lb - w, w - ub, point.values]
    return Proof(
        max(excess, 0.0) / size if size else 0.0, max(float(np.max(part, initial=0.0)) for part in broken)
    )


def bound_prices(lag: Lagrangian, answer: Answer) -> Answer:
    """Return the answer with the prices of its bounds, which the others leave over."""
    w = answer.weights
    if w is None:
        return answer
    S, unit = (lag.ratio(w), float(np.sqrt(lag.variance(w)))) if lag.goal.kind == "sharpe" else (0.0, 1.0)
    nu = np.array([answer.others.get(name, 0.0) * unit for name in lag.names])
    smooth, down, up = _slopes(lag, w, nu, S)
    g = smooth + lag.plain.rows.A.T @ (answer.rows * unit)
    at = (w <= lag.plain.lb) | (w >= lag.plain.ub)
    return answer._replace(bounds=np.where(at, -np.clip(0.0, g + down, g + up), 0.0) / unit)


def _first_guess(lag: Lagrangian, answer: Answer, w: np.ndarray) -> _Guess:
    rows, lb, ub = lag.plain.rows, lag.plain.lb, lag.plain.ub
    S, unit = (lag.ratio(w), float(np.sqrt(lag.variance(w)))) if lag.goal.kind == "sharpe" else (0.0, 1.0)
    nu = np.array([answer.others.get(name, 0.0) * unit for name in lag.names])
    g = _scale(lag, w, lag.smooth(w, nu, S)) or 1.0
    z, y = answer.bounds * unit / g, answer.rows * unit / g
    x = np.zeros(len(w), dtype=np.int8)
    x[(-z > w - lb) | (w - lb < 1e-9)] = -1
    x[(z > ub - w) | (ub - w < 1e-9)] = 1
    Aw = rows.A @ w
    held = np.zeros(len(y), dtype=np.int8)
    held[-y > Aw - rows.low] = -1
    held[y > rows.high - Aw] = 1
    held[rows.low == rows.high] = 1
    kinks = lag.kinks(w, nu, S)
    corner = np.full(len(w), -1, dtype=np.int8)
    for i in (1, 0):
        sharp = kinks.up[i] - kinks.down[i]
        corner[(sharp / g > np.abs(w - kinks.at[i])) & (np.abs(w - kinks.at[i]) < _NEAR)] = i
    corner[x != 0] = -1
    values = lag.at(w).values
    return _Guess(x, corner, held, nu / g > -values)


def _scale(lag: Lagrangian, w: np.ndarray, smooth: np.ndarray) -> float:
    """Return the size of the multipliers; where all gradients vanish, the unit of the risk itself."""
    return max(float(np.abs(smooth).max()), 1e-3 * float(np.abs(lag.plain.form.product(w)).max()))


class _Newton:
    """The conditions of optimality for one guess."""

    def __init__(self, lag: Lagrangian, guess: _Guess, w: np.ndarray, S: float) -> None:
        self.lag, self.guess, self.S = lag, guess, S
        rows, lb, ub = lag.plain.rows, lag.plain.lb, lag.plain.ub
        self.w = np.where(guess.x < 0, lb, np.where(guess.x > 0, ub, w))
        at = np.array([lag.p, np.zeros(len(w))])
        for i in (0, 1):
            self.w = np.where(guess.corner == i, at[i], self.w)
        self.free = np.flatnonzero((guess.x == 0) & (guess.corner < 0))
        self.held = np.flatnonzero(guess.rows)
        self.end = np.where(guess.rows < 0, rows.low, rows.high)[self.held]
        self.on = np.flatnonzero(guess.others)
        self.y, self.nu = np.zeros(len(rows.names)), np.zeros(len(lag.names))

    def slope(self) -> np.ndarray:
        """Return the gradient of the Lagrangian, corners taken on the side on which each issue is."""
        kinks = self.lag.kinks(self.w, self.nu, self.S)
        side = np.where(self.w < kinks.at, kinks.down, np.where(self.w > kinks.at, kinks.up, 0.0)).sum(axis=0)
        return self.lag.smooth(self.w, self.nu, self.S) + side + self.lag.plain.rows.A.T @ self.y

    def run(self) -> bool:
        """Solve; whether it converged."""
        A = self.lag.plain.rows.A[self.held][:, self.free]
        F, M, J = len(self.free), len(self.held), len(self.on)
        before = np.inf
        for _ in range(_NEWTON):
            if self.lag.goal.kind == "sharpe":
                self.S = self.lag.ratio(self.w)
            point = self.lag.at(self.w)
            G = point.gradients[self.on][:, self.free]
            K = np.zeros((F + M + J, F + M + J))
            K[:F, :F] = self.lag.curvature(self.w, self.nu, self.S, self.free)
            K[:F, F : F + M], K[F : F + M, :F] = A.T, A
            K[:F, F + M :], K[F + M :, :F] = G.T, G
            r = np.concatenate(
                [
                    self.slope()[self.free],
                    self.lag.plain.rows.A[self.held] @ self.w - self.end,
                    point.values[self.on],
                ]
            )
            step = _solve(K, r)
            if not np.isfinite(step).all():
                return False
            self.w[self.free] -= step[:F]
            self.y[self.held] -= step[F : F + M]
            self.nu[self.on] -= step[F + M :]
            moved = float(np.abs(step[:F]).max(initial=0.0))
            if moved <= 1e-15 or (moved < 1e-11 and moved >= 0.5 * before):
                return True
            before = moved
        return moved < 1e-9


def _solve(K: np.ndarray, r: np.ndarray) -> np.ndarray:
    try:
        found = np.linalg.solve(K, r)
    except np.linalg.LinAlgError:
        found = np.full(len(r), np.nan)
    if np.isfinite(found).all() and np.abs(K @ found - r).max(initial=0.0) <= 1e-8 * np.abs(r).max(
        initial=0.0
    ):
        return found
    return np.linalg.lstsq(K, r, rcond=1e-13)[0]


def _mend(
    lag: Lagrangian, guess: _Guess, newton: _Newton, start: np.ndarray
) -> tuple[_Guess, np.ndarray] | None:
    """Return the next guess and where to start it, None if this one agrees with its multipliers."""
    rows, lb, ub = lag.plain.rows, lag.plain.lb, lag.plain.ub
    w = newton.w
    smooth, down, up = _slopes(lag, w, newton.nu, newton.S)
    g = smooth + rows.A.T @ newton.y
    tol = _NOTHING * _scale(lag, w, smooth)
    x, corner, start = guess.x.copy(), guess.corner.copy(), start.copy()
    kinks = lag.kinks(w, newton.nu, newton.S)
    free = (guess.x == 0) & (guess.corner < 0)
    for i in (0, 1):
        at = kinks.at[i]
        # An issue that runs across a corner stops there; where the corner is flat, nothing holds it.
        crossed = (np.sign(w - at) * np.sign(start - at) < 0) & (kinks.up[i] - kinks.down[i] > tol)
        corner[free & crossed] = i
    x[free & (w < lb - 1e-13)] = -1
    x[free & (w > ub + 1e-13)] = 1
    corner[x != 0] = -1
    rises, falls = g + up < -tol, g + down > tol
    loose = ~free & (lb < ub) & ((rises & (guess.x <= 0)) | (falls & (guess.x >= 0)))
    x[loose], corner[loose] = 0, -1
    start[loose] = (w + np.where(rises, _NUDGE, -_NUDGE))[loose]
    held = guess.rows.copy()
    Aw = rows.A @ w
    held[(held != 0) & (rows.low != rows.high) & (held * newton.y < -tol)] = 0
    held[(guess.rows == 0) & (Aw < rows.low - 1e-13)] = -1
    held[(guess.rows == 0) & (Aw > rows.high + 1e-13)] = 1
    others = np.where(guess.others, newton.nu > -tol, lag.at(w).values > 1e-13)
    after = _Guess(x, corner, held, others)
    return None if after.key() == guess.key() else (after, start)


def polish(lag: Lagrangian, answer: Answer) -> Answer | None:
    """Return the exact answer near ``answer``, None where none was found.

    Of the Sharpe ratio the multipliers are those of ``S sigma - earned``, hence divided by sigma in the end.
    """
    if answer.weights is None:
        return None
    w = answer.weights.copy()
    guess = _first_guess(lag, answer, w)
    seen: set[bytes] = set()
    S = lag.ratio(w) if lag.goal.kind == "sharpe" else 0.0
    for _ in range(_ROUNDS):
        newton = _Newton(lag, guess, w, S)
        newton.y[:] = answer.rows
        newton.nu[:] = [answer.others.get(name, 0.0) for name in lag.names]
        if lag.goal.kind == "sharpe":
            unit = float(np.sqrt(lag.variance(w)))
            newton.y *= unit
            newton.nu *= unit
        newton.y[guess.rows == 0] = 0.0
        newton.nu[~guess.others] = 0.0
        if not newton.run():
            return None
        mended = _mend(lag, guess, newton, w)
        if mended is None:
            return _finished(lag, guess, newton)
        guess, w = mended
        if guess.key() in seen:
            return None
        seen.add(guess.key())
    return None


def _finished(lag: Lagrangian, guess: _Guess, newton: _Newton) -> Answer:
    unit = 1 / float(np.sqrt(lag.variance(newton.w))) if lag.goal.kind == "sharpe" else 1.0
    smooth, down, up = _slopes(lag, newton.w, newton.nu, newton.S)
    g = smooth + lag.plain.rows.A.T @ newton.y
    z = np.where(guess.x != 0, -np.clip(0.0, g + down, g + up), 0.0)
    tol = _NOTHING * _scale(lag, newton.w, smooth)
    y, nu = (np.where(np.abs(v) > tol, v, 0.0) * unit for v in (newton.y, newton.nu))
    return Answer(newton.w, y, z * unit, dict(zip(lag.names, nu.tolist(), strict=True)), "optimal")
