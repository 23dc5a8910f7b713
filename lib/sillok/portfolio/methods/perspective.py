"""Bounds for quadratic programmes in which a variable is held within its limits or is zero.

    minimise    1/2 w'S w + 1/2 sum_i e_i w_i^2 + q'w
    subject to  low <= A w <= high,   lo_i z_i <= w_i <= hi_i z_i,   sum_i z_i <= K,   z in {0, 1}

with S positive semidefinite and e >= 0. With ``e_i w_i^2 / z_i`` in place of ``e_i w_i^2`` and z anywhere between
zero and one this is convex, and much tighter than without (the perspective: Frangioni and Gentile, 2006; Günlük and
Linderoth, 2010). Of any point v and multipliers y of the rows, with ``g = S v + q - A'y``,

    -1/2 v'S v + y'side + sum_i z_i phi_i,     phi_i = min over lo_i <= r <= hi_i of  1/2 e_i r^2 + g_i r

lies below the objective for every w and z that belong together, since ``w_i = r_i z_i``: a bound that holds whatever
v and y are, and whose least value over z takes a sort (Bertsimas and Cory-Wright, 2022, use it as a cut).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sillok.errors import InfeasibleError
from sillok.portfolio.methods.active_set import Answer, active_set
from sillok.portfolio.methods.forms import DenseForm, FactorForm, Form

__all__ = ["Cut", "Node", "Selection", "fix", "floor_of", "hold", "relax"]

_LEAST_PART = 1e-4  # of a variable in the relaxation: its square is divided by it


class Selection(NamedTuple):
    """The programme; ``P`` whole is ``S + diag(e)``."""

    S: np.ndarray  # (N, N); empty where it is given by factors
    B: np.ndarray | None  # (N, F) with S = B B', or None
    e: np.ndarray  # (N,)
    q: np.ndarray  # (N,)
    A: np.ndarray  # (M, N)
    low: np.ndarray  # (M,)
    high: np.ndarray  # (M,)
    lo: np.ndarray  # (N,) least value where held
    hi: np.ndarray  # (N,) greatest value where held
    K: int
    constant: float = 0.0  # added to the objective

    def form(self, part: np.ndarray) -> Form:
        """Return ``S + diag(e / part)``."""
        if self.B is not None:
            return FactorForm(self.B, self.e / part)
        P = self.S.copy()
        P[np.diag_indices(len(P))] += self.e / part
        return DenseForm(P)

    def curve(self, v: np.ndarray) -> np.ndarray:
        """Return ``S v``."""
        return self.S @ v if self.B is None else self.B @ (v @ self.B)

    def value(self, w: np.ndarray) -> float:
        """Return the objective at ``w``."""
        return float(0.5 * (w @ self.curve(w) + self.e @ (w * w)) + self.q @ w) + self.constant


class Node(NamedTuple):
    """Which variables are settled."""

    held: np.ndarray  # (N,) bool: z is one
    out: np.ndarray  # (N,) bool: z is zero

    @property
    def open(self) -> np.ndarray:
        """Return which variables are not settled yet."""
        return ~(self.held | self.out)

    def left(self, K: int) -> int:
        """Return how many more may be held."""
        return K - int(self.held.sum())


class Cut(NamedTuple):
    """``constant + sum z_i phi_i`` lies below the objective, for all z."""

    constant: float
    phi: np.ndarray


def _cut(s: Selection, v: np.ndarray, y: np.ndarray) -> Cut:
    # A multiplier of a side that is not there is rounding.
    y = np.where((y > 0) & np.isfinite(s.low), y, np.where((y < 0) & np.isfinite(s.high), y, 0.0))
    side = np.where(y > 0, s.low, np.where(y < 0, s.high, 0.0))
    Sv = s.curve(v)
    g = Sv + s.q - y @ s.A
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.where(s.e > 0, np.clip(-g / s.e, s.lo, s.hi), np.where(g > 0, s.lo, s.hi))
    return Cut(float(-0.5 * (v @ Sv) + y @ side) + s.constant, 0.5 * s.e * r * r + g * r)


def floor_of(s: Selection, node: Node, cut: Cut) -> float:
    """Return the least value of the cut over what the node allows."""
    gains = np.minimum(cut.phi[node.open], 0.0)
    k = node.left(s.K)
    if len(gains) > k:
        gains = np.partition(gains, k)[:k] if k else gains[:0]
    return cut.constant + float(cut.phi[node.held].sum()) + float(gains.sum())


def fix(s: Selection, node: Node, cut: Cut, best: float) -> tuple[Node, float]:
    """Settle what no better solution can have the other way, by the cut; and bound what is cut off by that."""
    base, k = floor_of(s, node, cut), node.left(s.K)
    places = np.flatnonzero(node.open)
    order = places[np.argsort(cut.phi[places], kind="stable")]
    phi = cut.phi[order]
    out, held = node.out.copy(), node.held.copy()
    last = min(phi[k - 1], 0.0) if 0 < k <= len(phi) else 0.0
    outside = np.arange(len(phi)) >= k
    taken = ~outside & (phi < 0)
    following = min(phi[k], 0.0) if k < len(phi) else 0.0
    # What is taken is bounded when left out, what is not when held.
    other = np.where(taken, base - phi + following, base + phi - np.where(outside, last, 0.0))
    settled = other >= best
    out[order[~taken & settled]] = True
    held[order[taken & settled]] = True
    return Node(held, out), float(other[settled].min(initial=np.inf))


def hold(s: Selection, node: Node) -> Answer | None:
    """Solve with the node's ``held`` variables held and all others at zero; None if that cannot be."""
    lb, ub = np.where(node.held, s.lo, 0.0), np.where(node.held, s.hi, 0.0)
    try:
        return active_set(s.form(np.ones(len(s.e))), s.q, s.A, s.low, s.high, lb, ub)
    except InfeasibleError:
        return None


