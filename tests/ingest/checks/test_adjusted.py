"""The adjusted series is the traded one times a factor that moves with events alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.ingest.checks import adjusted
from sillok.ingest.checks.adjusted import match_bars, rebase
from sillok.ingest.checks.bars import Bars, Part
from sillok.ingest.checks.facts import Action, Facts
from sillok.ingest.checks.result import CheckResult, Found
from tests.ingest.checks.markets import bars_of, facts_of, flat, sessions

DAYS = sessions(30)
walks = st.lists(st.integers(200, 900_000), min_size=30, max_size=30)


def scaled(raw: list[int], ratio: int, until: int) -> list[int]:
    """Return closes whose first ``until`` are divided by ``ratio`` and rounded to whole KRW, as the vendor does."""
    return [round(close / ratio) if at < until else close for at, close in enumerate(raw)]


def two(raw: list[int], other: list[int]) -> Part:
    return Part(adjusted=bars_of(*flat("A", other), days=DAYS), raw=bars_of(*flat("A", raw), days=DAYS))


def factors(part: Part, **known: object) -> CheckResult:
    facts = facts_of(part.raw, **known)
    return adjusted.judge_factors(Found() + adjusted.find_factors(part, facts), facts)


def events(part: Part, *actions: Action) -> CheckResult:
    facts = facts_of(part.raw, actions={"A": actions})
    return adjusted.judge_events(Found() + adjusted.find_events(part, facts), facts)


def day(at: int) -> int:
    return int(np.datetime64(DAYS[at]).astype("datetime64[D]").astype(int))


@settings(max_examples=60)
@given(walks, st.integers(1, 20))
def test_rounding_alone_never_moves_the_factor(raw: list[int], ratio: int) -> None:
    found = factors(
        two(raw, scaled(raw, ratio, 29)), actions={"A": (Action("split", (day(29),), 1 / ratio),)}
    )
    assert found.count == 0


@settings(max_examples=60)
@given(walks, st.integers(2, 20), st.integers(1, 28))
def test_a_factor_that_moves_without_an_event_is_found_on_its_day(
    raw: list[int], ratio: int, at: int
) -> None:
    raw = [close * 20 for close in raw]
    found = factors(two(raw, scaled(raw, ratio, at)))
    assert (found.count, found.kinds) == (1, {"moved": 1})
    assert found.examples[0]["date"] == DAYS[at].isoformat()


def test_prices_that_are_not_tonights_are_behind() -> None:
    raw = [10_000] * 30
    assert factors(two(raw, scaled(raw, 2, 30))).kinds == {"behind": 1}


def test_a_bar_that_only_one_series_has_is_counted_and_no_fault() -> None:
    part = Part(
        adjusted=bars_of(*flat("A", [10_000] * 29), days=DAYS[1:]),
        raw=bars_of(*flat("A", [10_000] * 30), days=DAYS),
    )
    found = factors(part)
    assert (found.severity, found.kinds) == ("ok", {"unpaired": 1})


SPLIT = Action("split", (day(20),), 0.2)
BEFORE, AFTER = [50_000] * 20, [10_000] * 10


def test_a_split_is_followed_where_the_traded_price_falls_and_the_adjusted_does_not() -> None:
    assert events(two(BEFORE + AFTER, [10_000] * 30), SPLIT).kinds == {"followed": 1}


def test_a_split_within_a_halt_is_followed_wherever_the_close_is_set_anew() -> None:
    halt = [-50_000, -50_000, -10_000]
    raw = BEFORE[:17] + halt + AFTER
    assert events(two(raw, [10_000] * 17 + [-10_000] * 3 + AFTER), SPLIT).kinds == {"followed": 1}


@pytest.mark.parametrize(
    ("raw", "other", "kind", "severity"),
    [
        (BEFORE + AFTER, BEFORE + AFTER, "adjusted_with_jump", "warn"),
        (BEFORE + BEFORE[:10], BEFORE + BEFORE[:10], "raw_without_jump", "warn"),
        (BEFORE + AFTER, [25_000] * 20 + AFTER, "other_ratio", "warn"),
    ],
)
def test_a_split_that_the_series_do_not_follow_is_named(
    raw: list[int], other: list[int], kind: str, severity: str
) -> None:
    found = events(two(raw, other), SPLIT)
    assert (found.severity, found.count, found.kinds) == (severity, 1, {kind: 1})


def test_a_split_of_the_last_sessions_that_stands_in_the_returns_is_an_error() -> None:
    raw = [50_000] * 27 + [10_000] * 3
    assert events(two(raw, raw), Action("split", (day(27),), 0.2)).severity == "error"


def test_a_split_without_bars_on_both_its_sides_is_not_judged() -> None:
    ahead = Action("split", (day(29) + 10,), 0.2)
    before = Action("split", (day(0),), 0.2)
    unknown = Action("rights", (day(20),), None)
    assert events(two([10_000] * 30, [10_000] * 30), ahead, before, unknown).severity == "info"


def test_the_base_price_of_an_ex_day_is_what_the_event_made_of_the_close_before() -> None:
    part = two(BEFORE + AFTER, [10_000] * 30)
    base, slack = rebase(part.raw, part.adjusted, match_bars(part.raw, part.adjusted))
    assert base[20] == pytest.approx(10_000)
    assert 0 < slack[20] < 300
    assert (base[1:20] == 50_000).all()
    assert not slack[1:20].any()


def test_bars_are_matched_by_issue_and_day() -> None:
    left: Bars = bars_of(*flat("A", [1, 2, 3]), *flat("C", [7, 8, 9]), days=DAYS[:3])
    right = bars_of(*flat("B", [4, 5, 6]), *flat("C", [8, 9]), days=DAYS[1:4])
    assert match_bars(left, right).tolist() == [-1, -1, -1, -1, 3, 4]
    facts: Facts = facts_of(left)
    assert facts.position(int(left.day[-1])) == 3
