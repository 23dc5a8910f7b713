"""``python -m flows.worker``: work off the pool ``sillok`` until told to stop.

Prefect takes seconds to import: that happens while its server starts, and only then is the server waited for.
"""

from __future__ import annotations

import asyncio
import signal
import sys

from prefect.workers.process import ProcessWorker

from flows.deploy import POOL, wait_for_server

__all__ = ["main"]


def main() -> int:
    """Wait for the server, then work."""
    wait_for_server()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        asyncio.run(ProcessWorker(work_pool_name=POOL, name="sillok").start())
    except KeyboardInterrupt:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
