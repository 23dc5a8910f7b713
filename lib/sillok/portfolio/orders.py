"""Whole-share orders for a stated amount of won."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError
from sillok.portfolio.costs import settlement_tax_rate, tick_down, tick_up

__all__ = ["OrderPlan", "Terms", "plan_orders"]

_COLUMNS = ["side", "shares", "limit_krw", "value_krw", "commission_krw", "tax_krw"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order costs, and on which prices it may stand."""

    on: date  # the day of trading, for the ticks
    settles_on: date  # two sessions later, for the tax
    commission_bps: float  # of the value of each order; 1.4 means 0.014 %
    market: pd.Series  # by symbol: KOSPI, KOSDAQ or KONEX
    security_type: pd.Series | None = None  # by symbol, the master file's group; None: all ordinary shares

    def __post_init__(self) -> None:
        if not 0 <= self.commission_bps < 1_000:
            raise ConfigError(
                f"commission_bps must lie in [0, 1000), got {self.commission_bps}; 1.4 means 0.014 %"
            )
        if self.settles_on < self.on:
            raise ConfigError(f"an order of {self.on} cannot settle before, on {self.settles_on}")

    def _kind(self, symbol: str) -> dict[str, str]:
        if symbol not in self.market.index:
            raise DataError(f"no market is given for {symbol}; its ticks and tax depend on it", symbol=symbol)
        kind = "ST" if self.security_type is None else str(self.security_type[symbol])
        return {"market": str(self.market[symbol]), "security_type": kind}

    def bid(self, symbol: str, price: float) -> int:
        """Return the lowest tick at or above ``price``: what a buy is limited to."""
        return tick_up(price, self.on, **self._kind(symbol))

    def ask(self, symbol: str, price: float) -> int:
        """Return the highest tick at or below ``price``: what a sell is limited to."""
        return tick_down(price, self.on, **self._kind(symbol))

    def fee(self, value_krw: int) -> int:
        """Return the commission on an order's value, rounded up to the won."""
        return math.ceil(value_krw * self.commission_bps / 10_000 - 1e-9)

    def paid(self, shares: int, price: int) -> int:
        """Return what buying costs in all."""
        return shares * price + self.fee(shares * price)

    def tax(self, symbol: str, value_krw: int) -> int:
        """Return the transaction tax on a sale's value, rounded up to the won."""
        return math.ceil(
            value_krw * settlement_tax_rate(settles_on=self.settles_on, **self._kind(symbol)) - 1e-9
        )


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


def plan_orders(
    weights: pd.Series,
    prices: pd.Series,
    terms: Terms,
    *,
    cash_krw: int,
    holdings: pd.Series | None = None,
) -> OrderPlan:
    """Turn target weights into whole-share limit orders that the cash can pay for.

    Sells come first, less commission and tax. Targets are rounded down; what is left then buys single shares,
    each time of the issue furthest below its target, while one can be paid.

    Parameters
    ----------
    weights
        Target parts of the worth, (N,), adding up to one or less; an issue held but not named is sold.
    prices
        Reference prices in KRW, covering weights and holdings.
    cash_krw
        Cash at hand; with no holdings this is the amount to invest.
    holdings
        Whole shares held now, by symbol.

    Raises
    ------
    DataError
        If weights, prices or holdings cannot be used, naming the symbols.
    ConfigError
        If the cash is negative.
    """
    held = _checked(weights, prices, cash_krw, holdings)
    price = prices.reindex(held.index).astype(float)
    worth = cash_krw + float((price * held).sum())
    target = weights.reindex(held.index, fill_value=0.0) * worth

    sells = _sell(target, held, price, terms)
    cash = cash_krw + sum(value - fee - tax for _, _, _, value, fee, tax in sells.values())
    buys = _buy(target.drop(list(sells)), held, price, terms, cash)
    orders = pd.DataFrame.from_dict({**sells, **buys}, orient="index", columns=_COLUMNS)
    orders.index.name = "symbol"

    signed = orders["shares"].where(orders["side"] == "buy", -orders["shares"])
    after = held.add(signed.reindex(held.index, fill_value=0)).astype(int)
    return OrderPlan(
        orders=orders,
        shares=after,
        weights=after * price / worth if worth else after.astype(float),
        cash_krw=cash - sum(value + fee for _, _, _, value, fee, _ in buys.values()),
        amount_krw=int(worth),
        cost_krw=int(orders["commission_krw"].sum() + orders["tax_krw"].sum()),
    )


_Row = tuple[str, int, int, int, int, int]


def _checked(weights: pd.Series, prices: pd.Series, cash_krw: int, holdings: pd.Series | None) -> pd.Series:
    if cash_krw < 0:
        raise ConfigError(f"cash_krw must not be negative, got {cash_krw:,}")
    if weights.isna().any() or (weights < 0).any() or weights.sum() > 1 + 1e-6:
        raise DataError(
            f"weights must be zero or more and add up to at most 1, got a sum of {weights.sum():.6g}"
        )
    held = pd.Series(0, index=weights.index) if holdings is None else holdings
    held = held.reindex(weights.index.union(held.index, sort=False), fill_value=0)
    if held.isna().any() or (held < 0).any() or (held != np.floor(held)).any():
        raise DataError("holdings must be whole shares, zero or more")
    lacking = [s for s in held.index if not prices.get(s, math.nan) > 0]
    if lacking:
        raise DataError(
            f"{len(lacking)} issues have no positive price, e.g. {lacking[:5]}; leave them out or price them",
            symbols=lacking,
        )
    return held.astype(int)


def _sell(target: pd.Series, held: pd.Series, price: pd.Series, terms: Terms) -> dict[str, _Row]:
    rows: dict[str, _Row] = {}
    for s in held.index[held > 0]:
        # The hair is for 0.3 * 10 = 3.0000000000000004: a target met exactly is not sold below.
        shares = int(held[s]) - math.floor(target[s] / price[s] + 1e-9)
        if shares > 0:
            limit = terms.ask(s, price[s])
            value = shares * limit
            rows[s] = ("sell", shares, limit, value, terms.fee(value), terms.tax(s, value))
    return rows


def _buy(target: pd.Series, held: pd.Series, price: pd.Series, terms: Terms, cash: int) -> dict[str, _Row]:
    bid = {s: terms.bid(s, price[s]) for s in target.index[target > 0]}
    wanted = {s: target[s] / limit - held[s] for s, limit in bid.items()}
    whole = {s: math.floor(x + 1e-9) for s, x in wanted.items() if x > 0}
    due = sum(terms.paid(n, bid[s]) for s, n in whole.items())
    if due > cash:
        # Fees, and sales below their reference price, leave too little for every target: all give way alike.
        # Each fee is rounded up by less than a won, hence a won apiece is set aside.
        fit = max(cash - len(whole), 0) / due
        whole = {s: math.floor(n * fit) for s, n in whole.items()}
    left = cash - sum(terms.paid(n, bid[s]) for s, n in whole.items())
    while True:
        step = {s: terms.paid(n + 1, bid[s]) - terms.paid(n, bid[s]) for s, n in whole.items()}
        short = {
            s: (wanted[s] - whole[s]) * bid[s] for s in whole if step[s] <= left and wanted[s] > whole[s]
        }
        if not short:
            break
        s = max(short, key=lambda k: (short[k], k))
        whole[s] += 1
        left -= step[s]
    return {s: ("buy", n, bid[s], n * bid[s], terms.fee(n * bid[s]), 0) for s, n in whole.items() if n > 0}
