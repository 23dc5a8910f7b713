"""Why no portfolio keeps all limits: a least set of them that clash, and the nearest change that lets all be kept.

The set is irreducible: without any one of its limits the others can be kept (a deletion filter: Chinneck and
Dravnieks, 1991); where many are tried, the bounds of single issues count as one. The change is that of the elastic
programme, in which each limit gives way at a price in proportion to its own size (Brown and Graves, 1975).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sillok.errors import InfeasibleError, SolverError
from sillok.portfolio.constraints import bounds, cost_coefficients, linear_rows
from sillok.portfolio.roots import root

if TYPE_CHECKING:
    import cvxpy as cp

    from sillok.portfolio.data import Data, Limits

__all__ = ["Limit", "can_be_kept", "explain"]

# An interior point leaves about this much of a limit that could be kept exactly.
_KEPT = 1e-7
_PRICED = 1e-6  # multipliers of the elastic programme are of the size of one
_MANY = 40  # limits that are tried one by one
_LISTED = 8  # of each kind, in the message
_DIGITS = 6  # significant ones, of the values in the message
# A linear programme's corner is exact but for rounding; an interior point's answer, where a limit is curved, is not.
_SAME = 1e-11
_MARGIN = 1e-7


@dataclass(frozen=True, slots=True)
class Limit:
    """One choice that may give way: ``left <= value + slack``, or ``left >= value - slack``."""

    name: str  # as a person set it: "max_weight", "group X low"
    value: float
    upper: bool  # whether loosening raises it

    @property
    def size(self) -> float:
        """What a change of it is measured in."""
        return abs(self.value) or 1.0

    def moved(self, slack: float) -> float:
        """Return the value that gives way by ``slack``."""
        return self.value + slack if self.upper else self.value - slack


def _margin(limits: Limits) -> float:
    """Return by what part of its size a limit gives way beyond what the elastic programme says."""
    bent = (limits.max_vol_annual, limits.max_tracking_annual, limits.impact_cost)
    return 0.0 if all(limit is None for limit in bent) else _MARGIN


class _Elastic:
    """All limits with slacks; which of them count and which are hard is chosen at each solve."""

    def __init__(self, data: Data, limits: Limits) -> None:
        import cvxpy as cp

        self.w = cp.Variable(len(data.labels))
        self.slack: dict[Limit, cp.Variable] = {}
        self.stated: dict[Limit, list[cp.Constraint]] = {}
        self.data, self.limits = data, limits
        self.hard: list[cp.Constraint] = []
        self._bounds()
        self._rows()
        self._sizes()
        self._risks()

    def _state(self, name: str, value: float, left: Any, *, upper: bool) -> None:
        import cvxpy as cp

        limit = Limit(name, float(value), upper)
        slack = self.slack.setdefault(limit, cp.Variable(nonneg=True))
        into = self.stated.setdefault(limit, [])
        into.append(left <= value + slack if upper else left >= value - slack)
        if name.startswith("min_weight") and value > 0:
            into.append(slack <= value)  # to make room nobody has to be sold short

    def _bounds(self) -> None:
        lb, ub = bounds(self.data.labels, self.limits)
        for name, value, ends, upper in (
            ("min_weight", self.limits.min_weight, lb, False),
            ("max_weight", self.limits.max_weight, ub, True),
        ):
            if not isinstance(value, pd.Series):
                if np.isfinite(value):
                    self._state(name, float(value), self.w, upper=upper)
                continue
            for i, label in enumerate(self.data.labels):
                if np.isfinite(ends[i]):
                    self._state(f"{name} {label}", ends[i], self.w[i], upper=upper)

    def _rows(self) -> None:
        data, limits = self.data, self.limits
        rows = linear_rows(data.labels, limits, industry=data.industry, exposures=data.exposures, mu=data.mu)
        self._state("budget low", limits.budget, rows.A[0] @ self.w, upper=False)
        self._state("budget high", limits.budget, rows.A[0] @ self.w, upper=True)
        for name, a, low, high in zip(rows.names[1:], rows.A[1:], rows.low[1:], rows.high[1:], strict=True):
            if name.startswith("industry "):
                self._state("max_industry", high, a @ self.w, upper=True)
                continue
            said = "min_return_annual" if name == "return" else name
            if np.isfinite(low):
                self._state(said if name == "return" else f"{said} low", low, a @ self.w, upper=False)
            if np.isfinite(high):
                self._state(f"{said} high", high, a @ self.w, upper=True)

    def _sizes(self) -> None:
        import cvxpy as cp

        limits, w = self.limits, self.w
        p = 0.0 if self.data.previous is None else self.data.previous.to_numpy(dtype=float)
        if limits.max_gross is not None:
            self._state("max_gross", limits.max_gross, cp.norm1(w), upper=True)
        if limits.max_short is not None:
            self._state("max_short", limits.max_short, cp.sum(cp.neg(w)), upper=True)
        if limits.max_turnover is not None:
            self._state("max_turnover", limits.max_turnover, cp.norm1(w - p), upper=True)
        if limits.min_return_annual is not None and limits.has_costs and self.data.mu is not None:
            linear, impact = cost_coefficients(self.data.labels, limits)
            net = self.data.mu.to_numpy(dtype=float) @ w
            if linear is not None:
                net = net - linear @ cp.abs(w - p) / limits.cost_years
            if impact is not None:
                net = net - impact @ cp.power(cp.abs(w - p), 1.5) / limits.cost_years
            self._state("min_return_annual", limits.min_return_annual, net, upper=False)

    def _risks(self) -> None:
        import cvxpy as cp

        limits = self.limits
        if limits.max_vol_annual is None and limits.max_tracking_annual is None:
            return
        R, scale = root(self.data)
        size = float(np.sqrt(scale))

        def risk(off: Any) -> Any:
            if "R" in R:
                return size * cp.norm(R["R"] @ off, 2)
            return size * cp.norm(cp.hstack([R["B"].T @ off, cp.multiply(R["s"], off)]), 2)

        if limits.max_vol_annual is not None:
            self._state("max_vol_annual", limits.max_vol_annual, risk(self.w), upper=True)
        if limits.max_tracking_annual is not None and self.data.benchmark is not None:
            off = self.w - self.data.benchmark.to_numpy(dtype=float)
            self._state("max_tracking_annual", limits.max_tracking_annual, risk(off), upper=True)

    def give(self, elastic: list[Limit], rigid: list[Limit]) -> dict[Limit, float] | None:
        """Return by how much each of ``elastic`` gives way at least, in all; None if the ``rigid`` ones clash."""
        import cvxpy as cp

        stated = [c for limit in (*elastic, *rigid) for c in self.stated[limit]]
        stated += [self.slack[limit] == 0 for limit in rigid]
        paid = sum(self.slack[limit] / limit.size for limit in elastic) if elastic else 0
        problem = cp.Problem(cp.Minimize(paid), stated)
        try:
            problem.solve(solver=cp.HIGHS if problem.is_lp() else cp.CLARABEL)
        except cp.SolverError as err:
            raise SolverError(
                f"the elastic programme broke off: {err}; check the scale of the limits"
            ) from err
        if problem.status in {cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE}:
            return None
        return {limit: float(self.slack[limit].value) for limit in elastic}

    def priced(self, limit: Limit) -> bool:
        """Whether the last programme leaned on ``limit``."""
        return any(
            float(np.abs(c.dual_value).max()) > _PRICED
            for c in self.stated[limit]
            if c.dual_value is not None
        )

    def kept(self, limits: list[Limit]) -> bool:
        """Whether all of ``limits`` can be kept at once."""
        given = self.give(limits, [])
        return given is not None and all(x <= _KEPT * limit.size for limit, x in given.items())


def _clash(elastic: _Elastic) -> list[Limit]:
    """Return an irreducible set of limits that cannot be kept at once, empty if all can."""
    limits = list(elastic.stated)
    if elastic.kept(limits):
        return []
    # Limits without a multiplier in the elastic programme have no part in the clash that it found.
    priced = [limit for limit in limits if elastic.priced(limit)]
    if not elastic.kept(priced):
        limits = priced
    # The budget and long-only are asked last: they stay only if they matter.
    groups = sorted(
        _grouped(limits), key=lambda group: group[0].name in {"min_weight", "budget low", "budget high"}
    )
    for group in list(groups):
        rest = [other for other in groups if other is not group]
        if not elastic.kept([limit for other in rest for limit in other]):
            groups = rest
    return [limit for group in groups for limit in group]


def _grouped(limits: list[Limit]) -> list[list[Limit]]:
    """Return the limits one by one, but many bounds of single issues as one: each trial is a programme of its own."""
    found: dict[object, list[Limit]] = {}
    for limit in limits:
        kind = limit.name.partition(" ")[0]
        single = kind in {"min_weight", "max_weight"} and len(limits) > _MANY
        found.setdefault(kind if single else limit, []).append(limit)
    return list(found.values())


def _rounded(limit: Limit, value: float, margin: float) -> float:
    """Return the new value in few digits, rounded to the side on which the limit can be kept."""
    value += (1.0 if limit.upper else -1.0) * margin * limit.size
    if abs(value) < _KEPT * limit.size:
        return 0.0
    unit = 10.0 ** (floor(log10(abs(value))) + 1 - _DIGITS)
    near = round(value / unit)
    if abs(near * unit - value) > _SAME * abs(value):
        near = ceil(value / unit) if limit.upper else floor(value / unit)
    return float(f"{near * unit:.{_DIGITS}g}")


def _said(limit: Limit) -> str:
    if limit.name.startswith("budget"):
        return f"budget = {limit.value:g}"
    return f"{limit.name} {'<=' if limit.upper else '>='} {limit.value:g}"


def _order(limit: Limit, to: float) -> str:
    return f"{'raise' if limit.upper else 'lower'} {limit.name.removesuffix(' high').removesuffix(' low')} to {to:g}"


def _listed(words: list[str], by: str) -> str:
    more = len(words) - _LISTED
    return by.join(words[:_LISTED]) + (f" (and {more} more, in the error's detail)" if more > 0 else "")


def can_be_kept(data: Data, limits: Limits) -> bool:
    """Tell whether some portfolio keeps all limits."""
    elastic = _Elastic(data, limits)
    return elastic.kept(list(elastic.stated))


def explain(data: Data, limits: Limits) -> InfeasibleError:
    """Return the error that says which limits clash and the nearest change that lets all be kept.

    Its ``detail`` has ``clash`` (names and values of the irreducible set), ``change`` (by name, from and to: the
    nearest change, all of it needed) and ``alternatives`` (by name, from and to: each enough alone).
    """
    elastic = _Elastic(data, limits)
    clash = _clash(elastic)
    if not clash:
        return InfeasibleError(
            "the solver finds no portfolio within the limits, though none of them clash beyond rounding; loosen the "
            "tightest a little"
        )
    fixed = {"budget low", "budget high"} | ({"min_weight"} if limits.min_weight is not None else set())
    soft = [limit for limit in elastic.stated if limit.name not in fixed]
    hard = [limit for limit in elastic.stated if limit.name in fixed]
    given = elastic.give(soft, hard) if soft else None
    if given is None:
        given = elastic.give([*soft, *hard], []) or {}
    margin = _margin(limits)
    change = {
        limit: _rounded(limit, limit.moved(x), margin) for limit, x in given.items() if x > _KEPT * limit.size
    }
    alone = {}
    for limit in clash if len(clash) <= _MANY else []:
        others = [other for other in elastic.stated if other != limit]
        found = None if limit.name in fixed else elastic.give([limit], others)
        if found is not None:
            alone[limit] = _rounded(limit, limit.moved(found[limit]), margin)
    words = f"the limits contradict one another: no portfolio of these {len(data.labels)} issues has at once "
    words += _listed(list(dict.fromkeys(_said(limit) for limit in clash)), ", ")
    words += (
        "; " + _listed([_order(limit, to) for limit, to in change.items()], " and ") + ", the nearest change"
    )
    other = [_order(limit, to) for limit, to in alone.items() if change != {limit: to}]
    if other:
        words += "; or " + _listed(other, ", or ") + ", each enough alone"
    return InfeasibleError(
        words,
        clash={limit.name: limit.value for limit in clash},
        change={limit.name: (limit.value, to) for limit, to in change.items()},
        alternatives={limit.name: (limit.value, to) for limit, to in alone.items()},
    )
