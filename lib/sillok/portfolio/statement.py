"""The general problem as cvxpy reads it, built once and solved many times.

In weights ``w`` (for the maximum Sharpe ratio in ``x = k w`` with ``k`` free: Charnes and Cooper, 1962)

    minimise    ||R w||^2                               variance;  ||R (w - b)||^2: tracking
    maximise    (mu'w - cost(w)) / a - 1/2 ||R w||^2    utility
    maximise    mu'w - cost(w)                          return
    subject to  low <= A w <= high,  lb <= w <= ub,  sum |w| <= gross,  sum (-w)+ <= short,
                sum |w - p| <= turnover,  ||R w|| <= vol,  ||R (w - b)|| <= tracking,
                mu'w - cost(w) >= return,  cost(w) = c'|w - p| + k'|w - p|^1.5

where ``R'R = Sigma``; in factor form ``R`` is ``(B', sqrt(d))``, and no (N, N) matrix is made.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from sillok.errors import ConfigError, SolverError
from sillok.portfolio.constraints import Rows, bounds, cost_coefficients, linear_rows
from sillok.portfolio.roots import root

if TYPE_CHECKING:
    import cvxpy as cp

    from sillok.portfolio.data import Data, Limits

__all__ = ["Answer", "Goal", "Kind", "Statement", "Terms"]

Kind = Literal["variance", "tracking", "utility", "return", "sharpe"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What is minimised or maximised."""

    kind: Kind
    risk_aversion: float = 1.0
    risk_free_annual: float = 0.0


class Answer(NamedTuple):
    """Weights and multipliers, in the problem's own units; ``weights`` is None where nothing is feasible."""

    weights: np.ndarray | None  # (N,)
    rows: np.ndarray  # (M,), positive at the high end, negative at the low; the budget's is signed
    bounds: np.ndarray  # (N,), positive at the greatest weight, negative at the least
    others: dict[str, float]  # of the limits that are no rows
    status: str


@dataclass(slots=True)
class Terms:
    """Every number of the statement, scaled for the solver."""

    goal: Goal
    rows: Rows
    lb: np.ndarray
    ub: np.ndarray
    scale: float  # mean variance: risk is stated in this unit
    reward_scale: float  # the unit of the return in the objective
    values: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Data, limits: Limits, goal: Goal) -> Terms:
        """Read the arrays out of ``data`` and ``limits``."""
        rows = linear_rows(data.labels, limits, industry=data.industry, exposures=data.exposures, mu=data.mu)
        lb, ub = bounds(data.labels, limits)
        R, scale = root(data)
        values: dict[str, np.ndarray] = dict(R)
        N = len(lb)
        mu = np.zeros(N) if data.mu is None else data.mu.to_numpy(dtype=float)
        excess = mu - goal.risk_free_annual if goal.kind == "sharpe" else mu
        unit = goal.risk_aversion * scale if goal.kind == "utility" else float(np.abs(excess).max()) or 1.0
        values["reward"] = excess / unit
        p = np.zeros(N) if data.previous is None else data.previous.to_numpy(dtype=float)
        values["previous"] = p
        if data.benchmark is not None:
            b = data.benchmark.to_numpy(dtype=float)
            values["Rb"] = _apply(R, b)
        for name, c in zip(("linear", "impact"), cost_coefficients(data.labels, limits), strict=True):
            if c is not None:
                values[name] = c / limits.cost_years / unit
                values[f"{name}_row"] = c / limits.cost_years
        values |= {"mu": mu, "lb": lb, "ub": ub, "low": rows.low, "high": rows.high, "A": rows.A}
        root_scale = np.sqrt(scale)
        for name, value, one in (
            ("gross", limits.max_gross, 1.0),
            ("short", limits.max_short, 1.0),
            ("turnover", limits.max_turnover, 1.0),
            ("vol", limits.max_vol_annual, root_scale),
            ("tracking", limits.max_tracking_annual, root_scale),
            ("return", limits.min_return_annual if limits.has_costs else None, 1.0),
        ):
            if value is not None:
                values[name] = np.asarray(value / one)
        return cls(goal, rows, lb, ub, scale, unit, values)


def _apply(R: dict[str, np.ndarray], w: np.ndarray) -> np.ndarray:
    if "R" in R:
        return R["R"] @ w
    return np.concatenate([R["B"].T @ w, R["s"] * w])


_TIGHT = {"tol_gap_abs": 1e-14, "tol_gap_rel": 1e-13, "tol_feas": 1e-12, "max_iter": 400}
# The least ||R y||^2 of the scaled ratio, where risk and return are of the size of one: below, none is left.
_RISKLESS = 1e-12
_DIVERGED = 1e50  # no weights, but numbers whose squares may have no place
_NONNEG = {"linear", "impact", "linear_row", "impact_row"}


