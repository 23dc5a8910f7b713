"""A history that came with a hole, under success: it is asked for whole when the issue's turn comes, and heals."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

from sillok import clock
from sillok.clock import KST
from sillok.ingest.asks import Spans, is_due
from sillok.ingest.holes import find_holed
from sillok.store import Store, read_marks
from sillok.store.tables import daily_bar, raw_bar
from tests.ingest.test_resume import FIRST, START, first_evening, make_store, read, run

DAY = timedelta(days=1)
DAYS = clock.sessions(START, FIRST.date() + DAY)
HOLED, GONE, UNKNOWN = "900050", "900120", "900060"
LATER = clock.sessions(FIRST.date() + DAY, FIRST.date() + 29 * DAY)


async def holed_store(path: Path) -> Store:
    vendor, store = first_evening(), make_store(path)
    vendor.missing = {(symbol, day) for symbol in (HOLED, GONE) for day in DAYS[3:8]}
    vendor.missing |= {(UNKNOWN, day) for day in DAYS}
    await run(vendor, store, FIRST)
    return store


def holed_on(store: Store, through: date) -> set[str]:
    symbols = first_evening().issues
    of = {symbol: (START, date(2026, 6, 11) if symbol == GONE else through + DAY) for symbol in symbols}
    spans = Spans(of, clock.sessions(START, through + DAY), 100, dict.fromkeys(symbols, date(2010, 1, 4)))
    with store.read() as conn:
        return find_holed(conn, daily_bar, spans, read_marks(conn, "daily_bar"), through)


async def test_a_history_with_a_hole_has_its_turn_once_in_twenty_weekdays(tmp_path: Path) -> None:
    store = await holed_store(tmp_path / "a.db")
    turns = [day for day in LATER if is_due(HOLED, FIRST.date(), day)]
    assert turns
    assert [day for day in LATER if holed_on(store, day)] == turns
    assert holed_on(store, turns[0]) == {HOLED}, (
        "delisted issues, and those without a history, are left alone"
    )
    assert holed_on(store, FIRST.date()) == set()
    with store.read() as conn:
        none = find_holed(conn, raw_bar, Spans({}, DAYS, 100), {}, FIRST.date())
    assert none == set()


async def test_it_heals_in_the_load_of_its_turn(tmp_path: Path) -> None:
    store = await holed_store(tmp_path / "a.db")
    turn = next(day for day in LATER if is_due(HOLED, FIRST.date(), day))
    evening = datetime(turn.year, turn.month, turn.day, 18, 30, tzinfo=KST)
    vendor = first_evening()
    await run(vendor, store, evening)
    assert [ask for ask in vendor.asked if ask[0] == HOLED] == [(HOLED, START, turn + DAY)]
    held = sorted(row[1] for row in read(store, daily_bar) if row[0] == HOLED)
    assert held == clock.sessions(START, turn + DAY)


async def test_a_day_that_the_whole_market_lacks_is_no_issue_s_hole(tmp_path: Path) -> None:
    vendor, store = first_evening(), make_store(tmp_path / "a.db")
    genuine = vendor.index_bars

    async def lacking(code: str, start: date, end: date) -> list[tuple]:
        return [row for row in await genuine(code, start, end) if row[1] != DAYS[4]]

    vendor.index_bars = lacking  # type: ignore[method-assign]
    vendor.missing = {(symbol, DAYS[4]) for symbol in vendor.issues}
    await run(vendor, store, FIRST)
    assert [day for day in LATER if holed_on(store, day)] == []
