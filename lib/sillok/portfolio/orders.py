"""Whole-share orders for a stated amount of won."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError
from sillok.portfolio.costs import due_krw
from sillok.portfolio.lots import Method, choose_lots
from sillok.portfolio.methods.knapsack import Purse
from sillok.portfolio.terms import Terms

__all__ = ["OrderPlan", "plan_orders"]

_COLUMNS = ["side", "shares", "limit_krw", "value_krw", "commission_krw", "tax_krw"]


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """Orders that can be sent, sells first, and what is left when all are filled at their limit prices.

    ``orders`` is indexed by symbol: side (buy or sell), shares, limit_krw, value_krw, commission_krw, tax_krw.
    """

    orders: pd.DataFrame
    shares: pd.Series  # whole shares held afterwards, zero where none
    weights: pd.Series  # their value at the reference prices, as parts of amount_krw
    cash_krw: int  # left over, never negative
    amount_krw: int  # worth at the start: cash plus holdings at the reference prices
    cost_krw: int  # commission and tax of these orders
    method: str  # "exact": no choice of whole lots comes nearer; "bounded", "greedy": see gap_krw
    distance_krw: float  # Euclidean distance of the tradable issues' values from their targets
    gap_krw: float  # by how much the best choice may be nearer, proven; 0 when exact
    halted: tuple[str, ...] = ()  # issues held that take no order: kept as they are

    @property
    def turnover(self) -> float:
        """Return bought plus sold value at the limit prices, as a part of ``amount_krw``."""
        return float(self.orders["value_krw"].sum()) / self.amount_krw if self.amount_krw else 0.0


def plan_orders(
    weights: pd.Series,
    prices: pd.Series,
    terms: Terms,
    *,
    cash_krw: int,
    holdings: pd.Series | None = None,
    method: Method = "auto",
) -> OrderPlan:
    """Turn target weights into whole-share limit orders that the cash can pay for.

    Of all whole-lot trades whose sales, less commission and tax, and cash at hand pay for the purchases, those are
    taken after which the issues' values are nearest to their targets (least sum of squares); ``method`` in the plan
    says whether that is proven. The greedy rule sells and buys down to the targets, then single lots of the issue
    furthest below its target; the plan says how much nearer the best choice may be.

    Parameters
    ----------
    weights
        Target parts of the worth, (N,), adding up to one or less; an issue held but not named is sold.
    prices
        Reference prices in KRW, covering weights and holdings.
    terms
        Day, commission, tax, and which issues are halted: one that is held stays as it is and is named in the plan.
    cash_krw
        Cash at hand; with no holdings this is the amount to invest.
    holdings
        Whole shares held now, by symbol.
    method
        ``auto``, ``exact`` or ``greedy``.

    Raises
    ------
    DataError
        If weights, prices or holdings cannot be used, or a weight asks for a halted issue that is not held, naming
        the symbols.
    ConfigError
        If the cash is negative, or the method unknown.
    SolverError
        If the exact method was asked for and cannot prove its answer.
    """
    held = _checked(weights, prices, cash_krw, holdings)
    price = prices.reindex(held.index).astype(float)
    worth = cash_krw + float((price * held).sum())
    target = weights.reindex(held.index, fill_value=0.0) * worth
    halted = _halted(target, held, terms)

    # By symbol, so that the order in which issues are named decides no tie.
    names = sorted(s for s in held.index if s not in set(halted) and (target[s] > 0 or held[s] > 0))
    purse = _purse(names, target, held, price, terms=terms, cash_krw=cash_krw)
    found = choose_lots(purse, method)
    traded = pd.Series(found.lots * terms.lot, index=names, dtype=np.int64).reindex(held.index, fill_value=0)
    orders = _orders(traded[traded != 0], purse, names, terms)

    flow = orders["value_krw"].where(orders["side"] == "sell", -orders["value_krw"])
    after = held + traded
    return OrderPlan(
        orders=orders,
        shares=after,
        weights=after * price / worth if worth else after.astype(float),
        cash_krw=cash_krw + int((flow - orders["commission_krw"] - orders["tax_krw"]).sum()),
        amount_krw=int(worth),
        cost_krw=int(orders["commission_krw"].sum() + orders["tax_krw"].sum()),
        method=found.method,
        distance_krw=found.distance_krw,
        gap_krw=found.distance_krw - found.bound_krw,
        halted=tuple(halted),
    )


def _checked(weights: pd.Series, prices: pd.Series, cash_krw: int, holdings: pd.Series | None) -> pd.Series:
    if cash_krw < 0:
        raise ConfigError(f"cash_krw must not be negative, got {cash_krw:,}")
    for what, given in (("weights", weights), ("prices", prices), ("holdings", holdings)):
        if given is not None and not given.index.is_unique:
            twice = list(given.index[given.index.duplicated()].unique())
            raise DataError(
                f"{what} name {len(twice)} issues twice: {twice[:5]}; name each once", symbols=twice
            )
    bad = list(weights.index[~(weights >= 0) | np.isinf(weights)])
    if bad or weights.sum() > 1 + 1e-6:
        raise DataError(
            f"weights must be zero or more and add up to at most 1, got a sum of {weights.sum():.6g}"
            + (f"; not a weight: {dict(weights[bad[:5]])}" if bad else ""),
            symbols=bad,
        )
    held = pd.Series(0, index=weights.index) if holdings is None else holdings
    held = held.reindex(weights.index.union(held.index, sort=False), fill_value=0)
    bad = list(held.index[~(held >= 0) | (held != np.floor(held)) | np.isinf(held.astype(float))])
    if bad:
        raise DataError(f"holdings must be whole shares, zero or more: {dict(held[bad[:5]])}", symbols=bad)
    lacking = [s for s in held.index if not 0 < prices.get(s, math.nan) < math.inf]
    if lacking:
        raise DataError(
            f"{len(lacking)} issues have no positive price, e.g. {lacking[:5]}; leave them out or price them",
            symbols=lacking,
        )
    return held.astype(np.int64)


def _halted(target: pd.Series, held: pd.Series, terms: Terms) -> list[str]:
    """Return the halted issues among those held; one that is wanted and not held cannot be had."""
    if terms.halted is None:
        return []
    halted = [s for s in held.index if (held[s] > 0 or target[s] > 0) and terms.is_halted(s)]
    wanted = [s for s in halted if held[s] == 0]
    if wanted:
        raise DataError(
            f"{len(wanted)} issues with a weight are halted on {terms.on} and cannot be bought: {wanted[:5]}; "
            "leave them out of the universe and solve again",
            symbols=wanted,
        )
    return halted


def _purse(
    names: list[str], target: pd.Series, held: pd.Series, price: pd.Series, *, terms: Terms, cash_krw: int
) -> Purse:
    p, h = price[names].to_numpy(), held[names].to_numpy(dtype=float)
    return Purse(
        value=p * terms.lot,
        missing=target[names].to_numpy() - p * h,
        bid=np.array([terms.bid(s, price[s]) * terms.lot for s in names], dtype=float),
        ask=np.array([terms.ask(s, price[s]) * terms.lot for s in names], dtype=float),
        fee=terms.commission_bps / 10_000,
        tax=np.array([terms.tax_rate(s) if held[s] else 0.0 for s in names]),
        low=-np.floor(h / terms.lot),
        high=np.full(len(names), np.inf),
        cash=int(cash_krw),
    )


def _orders(traded: pd.Series, purse: Purse, names: list[str], terms: Terms) -> pd.DataFrame:
    """Lay out the orders, sells first, each side by symbol."""
    traded = traded.iloc[np.lexsort((traded.index.to_numpy(dtype=str), traded.to_numpy() > 0))]
    at = pd.Index(names).get_indexer(traded.index)
    bought = traded.to_numpy() > 0
    shares = np.abs(traded.to_numpy())
    limit = (np.where(bought, purse.bid[at], purse.ask[at]) / terms.lot).round().astype(np.int64)
    value = shares * limit
    rows = {
        "side": np.where(bought, "buy", "sell"),
        "shares": shares,
        "limit_krw": limit,
        "value_krw": value,
        "commission_krw": due_krw(value, purse.fee),
        "tax_krw": np.where(bought, 0, due_krw(value, purse.tax[at])),
    }
    return pd.DataFrame(rows, index=pd.Index(traded.index, name="symbol"), columns=_COLUMNS)
