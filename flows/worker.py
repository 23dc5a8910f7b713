"""``python -m flows.worker``: work off the pool ``sillok`` until told to stop.

Prefect takes seconds to import: that happens while its server starts, and only then is the server waited for.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from types import FrameType

from prefect.workers.process import ProcessWorker

from flows.deploy import POOL, server_answers, wait_for_server

__all__ = ["main"]


def main() -> int:
    """Wait for the server, then work; told to stop, end in order, or at once where the server has ended too."""
    wait_for_server()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        asyncio.run(ProcessWorker(work_pool_name=POOL, name="sillok").start())
    except KeyboardInterrupt:
        return 0
    return 1


def _interrupt(number: int, _: FrameType | None) -> None:
    threading.Thread(target=_end_with_server, daemon=True).start()
    raise KeyboardInterrupt(f"signal {number}")


def _end_with_server() -> None:
    """End this process when the server is gone: Prefect would call after it for many seconds, with nothing to say."""
    while server_answers():
        time.sleep(0.2)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
