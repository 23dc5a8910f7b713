"""Which issues may be held, and what a walk through unseen returns does."""

import numpy as np
import pandas as pd
import pytest

from sillok.errors import DataError, MissingDataError
from sillok.portfolio import Universe, select_universe, walk_forward
from tests.fake_market import FakeMarket


@pytest.fixture(scope="module")
def market() -> FakeMarket:
    return FakeMarket()


def choose(fake: FakeMarket, **options: object) -> Universe:
    start = fake.sessions()[-251]
    close, value = fake.panel("close", start=start), fake.panel("amount_krw", start=start)
    given = {"market": "ALL", "size": 100} | options
    return select_universe(fake.issues(), close, value, fake.halted(start=start), **given)  # type: ignore[arg-type]


def test_a_halted_and_a_newly_listed_issue_are_left_out_and_counted(market: FakeMarket) -> None:
    found = choose(market)
    assert found.dropped["halted_now"] == 1
    assert found.dropped["short_history"] == 1
    assert len(found.symbols) + sum(found.dropped.values()) == len(market.issues())


def test_every_issue_left_out_is_named_with_its_reason(market: FakeMarket) -> None:
    found = choose(market, size=30)
    assert dict(found.why.value_counts()) == {reason: n for reason, n in found.dropped.items() if n}
    assert set(found.why.index).isdisjoint(found.symbols)
    assert found.why[market.issues().index[3]] == "halted_now"
    assert found.why[market.issues().index[5]] == "short_history"


def test_the_most_traded_come_first(market: FakeMarket) -> None:
    found = choose(market, size=5)
    traded = market.panel("amount_krw").iloc[-251:].mean()
    assert list(traded[found.symbols].sort_values(ascending=False).index) == found.symbols
    assert found.symbols == choose(market).symbols[:5]


def test_one_market_alone_can_be_asked(market: FakeMarket) -> None:
    assert set(market.issues().loc[choose(market, market="KOSDAQ").symbols, "market"]) == {"KOSDAQ"}


def test_an_empty_universe_says_what_emptied_it(market: FakeMarket) -> None:
    with pytest.raises(MissingDataError, match="other_market"):
        choose(market, market="KONEX")


def test_a_walk_never_shows_the_row_that_weights_are_used_on() -> None:
    r = pd.DataFrame(np.random.default_rng(0).normal(0, 0.01, (50, 3)), columns=list("abc"))
    seen: list[tuple[int, int]] = []

    def fit(past: pd.DataFrame) -> pd.Series:
        seen.append((past.index[0], past.index[-1]))
        return pd.Series([1.0, 0.0, 0.0], index=list("abc"))

    found = walk_forward(r, fit, lookback=20, step=7)
    assert seen == [(s - 20, s - 1) for s in range(20, 50, 7)]
    pd.testing.assert_series_equal(found, r["a"].iloc[20:], check_names=False)


def test_holdings_drift_with_their_prices_within_a_step() -> None:
    r = pd.DataFrame({"a": [0.0, 1.0, 1.0], "b": [0.0, 0.0, 0.0]})
    found = walk_forward(r, lambda past: pd.Series({"a": 0.5, "b": 0.5}), lookback=1, step=2)
    np.testing.assert_allclose(found, [0.5, 2.5 / 1.5 - 1])


def test_a_walk_without_a_row_to_hold_over_is_refused() -> None:
    with pytest.raises(DataError, match="leave nothing"):
        walk_forward(pd.DataFrame({"a": [0.1]}), lambda past: past.iloc[0], lookback=1, step=1)
