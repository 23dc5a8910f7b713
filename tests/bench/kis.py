"""How many calls a second the client gets through a limit of 20, how many are refused, and who waits for whom.

Prints one JSON object a row; an argument sets the minutes of each half (10). One sandbox process allows each appkey
20 calls in a sliding second. First our throttle runs beside two plain ones that people write; then ours in three
processes, beside a researcher who asks now and then while a load has 16 calls at once. The client, its retries and
the call are the same for all.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from sillok.kis import Client, Credentials  # noqa: E402
from sillok.kis.throttle import Turn  # noqa: E402

RATE = 20
AT_ONCE = 16
THINKING_S = 0.5  # a researcher's pause between two calls


class Plain:
    """What the two plain throttles share: each process for itself, and a refusal makes its own call wait."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def wait(self) -> None:
        raise NotImplementedError

    @asynccontextmanager
    async def turn(self, *, ledger: bool = False) -> AsyncIterator[Turn]:
        async with self._lock:
            await self.wait()
        yield Turn(lambda: None)

    async def pause(self, seconds: float, *, ledger: bool = False) -> None:
        await asyncio.sleep(seconds)

    def close(self) -> None: ...


class FixedWindow(Plain):
    """Twenty calls in every second of the clock."""

    window, count = 0.0, 0

    async def wait(self) -> None:
        now = time.monotonic()
        if now - self.window >= 1:
            self.window, self.count = now, 0
        if self.count >= RATE:
            await asyncio.sleep(self.window + 1 - now)
            self.window, self.count = time.monotonic(), 0
        self.count += 1


class EvenSpacing(Plain):
    """A call every 50 ms."""

    next = 0.0

    async def wait(self) -> None:
        now = time.monotonic()
        start = max(now, self.next)
        self.next = start + 1 / RATE
        await asyncio.sleep(start - now)


PLAIN = {"fixed window of 20 a second": FixedWindow, "even spacing at 20 a second": EvenSpacing}


async def work(job: dict[str, Any]) -> dict[str, Any]:
    """Call until the end; count what was accepted in time, and what was refused."""
    keys = Credentials(job["group"].ljust(36, "0"), "s" * 180)
    client = Client(
        job["url"], keys, master_url=job["url"], rate=RATE, broker_path=Path(job["broker"]), tries=50
    )
    if job["throttle"]:
        client._transport._throttle = PLAIN[job["throttle"]]()  # type: ignore[assignment]
    begin, end = job["begin"], job["begin"] + job["seconds"]
    accepted, waits = 0, []

    async def caller() -> None:
        nonlocal accepted
        await asyncio.sleep(begin - time.monotonic())
        while time.monotonic() < end:
            asked = time.monotonic()
            await client.current_price("900020")
            now = time.monotonic()
            accepted += now < end
            waits.append(now - asked)
            await asyncio.sleep(job["pause_s"])

    async with client:
        await client.current_price("900020")  # the token is there, the connection open
        await asyncio.gather(*(caller() for _ in range(job["at_once"])))
    return {
        "group": job["group"],
        "name": job["name"],
        "accepted": accepted,
        "refused": client.refused,
        "waits": waits,
    }


def jobs_of(half: int, url: str, folder: Path, seconds: float) -> list[dict[str, Any]]:
    """Return what each process of a half does; those of one group have the same key and the same folder."""
    if half == 0:
        plan = [
            ("one", "ours", "", AT_ONCE, 0.0),
            *[(f"plain{number}", name, name, AT_ONCE, 0.0) for number, name in enumerate(PLAIN)],
        ]
    else:
        plan = [
            *[("three", "ours", "", AT_ONCE, 0.0)] * 3,
            ("shared", "night", "", AT_ONCE, 0.0),
            ("shared", "researcher", "", 1, THINKING_S),
        ]
    begin = time.monotonic() + 20
    return [
        {
            "url": url,
            "group": group,
            "name": name,
            "throttle": throttle,
            "at_once": at_once,
            "pause_s": pause_s,
            "broker": str(folder / group),
            "begin": begin,
            "seconds": seconds,
        }
        for group, name, throttle, at_once, pause_s in plan
    ]


def percentile(values: list[float], share: float) -> float:
    """Return the value below which ``share`` of them lie."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def report(workload: str, our: float, unit: str, n: int, **more: Any) -> None:
    """Print a row."""
    row = {"workload": workload, "our_value": round(our, 3), "unit": unit, "n": n, **more}
    print(json.dumps(row | {"load": [round(value, 2) for value in os.getloadavg()]}), flush=True)


def report_all(done: list[dict[str, Any]], seconds: float) -> None:
    """Print the rows: each of ours beside each plain throttle, then who waited."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for one in done:
        groups.setdefault(one["group"], []).append(one)
    rate = {name: sum(one["accepted"] for one in group) / seconds for name, group in groups.items()}
    refused = {name: sum(one["refused"] for one in group) for name, group in groups.items()}
    for name, words in (("one", "1 process"), ("three", "3 processes"), ("shared", "night and researcher")):
        share = [round(one["accepted"] / seconds, 2) for one in groups[name]]
        for number, peer in enumerate(PLAIN):
            other = f"plain{number}"
            report(
                f"limit 20/s, {words}", rate[name], "accepted calls/s", round(rate[name] * seconds), goal=19.4,
                our_refused=refused[name], each=share, peer=peer, peer_value=round(rate[other], 3),
                peer_refused=refused[other], ratio=round(rate[name] / rate[other], 3),
            )  # fmt: skip
    for one in groups["shared"]:
        waits = one["waits"]
        report(
            f"a call of the {one['name']}, both at once", 1_000 * percentile(waits, 0.5), "ms, median", len(waits),
            p99=round(1_000 * percentile(waits, 0.99)), most=round(1_000 * max(waits)),
        )  # fmt: skip


def main() -> None:
    """Start the sandbox and everybody, wait, report."""
    seconds = 60 * (float(sys.argv[1]) if len(sys.argv) > 1 else 10)
    running: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        command = [sys.executable, *words]
        running.append(subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True))
        return running[-1]

    with tempfile.TemporaryDirectory(prefix="sillok-bench-") as name:
        try:
            sandbox = start(
                "-m", "sillok.sandbox", "--port", "0", "--rate", str(RATE), "--today", "2026-06-30"
            )
            assert sandbox.stdout is not None
            url = sandbox.stdout.readline().split()[3]
            done = []
            for half in (0, 1):
                jobs = jobs_of(half, url, Path(name), seconds)
                workers = [start(__file__, "--job", json.dumps(job)) for job in jobs]
                done += [json.loads(worker.communicate()[0]) for worker in workers]
        finally:
            for child in running:
                child.terminate()
                child.wait()
    report_all(done, seconds)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--job"]:
        print(json.dumps(asyncio.run(work(json.loads(sys.argv[2])))))
    else:
        main()