class Statement:
    """One problem, stated for cvxpy.

    With ``again=True`` every number is a parameter: :meth:`update` sets it anew and nothing is built twice.
    The shapes, which limits there are, and which of them are infinite, stay as they were built.

    Raises
    ------
    SolverError
        If the statement with parameters could not be solved again without being built again.
    """

    def __init__(self, data: Data, limits: Limits, goal: Goal, *, again: bool = False) -> None:
        import cvxpy as cp

        self._again = again
        self._terms = Terms.of(data, limits, goal)
        self._parameters: dict[str, cp.Parameter] = {}
        self._x = cp.Variable(len(self._terms.lb), name="w")
        self._k: Any = cp.Variable(nonneg=True, name="k") if goal.kind == "sharpe" else 1.0
        self._named: dict[str, tuple[cp.Constraint, float]] = {}
        self._extra: list[cp.Constraint] = []
        self._traded: cp.Variable | None = None
        self._masks = self._ends()
        self._state_rows()
        self._state_limits()
        objective = self._objective()
        everything = [c for c, _ in self._named.values()] + self._extra
        self.problem = cp.Problem(objective, everything)
        if again and not self.problem.is_dcp(dpp=True):
            raise SolverError("the statement cannot be solved again without being built again; it is not DPP")

    def _ends(self) -> dict[str, np.ndarray]:
        t = self._terms
        equal = t.rows.low == t.rows.high
        return {
            "equal": equal,
            "rows_high": np.isfinite(t.rows.high) & ~equal,
            "rows_low": np.isfinite(t.rows.low) & ~equal,
            "high": np.isfinite(t.ub),
            "low": np.isfinite(t.lb),
        }

    def _value(self, name: str, mask: np.ndarray | None = None, key: str | None = None) -> Any:
        """Return a number of the statement, as a parameter where it will be set again."""
        import cvxpy as cp

        value = self._terms.values[name] if mask is None else self._terms.values[name][mask]
        if not self._again:
            return cp.Constant(value)
        key = key or name
        if key not in self._parameters:
            self._parameters[key] = cp.Parameter(value.shape, name=key, nonneg=name in _NONNEG)
            self._parameters[key].value = value
        return self._parameters[key]

    def _state_rows(self) -> None:
        x, k, m = self._x, self._k, self._masks
        self._named["equal"] = (
            self._value("A", m["equal"], "A_equal") @ x == self._value("high", m["equal"], "equal") * k,
            1.0,
        )
        if m["rows_high"].any():
            left = self._value("A", m["rows_high"], "A_high") @ x
            self._named["rows_high"] = (left <= self._value("high", m["rows_high"], "rows_high") * k, 1.0)
        if m["rows_low"].any():
            left = self._value("A", m["rows_low"], "A_low") @ x
            self._named["rows_low"] = (left >= self._value("low", m["rows_low"], "rows_low") * k, 1.0)
        if m["high"].any():
            self._named["high"] = (x[m["high"]] <= self._value("ub", m["high"]) * k, 1.0)
        if m["low"].any():
            self._named["low"] = (x[m["low"]] >= self._value("lb", m["low"]) * k, 1.0)

    def _state_limits(self) -> None:
        import cvxpy as cp

        x, k, values = self._x, self._k, self._terms.values
        traded = x - self._value("previous") * k
        unit = 1 / np.sqrt(self._terms.scale)
        if "gross" in values:
            self._named["gross"] = (cp.norm1(x) <= self._value("gross") * k, 1.0)
        if "short" in values:
            self._named["short"] = (cp.sum(cp.neg(x)) <= self._value("short") * k, 1.0)
        if "turnover" in values:
            self._named["turnover"] = (cp.norm1(traded) <= self._value("turnover") * k, 1.0)
        if "vol" in values:
            self._named["vol"] = (cp.norm(self._risk(off=False), 2) <= self._value("vol") * k, unit)
        if "tracking" in values:
            self._named["tracking"] = (cp.norm(self._risk(off=True), 2) <= self._value("tracking") * k, unit)
        if "return" in values:
            net = self._value("mu") @ x - self._cost("_row")
            self._named["return"] = (net >= self._value("return") * k, 1.0)

    def _risk(self, *, off: bool) -> Any:
        import cvxpy as cp

        x = self._x
        if "R" in self._terms.values:
            found = self._value("R") @ x
        else:
            found = cp.hstack([self._value("B").T @ x, cp.multiply(self._value("s"), x)])
        return found - self._value("Rb") * self._k if off else found

    def _size(self) -> Any:
        """Return ``|w - p|`` as a variable: a parameter times what holds another could not be solved again."""
        import cvxpy as cp

        if self._traded is None:
            self._traded = cp.Variable(len(self._terms.lb), nonneg=True, name="traded")
            self._extra.append(cp.abs(self._x - self._value("previous") * self._k) <= self._traded)
        return self._traded

    def _cost(self, suffix: str = "") -> Any:
        import cvxpy as cp

        values = self._terms.values
        total: Any = 0.0
        if f"linear{suffix}" in values:
            total = total + self._value(f"linear{suffix}") @ self._size()
        if f"impact{suffix}" in values:
            # u^1.5 / sqrt(k), with k = 1 but for the ratio, is a power cone; cvxpy's own power makes a minute of
            # work out of 500 of them when their coefficients are parameters.
            N = len(self._terms.lb)
            t = cp.Variable(N, nonneg=True)
            self._extra.append(cp.PowCone3D(t, self._k * np.ones(N), self._size(), 2 / 3))
            total = total + self._value(f"impact{suffix}") @ t
        return total

    def _objective(self) -> Any:
        import cvxpy as cp

        kind = self._terms.goal.kind
        if kind in {"variance", "tracking"}:
            return cp.Minimize(cp.sum_squares(self._risk(off=kind == "tracking")))
        net = self._value("reward") @ self._x - self._cost()
        if kind == "sharpe":
            self._extra.append(net >= 1)
            return cp.Minimize(cp.sum_squares(self._risk(off=False)))
        return cp.Maximize(net - 0.5 * cp.sum_squares(self._risk(off=False)) if kind == "utility" else net)

    def update(self, data: Data, limits: Limits) -> None:
        """Set every number anew.

        Raises
        ------
        ConfigError
            If the statement was not built for it, or the shape of the problem is another.
        """
        if not self._again:
            raise ConfigError("this statement has no parameters; build it with again=True")
        before, masks = self._terms, self._masks
        self._terms = Terms.of(data, limits, before.goal)
        now = self._ends()
        same = set(before.values) == set(self._terms.values) and all(
            np.shape(before.values[n]) == np.shape(v) for n, v in self._terms.values.items()
        )
        if not same or any(not np.array_equal(masks[n], now[n]) for n in masks):
            self._terms = before
            raise ConfigError("the problem has another shape than the one that was built; build it anew")
        cut = {
            "A_equal": "equal", "equal": "equal", "A_high": "rows_high", "rows_high": "rows_high",
            "A_low": "rows_low", "rows_low": "rows_low", "ub": "high", "lb": "low",
        }  # fmt: skip
        source = {"equal": "high", "rows_high": "high", "rows_low": "low"}
        for key, parameter in self._parameters.items():
            name = source.get(key, "A" if key.startswith("A_") else key)
            value = self._terms.values[name]
            parameter.value = value[now[cut[key]]] if key in cut else value

    @property
    def terms(self) -> Terms:
        """The numbers that stand in it now."""
        return self._terms

    def solve(self, *, tight: bool = False) -> Answer:
        """Solve it as it stands, with ``tight=True`` to as many digits as the solver can give.

        Raises
        ------
        SolverError
            If the solver found neither an answer nor that there is none. An answer may be inaccurate: its status says so.
        """
        import cvxpy as cp

        try:
            with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
                # Told by the status; whether the answer is good enough is proved from its multipliers.
                warnings.filterwarnings("ignore", message="Solution may be inaccurate")
                self.problem.solve(solver=cp.CLARABEL, warm_start=self._again, **(_TIGHT if tight else {}))
        except cp.SolverError as err:
            raise SolverError(f"the solver broke off: {err}; check the scale of Sigma and mu") from err
        status = self.problem.status
        M, N = len(self._terms.rows.names), len(self._terms.lb)
        if status in {cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE}:
            return Answer(None, np.zeros(M), np.zeros(N), {}, "infeasible")
        if status not in {cp.OPTIMAL, cp.OPTIMAL_INACCURATE}:
            raise SolverError(
                f"the answer is {status}, only an optimal one is accepted; loosen the limits or shrink Sigma",
                status=status,
            )
        if not np.abs(self._x.value).max() < _DIVERGED:
            raise SolverError(
                "the solver went astray: its weights grow without end; check the scale of the limits"
            )
        return self._read()._replace(status=status)

    def _read(self) -> Answer:
        t, m = self._terms, self._masks
        k = 1.0 if isinstance(self._k, float) else float(self._k.value)
        p = float(self.problem.value)
        if t.goal.kind == "sharpe" and (k <= 0 or p * k**-2 <= _RISKLESS):
            raise SolverError(
                "the ratio is unbounded: some riskless portfolio earns more than the riskless rate"
            )
        if t.goal.kind in {"variance", "tracking"}:
            worth = t.scale
        elif t.goal.kind == "sharpe":
            worth = 0.5 * k * p**-1.5 * t.reward_scale / np.sqrt(t.scale)
        else:
            worth = t.reward_scale
        y, z = np.zeros(len(t.rows.names)), np.zeros(len(t.lb))
        others: dict[str, float] = {}
        place = {"equal": (y, -1), "rows_high": (y, 1), "rows_low": (y, -1), "high": (z, 1), "low": (z, -1)}
        for name, (constraint, unit) in self._named.items():
            dual = np.asarray(constraint.dual_value) * (worth * unit)
            if name in place:
                into, sign = place[name]
                into[m[name]] += sign * dual
            else:
                others[name] = float(np.ravel(dual)[0])
        return Answer(np.asarray(self._x.value) / k, y, z, others, "optimal")
