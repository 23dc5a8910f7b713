"""Direct methods for problems of one quadratic form, linear rows, bounds, and one limit on risk at most."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sillok.errors import InfeasibleError, SolverError
from sillok.portfolio import ray
from sillok.portfolio.constraints import Rows, bounds, linear_rows
from sillok.portfolio.data import Data, Limits
from sillok.portfolio.methods.active_set import Answer as Direct
from sillok.portfolio.methods.active_set import active_set
from sillok.portfolio.methods.forms import DenseForm, FactorForm, Form
from sillok.portfolio.methods.program import Sets
from sillok.portfolio.statement import Answer, Goal

__all__ = [
    "Arrays",
    "Start",
    "applies",
    "arrays",
    "check_excess",
    "form_of",
    "greatest_return",
    "refuse_ratio",
    "solve_direct",
]

# A variance this small against the mean one is a rounding.
_RISKLESS = 1e-15
# `status` of scipy.optimize.linprog.
_INFEASIBLE, _UNBOUNDED = 2, 3


class Arrays(NamedTuple):
    """A problem's facts and linear limits as arrays."""

    form: Form
    rows: Rows
    lb: np.ndarray
    ub: np.ndarray
    mu: np.ndarray | None
    b: np.ndarray | None  # the benchmark


class Start(NamedTuple):
    """Where a direct method ended: the next problem of its shape may start from there."""

    t: float
    answer: Direct


def form_of(data: Data) -> Form:
    """Return the covariance as a quadratic form; a factor covariance stays in its parts."""
    if data.factor is not None:
        return FactorForm(*data.factor.root())
    return DenseForm(data.matrix())


def arrays(data: Data, limits: Limits, form: Form | None = None) -> Arrays:
    """Read the arrays of a problem."""
    rows = linear_rows(data.labels, limits, industry=data.industry, exposures=data.exposures, mu=data.mu)
    lb, ub = bounds(data.labels, limits)
    mu = None if data.mu is None else data.mu.to_numpy(dtype=float)
    b = None if data.benchmark is None else data.benchmark.to_numpy(dtype=float)
    return Arrays(form_of(data) if form is None else form, rows, lb, ub, mu, b)


def applies(plain: Arrays, limits: Limits, goal: Goal) -> bool:
    """Whether a direct method solves the problem."""
    if limits.max_turnover is not None or limits.has_costs or limits.is_integer:
        return False
    long_only = bool((plain.lb >= 0).all())
    if limits.max_short is not None and not long_only:
        return False
    # Long only, what is invested is the budget.
    if limits.max_gross is not None and not (long_only and limits.budget <= limits.max_gross):
        return False
    risks = (limits.max_vol_annual is not None) + (limits.max_tracking_annual is not None)
    if goal.kind == "sharpe":
        return risks == 0
    return risks <= 1


class _Family(NamedTuple):
    """The ray ``c0 + t c1`` that leads to a limit on risk, from ``t = 0`` to the problem without it at ``end``."""

    c0: np.ndarray
    c1: np.ndarray
    end: float
    centre: np.ndarray
    limit: float
    name: str
    aversion: float  # of the goal itself, in the unit of 1 / t


def _family(plain: Arrays, limits: Limits, goal: Goal) -> _Family | None:
    zero = np.zeros(len(plain.lb))
    mu = zero if plain.mu is None else plain.mu
    Pb = zero if plain.b is None else plain.form.product(plain.b)
    a = goal.risk_aversion if goal.kind == "utility" else 0.0
    end = {"utility": 1 / a if a else np.inf, "return": np.inf}.get(goal.kind, 1.0)
    if limits.max_vol_annual is not None:
        c1 = Pb if goal.kind == "tracking" else mu
        if goal.kind == "variance":
            c1, end = zero, 0.0
        return _Family(
            zero, c1, end, zero, limits.max_vol_annual, "vol", 1.0 if goal.kind == "tracking" else a
        )
    if limits.max_tracking_annual is not None and plain.b is not None:
        if goal.kind == "variance":
            c1, a = -Pb, 1.0
        elif goal.kind == "tracking":
            c1, end = zero, 0.0
        else:
            c1 = mu - a * Pb
        return _Family(Pb, c1, end, plain.b, limits.max_tracking_annual, "tracking", a)
    return None


def _along(plain: Arrays, c0: np.ndarray, c1: np.ndarray) -> ray.Ray:
    rows = plain.rows
    return ray.Ray(plain.form, c0, c1, rows.A, rows.low, rows.high, plain.lb, plain.ub)


def _risk(plain: Arrays, w: np.ndarray, centre: np.ndarray) -> float:
    off = w - centre
    return max(float(off @ plain.form.product(off)), 0.0)


