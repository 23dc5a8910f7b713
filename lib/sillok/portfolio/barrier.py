"""Risk budgets within limits: the barrier problem of Richard and Roncalli (2019), finished by Newton.

    minimise    1/2 w' Sigma w - c sum_i b_i ln w_i
    subject to  low <= A w <= high,  lb <= w <= ub

with ``c`` such that the weights add up to the budget, so that issues which no limit holds share the risk out as
budgeted. The first guess is the answer on the cone of the limits (``x = w`` of any scale, ``low s <= A x``, ``s =
sum(x) / budget``), by cvxpy. Where turnover, volatility or tracking error hold, no ``c`` leads to the budget, and the
answer on the cone is the answer; for the last two Newton finishes it as well.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, InfeasibleError, SolverError
from sillok.portfolio.capped import Caps, solve_capped
from sillok.portfolio.constraints import bounds, linear_rows
from sillok.portfolio.data import Data, Limits
from sillok.portfolio.direct import arrays
from sillok.portfolio.lagrangian import Lagrangian
from sillok.portfolio.mean_variance import minimum_variance
from sillok.portfolio.roots import root
from sillok.portfolio.stages import put_within, solve_tight
from sillok.portfolio.statement import Goal

if TYPE_CHECKING:
    import cvxpy as cp

__all__ = ["Budgets", "check_limits", "keeps", "solve_barrier"]

_VIOLATION = 1e-12
_HELD = 1e-6  # a dual above this part of the largest holds; Clarabel stops at 1e-8
_EXACT = 1e-9
_ROUNDING = 1e-13
_WIDE = 8.0  # e to this: how far the weight of the barrier is looked for from the answer on the cone
_Found = tuple[np.ndarray, np.ndarray, float]  # weights, multipliers, and the largest miss of a share
_STEPS = 30  # of Newton; from a solver's answer it takes three or four


class Budgets(NamedTuple):
    """The answer in weights, and what each limit is worth to the barrier function."""

    w: np.ndarray  # (N,), adding up to the budget
    prices: dict[str, float]  # of the limits that hold, in the unit of the barrier function
    gap: float  # by Newton the largest miss of a share, as a part of it; else what the barrier function is above its bound
    method: str


def check_limits(limits: Limits) -> None:
    """Raise ConfigError if a limit cannot be taken by risk budgets."""
    if limits.has_costs or limits.is_integer:
        raise ConfigError(
            "risk budgets take no costs, max_names or min_position; drop them, or limit max_turnover instead"
        )
    if not limits.budget > 0:
        raise ConfigError(f"risk budgets need a positive budget, got {limits.budget}")


def keeps(w: np.ndarray, data: Data, limits: Limits) -> bool:
    """Tell whether ``w``, long only and adding up to the budget, keeps every limit."""
    cone = _cone(data, limits)
    held = [
        not len(cone.G) or (cone.G @ w).min() >= -_VIOLATION,
        not len(cone.E) or np.abs(cone.E @ w).max() <= _VIOLATION,
        limits.max_gross is None or w.sum() <= limits.max_gross + _VIOLATION,
        limits.max_vol_annual is None or data.variance(w) <= limits.max_vol_annual**2 * (1 + _VIOLATION),
    ]
    if limits.max_turnover is not None:
        held.append(np.abs(w - _previous(data)).sum() <= limits.max_turnover)
    if limits.max_tracking_annual is not None:
        held.append(data.variance(w - _benchmark(data)) <= limits.max_tracking_annual**2 * (1 + _VIOLATION))
    return all(held)


def _previous(data: Data) -> np.ndarray:
    return np.zeros(len(data.labels)) if data.previous is None else data.previous.to_numpy(dtype=float)


def _benchmark(data: Data) -> np.ndarray:
    if data.benchmark is None:
        raise ConfigError("max_tracking_annual needs Data.benchmark; give it, or drop the limit")
    return data.benchmark.to_numpy(dtype=float)


def solve_barrier(data: Data, b: np.ndarray, limits: Limits) -> Budgets:
    """Solve the problem on the cone of ``limits``; where rows and bounds alone hold, exactly.

    Raises
    ------
    InfeasibleError
        If no long-only portfolio keeps the limits, as :func:`minimum_variance` explains it.
    SolverError
        If the answer is anything but optimal.
    """
    import cvxpy as cp

    # The cone of limits that contradict one another is a point, which solvers approach for ever.
    minimum_variance(data, replace(limits, min_weight=_positive(data, limits)))
    cone = _cone(data, limits)
    R, scale = root(data)
    x = cp.Variable(len(b), name="x")
    others = _others(x, R, scale, data, limits)
    named = {"linear": cone.G @ x >= 0} if len(cone.G) else {}
    named |= {"equal": cone.E @ x == 0} if len(cone.E) else {}
    goal = cp.Minimize(0.5 * cp.sum_squares(_risk(R, x)) - b @ cp.log(x))
    problem = cp.Problem(goal, [*named.values(), *others.values()])
    least = solve_tight(problem)
    if problem.status in {cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE}:
        raise InfeasibleError("no long-only portfolio with every issue in it keeps the limits; loosen one")
    if problem.status not in {cp.OPTIMAL, cp.OPTIMAL_INACCURATE}:
        raise SolverError(
            f"the answer is {problem.status}, only an optimal one is accepted; loosen the limits"
        )
    prices = np.asarray(named["linear"].dual_value) if "linear" in named else np.zeros(0)
    bent = {n: abs(float(np.ravel(c.dual_value)[0])) for n, c in others.items()}
    bent = {n: price for n, price in bent.items() if price > _HELD}
    w = np.asarray(x.value) * (limits.budget / float(np.sum(x.value)))
    exact = _capped(w, b, data, limits, cone, prices, bent) if bent else _exact(w, b, data, cone, prices)
    if exact is not None and _keeps_others(exact[0], data, limits):
        w, prices, gap = exact
        method = "cvxpy: CLARABEL, then Newton"
    else:
        w, method = put_within(w, _lagrangian(data, limits)), "cvxpy: CLARABEL"
        variance = data.variance(w) / scale
        # The cone leaves scale free: its best is where the variance is one.
        gap = max(0.5 + 0.5 * float(np.log(variance)) - float(b @ np.log(w)) - least, 0.0)
    held = tuple(name for name, price in zip(cone.names, prices, strict=True) if price > _HELD)
    return Budgets(w, {name: float(prices[cone.names.index(name)]) for name in held} | bent, gap, method)


def _lagrangian(data: Data, limits: Limits) -> Lagrangian:
    long_only = replace(limits, min_weight=_positive(data, limits))
    return Lagrangian(data, long_only, Goal("variance"), arrays(data, long_only))


def _capped(  # noqa: PLR0917 - a step of solve_barrier, in its words
    w: np.ndarray,
    b: np.ndarray,
    data: Data,
    limits: Limits,
    cone: _Cone,
    prices: np.ndarray,
    bent: Iterable[str],
) -> _Found | None:
    """Solve by Newton where volatility or tracking error hold, and nothing else that is no row; None if it ends nowhere."""
    if not set(bent) <= {"vol", "tracking"}:
        return None
    P, scale, budget = *_scaled(data), float(w.sum())
    vol = limits.max_vol_annual**2 / scale if limits.max_vol_annual and "vol" in bent else None
    off = limits.max_tracking_annual**2 / scale if limits.max_tracking_annual and "tracking" in bent else None
    caps = Caps(vol, off, w if off is None else _benchmark(data))
    return _polished(w, cone, prices, lambda w, H, h: solve_capped(w, b, P, H, h, budget, caps))


def _exact(w: np.ndarray, b: np.ndarray, data: Data, cone: _Cone, prices: np.ndarray) -> _Found | None:
    """Solve for rows and bounds alone by Newton, from the answer on the cone or from a solver's own; None if neither ends."""
    P, budget = _scaled(data)[0], float(w.sum())

    def solve(w: np.ndarray, H: np.ndarray, h: np.ndarray) -> _Found | None:
        return _newton(w, b, P, H, h, budget)

    found = _polished(w, cone, prices, solve)
    if found is not None:
        return found
    other = _searched(w, b, data, cone)
    return None if other is None else _polished(other[0], cone, other[1], solve)


