"""Wherever a load breaks off, the next one ends at the store that an undisturbed load would have made."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from sillok import clock
from sillok.clock import KST
from sillok.errors import RetriableVendorError
from sillok.ingest import Scope, load_market
from sillok.store import Store, open_store
from sillok.store.tables import (
    account_cash,
    account_execution,
    account_position,
    corporate_action,
    daily_bar,
    index_bar,
    investor_day,
    issue,
    overseas_bar,
    rate_bar,
    raw_bar,
    session,
    statement,
    watermark,
)
from tests.ingest.survival import superseded
from tests.ingest.vendor import FakeVendor, action

START = date(2026, 5, 4)
FIRST = datetime(2026, 6, 30, 18, 30, tzinfo=KST)
SECOND = FIRST + timedelta(days=7)
RECORD = date(2026, 6, 26)
SCOPE = Scope(overseas=("NAS:XFAKE",), account="0123456789ab")
TABLES = (
    issue, session, daily_bar, raw_bar, index_bar, investor_day, statement, corporate_action, rate_bar, overseas_bar,
    account_cash, account_position, account_execution, watermark,
)  # fmt: skip


def first_evening() -> FakeVendor:
    vendor = FakeVendor.of(12, full_days=frozenset({RECORD}))
    vendor.change("900120", delisted_on=date(2026, 6, 11))
    vendor.actions = [action(symbol, "dividend", RECORD, cash_krw=100) for symbol in vendor.issues]
    vendor.hold("900010", 7)
    vendor.order(date(2026, 6, 29), "0000001", "900010")
    return vendor


def second_evening() -> FakeVendor:
    """Return the vendor a week later: a split, a bonus issue, corrections, a lost bar, a restated value, a delisting."""
    vendor = first_evening()
    vendor.change("900020", factor=5, factor_from=date(2026, 7, 1))
    vendor.change("900110", delisted_on=date(2026, 7, 1))
    vendor.actions = [action(symbol, "dividend", RECORD, cash_krw=120) for symbol in vendor.issues]
    vendor.actions += [action("900030", "bonus", date(2026, 6, 30), ex_date=date(2026, 7, 1))]
    vendor.closes["900040", clock.sessions(START, date(2026, 7, 1))[-2]] = 12_345
    vendor.missing.add(("900050", date(2026, 6, 29)))
    vendor.sales = {(symbol, "annual", date(2025, 12, 31)): 7 for symbol in vendor.issues}
    vendor.hold("900010", 0)
    return vendor


def make_store(path: Path) -> Store:
    store = open_store(f"sqlite:///{path}")
    store.migrate()
    return store


async def run(vendor: FakeVendor, store: Store, now: datetime) -> None:
    gone = vendor.delistings()
    await load_market(vendor, store, now=now, start=START, delistings=gone, scope=SCOPE)


def read(store: Store, table: Table, without: frozenset[str] = frozenset()) -> list[tuple[Any, ...]]:
    columns = [column for column in table.columns if column.name not in without]
    with store.engine.connect() as conn:
        return sorted((tuple(row) for row in conn.execute(select(*columns))), key=repr)


def contents(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    facts = {table.name: read(store, table) for table in TABLES}
    with store.read() as conn:
        return facts | {"revision": superseded(conn)}


@pytest.mark.parametrize("step", [13, 59])
async def test_a_load_that_breaks_off_again_and_again_ends_as_an_undisturbed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    calm, disturbed = make_store(tmp_path / "calm.db"), make_store(tmp_path / "disturbed.db")
    for vendor, now in ((first_evening(), FIRST), (second_evening(), SECOND)):
        await run(vendor, calm, now)
    whole = contents(calm)
    assert {row[0] for row in whole["revision"]} >= {"daily_bar", "raw_bar", "statement", "corporate_action"}

    monkeypatch.setattr("sillok.ingest.pipeline._ASKS_A_BATCH", 5)
    monkeypatch.setattr("sillok.ingest.pipeline._WAITING", 2)
    failures = 0
    for vendor, now in ((first_evening(), FIRST), (second_evening(), SECOND)):
        allowed = step
        while True:
            vendor.fail_after, vendor.calls = allowed, 0
            try:
                await run(vendor, disturbed, now)
                break
            except RetriableVendorError:
                failures += 1
                allowed += step
    assert failures >= 3
    assert contents(disturbed) == whole


async def test_a_night_after_a_night_that_was_lost_makes_it_up(tmp_path: Path) -> None:
    whole, late = make_store(tmp_path / "whole.db"), make_store(tmp_path / "late.db")
    for now in (FIRST, SECOND, SECOND + timedelta(days=1)):
        await run(first_evening(), whole, now)
    for now in (FIRST, SECOND + timedelta(days=1)):
        await run(first_evening(), late, now)
    for table in (daily_bar, raw_bar, investor_day, index_bar, rate_bar, overseas_bar):
        unlike = frozenset({"recorded_at"})
        assert read(late, table, unlike) == read(whole, table, unlike), table
    assert len(read(late, daily_bar)) > 12 * 30


@pytest.mark.parametrize(
    "lost", [slice(None), slice(0, -3), slice(-7, -2)], ids=["all", "all but three", "five"]
)
async def test_bars_that_were_not_told_at_first_are_asked_for_once_they_are(
    tmp_path: Path, lost: slice
) -> None:
    days = clock.sessions(START, date(2026, 7, 1))
    vendor, store = first_evening(), make_store(tmp_path / "a.db")
    vendor.missing = {("900050", day) for day in days[lost]}
    await run(vendor, store, FIRST)
    vendor.missing = set()
    await run(vendor, store, SECOND)
    whole = make_store(tmp_path / "b.db")
    await run(first_evening(), whole, SECOND)
    columns = frozenset({"recorded_at", "known_at"})
    assert read(store, daily_bar, columns) == read(whole, daily_bar, columns)
