"""On which terms an order is sent: the day, its prices, its commission and tax, and what cannot be traded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError
from sillok.portfolio.costs import due_krw, price_limits, settlement_tax_rate, tick_down, tick_up

__all__ = ["Terms"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order costs, on which prices it may stand, and which issues take none."""

    on: date  # the day of trading, for the ticks
    settles_on: date  # two sessions later, for the tax
    commission_bps: float  # of the value of each order; 1.4 means 0.014 %
    market: pd.Series  # by symbol: KOSPI, KOSDAQ or KONEX
    security_type: pd.Series | None = None  # by symbol, the master file's group; None: all ordinary shares
    halted: pd.Series | None = None  # by symbol, True: takes no order that day; None: none is halted
    base: pd.Series | None = (
        None  # by symbol, base prices in KRW of the day; None: no price limits are minded
    )
    reach_bps: float = 0.0  # how far beyond the reference price an order may go to be filled
    lot: int = 1  # shares an order is a multiple of; KRX trades single shares since 2014-06-02

    def __post_init__(self) -> None:
        if not 0 <= self.commission_bps < 1_000:
            raise ConfigError(
                f"commission_bps must lie in [0, 1000), got {self.commission_bps}; 1.4 means 0.014 %"
            )
        if self.settles_on < self.on:
            raise ConfigError(f"an order of {self.on} cannot settle before, on {self.settles_on}")
        if not 0 <= self.reach_bps < 3_000:
            raise ConfigError(f"reach_bps must lie in [0, 3000), got {self.reach_bps}; 50 means 0.5 %")
        if self.lot < 1 or self.lot != int(self.lot):
            raise ConfigError(f"lot must be a whole number of shares, 1 or more, got {self.lot}")

    def _kind(self, symbol: str) -> dict[str, str]:
        if symbol not in self.market.index:
            raise DataError(f"no market is given for {symbol}; its ticks and tax depend on it", symbol=symbol)
        kind = "ST" if self.security_type is None else str(self.security_type[symbol])
        return {"market": str(self.market[symbol]), "security_type": kind}

    def limits(self, symbol: str) -> tuple[float, float]:
        """Return the lowest and the highest price of the day; zero and infinity where no base prices are given."""
        if self.base is None:
            return 0.0, math.inf
        base = float(self.base.get(symbol, math.nan))
        if not base > 0:
            raise DataError(
                f"no base price is given for {symbol}; its price limits depend on it", symbol=symbol
            )
        return price_limits(base, self.on, **self._kind(symbol))

    def bid(self, symbol: str, price: float) -> int:
        """Return what a buy is limited to: the next tick at or above the price and its reach, within the day's limits."""
        low, high = self.limits(symbol)
        reached = tick_up(price * (1 + self.reach_bps / 10_000), self.on, **self._kind(symbol))
        return int(min(max(reached, low), high))

    def ask(self, symbol: str, price: float) -> int:
        """Return what a sell is limited to: the next tick at or below the price and its reach, within the day's limits."""
        low, high = self.limits(symbol)
        reached = tick_down(price * (1 - self.reach_bps / 10_000), self.on, **self._kind(symbol))
        return int(min(max(reached, low), high))

    def fee(self, value_krw: int) -> int:
        """Return the commission on an order's value, rounded up to the won."""
        return int(due_krw(np.asarray(value_krw), self.commission_bps / 10_000))

    def tax_rate(self, symbol: str) -> float:
        """Return the part of a sale's value that is due as tax on the day of settlement."""
        return settlement_tax_rate(settles_on=self.settles_on, **self._kind(symbol))

    def tax(self, symbol: str, value_krw: int) -> int:
        """Return the transaction tax on a sale's value, rounded up to the won."""
        return int(due_krw(np.asarray(value_krw), self.tax_rate(symbol)))

    def is_halted(self, symbol: str) -> bool:
        """Return whether the issue takes no order on the day.

        Raises
        ------
        DataError
            If halts are given, but not for this issue: unknown is not tradable, nor halted.
        """
        if self.halted is None:
            return False
        if symbol not in self.halted.index or pd.isna(self.halted[symbol]):
            raise DataError(
                f"whether {symbol} is halted is not given; say so, or leave it out", symbol=symbol
            )
        return bool(self.halted[symbol])