def _scaled(data: Data) -> tuple[np.ndarray, float]:
    """Return the covariance in units of the mean variance, as :func:`root` does, and that."""
    P = data.matrix()
    scale = float(P.trace()) / len(P)
    return P / scale, scale


def _searched(w: np.ndarray, b: np.ndarray, data: Data, cone: _Cone) -> tuple[np.ndarray, np.ndarray] | None:
    """Find the weight of the barrier at which the weights add up to the budget, by solver alone; None if there is none."""
    import cvxpy as cp
    from scipy.optimize import brentq

    R, scale = root(data)
    x, c = cp.Variable(len(b)), cp.Parameter(nonneg=True)
    unit, whole = data.variance(w) / scale, float(w.sum())
    named = {"linear": cone.A @ x >= cone.h} if len(cone.A) else {}
    named |= {"equal": cone.B @ x == cone.e} if len(cone.B) else {}
    goal = cp.Minimize(0.5 * cp.sum_squares(_risk(R, x)) / unit - c * (b @ cp.log(x)))
    problem = cp.Problem(goal, list(named.values()))

    def over(log_c: float) -> float:
        c.value = float(np.exp(log_c))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Solution may be inaccurate")
            problem.solve(solver=cp.CLARABEL)
        return float(np.sum(x.value)) - whole if x.value is not None else float("nan")

    try:
        if not over(-_WIDE) < 0 < over(_WIDE):
            return None
        over(brentq(over, -_WIDE, _WIDE, xtol=1e-9))
    except (cp.SolverError, ValueError):
        return None
    prices = np.asarray(named["linear"].dual_value) / float(c.value) if "linear" in named else np.zeros(0)
    return np.asarray(x.value) * (whole / float(np.sum(x.value))), prices


