"""One night: every listed issue, one session, all datasets of a load, at the vendor's limit.

Prints one JSON object. A sandbox process that replays KRX history allows 20 calls in a sliding second; the store
holds the history through the session before (loaded before the clock starts, from a second sandbox without limits).
``allowed_s`` is what the limit alone would take: the calls over the rate. The night runs in a process of its own,
whose peak memory is the one shown. About eight minutes, and as long again for the history.

``night.py 200 synthetic`` measures a scaled night: another rate, and the made-up market of 220 issues.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from sillok import clock  # noqa: E402
from sillok.ingest import load_market  # noqa: E402
from sillok.kis import Client, Credentials  # noqa: E402
from sillok.store import open_store  # noqa: E402

KRX = PROJECT / "../shared/data/krx"
# The market, its last two sessions, and where the history begins: some months, so that every dataset has a past.
MARKETS: dict[str, tuple[list[str], date, date, date]] = {
    "replay": (["--data", str(KRX)], date(2025, 6, 16), date(2025, 6, 17), date(2025, 3, 4)),
    "synthetic": (["--today", "2026-06-30"], date(2026, 6, 29), date(2026, 6, 30), date(2026, 3, 3)),
}


@contextmanager
def sandbox(*options: str) -> Iterator[str]:
    """Run a sandbox in a process of its own; give its address."""
    command = [sys.executable, "-m", "sillok.sandbox", "--port", "0", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUTF8": "1"}
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            yield next(word for word in line.split() if word.startswith("http://"))
        finally:
            process.terminate()


async def load(vendor: str, store_url: str, session: date, start: date, rate: float, folder: Path) -> Any:
    store = open_store(store_url)
    store.migrate()
    now = datetime.combine(session, datetime.min.time(), clock.KST).replace(hour=18, minute=30)
    async with Client(
        vendor, Credentials.sandbox(), master_url=vendor, rate=rate, broker_path=folder / f"kis-{rate:g}"
    ) as client:
        gone = await client.delistings()
        before, began = client.calls, time.monotonic()
        report = await load_market(client, store, now=now, start=start, delistings=gone)
        return {
            "calls": client.calls - before,
            "refused": client.refused,
            "seconds": time.monotonic() - began,
            "counts": report.counts,
            "skipped": report.skipped,
        }


def load_apart(*arguments: object) -> Any:
    """Load in a process of its own."""
    command = [sys.executable, __file__, "load", *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def main() -> None:
    """Load the history, then measure the night."""
    if sys.argv[1:2] == ["load"]:
        vendor, store, session, start, rate, folder = sys.argv[2:]
        days = date.fromisoformat(session), date.fromisoformat(start)
        said = asyncio.run(load(vendor, store, *days, float(rate), Path(folder)))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps(said | {"peak_mib": round(peak / 1024, 1)}))
        return
    rate = float(next((word for word in sys.argv[1:] if word.isdigit()), 20))
    market = "synthetic" if "synthetic" in sys.argv[1:] else "replay"
    if market == "replay" and not KRX.is_dir():
        raise SystemExit(f"no KRX history at {KRX}; `night.py 200 synthetic` needs none")
    options, before, session, start = MARKETS[market]
    with tempfile.TemporaryDirectory(prefix="sillok-night-") as name:
        store = f"sqlite:///{name}/night.db"
        with sandbox(*options, "--no-limits") as vendor:
            history = load_apart(vendor, store, before, start, 0, name)
        with sandbox(*options, "--rate", str(rate)) as vendor:
            night = load_apart(vendor, store, session, start, rate, name)
    allowed_s = night["calls"] / rate
    row = {
        "workload": f"one night of the {market} market at {rate:g} calls/s",
        "calls": night["calls"],
        "refused": night["refused"],
        "seconds": round(night["seconds"], 1),
        "allowed_s": round(allowed_s, 1),
        "ratio": round(night["seconds"] / allowed_s, 3),
        "goal": 1.1,
        "issues": sum(night["counts"]["listings"].values()),
        "rows": {name: sum(rows.values()) for name, rows in night["counts"].items()},
        "skipped": sorted(night["skipped"]),
        "peak_mib": night["peak_mib"],
        "peak_mib_of_the_history": history["peak_mib"],
        "calls_of_the_history": history["calls"],
        "seconds_of_the_history": round(history["seconds"], 1),
        "load": [round(value, 2) for value in os.getloadavg()],
    }
    print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
