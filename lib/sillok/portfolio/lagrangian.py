"""The general problem in its own units: gradients, kinks and curvature, for the last steps and for the proof.

Everything is minimised here: ``f(w) + sum_j nu_j h_j(w) + y'(A w - end) + z'(w - bound)``, so that multipliers are
positive where a high end holds and negative where a low end does. Of the maximum Sharpe ratio ``S`` the function
``S sigma(w) - earned(w)`` is taken, whose least value is zero at the answer (Dinkelbach, 1967).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sillok.errors import SolverError
from sillok.portfolio.constraints import cost_coefficients

if TYPE_CHECKING:
    from sillok.portfolio.data import Data, Limits
    from sillok.portfolio.direct import Arrays
    from sillok.portfolio.statement import Goal

__all__ = ["Kinks", "Lagrangian", "Point"]


_EPS = 8 * float(np.finfo(float).eps)  # as in a certificate of the direct methods


class Kinks(NamedTuple):
    """The terms with a corner, by issue: between ``down`` and ``up`` lies each slope at the corner."""

    at: np.ndarray  # (2, N) where the corners are: the previous weights, and zero
    down: np.ndarray  # (2, N) slope below the corner
    up: np.ndarray  # (2, N) slope above it


class Point(NamedTuple):
    """What the limits that are no rows are at a portfolio."""

    values: np.ndarray  # (J,) h_j(w), zero or less where kept
    gradients: np.ndarray  # (J, N), on the side of each corner on which w is


class Lagrangian:
    """The problem of ``data``, ``limits`` and ``goal``."""

    def __init__(self, data: Data, limits: Limits, goal: Goal, plain: Arrays) -> None:
        N = len(plain.lb)
        self.plain, self.limits, self.goal = plain, limits, goal
        self.p = np.zeros(N) if data.previous is None else data.previous.to_numpy(dtype=float)
        self.b = np.zeros(N) if plain.b is None else plain.b
        mu = np.zeros(N) if plain.mu is None else plain.mu
        self.mu = mu
        self.reward = mu - goal.risk_free_annual if goal.kind == "sharpe" else mu
        linear, impact = cost_coefficients(data.labels, limits)
        self.linear = np.zeros(N) if linear is None else linear / limits.cost_years
        self.impact = np.zeros(N) if impact is None else impact / limits.cost_years
        wanted = {
            "vol": limits.max_vol_annual,
            "tracking": limits.max_tracking_annual,
            "turnover": limits.max_turnover,
            "gross": limits.max_gross,
            "short": limits.max_short,
            "return": limits.min_return_annual if limits.has_costs else None,
        }
        self.ends = {name: value for name, value in wanted.items() if value is not None}
        self.names = tuple(self.ends)
        self.earns = 1.0 if goal.kind in {"utility", "return", "sharpe"} else 0.0

    def cost(self, w: np.ndarray) -> float:
        """Return what trading costs, a year."""
        traded = np.abs(w - self.p)
        return float(self.linear @ traded + self.impact @ traded**1.5)

    def _cost_slope(self, w: np.ndarray) -> np.ndarray:
        traded = w - self.p
        return np.sign(traded) * (self.linear + 1.5 * self.impact * np.sqrt(np.abs(traded)))

    def variance(self, off: np.ndarray) -> float:
        """Return ``off' Sigma off``."""
        return max(float(off @ self.plain.form.product(off)), 0.0)

    def ratio(self, w: np.ndarray) -> float:
        """Return the Sharpe ratio less costs.

        Raises
        ------
        SolverError
            If there is no risk.
        """
        variance = self.variance(w)
        if variance <= 0:
            raise SolverError(
                "the ratio is unbounded: some riskless portfolio earns more than the riskless rate"
            )
        return (float(self.reward @ w) - self.cost(w)) / float(np.sqrt(variance))

    def objective(self, w: np.ndarray) -> float:
        """Return what is minimised, for the Sharpe ratio its negative."""
        kind = self.goal.kind
        if kind == "variance":
            return self.variance(w)
        if kind == "tracking":
            return self.variance(w - self.b)
        if kind == "sharpe":
            return -self.ratio(w)
        risk = 0.5 * self.goal.risk_aversion * self.variance(w) if kind == "utility" else 0.0
        return risk - float(self.mu @ w) + self.cost(w)

    def at(self, w: np.ndarray) -> Point:
        """Return the limits that are no rows, at ``w``; risks as ``(V - s^2) / 2 s``, convex and of the same slope."""
        values, gradients = [], []
        for name, end in self.ends.items():
            if name in {"vol", "tracking"}:
                off = w if name == "vol" else w - self.b
                Pw = self.plain.form.product(off)
                values.append((float(off @ Pw) - end**2) / (2 * end))
                gradients.append(Pw / end)
            elif name == "return":
                values.append(end - float(self.mu @ w) + self.cost(w))
                gradients.append(self._cost_slope(w) - self.mu)
            elif name == "short":
                values.append(float(np.maximum(-w, 0.0).sum()) - end)
                gradients.append(-(w < 0).astype(float))
            else:
                off = w - self.p if name == "turnover" else w
                values.append(float(np.abs(off).sum()) - end)
                gradients.append(np.sign(off))
        N = len(w)
        return Point(np.array(values), np.array(gradients).reshape(len(values), N))

    def _multiplier(self, nu: np.ndarray, name: str) -> float:
        return float(nu[self.names.index(name)]) if name in self.ends else 0.0

    def _weights(self, w: np.ndarray, nu: np.ndarray, S: float) -> tuple[float, float, float]:
        """Return what multiplies ``Sigma w``, ``Sigma (w - b)`` and the net return."""
        kind = self.goal.kind
        own = {"variance": 2.0, "utility": self.goal.risk_aversion}.get(kind, 0.0)
        if kind == "sharpe":
            own = S / np.sqrt(max(self.variance(w), 1e-300))
        off = 2.0 if kind == "tracking" else 0.0
        if "vol" in self.ends:
            own += self._multiplier(nu, "vol") / self.ends["vol"]
        if "tracking" in self.ends:
            off += self._multiplier(nu, "tracking") / self.ends["tracking"]
        return own, off, self.earns + self._multiplier(nu, "return")

    def smooth(self, w: np.ndarray, nu: np.ndarray, S: float) -> np.ndarray:
        """Return the gradient of all that has no corner, (N,)."""
        own, off, earned = self._weights(w, nu, S)
        g = self.plain.form.product(own * w + off * (w - self.b)) if own or off else np.zeros_like(w)
        g = g - self.earns * self.reward - self._multiplier(nu, "return") * self.mu
        traded = w - self.p
        return g + earned * 1.5 * self.impact * np.sign(traded) * np.sqrt(np.abs(traded))

    def noise(self, w: np.ndarray, nu: np.ndarray, S: float) -> np.ndarray:
        """Return what rounding may make of :meth:`smooth`, (N,): ``|Sigma_ij| <= vol_i vol_j``."""
        own, off, earned = self._weights(w, nu, S)
        vol = np.sqrt(self.plain.form.diagonal)
        moved = own * float(vol @ np.abs(w)) + abs(off) * float(vol @ np.abs(w - self.b))
        return _EPS * (vol * moved + abs(earned) * (np.abs(self.reward) + np.abs(self.mu)))

    def kinks(self, w: np.ndarray, nu: np.ndarray, S: float) -> Kinks:
        """Return the corners and their slopes."""
        earned = self._weights(w, nu, S)[2]
        trade = earned * self.linear + self._multiplier(nu, "turnover")
        gross, short = self._multiplier(nu, "gross"), self._multiplier(nu, "short")
        N = len(w)
        return Kinks(
            np.array([self.p, np.zeros(N)]),
            np.array([-trade, np.full(N, -gross - short)]),
            np.array([trade, np.full(N, gross)]),
        )

    def curvature(self, w: np.ndarray, nu: np.ndarray, S: float, free: np.ndarray) -> np.ndarray:
        """Return the second derivatives on the issues ``free``, (F, F)."""
        own, off, earned = self._weights(w, nu, S)
        unit = np.zeros((len(w), len(free)))
        unit[free, np.arange(len(free))] = 1.0
        form = self.plain.form
        if hasattr(form, "P"):
            block = form.P[np.ix_(free, free)]
        else:
            B = form.B[free]  # type: ignore[attr-defined]
            block = B @ B.T + np.diag(form.d[free])  # type: ignore[attr-defined]
        H = (own + off) * block
        if self.goal.kind == "sharpe":
            Pw = form.product(w)[free]
            H = H - S / self.variance(w) ** 1.5 * np.outer(Pw, Pw)
        traded = np.maximum(np.abs(w - self.p)[free], 1e-14)
        H[np.diag_indices(len(free))] += earned * 0.75 * self.impact[free] / np.sqrt(traded)
        return H
