"""Problems with corners as plain ones: each weight is put together from the straight pieces between its corners.

What has corners (turnover, gross and short weight, linear costs) is convex and a sum over issues, straight between
the weight held before and zero. With a variable ``s_k`` for each piece, ``w = w0 + E s``, it is a row or a part of the
expected return, and the direct methods apply. Where a piece is filled out of its order, what is counted is only more
than what is traded, so that the limits are kept. Solved so are the problems that leave an interior point no room.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sillok.errors import InfeasibleError, SolverError
from sillok.portfolio.constraints import Rows
from sillok.portfolio.direct import Arrays, applies, solve_direct
from sillok.portfolio.lagrangian import Lagrangian
from sillok.portfolio.methods.forms import DenseForm
from sillok.portfolio.polish import bound_prices
from sillok.portfolio.statement import Answer, Goal

__all__ = ["solve_pieces"]

_MOST = 600  # issues: of some thousand pieces the matrix is dense
_CORNERS = ("turnover", "gross", "short", "return")


class _Pieces(NamedTuple):
    """``w = w0 + E s``, E adding up the pieces of each issue."""

    w0: np.ndarray  # (N,)
    issue: np.ndarray  # (K,) whose piece it is
    inside: np.ndarray  # (K,) a weight on the piece, which tells its side of each corner
    lb: np.ndarray  # (K,)
    ub: np.ndarray  # (K,)

    def spread(self, x: np.ndarray) -> np.ndarray:
        """Return ``E'x``."""
        return x[self.issue]

    def weights(self, s: np.ndarray) -> np.ndarray:
        """Return ``w0 + E s``."""
        return self.w0 + np.bincount(self.issue, s, len(self.w0))

    def slopes(self, corner: np.ndarray, below: float, above: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the slope of a term on each piece (K,), and its value at ``w0`` by issue, carried on straight."""
        slope = np.where(self.inside < self.spread(corner), below, above)
        first = np.zeros(len(self.w0))
        first[self.issue[::-1]] = slope[::-1]  # of an issue's pieces the first one starts at w0
        return slope, first * (self.w0 - corner)


def _between(low: float, high: float) -> float:
    """Return a weight between two ends, either of which may be infinite."""
    if np.isfinite(low) and np.isfinite(high):
        return 0.5 * (low + high)
    return low + 1.0 if np.isfinite(low) else high - 1.0 if np.isfinite(high) else 0.0


def _cut(lag: Lagrangian) -> _Pieces:
    """Cut the range of each weight at its corners: downwards from the lowest of them first, then upwards."""
    lb, ub = lag.plain.lb, lag.plain.ub
    traded = lag.linear.any() or "turnover" in lag.ends
    sized = "gross" in lag.ends or "short" in lag.ends
    w0, pieces = np.zeros(len(lb)), list[tuple[int, float, float, float]]()
    for i, (low, high) in enumerate(zip(lb, ub, strict=True)):
        corners = {float(lag.p[i])} if traded else set[float]()
        corners |= {0.0} if sized else set()
        cut = sorted(c for c in corners if low < c < high)
        if not cut:
            # A fixed weight sits on one side of each corner, or on the corner, where either side will do.
            pieces.append((i, _between(low, high), low, high))
            continue
        w0[i] = cut[0]
        pieces.append((i, _between(low, cut[0]), low - cut[0], 0.0))
        for at, end in zip(cut, [*cut[1:], high], strict=True):
            pieces.append((i, _between(at, end), 0.0, end - at))
    issue, inside_, low_, high_ = zip(*pieces, strict=True)
    return _Pieces(w0, np.array(issue), np.array(inside_), np.array(low_), np.array(high_))


def _with_base(spread: np.ndarray, base: float | np.ndarray) -> np.ndarray:
    """Put what belongs to ``w0`` before what belongs to the pieces: the first variable is one, and fixed."""
    return np.append(base, spread)


def _lift(lag: Lagrangian) -> tuple[Arrays, _Pieces]:
    """Return the problem in pieces, a fixed variable of one before them that carries ``w0``."""
    plain, pieces = lag.plain, _cut(lag)
    N, zero = len(plain.lb), np.zeros(len(plain.lb))
    P = plain.form.P if isinstance(plain.form, DenseForm) else _dense(lag)
    Pw0 = P @ pieces.w0
    whole = np.empty((len(pieces.issue) + 1,) * 2)
    whole[1:, 1:] = P[np.ix_(pieces.issue, pieces.issue)]
    whole[0, 1:] = whole[1:, 0] = pieces.spread(Pw0)
    whole[0, 0] = pieces.w0 @ Pw0
    traded, held = pieces.slopes(lag.p, -1.0, 1.0)
    cost = (pieces.spread(lag.linear) * traded, float(lag.linear @ held))
    net = _with_base(pieces.spread(lag.reward) - cost[0], float(lag.reward @ pieces.w0) - cost[1])
    rows = [_with_base(pieces.spread(a), float(a @ pieces.w0)) for a in plain.rows.A]
    low, high, names = list(plain.rows.low), list(plain.rows.high), list(plain.rows.names)
    for name in _CORNERS:
        if name not in lag.ends:
            continue
        if name == "return":
            row = _with_base(pieces.spread(lag.mu) - cost[0], float(lag.mu @ pieces.w0) - cost[1])
        else:
            above = 0.0 if name == "short" else 1.0
            slope, base = pieces.slopes(lag.p if name == "turnover" else zero, -1.0, above)
            row = _with_base(slope, float(base.sum()))
        rows.append(row)
        low.append(lag.ends[name] if name == "return" else -np.inf)
        high.append(np.inf if name == "return" else lag.ends[name])
        names.append(name)
    b = None
    if plain.b is not None:
        b = np.zeros(len(pieces.issue))
        b[np.unique(pieces.issue, return_index=True)[1]] = plain.b
        b = _with_base(b, 0.0)
    lifted = Arrays(
        DenseForm(whole),
        Rows(np.array(rows), np.array(low), np.array(high), tuple(names)),
        _with_base(pieces.lb, 1.0),
        _with_base(pieces.ub, 1.0),
        net if N and plain.mu is not None else None,
        b,
    )
    return lifted, pieces


def _dense(lag: Lagrangian) -> np.ndarray:
    form = lag.plain.form
    B, d = form.B, form.d  # type: ignore[attr-defined]
    return np.asarray(B @ B.T + np.diag(d))


def solve_pieces(lag: Lagrangian, goal: Goal) -> Answer | None:
    """Solve a problem with corners by a direct method; None where it has none to take, or found no answer.

    Raises
    ------
    InfeasibleError
        If no portfolio keeps all limits.
    """
    limits = lag.limits
    if len(lag.plain.lb) > _MOST or lag.impact.any():
        return None
    straight = replace(
        limits, max_gross=None, max_short=None, max_turnover=None, linear_cost=None, impact_cost=None
    )
    if not applies(lag.plain, straight, goal):
        return None
    lifted, pieces = _lift(lag)
    # The riskless rate is in the lifted means already.
    try:
        found, _ = solve_direct(lifted, straight, replace(goal, risk_free_annual=0.0))
    except InfeasibleError:
        raise
    except SolverError:
        return None
    if found.weights is None:
        return None
    w = np.clip(pieces.weights(found.weights[1:]), lag.plain.lb, lag.plain.ub)
    M = len(lag.plain.rows.names)
    signs = {name: -1.0 if name == "return" else 1.0 for name in lifted.rows.names[M:]}
    prices = {
        name: max(sign * float(y), 0.0) for (name, sign), y in zip(signs.items(), found.rows[M:], strict=True)
    }
    answer = Answer(w, found.rows[:M], np.zeros(len(w)), found.others | prices, "optimal")
    return bound_prices(lag, answer)
