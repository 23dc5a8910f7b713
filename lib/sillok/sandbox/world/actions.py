"""Corporate actions: the market's own splits and listings, its dividends, and those of some made-up KONEX companies.

The prices of the market know no bonus issue, rights issue, merger or reduction, so these befall companies whose
prices are not served. What happens later than today is told once it has been announced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from sillok import clock
from sillok.sandbox.world.market import Issue, as_number
from sillok.sandbox.world.world import World, as_day

__all__ = ["Action", "Actions", "actions_of", "par_of", "split_ratio"]

_PAR, _PAR_DEAR, _DEAR = 500, 5_000, 150_000  # KRW; dear by the first close
_FIRST_YEAR = 2021
_LEAD = timedelta(days=30)  # from the announcement to the record date
_KONEX = tuple((f"{950_010 + 10 * at:06d}", f"가상코넥스{at + 1}") for at in range(6))
_KONEX_KINDS = ("bonus", "rights", "merger", "capital_reduction")
_DIVIDEND, _INTERIM = "02", "05"  # ex-rights codes


@dataclass(frozen=True)
class Action:
    """One action: its kind, issue, record date (of a listing: its day) and whatever else belongs to the kind."""

    kind: str
    symbol: str
    name: str
    record: date
    values: Mapping[str, object]


def par_of(world: World, symbol: str, day: int | None = None) -> int:
    """Return the par value of ``symbol`` on ``day`` (None: today), KRW."""
    bars, low, high = world.span(symbol)
    first = int(bars.close[low]) if high > low else 0
    return (_PAR_DEAR if first >= _DEAR else _PAR) // split_ratio(world, symbol, day or world.today)


def actions_of(world: World) -> Actions:
    """Return the actions of ``world``, worked out once."""
    return world.keep(Actions)


class Actions:
    """All actions that are known today; ``ex_codes`` maps a symbol to the ex-rights codes of its days."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._today = as_day(world.today)
        self.ex_codes: dict[str, dict[int, str]] = {}
        found: list[Action] = []
        for issue in world.market.issues.values():
            found += _listing(world, issue)
            found += _splits(world, issue)
            if world.is_made_up and issue.security_type == "ST":
                found += self._dividends(issue)
                found += self._meetings(issue)
        if world.is_made_up:
            for symbol, name in _KONEX:
                found += self._of_konex(symbol, name)
        self.all = sorted(found, key=lambda one: (-as_number(one.record), one.symbol))

    def between(self, kind: str, start: date, end: date, symbol: str = "") -> list[Action]:
        """Return the actions of ``kind`` with record dates from ``start`` to ``end``, both told, newest first."""
        return [
            one
            for one in self.all
            if one.kind == kind and start <= one.record <= end and symbol in {"", one.symbol}
        ]

    def _is_known(self, record: date) -> bool:
        return record - _LEAD <= self._today

    def _dividends(self, issue: Issue) -> list[Action]:
        world, symbol = self._world, issue.symbol
        bars, low, high = world.span(symbol)
        rng = world.stream("dividend", symbol)
        payer, pattern, income, spring, growth = rng.random(5)
        if low == high or payer > 0.7:
            return []
        annual = int(bars.close[low]) * (0.005 + 0.035 * income)
        found = []
        for year in range(_FIRST_YEAR, self._today.year + 1):
            dates = [date(year, 12, 31)]
            if pattern > 0.35:
                dates = [date(year, 2, 20) + timedelta(days=int(40 * spring))]
            if pattern > 0.8:
                dates = [date(year, 3, 31), date(year, 6, 30), date(year, 9, 30), date(year, 12, 31)]
            for record in dates:
                lives = issue.listed_on is None or issue.listed_on < record
                if issue.delisted_on is not None and record >= issue.delisted_on:
                    lives = False
                if not lives or not self._is_known(record):
                    continue
                amount = annual / len(dates) * (1 + 0.08 * growth) ** (year - 2023)
                amount /= split_ratio(world, symbol, as_number(record))
                is_interim = len(dates) > 1 and record.month != 12
                found.append(
                    self._dividend(issue, record, max(int(amount) // 10 * 10, 10), is_interim=is_interim)
                )
        return found

    def _dividend(self, issue: Issue, record: date, amount: int, *, is_interim: bool) -> Action:
        par = par_of(self._world, issue.symbol, as_number(record))
        pay = record + timedelta(days=45 if is_interim else 105)
        is_set = self._today >= record + timedelta(days=40)
        self.ex_codes.setdefault(issue.symbol, {})[_ex_day(record)] = _INTERIM if is_interim else _DIVIDEND
        return Action(
            "dividend",
            issue.symbol,
            issue.name,
            record,
            {
                "dividend_kind": "분기" if is_interim else "결산",
                "par_krw": par,
                "cash_krw": amount,
                "cash_pct": 100 * amount / par,
                "stock_pct": 0.0,
                "pay_date": pay if is_set else None,
            },
        )

    def _meetings(self, issue: Issue) -> list[Action]:
        found = []
        rng = self._world.stream("meeting", issue.symbol)
        offset = int(rng.integers(0, 14))
        for year in range(_FIRST_YEAR, self._today.year + 1):
            record = date(year, 12, 31)
            lives = (issue.listed_on or date.min) < record < (issue.delisted_on or date.max)
            if lives and self._is_known(record):
                values = {
                    "meeting_date": date(year + 1, 3, 17) + timedelta(days=offset),
                    "meeting_type": "정기주총",
                    "agenda": "재무제표 승인, 이사 선임, 이사 보수한도 승인",
                    "voting_shares": issue.shares,
                }
                found.append(Action("meeting", issue.symbol, issue.name, record, values))
        return found

    def _of_konex(self, symbol: str, name: str) -> list[Action]:
        found: list[Action] = []
        for year in range(_FIRST_YEAR, self._today.year + 2):
            rng = self._world.stream("konex", symbol, year)
            kind = _KONEX_KINDS[int(rng.integers(0, len(_KONEX_KINDS)))]
            record = date(year, 1, 15) + timedelta(days=int(rng.integers(0, 320)))
            size, price = 0.05 + 0.4 * rng.random(), 1_000 + 10 * int(rng.integers(0, 900))
            if not self._is_known(record):
                continue
            found.append(self._konex_action(kind, symbol, name, record, size=size, price=price))
        return found

    def _konex_action(
        self, kind: str, symbol: str, name: str, record: date, *, size: float, price: int
    ) -> Action:
        shares, listed = 4_000_000, record + timedelta(days=25)
        resumed = self._today >= listed
        values: dict[str, object] = {
            "ratio_pct": round(100 * size, 2),
            "shares_outstanding": shares,
            "shares": round(shares * size),
            "ex_date": record - timedelta(days=1),
            "list_date": listed if resumed or kind in {"bonus", "rights"} else None,
        }
        if kind == "rights":
            first = record + timedelta(days=10)
            values |= {
                "discount_pct": 20.0,
                "price_krw": price,
                "subscription_start": first,
                "subscription": (first, first + timedelta(days=1)),
            }
        elif kind in {"merger", "capital_reduction"}:
            start = record - timedelta(days=1)
            values["halt"] = (start, listed - timedelta(days=1) if resumed else None)
        return Action(kind, symbol, name, record, values)


def _listing(world: World, issue: Issue) -> list[Action]:
    if issue.listed_on is None or as_number(issue.listed_on) > world.today:
        return []
    bars, low, high = world.span(issue.symbol)
    is_new = high > low and int(bars.date[low]) == as_number(issue.listed_on)
    price = int(bars.open[low]) if is_new and world.is_made_up else 0
    shares = issue.shares // split_ratio(world, issue.symbol, world.today)
    values = {"reason": "신규상장", "shares": shares, "shares_outstanding": shares, "price_krw": price}
    return [Action("listing", issue.symbol, issue.name, issue.listed_on, values)]


def _splits(world: World, issue: Issue) -> list[Action]:
    found = []
    bars, low, _ = world.span(issue.symbol)
    for at, ratio in _split_places(world, issue.symbol):
        first = at
        while first > low and not bars.open[first - 1]:
            first -= 1
        days = [as_day(int(day)) for day in bars.date[first : at + 1]]
        record = days[1] if len(days) > 2 else days[0]
        values = {
            "par_before": ratio * par_of(world, issue.symbol, as_number(days[-1])),
            "par_after": par_of(world, issue.symbol, as_number(days[-1])),
            "halt": (days[0], days[-2]) if len(days) > 1 else None,
            "list_date": days[-1],
        }
        found.append(Action("split", issue.symbol, issue.name, record, values))
        more = {
            "reason": "액면분할",
            "shares": issue.shares,
            "shares_outstanding": issue.shares,
            "price_krw": 0,
        }
        found.append(Action("listing", issue.symbol, issue.name, days[-1], more))
    return found


def _split_places(world: World, symbol: str) -> list[tuple[int, int]]:
    """Return position and ratio of the splits of ``symbol``."""
    bars, low, high = world.span(symbol)
    places = low + np.flatnonzero(bars.split_pct[low:high])
    return [(int(at), 100 // int(bars.split_pct[at])) for at in places]


def split_ratio(world: World, symbol: str, day: int) -> int:
    """Return into how many shares of ``day`` the splits up to it have made a first share."""
    bars = world.bars(symbol)
    ratio = 1
    for at, one in _split_places(world, symbol):
        if int(bars.date[at]) <= day:
            ratio *= one
    return ratio


@lru_cache(maxsize=4_096)
def _ex_day(record: date) -> int:
    """Return the first session without the right: the one before the last session up to the record date."""
    known = clock.sessions(record - timedelta(days=21), record + timedelta(days=1))
    return as_number(known[-2])
