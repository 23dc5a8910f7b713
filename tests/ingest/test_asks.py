"""What is asked for: the missing days and a few before them, each issue's turn, and no call too many."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sillok import clock
from sillok.clock import KST
from sillok.ingest.asks import Ask, Settling, Spans, interleave, is_due, plan_asks, split_span
from sillok.store import Mark

DAY = timedelta(days=1)
SESSIONS = clock.sessions(date(2026, 3, 2), date(2026, 7, 1))
FIRST, STOP = SESSIONS[0], date(2026, 7, 1)
EVENING = datetime(2026, 6, 30, 18, tzinfo=KST)
days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


def marks(**through: date) -> dict[str, Mark]:
    return {key: Mark(day, EVENING) for key, day in through.items()}


def plan(keys: list[str], loaded: dict[str, Mark], **more: object) -> list[Ask]:
    spans = Spans(dict.fromkeys(keys, (FIRST, STOP)), SESSIONS, 100)
    return plan_asks("bars", spans, loaded, **more)  # type: ignore[arg-type]


def test_an_ask_starts_whole_overlaps_or_is_left_out() -> None:
    loaded = marks(behind=SESSIONS[-2], done=SESSIONS[-1], young=SESSIONS[1])
    assert plan(["new", "behind", "done", "young"], loaded) == [
        Ask("bars", "new", FIRST, STOP),
        Ask("bars", "behind", SESSIONS[-6], STOP, overlaps=True),
        Ask("bars", "young", FIRST, STOP, overlaps=True),
    ]


def test_a_session_that_was_loaded_before_it_settled_is_asked_for_again() -> None:
    settling = Settling(SESSIONS[-1], EVENING + timedelta(minutes=1))
    (ask,) = plan(["early"], marks(early=SESSIONS[-1]), settling=settling)
    assert (ask.start, ask.end, ask.overlaps) == (SESSIONS[-5], STOP, True)
    assert plan(["late"], marks(late=SESSIONS[-1]), settling=Settling(SESSIONS[-1], EVENING)) == []


def test_again_asks_for_the_overlap_of_what_is_loaded() -> None:
    (ask,) = plan(["done"], marks(done=SESSIONS[-1]), again=True)
    assert (ask.start, ask.end) == (SESSIONS[-5], STOP)


def test_what_ended_long_ago_is_not_asked_for_because_the_newest_session_is_unsettled() -> None:
    spans = Spans({"gone": (FIRST, SESSIONS[9])}, SESSIONS, 100)
    settling = Settling(SESSIONS[-1], EVENING + DAY)
    assert plan_asks("bars", spans, marks(gone=SESSIONS[9] - DAY), settling=settling) == []


def test_a_key_whose_past_is_to_be_rewritten_is_asked_for_whole() -> None:
    (ask,) = plan(["split"], marks(split=SESSIONS[-2]), whole={"split"})
    assert (ask.start, ask.overlaps) == (FIRST, False)


def test_calls_count_the_pages_of_the_days_that_a_key_can_have() -> None:
    spans = Spans({}, SESSIONS, 50, {"young": SESSIONS[-3]})
    assert spans.calls("old", FIRST, STOP) == len(SESSIONS) // 50 + 1
    assert spans.calls("young", FIRST, STOP) == 1
    paged = Spans({}, SESSIONS, 50, recent_rows=29)
    assert paged.calls("new", SESSIONS[-29], STOP) == 1
    assert paged.calls("new", SESSIONS[-60], STOP) == 3
    assert Spans({}, (), 100).calls("USDKRW", date(2026, 1, 1), date(2026, 4, 12)) == 2


@given(days, st.integers(0, 400), st.text("0123456789", min_size=6, max_size=6))
def test_every_issue_has_its_turn_once_in_20_weekdays_however_the_loads_fall(
    first: date, gap: int, symbol: str
) -> None:
    last = first + DAY * gap
    turns = sum(is_due(symbol, first + DAY * (n - 1), first + DAY * n) for n in range(1, gap + 1))
    assert is_due(symbol, first, last) == (turns > 0)
    weekdays = sum((first + DAY * n).weekday() < 5 for n in range(1, gap + 1))
    assert weekdays // 20 <= turns <= -(-weekdays // 20)


def test_turns_are_spread_evenly() -> None:
    day = date(2026, 6, 30)
    symbols = [f"{n:05d}0" for n in range(0, 30_000, 11)]
    due = Counter()
    for n in range(28):
        for symbol in symbols:
            if is_due(symbol, day + DAY * (n - 1), day + DAY * n):
                due[(day + DAY * n).weekday() < 5, day + DAY * n] += 1
    assert all(is_weekday for is_weekday, _ in due)
    assert sum(due.values()) == len(symbols)
    assert max(due.values()) < 1.3 * len(symbols) / 20


@given(days, st.integers(0, 2_000), st.integers(1, 100))
def test_windows_make_up_the_span_without_a_gap_or_an_overlap(start: date, length: int, width: int) -> None:
    windows = list(split_span(start, start + DAY * length, width))
    assert [
        day for first, stop in windows for day in (first + DAY * n for n in range((stop - first).days))
    ] == [start + DAY * n for n in range(length)]
    assert all((stop - first).days <= width for first, stop in windows)


def test_the_asks_of_a_key_stand_side_by_side() -> None:
    one, two = (
        [Ask(name, key, FIRST, STOP) for key in ("900010", "900020")] for name in ("bars", "statements")
    )
    assert [(ask.key, ask.dataset) for ask in interleave([one, two])] == [
        ("900010", "bars"), ("900010", "statements"), ("900020", "bars"), ("900020", "statements"),
    ]  # fmt: skip
