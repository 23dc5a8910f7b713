"""How fast portfolios are found, beside the peers: CPU seconds from labelled inputs to labelled weights.

    python tests/bench/portfolio.py [--quick] [--peers-only] [ROW ...]      all rows, or those whose name contains ROW

Needs the group of peers: `uv sync --group peers`. One thread: every BLAS is told so before numpy is read, and
asked whether it obeys. Within a row all take turns, round by round; a turn is one call, or as many as fit into
50 ms, each on a fresh copy of the same frames. The median of all calls counts, by `time.process_time`, which has
the seconds of all threads in it; `first` is the median of the first calls of the turns, which find the processor's
caches full of the others' data and of the garbage collector's. What is measured begins with pandas objects and
ends with one: making `Data`, a prior, a problem, its compilation and its solution are all in.

Each line of output is one JSON object:

    peer, peer_value     the fastest peer whose answer is usable (gap below 1e-3, violation below 1e-6)
    our_value, ratio, goal
    gap, violation       ours, proved by `tests/portfolio/proofs.py` from the answer alone: no solver's word
    n, rounds, spread    size; turns measured; distance of the quartiles / median of ours
    all                  every one: value, first, gap against the better of its proof and our value, violation; or why not

A peer's first call runs in a process of its own with a limit of CPU seconds (90; 20 with --quick): one that does
not come back is reported so. A peer that takes more than five seconds is not called again.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "BLIS", "VECLIB_MAXIMUM"):
    os.environ[f"{_name}_NUM_THREADS"] = "1"
os.environ.pop(
    "OPENBLAS_CORETYPE", None
)  # for all: what suits the processor, as on a node, not what a machine pins

import contextlib  # noqa: E402
import gc  # noqa: E402
import importlib.metadata  # noqa: E402
import json  # noqa: E402
import multiprocessing  # noqa: E402
import resource  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from dataclasses import dataclass, field  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import threadpoolctl  # noqa: E402

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))
warnings.simplefilter("ignore")  # the peers', of deprecations and of accuracy; their answers are examined

from sillok import risk  # noqa: E402
from tests.bench.beside import ours, peers  # noqa: E402
from tests.bench.beside.market import make_market  # noqa: E402
from tests.bench.beside.peers import Inputs  # noqa: E402
from tests.portfolio import proofs  # noqa: E402

Call = Callable[[Inputs], Any]
Judge = Callable[[Any], tuple[float, float, float]]  # objective (less is better), proved gap, violation
RISK_AVERSION = 5.0
RISK_FREE = 0.02


@dataclass
class Row:
    """One line of the table: what is given, who takes part, and how an answer is judged."""

    workload: str
    n: int
    goal: float
    inputs: Inputs
    judge: Judge
    ours: Call
    peers: dict[str, Call]
    against: tuple[
        str, ...
    ] = ()  # other formulations, shown but not raced, unless the goal is set against them
    notes: str = ""


def _simplex_judge(objective: Callable[[np.ndarray], float], gap: Callable[[np.ndarray], float]) -> Judge:
    def judge(found: pd.Series) -> tuple[float, float, float]:
        w = found.to_numpy(dtype=float)
        return objective(w), gap(w), max(abs(w.sum() - 1), float(-w.min()), 0.0)

    return judge


def _moments(inputs: Inputs) -> tuple[np.ndarray, np.ndarray]:
    mu = np.zeros(len(inputs.labels)) if inputs.mu is None else inputs.mu.to_numpy()
    return inputs.covariance().to_numpy(), mu


def judge_variance(inputs: Inputs) -> Judge:
    Sigma, _ = _moments(inputs)
    room = proofs.simplex(len(Sigma))
    return _simplex_judge(
        lambda w: float(w @ Sigma @ w),
        lambda w: 2 * proofs.quadratic_gap(Sigma, np.zeros(len(w)), w, room) / float(w @ Sigma @ w),
    )


def judge_utility(inputs: Inputs) -> Judge:
    Sigma, mu = _moments(inputs)
    room = proofs.simplex(len(Sigma))

    def value(w: np.ndarray) -> float:
        return float(RISK_AVERSION / 2 * (w @ Sigma @ w) - mu @ w)

    return _simplex_judge(
        value, lambda w: proofs.quadratic_gap(RISK_AVERSION * Sigma, -mu, w, room) / abs(value(w))
    )


def judge_sharpe(inputs: Inputs) -> Judge:
    Sigma, mu = _moments(inputs)
    return _simplex_judge(
        lambda w: -float((mu - RISK_FREE) @ w) / float(np.sqrt(w @ Sigma @ w)),
        lambda w: proofs.sharpe_gap(Sigma, mu - RISK_FREE, w),
    )


def judge_frontier(inputs: Inputs) -> Judge:
    """Judge each point by the variance at its own return, against corners that are proved themselves."""
    Sigma, mu = _moments(inputs)
    variance = judge_variance(inputs)
    exact = ours.corners(inputs).to_numpy()
    exact = exact[np.argsort(exact @ mu)]
    proof = max(variance(pd.Series(exact[0]))[1], *(proofs.frontier_gap(Sigma, mu, w) for w in exact))
    earned = exact @ mu

    def excess(w: np.ndarray) -> float:
        k = int(np.clip(np.searchsorted(earned, w @ mu), 1, len(earned) - 1))
        part = np.clip((w @ mu - earned[k - 1]) / max(earned[k] - earned[k - 1], 1e-300), 0, 1)
        best = exact[k - 1] + part * (exact[k] - exact[k - 1])
        return float(w @ Sigma @ w) / float(best @ Sigma @ best) - 1

    def judge(found: pd.DataFrame) -> tuple[float, float, float]:
        W = found.to_numpy(dtype=float)
        W = W[np.argsort(W @ mu)]
        ends = abs(float(mu.max() - W[-1] @ mu)) / abs(float(mu.max()))
        off = max(float(np.abs(W.sum(axis=1) - 1).max()), float(-W.min()), 0.0)
        return float("nan"), max(proof, ends, *(excess(w) for w in W)), off

    return judge


def judge_cvar(inputs: Inputs, level: float) -> Judge:
    R = inputs.returns.to_numpy()
    room = proofs.simplex(R.shape[1])
    return _simplex_judge(
        lambda w: proofs.cvar(-R @ w, level),
        lambda w: proofs.cvar_gap(R, w, level, room) / proofs.cvar(-R @ w, level),
    )


def judge_parity(inputs: Inputs) -> Judge:
    Sigma, _ = _moments(inputs)
    budgets = np.full(len(Sigma), 1 / len(Sigma))
    return _simplex_judge(lambda w: float("nan"), lambda w: proofs.parity_error(Sigma, w, budgets))


def judge_matrix(reference: np.ndarray) -> Judge:
    scale = float(np.abs(reference).max())

    def judge(found: pd.DataFrame) -> tuple[float, float, float]:
        S = found.to_numpy(dtype=float)
        return float("nan"), float(np.abs(S - reference).max()) / scale, float(np.abs(S - S.T).max()) / scale

    return judge


# ---- the rows ----


def dense_inputs(N: int, *, mu: bool = False) -> Inputs:
    market = make_market(N)
    return Inputs(
        Sigma=pd.DataFrame(market.dense(), market.labels, market.labels),
        mu=pd.Series(market.mu, market.labels) if mu else None,
    )


def factor_inputs(N: int, *, mu: bool = False) -> Inputs:
    market = make_market(N)
    return Inputs(
        loadings=pd.DataFrame(market.B, market.labels, market.factors),
        factor_covariance=pd.DataFrame(market.F, market.factors, market.factors),
        specific_variance=pd.Series(market.d, market.labels),
        mu=pd.Series(market.mu, market.labels) if mu else None,
    )


def return_inputs(N: int, days: int) -> Inputs:
    market = make_market(N)
    index = pd.RangeIndex(days, name="scenario")
    return Inputs(returns=pd.DataFrame(market.returns(days), index, market.labels))


def estimate_inputs(N: int, days: int = 1_000) -> Inputs:
    """Return an estimate of the library's for itself, and its matrix for the others."""
    found = risk.ledoit_wolf(return_inputs(N, days).returns)
    return Inputs(Sigma=found.matrix, estimate=found)


