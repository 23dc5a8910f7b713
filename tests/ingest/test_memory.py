"""The memory of a load does not grow with the market: what waits for the writer is bounded."""

from __future__ import annotations

from pathlib import Path

import pytest

from sillok.sandbox import Limits, create_app
from sillok.store import open_store
from tests.ingest.survival import Loader, small_market
from tests.sandboxes import serving_in_thread

SINCE = {"start": "2024-01-02", "datasets": ["daily_bars", "raw_bars"], "cache_kib": 2_048}
MOST_MIB = 16  # longer lists of issues, and the allocator; batches without a bound took 32 more when tried


def load_issues(loader: Loader, count: int) -> tuple[float, int]:
    """Load so many issues; return the peak memory of the load's process, and how many rows came."""
    url = f"sqlite:///{loader.folder / f'{count}.db'}"
    store = open_store(url)
    store.migrate()
    store.engine.dispose()
    with serving_in_thread(create_app(small_market(count), Limits.none())) as vendor:
        said = loader.complete(url, vendor=vendor)
    rows = sum(said["counts"][name]["inserted"] for name in ("daily_bars", "raw_bars"))
    return said["peak_kib"] / 1024, rows


@pytest.mark.slow
def test_three_times_the_issues_take_no_more_memory(tmp_path: Path) -> None:
    with Loader.open("", tmp_path, **SINCE, rows=2_000) as loader:
        few, few_rows = load_issues(loader, 20)
        many, many_rows = load_issues(loader, 60)
    assert many_rows > 2.8 * few_rows
    assert many - few < MOST_MIB
