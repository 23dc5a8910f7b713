"""How far an answer is from the best there is, proved from the answer and the inputs alone.

Nothing here solves the problem that is examined, and nothing here is the library's: each bound follows from
convexity or from duality, so it holds whatever method found the weights.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

__all__ = [
    "Polytope",
    "cvar",
    "cvar_gap",
    "frontier_gap",
    "linear_gap",
    "parity_error",
    "quadratic_gap",
    "sharpe_gap",
    "simplex",
]


class Polytope(NamedTuple):
    """``low <= A w <= high``, ``lb <= w <= ub``."""

    A: np.ndarray  # (M, N)
    low: np.ndarray  # (M,)
    high: np.ndarray  # (M,)
    lb: np.ndarray  # (N,)
    ub: np.ndarray  # (N,)

    def violation(self, w: np.ndarray) -> float:
        """Return how far ``w`` is outside, the worst limit counting."""
        r = self.A @ w
        over = [self.low - r, r - self.high, self.lb - w, w - self.ub]
        return float(max(0.0, *(np.max(x, initial=0.0) for x in over)))

    def least(self, g: np.ndarray) -> float:
        """Return the least g'v over the polytope: sorted by g where the budget is all there is, else by HiGHS."""
        if len(self.A) == 1 and np.all(self.A == 1) and self.low[0] == self.high[0]:
            v, left = self.lb.copy(), self.low[0] - self.lb.sum()
            for k in np.argsort(g, kind="stable"):
                step = min(left, self.ub[k] - self.lb[k])
                v[k] += step
                left -= step
                if left <= 0:
                    break
            return float(g @ v)
        equal = self.low == self.high
        upper, lower = ~equal & np.isfinite(self.high), ~equal & np.isfinite(self.low)
        answer = linprog(
            g,
            A_ub=np.vstack([self.A[upper], -self.A[lower]]) if (upper | lower).any() else None,
            b_ub=np.concatenate([self.high[upper], -self.low[lower]]) if (upper | lower).any() else None,
            A_eq=self.A[equal] if equal.any() else None,
            b_eq=self.low[equal] if equal.any() else None,
            bounds=np.column_stack([self.lb, self.ub]),
            method="highs-ds",
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )
        if answer.status != 0:
            raise RuntimeError(f"the linear programme of the proof ended with: {answer.message}")
        return float(answer.fun)


def simplex(N: int, cap: float = 1.0) -> Polytope:
    """Return long-only and fully invested."""
    return Polytope(np.ones((1, N)), np.ones(1), np.ones(1), np.zeros(N), np.full(N, cap))


def linear_gap(g: np.ndarray, w: np.ndarray, room: Polytope) -> float:
    """Return g'w - min g'v: no convex function with this gradient at ``w`` falls by more within ``room``."""
    return float(g @ w) - room.least(g)


def quadratic_gap(P: np.ndarray, q: np.ndarray, w: np.ndarray, room: Polytope) -> float:
    """Return a bound of f(w) - min f for f = 1/2 w'Pw + q'w, in the units of f (Frank and Wolfe, 1956)."""
    return linear_gap(P @ w + q, w, room)


def frontier_gap(Sigma: np.ndarray, mu: np.ndarray, w: np.ndarray) -> float:
    """Return a bound of the relative gap of w'Sigma w, long only, at the return that ``w`` has.

    For any lambda, with nu = min(Sigma w - lambda mu): half of the least variance is at least
    -1/2 w'Sigma w + lambda r + nu (Wolfe, 1961). Lambda is fitted on the issues held.
    """
    g, held = Sigma @ w, w > 1e-7
    X = np.column_stack([mu[held], np.ones(held.sum())])
    slope = np.linalg.lstsq(X, g[held], rcond=None)[0][0] if held.sum() > 1 else 0.0
    best = np.inf
    # At a corner whose issues earn alike every slope in a range will do: try those at which another would come in.
    with np.errstate(divide="ignore", invalid="ignore"):
        k = int(np.argmax(w))
        tries = [slope, 0.0]
        if np.ptp(mu[held]) == 0:
            tries += [s for s in (g - g[k]) / (mu - mu[k]) if np.isfinite(s) and s >= 0]
    for s in tries:
        best = min(best, float(w @ g - s * (mu @ w) - np.min(g - s * mu)))
    return 2 * best / float(w @ g)