def variance_row(form: str, N: int, goal: float) -> Row:
    inputs = dense_inputs(N) if form == "dense" else factor_inputs(N)
    return Row(
        f"minimum variance, {N} assets, {form}",
        N,
        goal,
        inputs,
        judge_variance(inputs),
        ours.minimum_variance,
        {
            "PyPortfolioOpt": peers.pypfopt_minimum_variance,
            "skfolio": peers.skfolio_minimum_variance,
            "Riskfolio-Lib": peers.riskfolio_minimum_variance,
            "cvxpy": peers.cvxpy_minimum_variance,
        },
    )


def utility_row(form: str, N: int, goal: float) -> Row:
    inputs = dense_inputs(N, mu=True) if form == "dense" else factor_inputs(N, mu=True)
    return Row(
        f"mean-variance utility, {N} assets, {form}",
        N,
        goal,
        inputs,
        judge_utility(inputs),
        partial(ours.utility, risk_aversion=RISK_AVERSION),
        {
            "PyPortfolioOpt": partial(peers.pypfopt_utility, risk_aversion=RISK_AVERSION),
            "skfolio": partial(peers.skfolio_utility, risk_aversion=RISK_AVERSION),
            "Riskfolio-Lib": partial(peers.riskfolio_utility, risk_aversion=RISK_AVERSION),
            "cvxpy": partial(peers.cvxpy_utility, risk_aversion=RISK_AVERSION),
        },
    )


