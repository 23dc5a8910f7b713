from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import DataError
from sillok.sandbox import Market, make_market
from sillok.sandbox.world.companies import draw_companies, isin
from sillok.sandbox.world.market import BAR_FIELDS
from sillok.sandbox.world.paths import draw_paths
from sillok.sandbox.world.rules import price_limits, tick_size
from tests.sandboxes import TODAY, reference_market


@pytest.fixture(scope="module")
def market() -> Market:
    return reference_market()


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 700), st.integers(1, 60))
def test_a_path_never_depends_on_where_the_market_ends(seed: int, sessions: int, more: int) -> None:
    companies = draw_companies(seed)
    short, long = draw_paths(seed, companies, sessions), draw_paths(seed, companies, sessions + more)
    for name in (*BAR_FIELDS, "shares", "is_listed"):
        assert np.array_equal(getattr(short, name), getattr(long, name)[:sessions]), name


def test_a_longer_market_only_adds_days_and_rescales_what_was_split_since() -> None:
    short, long = make_market(today=date(2026, 3, 31)), reference_market()
    assert long.raw is not None
    assert short.raw is not None
    for symbol, (low, high) in short.raw.offsets.items():
        at = long.raw.offsets[symbol][0]
        assert np.array_equal(short.raw.close[low:high], long.raw.close[at : at + high - low])
    for code, series in short.indices.items():
        assert np.array_equal(series.close, long.indices[code].close[: len(series.close)])


def test_another_seed_is_another_market() -> None:
    one, two = (make_market(seed, today=date(2023, 12, 28)).adjusted.close for seed in (1, 2))
    assert not np.array_equal(one, two)


def test_prices_move_on_ticks_inside_the_limits_with_high_and_low_around_them(market: Market) -> None:
    bars = market.raw
    assert bars is not None
    trades = bars.open > 0
    for name in ("open", "high", "low", "close"):
        price = getattr(bars, name)[trades]
        assert not (price % tick_size(price)).any(), name
    base = bars.close - bars.change
    first = np.isin(np.arange(len(base)), [low for low, _ in bars.offsets.values()])
    usual = trades & ~first & (bars.split_pct == 0)
    lower, upper = price_limits(base[usual])
    assert (bars.low[usual] >= lower).all()
    assert (bars.high[usual] <= upper).all()
    assert (bars.low <= np.minimum(bars.open, bars.close))[trades].all()
    assert (bars.high >= np.maximum(bars.open, bars.close))[trades].all()


def test_a_halted_day_has_no_prices_no_volume_and_the_close_carried_on(market: Market) -> None:
    bars = market.adjusted
    halted = np.flatnonzero(bars.open == 0)
    assert 0.001 < len(halted) / len(bars.open) < 0.02
    for name in ("high", "low", "volume", "amount_krw"):
        assert not getattr(bars, name)[halted].any()
    assert (bars.close[halted] > 0).all()
    assert not bars.change[halted].any()
    assert (bars.volume[bars.open > 0] > 0).all()


def test_the_market_looks_like_one(market: Market) -> None:
    bars = market.adjusted
    assert len(market.issues) >= 210
    assert len({issue.industry for issue in market.issues.values()}) == 10
    assert all(issue.name.startswith("가상") for issue in market.issues.values())
    returns = {
        symbol: np.diff(np.log(bars.close[low:high]))
        for symbol, (low, high) in bars.offsets.items()
        if high - low > 250
    }
    vols = np.array([series.std() * np.sqrt(250) for series in returns.values()])
    assert np.quantile(vols, 0.01) > 0.15
    assert np.quantile(vols, 0.99) < 0.65
    assert 0.25 < np.median(vols) < 0.45
    prices = bars.close
    assert prices.min() >= 500
    assert ((prices >= 1_000) & (prices <= 500_000)).mean() > 0.99
    for series in market.indices.values():
        moves = np.diff(np.log(series.close / 100))
        assert 0.08 < moves.std() * np.sqrt(250) < 0.30
        assert 0.5 < series.close[-1] / series.close[0] < 2


