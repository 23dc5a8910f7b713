"""Made-up financial statements: quarters from one stream a company, told once they were disclosed.

All amounts are whole KRW. A quarter's income is told as its fiscal year so far, as the vendor does. Some periods
are restated a year after their disclosure; the vendor then tells the new value alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sillok.sandbox.world.actions import par_of, split_ratio
from sillok.sandbox.world.market import as_number
from sillok.sandbox.world.world import World, as_day

__all__ = ["ANNUAL", "QUARTER", "Statement", "previous_year", "statements_of"]

ANNUAL, QUARTER = "0", "1"
_FIRST_YEAR = 2014
_LAG_ANNUAL, _LAG_QUARTER = timedelta(days=88), timedelta(days=44)
_RESTATED_AFTER = timedelta(days=365)
_RESTATED_ODDS = 0.04
_UNIT = 100_000_000


@dataclass(frozen=True)
class Statement:
    """One period of one company: income of the fiscal year so far, and the balance at its end."""

    end: date
    quarter: int  # of the fiscal year, 1 to 4
    sales: int
    cost: int
    operating: int
    pretax: int
    net: int
    current_assets: int
    other_assets: int
    current_debts: int
    other_debts: int
    capital: int
    shares: int

    @property
    def gross(self) -> int:
        """Sales less their cost."""
        return self.sales - self.cost

    @property
    def assets(self) -> int:
        """All assets."""
        return self.current_assets + self.other_assets

    @property
    def debts(self) -> int:
        """All liabilities."""
        return self.current_debts + self.other_debts

    @property
    def equity(self) -> int:
        """What is left of the assets."""
        return self.assets - self.debts


def statements_of(world: World, symbol: str, basis: str) -> list[Statement]:
    """Return the disclosed periods of ``symbol``, newest first: fiscal years (ANNUAL) or quarters (QUARTER)."""
    kept = world.keep(_Kept).of(symbol)
    return [one for one in kept if basis == QUARTER or one.quarter == 4]


class _Kept:
    """The statements of the companies that somebody asked for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._of: dict[str, list[Statement]] = {}

    def of(self, symbol: str) -> list[Statement]:
        if symbol not in self._of:
            self._of[symbol] = _make(self._world, symbol)
        return self._of[symbol]


def _make(world: World, symbol: str) -> list[Statement]:
    issue = world.market.issues.get(symbol)
    bars, low, high = world.span(symbol)
    if not world.is_made_up or issue is None or issue.security_type != "ST" or low == high:
        return []
    rng = world.stream("statements", symbol)
    traits = rng.random(8)
    # From the first close and the shares of then, so that nothing hangs on later prices.
    first_shares = max(issue.shares // split_ratio(world, symbol, world.today), 1)
    capital = first_shares * par_of(world, symbol, int(bars.date[low]))
    worth = int(bars.close[low]) * first_shares
    fiscal = 3 if traits[0] > 0.95 else 12
    today = as_day(world.today)
    found: list[Statement] = []
    sales = worth * (0.10 + 0.25 * traits[1])  # a quarter's
    assets = worth * (0.8 + 0.8 * traits[2])
    so_far = np.zeros(5, np.int64)
    for count in range(4 * (today.year - _FIRST_YEAR + 2)):
        noise = rng.standard_normal(8)
        odds = rng.random()
        year, place = _FIRST_YEAR + count // 4, count % 4
        end = _quarter_end(year, fiscal % 12 + 3 * (place + 1))
        sales *= 1 + 0.012 + 0.05 * float(noise[0])
        flow = _income(sales, traits, noise)
        so_far = flow if place == 0 else so_far + flow
        assets *= 1 + 0.008 + 0.01 * float(noise[5])
        statement = _statement(end, place + 1, so_far, assets, traits=traits, noise=noise)
        told = end + (_LAG_ANNUAL if place == 3 else _LAG_QUARTER)
        if told > today:
            break
        if odds < _RESTATED_ODDS and told + _RESTATED_AFTER <= today:
            statement = _restate(statement)
        shares = first_shares * split_ratio(world, symbol, as_number(end))
        found.append(replace(statement, shares=shares, capital=capital))
    found.reverse()
    return found


def _quarter_end(year: int, months: int) -> date:
    """Return the last day of the month that is ``months`` after the turn of ``year``."""
    return date(year + months // 12, months % 12 + 1, 1) - timedelta(days=1)


def _income(sales: float, traits: NDArray[Any], noise: NDArray[Any]) -> NDArray[Any]:
    """Return sales, cost, operating, pretax and net income of one quarter, in the vendor's whole units."""
    gross = sales * float(np.clip(0.15 + 0.4 * traits[3] + 0.02 * noise[1], 0.05, 0.7))
    operating = gross - sales * (0.10 + 0.25 * traits[3]) * (1 + 0.08 * noise[2])
    pretax = operating + 0.01 * sales * noise[3]
    net = pretax * (0.78 if pretax > 0 else 1.0) + 0.003 * sales * noise[4]
    whole = [sales, sales - gross, operating, pretax, net]
    return np.array([round(float(value) / _UNIT) for value in whole], np.int64) * _UNIT


def _statement(
    end: date, quarter: int, so_far: NDArray[Any], assets: float, *, traits: NDArray[Any], noise: NDArray[Any]
) -> Statement:
    def whole(value: float) -> int:
        return round(value / _UNIT) * _UNIT

    current = whole(assets * (0.3 + 0.3 * traits[4]))
    debts = assets * float(np.clip(0.25 + 0.4 * traits[5] + 0.01 * noise[6], 0.1, 0.85))
    soon = whole(debts * (0.4 + 0.3 * traits[6]))
    sales, cost, operating, pretax, net = (int(value) for value in so_far)
    return Statement(
        end, quarter, sales, cost, operating, pretax, net,
        current_assets=current,
        other_assets=whole(assets) - current,
        current_debts=soon,
        other_debts=whole(debts) - soon,
        capital=0,
        shares=1,
    )  # fmt: skip


def _restate(one: Statement) -> Statement:
    """Return the period as a later report told it: a twentieth of the net income taken back, and of the assets."""
    less = round(abs(one.net) * 0.05 / _UNIT + 1) * _UNIT
    return replace(one, net=one.net - less, pretax=one.pretax - less, other_assets=one.other_assets - less)


def previous_year(found: Sequence[Statement], one: Statement) -> Statement | None:
    """Return the period a year before ``one``."""
    return next(
        (older for older in found if older.end.year == one.end.year - 1 and older.quarter == one.quarter),
        None,
    )
