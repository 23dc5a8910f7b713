"""The same programme as one large linear programme: what is left when the path has no inside to go through."""

from __future__ import annotations

import numpy as np

from sillok.errors import InfeasibleError, SolverError
from sillok.portfolio.methods.tail_interior import Hinges, Point
from sillok.portfolio.methods.tail_region import Region

__all__ = ["solve_linear"]

_TIGHT = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


def solve_linear(hinges: Hinges, region: Region) -> Point:
    """Solve with HiGHS: ``minimise c'x + k'u`` with ``u >= E x + b, u >= 0``.

    Raises
    ------
    InfeasibleError
        If no point lies in the region.
    SolverError
        If nothing bounds the objective, or HiGHS breaks off.
    """
    from scipy import sparse
    from scipy.optimize import linprog

    T, m = hinges.E.shape
    n = len(hinges.c)
    equal = region.low == region.high
    low = np.flatnonzero(np.isfinite(region.low) & ~equal)
    high = np.flatnonzero(np.isfinite(region.high) & ~equal)
    limits = np.concatenate([-region.A[low], region.A[high]])
    scenarios = [sparse.csr_array(hinges.E), sparse.csr_array((T, n - m)), -sparse.eye_array(T)]
    rows = sparse.vstack(
        [
            sparse.hstack(scenarios),
            sparse.hstack([sparse.csr_array(limits), sparse.csr_array((len(limits), T))]),
        ]
    )
    some = bool(equal.any())
    found = linprog(
        np.concatenate([hinges.c, hinges.k]),
        A_ub=rows,
        b_ub=np.concatenate([-hinges.b, -region.low[low], region.high[high]]),
        A_eq=sparse.hstack([sparse.csr_array(region.A[equal]), sparse.csr_array((equal.sum(), T))])
        if some
        else None,
        b_eq=region.low[equal] if some else None,
        bounds=np.concatenate([np.stack([region.lb, region.ub], axis=1), np.tile([0.0, np.inf], (T, 1))]),
        method="highs-ds",
        options=_TIGHT,
    )
    if found.status == 2:
        raise InfeasibleError("no portfolio keeps all of the limits")
    if found.status == 3:
        raise SolverError(
            "nothing bounds the risk from below: some portfolio gains in every scenario, at any size"
        )
    if found.status != 0:
        raise SolverError(
            f"the linear programme has no optimal answer: {found.message}", status=int(found.status)
        )
    price = found.ineqlin.marginals
    y = np.zeros(len(region.low))
    if some:
        y[equal] = found.eqlin.marginals
    y[low] -= price[T : T + len(low)]
    y[high] += price[T + len(low) :]
    x, q = found.x[:n], np.clip(-price[:T], 0.0, hinges.k)
    return Point(x, q, y, hinges.slope(q) - y @ region.A, int(found.nit))
