"""A market shows what was known as of its instant: values, issues and sessions, and refuses the rest clearly."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok import clock
from sillok.clock import KST
from sillok.errors import DataError, MissingDataError, SillokError
from sillok.market import Market, open_market
from sillok.objects import open_objects
from tests.market.conftest import FIRST, START, Frozen

SESSIONS = clock.sessions(START, date(2026, 7, 2))
LAST = date(2026, 7, 1)


@pytest.fixture
def market(frozen: Frozen) -> Market:
    return open_market(frozen.objects, frozen.second.id)


def test_a_market_opens_when_its_newest_session_was_settled(market: Market, frozen: Frozen) -> None:
    assert (market.through, market.as_of) == (LAST, clock.session_settled(LAST))
    assert (market.snapshot_id, market.source) == (frozen.second.id, "synthetic")
    assert [stamp.date() for stamp in market.sessions()] == SESSIONS


@pytest.mark.parametrize("field", ["open", "high", "low", "close", "volume", "amount_krw"])
def test_a_panel_holds_every_bar_and_nan_elsewhere(market: Market, frozen: Frozen, field: str) -> None:
    place = ["symbol", "date", "open", "high", "low", "close", "volume", "amount_krw"].index(field)
    panel = market.panel(field)  # type: ignore[arg-type]
    assert (panel.shape, panel.dtypes.unique().tolist()) == ((len(SESSIONS), 4), [np.dtype("float64")])
    for symbol, one in frozen.vendor.issues.items():
        for day in SESSIONS:
            value = panel.at[pd.Timestamp(day), symbol]
            bar = one.bar(day)
            is_there = (one.listed_on or day) <= day < (one.delisted_on or date.max)
            is_traded = field not in {"open", "high", "low"} or bar[place] != 0
            assert np.isnan(value) if not (is_there and is_traded) else value == bar[place], (symbol, day)


def test_columns_come_as_asked_and_lines_of_unlisted_issues_stay_empty(market: Market) -> None:
    panel = market.panel(symbols=["900040", "900020"], start="2026-06-01", end=date(2026, 7, 2))
    assert list(panel.columns) == ["900040", "900020"]
    assert panel["900020"].isna().all()
    assert (panel.index[0], panel.index[-1]) == (pd.Timestamp("2026-06-01"), pd.Timestamp(LAST))


def test_the_end_is_exclusive(market: Market) -> None:
    assert market.panel(start="2026-06-01", end="2026-06-05").index[-1] == pd.Timestamp("2026-06-04")
    assert market.panel(start="2026-06-01", end="2026-06-01").shape == (0, 0)


def test_returns_are_close_to_close_and_carry_nothing_over_a_gap(market: Market) -> None:
    close, simple, log = market.panel(), market.returns(), market.returns("log")
    assert simple.index.equals(close.index[1:])
    pd.testing.assert_frame_equal(simple, (close / close.shift() - 1).iloc[1:])
    pd.testing.assert_frame_equal(np.expm1(log), simple)
    assert np.isnan(simple.at[pd.Timestamp("2026-02-02"), "900030"])


def test_returns_from_a_start_have_a_first_row_with_its_base(market: Market) -> None:
    part = market.returns(start="2026-06-01", end="2026-07-01")
    pd.testing.assert_frame_equal(part, market.returns().loc["2026-06-01":"2026-06-30"][part.columns])


def test_halted_days_are_said(market: Market, frozen: Frozen) -> None:
    halted = market.halted()
    assert set(halted.dtypes) == {np.dtype(bool)}
    one = frozen.vendor.issues["900010"]
    assert [s.date() for s in halted.index[halted["900010"]]] == [
        day for day in SESSIONS if one.bar(day)[2] == 0
    ]


def test_an_index_comes_in_points(market: Market) -> None:
    index = market.index("KOSPI", start="2026-06-29")
    assert index.loc["2026-06-30"].to_dict() == {
        "open": 2530.01, "high": 2530.09, "low": 2530.0, "close": 2530.05, "volume": 10_000, "amount_krw": 5_000_000,
    }  # fmt: skip


def test_a_value_that_was_revised_since_shows_as_it_was_known_then(frozen: Frozen, market: Market) -> None:
    then = open_market(frozen.objects, frozen.second.id, as_of=FIRST)
    at_first = open_market(frozen.objects, frozen.first.id)
    pd.testing.assert_frame_equal(then.panel(), at_first.panel())
    day = pd.Timestamp("2026-06-30")
    assert then.panel().at[day, "900010"] // 2 == market.panel().at[day, "900010"]
    pd.testing.assert_frame_equal(then.issues(), at_first.issues())


def test_no_session_after_the_instant_is_seen(frozen: Frozen) -> None:
    before_the_close = clock.session_close(date(2026, 4, 10)) - timedelta(microseconds=1)
    market = open_market(frozen.objects, frozen.second.id, as_of=before_the_close)
    assert market.through == date(2026, 4, 9)
    assert market.panel().index[-1] == market.index("KOSPI").index[-1] == pd.Timestamp("2026-04-09")
    with pytest.raises(MissingDataError, match="beyond 2026-04-09"):
        market.panel(end="2026-04-11")


def test_issues_are_listed_as_they_were_known(frozen: Frozen, market: Market) -> None:
    now = market.issues()
    assert list(now.columns) == [
        "name",
        "market",
        "industry",
        "security_type",
        "listed_on",
        "delisted_on",
        "shares",
    ]
    assert (now.at["900040", "name"], now.at["900040", "shares"]) == ("가상전자4홀딩스", 2_000_000)
    assert now.at["900020", "delisted_on"] == pd.Timestamp("2026-03-04")
    then = open_market(frozen.objects, frozen.second.id, as_of=FIRST).issues()
    assert (then.at["900040", "name"], then.at["900040", "shares"]) == ("가상전자4", 1_000_000)


def test_before_the_first_load_issues_are_known_by_their_listing_alone(frozen: Frozen) -> None:
    market = open_market(frozen.objects, frozen.second.id, as_of=datetime(2026, 1, 15, 16, tzinfo=KST))
    issues = market.issues()
    assert list(issues.index) == ["900010", "900020", "900040"]
    assert issues["shares"].isna().all()
    assert pd.isna(issues.at["900020", "delisted_on"])


@given(minutes=st.integers(0, 200 * 24 * 60))
@settings(max_examples=25, deadline=None)
def test_as_of_any_instant_the_past_is_what_it_was(frozen: Frozen, minutes: int) -> None:
    as_of = datetime(2025, 12, 1, 16, tzinfo=KST) + timedelta(minutes=minutes)
    market = open_market(frozen.objects, frozen.second.id, as_of=as_of)
    panel = market.panel()
    assert clock.session_close(market.through) <= as_of
    assert list(panel.index) == list(market.sessions())
    # Before the split became known, every value is the one that the first load saw.
    if as_of < clock.session_close(LAST):
        seen = open_market(frozen.objects, frozen.first.id).panel()
        pd.testing.assert_frame_equal(panel, seen.loc[panel.index, panel.columns])


def raises(ask, kind: type[SillokError], said: str) -> None:
    with pytest.raises(kind, match=said) as caught:
        ask()
    assert type(caught.value) is kind


def test_what_cannot_be_answered_is_refused_clearly(market: Market) -> None:
    raises(
        lambda: market.panel(symbols=["900010", "999999"]), MissingDataError, r"unknown symbols \['999999'\]"
    )
    raises(lambda: market.halted(symbols=["999999"]), MissingDataError, "unknown symbols")
    raises(lambda: market.panel(start="2026-06-30", end="2026-06-01"), DataError, "reversed")
    raises(lambda: market.panel(start="2026-08-01"), DataError, "reversed")
    raises(lambda: market.panel(start="2026-08-01", end="2026-09-01"), MissingDataError, "beyond 2026-07-01")
    raises(lambda: market.returns(end="2027-01-01"), MissingDataError, "beyond 2026-07-01")
    raises(lambda: market.panel("price"), DataError, "no field 'price'; choose one of open")  # type: ignore[arg-type]
    raises(lambda: market.returns("daily"), DataError, "choose simple or log")  # type: ignore[arg-type]
    raises(lambda: market.index("NIKKEI"), MissingDataError, "has .*KOSDAQ")
    raises(lambda: market.panel(start="yesterday-ish"), DataError, "not a day")


@pytest.mark.parametrize(
    ("as_of", "kind", "said"),
    [
        (datetime(2026, 7, 2, 15, 30, tzinfo=KST), MissingDataError, "ends with 2026-07-01"),
        (datetime(2030, 1, 1, tzinfo=KST), MissingDataError, "ends with 2026-07-01"),
        (datetime(2025, 12, 1, 15, 29, tzinfo=KST), MissingDataError, "nothing was known"),
        (datetime(2026, 6, 30, 16), DataError, "time zone"),  # noqa: DTZ001
    ],
)
def test_an_instant_that_the_snapshot_cannot_know_is_refused(
    frozen: Frozen, as_of: datetime, kind: type, said: str
) -> None:
    raises(lambda: open_market(frozen.objects, frozen.second.id, as_of=as_of), kind, said)


def test_the_morning_after_is_still_known(frozen: Frozen) -> None:
    assert (
        open_market(frozen.objects, frozen.second.id, as_of=datetime(2026, 7, 2, 9, tzinfo=KST)).through
        == LAST
    )


def test_an_unknown_snapshot_is_missing_and_another_object_is_no_manifest(frozen: Frozen) -> None:
    raises(lambda: open_market(frozen.objects, "0" * 64), MissingDataError, "0000")
    raises(lambda: open_market(frozen.objects, frozen.objects.put(b"[]")), DataError, "not the manifest")
    raises(lambda: open_market(frozen.objects, frozen.objects.put(b'{"format": 99}')), DataError, "format 99")


@pytest.fixture(scope="module")
def copy(frozen: Frozen, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """Give a copy of the second snapshot to damage, the file of this year's bars, and its whole content."""
    objects = open_objects("", directory=tmp_path_factory.mktemp("copy"), cache=Path())
    body = frozen.objects.get(frozen.second.id)
    keys = {entry["key"]: (entry["table"], entry["part"]) for entry in json.loads(body)["partitions"]}
    for key in (*keys, frozen.second.id):
        objects.put(frozen.objects.get(key))
    path = objects.path(next(key for key, place in keys.items() if place == ("daily_bar", 2026)))
    path.chmod(0o644)
    return path, path.read_bytes()


def open_copy(frozen: Frozen, path: Path) -> Market:
    return open_market(open_objects("", directory=path.parents[1], cache=Path()), frozen.second.id)


@pytest.mark.parametrize("keep", [0, 1, 1_000, -1])
def test_a_partition_that_was_cut_short_is_named_and_the_others_still_serve(
    frozen: Frozen, copy, keep: int
) -> None:
    path, data = copy
    path.write_bytes(data[:keep])
    damaged = open_copy(frozen, path)
    raises(damaged.panel, DataError, path.name)
    assert len(damaged.panel(end="2026-01-01")) > 0
    assert len(damaged.index("KOSPI")) == len(SESSIONS)


@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None)
def test_no_flipped_bit_ever_changes_an_answer(frozen: Frozen, copy, at: float, bit: int) -> None:
    path, data = copy
    place = int(at * len(data))
    path.write_bytes(data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :])
    sound, damaged = open_market(frozen.objects, frozen.second.id), open_copy(frozen, path)
    for field in ("open", "high", "low", "close", "volume", "amount_krw"):
        try:
            panel = damaged.panel(field)
        except DataError as err:
            refused = str(err)
        else:
            pd.testing.assert_frame_equal(panel, sound.panel(field))
            refused = path.name
        assert path.name in refused
