"""The whole way from the vendor's protocol into the store: every bar equals its source, on both databases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import aiohttp
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from sillok.clock import KST
from sillok.ingest import LoadReport, Scope, fingerprint, load_market, run_checks
from sillok.kis import Client, Credentials
from sillok.market import freeze, open_market
from sillok.objects import open_objects
from sillok.sandbox import Limits, create_app
from sillok.store import Store, open_store
from sillok.store.revisions import read_old
from sillok.store.tables import daily_bar, investor_day, rate_bar, raw_bar
from tests.sandboxes import TODAY, client_of, reference_market, serving

FIELDS = ["symbol", "date", "open", "high", "low", "close", "volume"]


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    on_mariadb = request.param == "mariadb"
    url = request.getfixturevalue("fresh_mariadb") if on_mariadb else f"sqlite:///{tmp_path / 'sillok.db'}"
    store = open_store(url)
    store.migrate()
    yield store
    store.engine.dispose()


@pytest.fixture(scope="module")
def replay(krx_data: Path) -> Iterator[str]:
    """Give the address of a sandbox that replays real history, in a process of its own as in life."""
    command = [sys.executable, "-m", "sillok.sandbox", "--data", str(krx_data), "--no-limits", "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUTF8": "1"}
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield next(word for word in line.split() if word.startswith("http://"))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        process.stdout.close()


async def load(url: str, store: Store, tmp_path: Path, start: date, now: datetime, *named: str) -> LoadReport:
    async with Client(
        url, Credentials.sandbox(), master_url=url, rate=0, broker_path=tmp_path / "kis"
    ) as client:
        gone = await client.delistings()
        return await load_market(client, store, now=now, start=start, delistings=gone, scope=Scope(named))


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_the_whole_of_krx_lands_row_for_row(
    replay: str, store: Store, krx_data: Path, tmp_path: Path
) -> None:
    now, start = datetime(2026, 3, 20, 18, tzinfo=KST), date(2023, 12, 5)
    report = await load(replay, store, tmp_path, start, now, "index_bars", "daily_bars")
    assert (report.source, report.through) == ("replay", date(2025, 6, 17))
    assert report.counts["daily_bars"] == {"inserted": 986_298, "changed": 0, "same": 0}

    source = (
        pq.read_table(krx_data / "daily.parquet")
        .to_pandas()
        .sort_values(["symbol", "date"], ignore_index=True)
    )
    with store.engine.connect() as conn:
        query = select(*(daily_bar.c[name] for name in FIELDS)).order_by(daily_bar.c.symbol, daily_bar.c.date)
        stored = pd.DataFrame(conn.execute(query).all(), columns=FIELDS)
    assert stored["symbol"].nunique() == 2_761
    assert list(stored["symbol"]) == list(source["symbol"])
    assert (pd.to_datetime(stored["date"]).to_numpy() == source["date"].to_numpy()).all()
    for name in FIELDS[2:]:
        assert (stored[name].to_numpy() == source[name].to_numpy()).all(), name

    again = await load(replay, store, tmp_path, start, now, "index_bars", "daily_bars")
    assert all(rows["inserted"] == rows["changed"] == 0 for rows in again.counts.values())
    checks = {result.name: result for result in run_checks(store, again.load_id)}
    assert [name for name, result in checks.items() if result.severity == "error"] == []
    assert checks["halted"].count == 29_739
    assert (sum(checks["moves"].kinds.values()), checks["moves"].count) == (54, 3)

    objects = open_objects("", directory=tmp_path / "objects", cache=tmp_path / "cache")
    market = open_market(objects, freeze(store, objects, load_id=again.load_id, now=now).id)
    close = source.pivot(index="date", columns="symbol", values="close")
    assert np.array_equal(market.panel().to_numpy(), close.to_numpy("float64"), equal_nan=True)


async def test_the_synthetic_market_lands_whole_and_passes_its_checks(store: Store, tmp_path: Path) -> None:
    now, start = datetime(2026, 6, 30, 18, 30, tzinfo=KST), date(2026, 3, 2)
    async with serving(create_app(reference_market(), Limits.none())) as url:
        report = await load(url, store, tmp_path, start, now)
        again = await load(url, store, tmp_path, start, now)
    assert (report.source, report.through) == ("synthetic", TODAY)
    assert (report.skipped, report.failures) == ({}, ())
    assert report.counts["listings"]["inserted"] >= 200
    assert report.counts["index_bars"]["inserted"] == 3 * report.counts["sessions"]["inserted"]
    assert report.counts["raw_bars"]["inserted"] == report.counts["daily_bars"]["inserted"]
    assert min(rows["inserted"] for rows in report.counts.values()) > 0
    assert all(rows["inserted"] == rows["changed"] == 0 for rows in again.counts.values())
    assert again.calls == 3, "the master files, and nothing else"
    for table in (daily_bar, raw_bar, investor_day, rate_bar):
        with store.engine.connect() as conn:
            for day, known_at in conn.execute(select(table.c.date, table.c.known_at)):
                assert datetime.combine(day, time(15, 30), KST) <= known_at <= now, table
    assert [
        result for result in run_checks(store, report.load_id) if result.severity in {"warn", "error"}
    ] == []


@pytest.fixture
def lite(tmp_path: Path) -> Store:
    store = open_store(f"sqlite:///{tmp_path / 'lite.db'}")
    store.migrate()
    return store


async def test_a_past_that_the_vendor_tells_anew_is_revised_and_a_day_that_it_loses_is_kept(
    lite: Store, tmp_path: Path
) -> None:
    start, first = date(2026, 3, 2), datetime(2026, 6, 29, 18, 30, tzinfo=KST)
    async with serving(create_app(reference_market(), Limits.none())) as url:
        await load(url, lite, tmp_path, start, first, "daily_bars")
        with lite.engine.connect() as conn:
            symbol = conn.execute(select(daily_bar.c.symbol).order_by(daily_bar.c.symbol)).scalars().first()
            held = conn.execute(
                select(func.count()).where(daily_bar.c.date == date(2026, 6, 26))
            ).scalar_one()
        faults = {
            "revise": {"symbol": symbol, "factor": 2, "before": "2026-06-26"},
            "missing_days": ["2026-06-26"],
        }
        async with aiohttp.ClientSession() as browser:
            await browser.post(f"{url}/sandbox/faults", json=faults)
        report = await load(url, lite, tmp_path, start, first + timedelta(days=1), "daily_bars")
    assert report.refetched == (symbol,)
    assert report.counts["daily_bars"]["vanished"] == held
    with lite.engine.connect() as conn:
        assert (
            conn.execute(select(func.count()).where(daily_bar.c.date == date(2026, 6, 26))).scalar() == held
        )
        assert {old.values["symbol"] for old in read_old(conn, daily_bar)} == {symbol}


async def test_the_paper_host_gives_what_it_has_and_the_report_says_what_it_lacks(
    lite: Store, tmp_path: Path
) -> None:
    now = datetime(2026, 6, 30, 18, 30, tzinfo=KST)
    limits = replace(Limits.none(), paper=True)
    async with (
        serving(create_app(reference_market(), limits)) as url,
        client_of(url, tmp_path, paper=True, account="12345678-01") as client,
    ):
        scope = Scope(account=fingerprint("12345678-01"))
        report = await load_market(client, lite, now=now, start=date(2026, 6, 1), scope=scope)
    assert set(report.skipped) == {"corporate_actions", "statements"}
    assert all("the paper host has no" in reason for reason in report.skipped.values())
    assert set(report.counts) == {
        "listings", "sessions", "index_bars", "daily_bars", "raw_bars", "investor_days", "rates", "account",
    }  # fmt: skip
