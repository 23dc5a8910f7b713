"""A vendor of a small made-up market, in memory, that can halt, split, delist and fail."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from sillok import clock
from sillok.errors import RetriableVendorError

DAY = timedelta(days=1)


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
        return [one.bar(day) for day in self._days(first, stop)]

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
