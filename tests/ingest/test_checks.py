"""The checks find what is wrong with a market, and say how bad it is."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text, update

from sillok.clock import KST
from sillok.errors import MissingDataError
from sillok.ingest import CheckResult, load_market, run_checks
from sillok.store import Store, open_store
from sillok.store.tables import check_result, daily_bar, index_bar
from tests.ingest.vendor import FakeVendor

NOW = datetime(2026, 6, 30, 18, 30, tzinfo=KST)
LAST = date(2026, 6, 30)


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
async def loaded(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Store, str]:
    on_mariadb = request.param == "mariadb"
    store = open_store(
        request.getfixturevalue("fresh_mariadb") if on_mariadb else f"sqlite:///{tmp_path / 's.db'}"
    )
    store.migrate()
    report = await load_market(FakeVendor.of(4), store, now=NOW, start=date(2026, 5, 4))
    return store, report.load_id


def check(loaded: tuple[Store, str], name: str) -> CheckResult:
    return next(result for result in run_checks(*loaded) if result.name == name)


def change(loaded: tuple[Store, str], symbol: str, day: date, **values: int) -> None:
    with loaded[0].begin() as conn:
        conn.execute(
            update(daily_bar).where(daily_bar.c.symbol == symbol, daily_bar.c.date == day).values(values)
        )


def test_a_sound_market_passes_and_the_results_are_kept(loaded: tuple[Store, str]) -> None:
    results = run_checks(*loaded)
    assert {result.severity for result in results} <= {"ok", "info"}
    with loaded[0].engine.connect() as conn:
        kept = conn.execute(select(check_result).where(check_result.c.load_id == loaded[1])).all()
    assert {row.name: row.severity for row in kept} == {result.name: result.severity for result in results}


def test_running_again_replaces_the_results(loaded: tuple[Store, str]) -> None:
    run_checks(*loaded)
    assert run_checks(*loaded) == run_checks(*loaded)


@pytest.mark.parametrize("prices", [{"low": 99_999}, {"high": 1}, {"close": 0}, {"volume": -1}, {"open": 0}])
def test_prices_out_of_order_are_an_error(loaded: tuple[Store, str], prices: dict[str, int]) -> None:
    change(loaded, "900010", LAST, **prices)
    found = check(loaded, "price_order")
    assert (found.severity, found.count, found.examples) == (
        "error",
        1,
        [{"symbol": "900010", "date": "2026-06-30"}],
    )


def test_a_close_beyond_the_limit_is_a_warning(loaded: tuple[Store, str]) -> None:
    change(loaded, "900020", LAST, close=20_000, high=20_000)
    found = check(loaded, "moves")
    assert (found.severity, found.count) == ("warn", 1)
    assert found.examples[0]["symbol"] == "900020"
    assert found.examples[0]["move"] > 0.3


def test_a_halt_is_shown_and_is_no_fault(loaded: tuple[Store, str]) -> None:
    before = check(loaded, "halted")
    change(loaded, "900030", LAST, open=0, high=0, low=0, volume=0)
    found = check(loaded, "halted")
    assert (found.severity, found.count - before.count, found.kinds["newest"]) == ("info", 1, 1)
    assert check(loaded, "price_order").severity == "ok"


def test_a_hole_in_a_history_is_a_warning(loaded: tuple[Store, str]) -> None:
    with loaded[0].begin() as conn:
        conn.execute(
            delete(daily_bar).where(daily_bar.c.symbol == "900010", daily_bar.c.date == date(2026, 6, 10))
        )
    found = check(loaded, "gaps")
    assert (found.severity, found.count, found.examples[0]["symbol"]) == ("warn", 1, "900010")


def test_bars_that_end_early_are_stale_and_too_many_of_them_an_error(loaded: tuple[Store, str]) -> None:
    with loaded[0].begin() as conn:
        conn.execute(delete(daily_bar).where(daily_bar.c.symbol == "900010", daily_bar.c.date == LAST))
    assert check(loaded, "stale").examples == [{"symbol": "900010", "last": "2026-06-29"}]
    found = check(loaded, "complete")
    assert (found.severity, found.count) == ("error", 1)


def test_an_index_that_ends_early_is_an_error(loaded: tuple[Store, str]) -> None:
    with loaded[0].begin() as conn:
        conn.execute(delete(index_bar).where(index_bar.c.code == "KOSDAQ", index_bar.c.date == LAST))
    found = check(loaded, "indices")
    assert (found.severity, found.examples) == ("error", [{"code": "KOSDAQ", "last": "2026-06-29"}])


def test_a_session_without_any_index_is_an_error_when_it_is_recent(loaded: tuple[Store, str]) -> None:
    with loaded[0].begin() as conn:
        conn.execute(delete(index_bar).where(index_bar.c.date == date(2026, 6, 29)))
    found = check(loaded, "sessions")
    assert (found.severity, found.examples) == (
        "error",
        [{"date": "2026-06-29", "calendar": True, "index": False}],
    )


def test_an_unknown_load_is_refused(loaded: tuple[Store, str]) -> None:
    with pytest.raises(MissingDataError, match="there is no load"):
        run_checks(loaded[0], "0" * 32)


def test_a_check_never_writes_into_the_market(loaded: tuple[Store, str]) -> None:
    with loaded[0].engine.connect() as conn:
        before = conn.execute(text("SELECT * FROM daily_bar")).all()
    run_checks(*loaded)
    with loaded[0].engine.connect() as conn:
        assert conn.execute(text("SELECT * FROM daily_bar")).all() == before
