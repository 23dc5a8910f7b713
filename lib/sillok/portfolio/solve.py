"""One way from facts, limits and a goal to a solution: the direct method where there is one, else the statement."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, InfeasibleError, SolverError
from sillok.portfolio.constraints import cost_coefficients
from sillok.portfolio.data import Data, Limits, Solution
from sillok.portfolio.definiteness import check_definite
from sillok.portfolio.direct import Arrays, Start, applies, arrays, refuse_ratio, solve_direct
from sillok.portfolio.infeasible import can_be_kept, explain
from sillok.portfolio.lagrangian import Lagrangian
from sillok.portfolio.pieces import solve_pieces
from sillok.portfolio.plain import Plain, is_plain, solve_plain
from sillok.portfolio.polish import Proof, polish, prove
from sillok.portfolio.prices import Prices
from sillok.portfolio.statement import Answer, Goal, Statement

__all__ = ["Engine", "solve", "solved", "trading_cost"]

_SMALL = 100  # issues
# A gap above the first is more than rounding makes of an exact answer; a limit is kept to the second.
_ROUNDED, _EXACT = 1e-11, 1e-12
_PROVED = 1e-9  # the gap that is asked of every method
# Only an optimal answer is an answer: a solver's own that could not be made exact is taken up to these.
_GAP, _VIOLATION = 1e-6, 1e-8


def _check(data: Data, limits: Limits, goal: Goal) -> None:
    needs = {"utility": "mu", "return": "mu", "sharpe": "mu", "tracking": "benchmark"}.get(goal.kind)
    if needs is not None and getattr(data, needs) is None:
        raise ConfigError(f"this problem needs Data.{needs}; give it")
    if limits.max_tracking_annual is not None and data.benchmark is None:
        raise ConfigError("max_tracking_annual needs Data.benchmark; give it, or drop the limit")
    if limits.has_costs and goal.kind in {"variance", "tracking"} and limits.min_return_annual is None:
        raise ConfigError(
            "costs are taken off the expected return, and this problem has none; set min_return_annual, limit "
            "max_turnover instead, or use mean_variance, where risk_aversion says what risk is worth"
        )
    if limits.is_integer:
        raise ConfigError("max_names and min_position are not taken here; use a mixed-integer problem")


def _value(goal: Goal, w: np.ndarray, *, net: float, variance: float, tracking: float | None) -> float:
    if goal.kind == "variance":
        return variance
    if goal.kind == "tracking":
        return float(tracking or 0.0)
    if goal.kind == "utility":
        return net - 0.5 * goal.risk_aversion * variance
    if goal.kind == "sharpe":
        return float((net - goal.risk_free_annual * w.sum()) / np.sqrt(variance))
    return net


def solved(
    data: Data,
    limits: Limits,
    goal: Goal,
    answer: Answer,
    lagrangian: Lagrangian | None = None,
    *,
    method: str,
    gap: float,
) -> Solution:
    """Return the solution that ``answer`` is, measured on ``data``."""
    w = _weights(answer)
    if lagrangian is None:
        lagrangian = Lagrangian(data, limits, goal, arrays(data, limits))
    plain = lagrangian.plain
    variance = lagrangian.variance(w)
    tracking = None if plain.b is None else lagrangian.variance(w - plain.b)
    earned = None if plain.mu is None else float(plain.mu @ w)
    cost = trading_cost(w, data, limits) if limits.has_costs else None
    net = (earned or 0.0) - (cost or 0.0) / limits.cost_years
    return Solution(
        weights=pd.Series(w, index=data.labels, name="weight"),
        vol_annual=float(np.sqrt(variance)),
        objective=_value(goal, w, net=net, variance=variance, tracking=tracking),
        method=method,
        return_annual=earned,
        tracking_annual=None if tracking is None else float(np.sqrt(tracking)),
        cost=cost,
        gap=gap,
        shadow_prices=Prices(
            plain.rows.names,
            answer.rows,
            data.labels,
            answer.bounds,
            budget=float(answer.rows[0]),
            others=answer.others,
            nothing=1e-9 * variance if goal.kind in {"variance", "tracking"} else 0.0,
        ),
    )


def trading_cost(w: np.ndarray, data: Data, limits: Limits) -> float:
    """Return what getting from the previous weights to ``w`` costs, once, part of the whole."""
    traded = np.abs(w if data.previous is None else w - data.previous.to_numpy(dtype=float))
    linear, impact = cost_coefficients(data.labels, limits)
    total = 0.0 if linear is None else float(linear @ traded)
    return total if impact is None else total + float(impact @ traded**1.5)


class Engine:
    """Solves problems one after another, each from where the last one of its shape ended.

    Give one engine to all calls of a walk-forward or of a panel: a direct method then starts from the last sets,
    and a stated problem that comes again is built once with parameters. Answers are the same without it.
    """

    __slots__ = ("_seen", "_starts", "_statements")

    def __init__(self) -> None:
        self._starts: dict[tuple[object, ...], Start] = {}
        self._statements: dict[tuple[object, ...], Statement] = {}
        self._seen: set[tuple[object, ...]] = set()

    def solve(self, data: Data, limits: Limits, goal: Goal) -> Solution:
        """Solve one problem; errors as in :func:`solve`."""
        _check(data, limits, goal)
        if is_plain(data, limits, goal):
            key: tuple[object, ...] = (goal.kind, len(data.labels), ("budget",), ())
            found = solve_plain(data, limits, goal, self._starts.get(key))
            if found is not None:
                self._starts[key] = found.start
                return _measured(data, goal, found)
        plain = arrays(data, limits)
        check_definite(data)
        try:
            return self._solve(data, limits, goal, plain)
        except InfeasibleError as err:
            if goal.kind == "sharpe" and "best_excess_annual" in err.detail:
                raise
            raise explain(data, limits) from err

    def _solve(self, data: Data, limits: Limits, goal: Goal, plain: Arrays) -> Solution:
        lagrangian = Lagrangian(data, limits, goal, plain)
        if applies(plain, limits, goal):
            key = (goal.kind, len(data.labels), plain.rows.names, lagrangian.names)
            try:
                answer, start = solve_direct(plain, limits, goal, self._starts.get(key))
            except InfeasibleError:
                raise
            except SolverError:
                self._starts.pop(key, None)
            else:
                self._starts[key] = start
                answer, gap = _exact(lagrangian, answer, start)
                return solved(data, limits, goal, answer, lagrangian, method="active set", gap=gap)
        return self._stated(data, limits, goal, lagrangian)

    def _stated(self, data: Data, limits: Limits, goal: Goal, lagrangian: Lagrangian) -> Solution:
        try:
            found = self._by_statement(data, limits, goal, lagrangian)
        except InfeasibleError:
            raise
        except SolverError as err:
            # What leaves an interior point no room may still be solved in pieces, or be no room at all.
            other = _in_pieces(lagrangian, goal)
            if other is None and not can_be_kept(data, limits):
                raise InfeasibleError("the solver broke off: no portfolio keeps the limits") from err
            if other is None:
                raise
            found = other
        else:
            if not found.is_exact:
                other = _in_pieces(lagrangian, goal)
                found = found if other is None or found.proof.excels(other.proof) else other
        proof = found.proof
        # The proof decides, whatever the solver says of its answer.
        if proof.violation > _VIOLATION and not can_be_kept(data, limits):
            raise InfeasibleError("the solver's answer breaks a limit: no portfolio keeps them all")
        if not (proof.gap <= _GAP and proof.violation <= _VIOLATION):
            raise SolverError(
                f"the answer is {found.answer.status}, has a gap of {proof.gap:.3g} and breaks a limit by {proof.violation:.3g}; "
                "only an optimal one is accepted: loosen the limits or shrink Sigma",
                gap=proof.gap,
                violation=proof.violation,
            )
        return solved(data, limits, goal, found.answer, lagrangian, method=found.method, gap=proof.gap)

    def _by_statement(self, data: Data, limits: Limits, goal: Goal, lagrangian: Lagrangian) -> _Found:
        statement = self._statement(data, limits, goal)
        raw = statement.solve()
        if raw.weights is None:
            if goal.kind == "sharpe":
                _check_ratio(data, limits, goal)
            raise InfeasibleError("the solver finds no portfolio within the limits")
        found = _finished(lagrangian, raw)
        if found.is_exact:
            return found
        try:
            tight = statement.solve(tight=True)
        except SolverError:
            return found
        if tight.weights is None:
            return found
        other = _finished(lagrangian, tight)
        return found if found.proof.excels(other.proof) else other

    def _statement(self, data: Data, limits: Limits, goal: Goal) -> Statement:
        shape = tuple(getattr(limits, name) is None for name in Limits.__dataclass_fields__)
        key = (goal, len(data.labels), data.factor is None, len(limits.groups), len(limits.exposures), shape)
        found = self._statements.get(key)
        if found is not None:
            try:
                found.update(data, limits)
            except ConfigError:
                found = None
            else:
                return found
        # cvxpy orders a cone's rows by a product with every parameter: for a large dense root that takes longer than
        # to state the problem anew each time.
        quick = data.factor is not None or len(data.labels) <= _SMALL
        again = key in self._seen and quick
        found = Statement(data, limits, goal, again=again)
        if again:
            self._statements[key] = found
        self._seen.add(key)
        return found


class _Found(NamedTuple):
    """An answer with its proof."""

    answer: Answer
    proof: Proof
    method: str

    @property
    def is_exact(self) -> bool:
        """Whether there is nothing left to gain."""
        return self.proof.gap <= _PROVED and self.proof.violation <= _EXACT


def _finished(lagrangian: Lagrangian, raw: Answer) -> _Found:
    """Return a solver's answer, made exact where that can be done and proves to be the better one."""
    found = _Found(raw, prove(lagrangian, raw, _weights(raw)), "cvxpy: CLARABEL")
    exact = polish(lagrangian, raw)
    if exact is None:
        return found
    other = _Found(exact, prove(lagrangian, exact, _weights(exact)), "cvxpy: CLARABEL, made exact")
    return found if found.proof.excels(other.proof) else other


