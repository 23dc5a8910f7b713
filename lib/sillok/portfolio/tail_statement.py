"""Scenario portfolios as cvxpy reads them: the general statement that the direct methods are pinned to.

In weights ``w``, losses ``l_t = -r_t'w`` and probabilities ``p_t``,

    cvar   minimise  a + 1 / (1 - level) sum_t p_t max(0, l_t - a)       Rockafellar and Uryasev (2000), equation 4
    evar   minimise  z - s log(1 - level),  sum_t p_t g_t <= s,  g_t >= s exp((l_t - z) / s)
                                                                         Ahmadi-Javid (2012), definition 3.1
    cdar   minimise  a + 1 / (1 - level) sum_t 1/T max(0, h_t - C_t'w - a),
                     h_t >= h_(t-1) >= 0,  h_t >= C_t'w,  C_t = r_1 + ... + r_t
                                                                         Chekhlov, Uryasev and Zabarankin (2005)
    mad    minimise  2 sum_t p_t max(0, (r - r_t)'w),  r = sum_t p_t r_t  Konno and Yamazaki (1991)
    subject to       low <= A w <= high,  lb <= w <= ub,  sum |w| <= gross,  sum (-w)+ <= short,
                     sum |w - previous| <= turnover
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from sillok.errors import InfeasibleError, SolverError

__all__ = ["Measure", "TailStatement", "Terms"]

Measure = Literal["cvar", "evar", "cdar", "mad"]


class Terms(NamedTuple):
    """Every number of the statement."""

    R: np.ndarray  # (T, N)
    p: np.ndarray  # (T,)
    A: np.ndarray  # (M, N)
    low: np.ndarray
    high: np.ndarray
    lb: np.ndarray  # (N,)
    ub: np.ndarray
    previous: np.ndarray  # (N,)
    gross: float | None = None
    short: float | None = None
    turnover: float | None = None


class TailStatement:
    """One problem, built once; :meth:`update` sets returns, probabilities and limits anew without building again.

    The shapes, which limits there are, and which of their ends are infinite, stay as they were built.

    Raises
    ------
    SolverError
        If the statement could not be solved again without being built again.
    """

    def __init__(self, terms: Terms, measure: Measure, level: float = 0.95) -> None:
        import cvxpy as cp

        self._measure, self._level = measure, level
        T, N = terms.R.shape
        self._w = cp.Variable(N, name="w")
        self._parameters: dict[str, Any] = {}
        for name, value in self._numbers(terms).items():
            self._parameters[name] = cp.Parameter(np.shape(value), name=name, nonneg=name == "p", value=value)
        risk, more = self._risk(T)
        self._constraints = more + self._limits(terms)
        self.problem = cp.Problem(cp.Minimize(risk), self._constraints)
        if not self.problem.is_dcp(dpp=True):
            raise SolverError("the statement cannot be solved again without being built again; it is not DPP")

    def _numbers(self, terms: Terms) -> dict[str, np.ndarray]:
        R = terms.R
        if self._measure == "mad":
            R = R - terms.p @ R
        elif self._measure == "cdar":
            R = np.cumsum(R, axis=0)
        # In units of their own spread the solver's tolerances mean the same for every period.
        self._scale = float(np.sqrt(np.mean(terms.R**2))) or 1.0
        found = {"R": R / self._scale, "p": terms.p, "A": terms.A, "previous": terms.previous}
        for name, value in (("low", terms.low), ("high", terms.high), ("lb", terms.lb), ("ub", terms.ub)):
            found[name] = value[np.isfinite(value)]
        for name in ("gross", "short", "turnover"):
            if getattr(terms, name) is not None:
                found[name] = np.asarray(getattr(terms, name), dtype=float)
        return found

    def _risk(self, T: int) -> tuple[Any, list[Any]]:
        import cvxpy as cp

        P, w = self._parameters, self._w
        u = cp.Variable(T, nonneg=True)
        if self._measure == "mad":
            return 2 * (P["p"] @ u), [u >= -(P["R"] @ w)]
        a = cp.Variable()
        if self._measure == "cvar":
            return a + P["p"] @ u / (1 - self._level), [u >= -(P["R"] @ w) - a]
        if self._measure == "cdar":
            h = cp.Variable(T, nonneg=True)
            drawdown = h - P["R"] @ w
            rows = [drawdown >= 0, u >= drawdown - a]
            return a + P["p"] @ u / (1 - self._level), rows + ([h[1:] >= h[:-1]] if T > 1 else [])
        s = cp.Variable(nonneg=True)
        cone = cp.ExpCone(-(P["R"] @ w) - a, s * np.ones(T), u)
        return a - s * np.log(1 - self._level), [cone, P["p"] @ u <= s]

    def _limits(self, terms: Terms) -> list[Any]:
        import cvxpy as cp

        P, w = self._parameters, self._w
        Aw = P["A"] @ w
        found = []
        for left, name, sign in ((Aw, "low", 1), (Aw, "high", -1), (w, "lb", 1), (w, "ub", -1)):
            some = np.flatnonzero(np.isfinite(getattr(terms, name)))
            if len(some):
                found.append(sign * left[some] >= sign * P[name])
        if "gross" in P:
            found.append(cp.norm1(w) <= P["gross"])
        if "short" in P:
            found.append(cp.sum(cp.neg(w)) <= P["short"])
        if "turnover" in P:
            found.append(cp.norm1(w - P["previous"]) <= P["turnover"])
        return found

    def update(self, terms: Terms) -> None:
        """Set every number anew; the shapes must be those that were built."""
        for name, value in self._numbers(terms).items():
            self._parameters[name].value = value

    def solve(self, **options: object) -> tuple[np.ndarray, float]:
        """Return weights (N,) and risk; ``options`` go to Clarabel, e.g. ``tol_gap_rel``.

        Raises
        ------
        InfeasibleError
            If the limits contradict one another.
        SolverError
            If the answer is anything but optimal.
        """
        import cvxpy as cp

        try:
            self.problem.solve(solver=cp.CLARABEL, **options)
        except cp.SolverError as err:
            raise SolverError(f"the solver broke off: {err}; check the scale of the scenarios") from err
        status = self.problem.status
        if status in {cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE}:
            raise InfeasibleError("the limits contradict one another; loosen one")
        if status != cp.OPTIMAL:
            raise SolverError(f"the answer is {status}, only an optimal one is accepted", status=status)
        return np.asarray(self._w.value), float(self.problem.value) * self._scale