def _answer(found: Direct, factor: float, others: dict[str, float]) -> Answer:
    """Return the answer with multipliers as prices: those of a programme minimised are of the other sign."""
    return Answer(found.x, -found.y * factor, -found.z * factor, others, "optimal")


def _plain_centre(plain: Arrays, goal: Goal) -> tuple[np.ndarray, float]:
    """Return the linear term of the problem without a limit on risk, and what its multipliers are multiplied by."""
    zero = np.zeros(len(plain.lb))
    if goal.kind == "utility" and plain.mu is not None:
        return plain.mu / goal.risk_aversion, goal.risk_aversion
    if goal.kind == "tracking" and plain.b is not None:
        return plain.form.product(plain.b), 2.0
    return zero, 2.0


def solve_direct(
    plain: Arrays, limits: Limits, goal: Goal, start: Start | None = None
) -> tuple[Answer, Start]:
    """Solve a problem for which :func:`applies` says yes.

    Raises
    ------
    InfeasibleError
        If no portfolio keeps all limits.
    SolverError
        If no answer could be certified.
    """
    if goal.kind == "sharpe":
        return _sharpe(plain, goal, start)
    family = _family(plain, limits, goal)
    if goal.kind == "return":
        most = greatest_return(plain)
        if most is not None and (family is None or _risk(plain, most.x, family.centre) <= family.limit**2):
            return _answer(most, 1.0, {}), Start(0.0, most)
        if family is None:
            raise SolverError(
                "the expected return has no greatest value within the limits; bound the weights"
            )
    before = None if start is None else start.answer
    zero = np.zeros(len(plain.lb))
    if family is None or np.isfinite(family.end):
        c, factor = _plain_centre(plain, goal)
        if family is None or start is None or start.t == 0.0:
            found = _along(plain, c, zero).at(0.0, before)
            if family is None or _risk(plain, found.x, family.centre) <= family.limit**2:
                return _answer(found, factor, {}), Start(0.0, found)
            before = found
    if family is None:
        raise SolverError("a limit on risk is wanted, and there is none")
    return _limited(plain, goal, family, Start(0.0 if start is None else start.t, before) if before else None)


def _limited(plain: Arrays, goal: Goal, family: _Family, start: Start | None) -> tuple[Answer, Start]:
    """Solve with the limit on risk holding the answer back."""
    along = _along(plain, family.c0, family.c1)
    least = along.at(0.0, None if start is None else start.answer)
    limit = family.limit**2
    lowest = _risk(plain, least.x, family.centre)
    if lowest > limit * (1 + 1e-12):
        raise InfeasibleError(
            f"the least {family.name} is {np.sqrt(lowest):.6g} a year, above {family.limit:.6g}",
            limit=family.name,
            least=float(np.sqrt(lowest)),
        )
    size = float(np.abs(family.c1).max())
    t = (
        start.t
        if start is not None and start.t > 0
        else min(family.end / 2, np.sqrt(lowest) / max(size, 1e-300))
    )
    first = ray.Met(t, along.at(t, least))
    met = ray.meet(along, family.centre, limit, first, below=0.0, above=family.end)
    factor = (2.0 if goal.kind in {"variance", "tracking"} else 1.0) / met.t
    gain = 2.0 if goal.kind in {"variance", "tracking"} else 1.0
    price = family.limit * gain * (1 / met.t - family.aversion)
    return _answer(met.answer, factor, {family.name: price}), Start(met.t, met.answer)


def greatest_return(plain: Arrays, excess: np.ndarray | None = None) -> Direct | None:
    """Return the portfolio of greatest expected return (HiGHS' dual simplex), None if there is no greatest.

    Raises
    ------
    InfeasibleError
        If no portfolio keeps the linear limits.
    SolverError
        If the simplex breaks off.
    """
    from scipy.optimize import linprog

    c = plain.mu if excess is None else excess
    if c is None:
        raise SolverError("the greatest return needs expected returns")
    rows = plain.rows
    equal = rows.low == rows.high
    up, down = np.isfinite(rows.high) & ~equal, np.isfinite(rows.low) & ~equal
    size = float(np.abs(c).max()) or 1.0
    found = linprog(
        -c / size,
        A_ub=np.vstack([rows.A[up], -rows.A[down]]),
        b_ub=np.concatenate([rows.high[up], -rows.low[down]]),
        A_eq=rows.A[equal],
        b_eq=rows.high[equal],
        bounds=np.column_stack([plain.lb, plain.ub]),
        method="highs-ds",
    )
    if found.status == _UNBOUNDED:
        return None
    if found.status == _INFEASIBLE:
        raise InfeasibleError("no portfolio keeps the linear limits")
    if found.status != 0:
        raise SolverError(f"the linear programme broke off: {found.message}")
    y = np.zeros(len(rows.names))
    n_up = int(up.sum())
    y[equal] = found.eqlin.marginals * size
    y[up] += found.ineqlin.marginals[:n_up] * size
    y[down] -= found.ineqlin.marginals[n_up:] * size
    z = (found.lower.marginals + found.upper.marginals) * size
    sets = Sets(
        np.where(z > 0, -1, np.where(z < 0, 1, 0)).astype(np.int8),
        np.where(equal | (y > 0), -1, np.where(y < 0, 1, 0)).astype(np.int8),
    )
    return Direct(np.asarray(found.x), y, z, int(found.nit), sets, 0.0)


