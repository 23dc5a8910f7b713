"""How long the checks of a night take over all of real history: 986,298 adjusted bars, and as many as traded beside.

Prints one JSON object a row: seconds by the clock and of this process's processor. The
real bars are adjusted ones alone; those as traded are a copy of them, which is as much to read.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import insert, literal, null, select

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from sillok.ingest.checks import check_market  # noqa: E402
from sillok.store import Store, open_store  # noqa: E402
from sillok.store.tables import daily_bar, raw_bar  # noqa: E402
from tests import servers  # noqa: E402
from tests.bench.snapshot import fill  # noqa: E402
from tests.bench.store import KRX, read_bars  # noqa: E402

ROUNDS = 3


def copy_as_traded(store: Store) -> None:
    codes = {"ex_code": literal("00"), "split_pct": null(), "revaluation": literal("00")}
    same = {column.name: daily_bar.c[column.name] for column in raw_bar.c if column.name not in codes}
    with store.begin() as conn:
        columns = same | codes
        conn.execute(insert(raw_bar).from_select(list(columns), select(*columns.values())))


def measure(what: Callable[[], object]) -> dict[str, float]:
    took = []
    for _ in range(ROUNDS):
        clock, own = time.perf_counter(), time.process_time()
        what()
        took.append((time.perf_counter() - clock, time.process_time() - own))
    best = min(took)
    return {"seconds": round(best[0], 2), "processor_s": round(best[1], 2)}


def run(kind: str, url: str) -> None:
    store = open_store(url)
    through = max(bar[1] for bar in read_bars(10**9))
    fill(store, through)

    def check() -> object:
        with store.read() as conn:
            return check_market(conn, through)

    for series in ("adjusted", "adjusted and traded"):
        if series != "adjusted":
            copy_as_traded(store)
        row = {"checks": kind, "bars": series} | measure(check)
        print(json.dumps(row), flush=True)


def main() -> None:
    if not KRX.is_file():
        sys.exit(f"no KRX history at {KRX}")
    with tempfile.TemporaryDirectory() as folder:
        run("sqlite", f"sqlite:///{folder}/bench.db")
    if servers.missing_programs("mariadb"):
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the server runs as another user
        with servers.borrow("mariadb", Path(folder)) as about:
            run("mariadb", f"mysql+pymysql://t:t@127.0.0.1:{about['port']}/t?charset=utf8mb4&local_infile=1")


if __name__ == "__main__":
    main()
