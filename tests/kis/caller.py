"""A process that calls; tests start several of them, and kill some. ``python -m tests.kis.caller '{...}'``."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sillok.clock import KST
from sillok.kis import Client, Credentials
from sillok.kis.credentials import Token
from sillok.kis.tokenfile import TokenFile
from sillok.kis.tokens import TokenBroker


async def call(job: dict[str, Any]) -> dict[str, Any]:
    """Ask for prices, ``at_once`` at a time; say what was asked and refused."""
    client = Client(
        job["url"],
        Credentials(job["key"], job["secret"]),
        master_url=job["url"],
        rate=job["rate"],
        broker_path=Path(job["folder"]) / "kis",
        timeout_s=job["timeout_s"],
        tries=1,
    )
    done = 0

    async def caller() -> None:
        nonlocal done
        while done < job["calls"]:
            done += 1
            await client.current_price("900020")

    async with client:
        await asyncio.gather(*(caller() for _ in range(job["at_once"])))
    return {"done": done, "refused": client.refused}


async def hold(job: dict[str, Any]) -> dict[str, Any]:
    """Take a token from the broker; a request is noted in ``asks`` and takes ``answer_s``."""
    file = TokenFile(Path(job["folder"]) / "kis" / "a.token", "https://real", "abc")

    def now() -> datetime:
        return datetime.now(KST)

    async def ask() -> Token:
        with Path(job["asks"]).open("a") as asks:
            asks.write(f"{time.time()}\n")
        print("asking", flush=True)
        await asyncio.sleep(job["answer_s"])
        return Token(f"T-{time.time_ns()}", now(), now() + timedelta(days=1))

    broker = TokenBroker(file, ask, interval_s=job["interval_s"], now=now, sleep=asyncio.sleep)
    return {"token": (await broker.current()).value}


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG)
    given = json.loads(sys.argv[1])
    print(json.dumps(asyncio.run(globals()[given["do"]](given))), flush=True)