def relax(
    s: Selection, node: Node, part: np.ndarray, *, rounds: int, enough: float
) -> tuple[float, Cut | None, np.ndarray, np.ndarray]:
    """Improve a lower bound on the node: alternately the best w for given parts z, and the best z for given w.

    Returns
    -------
    tuple
        The bound (infinite if nothing is feasible), its cut, w, and the parts z.
    """
    lb = np.where(node.out, 0.0, np.where(node.held, s.lo, np.minimum(s.lo, 0.0)))
    ub = np.where(node.out, 0.0, np.where(node.held, s.hi, np.maximum(s.hi, 0.0)))
    best, kept, w, start = -np.inf, None, np.zeros(len(part)), None
    for _ in range(rounds):
        try:
            answer = active_set(
                s.form(np.where(node.open, np.maximum(part, _LEAST_PART), 1.0)),
                s.q, s.A, s.low, s.high, lb, ub, start=start,
            )  # fmt: skip
        except InfeasibleError:
            return np.inf, None, w, part
        start, w = answer.state, answer.x
        cut = _cut(s, w, answer.y)
        bound = floor_of(s, node, cut)
        if bound > best:
            best, kept = bound, cut
        if best >= enough:
            break
        part = _parts(s, node, w)
    return best, kept, w, part


def _parts(s: Selection, node: Node, w: np.ndarray) -> np.ndarray:
    """Return the parts z of least ``sum e w^2 / z`` that add up to K or less, between w/hi and min(1, w/lo)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        least = np.where(w > 0, w / s.hi, np.where(w < 0, w / s.lo, 0.0))
        most = np.where((s.lo > 0) & (w > 0), np.minimum(w / s.lo, 1.0), np.where(w == 0, 0.0, 1.0))
    least, most = np.clip(least, 0.0, 1.0), np.clip(most, 0.0, 1.0)
    least = np.minimum(least, most)
    size, free, k = np.abs(w) * np.sqrt(s.e), node.open, node.left(s.K)
    if most[free].sum() <= k or not size[free].any():
        part = most
    else:
        low, high = 0.0, 1.0 / float(size[free & (size > 0)].min())
        for _ in range(50):
            middle = (low + high) / 2
            if np.clip(size * middle, least, most)[free].sum() > k:
                high = middle
            else:
                low = middle
        part = np.clip(size * low, least, most)
    return np.where(node.held, 1.0, np.where(node.out, 0.0, part))
