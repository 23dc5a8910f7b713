"""`sillok kernels`: parents, spares and children for people and machines."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sillok.cli import app, words
from tests.kernels.forks import Forks, parent, wait_until


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="run-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        monkeypatch.setenv("SILLOK_LANG", "en")
        words.language.cache_clear()
        yield Path(folder)
        words.language.cache_clear()


def call(*args: str) -> str:
    done = CliRunner().invoke(app, ["kernels", *args])
    assert done.exit_code == 0, done.output
    return done.output


async def _held(forks: Forks, *args: str) -> str:
    async with forks.kernel(env={**os.environ, "JPY_SESSION_NAME": "morning.ipynb"}):
        return await asyncio.to_thread(call, *args)


def test_it_shows_parents_and_kernels(runtime: Path) -> None:
    assert "no parent is running" in call()
    with parent(runtime / "forked-kernels") as forks:
        wait_until(forks.spare_is_ready)
        told = asyncio.run(_held(forks))
        assert "1 kernels from spares" in told
        assert "morning.ipynb" in told
        found = json.loads(call("--json"))
        assert found["parents"][0]["counts"]["spares_used"] == 1
        assert "sillok_kernel_starts_total" in call("--metrics")
