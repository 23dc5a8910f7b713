"""Who finds the best few names: branch and bound on active sets, SCIP through cvxpy, DAQP: ``make bench NAME=names``.

One JSON object a row, CPU seconds with one BLAS thread. ``gap`` is the solver's own claim; ``above_best`` is by how
much its portfolio's variance, measured anew, lies above the best that any of them found.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from sillok.errors import SolverError  # noqa: E402
from sillok.portfolio import Data, Limits, few_names  # noqa: E402
from sillok.risk import FactorCovariance  # noqa: E402

LIMIT_S = 60.0
LOW, HIGH = 0.03, 0.25


def market(N: int, seed: int, *, dense: bool) -> Data:
    """Make ten factors and own variances; dense: their sample over a year, a fifth of the way to its diagonal."""
    rng = np.random.default_rng(seed)
    names = [f"A{i}" for i in range(N)]
    B = np.c_[rng.uniform(0.7, 1.3, N) * 0.18, rng.normal(0, 0.05, (N, 9))]
    d = rng.uniform(0.15, 0.45, N) ** 2
    if not dense:
        return Data(
            FactorCovariance(
                pd.DataFrame(B, names), pd.DataFrame(np.eye(10)), pd.Series(d, names),
                estimator="made", observations=250, periods_per_year=252,
            )
        )  # fmt: skip
    S = np.cov((rng.normal(size=(250, 10)) @ B.T + rng.normal(size=(250, N)) * np.sqrt(d)).T)
    return Data(pd.DataFrame(0.8 * S + 0.2 * np.diag(np.diag(S)), names, names))


def own(data: Data, K: int) -> tuple[np.ndarray | None, float]:
    """Search by bounds of perspective."""
    end = time.process_time() + LIMIT_S
    limits = Limits(max_names=K, min_position=LOW, max_weight=HIGH)
    try:
        found = few_names(data, limits, nodes=10**9, stop=lambda: time.process_time() > end)
    except SolverError as err:
        best, bound = float(str(err.detail["best"])), float(str(err.detail["bound"]))
        return None, (best - bound) / best
    return found.weights.to_numpy(), found.gap


def scip(data: Data, K: int, *, perspective: bool) -> tuple[np.ndarray | None, float]:
    """State it for SCIP, plainly or with the perspective as cones."""
    from pyscipopt import Model, quicksum

    from sillok.portfolio.integer import _diagonal

    Sigma = data.matrix()
    if data.factor is not None:
        B, d = data.factor.root()
    else:
        d = _diagonal(Sigma)
        values, vectors = np.linalg.eigh(Sigma - np.diag(d))
        B = vectors * np.sqrt(np.maximum(values, 0.0))
    model = Model()
    model.hideOutput()
    model.setParam("timing/clocktype", 1)  # CPU seconds
    model.setParam("limits/time", LIMIT_S)
    N = len(d)
    w = [model.addVar(lb=0, ub=HIGH) for _ in range(N)]
    z = [model.addVar(vtype="B") for _ in range(N)]
    f = [model.addVar(lb=None) for _ in range(B.shape[1])]
    t = model.addVar(lb=0)
    for k, factor in enumerate(f):
        model.addCons(factor == quicksum(B[i, k] * w[i] for i in range(N)))
    model.addCons(quicksum(w) == 1)
    model.addCons(quicksum(z) <= K)
    for wi, zi in zip(w, z, strict=True):
        model.addCons(wi <= HIGH * zi)
        model.addCons(wi >= LOW * zi)
    if perspective:
        s = [model.addVar(lb=0) for _ in range(N)]
        for i in range(N):
            model.addCons(d[i] * w[i] * w[i] <= s[i] * z[i])
        model.addCons(quicksum(x * x for x in f) <= t)
        model.setObjective(t + quicksum(s))
    else:
        own_risk = quicksum(d[i] * w[i] * w[i] for i in range(N))
        model.addCons(quicksum(x * x for x in f) + own_risk <= t)
        model.setObjective(t)
    model.optimize()
    if not model.getNSols():
        return None, np.inf
    return np.array([model.getVal(x) for x in w]), float(model.getGap())


def daqp(data: Data, K: int) -> tuple[np.ndarray | None, float]:
    """Search by DAQP's own branch and bound; a hair on the names' diagonal, which it needs."""
    import daqp as solver

    Sigma = data.matrix()
    N = len(Sigma)
    H = np.block([[2 * Sigma, np.zeros((N, N))], [np.zeros((N, N)), 1e-7 * np.eye(N)]])
    eye, one, none = np.eye(N), np.ones(N), np.zeros(N)
    A = np.block([[one, none], [none, one], [eye, -HIGH * eye], [-eye, LOW * eye]])
    upper = np.r_[np.full(N, HIGH), one, 1, K, none, none]
    lower = np.r_[none, none, 1, 0, np.full(2 * N, -1e30)]
    sense = np.zeros(len(upper), dtype=np.int32)
    sense[N : 2 * N], sense[2 * N] = 16, 5
    x, _, flag, _ = solver.solve(
        H, np.zeros(2 * N), A, upper, lower, sense, iter_limit=10**8, time_limit=LIMIT_S
    )
    return (x[:N], 0.0) if flag == 1 else (None, np.inf)


def main() -> None:
    """Print a row for each size, kind of covariance and solver."""
    solvers: dict[str, Callable[[Data, int], tuple[np.ndarray | None, float]]] = {
        "branch and bound on active sets": own,
        "SCIP": lambda data, K: scip(data, K, perspective=False),
        "SCIP with the perspective": lambda data, K: scip(data, K, perspective=True),
        "DAQP": daqp,
    }
    few_names(market(20, 0, dense=False), Limits(max_names=5))
    for dense in (False, True):
        for N, K in ((30, 8), (60, 10), (100, 10), (200, 15)):
            data, found = market(N, 0, dense=dense), {}
            for name, solver in solvers.items():
                if name == "DAQP" and N > 30:
                    continue
                start = time.process_time()
                w, gap = solver(data, K)
                found[name] = (time.process_time() - start, gap, np.inf if w is None else data.variance(w))
            best = min(value for _, _, value in found.values())
            for name, (seconds, gap, value) in found.items():
                row = {"workload": f"least variance, {'dense' if dense else 'factors'}", "issues": N, "names": K,
                       "solver": name, "cpu_s": round(seconds, 3), "gap": gap, "above_best": value / best - 1}  # fmt: skip
                print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
