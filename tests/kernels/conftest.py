"""One parent for the tests of a module: making it takes seconds, a kernel of it does not."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernels.forks import Forks, parent


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    # A short path: sockets have no room for long ones.
    with tempfile.TemporaryDirectory(prefix="forks-") as folder, parent(Path(folder) / "f") as found:
        yield found


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="forks-") as name:
        yield Path(name) / "f"
