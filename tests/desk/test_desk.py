"""The desk: one snapshot, one instant, and no way across either."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from sillok import desk
from sillok.clock import KST
from sillok.errors import ConfigError, MissingDataError
from tests.notebooks.conftest import reference_home
from tests.reference import environment

__all__ = ["reference_home"]


@pytest.fixture
def home(reference_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in environment(reference_home).items():
        if name.startswith("SILLOK_"):
            monkeypatch.setenv(name, value)
    return reference_home


def snapshot(home: Path) -> str:
    return (home / "snapshot").read_text()


def test_it_opens_the_latest_snapshot_at_its_newest_close(home: Path) -> None:
    d = desk.open()
    assert d.snapshot_id == snapshot(home)
    assert d.as_of == datetime(2026, 6, 30, 15, 30, tzinfo=KST)
    assert d.market.through == date(2026, 6, 30)


def test_synthetic_data_is_named_everywhere(home: Path) -> None:
    d = desk.open()
    assert (d.source, d.source_label, d.stamp.mark) == ("synthetic", "합성 데이터", "합성 데이터")
    assert "합성 데이터" in d.banner().text
    assert d.snapshot_id[:12] in d.banner().text


@pytest.mark.parametrize(
    ("asked", "through"),
    [
        ("2026-06-26", date(2026, 6, 26)),
        ("2026-06-28", date(2026, 6, 26)),  # a Sunday
        ("2026-06-26T15:00", date(2026, 6, 25)),  # before the close
        (date(2026, 6, 26), date(2026, 6, 26)),
        (datetime(2026, 6, 26, 15, 30, tzinfo=KST), date(2026, 6, 26)),
    ],
)
def test_a_day_means_its_close_and_an_instant_itself(home: Path, asked: object, through: date) -> None:
    assert desk.open(as_of=asked).market.through == through  # type: ignore[arg-type]


def test_the_future_is_refused(home: Path) -> None:
    with pytest.raises(ConfigError, match="lies in the future"):
        desk.open(as_of="2026-07-01")


@pytest.mark.parametrize("asked", ["yesterday", "2026-13-01", "20260630x"])
def test_what_is_no_date_is_refused(home: Path, asked: str) -> None:
    with pytest.raises(ConfigError, match="is not a date"):
        desk.open(as_of=asked)


def test_a_snapshot_can_be_asked_by_its_first_characters(home: Path) -> None:
    assert desk.open(snapshot=snapshot(home)[:8]).snapshot_id == snapshot(home)


@pytest.mark.parametrize(
    ("asked", "error"), [("abc", ConfigError), ("0" * 12, MissingDataError), ("%%%%%%%%", MissingDataError)]
)
def test_an_unknown_snapshot_is_refused(home: Path, asked: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        desk.open(snapshot=asked)


def test_a_run_cannot_read_another_snapshot(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILLOK_SNAPSHOT", snapshot(home))
    assert desk.open(snapshot=snapshot(home)[:10]).snapshot_id == snapshot(home)
    with pytest.raises(ConfigError, match="cannot open"):
        desk.open(snapshot="0" * 64)


def test_a_run_can_look_back_but_not_beyond_its_instant(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILLOK_SNAPSHOT", snapshot(home))
    monkeypatch.setenv("SILLOK_AS_OF", "2026-06-19T15:30:00+09:00")
    assert desk.open().market.through == date(2026, 6, 19)
    assert desk.open(as_of="2026-06-18").market.through == date(2026, 6, 18)
    with pytest.raises(ConfigError, match="ask for an earlier as_of"):
        desk.open(as_of="2026-06-22")


def test_a_run_needs_no_store(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILLOK_SNAPSHOT", snapshot(home))
    monkeypatch.setenv("SILLOK_DATABASE_URL", "mysql+pymysql://nobody:x@127.0.0.1:9/none")
    assert desk.open().snapshot_id == snapshot(home)


def test_an_empty_home_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(tmp_path).items():
        if name.startswith("SILLOK_"):
            monkeypatch.setenv(name, value)
    with pytest.raises(MissingDataError, match="sillok nightly"):
        desk.open()
    assert not list(tmp_path.iterdir())


def test_the_checks_of_its_load_are_at_hand(home: Path) -> None:
    checks = desk.open().checks()
    assert {"complete", "gaps", "price_limit"} <= set(checks.index)
    assert set(checks["severity"]) <= {"ok", "info", "warn", "error"}


def test_orders_go_to_the_next_session_and_settle_two_later(home: Path) -> None:
    d = desk.open()
    assert d.next_session() == date(2026, 7, 1)
    assert d.settlement(date(2026, 7, 1)) == date(2026, 7, 3)
    assert d.settlement(date(2024, 12, 27)) == date(2025, 1, 2)