def sharpe_gap(Sigma: np.ndarray, excess: np.ndarray, w: np.ndarray) -> float:
    """Return a bound of 1 - S(w) / max S, long only.

    S(v)^2 <= u' Sigma^-1 u for every u >= excess (Cauchy and Schwarz), equal at the best portfolio where
    u = max(excess, c Sigma w), c = excess'w / w'Sigma w.
    """
    g = Sigma @ w
    c = float(excess @ w) / float(w @ g)
    u = np.maximum(excess, c * g)
    # With slack at issues not held u may be lowered to c Sigma w itself.
    u = np.where(excess > c * g, excess, c * g)
    bound = np.sqrt(float(u @ np.linalg.solve(Sigma, u)))
    return 1 - float(excess @ w) / np.sqrt(float(w @ g)) / bound


def cvar(losses: np.ndarray, level: float, p: np.ndarray | None = None) -> float:
    """Return the mean of the worst ``1 - level`` of the losses, one of them in part where need be."""
    order = np.argsort(-losses, kind="stable")
    mass = np.full(len(losses), 1 / len(losses)) if p is None else p
    taken = np.diff(np.minimum(np.cumsum(mass[order]), 1 - level), prepend=0.0)
    return float(losses[order] @ taken / (1 - level))


def cvar_gap(R: np.ndarray, w: np.ndarray, level: float, room: Polytope) -> float:
    """Return a bound of CVaR(w) - min CVaR, in units of the loss.

    CVaR is the largest mean loss over probabilities of at most 1 / (T (1 - level)) each, so any such q bounds the
    least CVaR from below by min over portfolios of -(R'q)'v. The q of ``w`` is free only where losses tie at the
    value at risk; a linear programme over those makes the bound the best it can be.
    """
    T, N = R.shape
    losses, top = -R @ w, 1 / (T * (1 - level))
    value = cvar(losses, level)
    at = np.sort(losses)[::-1][max(int(np.ceil(T * (1 - level) - 1e-9)) - 1, 0)]
    near = np.abs(losses - at) <= 1e-7 * np.abs(losses).max()
    q = np.where(losses > at, top, 0.0)
    q[near] = 0.0
    free = np.flatnonzero(near)
    L = -R
    base = L.T @ q
    if len(room.A) == 1 and np.all(room.A == 1) and np.all(room.lb == 0) and np.all(room.ub >= 1):
        # max t subject to base + L_free' x >= t, sum x = 1 - sum q, 0 <= x <= top
        answer = linprog(
            np.append(np.zeros(len(free)), -1.0),
            A_ub=np.column_stack([-L[free].T, np.ones(N)]),
            b_ub=base,
            A_eq=np.append(np.ones(len(free)), 0.0)[None],
            b_eq=[1 - q.sum()],
            bounds=[(0, top)] * len(free) + [(None, None)],
            method="highs-ds",
        )
        if answer.status != 0:
            raise RuntimeError(f"the linear programme of the proof ended with: {answer.message}")
        x = np.clip(answer.x[:-1], 0, top)
        x *= (1 - q.sum()) / x.sum()
        # Clipping and scaling leave a probability within a rounding of its cap; what is over is counted against it.
        q[free] = x
        over = max(q.max() / top - 1, 0.0)
        return value * (1 + over) - float(np.min(L.T @ q))
    q[free] = (1 - q.sum()) / len(free)
    return value - room.least(L.T @ q)


def parity_error(Sigma: np.ndarray, w: np.ndarray, budgets: np.ndarray) -> float:
    """Return the worst relative deviation of a part of risk from its budget."""
    parts = w * (Sigma @ w)
    return float(np.max(np.abs(parts / parts.sum() / budgets - 1)))
