"""How long a researcher waits for a panel of the whole market: the latest snapshot, beside SQL.

Prints one JSON object a row. Our time is from nothing to the panel: the manifest read, each partition checked
against its checksum and mapped, all values spread over sessions x issues, by objects that were never opened
before. The peer reads the same rows from MariaDB with ``pandas.read_sql``, over an open connection, and is not
even asked to pivot them; of statements it reads the few rows there are, and joins them as of each session.
The bars are real, investors and statements are made up. The last row is what freezing costs a row.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import insert

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from sillok import clock  # noqa: E402
from sillok.market import Market, freeze, open_market  # noqa: E402
from sillok.objects import open_objects  # noqa: E402
from sillok.store import Store, open_store  # noqa: E402
from sillok.store.tables import daily_bar, investor_day, issue, load, raw_bar, session, statement  # noqa: E402
from tests import servers  # noqa: E402
from tests.bench.store import BATCH, COLUMNS, KRX, NOW, read_bars  # noqa: E402

ROUNDS = 5
GOALS = {"close": 100, "investors": 100}
Ask = Callable[[Market], pd.DataFrame]
Then = Callable[[pd.DataFrame], pd.DataFrame]
PEERS: dict[str, tuple[str, Then]] = {
    "symbol, date and close": ("SELECT symbol, date, close FROM daily_bar", lambda frame: frame),
    "whole rows": ("SELECT * FROM daily_bar", lambda frame: frame),
}


def fill(store: Store, through: date) -> None:
    store.migrate()
    bars = read_bars(10**9)
    days = clock.sessions(min(bar[1] for bar in bars), date.fromordinal(through.toordinal() + 1))
    known_at = clock.session_close(through)
    blank = {
        "isin": "",
        "market": "KOSPI",
        "security_type": "ST",
        "industry": "",
        "listed_on": None,
        "delisted_on": None,
    }
    issues = [
        {"symbol": s, "name": s, "shares": None, "known_at": known_at} | blank
        for s in {bar[0] for bar in bars}
    ]
    with store.begin() as conn:
        store.upsert(
            conn, session, [{"date": day, "known_at": clock.session_close(day)} for day in days], now=NOW
        )
        store.upsert(conn, issue, issues, now=NOW)
        done = {"id": "0" * 32, "source": "replay", "status": "done", "started_at": NOW, "through": through}
        conn.execute(insert(load).values(done))
    for first in range(0, len(bars), BATCH):
        with store.begin() as conn:
            store.upsert_tuples(conn, daily_bar, COLUMNS, bars[first : first + BATCH], now=NOW)


def fill_facts(store: Store) -> None:
    """Write net purchases for every bar, and eight annual statements of every issue."""
    bars = read_bars(10**9)
    flows = [
        (
            symbol,
            day,
            -volume,
            volume // 3,
            volume - volume // 3,
            -volume * close,
            volume // 3 * close,
            None,
            known_at,
        )
        for symbol, day, *_, close, volume, _, known_at in bars
    ]
    raw = [(*bar[:-1], "00", None, "00", bar[-1]) for bar in bars]
    blank = dict.fromkeys(column.name for column in statement.c if column.name != "recorded_at")
    accounts = [
        tuple(
            (
                blank
                | {
                    "symbol": symbol,
                    "basis": "annual",
                    "period": date(year, 12, 31),
                    "sales_krw": year * number,
                }
                | {"known_at": datetime(year + 1, 4, 1, 9, tzinfo=UTC)}
            ).values()
        )
        for number, symbol in enumerate(sorted({bar[0] for bar in bars}))
        for year in range(2017, 2025)
    ]
    for table, rows in ((raw_bar, raw), (investor_day, flows), (statement, accounts)):
        names = [column.name for column in table.c if column.name != "recorded_at"]
        for first in range(0, len(rows), BATCH):
            with store.begin() as conn:
                store.upsert_tuples(conn, table, names, rows[first : first + BATCH], now=NOW)


def time_panel(folder: Path, snapshot_id: str, ask: Ask) -> tuple[float, pd.DataFrame]:
    began = time.perf_counter()
    objects = open_objects("", directory=folder / "objects", cache=folder / "cache")
    panel = ask(open_market(objects, snapshot_id))
    return time.perf_counter() - began, panel


def time_sql(store: Store, query: str, then: Then) -> tuple[float, int, pd.DataFrame]:
    with store.engine.connect() as conn:
        began = time.perf_counter()
        frame = pd.read_sql(query, conn)
        panel = then(frame)
        seconds = time.perf_counter() - began
    return seconds, len(frame), panel if panel is not frame else pivot(frame)


def pivot(frame: pd.DataFrame) -> pd.DataFrame:
    frame["date"] = pd.to_datetime(frame["date"])
    value = frame.columns[2] if len(frame.columns) == 3 else "close"
    return frame.pivot(index="date", columns="symbol", values=value).astype("float64")


def join_as_of(days: pd.DatetimeIndex) -> Then:
    """Return how one joins statements as of each session in pandas, where none comes late or is corrected."""
    closes = (
        pd.DatetimeIndex([clock.session_close(day.date()) for day in days])
        .tz_convert("UTC")
        .tz_localize(None)
    )

    def join(frame: pd.DataFrame) -> pd.DataFrame:
        told = frame.pivot(index="known_at", columns="symbol", values="sales_krw").astype("float64")
        return told.reindex(closes, method="ffill").set_axis(days)

    return join


def compare(
    folder: Path, snapshot_id: str, store: Store, work: str, ask: Ask, peers: dict[str, tuple[str, Then]]
) -> None:
    ours = [time_panel(folder, snapshot_id, ask) for _ in range(ROUNDS)]
    panel = ours[-1][1]
    our_s = float(np.median([seconds for seconds, _ in ours]))
    for peer, (query, then) in peers.items():
        peer_s, rows, same = min((time_sql(store, query, then) for _ in range(2)), key=lambda found: found[0])
        if not np.array_equal(
            same.to_numpy(), panel.loc[same.index, same.columns].to_numpy(), equal_nan=True
        ):
            raise SystemExit("the panel and the rows in the database differ")
        row = {
            "workload": f"open the latest snapshot and give the {work} panel of all issues",
            "peer": f"MariaDB, pandas.read_sql, {peer}",
            "peer_value": round(peer_s, 4),
            "our_value": round(our_s, 4),
            "ratio": round(peer_s / our_s, 1),
            "goal": GOALS.get(work),
            "unit": "s",
            "n": rows,
            "load": [round(value, 2) for value in os.getloadavg()],
        }
        print(json.dumps(row), flush=True)


def time_freeze(store: Store, folder: Path) -> tuple[float, str]:
    objects = open_objects("", directory=folder / "objects", cache=folder / "cache")
    began = time.perf_counter()
    info = freeze(store, objects, load_id="0" * 32, now=datetime.now(UTC))
    return time.perf_counter() - began, info.id


def run(folder: Path, url: str) -> None:
    store = open_store(url)
    bars = read_bars(10**9)
    fill(store, max(bar[1] for bar in bars))
    bars_s, _ = time_freeze(store, folder)
    fill_facts(store)
    facts_s, snapshot_id = time_freeze(store, folder)  # of the bars, only the fingerprint is read again
    compare(folder, snapshot_id, store, "close", lambda market: market.panel("close"), PEERS)
    flows = {
        "symbol, date and foreign_krw": (
            "SELECT symbol, date, foreign_krw FROM investor_day",
            lambda frame: frame,
        )
    }
    compare(folder, snapshot_id, store, "investors", lambda market: market.investors("foreign"), flows)
    objects = open_objects("", directory=folder / "objects", cache=folder / "cache")
    query = "SELECT symbol, known_at, sales_krw FROM statement WHERE basis = 'annual'"
    join = join_as_of(open_market(objects, snapshot_id).sessions())
    told = {"symbol, known_at and sales_krw, joined as of each session": (query, join)}
    compare(folder, snapshot_id, store, "fundamentals", lambda market: market.fundamentals("sales_krw"), told)
    cost = {
        "workload": "freeze raw bars, investors and statements, by the row",
        "peer": "the same for daily bars",
        "peer_value": round(bars_s / len(bars) * 1e6, 2),
        "our_value": round(facts_s / (2 * len(bars)) * 1e6, 2),
        "unit": "µs a row",
        "n": 2 * len(bars),
        "load": [round(value, 2) for value in os.getloadavg()],
    }
    print(json.dumps(cost, ensure_ascii=False), flush=True)
    store.engine.dispose()


def main() -> None:
    """Fill a private MariaDB with real bars, freeze it, and time both ways to the panel."""
    if not KRX.is_file():
        raise SystemExit(f"no KRX history at {KRX}: nothing real to read")
    if missing := servers.missing_programs("mariadb"):
        raise SystemExit(f"MariaDB is not installed ({', '.join(missing)}); run tests/install.sh")
    with tempfile.TemporaryDirectory(prefix="sillok-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            with servers.borrow("mariadb", folder) as about:
                run(folder, f"mysql+pymysql://t:t@127.0.0.1:{about['port']}/t")
        finally:
            servers.sweep(folder)


if __name__ == "__main__":
    main()
