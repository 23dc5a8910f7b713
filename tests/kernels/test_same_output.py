"""Silent wrong output is what a fork may bring: the same cells say the same on a stock and on a forked kernel."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernels.forks import Forks, Kernel, parent, wait_until
from tests.kernels.gallery import GALLERY
from tests.kernels.samples import SAMPLES, comparable

STACK = (
    "numpy",
    "pandas",
    "scipy.stats",
    "statsmodels.api",
    "cvxpy",
    "sqlalchemy",
    "matplotlib.pyplot",
    "ipywidgets",
    "plotly.graph_objects",
)


@pytest.fixture(scope="module")
def stack() -> Iterator[Forks]:
    with (
        tempfile.TemporaryDirectory(prefix="forks-") as folder,
        parent(Path(folder) / "f", preload=STACK) as found,
    ):
        yield found


async def _run(kernel: Kernel, cells: list[str]) -> list[object]:
    return [comparable(await kernel.run(cell)) for cell in cells]


BOOKS = {**SAMPLES, **GALLERY}


@pytest.mark.parametrize("name", BOOKS)
async def test_a_notebook_says_the_same(stack: Forks, name: str) -> None:
    wait_until(stack.spare_is_ready)
    async with stack.kernel(stock=True) as stock, stack.kernel() as spare:
        said, forked = await asyncio.gather(_run(stock, BOOKS[name]), _run(spare, BOOKS[name]))
        assert spare.how == "spare"
    for cell, one, other in zip(BOOKS[name], said, forked, strict=True):
        assert one == other, cell


async def test_a_plain_fork_says_the_same_as_a_spare(stack: Forks) -> None:
    for name in ("figure", "widgets", "warnings", "place"):
        wait_until(stack.spare_is_ready)
        async with stack.kernel() as spare, stack.kernel() as fork:
            assert (spare.how, fork.how) == ("spare", "fork")
            assert await _run(spare, SAMPLES[name]) == await _run(fork, SAMPLES[name]), name