def _in_pieces(lagrangian: Lagrangian, goal: Goal) -> _Found | None:
    """Return the answer by a direct method on the pieces between corners, with its last digits; None if there is none."""
    answer = solve_pieces(lagrangian, goal)
    if answer is None:
        return None
    method = "active set in pieces"
    found = _Found(answer, prove(lagrangian, answer, _weights(answer)), method)
    if found.is_exact:
        return found
    better = polish(lagrangian, answer)
    if better is None:
        return found
    other = _Found(better, prove(lagrangian, better, _weights(better)), method)
    return found if found.proof.excels(other.proof) else other


def _check_ratio(data: Data, limits: Limits, goal: Goal) -> None:
    """Raise InfeasibleError if some portfolio keeps the limits, and none earns more than the riskless rate."""
    if data.mu is None:
        return
    free, floor = goal.risk_free_annual, limits.min_return_annual
    shifted = replace(limits, min_return_annual=None if floor is None else floor - free * limits.budget)
    most = Engine().solve(replace(data, mu=data.mu - free), shifted, Goal("return"))
    refuse_ratio(most.objective)


def _exact(lagrangian: Lagrangian, answer: Answer, start: Start) -> tuple[Answer, float]:
    """Return a direct method's answer and its gap, after some more steps where rounding left it one."""
    if lagrangian.goal.kind == "variance" and not lagrangian.names:
        gap = start.answer.gap
    else:
        gap = prove(lagrangian, answer, _weights(answer)).gap
    if gap > _ROUNDED:
        gap = min(gap, prove(lagrangian, answer, _weights(answer)).gap)
    if gap > _ROUNDED:
        better = polish(lagrangian, answer)
        if better is not None:
            proof = prove(lagrangian, better, _weights(better))
            if proof.gap < gap and proof.violation <= _EXACT:
                return better, proof.gap
    return answer, gap