def test_returns_have_factors_and_clusters(market: Market) -> None:
    bars, size = market.adjusted, len(market.sessions)
    whole = [symbol for symbol, (low, high) in bars.offsets.items() if high - low == size]
    close = np.array([bars.close[slice(*bars.offsets[symbol])] for symbol in whole], float)
    returns = np.diff(np.log(close), axis=1)
    industry = np.array([market.issues[symbol].industry for symbol in whole])
    correlation = np.corrcoef(returns)
    same = (industry[:, None] == industry) & ~np.eye(len(whole), dtype=bool)
    assert correlation[same].mean() > correlation[industry[:, None] != industry].mean() + 0.03
    assert correlation[industry[:, None] != industry].mean() > 0.1
    index = np.abs(np.diff(np.log(market.indices["KOSPI"].close / 100)))
    lagged = [np.corrcoef(index[lag:], index[:-lag])[0, 1] for lag in range(1, 11)]
    assert np.mean(lagged) > 0.03


def test_an_index_is_the_chained_value_of_its_constituents(market: Market) -> None:
    bars = market.raw
    assert bars is not None
    split = {symbol for symbol, (low, high) in bars.offsets.items() if bars.split_pct[low:high].any()}
    today, before = market.sessions[-1], market.sessions[-2]
    value = {today: 0, before: 0}
    for issue in market.listed("KOSDAQ"):
        assert issue.symbol not in split or bars.split_pct[bars.offsets[issue.symbol][1] - 1] == 0
        high = bars.offsets[issue.symbol][1]
        assert (bars.date[high - 2], bars.date[high - 1]) == (before, today)
        value[today] += int(bars.close[high - 1]) * issue.shares
        value[before] += int(bars.close[high - 2]) * issue.shares
    series = market.indices["KOSDAQ"]
    assert series.close[-1] == pytest.approx(series.close[-2] * value[today] / value[before], abs=1)
    assert (series.low <= np.minimum(series.open, series.close)).all()
    assert (series.high >= np.maximum(series.open, series.close)).all()


def test_a_split_divides_the_past_and_nothing_else(market: Market) -> None:
    raw, adjusted = market.raw, market.adjusted
    assert raw is not None
    low, high = raw.offsets["900010"]
    at = low + int(np.flatnonzero(raw.split_pct[low:high])[0])
    assert raw.split_pct[at] == 20
    assert np.array_equal(raw.close[at:high], adjusted.close[at:high])
    assert np.abs(raw.close[low:at] - 5 * adjusted.close[low:at]).max() <= 2
    assert np.array_equal(raw.volume[low:at] * 5, adjusted.volume[low:at])
    assert raw.close[at] < raw.close[at - 1] / 3
    assert abs(adjusted.close[at] / adjusted.close[at - 1] - 1) < 0.31
    assert not raw.open[at - 3 : at].any()


def test_issues_come_and_go(market: Market) -> None:
    new = [
        issue for issue in market.issues.values() if issue.listed_on and issue.listed_on > date(2023, 9, 1)
    ]
    gone = market.delisted()
    assert len(new) == 3
    assert len(gone) == 3
    for issue in new:
        low, _ = market.adjusted.offsets[issue.symbol]
        assert market.adjusted.date[low] == int(f"{issue.listed_on:%Y%m%d}")
    for issue in gone:
        _, high = market.adjusted.offsets[issue.symbol]
        assert market.adjusted.date[high - 1] < int(f"{issue.delisted_on:%Y%m%d}")
        assert issue not in market.listed(issue.market)


def test_a_market_says_that_it_is_made_up(market: Market) -> None:
    assert market.source == "synthetic"
    assert "합성" in market.label


def test_an_isin_carries_its_check_digit() -> None:
    assert isin("005930") == "KR7005930003"
    assert isin("000660") == "KR7000660001"


@pytest.mark.parametrize("today", [None, date(2023, 8, 31), date(2099, 1, 1)])
def test_a_day_that_cannot_be_served_is_refused(today: date | None) -> None:
    with pytest.raises(DataError, match=r"synthetic market|outside the KRX calendar"):
        make_market(today=today)


def test_today_is_the_last_session_at_or_before_the_day_asked_for() -> None:
    assert make_market(today=date(2024, 1, 1)).today == date(2023, 12, 28)
    assert reference_market().today == TODAY
