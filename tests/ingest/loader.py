"""Loads in processes that can be killed: ``python -m tests.ingest.loader`` reads orders, one JSON object a line.

Each load runs in a fork, so that fifty of them do not import the library fifty times. An order says what to
load, and at which SQL statement, at which answer of the vendor or after how many seconds ``kill -9`` strikes;
its answer says how the process ended: ``killed``, ``done`` with what it counted, or ``failed`` with the error.
With ``held`` the load waits there instead, as long as that file is there.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event

from sillok import clock
from sillok.errors import SillokError
from sillok.ingest import Scope, load_market, pipeline
from sillok.kis import Client, Credentials, transport
from sillok.store import Store, open_store

_LONGEST_S = 120.0


@dataclass
class Counter:
    """Counts events of one kind; at the chosen one it ends the process, or holds it."""

    last: int = 0
    held: Path | None = None  # instead of the end: this file is made, and its removal waited for
    count: int = 0

    def step(self, *_: Any) -> None:
        self.count += 1
        if self.count != self.last:
            return
        if self.held is None:
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            wait_while_held(self.held)


def wait_while_held(file: Path) -> None:
    file.touch()
    deadline = time.monotonic() + _LONGEST_S
    while file.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{file} is still there after {_LONGEST_S:.0f} s")
        time.sleep(0.001)


def count_statements(store: Store, counter: Counter) -> None:
    for moment in ("before_cursor_execute", "commit"):
        event.listen(store.engine, moment, counter.step)


def count_answers(counter: Counter) -> None:
    read: Callable[..., Any] = transport.read_answer

    def read_counted(*arguments: Any) -> Any:
        counter.step()
        return read(*arguments)

    transport.read_answer = read_counted


async def load(order: dict[str, Any], store: Store) -> Any:
    client = Client(
        order["vendor"], Credentials.sandbox(), master_url=order["vendor"], rate=0,
        broker_path=Path(order["folder"]) / "kis", **order.get("client", {}),
    )  # fmt: skip
    async with client:
        return await load_market(
            client,
            store,
            now=datetime.fromisoformat(order["now"]),
            start=date.fromisoformat(order["start"]),
            delistings=await client.delistings(),
            scope=Scope(named=tuple(order.get("datasets", ()))),
        )


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Load once, in this process."""
    pipeline._ROWS_A_BATCH = order.get("rows", pipeline._ROWS_A_BATCH)  # small batches: many commits to meet
    pipeline._ASKS_A_BATCH = order.get("asks", pipeline._ASKS_A_BATCH)
    held = Path(order["held"]) if "held" in order else None
    statements = Counter(order.get("statement", 0), held)
    answers = Counter(order.get("answer", 0), held)
    store = open_store(order["store"])
    if kib := order.get("cache_kib"):  # SQLite's pages are no memory of the load's, but of its process's
        event.listen(store.engine, "connect", lambda link, _: link.execute(f"PRAGMA cache_size=-{kib}"))
    count_statements(store, statements)
    count_answers(answers)
    began = time.monotonic()
    try:
        report = asyncio.run(load(order, store))
    except SillokError as err:
        return {"end": "failed", "kind": type(err).__name__, "error": str(err)}
    return {
        "end": "done",
        "counts": report.counts,
        "skipped": report.skipped,
        "calls": report.calls,
        "statements": statements.count,
        "answers": answers.count,
        "seconds": time.monotonic() - began,
        "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def fork(order: dict[str, Any]) -> dict[str, Any]:
    """Load in a process of its own; end it after ``after_s`` if the order says so."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            said = run(order)
        except BaseException:  # noqa: BLE001 - whatever it is, the test is to see it
            said = {"end": "crashed", "error": traceback.format_exc()}
        os.write(writing, json.dumps(said).encode())
        os._exit(0)
    os.close(writing)
    deadline = time.monotonic() + order.get("after_s", _LONGEST_S)
    while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
            break
        time.sleep(0.001)
    with os.fdopen(reading, "rb") as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    return json.loads(text) if text else {"end": "killed", "signal": os.WTERMSIG(status)}


def main() -> None:
    clock.session_close(
        clock.sessions(date(2026, 1, 1), date(2026, 7, 1))[-1]
    )  # the calendar takes seconds to make
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(fork(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