def check_excess(plain: Arrays, goal: Goal) -> None:
    """Raise InfeasibleError if no portfolio within the linear limits earns more than the riskless rate."""
    if plain.mu is None:
        raise SolverError("the ratio needs expected returns")
    excess = plain.mu - goal.risk_free_annual
    most = greatest_return(plain, excess)
    refuse_ratio(np.inf if most is None else float(excess @ most.x))


def refuse_ratio(best: float) -> None:
    """Raise InfeasibleError unless ``best``, the greatest excess return, is above zero: else no ratio is."""
    if best <= 0:
        raise InfeasibleError(
            f"no portfolio within the limits is expected to earn more than the riskless rate; the best falls short "
            f"by {-best:.6g} a year: lower risk_free_annual, or ask for minimum_variance",
            best_excess_annual=best,
        )


def _scaled(plain: Arrays, excess: np.ndarray, start: Start | None) -> Start | None:
    """Solve for the ratio in ``y = k w``, ``excess'y = 1`` (Charnes and Cooper, 1962), None where bounds need ``k``.

    Long only and without caps below the budget, ``y >= 0`` is all that is left of the bounds, and each row is
    homogeneous by the budget: ``(a - h / budget)'y <= 0``. What comes back is the point in ``w``.
    """
    rows = plain.rows
    budget = float(rows.high[0])
    one_sided = np.isinf(rows.low) | np.isinf(rows.high) | (rows.low == rows.high)
    if not (budget > 0 and (plain.lb == 0).all() and plain.ub.min() >= budget and one_sided.all()):
        return None
    h = np.where(np.isfinite(rows.high), rows.high, rows.low) / budget
    A = rows.A - h[:, None] * rows.A[0]
    A[0] = excess
    low, high = np.where(np.isfinite(rows.low), 0.0, -np.inf), np.where(np.isfinite(rows.high), 0.0, np.inf)
    low[0] = high[0] = 1.0
    no_end = np.full(len(excess), np.inf)
    found = active_set(
        plain.form,
        np.zeros(len(excess)),
        A,
        low,
        high,
        plain.lb,
        no_end,
        start=None if start is None else start.answer.state,
    )
    k = float(found.x.sum()) / budget
    y = found.y / k
    y[0] = -float(y[1:] @ h[1:])
    # In w the programme is that of utility at t: its ray passes here.
    return Start(
        float(found.y[0]) / k, Direct(found.x / k, y, found.z / k, found.steps, found.state, found.gap)
    )


def _sharpe(plain: Arrays, goal: Goal, start: Start | None) -> tuple[Answer, Start]:
    if plain.mu is None:
        raise SolverError("the ratio needs expected returns")
    excess = plain.mu - goal.risk_free_annual
    size = float(np.abs(excess).max())
    if size == 0 or (excess.max() <= 0 and (plain.lb >= 0).all()):
        check_excess(plain, goal)
    try:
        scaled = _scaled(plain, excess / size, start)
    except InfeasibleError:
        check_excess(plain, goal)
        raise
    if scaled is None:
        scaled = _searched(plain, excess / size, goal, start)
    t, found = scaled.t / size, scaled.answer
    variance = _risk(plain, found.x, np.zeros(len(excess)))
    if variance <= _RISKLESS * float(plain.form.diagonal.mean()):
        raise SolverError("the ratio is unbounded: some riskless portfolio earns more than the riskless rate")
    # d ratio = (d earned - ratio d vol) / vol, and t earned = vol^2.
    return _answer(found, 1.0 / (t * np.sqrt(variance)), {}), scaled


def _searched(plain: Arrays, excess: np.ndarray, goal: Goal, start: Start | None) -> Start:
    along = _along(plain, np.zeros(len(excess)), excess)
    if start is not None and start.t > 0:
        first = ray.Met(start.t, along.at(start.t, start.answer))
    else:
        t = float(plain.form.diagonal.mean() / np.abs(excess).mean()) / np.sqrt(len(excess))
        first = ray.Met(t, along.at(t))
    if float(excess @ first.answer.x) <= 0:
        check_excess(plain, goal)
    return Start(*ray.best_ratio(along, first))
