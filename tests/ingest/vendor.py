"""A vendor of a small made-up market, in memory, that can halt, split, delist, restate, correct and fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

from sillok import clock
from sillok.clock import KST
from sillok.errors import ConfigError, RetriableVendorError
from sillok.kis.paging import FullDayError

DAY = timedelta(days=1)
QUARTERS = [date(y, m, d) for y in (2024, 2025) for m, d in ((3, 31), (6, 30), (9, 30), (12, 31))]
PERIODS = {"annual": [day for day in QUARTERS if day.month == 12], "quarter": [*QUARTERS, date(2026, 3, 31)]}


def action(symbol: str, kind: str, record_date: date, **values: object) -> tuple:
    """Return a corporate action in the order of the client's record."""
    names = (
        "name", "ex_date", "list_date", "pay_date", "halt_from", "halt_to", "ratio_pct", "cash_krw", "par_before",
        "par_after", "shares", "price_krw", "note",
    )  # fmt: skip
    return (symbol, kind, record_date, *({"name": "가상", "note": "", **values}.get(name) for name in names))


@dataclass(frozen=True)
class Issue:
    symbol: str
    name: str
    market: str
    security_type: str = "ST"
    industry: str = "전기·전자"
    listed_on: date | None = date(2010, 1, 4)
    shares: int | None = 1_000_000
    delisted_on: date | None = None
    seed: int = 1
    factor: int = 1  # prices before `factor_from` are divided by it: a split
    factor_from: date | None = None

    @property
    def isin(self) -> str:
        return f"KR7{self.symbol}00"

    def bar(self, day: date) -> tuple[str, date, int, int, int, int, int, int | None]:
        close = 10_000 + (day.toordinal() * 37 * self.seed) % 900
        if (day.toordinal() * self.seed) % 41 == 0:
            return (self.symbol, day, 0, 0, 0, close, 0, 0)
        if self.factor_from is not None and day < self.factor_from:
            close //= self.factor
        return (
            self.symbol,
            day,
            close - 10,
            close + 20,
            close - 30,
            close,
            1_000 * self.seed,
            close * 1_000 * self.seed,
        )