def sharpe_row(form: str, N: int, goal: float) -> Row:
    inputs = dense_inputs(N, mu=True) if form == "dense" else factor_inputs(N, mu=True)
    return Row(
        f"maximum Sharpe, {N} assets, {form}",
        N,
        goal,
        inputs,
        judge_sharpe(inputs),
        partial(ours.sharpe, risk_free=RISK_FREE),
        {
            "PyPortfolioOpt": partial(peers.pypfopt_sharpe, risk_free=RISK_FREE),
            "skfolio": partial(peers.skfolio_sharpe, risk_free=RISK_FREE),
            "Riskfolio-Lib": partial(peers.riskfolio_sharpe, risk_free=RISK_FREE),
            "cvxpy": partial(peers.cvxpy_sharpe, risk_free=RISK_FREE),
        },
    )


def frontier_row(N: int, goal: float, points: int = 50) -> Row:
    inputs = dense_inputs(N, mu=True)
    return Row(
        f"exact frontier, {points} points, {N} assets",
        N,
        goal,
        inputs,
        judge_frontier(inputs),
        partial(ours.frontier, points=points),
        {
            "PyPortfolioOpt": partial(peers.pypfopt_frontier, points=points),
            "PyPortfolioOpt CLA": partial(peers.pypfopt_critical_line, points=points),
            "skfolio": partial(peers.skfolio_frontier, points=points),
            "Riskfolio-Lib": partial(peers.riskfolio_frontier, points=points),
            "cvxpy re-solved": partial(peers.cvxpy_frontier, points=points),
        },
    )


def cvar_row(N: int, goal: float, scenarios: int = 5_000, level: float = 0.95) -> Row:
    inputs = return_inputs(N, scenarios)
    return Row(
        f"CVaR 95 %, {scenarios} scenarios x {N} assets",
        N,
        goal,
        inputs,
        judge_cvar(inputs, level),
        partial(ours.cvar, level=level),
        {
            "PyPortfolioOpt": partial(peers.pypfopt_cvar, level=level),
            "skfolio": partial(peers.skfolio_cvar, level=level),
            "Riskfolio-Lib": partial(peers.riskfolio_cvar, level=level),
            "cvxpy": partial(peers.cvxpy_cvar, level=level),
        },
    )


