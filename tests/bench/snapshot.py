"""How long a researcher waits for the close panel of the whole market: the latest snapshot, beside SQL.

Prints one JSON object a row. Our time is from nothing to the panel: the manifest read, each partition checked
against its checksum and mapped, all closes spread over sessions x issues, by objects that were never opened
before. The peer reads the same rows from MariaDB with ``pandas.read_sql``, over an open connection, and is not
even asked to pivot them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import insert

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from sillok import clock  # noqa: E402
from sillok.market import freeze, open_market  # noqa: E402
from sillok.objects import open_objects  # noqa: E402
from sillok.store import Store, open_store  # noqa: E402
from sillok.store.tables import daily_bar, issue, load, session  # noqa: E402
from tests import servers  # noqa: E402
from tests.bench.store import BATCH, COLUMNS, KRX, NOW, read_bars  # noqa: E402

ROUNDS = 5
PEERS = {
    "pandas.read_sql, symbol, date and close": "SELECT symbol, date, close FROM daily_bar",
    "pandas.read_sql, whole rows": "SELECT * FROM daily_bar",
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


def time_panel(folder: Path, snapshot_id: str) -> tuple[float, pd.DataFrame]:
    began = time.perf_counter()
    objects = open_objects("", directory=folder / "objects", cache=folder / "cache")
    panel = open_market(objects, snapshot_id).panel("close")
    return time.perf_counter() - began, panel


def time_sql(store: Store, query: str) -> tuple[float, pd.DataFrame]:
    with store.engine.connect() as conn:
        began = time.perf_counter()
        frame = pd.read_sql(query, conn)
        return time.perf_counter() - began, frame


def run(folder: Path, url: str) -> None:
    store = open_store(url)
    through = max(bar[1] for bar in read_bars(10**9))
    fill(store, through)
    objects = open_objects("", directory=folder / "objects", cache=folder / "cache")
    info = freeze(store, objects, load_id="0" * 32, now=datetime.now(UTC))
    ours = [time_panel(folder, info.id) for _ in range(ROUNDS)]
    panel = ours[-1][1]
    our_s = float(np.median([seconds for seconds, _ in ours]))
    for peer, query in PEERS.items():
        peer_s, frame = min((time_sql(store, query) for _ in range(2)), key=lambda found: found[0])
        frame["date"] = pd.to_datetime(frame["date"])
        same = frame.pivot(index="date", columns="symbol", values="close").astype("float64")
        if not np.array_equal(
            same.to_numpy(), panel.loc[same.index, same.columns].to_numpy(), equal_nan=True
        ):
            raise SystemExit("the panel and the rows in the database differ")
        row = {
            "workload": "open the latest snapshot and give the close panel of all issues",
            "peer": f"MariaDB, {peer}",
            "peer_value": round(peer_s, 4),
            "our_value": round(our_s, 4),
            "ratio": round(peer_s / our_s, 1),
            "goal": 100,
            "unit": "s",
            "n": len(frame),
            "load": [round(value, 2) for value in os.getloadavg()],
        }
        print(json.dumps(row), flush=True)
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
