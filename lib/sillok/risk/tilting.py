"""The probabilities nearest to a prior under linear statements: Newton's steps on the dual of relative entropy."""

from __future__ import annotations

from typing import Literal, NamedTuple, NoReturn

import numpy as np

from sillok.errors import InfeasibleError, SolverError

__all__ = ["Sense", "Statement", "tilt_prior"]

Sense = Literal["==", ">=", "<="]
# Views hold to this part of their own spread under the prior; Newton's last step leaves less.
_MET = 1e-11
_STEPS = 200


class Statement(NamedTuple):
    """One statement ``g' p`` sense ``value``, linear in the probabilities."""

    g: np.ndarray  # (T,)
    value: float
    sense: Sense
    name: str


def tilt_prior(p0: np.ndarray, rows: list[Statement]) -> np.ndarray:
    """Climb the dual by projected Newton steps (Bertsekas, 1982) in units of each row's spread."""
    G = np.array([r.g - r.value for r in rows])
    G /= np.maximum(np.abs(G).max(axis=1), np.finfo(float).tiny)[:, None]
    side = np.array([{"==": 0, ">=": 1, "<=": -1}[r.sense] for r in rows])
    y, logp0 = np.zeros(len(rows)), np.log(p0)

    def tilt(y: np.ndarray) -> tuple[np.ndarray, float]:
        z = logp0 + y @ G
        top = z.max()
        e = np.exp(z - top)
        return e / e.sum(), float(top + np.log(e.sum()))

    p, value = tilt(y)
    for _ in range(_STEPS):
        slope = G @ p  # of the dual's negative, log sum p0 exp(y'G)
        stuck = (side != 0) & (y * side <= 0) & (slope * side >= 0)
        open_ = ~stuck
        if (np.abs(slope[open_]) <= _MET * np.sqrt(G[open_] ** 2 @ p)).all():
            return p
        free = G[open_] - slope[open_][:, None]
        H = (free * p) @ free.T
        # A repeated view makes the Hessian singular: the shortest step is as good as any.
        step = -np.linalg.lstsq(H, slope[open_], rcond=1e-13)[0]
        length = 1.0
        while True:
            trial = y.copy()
            trial[open_] += length * step
            trial = np.where((side != 0) & (trial * side < 0), 0.0, trial)
            found, new = tilt(trial)
            if new <= value + 1e-4 * slope @ (trial - y) + 1e-14 * (1 + abs(value)):
                break
            length /= 2
            if length < 1e-12:
                return _explain(rows, G, side)
        if np.abs(trial).max() > 1e8 or (np.array_equal(trial, y)):
            return _explain(rows, G, side)
        y, p, value = trial, found, new
    return _explain(rows, G, side)


def _explain(rows: list[Statement], G: np.ndarray, side: np.ndarray) -> NoReturn:
    """Raise: say which views clash, by the least total amount that they would have to give way."""
    from scipy.optimize import linprog

    V, T = G.shape
    # g'p + over - under is on its side of zero; over and under are what each view gives way.
    moves = np.hstack([np.eye(V), -np.eye(V)])
    A_eq = np.hstack([G, moves])[side == 0]
    A_ub = np.hstack([-side[:, None] * G, -side[:, None] * moves])[side != 0]
    total = np.concatenate([np.ones(T), np.zeros(2 * V)])[None, :]
    answer = linprog(
        np.concatenate([np.zeros(T), np.ones(2 * V)]),
        A_ub=A_ub if len(A_ub) else None,
        b_ub=np.zeros(len(A_ub)) if len(A_ub) else None,
        A_eq=np.vstack([A_eq, total]),
        b_eq=np.append(np.zeros(len(A_eq)), 1.0),
    )
    if answer.status == 0 and answer.fun > 1e-10:
        duals = np.zeros(V)
        duals[side == 0] = answer.eqlin.marginals[: len(A_eq)]
        if len(A_ub):
            duals[side != 0] = answer.ineqlin.marginals
        names = [r.name for r, y in zip(rows, duals, strict=True) if abs(y) > 1e-9]
        raise InfeasibleError(
            f"no probabilities meet these views together: {names}; change or drop one of them", views=names
        )
    raise SolverError(
        "the views hold only if some scenarios are ruled out altogether, or to within rounding; loosen one of "
        f"{[r.name for r in rows]}",
        views=[r.name for r in rows],
    )
