"""What the checks know beside the bars: sessions, issues, corporate actions, days with a new base price."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, func, or_, select

from sillok.ingest.checks.rules import FUNDS, as_number
from sillok.store import tables

__all__ = ["Action", "Facts", "IssueFacts", "read_facts"]

Ints = NDArray[np.int64]
NO_DAY = -(10**9)  # before every day
_PRICE_KINDS = ("bonus", "rights", "split", "merger", "capital_reduction")
# The vendor's codes of an ex-day that moves the base price: rights, distribution and their mixes. Cash dividends
# (02, 05) do not.
_EX_CODES = ("01", "03", "04", "06", "07")


class IssueFacts(NamedTuple):
    """An issue; days since 1970, None where the vendor gives none. ``delisted_on`` is the first day without it."""

    name: str
    isin: str
    market: str
    security_type: str
    listed_on: int | None
    delisted_on: int | None
    shares: int | None


class Action(NamedTuple):
    """A corporate action that moves the price.

    ``days`` (since 1970) are those on which it may show: ex-day, listing of the new shares, end of the halt.
    ``factor`` is the base price after it over the close before it; None where the vendor does not say.
    """

    kind: str
    days: tuple[int, ...]
    factor: float | None


_UNKNOWN = IssueFacts("", "", "", "", None, None, None)


@dataclass(frozen=True)
class Facts:
    """Everything but the bars. ``sessions`` (S), ``through`` and ``begin`` are days since 1970."""

    through: int
    sessions: Ints
    begin: int | None = None  # the first day on which any issue has a bar
    issues: dict[str, IssueFacts] = field(default_factory=dict)
    actions: dict[str, tuple[Action, ...]] = field(default_factory=dict)
    revalued: frozenset[tuple[str, int]] = frozenset()  # symbol and day of a base price that was set anew
    indices: dict[str, dict[int, float]] = field(default_factory=dict)  # closes by code and day

    def issue(self, symbol: str) -> IssueFacts:
        """Return what is known of an issue; of one that the listing lacks, nothing."""
        return self.issues.get(symbol, _UNKNOWN)

    def position(self, day: int) -> int:
        """Return how many sessions lie up to ``day``, itself included."""
        return bisect_right(self._days, day)

    @cached_property
    def _days(self) -> list[int]:
        return [int(day) for day in self.sessions]

    def sessions_between(self, first: int, last: int) -> int:
        """Return how many sessions lie after ``first`` and up to ``last``."""
        return self.position(last) - self.position(first)

    def is_kosdaq(self, symbols: tuple[str, ...]) -> NDArray[np.bool_]:
        """Return a flag for each symbol (K)."""
        return np.array([self.issue(symbol).market == "KOSDAQ" for symbol in symbols], bool)

    def is_fund(self, symbols: tuple[str, ...]) -> NDArray[np.bool_]:
        """Return a flag for each symbol (K)."""
        return np.array([self.issue(symbol).security_type in FUNDS for symbol in symbols], bool)

    def listed_on(self, symbols: tuple[str, ...]) -> Ints:
        """Return the listing day of each symbol (K); one that is not known lies before every day."""
        days = [self.issue(symbol).listed_on for symbol in symbols]
        return np.array([NO_DAY if day is None else day for day in days], np.int64)

    def action_between(self, symbol: str, after: int, day: int) -> Action | None:
        """Return the action that shows after the bar of ``after`` and up to ``day``, if there is one."""
        for action in self.actions.get(symbol, ()):
            if any(after < shown <= day for shown in action.days):
                return action
        return None


def _number(day: date | None) -> int | None:
    return None if day is None else as_number(day)


def _read_issues(conn: Connection) -> dict[str, IssueFacts]:
    c = tables.issue.c
    query = select(c.symbol, c.name, c.isin, c.market, c.security_type, c.listed_on, c.delisted_on, c.shares)
    return {
        row.symbol: IssueFacts(
            row.name,
            row.isin,
            row.market,
            row.security_type,
            _number(row.listed_on),
            _number(row.delisted_on),
            row.shares,
        )
        for row in conn.execute(query)
    }


def _factor(row: Row[Any]) -> float | None:
    """Return base after over close before, where the record tells it for certain."""
    if row.kind == "split" and row.par_before and row.par_after:
        return float(row.par_after) / float(row.par_before)
    if row.kind == "bonus" and row.ratio_pct:
        return 1 / (1 + float(row.ratio_pct) / 100)
    return None


def _read_actions(conn: Connection) -> dict[str, tuple[Action, ...]]:
    c = tables.corporate_action.c
    query = select(
        c.symbol, c.kind, c.ex_date, c.list_date, c.halt_to, c.ratio_pct, c.par_before, c.par_after
    ).where(c.kind.in_(_PRICE_KINDS))
    found: dict[str, list[Action]] = {}
    for row in conn.execute(query.order_by(c.symbol, c.record_date)):
        # A halt that ends on a day lets trading resume on the next: its effect shows after it.
        shown = [row.ex_date, row.list_date if row.kind not in {"bonus", "rights"} else None]
        days = [as_number(day) for day in shown if day is not None]
        days += [as_number(row.halt_to) + 1] if row.halt_to is not None else []
        if days:
            found.setdefault(row.symbol, []).append(Action(row.kind, tuple(days), _factor(row)))
    return {symbol: tuple(actions) for symbol, actions in found.items()}


def _read_revalued(conn: Connection) -> frozenset[tuple[str, int]]:
    c = tables.raw_bar.c
    query = select(c.symbol, c.date).where(
        or_(c.ex_code.in_(_EX_CODES), c.revaluation.not_in(["00", ""]), ~c.split_pct.in_([0, 100]))
    )
    return frozenset((row.symbol, as_number(row.date)) for row in conn.execute(query))


def _read_indices(conn: Connection) -> dict[str, dict[int, float]]:
    c = tables.index_bar.c
    found: dict[str, dict[int, float]] = {}
    for row in conn.execute(select(c.code, c.date, c.close)):
        found.setdefault(row.code, {})[as_number(row.date)] = float(row.close)
    return found


def read_facts(conn: Connection, through: date) -> Facts:
    """Read everything but the bars, as it stands in the store."""
    days = conn.execute(select(tables.session.c.date).order_by(tables.session.c.date)).scalars()
    begin = conn.execute(select(func.min(tables.daily_bar.c.date))).scalar()
    return Facts(
        through=as_number(through),
        sessions=np.array([as_number(day) for day in days], np.int64),
        begin=_number(begin),
        issues=_read_issues(conn),
        actions=_read_actions(conn),
        revalued=_read_revalued(conn),
        indices=_read_indices(conn),
    )
