"""The checks of a load are kept under it, with what they were before; they never write into the market."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from sillok.clock import KST
from sillok.errors import MissingDataError
from sillok.ingest import CheckResult, Scope, load_market, run_checks
from sillok.ingest.checks import CHECKS, run
from sillok.ingest.checks.explain import EXPLANATIONS, FAULTS
from sillok.store import Store
from sillok.store.tables import check_result, daily_bar
from tests.ingest.vendor import FakeVendor

NOW = datetime(2026, 6, 30, 18, 30, tzinfo=KST)
LAST = date(2026, 6, 30)


async def load(store: Store, now: datetime = NOW) -> str:
    scope = Scope(("index_bars", "daily_bars"))
    report = await load_market(FakeVendor.of(4), store, now=now, start=date(2026, 5, 4), scope=scope)
    return report.load_id


def named(results: Iterable[CheckResult], name: str) -> CheckResult:
    return next(result for result in results if result.name == name)


def break_a_bar(store: Store, high: int) -> None:
    with store.begin() as conn:
        where = (daily_bar.c.symbol == "900010") & (daily_bar.c.date == LAST)
        conn.execute(update(daily_bar).where(where).values(high=high))


async def test_a_sound_load_passes_and_its_results_are_kept_whole(store: Store) -> None:
    load_id = await load(store)
    results = run_checks(store, load_id)
    assert {result.severity for result in results} <= {"ok", "info"}
    with store.engine.connect() as conn:
        rows = conn.execute(select(check_result).where(check_result.c.load_id == load_id)).mappings().all()
    kept = {row["name"]: CheckResult(**{k: v for k, v in row.items() if k != "load_id"}) for row in rows}
    assert kept == {result.name: result for result in results}
    assert {result.name for result in results} == {check.name for check in CHECKS}


async def test_running_again_replaces_the_results(store: Store) -> None:
    load_id = await load(store)
    first = run_checks(store, load_id)
    assert run_checks(store, load_id) == first


async def test_a_change_of_severity_since_the_last_load_is_told(store: Store) -> None:
    before = run_checks(store, await load(store))
    assert {result.previous for result in before} == {None}
    high = 12_000
    break_a_bar(store, 1)
    later = await load(store, NOW.replace(hour=20))
    break_a_bar(store, 1)  # the load has put it right; the checks are to see it
    found = named(run_checks(store, later), "price_order")
    assert (found.previous, found.severity) == ("ok", "error")
    break_a_bar(store, high)
    third = await load(store, NOW.replace(hour=21))
    mended = named(run_checks(store, third), "price_order")
    assert (mended.previous, mended.severity) == ("error", "ok")


async def test_an_older_load_is_not_told_what_came_after(store: Store) -> None:
    first = await load(store)
    second = await load(store, NOW.replace(hour=20))
    run_checks(store, second)
    assert {result.previous for result in run_checks(store, first)} == {None}


def test_an_unknown_load_is_refused(store: Store) -> None:
    with pytest.raises(MissingDataError, match="there is no load"):
        run_checks(store, "0" * 32)


async def test_a_check_never_writes_into_the_market(store: Store) -> None:
    load_id = await load(store)
    with store.engine.connect() as conn:
        before = conn.execute(text("SELECT * FROM daily_bar")).all()
    run_checks(store, load_id)
    with store.engine.connect() as conn:
        assert conn.execute(text("SELECT * FROM daily_bar")).all() == before


def test_every_severity_but_ok_has_a_reason() -> None:
    for check in CHECKS:
        assert "ok" not in check.reasons
        assert all(check.reasons.values()), check.name


def test_every_check_and_each_of_its_reasons_stands_in_the_rooms_readme() -> None:
    readme = (Path(run.__file__).parent / "README.md").read_text()
    for check in CHECKS:
        row = next(line for line in readme.splitlines() if line.startswith(f"| `{check.name}` |"))
        assert all(f"**{severity}** {reason}" in row for severity, reason in check.reasons.items()), (
            check.name
        )
    for kind in (*EXPLANATIONS, *FAULTS):
        assert f"| `{kind}` |" in readme