def parity_row(N: int, goal: float, *, estimated: bool = False) -> Row:
    inputs = estimate_inputs(N) if estimated else dense_inputs(N)
    return Row(
        f"risk parity, {N} assets{', an estimate of the library' if estimated else ''}",
        N,
        goal,
        inputs,
        judge_parity(inputs),
        ours.risk_parity,
        {
            "skfolio": peers.skfolio_risk_parity,
            "Riskfolio-Lib": peers.riskfolio_risk_parity,
            "cvxpy": peers.cvxpy_risk_parity,
        },
    )


def plain_ledoit_wolf(X: np.ndarray, target: str) -> np.ndarray:
    """Shrink as the papers say it, by loops' worth of products: what the fast ways must agree with.

    Ledoit and Wolf, 2004a (identity), 2004b (constant correlation), 2003 (single factor: the mean of the issues).
    """
    T, N = X.shape
    Y = X - X.mean(axis=0)
    S = Y.T @ Y / T
    Pi = (Y**2).T @ (Y**2) / T - S**2
    var = np.diag(S)
    if target == "identity":
        goal, rho = np.eye(N) * var.mean(), 0.0
    elif target == "constant_correlation":
        sd = np.sqrt(var)
        mean = ((S / np.outer(sd, sd)).sum() - N) / (N * (N - 1))
        goal = mean * np.outer(sd, sd)
        np.fill_diagonal(goal, var)
        Theta = (Y**3).T @ Y / T - var[:, None] * S
        np.fill_diagonal(Theta, 0.0)
        rho = np.diag(Pi).sum() + mean * (np.outer(1 / sd, sd) * Theta).sum()
    else:
        m = Y.mean(axis=1)
        c, v = Y.T @ m / T, m @ m / T
        goal = np.outer(c, c) / v
        np.fill_diagonal(goal, var)
        Z = Y * m[:, None]
        R1 = (Y**2).T @ Z / T - c[:, None] * S
        R3 = Z.T @ Z / T - v * S
        off1 = (R1 * c[None, :]).sum() - (np.diag(R1) * c).sum()
        off3 = (R3 * np.outer(c, c)).sum() - (np.diag(R3) * c**2).sum()
        rho = np.diag(Pi).sum() + 2 * off1 / v - off3 / v**2
    delta = min(max((Pi.sum() - rho) / ((S - goal) ** 2).sum() / T, 0.0), 1.0)
    return delta * goal + (1 - delta) * S


def ledoit_wolf_row(target: str, theirs: str, N: int = 500, days: int = 1_000) -> Row:
    inputs = return_inputs(N, days)
    others: dict[str, Call] = {"PyPortfolioOpt": partial(peers.pypfopt_ledoit_wolf, target=theirs)}
    if target == "identity":
        others["skfolio"] = peers.skfolio_ledoit_wolf
    return Row(
        f"Ledoit-Wolf, {target}, {N} assets x {days} days",
        N,
        5,
        inputs,
        judge_matrix(plain_ledoit_wolf(inputs.returns.to_numpy(), target)),
        partial(ours.ledoit_wolf, target=target),
        others,
    )