def _keeps_others(w: np.ndarray, data: Data, limits: Limits) -> bool:
    """Tell whether ``w`` keeps the limits that are no rows."""
    free = replace(limits, min_weight=-np.inf, max_weight=np.inf, max_industry=None, groups=(), exposures=(),
                   min_return_annual=None)  # fmt: skip
    return keeps(w, data, free)


def _positive(data: Data, limits: Limits) -> pd.Series:
    return pd.Series(np.maximum(bounds(data.labels, limits)[0], 0.0), index=data.labels)


class _Cone(NamedTuple):
    """``G x >= 0`` and ``E x = 0``; of weights that add up to the budget ``A w >= h`` and ``B w = e``, row by row."""

    G: np.ndarray
    names: tuple[str, ...]
    E: np.ndarray
    A: np.ndarray
    h: np.ndarray
    B: np.ndarray
    e: np.ndarray


def _cone(data: Data, limits: Limits) -> _Cone:
    rows = linear_rows(data.labels, limits, industry=data.industry, exposures=data.exposures, mu=data.mu)
    lb, ub = bounds(data.labels, limits)
    A, h, names, B, e = [], [], [], [], []
    for a, low, high, name in list(zip(*rows, strict=True))[1:]:
        if low == high:
            B.append(a)
            e.append(low)
            continue
        for end, sign in ((low, 1.0), (high, -1.0)):
            if np.isfinite(end):
                A.append(sign * a)
                h.append(sign * end)
                names.append(name)
    N = len(lb)
    for i, label in enumerate(data.labels):
        for end, sign, word in ((lb[i], 1.0, "min_weight"), (ub[i], -1.0, "max_weight")):
            if np.isfinite(end) and (end > 0 if sign > 0 else end < limits.budget):
                A.append(sign * np.eye(1, N, i)[0])
                h.append(sign * end)
                names.append(f"{word} {label}")
    A_, h_, B_, e_ = np.array(A).reshape(-1, N), np.array(h), np.array(B).reshape(-1, N), np.array(e)
    unit = 1.0 / limits.budget
    return _Cone(A_ - h_[:, None] * unit, tuple(names), B_ - e_[:, None] * unit, A_, h_, B_, e_)


