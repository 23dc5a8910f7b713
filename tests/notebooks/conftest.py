"""The reference home, built once for all workers of a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import live_sandbox
from tests.reference import shared_home


@pytest.fixture(scope="session")
def reference_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the synthetic market of 2026-06-30, loaded and frozen."""
    root = tmp_path_factory.getbasetemp()
    # Under xdist each worker has its own folder inside that of the run.
    return shared_home(root.parent if "PYTEST_XDIST_WORKER" in os.environ else root)


@pytest.fixture(scope="module")
def live_url() -> Iterator[str]:
    """Give the address of a sandbox that plays the reference session quickly."""
    with live_sandbox() as url:
        yield url
