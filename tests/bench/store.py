"""How many rows a second the store writes: real daily bars, beside a plain upsert and beside LOAD DATA.

Prints one JSON object a row; an argument sets how many bars. Each peer writes the same bars into the same table,
emptied before, on the same server, in the same batches, one after the other; the better of two rounds counts.

Changed bars: every close differs from what stands. Ours also records what stood, with when it was known; of the
peers only the last one does, a row a change in its plainest SQL. What the record costs is told by the rows "without
revisions": the same code with the recording left out, which no load ever does.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.dialects import mysql, sqlite

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from sillok import clock  # noqa: E402
from sillok.store import Store, open_store, staged  # noqa: E402
from sillok.store.tables import daily_bar, revision  # noqa: E402
from tests import servers  # noqa: E402

KRX = PROJECT / "../shared/data/krx/daily.parquet"
NOW = datetime(2026, 6, 30, 9, 30, tzinfo=UTC)
BATCH = 20_000  # as a load commits
COLUMNS = [column.name for column in daily_bar.columns if column.name != "recorded_at"]
NAMES = [*COLUMNS, "recorded_at"]
Row = tuple[Any, ...]
Write = Callable[[Connection, Sequence[Row]], None]


def read_bars(count: int) -> list[Row]:
    table = pq.read_table(KRX).slice(0, count)
    days = [stamp.date() for stamp in table.column("date").to_pylist()]
    closes: dict[date, datetime] = {day: clock.session_close(day) for day in set(days)}
    rest = [table.column(name).to_pylist() for name in ("open", "high", "low", "close", "volume")]
    known = [closes[day] for day in days]
    return list(zip(table.column("symbol").to_pylist(), days, *rest, [None] * len(days), known, strict=True))


def write_ours(store: Store) -> Write:
    def write(conn: Connection, rows: Sequence[Row]) -> None:
        store.upsert_tuples(conn, daily_bar, COLUMNS, rows, now=NOW)

    return write


def write_upsert(conn: Connection, rows: Sequence[Row]) -> None:
    """Write as SQLAlchemy's documentation does: INSERT ... ON CONFLICT / ON DUPLICATE KEY UPDATE over many rows."""
    values = [dict(zip(COLUMNS, row, strict=True)) | {"recorded_at": NOW} for row in rows]
    free = [name for name in NAMES if name not in {"symbol", "date"}]
    if conn.dialect.name == "sqlite":
        insert = sqlite.insert(daily_bar)
        conn.execute(
            insert.on_conflict_do_update(["symbol", "date"], set_={n: insert.excluded[n] for n in free}),
            values,
        )
    else:
        change = mysql.insert(daily_bar)
        conn.execute(change.on_duplicate_key_update({n: change.inserted[n] for n in free}), values)


def write_file(conn: Connection, rows: Sequence[Row]) -> None:
    """Write as the server's manual does: a tab-separated file, then LOAD DATA LOCAL INFILE."""
    load_file(conn, rows, "daily_bar")


def load_file(conn: Connection, rows: Sequence[Row], table: str) -> None:
    recorded = f"{NOW:%Y-%m-%d %H:%M:%S}"
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        for *cells, amount, known_at in rows:
            line = [*map(str, cells), "\\N" if amount is None else str(amount)]
            file.write("\t".join([*line, f"{known_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}", recorded]) + "\n")
        file.flush()
        names = ", ".join(f"`{name}`" for name in NAMES)
        conn.exec_driver_sql(f"LOAD DATA LOCAL INFILE '{file.name}' INTO TABLE {table} ({names})")


def write_staged_file(conn: Connection, rows: Sequence[Row], *, first: str = "") -> None:
    """Write as MySQL's users do at their quickest: LOAD DATA into a staging table, then one upsert from it."""
    names = ", ".join(f"`{name}`" for name in NAMES)
    conn.exec_driver_sql(f"CREATE TEMPORARY TABLE peer ENGINE=InnoDB SELECT {names} FROM daily_bar LIMIT 0")
    load_file(conn, rows, "peer")
    if first:
        conn.exec_driver_sql(first)
    free = [name for name in NAMES if name not in {"symbol", "date"}]
    changes = ", ".join(f"`{name}` = VALUES(`{name}`)" for name in free)
    conn.exec_driver_sql(
        f"INSERT INTO daily_bar ({names}) SELECT {names} FROM peer ON DUPLICATE KEY UPDATE {changes}"
    )
    conn.exec_driver_sql("DROP TEMPORARY TABLE peer")