def _risk(R: dict[str, np.ndarray], x: Any) -> Any:
    import cvxpy as cp

    return R["R"] @ x if "R" in R else cp.hstack([R["B"].T @ x, cp.multiply(R["s"], x)])


def _others(
    x: cp.Variable, R: dict[str, np.ndarray], scale: float, data: Data, limits: Limits
) -> dict[str, cp.Constraint]:
    """State the limits that are no rows, on the same cone."""
    import cvxpy as cp

    s = cp.sum(x) / limits.budget
    unit = 1 / np.sqrt(scale)
    found = {}
    if limits.max_gross is not None and limits.max_gross < limits.budget:
        raise InfeasibleError(
            f"max_gross {limits.max_gross:g} is below the budget {limits.budget:g}, and risk budgets are long only"
        )
    if limits.max_turnover is not None:
        found["turnover"] = cp.norm1(x - _previous(data) * s) <= limits.max_turnover * s
    if limits.max_vol_annual is not None:
        found["vol"] = cp.norm(_risk(R, x), 2) <= limits.max_vol_annual * unit * s
    if limits.max_tracking_annual is not None:
        off = x - _benchmark(data) * s
        found["tracking"] = cp.norm(_risk(R, off), 2) <= limits.max_tracking_annual * unit * s
    return found


def _polished(
    w: np.ndarray,
    cone: _Cone,
    prices: np.ndarray,
    solve: Callable[[np.ndarray, np.ndarray, np.ndarray], _Found | None],
) -> _Found | None:
    """Take the limits that hold for equations and ``solve``, until those are the right ones; None if never."""
    held = prices > _HELD * max(float(prices.max(initial=0.0)), 1e-3)
    for _ in range(len(w) + 8):
        found = solve(w, np.concatenate([cone.A[held], cone.B]), np.concatenate([cone.h[held], cone.e]))
        if found is None:
            return None
        after, y, gap = found
        whole = np.zeros(len(cone.A))
        whole[held] = y[: int(held.sum())]
        room = np.where(held, 0.0, cone.A @ after - cone.h)
        if whole.min(initial=0.0) < 0:
            held[int(whole.argmin())] = False
        elif room.min(initial=0.0) < -_VIOLATION:
            held[int(room.argmin())] = True
        else:
            return (after, whole, gap) if gap <= _EXACT else None
        w = after
    return None


def _newton(  # noqa: PLR0917 - the equations in their order
    w: np.ndarray, b: np.ndarray, P: np.ndarray, H: np.ndarray, h: np.ndarray, budget: float
) -> _Found | None:
    """Solve ``P w = c b / w + H'y``, ``H w = h``, ``1'w = budget`` for w, c and y; None where that has no answer."""
    N, m = len(b), len(H)
    K = np.zeros((N + m + 1, N + m + 1))
    K[:N, N + 1 :], K[N + 1 :, :N], K[N, :N] = -H.T, H, 1.0
    y, c, gap = np.zeros(m), float(w @ P @ w), np.inf
    for _ in range(_STEPS):
        K[:N, :N] = P + np.diag(c * b / w**2)
        K[:N, N] = -b / w
        r = np.concatenate([c * b / w + y @ H - P @ w, [budget - w.sum()], h - H @ w])
        try:
            step = np.linalg.solve(K, r)
        except np.linalg.LinAlgError:
            # Rows that say the same twice share their multiplier.
            step = np.linalg.lstsq(K, r, rcond=1e-12)[0]
        if not np.isfinite(step).all():
            return None
        # Nine tenths of the way to the nearest zero, at most.
        far = float(max(np.max(-step[:N] / w), -step[N] / c))
        length = min(1.0, 0.9 / max(far, 1e-300))
        w, c, y = w + step[:N] * length, c + step[N] * length, y + step[N + 1 :] * length
        gap = float(np.max(np.abs(w * (P @ w - y @ H) - c * b) / (c * b)))
        missed = float(np.abs(np.append(h - H @ w, budget - w.sum())).max())
        if gap < _ROUNDING and missed < _ROUNDING:
            break
    return (w, y / c, gap) if missed <= _VIOLATION else None
