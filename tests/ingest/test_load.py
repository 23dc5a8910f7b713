"""A load brings what is missing and no more, goes on where it broke off, and finds a rewritten past."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from sillok import clock
from sillok.clock import KST
from sillok.errors import ConfigError, DataError, MissingDataError, ResourceError, RetriableVendorError
from sillok.ingest import LoadReport, Plan, Scope, load_market
from sillok.store import Store, open_store
from sillok.store.revisions import read_changes
from sillok.store.tables import daily_bar, issue, load, session
from tests.ingest.vendor import FakeVendor

START = date(2026, 3, 2)
TUESDAY = datetime(2026, 6, 30, 18, 30, tzinfo=KST)
WEDNESDAY = TUESDAY + timedelta(days=1)
SESSIONS = clock.sessions(START, date(2026, 7, 1))


async def run(
    vendor: FakeVendor, store: Store, now: datetime = TUESDAY, start: date = START, **scope: Any
) -> LoadReport:
    return await load_market(
        vendor, store, now=now, start=start, delistings=vendor.delistings(), scope=Scope(**scope)
    )


def bars(store: Store) -> list[tuple]:
    columns = [column for column in daily_bar.c if column.name not in {"known_at", "recorded_at"}]
    with store.engine.connect() as conn:
        return [
            tuple(row)
            for row in conn.execute(select(*columns).order_by(daily_bar.c.symbol, daily_bar.c.date))
        ]


async def test_every_bar_in_the_store_equals_the_vendors(store: Store) -> None:
    vendor = FakeVendor.of(5)
    vendor.change("900020", delisted_on=date(2026, 5, 6))
    vendor.change("900030", listed_on=date(2026, 6, 1))
    report = await run(vendor, store)
    given = []
    for one in vendor.issues.values():
        given += [
            one.bar(day) for day in SESSIONS if (one.listed_on or day) <= day < (one.delisted_on or date.max)
        ]
    assert bars(store) == given
    assert report.counts["daily_bars"] == {"inserted": len(given), "changed": 0, "same": 0}
    assert report.counts["index_bars"]["inserted"] == 3 * len(SESSIONS)
    assert report.counts["sessions"]["inserted"] == len(SESSIONS)
    assert (report.source, report.through, report.calls) == ("synthetic", date(2026, 6, 30), vendor.calls)


async def test_a_bar_is_known_at_the_close_of_its_session_and_recorded_now(store: Store) -> None:
    await run(FakeVendor.of(1), store)
    with store.engine.connect() as conn:
        for row in conn.execute(select(daily_bar)):
            assert (row.known_at, row.recorded_at) == (clock.session_close(row.date), TUESDAY)


async def test_a_second_load_adds_nothing_and_asks_for_no_bar(store: Store) -> None:
    vendor = FakeVendor.of(4)
    await run(vendor, store)
    vendor.asked.clear()
    report = await run(vendor, store, TUESDAY + timedelta(hours=1))
    assert vendor.asked == []
    assert all(rows["inserted"] == rows["changed"] == 0 for rows in report.counts.values())


async def test_the_next_days_load_asks_for_a_few_sessions_and_adds_one(store: Store) -> None:
    vendor = FakeVendor.of(2)
    await run(vendor, store)
    vendor.asked.clear()
    report = await run(vendor, store, WEDNESDAY)
    assert {(start, end) for _, start, end in vendor.asked} == {(SESSIONS[-5], date(2026, 7, 2))}
    assert report.counts["daily_bars"] == {"inserted": 2, "changed": 0, "same": 10}


async def test_before_the_close_the_running_session_is_not_asked_for(store: Store) -> None:
    vendor = FakeVendor.of(1)
    report = await run(vendor, store, TUESDAY.replace(hour=15, minute=29))
    assert report.through == date(2026, 6, 29)
    assert bars(store)[-1][1] == date(2026, 6, 29)


async def test_a_market_that_stands_still_is_loaded_to_its_own_last_day(store: Store) -> None:
    report = await run(FakeVendor.of(1, today=date(2026, 5, 31), source="replay"), store)
    assert report.through == date(2026, 5, 29)


async def test_a_split_is_found_in_the_overlap_and_the_past_is_revised(store: Store) -> None:
    vendor = FakeVendor.of(3)
    await run(vendor, store)
    before = bars(store)
    vendor.change("900020", factor=5, factor_from=date(2026, 7, 1))
    report = await run(vendor, store, WEDNESDAY)
    after = bars(store)
    assert report.refetched == ("900020",)
    assert report.counts["daily_bars"]["inserted"] == 3
    assert [row for row in after if row[0] == "900020"] == [
        vendor.issues["900020"].bar(day) for day in [*SESSIONS, date(2026, 7, 1)]
    ]
    changed = [old for old in before if old not in after]
    with store.engine.connect() as conn:
        kept = read_changes(conn, daily_bar)
        known = set(
            conn.execute(
                select(daily_bar.c.known_at).where(daily_bar.c.symbol == "900020", daily_bar.c.open > 0)
            ).scalars()
        )
    assert {(*change.key, change.old["close"]) for change in kept} == {
        (old[0], old[1], old[5]) for old in changed
    }
    assert known == {clock.session_close(date(2026, 7, 1))}


async def test_a_load_that_broke_off_goes_on_where_it_stopped(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sillok.ingest.pipeline._ROWS_A_BATCH", 1)
    monkeypatch.setattr("sillok.ingest.pipeline._WAITING", 1)
    vendor = FakeVendor.of(60, fail_after=50)
    with pytest.raises(RetriableVendorError, match="EGW00201"):
        await run(vendor, store, named=("daily_bars",))
    done = {row[0] for row in bars(store)}
    assert 0 < len(done) < 60
    vendor.fail_after = None
    vendor.asked.clear()
    await run(vendor, store, named=("daily_bars",))
    assert {key for key, *_ in vendor.asked} == vendor.issues.keys() - done
    assert len(bars(store)) == 60 * len(SESSIONS)
    with store.engine.connect() as conn:
        rows = conn.execute(select(load.c.status, load.c.error).order_by(load.c.status)).all()
    assert [row.status for row in rows] == ["done", "failed"]
    assert rows[1].error.startswith("RetriableVendorError: EGW00201")


async def test_a_load_whose_process_died_is_marked_failed_by_the_next(store: Store) -> None:
    with store.begin() as conn:
        dead = {
            "id": "0" * 32,
            "source": "synthetic",
            "status": "running",
            "started_at": TUESDAY,
            "through": START,
        }
        conn.execute(load.insert().values(dead))
    await run(FakeVendor.of(1), store)
    with store.engine.connect() as conn:
        row = conn.execute(select(load).where(load.c.id == "0" * 32)).one()
    assert (row.status, row.error) == ("failed", "interrupted: the process ended before the load did")


async def test_two_loads_at_once_are_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'sillok.db'}")
    store.migrate()
    vendor = FakeVendor.of(3)
    refused: list[str] = []

    def begin_another(_plan: Plan) -> None:
        with pytest.raises(ResourceError, match="another load already runs") as failure:
            asyncio.run(load_market(FakeVendor.of(3), store, now=TUESDAY, start=START))
        refused.append(str(failure.value))

    def show(plan: Plan) -> None:
        thread = threading.Thread(target=begin_another, args=(plan,))
        thread.start()
        thread.join()

    report = await load_market(vendor, store, now=TUESDAY, start=START, show=show)
    assert len(refused) == 1
    with store.engine.connect() as conn:
        assert conn.execute(select(load.c.id, load.c.status)).all() == [(report.load_id, "done")]


async def test_an_earlier_start_brings_the_earlier_history(store: Store) -> None:
    vendor = FakeVendor.of(2)
    await run(vendor, store)
    earlier = clock.sessions(date(2026, 2, 2), START)
    report = await run(vendor, store, start=date(2026, 2, 2))
    assert report.counts["daily_bars"] == {
        "inserted": 2 * len(earlier),
        "changed": 0,
        "same": 2 * len(SESSIONS),
    }
    assert (await run(vendor, store)).counts["daily_bars"]["inserted"] == 0


async def test_a_store_of_one_source_refuses_another(store: Store) -> None:
    await run(FakeVendor.of(1), store)
    with pytest.raises(ConfigError, match=r"'synthetic' market.*'kis'"):
        await run(FakeVendor.of(1, source="kis"), store)


async def test_an_issue_that_is_delisted_keeps_what_was_known_and_gains_its_last_day(store: Store) -> None:
    vendor = FakeVendor.of(2)
    await run(vendor, store)
    vendor.change("900010", delisted_on=date(2026, 7, 1))
    await run(vendor, store, WEDNESDAY)
    with store.engine.connect() as conn:
        row = conn.execute(select(issue).where(issue.c.symbol == "900010")).one()
    assert (row.industry, row.shares, row.delisted_on) == ("전기·전자", 1_000_000, date(2026, 7, 1))
    assert [bar[1] for bar in bars(store) if bar[0] == "900010"][-1] == date(2026, 6, 30)


async def test_funds_and_notes_are_left_to_another_day(store: Store) -> None:
    vendor = FakeVendor.of(2)
    vendor.change("900010", security_type="EF")
    await run(vendor, store)
    assert {row[0] for row in bars(store)} == {"900020"}


async def test_an_empty_market_is_refused(store: Store) -> None:
    with pytest.raises(MissingDataError, match="market is empty"):
        await run(FakeVendor.of(0), store)


async def test_a_start_in_the_future_is_refused(store: Store) -> None:
    with pytest.raises(DataError, match="no KRX session"):
        await run(FakeVendor.of(1), store, start=date(2026, 8, 1))


async def test_a_bar_that_was_not_asked_for_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = FakeVendor.of(1)
    stranger = replace(vendor.issues["900010"], symbol="900099")

    async def answer(*_: object) -> list[tuple]:
        return [stranger.bar(SESSIONS[0])]

    monkeypatch.setattr(vendor, "daily_bars", answer)
    with pytest.raises(DataError, match="got a row of 900099"):
        await run(vendor, store)
    assert bars(store) == []


@pytest.mark.parametrize(("wrong", "ends_well"), [(1, True), (2, False)])
async def test_one_answer_in_a_hundred_may_be_wrong_and_is_left_for_the_next_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: int, ends_well: bool
) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'sillok.db'}")
    store.migrate()
    vendor = FakeVendor.of(100)
    strangers = list(vendor.issues)[:wrong]
    genuine = vendor.daily_bars

    async def answer(symbol: str, start: date, end: date) -> list[tuple]:
        rows = await genuine(symbol, start, end)
        return rows[:1] * 2 if symbol in strangers else rows

    with monkeypatch.context() as patch:
        patch.setattr(vendor, "daily_bars", answer)
        if not ends_well:
            with pytest.raises(DataError, match="came with a day twice in daily_bars"):
                await run(vendor, store, named=("daily_bars",))
            return
        report = await run(vendor, store, named=("daily_bars",))
    assert report.counts["daily_bars"]["failed"] == 1
    assert (await run(vendor, store, named=("daily_bars",))).counts["daily_bars"]["inserted"] == len(SESSIONS)


async def test_a_bar_on_a_day_without_a_session_is_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = FakeVendor.of(1)
    sunday = vendor.issues["900010"].bar(date(2026, 6, 28))

    async def answer(*_: object) -> list[tuple]:
        return [sunday]

    monkeypatch.setattr(vendor, "daily_bars", answer)
    with pytest.raises(DataError, match="2026-06-28 is not a KRX session"):
        await run(vendor, store)


async def test_a_database_locked_by_another_fails_the_load_and_loses_nothing(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'sillok.db'}", busy_timeout_s=0.05)
    store.migrate()
    vendor = FakeVendor.of(2)
    await run(vendor, store)
    before = bars(store)
    with store.begin(), pytest.raises(ResourceError, match="locked by another writer"):
        await run(vendor, store, WEDNESDAY)
    assert bars(store) == before
    assert (await run(vendor, store, WEDNESDAY)).counts["daily_bars"]["inserted"] == 2


async def test_the_vendors_error_is_told_also_where_the_database_cannot_record_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'sillok.db'}", busy_timeout_s=0.05)
    store.migrate()

    def away(*_: object, **__: object) -> None:
        raise ResourceError("the database is away")

    monkeypatch.setattr("sillok.ingest.record.LoadRecord.set", away)
    with pytest.raises(RetriableVendorError, match="EGW00201"):
        await run(FakeVendor.of(2, fail_after=1), store)
    monkeypatch.undo()
    await run(FakeVendor.of(2), store)
    with store.engine.connect() as conn:
        rows = conn.execute(select(load.c.status, load.c.error).order_by(load.c.status)).all()
    assert [row.status for row in rows] == ["done", "failed"]
    assert rows[1].error.startswith("interrupted: ")


async def test_progress_tells_each_stage_to_its_end(store: Store) -> None:
    told: list[tuple[str, int, int]] = []
    await load_market(
        FakeVendor.of(3), store, now=TUESDAY, start=START, progress=lambda *step: told.append(step)
    )
    ended = {stage: total for stage, done, total in told if done == total}
    assert ended == {
        "listings": 1, "sessions": 1, "corporate_actions": 42, "index_bars": 3, "daily_bars": 3, "raw_bars": 3,
        "investor_days": 3, "statements": 3, "rates": 3,
    }  # fmt: skip


async def test_the_sessions_in_the_store_are_those_of_the_exchange(store: Store) -> None:
    await run(FakeVendor.of(1), store)
    with store.engine.connect() as conn:
        assert conn.execute(select(func.count()).select_from(session)).scalar() == len(SESSIONS)
