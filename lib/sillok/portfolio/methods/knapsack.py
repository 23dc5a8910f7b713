"""The nearest whole lots that a purse can pay for, exactly: a separable convex knapsack.

    minimise    sum_i (p_i L_i k_i - g_i)^2      over whole k_i >= low_i
    subject to  sum_i c_i(k_i) <= C

``g`` is the value still missing to the target, ``c_i(k)`` the cash that buying k lots takes or selling gives, with
every fee rounded up to the won. Multiplying the purse's row by a price (Lagrange) parts the problem into issues and
bounds it from below; what the bound leaves is enumerated with dominated states dropped (Nemhauser and Ullmann,
1969; Pisinger, 1995, for the order and the bound). The issues of large lots come first, so that cheap ones close
the purse.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sillok.portfolio.costs import due_krw

__all__ = ["Bound", "Purse", "cash_taken", "distance", "lower_bound", "nearest"]

_BISECTIONS = 80  # halvings of the multiplier's range: more than a double has bits
_CHOICES = 50  # one step may lay out so many choices a state on average; more is given up


class Purse(NamedTuple):
    """One problem, by issue; KRW and shares."""

    value: np.ndarray  # (N,) value of one lot at the reference price, p L
    missing: np.ndarray  # (N,) target value less the value held, g; negative: too much is held
    bid: np.ndarray  # (N,) whole KRW paid for one lot
    ask: np.ndarray  # (N,) whole KRW got for one lot
    fee: float  # commission as a part of the value
    tax: np.ndarray  # (N,) tax on a sale as a part of the value
    low: np.ndarray  # (N,) lots, zero or less: nothing held can be sold short
    high: np.ndarray  # (N,) lots, zero or more: 0 for what cannot be traded
    cash: int


class Bound(NamedTuple):
    price: float  # the multiplier of the purse
    total: float  # no feasible choice is below this
    least: np.ndarray  # (N,) least penalised distance of each issue over the reals
    centre: np.ndarray  # (N,) where it lies


def cash_taken(purse: Purse, i: int | slice, lots: np.ndarray) -> np.ndarray:
    """Return the cash in whole KRW that trading ``lots`` takes: commission and tax are rounded up to the won."""
    bought, sold = np.maximum(lots, 0) * purse.bid[i], np.maximum(-lots, 0) * purse.ask[i]
    paid = bought + due_krw(bought, purse.fee)
    got = sold - due_krw(sold, purse.fee) - due_krw(sold, purse.tax[i])
    return (paid - got).astype(np.int64)


def _centre(purse: Purse, price: float) -> np.ndarray:
    """Return where each issue's penalised distance is least over the reals."""
    free = purse.missing / purse.value
    pull = price / (2 * purse.value**2)
    buy = free - pull * purse.bid * (1 + purse.fee)
    sell = free - pull * purse.ask * (1 - purse.fee - purse.tax)
    return np.clip(np.where(buy > 0, buy, np.where(sell < 0, sell, 0.0)), purse.low, purse.high)


def _relaxed(purse: Purse, price: float, lots: np.ndarray, i: int | slice = slice(None)) -> np.ndarray:
    """Return distance plus ``price`` times cash without rounding of fees: convex, never above the true one."""
    rate = np.where(lots > 0, purse.bid[i] * (1 + purse.fee), purse.ask[i] * (1 - purse.fee - purse.tax[i]))
    return (purse.value[i] * lots - purse.missing[i]) ** 2 + price * rate * lots


