"""The desk: one snapshot, one instant, and no way across either."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import update

from sillok import desk
from sillok.clock import KST
from sillok.errors import ConfigError, MissingDataError
from sillok.store import Store, open_store
from sillok.store.tables import account_cash, account_execution, account_position
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


def test_it_opens_the_latest_snapshot_on_its_newest_evening(home: Path) -> None:
    d = desk.open()
    assert d.snapshot_id == snapshot(home)
    assert d.as_of == datetime(2026, 6, 30, 18, 0, tzinfo=KST)
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
    assert set(checks["severity"]) <= {"ok", "info"}
    assert {"previous", "kinds", "reason", "examples"} <= set(checks.columns)


def test_orders_go_to_the_next_session_and_settle_two_later(home: Path) -> None:
    d = desk.open()
    assert d.next_session() == date(2026, 7, 1)
    assert d.settlement(date(2026, 7, 1)) == date(2026, 7, 3)
    assert d.settlement(date(2024, 12, 27)) == date(2025, 1, 2)


@pytest.fixture
def with_account(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Give a copy of the store in which an account was recorded on two days; a position was sold on the second."""
    copy = tmp_path / "sillok.db"
    with closing(sqlite3.connect(home / "sillok.db")) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    monkeypatch.setenv("SILLOK_DATABASE_URL", f"sqlite:///{copy}")
    store = open_store(f"sqlite:///{copy}")
    store.migrate()
    seen = datetime(2026, 6, 30, 19, 0, tzinfo=KST)
    cash = dict.fromkeys(["cash_d1_krw", "cash_d2_krw", "securities_krw", "total_krw", "net_assets_krw"], 5)
    held = {"name": "가상", "sellable": 1, "cost_krw": 7, "price": 7, "value_krw": 7, "profit_krw": 0}
    order = {"symbol": "900010", "side": "sell", "order_qty": 1, "filled_qty": 1, "amount_krw": 70_001}
    with store.begin() as conn:
        for day, quantity in ((date(2026, 6, 29), 1), (date(2026, 6, 30), 0)):
            key = {"account": "0123456789ab", "date": day, "known_at": seen}
            store.upsert(conn, account_cash, [key | cash | {"cash_krw": 10**12 + day.day}], now=seen)
            prices = {"quantity": quantity, "average_price": Decimal("70000.1234")}
            store.upsert(conn, account_position, [key | held | prices | {"symbol": "900010"}], now=seen)
        filled = {"order_no": "1", "average_price": Decimal("70000.5"), "ordered_at": seen}
        store.upsert(conn, account_execution, [key | order | filled], now=seen)
    store.engine.dispose()
    return store


def test_the_account_is_that_of_the_day(with_account: Store) -> None:
    account = desk.open().account()
    assert (account.fingerprint, account.date) == ("0123456789ab", date(2026, 6, 30))
    assert (account.cash["cash_krw"], len(account.positions), len(account.executions)) == (10**12 + 30, 0, 1)
    assert account.executions.iloc[0][["symbol", "average_price"]].tolist() == ["900010", 70000.5]
    assert account.executions.index[0] == datetime(2026, 6, 30, 19, 0, tzinfo=KST)
    before = desk.open().account(date(2026, 6, 29))
    assert before.positions.loc["900010", ["quantity", "average_price"]].tolist() == [1, 70000.1234]
    assert before.executions.empty
    assert desk.open(as_of="2026-06-29").account().date == date(2026, 6, 29)


def test_a_run_cannot_read_the_account(with_account: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    d = desk.open()
    monkeypatch.setenv("SILLOK_SNAPSHOT", d.snapshot_id)
    with pytest.raises(ConfigError, match="reads its snapshot alone"):
        desk.open().account()


def test_an_account_that_is_not_there_or_not_the_only_one_is_refused(with_account: Store) -> None:
    with pytest.raises(MissingDataError, match="SILLOK_KIS_ACCOUNT"):
        desk.open().account(date(2026, 6, 26))
    with pytest.raises(MissingDataError, match="'ff'"):
        desk.open().account(fingerprint="ff")
    with with_account.begin() as conn:
        conn.execute(
            update(account_cash).where(account_cash.c.date == date(2026, 6, 29)).values(account="01ff")
        )
    with pytest.raises(ConfigError, match="2 accounts fit '01'"):
        desk.open().account(fingerprint="01")
    assert desk.open().account(fingerprint="0123").date == date(2026, 6, 30)
