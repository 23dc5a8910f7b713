"""Branch and bound over which variables are held, with bounds by perspective and exact answers at the leaves."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sillok.portfolio.methods.active_set import Answer
from sillok.portfolio.methods.perspective import Node, Selection, fix, floor_of, hold, relax

__all__ = ["Chosen", "choose"]

_ROOT_ROUNDS = 40  # the root's bound serves the whole tree
_ROUNDS = 5
_WHOLE = (
    1e-6  # a part this near to zero or one is whole: which variable to branch on is no matter of exactness
)


class Chosen(NamedTuple):
    """The best solution found, and what is proven of it."""

    answer: Answer | None  # None: none was found
    held: np.ndarray  # (N,) bool
    value: float
    bound: float  # no solution is below
    nodes: int
    is_over: bool  # the search ended by itself


class _Search:
    """The best solution so far and the nodes that may hold a better one."""

    def __init__(self, s: Selection, tolerance: float) -> None:
        self.s, self.tolerance = s, tolerance
        self.answer: Answer | None = None
        self.held, self.value = np.zeros(len(s.e), dtype=bool), np.inf
        self.heap: list[tuple[float, int, Node, np.ndarray]] = []
        self.count = 0
        self.seen: set[bytes] = set()
        self.dropped = np.inf  # no solution among those that were not looked at is below

    def enough(self) -> float:
        """Return the bound from which on a node cannot hold a solution better by more than the tolerance."""
        return self.value - self.tolerance * abs(self.value) if np.isfinite(self.value) else np.inf

    def try_holding(self, held: np.ndarray) -> None:
        key = np.packbits(held).tobytes()
        if key in self.seen:
            return
        self.seen.add(key)
        answer = hold(self.s, Node(held, ~held))
        if answer is not None and (value := self.s.value(answer.x)) < self.value:
            self.answer, self.held, self.value = answer, held, value

    def visit(self, node: Node, part: np.ndarray, rounds: int) -> None:
        """Bound a node, look for a solution near its relaxation, and keep it if it may hold a better one."""
        if not _may_be(self.s, node):
            return
        bound, cut, w, part = relax(self.s, node, part, rounds=rounds, enough=self.enough())
        if cut is None or bound >= self.enough():
            self.dropped = min(self.dropped, bound)
            return
        self.try_holding(_rounded(self.s, node, part, w))
        node, other = fix(self.s, node, cut, self.enough())
        self.dropped = min(self.dropped, other)
        if not node.open.any() or node.left(self.s.K) <= 0:
            if _may_be(self.s, node):
                self.try_holding(node.held)
        elif (bound := max(bound, floor_of(self.s, node, cut))) < self.enough():
            self.count += 1
            heapq.heappush(self.heap, (bound, self.count, node, part.astype(np.float32)))
        else:
            self.dropped = min(self.dropped, bound)


def _may_be(s: Selection, node: Node) -> bool:
    """Return whether each row can be met by itself with as many variables as may be held."""
    k = node.left(s.K)
    if k < 0:
        return False
    at_lo, at_hi = s.A * s.lo, s.A * s.hi
    for sign, side in ((1.0, s.low), (-1.0, -s.high)):
        most = np.maximum(sign * at_lo, sign * at_hi)
        free = np.sort(np.maximum(most[:, node.open], 0.0), axis=1)[:, ::-1][:, :k]
        reach = most[:, node.held].sum(axis=1) + free.sum(axis=1)
        if (reach < side - 1e-9 * np.maximum(np.abs(np.where(np.isfinite(side), side, 0.0)), 1.0)).any():
            return False
    return True


def _rounded(s: Selection, node: Node, part: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return a choice near the relaxation: what is settled, and the largest parts."""
    rank = np.where(node.held, 2.0, np.where(node.out, -1.0, part))
    order = np.lexsort((-np.abs(w), -rank))[: s.K]
    held = np.zeros(len(part), dtype=bool)
    held[order[(rank[order] > _WHOLE)]] = True
    return held


def choose(  # noqa: PLR0917 - the programme, where to begin, and how long
    s: Selection,
    root: Node,
    first: np.ndarray | None,
    tolerance: float,
    nodes: int,
    stop: Callable[[], bool] | None,
) -> Chosen:
    """Find the least value over all choices, best bound first.

    Parameters
    ----------
    root
        What is settled from the beginning.
    first
        (N,) a choice that is feasible, if one is known.
    tolerance
        A solution is proven when no other is better by more than this part of its value.
    nodes, stop
        The search gives up after so many nodes, or when ``stop`` says so between two.
    """
    search = _Search(s, tolerance)
    if first is not None:
        search.try_holding(first)
    spread = np.full(len(s.e), min(1.0, s.K / max(len(s.e), 1)))
    search.visit(root, np.where(root.held, 1.0, np.where(root.out, 0.0, spread)), _ROOT_ROUNDS)
    done = 0
    while search.heap and search.heap[0][0] < search.enough():
        if done >= nodes or (stop is not None and stop()):
            return _told(search, search.heap[0][0], done, is_over=False)
        _, _, node, part = heapq.heappop(search.heap)
        done += 1
        for child in _children(node, part.astype(float), s.K):
            search.visit(child, np.where(child.held, 1.0, np.where(child.out, 0.0, part)), _ROUNDS)
    return _told(search, search.heap[0][0] if search.heap else np.inf, done, is_over=True)


def _told(search: _Search, bound: float, nodes: int, *, is_over: bool) -> Chosen:
    bound = min(bound, search.dropped, search.value)
    if is_over:
        bound = max(bound, search.enough()) if np.isfinite(search.value) else np.inf
    return Chosen(search.answer, search.held, search.value, bound, nodes, is_over)


def _children(node: Node, part: np.ndarray, K: int) -> list[Node]:
    """Split on the variable whose part is least decided; where all are whole, on the largest."""
    undecided = np.where(node.open, np.minimum(part, 1.0 - part), -1.0)
    at = int(undecided.argmax())
    if undecided[at] < _WHOLE:
        at = int(np.where(node.open, part, -1.0).argmax())
    held, out = node.held.copy(), node.out.copy()
    held[at] = out[at] = True
    with_it = Node(held, ~held if int(held.sum()) >= K else node.out)
    return [with_it, Node(node.held, out)]
