"""Every move beyond the limit is explained by a fact of the store, or counted as not explained."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from sillok.ingest.checks import explain, halts, moves, prices
from sillok.ingest.checks.bars import Bars, Part, make_bars
from sillok.ingest.checks.explain import EXPLANATIONS, FAULTS, explain_move, find_moves
from sillok.ingest.checks.facts import Action, Facts, IssueFacts
from sillok.ingest.checks.result import Found
from sillok.ingest.checks.rules import as_number
from sillok.sandbox.world.replay import read_market
from tests.ingest.checks.markets import NO_BARS, bars_of, facts_of, flat, sessions

DAYS = sessions(40)


def about(**values: Any) -> IssueFacts:
    return IssueFacts(
        "가상", "", "KOSPI", "ST", **({"listed_on": 0, "delisted_on": None, "shares": None} | values)
    )


def kinds_of(bars: Bars, facts: Facts, **options: bool) -> list[str]:
    return [explain_move(bars, int(at), facts, **options) for at in find_moves(bars)]


def history(*tail: int, begin: int = 10_000) -> Bars:
    """Return an issue A that stands still and ends with ``tail``; below 0 is a halted day."""
    closes = [begin] * (len(DAYS) - 15 - len(tail)) + list(tail) + [tail[-1]] * 15
    return bars_of(*flat("A", closes), days=DAYS)


def facts_with(bars: Bars, **values: Any) -> Facts:
    return facts_of(bars, **values)


def day_of(bars: Bars, back: int) -> int:
    return int(bars.day[-back])


def test_a_day_within_the_limit_is_no_move() -> None:
    assert not len(find_moves(history(13_000, 9_100)))


def test_nothing_explains_a_jump_out_of_nowhere() -> None:
    bars = history(16_000)
    assert kinds_of(bars, facts_with(bars)) == ["unexplained"]


def test_the_first_trade_after_a_halt_is_explained_and_the_one_after_it_is_not() -> None:
    bars = history(-10_000, -10_000, 25_000, 90_000)
    assert kinds_of(bars, facts_with(bars)) == ["resumed", "unexplained"]


def test_a_close_set_anew_within_a_halt_belongs_to_it() -> None:
    bars = history(-10_000, -20_000, 20_000)
    assert kinds_of(bars, facts_with(bars)) == ["resumed"]


def test_a_day_without_a_trade_is_no_halt() -> None:
    rows = [*flat("A", [10_000] * 3), ("A", 10_000, 10_000, 10_000, 10_000, 0), *flat("A", [16_000] * 20)]
    bars = bars_of(*rows)
    assert kinds_of(bars, facts_with(bars)) == ["unexplained"]


@pytest.mark.parametrize(("after", "kind"), [(10, "liquidation"), (11, "unexplained")])
def test_liquidation_trading_is_the_last_ten_sessions_before_a_delisting(after: int, kind: str) -> None:
    bars = history(4_000)
    gone = day_of(bars, 16 - after)
    facts = facts_with(bars, issues={"A": about(delisted_on=gone)})
    assert kinds_of(bars, facts) == [kind]


def test_liquidation_whose_delisting_is_ahead_is_told_by_the_resumption_before_it() -> None:
    closes = [10_000] * 30 + [-10_000] * 5 + [800, 500, 300, 190]
    bars = bars_of(*flat("A", closes))
    assert kinds_of(bars, facts_with(bars)) == ["resumed", *["liquidation_ahead"] * 3]
    # Three weeks later without a delisting, it was none.
    later = facts_of(
        days_after := bars,
        through=int(days_after.day[-1]) + 21,
        sessions=np.append(np.unique(bars.day), [as_number(day) for day in clock_days_after(bars)]),
    )
    assert kinds_of(bars, later) == ["resumed", *["unexplained"] * 3]


def clock_days_after(bars: Bars) -> list[date]:
    first = date(1970, 1, 1) + timedelta(days=int(bars.day[-1]))
    return [first + timedelta(days=n) for n in range(1, 15)]


def test_the_first_day_on_another_market_has_a_price_of_its_own() -> None:
    bars = history(4_000)
    facts = facts_with(bars, issues={"A": about(listed_on=day_of(bars, 16))})
    assert kinds_of(bars, facts) == ["listed_anew"]
    assert kinds_of(bars, facts_with(bars, issues={"A": about(listed_on=day_of(bars, 17))})) == [
        "unexplained"
    ]


def test_a_corporate_action_on_its_day_explains_and_on_another_does_not() -> None:
    bars = history(4_000)
    on_time, late = (Action("capital_reduction", (day_of(bars, back),), None) for back in (16, 15))
    assert kinds_of(bars, facts_with(bars, actions={"A": (on_time,)})) == ["corporate_action"]
    assert kinds_of(bars, facts_with(bars, actions={"A": (late,)})) == ["unexplained"]


def test_a_split_that_still_stands_in_the_adjusted_series_is_a_fault_and_in_the_traded_one_is_right() -> None:
    bars = history(5_000)
    facts = facts_with(bars, actions={"A": (Action("split", (day_of(bars, 16),), 0.5),)})
    assert kinds_of(bars, facts) == ["unadjusted"]
    assert kinds_of(bars, facts, is_adjusted=False) == ["corporate_action"]


def test_the_vendors_code_of_a_new_base_price_explains() -> None:
    bars = history(4_000)
    assert kinds_of(bars, facts_with(bars, revalued=frozenset({("A", day_of(bars, 16))}))) == ["revalued"]


def test_a_bar_on_another_scale_is_told_from_a_jump() -> None:
    bars = history(20_500, 10_100)
    assert kinds_of(bars, facts_with(bars)) == ["other_scale", "other_scale"]


@pytest.mark.parametrize(("before", "close", "kind"), [(643, 836, "rounding"), (643, 838, "unexplained")])
def test_the_rounding_of_adjusted_prices_is_a_won_or_so(before: int, close: int, kind: str) -> None:
    walk = [640, 641, 655, 671, 688, 702, 715, 699, 680, before]
    bars = bars_of(*flat("A", [*walk, close, close - 5, *[close - 9] * 20]))
    assert kinds_of(bars, facts_with(bars)) == [kind]


def test_prices_as_traded_are_not_rounded() -> None:
    walk = [640, 641, 655, 671, 688, 702, 715, 699, 680, 643]
    bars = bars_of(*flat("A", [*walk, 836, 831, *[827] * 20]))
    assert kinds_of(bars, facts_with(bars), is_adjusted=False) == ["unexplained"]


def test_where_five_shares_became_one_the_rounding_is_five_times_as_large() -> None:
    grid = [2_251, 2_416, 2_192, 2_227, 2_232, 2_362, 2_162, 2_356, 2_132, 2_142]  # 177350 in December 2023
    tail = [2_787, 3_206, 3_611, 3_156, *[3_156] * 20]
    bars = bars_of(*flat("A", [*grid, *tail]))
    assert kinds_of(bars, facts_with(bars)) == ["rounding"]


def test_the_traded_prices_of_a_resumption_are_set_aside_from_the_limit() -> None:
    bars = bars_of(*flat("A", [10_000] * 5 + [-10_000] * 3 + [25_000] * 5))
    found = Found() + prices.find_over_limit(Part(NO_BARS, bars), facts_of(bars))
    result = prices.judge_over_limit(found, facts_of(bars))
    assert (result.severity, result.count, result.kinds) == ("ok", 0, {"resumed": 1})


# ---- real history
@pytest.fixture(scope="module")
def real(krx_data: Path) -> tuple[Bars, Facts]:
    bars = make_bars(pq.read_table(krx_data / "daily.parquet"))
    market = read_market(krx_data)

    def number(day: date | None) -> int | None:
        return None if day is None or day > date(2025, 6, 17) else as_number(day)

    issues = {
        one.symbol: IssueFacts(
            one.name,
            one.isin,
            one.market,
            one.security_type,
            number(one.listed_on),
            number(one.delisted_on),
            one.shares,
        )
        for one in market.issues.values()
    }
    return bars, facts_of(bars, issues=issues)


def test_the_halted_days_of_krx_are_found_to_the_row(real: tuple[Bars, Facts]) -> None:
    bars, facts = real
    found = halts.judge_halts(Found() + halts.find_halts(Part(bars, NO_BARS), facts), facts)
    assert len(bars) == 986_298
    assert (found.severity, found.count) == ("info", 29_739)
    # The source shows five sessions' halts as flat prices: these 429 of 756 days without a trade belong to halts.
    assert found.kinds == {"halted": 29_739, "halted_flat": 429, "no_trade": 327, "newest": 100, "long": 68}


def test_every_move_of_krx_beyond_the_limit_is_explained_but_three(real: tuple[Bars, Facts]) -> None:
    bars, facts = real
    found = moves.judge(Found() + moves.find(Part(bars, NO_BARS), facts), facts)
    assert found.kinds == {
        "listed_anew": 2,
        "resumed": 13,
        "liquidation_ahead": 11,
        "rounding": 25,
        "other_scale": 2,
        "unexplained": 1,
    }
    assert sum(found.kinds.values()) == 54
    assert (found.severity, found.count) == ("warn", 3)
    named = [(one["symbol"], one["date"], one["fits"]) for one in found.examples]
    assert named == [
        ("33637L", "2024-01-08", "1:2"),
        ("425040", "2024-01-02", "1:2"),
        ("425040", "2023-12-28", "2:1"),
    ]


def test_with_the_delistings_that_followed_liquidation_needs_no_guess(real: tuple[Bars, Facts]) -> None:
    bars, facts = real
    gone = {symbol: as_number(date(2025, 6, 18)) for symbol in ("071460", "072520")}
    gone |= {symbol: as_number(date(2025, 6, 19)) for symbol in ("226440", "323230")}
    issues = facts.issues | {
        symbol: facts.issue(symbol)._replace(delisted_on=day) for symbol, day in gone.items()
    }
    found = moves.judge(Found() + moves.find(Part(bars, NO_BARS), facts_of(bars, issues=issues)), facts)
    assert found.kinds["liquidation"] == 15
    assert "liquidation_ahead" not in found.kinds
    assert found.count == 3


def test_the_kinds_are_explanations_or_faults() -> None:
    assert not set(EXPLANATIONS) & set(FAULTS)
    assert FAULTS[-1] == "unexplained"


def test_a_broken_series_is_not_explained_bar_by_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "MOST_EXPLAINED", 3)
    bars = bars_of(*flat("A", [-10_000, 90_000, *[1_000, 90_000] * 4]))
    kinds = [kind for _, kind in explain.explain_moves(bars, find_moves(bars), facts_of(bars))]
    assert kinds.count("unexplained") == len(kinds) - 3
    assert "resumed" not in kinds  # it is the oldest
