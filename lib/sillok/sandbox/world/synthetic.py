"""The synthetic market, put together from companies, paths and indices; labelled synthetic wherever it goes."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from sillok import clock
from sillok.errors import DataError
from sillok.sandbox.world.companies import Companies, draw_companies, isin
from sillok.sandbox.world.indices import build_index
from sillok.sandbox.world.market import Bars, IndexSeries, Issue, Market, as_number
from sillok.sandbox.world.paths import Paths, draw_paths

__all__ = ["DEFAULT_SEED", "FIRST_DAY", "make_market"]

Ints = NDArray[np.int64]

DEFAULT_SEED = 1
FIRST_DAY = date(2023, 9, 1)
_LABEL = "합성 데이터: 실제 시장이 아닙니다 (synthetic data, not a real market)"


def make_market(seed: int = DEFAULT_SEED, start: date = FIRST_DAY, today: date | None = None) -> Market:
    """Return the synthetic market from ``start`` to the close of ``today`` (its last session at or before).

    Raises
    ------
    DataError
        If ``today`` is missing, before ``start``, or outside the KRX calendar.
    """
    if today is None or today < start:
        raise DataError(
            f"the synthetic market begins on {start}; today must be later, got {today}", today=today
        )
    days = clock.sessions(start, today + timedelta(days=1))
    if not days:
        raise DataError(f"no KRX session from {start} to {today}; choose a later day", today=today)
    companies = draw_companies(seed)
    paths = draw_paths(seed, companies, len(days))
    numbers = np.array([as_number(day) for day in days])
    return Market(
        source="synthetic",
        label=_LABEL,
        today=days[-1],
        sessions=numbers,
        issues=_issues(companies, paths, days),
        adjusted=_bars(companies, paths, numbers, adjusted=True),
        raw=_bars(companies, paths, numbers, adjusted=False),
        indices=_indices(companies, paths, numbers),
        sectors={
            f"{market}{k + 1:03d}": name for k, name in enumerate(companies.industries) for market in "01"
        },
        seed=seed,
    )


def _bars(companies: Companies, paths: Paths, numbers: Ints, *, adjusted: bool) -> Bars:
    """Flatten the paths by issue; ``adjusted`` divides what lies before a split by its ratio, to whole KRW."""
    divisor = np.ones(paths.close.shape, np.int64)
    split_pct = np.zeros(paths.close.shape, np.int64)
    for event in companies.splits:
        if event.session < len(numbers):
            divisor[: event.session, event.company] *= event.ratio
            split_pct[event.session, event.company] = 100 // event.ratio
    if not adjusted:
        divisor[:] = 1
    listed = paths.is_listed.T
    counts = listed.sum(axis=1)
    ends = np.cumsum(counts)
    prices = {
        name: ((getattr(paths, name) * 2 + divisor) // (2 * divisor)).T[listed]
        for name in ("open", "high", "low", "close")
    }
    return Bars(
        offsets={
            symbol: (int(end - count), int(end))
            for symbol, count, end in zip(companies.symbols, counts, ends, strict=True)
        },
        date=np.broadcast_to(numbers[:, None], paths.close.shape).T[listed],
        **prices,
        volume=(paths.volume * divisor).T[listed],
        amount_krw=paths.amount_krw.T[listed],
        split_pct=split_pct.T[listed],
        is_adjusted=adjusted,
    )


def _issues(companies: Companies, paths: Paths, days: list[date]) -> dict[str, Issue]:
    first = {event.company: event.session for event in companies.listings}
    gone = {event.company: event.session for event in companies.delistings}
    issues = {}
    for at, symbol in enumerate(companies.symbols):
        begin, end = first.get(at, 0), gone.get(at, len(days))
        if begin >= len(days):
            continue  # not yet listed
        k = int(companies.industry[at])
        issues[symbol] = Issue(
            symbol=symbol,
            isin=isin(symbol),
            name=companies.names[at],
            market="KOSPI" if companies.on_kospi[at] else "KOSDAQ",
            security_type="ST",
            sector_code=f"{0 if companies.on_kospi[at] else 1}{k + 1:03d}",
            industry=companies.industries[k],
            listed_on=days[begin] if begin else date(1990 + at % 30, 1 + at % 12, 3 + at % 25),
            delisted_on=days[end] if end < len(days) else None,
            shares=int(paths.shares[-1, at]),
            in_kospi200=bool(companies.in_kospi200[at]),
        )
    return issues


def _indices(companies: Companies, paths: Paths, numbers: Ints) -> dict[str, IndexSeries]:
    members = {
        "KOSPI": (companies.on_kospi, 2_550.0),
        "KOSDAQ": (~companies.on_kospi, 900.0),
        "KOSPI200": (companies.in_kospi200, 340.0),
    }
    return {code: build_index(paths, numbers, who, level) for code, (who, level) in members.items()}