def write_staged_file_and_history(conn: Connection, rows: Sequence[Row]) -> None:
    """Write so, and keep what stood in a table of the same columns: a peer that does what ours does."""
    differs = " OR ".join(f"NOT b.`{name}` <=> p.`{name}`" for name in COLUMNS[2:-1])
    names, taken = (", ".join(f"{alias}`{name}`" for name in NAMES) for alias in ("", "b."))
    write_staged_file(
        conn, rows,
        first=f"INSERT INTO peer_history ({names}) SELECT {taken} FROM peer p STRAIGHT_JOIN daily_bar b "
        f"USING (symbol, date) WHERE {differs} FOR UPDATE",
    )  # fmt: skip


def make_history(store: Store) -> None:
    """Make that peer's table of what stood: a row a change, in the order of the changes."""
    with store.begin() as conn:
        conn.exec_driver_sql("CREATE TABLE peer_history SELECT * FROM daily_bar LIMIT 0")
        conn.exec_driver_sql("ALTER TABLE peer_history ADD COLUMN id BIGINT AUTO_INCREMENT PRIMARY KEY")


def rows_a_second(store: Store, write: Write, bars: Sequence[Row], *, empty: bool = True) -> float:
    if empty:
        with store.begin() as conn:
            conn.execute(delete(revision))
            conn.execute(text("DELETE FROM daily_bar" if store.dialect == "sqlite" else "TRUNCATE daily_bar"))
    began = time.perf_counter()
    for first in range(0, len(bars), BATCH):
        with store.begin() as conn:
            write(conn, bars[first : first + BATCH])
    seconds = time.perf_counter() - began
    with store.engine.connect() as conn:
        written = conn.execute(select(func.count()).select_from(daily_bar)).scalar_one()
    if written != len(bars):
        raise SystemExit(f"{written} rows stand in the table, {len(bars)} were written")
    return len(bars) / seconds


def report(workload: str, peer: str, peer_value: float, our_value: float, n: int) -> None:
    row = {
        "workload": workload,
        "peer": peer,
        "peer_value": round(peer_value),
        "our_value": round(our_value),
        "ratio": round(our_value / peer_value, 2),
        "goal": None,
        "unit": "rows/s",
        "n": n,
        "load": [round(value, 2) for value in os.getloadavg()],
    }
    print(json.dumps(row), flush=True)


def measure(name: str, store: Store, peers: dict[str, Write], bars: Sequence[Row]) -> None:
    ours = write_ours(store)
    best = dict.fromkeys(["ours", "again", *peers, *(f"{peer} again" for peer in peers)], 0.0)
    for _ in range(2):
        for peer, write in {**peers, "ours": ours}.items():
            best[peer] = max(best[peer], rows_a_second(store, write, bars))
            if write is not write_file:  # a file has no second time: LOAD DATA only inserts
                again = "again" if peer == "ours" else f"{peer} again"
                best[again] = max(best[again], rows_a_second(store, write, bars, empty=False))
    for peer, write in peers.items():
        report(f"{name}: write new daily bars", peer, best[peer], best["ours"], len(bars))
        if write is not write_file:
            report(
                f"{name}: write the same bars again", peer, best[f"{peer} again"], best["again"], len(bars)
            )


def change(bars: Sequence[Row]) -> list[Row]:
    """Return the bars with every close one higher."""
    place = COLUMNS.index("close")
    return [(*row[:place], row[place] + 1, *row[place + 1 :]) for row in bars]