@dataclass
class FakeVendor:
    """Answers what ``sillok.ingest.MarketSource`` asks; remembers every question."""

    today: date | None = None
    source: str = "synthetic"
    issues: dict[str, Issue] = field(default_factory=dict)
    asked: list[tuple[str, date, date]] = field(default_factory=list)
    fail_after: int | None = None
    calls: int = 0
    rate: float = 0
    full_days: frozenset[date] = frozenset()  # with more actions than an answer holds
    asked_of: list[tuple] = field(default_factory=list)  # beyond bars: the call's name and arguments
    lacks: frozenset[str] = frozenset()  # calls that this host does not have
    actions: list[tuple] = field(default_factory=list)
    sales: dict[tuple[str, str, date], int] = field(default_factory=dict)  # restated
    periods: dict[str, list[date]] = field(default_factory=lambda: dict(PERIODS))
    closes: dict[tuple[str, date], int] = field(default_factory=dict)  # corrected
    missing: set[tuple[str, date]] = field(default_factory=set)  # bars that are no more
    holdings: list[SimpleNamespace] = field(default_factory=list)
    orders: list[tuple] = field(default_factory=list)

    @classmethod
    def of(cls, count: int = 4, **options: object) -> FakeVendor:
        made = [
            Issue(f"90{n:03d}0", f"가상전자{n}", "KOSPI" if n % 2 else "KOSDAQ", seed=n)
            for n in range(1, count + 1)
        ]
        return cls(issues={one.symbol: one for one in made}, **options)  # type: ignore[arg-type]

    def change(self, symbol: str, **values: object) -> None:
        self.issues[symbol] = replace(self.issues[symbol], **values)  # type: ignore[arg-type]

    def _count(self) -> None:
        self.calls += 1
        if self.fail_after is not None and self.calls > self.fail_after:
            raise RetriableVendorError("EGW00201: too many calls; wait and try again")

    def _days(self, start: date, end: date) -> list[date]:
        stop = end if self.today is None else min(end, self.today + DAY)
        return clock.sessions(start, stop) if start < stop else []

    async def daily_bars(self, symbol: str, start: date, end: date) -> list[tuple]:
        self._count()
        self.asked.append((symbol, start, end))
        one = self.issues[symbol]
        first = max(start, one.listed_on or start)
        stop = min(end, one.delisted_on or end)
        return [
            self._corrected(one.bar(day))
            for day in self._days(first, stop)
            if (symbol, day) not in self.missing
        ]

    def _corrected(self, bar: tuple) -> tuple:
        close = self.closes.get(bar[:2])
        return bar if close is None else (*bar[:3], max(bar[3], close), min(bar[4], close), close, *bar[6:])

    async def index_bars(self, code: str, start: date, end: date) -> list[tuple]:
        self._count()
        self.asked.append((code, start, end))
        return [
            (
                code,
                day,
                *(Decimal(2_500 + day.day) + Decimal(n) / 100 for n in (1, 9, 0, 5)),
                10_000,
                5_000_000,
            )
            for day in self._days(start, end)
        ]

    async def sessions(self, start: date, end: date) -> list[date]:
        self._count()
        return self._days(start, end)

    async def master(self, market: str) -> list[Issue]:
        self._count()
        return [one for one in self.issues.values() if one.market == market and one.delisted_on is None]

    def delistings(self) -> list[Issue]:
        return [one for one in self.issues.values() if one.delisted_on is not None]

    # ---- what not every host has
    def _offer(self, name: str, *arguments: object) -> None:
        self._count()
        self.asked_of.append((name, *arguments))
        if name in self.lacks:
            raise ConfigError(f"the paper host has no {name}")

    def _calendar(self, start: date, end: date) -> Iterator[date]:
        stop = end if self.today is None else min(end, self.today + DAY)
        return (start + DAY * n for n in range((stop - start).days))

    async def raw_bars(self, symbol: str, start: date, end: date) -> list[tuple]:
        self._offer("raw_bars", symbol, start, end)
        one = replace(self.issues[symbol], factor_from=None)
        first, stop = max(start, one.listed_on or start), min(end, one.delisted_on or end)
        codes = ("00", None, "00")
        return [(*self._corrected(one.bar(day)), *codes) for day in self._days(first, stop)]

    async def investor_days(self, symbol: str, start: date, end: date) -> list[tuple]:
        self._offer("investor_days", symbol, start, end)
        one = self.issues[symbol]
        days = self._days(max(start, one.listed_on or start), min(end, one.delisted_on or end))
        return [(symbol, day, -day.day, 3, day.day - 3, -day.day * 10**6, 3 * 10**6, None) for day in days]

    def _statement(self, symbol: str, basis: str, count: int) -> list[tuple]:
        periods = self.periods[basis]
        return [
            (symbol, basis, day, self.sales.get((symbol, basis, day), day.year * 10**8), *range(1, count))
            for day in reversed(periods)
        ]

    async def income_statements(self, symbol: str, basis: str) -> list[tuple]:
        self._offer("income_statements", symbol, basis)
        return self._statement(symbol, basis, 6)

    async def balance_sheets(self, symbol: str, basis: str) -> list[tuple]:
        self._offer("balance_sheets", symbol, basis)
        return self._statement(symbol, basis, 8)[:4]

    async def financial_ratios(self, symbol: str, basis: str) -> list[tuple]:
        self._offer("financial_ratios", symbol, basis)
        return [(*row[:3], None, *map(Decimal, row[4:])) for row in self._statement(symbol, basis, 9)]

    async def corporate_actions(self, kind: str, start: date, end: date, symbol: str = "") -> list[tuple]:
        self._offer("corporate_actions", kind, start, end, symbol)
        full = [day for day in self.full_days if start <= day < end and not symbol and kind == "dividend"]
        if full:
            raise FullDayError(f"100 dividends on {min(full)}", day=min(full))
        return [
            one for one in self.actions
            if one[1] == kind and start <= one[2] < end and symbol in {"", one[0]}
        ]  # fmt: skip

    async def overseas_bars(self, market: str, symbol: str, start: date, end: date) -> list[tuple]:
        self._offer("overseas_bars", market, symbol, start, end)
        prices = [Decimal("100.1234")] * 4
        return [
            (market, symbol, d, *prices, 5_000, 600_000)
            for d in self._calendar(start, end)
            if d.weekday() < 5
        ]

    async def fx_bars(self, pair: str, start: date, end: date) -> list[tuple]:
        self._offer("fx_bars", pair, start, end)
        days = (day for day in self._calendar(start, end) if day.weekday() < 5)
        return [(pair, day, *[Decimal(1_300 + day.day)] * 4) for day in days]

    async def balance(self) -> SimpleNamespace:
        self._offer("balance")
        amounts = {"cash_krw": 10**6, "cash_d1_krw": 10**6, "cash_d2_krw": 9 * 10**5}
        totals = {"securities_krw": 5 * 10**6, "total_krw": 6 * 10**6, "net_assets_krw": 6 * 10**6}
        return SimpleNamespace(holdings=tuple(self.holdings), **amounts, **totals)

    def hold(self, symbol: str, quantity: int) -> None:
        values = {
            "average_price": Decimal("9999.5"),
            "cost_krw": 100,
            "price": 10,
            "value_krw": 90,
            "profit_krw": -10,
        }
        one = SimpleNamespace(symbol=symbol, name="가상", quantity=quantity, sellable=quantity, **values)
        self.holdings = [old for old in self.holdings if old.symbol != symbol] + ([one] if quantity else [])

    def order(self, day: date, number: str, symbol: str) -> None:
        at = datetime(day.year, day.month, day.day, 10, tzinfo=KST)
        self.orders.append((day, number, symbol, "buy", 10, 10, Decimal("10000.5"), 100_005, at))

    async def executions(self, start: date, end: date) -> list[tuple]:
        self._offer("executions", start, end)
        return [one for one in self.orders if start <= one[0] < end]