def _rounded(purse: Purse, price: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the whole lots of least penalised distance, and that distance: beside the centre, by convexity."""
    centre = _centre(purse, price)
    below, above = np.floor(centre), np.ceil(centre)
    at_below, at_above = _relaxed(purse, price, below), _relaxed(purse, price, above)
    return np.where(at_above < at_below, above, below), np.minimum(at_below, at_above)


def lower_bound(purse: Purse) -> tuple[Bound, np.ndarray]:
    """Return the best Lagrangian bound, and feasible lots found on the way."""
    lots, least = _rounded(purse, 0.0)
    if cash_taken(purse, slice(None), lots).sum() <= purse.cash:
        return Bound(0.0, float(least.sum()), least, _centre(purse, 0.0)), lots
    lower, upper = 0.0, 2.0 * float(purse.value.max())
    while cash_taken(purse, slice(None), _rounded(purse, upper)[0]).sum() > purse.cash and upper < 1e30:
        upper *= 4
    lots = _rounded(purse, upper)[0]
    best = Bound(0.0, float(least.sum()), least, _centre(purse, 0.0))
    for _ in range(_BISECTIONS):
        middle = (lower + upper) / 2
        tried, least = _rounded(purse, middle)
        total = float(least.sum()) - middle * purse.cash
        if total > best.total:
            best = Bound(middle, total, least, _centre(purse, middle))
        if cash_taken(purse, slice(None), tried).sum() > purse.cash:
            lower = middle
        else:
            upper, lots = middle, tried
    return best, lots


def _choices(purse: Purse, bound: Bound, i: int, room: float) -> np.ndarray:
    """Return the lots of issue ``i`` that a solution within ``room`` of the bound may hold.

    The penalised distance grows by at least (p L)^2 times the squared way from its real minimum.
    """
    here = float(_relaxed(purse, bound.price, bound.centre[i : i + 1], slice(i, i + 1))[0])
    far = np.sqrt(max(room + float(bound.least[i]) - here, 0.0)) / purse.value[i] + 1e-9
    first = max(np.ceil(bound.centre[i] - far), purse.low[i])
    last = min(np.floor(bound.centre[i] + far), purse.high[i])
    lots = np.arange(first, last + 1)
    return lots[_relaxed(purse, bound.price, lots, i) - bound.least[i] <= room]


def nearest(
    purse: Purse, bound: Bound, known: np.ndarray, *, states: int, beam: int = 500
) -> tuple[np.ndarray, bool]:
    """Return lots of least distance, and whether that is proven; it is not where a proof takes more than ``states``.

    Parameters
    ----------
    known
        (N,) feasible lots; nothing worse is looked at, and they are returned where nothing better is found.
    beam
        A first pass keeps so many states, to find better lots that make the second pass narrow.
    """
    order = np.lexsort((np.arange(len(known)), -purse.value))
    if distance(purse, known) <= bound.total:
        return known, True
    better = _enumerate(purse, bound, known, order, states=beam, prune=True)
    known = known if better is None else better
    proven = _enumerate(purse, bound, known, order, states=states, prune=False)
    return (known, False) if proven is None else (proven, True)


def distance(purse: Purse, lots: np.ndarray) -> float:
    """Return the squared distance to the targets, in squared KRW."""
    return float(((purse.value * lots - purse.missing) ** 2).sum())


def _enumerate(
    purse: Purse, bound: Bound, known: np.ndarray, order: np.ndarray, *, states: int, prune: bool
) -> np.ndarray | None:
    best = distance(purse, known)
    room = best - bound.total
    # What a state may still cost at the least, penalised; beyond the best known distance it is dropped.
    ahead = float(bound.least.sum()) - bound.price * purse.cash
    spent, far = np.zeros(1, dtype=np.int64), np.zeros(1)
    trail: list[tuple[np.ndarray, np.ndarray]] = []
    slack = 1e-12 * max(best, 1.0)
    for i in order:
        lots = _choices(purse, bound, int(i), room + slack)
        if len(lots) * len(spent) > _CHOICES * states:
            return None
        ahead -= float(bound.least[i])
        take, off = cash_taken(purse, int(i), lots), (purse.value[i] * lots - purse.missing[i]) ** 2
        kept = _undominated(
            (spent[:, None] + take).ravel(), (far[:, None] + off).ravel(), bound.price, best - ahead + slack
        )
        if len(kept) > states:
            if not prune:
                return None
            rank = (far[:, None] + off).ravel()[kept] + bound.price * (spent[:, None] + take).ravel()[kept]
            kept = kept[np.sort(np.argsort(rank, kind="stable")[:states])]
        parent, choice = np.divmod(kept, len(lots))
        spent, far = spent[parent] + take[choice], far[parent] + off[choice]
        trail.append((parent, lots[choice]))
    return _follow(trail, order, spent <= purse.cash, far, known=known, best=best)


def _undominated(spent: np.ndarray, far: np.ndarray, price: float, most: float) -> np.ndarray:
    """Return the states that may still win, dearer ones only where they are nearer."""
    alive = np.flatnonzero(far + price * spent <= most)
    alive = alive[np.lexsort((far[alive], spent[alive]))]
    if not len(alive):
        return alive
    lowest = np.minimum.accumulate(far[alive])
    return alive[np.r_[True, far[alive][1:] < lowest[:-1]]]


def _follow(
    trail: list[tuple[np.ndarray, np.ndarray]],
    order: np.ndarray,
    paid: np.ndarray,
    far: np.ndarray,
    *,
    known: np.ndarray,
    best: float,
) -> np.ndarray:
    if not paid.any() or not far[paid].min() < best:
        return known
    at = int(np.flatnonzero(paid)[np.argmin(far[paid])])
    lots = np.empty(len(order))
    for (parent, choice), i in zip(reversed(trail), order[::-1], strict=True):
        lots[i], at = choice[at], int(parent[at])
    return lots