ROWS: dict[str, Callable[[], Row]] = {
    "minimum variance 500 dense": partial(variance_row, "dense", 500, 20),
    "minimum variance 500 factor": partial(variance_row, "factor", 500, 60),
    "minimum variance 2000 factor": partial(variance_row, "factor", 2_000, 200),
    "utility 500 factor": partial(utility_row, "factor", 500, 55),
    "utility 500 dense": partial(utility_row, "dense", 500, 7),
    "sharpe 500 factor": partial(sharpe_row, "factor", 500, 200),
    "sharpe 500 dense": partial(sharpe_row, "dense", 500, 30),
    "frontier 100": partial(frontier_row, 100, 80),
    "frontier 500": partial(frontier_row, 500, 200),
    "cvar 20": partial(cvar_row, 20, 8),
    "cvar 200": partial(cvar_row, 200, 18),
    "parity 100": partial(parity_row, 100, 800),
    "parity 500": partial(parity_row, 500, 1_700),
    "parity 100 estimate": partial(parity_row, 100, 800, estimated=True),
    "parity 500 estimate": partial(parity_row, 500, 1_700, estimated=True),
    "ledoit-wolf identity": partial(ledoit_wolf_row, "identity", "constant_variance"),
    "ledoit-wolf correlation": partial(ledoit_wolf_row, "constant_correlation", "constant_correlation"),
    "ledoit-wolf factor": partial(ledoit_wolf_row, "single_factor", "single_factor"),
}
SIZES = (20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
GROWTH: dict[str, Callable[[int], Row]] = {
    "growth minimum variance dense": lambda n: variance_row("dense", n, 0),
    "growth minimum variance factor": lambda n: variance_row("factor", n, 0),
    "growth utility factor": lambda n: utility_row("factor", n, 0),
    "growth sharpe factor": lambda n: sharpe_row("factor", n, 0),
    "growth frontier": lambda n: frontier_row(n, 0),
    "growth cvar 1000 scenarios": lambda n: cvar_row(n, 0, scenarios=1_000),
    "growth parity": lambda n: parity_row(n, 0),
    "growth ledoit-wolf correlation": lambda n: ledoit_wolf_row(
        "constant_correlation", "constant_correlation", n
    ),
}


# ---- the measurement ----


@dataclass
class Result:
    """What one of those who take part did."""

    found: Any = None
    seconds: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)  # of each turn
    fault: str = ""


TURN_S = 0.05


def take_turn(call: Call, inputs: Inputs, result: Result) -> None:
    gc.collect()
    spent = 0.0
    while spent < TURN_S:
        seconds, result.found = timed(call, inputs)
        if not spent:
            result.first.append(seconds)
        result.seconds.append(seconds)
        spent += seconds


def timed(call: Call, inputs: Inputs) -> tuple[float, Any]:
    fresh = inputs.copy()
    start = time.process_time()
    found = call(fresh)
    return time.process_time() - start, found


def work(call: Call, inputs: Inputs, limit: int, answer: Any) -> None:
    """Call once, in a child, and send what came of it."""
    spent = int(time.process_time())
    resource.setrlimit(resource.RLIMIT_CPU, (spent + limit, spent + limit + 5))
    warnings.simplefilter("ignore")
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        try:
            seconds, found = timed(call, inputs)
            answer.send((seconds, found, ""))
        except Exception as err:  # noqa: BLE001 - whatever a peer raises is what we report
            answer.send((0.0, None, f"{type(err).__name__}: {str(err).strip()[:160]}"))


def alone(call: Call, inputs: Inputs, limit: int) -> Result:
    """Call once in a child of its own that is ended after so many seconds of CPU.

    The child is forked from a server in which no solver ever ran: a fork of a process whose solver left threads
    behind waits for them for ever.
    """
    context = multiprocessing.get_context("forkserver")
    near, far = context.Pipe(duplex=False)
    child = context.Process(target=work, args=(call, inputs, limit, far))
    child.start()
    far.close()
    seconds, found, fault = 0.0, None, f"no answer within {limit} s of CPU"
    try:
        if near.poll(4 * limit):
            seconds, found, fault = near.recv()
    except EOFError:
        pass
    child.kill()
    child.join()
    return Result(found, [] if fault else [seconds], fault=fault)


def take_turns(row: Row, rounds: int, limit: int, *, with_ours: bool) -> dict[str, Result]:
    results = {name: alone(call, row.inputs, limit) for name, call in row.peers.items()}
    calls = {name: row.peers[name] for name, r in results.items() if not r.fault and r.seconds[0] < 5}
    for name in calls:
        results[name].seconds.clear()
    if with_ours:
        calls = {"ours": row.ours, **calls}
        results = {"ours": Result(), **results}
        try:
            row.ours(row.inputs.copy())  # compiled code is read from its cache once a process
        except (AttributeError, ImportError, TypeError) as err:
            results["ours"].fault = f"{type(err).__name__}: {err}"
            del calls["ours"]
    for name, call in calls.items():
        if name != "ours":
            timed(call, row.inputs)  # imports and first-use costs are not a method's
    for _ in range(rounds):
        for name, call in calls.items():
            take_turn(call, row.inputs, results[name])
    return results