def _measured(data: Data, goal: Goal, found: Plain) -> Solution:
    """Return the solution that a plain answer is."""
    w, variance = found.w, found.variance
    return Solution(
        weights=pd.Series(w, index=data.labels, name="weight", copy=False),
        vol_annual=math.sqrt(variance),
        objective=_value(goal, w, net=found.earned or 0.0, variance=variance, tracking=None),
        method="active set",
        return_annual=found.earned,
        gap=found.gap,
        shadow_prices=Prices(
            ("budget",),
            np.array([found.budget]),
            data.labels,
            found.bounds,
            budget=found.budget,
            nothing=1e-9 * variance if goal.kind == "variance" else 0.0,
        ),
    )


def _weights(answer: Answer) -> np.ndarray:
    if answer.weights is None:
        raise SolverError("there is no answer to measure")
    return answer.weights


def solve(data: Data, limits: Limits, goal: Goal, engine: Engine | None = None) -> Solution:
    """Solve one problem, from where ``engine`` stopped last if one is given.

    Raises
    ------
    InfeasibleError
        If no portfolio keeps all limits: which ones clash, and the nearest change that lets all be kept.
    SolverError
        If the answer is anything but optimal.
    ConfigError
        If the problem needs facts that are not there, or has limits that it cannot take.
    DataError
        If a covariance is not positive semidefinite, naming issues.
    """
    return (Engine() if engine is None else engine).solve(data, limits, goal)
