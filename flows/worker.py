"""``python -m flows.worker``: work off the pool ``sillok`` until told to stop.

Prefect takes seconds to import: that happens while its server starts, and only then is the server waited for.
"""

from __future__ import annotations

import asyncio
import os
import sys

from prefect.utilities.processutils import setup_signal_handlers_worker
from prefect.workers.process import ProcessWorker

from flows.deploy import POOL, wait_for_server

__all__ = ["main"]


def main() -> int:
    """Wait for the server, then work."""
    wait_for_server()
    setup_signal_handlers_worker(os.getpid(), "the worker", print)
    asyncio.run(ProcessWorker(work_pool_name=POOL, name="sillok", create_pool_if_not_found=True).start())
    return 0


if __name__ == "__main__":
    sys.exit(main())
