"""The synthetic market: factor structure, volatility clusters, halts, splits, new and leaving issues.

Prefix-stable: every kind of draw has a stream of its own that is read session by session, so the path through
a session never depends on where the market ends. Returns are rounded to a millionth before they move a
price, so that the last digit of a numerical library does not show.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from sillok import clock
from sillok.errors import DataError
from sillok.sandbox.companies import Companies, draw_companies, isin
from sillok.sandbox.indices import build_index
from sillok.sandbox.market import Bars, IndexSeries, Issue, Market, as_number
from sillok.sandbox.rules import price_limits, round_to_tick

__all__ = ["DEFAULT_SEED", "FIRST_DAY", "Paths", "draw_paths", "make_market"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DEFAULT_SEED = 20_230_901
FIRST_DAY = date(2023, 9, 1)
_LABEL = "합성 데이터: 실제 시장이 아닙니다 (synthetic data, not a real market)"
_YEAR = 250.0
_MARKET_VOL, _DRIFT, _PULL = 0.15, 0.06, 0.30  # a year; the pull is towards the first price
_SHOCK, _KEEP = 0.06, 0.90  # GARCH(1,1): weight of the last shock, and of the last variance
_TAIL = 6  # degrees of freedom of Student's t
_HALT_ODDS, _HALT_LONGEST = 1 / 2_500, 12
_SPLIT_HALT = 3  # sessions of halt before a split


@dataclass(frozen=True)
class Paths:
    """Unadjusted arrays, sessions x companies (T x N); 0 where an issue is not listed."""

    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    amount_krw: Ints
    shares: Ints
    is_listed: NDArray[np.bool_]


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
    )


def draw_paths(seed: int, companies: Companies, sessions: int) -> Paths:
    """Return the paths of ``companies`` over the first ``sessions`` sessions."""
    n, kinds = len(companies.symbols), len(companies.industries)
    streams = [np.random.default_rng([seed, 2, kind]) for kind in range(7)]
    unit = np.sqrt((_TAIL - 2) / _TAIL)  # t scaled to variance 1
    common = streams[0].standard_t(_TAIL, (sessions, 1 + kinds)) * unit
    own = streams[1].standard_t(_TAIL, (sessions, n)) * unit
    gap = streams[2].uniform(0.1, 0.5, (sessions, n))
    reach = np.abs(streams[3].standard_normal((sessions, 2, n)))
    busy = streams[4].standard_normal((sessions, n))
    stop = streams[5].random((sessions, n)) < _HALT_ODDS
    stop_days = streams[6].integers(1, _HALT_LONGEST + 1, (sessions, n))

    is_listed, shares, ratio = _life(companies, sessions)
    for event in companies.splits:
        at = event.session - _SPLIT_HALT
        if at < sessions:
            stop[at, event.company], stop_days[at, event.company] = True, _SPLIT_HALT
    base_vol = np.concatenate([[_MARKET_VOL], companies.industry_vol, companies.own_vol]) / np.sqrt(_YEAR)
    scale = np.ones(1 + kinds + n)  # variance over its long-run level
    out = {
        name: np.zeros((sessions, n), np.int64)
        for name in ("open", "high", "low", "close", "volume", "amount")
    }
    latent = companies.price.astype(float)
    anchor = latent.copy()
    close = round_to_tick(latent)
    left = np.zeros(n, np.int64)
    for t in range(sessions):
        shock = np.concatenate([common[t], own[t]])
        vol = base_vol * np.sqrt(scale)
        scale = np.clip((1 - _SHOCK - _KEEP) + scale * (_SHOCK * shock**2 + _KEEP), 0.3, 6.0)
        factor = vol * shock
        pull = -_PULL / _YEAR * (latent / anchor - 1)
        move = (
            _DRIFT / _YEAR
            + np.clip(pull, -0.001, 0.001)
            + companies.beta * factor[0]
            + companies.loading * factor[1 + companies.industry]
            + factor[1 + kinds :]
        )
        left = np.where((left == 0) & stop[t], stop_days[t], left)
        moves = is_listed[t] & (left == 0)
        day_vol = np.sqrt(
            (companies.beta * vol[0]) ** 2 + vol[1 + companies.industry] ** 2 + vol[1 + kinds :] ** 2
        )
        move = np.where(moves, np.round(np.clip(move, -0.29, 0.29), 6), 0.0)
        before = latent * 1.0
        latent = latent * (1 + move)
        if (split := ratio[t] > 1).any():
            close = np.where(split, round_to_tick(close / ratio[t]), close)
            latent, before, anchor = (value / ratio[t] for value in (latent, before, anchor))
        bar = _day(close, before, latent, gap[t], reach[t], day_vol)
        turnover = 0.003 * np.exp(0.5 * busy[t] - 0.1) * (1 + 40 * np.abs(move)) * np.sqrt(scale[1 + kinds :])
        volume = np.maximum(np.round(shares[t] * turnover).astype(np.int64), 1)
        amount = volume * (bar[0] + bar[1] + bar[2] + 2 * bar[3]) // 5
        for name, value in zip(out, (*bar[:3], bar[3], volume, amount), strict=True):
            out[name][t] = np.where(moves, value, 0)
        close = np.where(moves, bar[3], close)
        out["close"][t] = np.where(is_listed[t], close, 0)
        left = np.maximum(left - 1, 0)
    return Paths(**{"amount_krw" if name == "amount" else name: value for name, value in out.items()},
                 shares=shares, is_listed=is_listed)  # fmt: skip


def _day(
    base: Ints, before: Floats, after: Floats, gap: Floats, reach: Floats, vol: Floats
) -> tuple[Ints, Ints, Ints, Ints]:
    """Return open, high, low, close on ticks and inside the limits of ``base``."""
    lower, upper = price_limits(base)

    def put(price: Floats) -> Ints:
        return np.clip(round_to_tick(np.maximum(np.round(price, 3), 1)), lower, upper)

    first, last = put(before + gap * (after - before)), put(after)
    high = np.maximum(put(np.maximum(first, last) * (1 + 0.35 * vol * reach[0])), np.maximum(first, last))
    low = np.minimum(put(np.minimum(first, last) * (1 - 0.35 * vol * reach[1])), np.minimum(first, last))
    return first, high, low, last


def _life(companies: Companies, sessions: int) -> tuple[NDArray[np.bool_], Ints, Ints]:
    """Return who is listed, the shares, and the ratio of the splits of each session (T x N)."""
    n = len(companies.symbols)
    is_listed = np.ones((sessions, n), bool)
    shares = np.tile(companies.shares, (sessions, 1))
    ratio = np.ones((sessions, n), np.int64)
    for event in companies.listings:
        is_listed[: event.session, event.company] = False
    for event in companies.delistings:
        is_listed[event.session :, event.company] = False
    for event in companies.splits:
        shares[event.session :, event.company] *= event.ratio
        ratio[event.session : event.session + 1, event.company] = event.ratio
    return is_listed, shares, ratio


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
