"""How many whole lots of each issue to trade, so that the portfolio ends nearest to its targets."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from sillok.errors import ConfigError, SolverError
from sillok.portfolio.methods.knapsack import Purse, cash_taken, distance, lower_bound, nearest

__all__ = ["Lots", "Method", "choose_lots"]

Method = Literal["auto", "exact", "greedy"]

# States kept at once: a portfolio of up to 200 issues needs some hundreds as a rule. "auto" ends within a few tenths
# of a second, since a page that people move sliders on must not wait; "exact" may take half a minute.
_STATES = {"auto": 10_000, "exact": 200_000}


class Lots(NamedTuple):
    """Lots to trade, bought positive, sold negative, and how good they are proven to be."""

    lots: np.ndarray  # (N,) whole numbers
    method: str  # "exact", "bounded" or "greedy"
    distance_krw: float  # Euclidean distance of the values from their targets
    bound_krw: float  # no choice of lots that the cash can pay comes nearer than this


def choose_lots(purse: Purse, method: Method) -> Lots:
    """Return lots that the cash can pay for.

    ``exact`` gives the least Euclidean distance of the issues' values from their targets, or raises; ``auto`` the
    same while its search stays small, as it nearly always does, and else the nearest lots found, called "bounded"
    for the proven bound they come with; ``greedy`` sells and buys down to the targets and spends the rest lot by
    lot where most is missing.

    Raises
    ------
    ConfigError
        If the method is unknown.
    SolverError
        If ``exact`` was asked for and the proof would need more than 200,000 states; with the best bound.
    """
    if method not in {"auto", "exact", "greedy"}:
        raise ConfigError(f"method must be 'auto', 'exact' or 'greedy', got {method!r}")
    bound, from_bound = lower_bound(purse)
    spent = _greedy(purse)
    if method == "greedy":
        return _told(purse, spent, "greedy", bound.total)
    known = min(spent, from_bound, key=lambda lots: distance(purse, lots))
    found, is_proven = nearest(purse, bound, known, states=_STATES[method])
    if is_proven:
        return _told(purse, found, "exact", distance(purse, found))
    if method == "exact":
        reached, least = np.sqrt([distance(purse, found), max(bound.total, 0.0)])
        raise SolverError(
            f"the nearest whole lots of {len(found)} issues were not proven within {_STATES[method]:,} states: the "
            f"best found is {reached:,.0f} KRW off, none is nearer than {least:,.0f} KRW; take method='auto'",
            best=float(reached),
            bound=float(least),
        )
    return _told(purse, found, "bounded", bound.total)


def _told(purse: Purse, lots: np.ndarray, method: str, bound: float) -> Lots:
    off = distance(purse, lots)
    return Lots(lots.astype(np.int64), method, float(np.sqrt(off)), float(np.sqrt(max(min(bound, off), 0.0))))


def _greedy(purse: Purse) -> np.ndarray:
    """Sell down to the targets, buy up to them, then lot by lot what is furthest below, while one can be paid."""
    wanted = purse.missing / purse.value
    # The hair is for 0.3 * 10 = 3.0000000000000004: a target met exactly is not sold below.
    sold = np.where(wanted < 0, np.clip(np.floor(wanted + 1e-9), purse.low, 0), 0.0)
    cash = purse.cash - int(cash_taken(purse, slice(None), sold).sum())
    wanted = np.where((sold == 0) & (purse.high > 0), purse.missing / purse.bid, 0.0)
    lots = np.maximum(np.floor(wanted + 1e-9), 0.0)
    due = int(cash_taken(purse, slice(None), lots).sum())
    if due > cash:
        # Fees, and sales below their reference price, leave too little for every target: all give way alike.
        # Each fee is rounded up by less than a won, hence a won apiece is set aside.
        lots = np.floor(lots * (max(cash - len(lots), 0) / due))
    left = cash - int(cash_taken(purse, slice(None), lots).sum())
    while True:
        step = cash_taken(purse, slice(None), lots + 1) - cash_taken(purse, slice(None), lots)
        short = np.where((step <= left) & (wanted > lots), (wanted - lots) * purse.bid, 0.0)
        if not short.any():
            return sold + lots
        i = int(np.argmax(short))
        lots[i] += 1
        left -= int(step[i])
