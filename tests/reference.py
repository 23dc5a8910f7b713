"""The reference home: the synthetic market of 2026-06-30, loaded and frozen by the real parts.

Notebooks are run on it, and their reference outputs were made on it. ``python -m tests.reference DIR`` builds one
to work with.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sys
from datetime import date, datetime
from pathlib import Path

from sillok import clock

__all__ = ["NOW", "PROJECT", "TODAY", "build_home", "environment", "shared_home"]

PROJECT = Path(__file__).resolve().parents[1]
TODAY = date(2026, 6, 30)
NOW = datetime(2026, 6, 30, 18, 30, tzinfo=clock.KST)


def environment(home: Path) -> dict[str, str]:
    """Return this process's environment, with the settings of the reference home and no other of ours."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith("SILLOK_")}
    return plain | {
        "SILLOK_PROJECT": str(PROJECT),
        "SILLOK_HOME": str(home),
        "SILLOK_NOW": NOW.isoformat(),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


async def _load(home: Path) -> str:
    from aiohttp import web

    from sillok.ingest import load_market, run_checks
    from sillok.kis import Client, Credentials
    from sillok.market import freeze
    from sillok.objects import open_objects
    from sillok.sandbox import Limits, create_app, make_market
    from sillok.sandbox.world.synthetic import FIRST_DAY
    from sillok.store import open_store

    store = open_store(f"sqlite:///{home / 'sillok.db'}")
    store.migrate()
    objects = open_objects("", directory=home / "objects", cache=home / "cache")
    market = make_market(today=TODAY)
    runner = web.AppRunner(create_app(market, Limits.none()), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        keys = Credentials.sandbox()
        client = Client(url, keys, master_url=url, rate=0, broker_path=home / "kis")
        async with client:
            await client.identify()
            gone = await client.delistings()
            report = await load_market(client, store, now=NOW, start=FIRST_DAY, delistings=gone)
    finally:
        await runner.cleanup()
    run_checks(store, report.load_id)
    snapshot = freeze(store, objects, load_id=report.load_id, now=NOW)
    store.engine.dispose()
    return snapshot.id


def build_home(home: Path) -> str:
    """Load and freeze the reference market into ``home``, and return the snapshot's id."""
    home.mkdir(parents=True, exist_ok=True)
    return asyncio.run(_load(home))


def shared_home(root: Path) -> Path:
    """Return a reference home under ``root``, built by whichever process asks first; the others wait for it."""
    home = root / "reference-home"
    done = home / "snapshot"
    root.mkdir(parents=True, exist_ok=True)
    with (root / "reference-home.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            done.write_text(build_home(home))
    return home


if __name__ == "__main__":
    print(build_home(Path(sys.argv[1])))
