"""Each dataset lands whole, is known from an honest instant on, and is asked for no more than it must be."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from sillok import clock
from sillok.clock import KST
from sillok.errors import ConfigError
from sillok.ingest import DATASETS, LoadReport, Scope, fingerprint, load_market, plan_load
from sillok.ingest.asks import is_due
from sillok.ingest.datasets import dataset_table
from sillok.kis import records
from sillok.store import Store, open_store
from sillok.store.revisions import Change, read_changes
from sillok.store.tables import (
    account_cash,
    account_execution,
    account_position,
    corporate_action,
    daily_bar,
    index_bar,
    investor_day,
    load,
    overseas_bar,
    rate_bar,
    raw_bar,
    statement,
    watermark,
)
from tests.ingest.vendor import PERIODS, FakeVendor, action

ROOT = Path(__file__).resolve().parents[2]
START = date(2026, 3, 2)
TUESDAY = datetime(2026, 6, 30, 18, 30, tzinfo=KST)
WEDNESDAY = TUESDAY + timedelta(days=1)
SESSIONS = clock.sessions(START, date(2026, 7, 1))
DAY = timedelta(days=1)
SPLIT_DAY = date(2026, 7, 1)


@pytest.fixture
def lite(tmp_path: Path) -> Store:
    store = open_store(f"sqlite:///{tmp_path / 'lite.db'}")
    store.migrate()
    return store


async def run(vendor: FakeVendor, store: Store, now: datetime = TUESDAY, **scope: Any) -> LoadReport:
    return await load_market(
        vendor, store, now=now, start=START, delistings=vendor.delistings(), scope=Scope(**scope)
    )  # fmt: skip


def read(store: Store, table: Table, **where: object) -> list[Any]:
    query = select(table).order_by(*table.primary_key.columns)
    with store.engine.connect() as conn:
        return list(conn.execute(query.where(*(table.c[name] == value for name, value in where.items()))))


def changes(store: Store, table: Table) -> list[Change]:
    with store.engine.connect() as conn:
        return read_changes(conn, table)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), KST)


def test_the_readme_tells_the_rules_of_every_dataset() -> None:
    assert dataset_table() in (ROOT / "lib" / "sillok" / "ingest" / "README.md").read_text()
    assert len({one.name for one in DATASETS}) == len(DATASETS)


@pytest.mark.parametrize(
    ("record", "table"),
    [
        (records.DailyBar, daily_bar),
        (records.RawBar, raw_bar),
        (records.IndexBar, index_bar),
        (records.InvestorDay, investor_day),
        (records.CorporateAction, corporate_action),
        (records.OverseasBar, overseas_bar),
        (records.RateBar, rate_bar),
        (records.Execution, account_execution),
    ],
)
def test_the_clients_records_have_the_fields_of_the_tables_in_their_order(record: type, table: Table) -> None:
    ours = [
        name
        for name in (column.name for column in table.columns)
        if name not in {"account", "number", "known_at", "recorded_at"}
    ]
    assert list(record._fields) == ours


def test_a_statement_is_made_of_the_three_records_in_their_order() -> None:
    kinds = (records.IncomeStatement, records.BalanceSheet, records.FinancialRatio)
    fields = [name for kind in kinds for name in kind._fields[3:]]
    assert ["symbol", "basis", "period", *fields, "known_at", "recorded_at"] == [
        column.name for column in statement.columns
    ]


def test_an_unknown_dataset_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown datasets \['bars'\]; choose from \['listings', "):
        Scope(named=("bars",))


async def test_every_dataset_lands_on_both_databases_and_a_second_load_changes_nothing(store: Store) -> None:
    vendor = FakeVendor.of(3)
    vendor.actions = [action("900010", "bonus", date(2026, 5, 4), ratio_pct=Decimal("20.5"))]
    vendor.hold("900010", 7)
    vendor.order(date(2026, 6, 29), "0000001", "900010")
    wishes = {"overseas": ("NAS:XFAKE",), "account": "0123456789ab"}
    report = await run(vendor, store, **wishes)
    inserted = {name: rows["inserted"] for name, rows in report.counts.items()}
    periods = sum(map(len, PERIODS.values()))
    weekdays = sum((START + DAY * n).weekday() < 5 for n in range((date(2026, 6, 29) - START).days + 1))
    assert inserted == {
        "listings": 3, "sessions": len(SESSIONS), "corporate_actions": 1, "index_bars": 3 * len(SESSIONS),
        "daily_bars": 3 * len(SESSIONS), "raw_bars": 3 * len(SESSIONS), "investor_days": 3 * len(SESSIONS),
        "statements": 3 * periods, "rates": 3 * (weekdays - 1), "overseas_bars": weekdays - 1, "account": 3,
    }  # fmt: skip
    assert report.skipped == {}
    calls = vendor.calls
    again = await run(vendor, store, TUESDAY + timedelta(hours=1), **wishes)
    assert all(rows["inserted"] == rows["changed"] == 0 for name, rows in again.counts.items())
    assert vendor.calls - calls == 2 + 2  # the master files, and the account as it stands now


async def test_no_row_is_known_before_what_it_speaks_of_has_ended_nor_after_the_load(lite: Store) -> None:
    vendor = FakeVendor.of(2)
    vendor.actions = [action("900010", kind, date(2026, 4, 30)) for kind in ("dividend", "rights", "split")]
    await run(vendor, lite, overseas=("NAS:XFAKE", "HKS:00700"))
    for table in (daily_bar, raw_bar, index_bar):
        assert all(row.known_at == clock.session_close(row.date) for row in read(lite, table)), table
    for row in read(lite, investor_day):
        assert row.known_at == clock.session_close(row.date) + timedelta(hours=2, minutes=30)
    for row in read(lite, rate_bar):
        assert row.known_at == at(row.date + DAY, 9)
    for row in read(lite, overseas_bar):
        assert row.known_at >= at(row.date, 17)
    for row in read(lite, statement):
        assert row.known_at > at(row.period, 18) + timedelta(days=44)
    for row in read(lite, corporate_action):
        assert row.known_at >= at(row.record_date, 15, 30)
    tables = (
        daily_bar,
        raw_bar,
        index_bar,
        investor_day,
        rate_bar,
        overseas_bar,
        statement,
        corporate_action,
    )
    for table in tables:
        assert all(row.known_at <= TUESDAY for row in read(lite, table)), table


async def test_a_bar_abroad_is_known_at_its_own_close_in_summer_and_in_winter(lite: Store) -> None:
    await run(FakeVendor.of(1), lite, overseas=("NAS:XFAKE",), named=("overseas_bars",))
    known = {row.date: row.known_at.astimezone(KST) for row in read(lite, overseas_bar)}
    assert known[date(2026, 3, 5)] == at(date(2026, 3, 6), 6)  # New York on winter time
    assert known[date(2026, 6, 26)] == at(date(2026, 6, 27), 5)
    assert max(known) == date(2026, 6, 29)


# ---- statements
async def test_a_statement_is_known_at_its_legal_deadline_never_at_its_periods_end(lite: Store) -> None:
    await run(FakeVendor.of(1), lite)
    known = {(row.basis, row.period): row.known_at.astimezone(KST) for row in read(lite, statement)}
    assert known["annual", date(2025, 12, 31)] == at(date(2026, 4, 1), 18)
    assert known["quarter", date(2025, 12, 31)] == at(date(2026, 4, 1), 18)
    assert known["quarter", date(2025, 9, 30)] == at(date(2025, 11, 15), 18)
    assert known["quarter", date(2025, 6, 30)] == at(date(2025, 8, 15), 18)


async def test_a_statement_that_is_seen_before_its_deadline_is_known_from_then_on(lite: Store) -> None:
    early = at(date(2026, 5, 4), 18, 30)
    await run(FakeVendor.of(1), lite, early)
    (row,) = read(lite, statement, basis="quarter", period=date(2026, 3, 31))
    assert row.known_at == early


async def test_a_statement_that_was_not_there_after_its_deadline_is_known_when_it_came(lite: Store) -> None:
    vendor = FakeVendor.of(1)
    vendor.periods["quarter"] = [day for day in PERIODS["quarter"] if day < date(2026, 1, 1)]
    await run(vendor, lite)
    vendor.periods = dict(PERIODS)
    later = TUESDAY + timedelta(days=35)
    await run(vendor, lite, later)
    (row,) = read(lite, statement, period=date(2026, 3, 31))
    assert row.known_at == later


async def test_a_restated_value_is_a_revision_known_when_it_was_seen(lite: Store) -> None:
    vendor = FakeVendor.of(1)
    await run(vendor, lite)
    vendor.sales["900010", "annual", date(2024, 12, 31)] = 7
    later = TUESDAY + timedelta(days=35)
    report = await run(vendor, lite, later)
    assert report.counts["statements"]["changed"] == 1
    (row,) = read(lite, statement, basis="annual", period=date(2024, 12, 31))
    (old,) = changes(lite, statement)
    assert (row.sales_krw, row.known_at, row.cost_of_sales_krw) == (7, later, 1)
    assert (old.old["sales_krw"], old.new["sales_krw"]) == (2024 * 10**8, 7)
    assert old.old_known_at.astimezone(KST) == at(date(2025, 4, 1), 18)


async def test_a_part_that_the_vendor_no_longer_reaches_back_to_stays(lite: Store) -> None:
    vendor = FakeVendor.of(1)
    await run(vendor, lite)
    before = read(lite, statement, basis="quarter")
    vendor.periods["quarter"] = PERIODS["quarter"][1:]  # the balance sheet's four newest move on too
    report = await run(vendor, lite, TUESDAY + timedelta(days=35))
    assert read(lite, statement, basis="quarter") == before
    assert "vanished" not in report.counts["statements"]


async def test_a_period_that_has_not_ended_is_left_out_and_counted(lite: Store) -> None:
    vendor = FakeVendor.of(1)
    vendor.periods["annual"] = [*PERIODS["annual"], date(2026, 12, 31)]
    report = await run(vendor, lite)
    assert report.counts["statements"]["left_out"] == 1
    assert not read(lite, statement, period=date(2026, 12, 31))


async def test_every_issues_statements_have_their_turn_once_in_20_weekdays(lite: Store) -> None:
    vendor = FakeVendor.of(40)
    await run(vendor, lite)
    vendor.asked_of.clear()
    days = clock.sessions(date(2026, 7, 1), date(2026, 7, 29))
    for day in days:
        await run(vendor, lite, at(day, 18, 30), named=("statements",))
    asked = Counter(one[1] for one in vendor.asked_of if one[0] == "income_statements")
    assert asked == dict.fromkeys(vendor.issues, 2)  # annual and quarterly, once
    assert len(days) == 20


async def test_an_answer_that_cannot_be_trusted_is_left_for_the_next_load(
    lite: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = FakeVendor.of(2)
    genuine = vendor.balance_sheets

    async def answer(symbol: str, basis: str) -> list[tuple]:
        wrong = [(symbol, "half", date(2025, 12, 31), *[1] * 8)]
        return wrong if symbol == "900010" else await genuine(symbol, basis)

    with monkeypatch.context() as patch:
        patch.setattr(vendor, "balance_sheets", answer)
        report = await run(vendor, lite)
    assert {row.symbol for row in read(lite, statement)} == {"900020"}
    assert report.counts["statements"]["failed"] == 1
    (failure,) = report.failures
    assert failure.startswith("statements 900010: asked for the annual statements of 900010, got ")
    with lite.engine.connect() as conn:
        assert conn.execute(select(load.c.plan)).scalar_one()["failures"] == [failure]
    assert (await run(vendor, lite)).failures == ()
    assert {row.symbol for row in read(lite, statement)} == {"900010", "900020"}


# ---- corporate actions
async def test_an_action_is_known_when_it_was_seen_or_by_a_rule_if_it_was_there_before(lite: Store) -> None:
    vendor = FakeVendor.of(1)
    record = date(2026, 3, 31)
    paid, unpaid = (
        action("900010", "dividend", record, pay_date=date(2026, 4, 24)),
        action("900020", "dividend", record),
    )
    vendor.actions = [
        paid,
        unpaid,
        action("900010", "bonus", record),
        action("900010", "split", date(2026, 7, 20)),
    ]
    await run(vendor, lite)
    vendor.actions += [
        action("900030", "bonus", date(2026, 6, 1)),
        action("900030", "bonus", date(2026, 8, 3)),
    ]
    await run(vendor, lite, WEDNESDAY)
    known = {
        (row.symbol, row.kind, row.record_date.month): row.known_at for row in read(lite, corporate_action)
    }
    assert known == {
        ("900010", "dividend", 3): at(date(2026, 4, 24), 18),
        ("900020", "dividend", 3): at(record + timedelta(days=90), 18),
        ("900010", "bonus", 3): at(record, 18),
        ("900010", "split", 7): TUESDAY,
        ("900030", "bonus", 6): WEDNESDAY,
        ("900030", "bonus", 8): WEDNESDAY,
    }


async def test_several_actions_of_a_day_keep_their_numbers(lite: Store) -> None:
    vendor = FakeVendor.of(1)
    record = date(2026, 6, 1)
    one, two = (action("900010", "rights", record, price_krw=price) for price in (1_000, 2_000))
    vendor.actions = [two]
    await run(vendor, lite)
    vendor.actions = [one, two, two]
    report = await run(vendor, lite, WEDNESDAY)
    assert report.counts["corporate_actions"] == {"inserted": 2, "changed": 0, "same": 1}
    vendor.actions = [one, action("900010", "rights", record, price_krw=2_500), two]
    report = await run(vendor, lite, WEDNESDAY + DAY)
    assert report.counts["corporate_actions"] == {"inserted": 0, "changed": 1, "same": 2}
    assert [row.price_krw for row in read(lite, corporate_action)] == [2_000, 1_000, 2_500]


async def test_an_action_that_takes_effect_brings_the_whole_history_again(lite: Store) -> None:
    vendor = FakeVendor.of(3)
    await run(vendor, lite)
    vendor.asked.clear()
    vendor.actions = [action("900020", "bonus", date(2026, 6, 29), ex_date=SPLIT_DAY)]
    report = await run(vendor, lite, WEDNESDAY)
    assert report.refetched == ("900020",)
    assert ("900020", SESSIONS[0], SPLIT_DAY + DAY) in vendor.asked
    assert not changes(lite, daily_bar)
    vendor.asked.clear()
    assert (await run(vendor, lite, WEDNESDAY + DAY)).refetched == ()


async def test_an_action_that_was_told_ahead_is_planned_for_its_day(lite: Store) -> None:
    vendor = FakeVendor.of(2)
    vendor.actions = [action("900020", "split", date(2026, 6, 20), list_date=SPLIT_DAY)]
    await run(vendor, lite)
    vendor.asked.clear()
    await run(vendor, lite, WEDNESDAY)
    assert [(start, end) for key, start, end in vendor.asked if key == "900020"] == [
        (SESSIONS[0], SPLIT_DAY + DAY)
    ]


async def test_a_day_with_more_actions_than_an_answer_holds_is_asked_for_issue_by_issue(lite: Store) -> None:
    year_end = date(2026, 3, 31)
    vendor = FakeVendor.of(40, full_days=frozenset({year_end}))
    vendor.actions = [action(symbol, "dividend", year_end, cash_krw=100) for symbol in vendor.issues]
    vendor.actions += [action("900010", "dividend", date(2026, 4, day)) for day in (1, 2)]
    report = await run(vendor, lite)
    assert report.counts["corporate_actions"] == {"inserted": 42, "changed": 0, "same": 0}
    by_issue = [one[4] for one in vendor.asked_of if one[0] == "corporate_actions" and one[4]]
    assert sorted(by_issue) == sorted(vendor.issues)
    vendor.asked_of.clear()
    days = clock.sessions(date(2026, 7, 1), date(2026, 7, 29))
    for day in days:
        report = await run(vendor, lite, at(day, 18, 30), named=("corporate_actions",))
        assert report.counts["corporate_actions"]["changed"] == 0
        assert "vanished" not in report.counts["corporate_actions"]
    asked = Counter(one[4] for one in vendor.asked_of if one[0] == "corporate_actions" and one[4])
    assert asked == dict.fromkeys(vendor.issues, 1)


async def test_a_cash_dividend_brings_no_history_again(lite: Store) -> None:
    vendor = FakeVendor.of(1)
    await run(vendor, lite)
    vendor.actions = [action("900010", "dividend", SPLIT_DAY, ex_date=SPLIT_DAY, cash_krw=500)]
    assert (await run(vendor, lite, WEDNESDAY)).refetched == ()


async def test_what_takes_effect_after_a_delisting_brings_nothing_again(lite: Store) -> None:
    vendor = FakeVendor.of(2)
    vendor.change("900010", delisted_on=date(2026, 5, 6))
    vendor.actions = [action("900010", "merger", date(2026, 5, 4), list_date=date(2026, 5, 20))]
    await run(vendor, lite)
    vendor.asked.clear()
    report = await run(vendor, lite, WEDNESDAY)
    assert report.refetched == ()
    assert "900010" not in {key for key, *_ in vendor.asked}


async def test_a_dividend_in_shares_brings_the_history_again(lite: Store) -> None:
    vendor = FakeVendor.of(1)
    await run(vendor, lite)
    vendor.actions = [action("900010", "dividend", SPLIT_DAY, ratio_pct=Decimal(3))]
    assert (await run(vendor, lite, WEDNESDAY)).refetched == ("900010",)


async def test_a_decimal_that_the_table_cannot_hold_is_left_for_the_next_load(lite: Store) -> None:
    vendor = FakeVendor.of(2)
    genuine = vendor.raw_bars

    async def answer(symbol: str, start: date, end: date) -> list[tuple]:
        rows = await genuine(symbol, start, end)
        return [(*row[:9], Decimal("0.123456"), row[10]) for row in rows] if symbol == "900010" else rows

    vendor.raw_bars = answer  # type: ignore[method-assign]
    report = await run(vendor, lite)
    assert report.counts["raw_bars"] == {"inserted": len(SESSIONS), "changed": 0, "same": 0, "failed": 1}


# ---- corrections
async def test_a_session_that_was_loaded_before_it_settled_is_corrected_the_same_evening(lite: Store) -> None:
    vendor = FakeVendor.of(2)
    await run(vendor, lite, at(date(2026, 6, 30), 15, 40))
    assert not read(lite, investor_day, date=date(2026, 6, 30)), "investors are filled in after the close"
    vendor.closes["900010", date(2026, 6, 30)] = 12_345
    report = await run(vendor, lite)
    assert report.counts["daily_bars"] == {"inserted": 0, "changed": 1, "same": 9}
    assert report.refetched == (), "one late correction of the newest session is no rewritten past"
    assert len(read(lite, investor_day, date=date(2026, 6, 30))) == 2
    vendor.asked.clear()
    await run(vendor, lite, TUESDAY + timedelta(hours=1))
    assert vendor.asked == []


async def test_again_finds_a_correction_of_a_settled_session(lite: Store) -> None:
    vendor = FakeVendor.of(2)
    await run(vendor, lite)
    vendor.closes["900010", date(2026, 6, 30)] = 12_345
    late = TUESDAY + timedelta(hours=2)
    assert (await run(vendor, lite, late)).counts["raw_bars"]["changed"] == 0
    report = await run(vendor, lite, late, again=True)
    assert report.counts["raw_bars"] == {"inserted": 0, "changed": 1, "same": 9}
    (old,) = changes(lite, raw_bar)
    assert old.new["close"] == 12_345


async def test_a_bar_that_vanished_is_kept_and_counted(lite: Store) -> None:
    vendor = FakeVendor.of(2)
    await run(vendor, lite)
    vendor.missing.add(("900010", SESSIONS[-2]))
    report = await run(vendor, lite, WEDNESDAY)
    assert report.counts["daily_bars"] == {"inserted": 2, "changed": 0, "same": 9, "vanished": 1}
    assert read(lite, daily_bar, symbol="900010", date=SESSIONS[-2])


async def test_a_series_as_traded_is_corrected_in_place_or_whole_if_the_correction_reaches_further(
    lite: Store,
) -> None:
    vendor = FakeVendor.of(1)
    one = vendor.issues["900010"]
    await run(vendor, lite, named=("raw_bars",))
    genuine = vendor.raw_bars

    async def corrected(symbol: str, start: date, end: date, since: date) -> list[tuple]:
        rows = await genuine(symbol, start, end)
        return [(*row[:5], row[5] + 1, *row[6:]) if row[1] >= since else row for row in rows]

    vendor.raw_bars = lambda *span: corrected(*span, since=SESSIONS[-2])  # type: ignore[method-assign]
    report = await run(vendor, lite, WEDNESDAY, named=("raw_bars",))
    assert report.refetched == ()
    assert report.counts["raw_bars"] == {"inserted": 1, "changed": 2, "same": 3}
    vendor.raw_bars = lambda *span: corrected(*span, since=SESSIONS[3])  # type: ignore[method-assign]
    report = await run(vendor, lite, WEDNESDAY + DAY, named=("raw_bars",))
    assert report.refetched == ("900010",)
    assert report.counts["raw_bars"]["changed"] == len(SESSIONS) - 3 - 2
    assert read(lite, raw_bar, date=SESSIONS[3])[0].close == one.bar(SESSIONS[3])[5] + 1


# ---- the account
async def test_what_was_sold_since_an_earlier_load_of_the_day_stands_at_nothing(lite: Store) -> None:
    vendor = FakeVendor.of(1)
    vendor.hold("900010", 7)
    vendor.hold("900020", 9)
    vendor.order(date(2026, 6, 29), "0000001", "900010")
    account = fingerprint("12345678-01")
    await run(vendor, lite, account=account, named=("account",))
    vendor.hold("900010", 0)
    later = TUESDAY + timedelta(hours=1)
    await run(vendor, lite, later, account=account, named=("account",))
    rows = {row.symbol: row for row in read(lite, account_position)}
    assert (rows["900010"].quantity, rows["900010"].value_krw, rows["900010"].known_at) == (0, 0, later)
    assert (rows["900020"].quantity, rows["900020"].average_price) == (9, Decimal("9999.5"))
    (cash,) = read(lite, account_cash)
    assert (cash.account, cash.date, cash.cash_d2_krw) == (account, date(2026, 6, 30), 900_000)
    (filled,) = read(lite, account_execution)
    assert filled.known_at == at(date(2026, 6, 29), 20)


def test_an_account_is_kept_under_a_fingerprint_that_does_not_tell_its_number() -> None:
    one = fingerprint("12345678-01")
    assert one == fingerprint("1234567801") != fingerprint("1234567802")
    assert len(one) == 12
    assert int(one, 16) >= 0
    assert "12345678" not in one


# ---- what is left out, and what is planned
async def test_a_dataset_that_the_host_lacks_is_left_out_with_its_reason(lite: Store) -> None:
    vendor = FakeVendor.of(20, lacks=frozenset({"raw_bars", "corporate_actions"}))
    report = await run(vendor, lite)
    assert report.skipped == {
        "raw_bars": "the paper host has no raw_bars",
        "corporate_actions": "the paper host has no corporate_actions",
    }
    assert "raw_bars" not in report.counts
    assert report.counts["daily_bars"]["inserted"]
    with lite.engine.connect() as conn:
        plan = conn.execute(select(load.c.plan)).scalar_one()
        marks = conn.execute(select(func.count()).where(watermark.c.dataset == "raw_bar")).scalar_one()
    assert (set(plan["skipped"]), marks) == ({"raw_bars", "corporate_actions"}, 0)
    vendor.lacks = frozenset()
    assert (await run(vendor, lite)).counts["raw_bars"]["inserted"] == 20 * len(SESSIONS)


async def test_where_the_host_reaches_back_less_far_what_it_has_is_taken(lite: Store) -> None:
    vendor = FakeVendor.of(1)
    genuine, oldest = vendor.investor_days, SESSIONS[-30]

    async def answer(symbol: str, start: date, end: date) -> list[tuple]:
        if start < oldest:
            raise ConfigError("the paper host has the newest 30 sessions only", oldest=oldest)
        return await genuine(symbol, start, end)

    vendor.investor_days = answer  # type: ignore[method-assign]
    report = await run(vendor, lite)
    assert (report.counts["investor_days"]["inserted"], report.skipped) == (30, {})


async def test_a_market_without_bars_is_no_load(lite: Store) -> None:
    vendor = FakeVendor.of(1)

    async def refuse(*_: object) -> list[tuple]:
        raise ConfigError("no such call")

    vendor.daily_bars = refuse  # type: ignore[method-assign]
    with pytest.raises(ConfigError, match="no such call"):
        await run(vendor, lite)


async def test_only_the_datasets_that_are_named_are_asked_for(lite: Store) -> None:
    vendor = FakeVendor.of(2)
    report = await run(vendor, lite, named=("rates",))
    assert set(report.counts) == {"listings", "sessions", "rates"}
    assert {one[0] for one in vendor.asked_of} == {"fx_bars"}


async def test_the_plan_is_what_the_load_then_asks_for_and_plans_nothing_twice(lite: Store) -> None:
    vendor = FakeVendor.of(3, rate=20)
    delistings = vendor.delistings()
    plan = await plan_load(vendor, lite, now=TUESDAY, start=START, delistings=delistings)
    shown = []
    with lite.engine.connect() as conn:
        assert not conn.execute(select(func.count()).select_from(watermark)).scalar()
    before = vendor.calls
    report = await load_market(
        vendor, lite, now=TUESDAY, start=START, delistings=delistings, show=shown.append
    )
    assert shown == [plan]
    # The master files and the calendar are no part of it; the fake vendor gives any span in one call.
    asks = {one.dataset: one.asks for one in plan.windows}
    assert sum(asks.values()) + 5 * asks["statements"] == report.calls - 3 == vendor.calls - before - 3
    assert plan.seconds == plan.calls / 20
    windows = {one.dataset: one for one in plan.windows}
    assert (windows["statements"].asks, windows["statements"].calls) == (3, 18)
    assert (windows["daily_bars"].first, windows["daily_bars"].last) == (SESSIONS[0], date(2026, 6, 30))
    done = await plan_load(vendor, lite, now=TUESDAY, start=START, delistings=delistings)
    assert (done.calls, done.seconds) == (0, 0)
    with lite.engine.connect() as conn:
        assert conn.execute(select(load.c.plan)).scalar_one() == plan.to_json() | {"failures": []}


async def test_a_night_asks_three_calls_an_issue_and_few_beside(lite: Store) -> None:
    vendor = FakeVendor.of(30)
    await run(vendor, lite)
    plan = await plan_load(vendor, lite, now=WEDNESDAY, start=START)
    calls = {one.dataset: one.calls for one in plan.windows}
    due = sum(is_due(symbol, date(2026, 6, 30), date(2026, 7, 1)) for symbol in vendor.issues)
    assert calls == {
        "corporate_actions": 31, "index_bars": 3, "daily_bars": 30, "raw_bars": 30, "investor_days": 30,
        "statements": 6 * due, "rates": 3,
    }  # fmt: skip


async def test_the_end_and_the_duration_are_those_of_the_clock_that_passes(lite: Store) -> None:
    ticks = iter([100.0, 142.5])
    report = await load_market(
        FakeVendor.of(1), lite, now=TUESDAY, start=START, monotonic=lambda: next(ticks)
    )
    (row,) = read(lite, load)
    assert (row.duration_s, report.duration_s) == (42.5, 42.5)
    assert row.finished_at == TUESDAY + timedelta(seconds=42.5)