@contextmanager
def leave_out_revisions() -> Iterator[None]:
    """Let the staged way change rows without recording what they were."""

    def run(conn: Connection, merge: Any, given: int, now: str, revised_at: str) -> staged.Merged:
        return staged.Merged(0, conn.exec_driver_sql(merge.change(), (revised_at, now)).rowcount)

    kept = staged._run, staged._check_recorded
    staged._run, staged._check_recorded = run, lambda *_: None
    try:
        yield
    finally:
        staged._run, staged._check_recorded = kept


def check_changed(store: Store, changed: Sequence[Row], *, revisions: int) -> None:
    with store.read() as conn:
        kept = conn.execute(select(func.coalesce(func.sum(revision.c.changes), 0))).scalar_one()
        total = conn.execute(select(func.sum(daily_bar.c.close))).scalar_one()
    if kept != revisions or total != sum(row[COLUMNS.index("close")] for row in changed):
        raise SystemExit(f"the closes add up to {total}, and {kept} revisions stand of {revisions}")


def measure_changed(name: str, store: Store, peers: dict[str, Write], bars: Sequence[Row]) -> None:
    """Change every bar that stands: ours with its revisions, ours without, and each peer."""
    ours = write_ours(store)
    changed = change(bars)
    best = dict.fromkeys(["ours", "ours without revisions", *peers], 0.0)
    for _ in range(2):
        for who in best:
            rows_a_second(store, ours, bars)
            with store.begin() as conn:
                conn.execute(delete(revision))
            with leave_out_revisions() if who == "ours without revisions" else nullcontext():
                best[who] = max(best[who], rows_a_second(store, peers.get(who, ours), changed, empty=False))
            check_changed(store, changed, revisions=len(bars) if who == "ours" else 0)
    for peer in peers:
        report(f"{name}: change every bar, ours with revisions", peer, best[peer], best["ours"], len(bars))
        report(
            f"{name}: change every bar, ours without revisions", peer, best[peer], best["ours without revisions"],
            len(bars),
        )  # fmt: skip


def open_mariadb(folder: Path) -> Iterator[str]:
    with servers.borrow("mariadb", folder) as about:
        yield f"mysql+pymysql://t:t@127.0.0.1:{about['port']}/t"


def main() -> None:
    """Measure SQLite, then MariaDB with and without LOAD DATA allowed; ``changed`` alone measures no more."""
    if not KRX.is_file():
        raise SystemExit(f"no KRX history at {KRX}: nothing real to write")
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    everything = "changed" not in sys.argv[1:]
    bars = read_bars(numbers[0] if numbers else 300_000)
    with tempfile.TemporaryDirectory(prefix="sillok-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        measure_sqlite(folder, bars, everything=everything)
        if missing := servers.missing_programs("mariadb"):
            raise SystemExit(f"MariaDB is not installed ({', '.join(missing)}); run tests/install.sh")
        try:
            for url in open_mariadb(folder):
                measure_mariadb(url, bars, everything=everything)
        finally:
            servers.sweep(folder)


def measure_sqlite(folder: Path, bars: Sequence[Row], *, everything: bool) -> None:
    store = open_store(f"sqlite:///{folder / 'bench.db'}")
    store.migrate()
    peers = {"multi-row upsert": write_upsert}
    if everything:
        measure("sqlite", store, peers, bars)
    measure_changed("sqlite", store, peers, bars)
    store.engine.dispose()


def measure_mariadb(url: str, bars: Sequence[Row], *, everything: bool) -> None:
    by_file, plain = open_store(f"{url}?local_infile=1"), open_store(url)
    by_file.migrate()
    peers = {"multi-row upsert": write_upsert}
    if everything:
        measure("mariadb", plain, peers, bars)
        by_hand = {**peers, "LOAD DATA LOCAL INFILE": write_file}
        measure("mariadb, local_infile=1", by_file, by_hand, bars)
    measure_changed("mariadb", plain, peers, bars)
    staging = "LOAD DATA into a staging table, INSERT ... ON DUPLICATE KEY UPDATE"
    make_history(by_file)
    alike = {staging: write_staged_file, f"{staging}, and a row of what stood": write_staged_file_and_history}
    measure_changed("mariadb, local_infile=1", by_file, {**peers, **alike}, bars)
    for one in (by_file, plain):
        one.engine.dispose()


if __name__ == "__main__":
    main()