def report(row: Row, results: dict[str, Result]) -> dict[str, Any]:
    judged = {name: row.judge(r.found) for name, r in results.items() if not r.fault}
    told: dict[str, Any] = {}
    for name, r in results.items():
        if r.fault:
            told[name] = {"fault": r.fault}
            continue
        value, gap, violation = judged[name]
        best = min((v for v, _, off in judged.values() if off < 1e-9), default=value)
        if name != "ours" and np.isfinite(value) and np.isfinite(best) and best != 0:
            gap = min(gap, (value - best) / abs(best))
        told[name] = {
            "value": round(statistics.median(r.seconds), 7),
            "first": round(statistics.median(r.first or r.seconds), 7),
            "gap": float(f"{gap:.2g}"),
            "violation": float(f"{violation:.2g}"),
            "calls": len(r.seconds),
        }
    usable = {
        name: t["value"]
        for name, t in told.items()
        if name != "ours"
        and "fault" not in t
        and t["gap"] < 1e-3
        and t["violation"] < 1e-6
        and (name != "cvxpy" or not row.goal)
    }
    peer = min(usable, key=usable.__getitem__, default=None)
    us = told.get("ours", {})
    mine = us.get("value")
    ran = results.get("ours", Result())
    quarters = statistics.quantiles(ran.seconds, n=4) if len(ran.seconds) > 1 else []
    return {
        "workload": row.workload,
        "peer": peer,
        "peer_value": usable.get(peer) if peer else None,
        "our_value": mine,
        "ratio": round(usable[peer] / mine, 1) if peer and mine else None,
        "goal": row.goal or None,
        "gap": us.get("gap"),
        "violation": us.get("violation"),
        "n": row.n,
        "rounds": len(ran.first),
        "spread": round((quarters[2] - quarters[0]) / mine, 2) if quarters else None,
        "unit": "CPU s",
        "all": told,
    }


def one_thread() -> None:
    busy = [p for p in threadpoolctl.threadpool_info() if p["num_threads"] != 1]
    if busy:
        raise SystemExit(f"these libraries take more than one thread: {busy}")


def grow(make: Callable[[int], Row], limit: int, *, with_ours: bool) -> Iterator[dict[str, Any]]:
    """Tell the same workload at every size; a peer that failed or was too slow is left out from then on."""
    out: set[str] = set()
    for n in SIZES:
        row = make(n)
        row.peers = {name: call for name, call in row.peers.items() if name not in out}
        results = take_turns(row, 3, limit, with_ours=with_ours)
        out |= {
            name for name, r in results.items() if name != "ours" and (r.fault or r.seconds[-1] > limit / 4)
        }
        yield report(row, results)


def main(words: list[str]) -> None:
    quick, peers_only = "--quick" in words, "--peers-only" in words
    wanted = [w for w in words if not w.startswith("--")]
    rounds, limit = (3, 20) if quick else (9, 90)
    one_thread()
    multiprocessing.get_context("forkserver").set_forkserver_preload(["tests.bench.beside.peers"])
    names = ("numpy", "pandas", "scipy", "cvxpy", "clarabel", "PyPortfolioOpt", "skfolio", "riskfolio-lib")
    versions = {name: importlib.metadata.version(name) for name in names}
    blas = sorted({str(pool.get("architecture")) for pool in threadpoolctl.threadpool_info()} - {"None"})
    print(json.dumps({"versions": versions, "blas": blas}), flush=True)
    for title, make in ROWS.items():
        if (wanted and not any(w in title for w in wanted)) or (
            quick and not wanted and "500" in title and "frontier" in title
        ):
            continue
        row = make()
        print(json.dumps(report(row, take_turns(row, rounds, limit, with_ours=not peers_only))), flush=True)
        one_thread()
    for title, grown in GROWTH.items():
        if (wanted and not any(w in title for w in wanted)) or (quick and not wanted):
            continue
        for line in grow(grown, 20 if quick else 60, with_ours=not peers_only):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
