"""How soon a kernel is there, what it holds, and whether it computes as fast: forked beside stock, interleaved.

Prints one JSON object a row: workload, unit, stock and ours (medians), their spread, ratio, goal, n, load. Wall
time, since waiting is what people do: the machine's load stands beside each figure. Arguments choose rows:
``make bench NAME=kernels`` runs all but ``soak`` (five thousand starts and stops) and ``same`` (sixty notebooks).
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.pop(name, None)

import nbformat  # noqa: E402
import papermill  # noqa: E402
from nbformat.v4 import new_code_cell, new_notebook  # noqa: E402

from sillok.kernels.memory import available_mb, proportional_mb  # noqa: E402
from tests.kernels.forks import Forks, Kernel, parent, wait_until  # noqa: E402
from tests.kernels.gallery import GALLERY, own_notebooks  # noqa: E402
from tests.kernels.samples import SAMPLES, comparable, papermill_notebooks  # noqa: E402
from tests.reference import environment, shared_home  # noqa: E402

STACK = ("numpy", "pandas", "scipy.stats", "statsmodels.api", "cvxpy", "sqlalchemy", "plotly.graph_objects")
IMPORTS = "import numpy, pandas, scipy.stats, statsmodels.api, cvxpy, sqlalchemy, plotly.graph_objects"
PRELOAD = (*STACK, "matplotlib.pyplot", "ipywidgets", "sillok.desk", "sillok.charts", "sillok.portfolio")


def tell(
    workload: str, stock: list[float], ours: list[float], goal: str, *, unit: str = "ms", **more: Any
) -> None:
    """Print one row; for a rate (per minute) more is better."""
    a, b = statistics.median(stock) if stock else None, statistics.median(ours)
    ratio = None if a is None else round(b / a if unit == "notebooks/min" else a / b, 2)
    spread = {
        k: [round(min(v), 1), round(max(v), 1)]
        for k, v in (("stock_spread", stock), ("our_spread", ours))
        if v
    }
    row = {
        "workload": workload,
        "unit": unit,
        "stock": a and round(a, 1),
        "ours": round(b, 1),
        "ratio": ratio,
    }
    row |= {"goal": goal, **spread, "n": len(ours), "load": round(os.getloadavg()[0], 1), **more}
    print(json.dumps(row), flush=True)


async def timed(run: Callable[[], Awaitable[Any]]) -> float:
    began = time.perf_counter()
    await run()
    return 1000 * (time.perf_counter() - began)


async def until_imported(forks: Forks, *, stock: bool) -> tuple[float, str]:
    """Start a kernel and import the stack; return the milliseconds that took and how it was started."""
    began = time.perf_counter()
    async with forks.kernel(stock=stock, prompt=not stock) as kernel:
        assert await kernel.run(IMPORTS) == []
        return 1000 * (time.perf_counter() - began), kernel.how


async def ready(forks: Forks, rounds: int = 10) -> None:
    times: dict[str, list[float]] = {"stock": [], "spare": [], "fork": []}
    for _ in range(rounds):
        times["stock"].append((await until_imported(forks, stock=True))[0])
        wait_until(forks.spare_is_ready)
        await asyncio.sleep(0.5)
        took, how = await until_imported(forks, stock=False)
        times[how].append(took)
        async with forks.kernel():  # takes the spare away
            took, how = await until_imported(forks, stock=False)
            times[how].append(took)
    tell("ready with the stack imported, from a spare", times["stock"], times["spare"], "<= 40 ms, 60x")
    tell("ready with the stack imported, by fork", times["stock"], times["fork"], "<= 200 ms")


def four_cells(imports: str = IMPORTS) -> nbformat.NotebookNode:
    """Return the parameterised notebook of four cells."""
    cells = [
        new_code_cell("n = 3", metadata={"tags": ["parameters"]}),
        new_code_cell(imports),
        new_code_cell("rows = [(i, i * i) for i in range(n)]; rows"),
        new_code_cell("print(n, len(rows))"),
    ]
    notebook = new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python"}
    return notebook


class Papermill:
    """The same notebook through papermill, plain or by our runner's engine, on one kernelspec or the other."""

    def __init__(self, folder: Path, forks: Forks) -> None:
        self.folder, self.forks = folder, forks
        from tests.kernels.forks import kernel_spec

        for name, provisioner in (("bench-stock", None), ("bench-forked", "forked")):
            spec = kernel_spec()
            metadata: dict[str, Any] = {"debugger": True}
            if provisioner:
                config = {"preload": list(forks.recipe.preload), "folder": str(forks.places.folder)}
                metadata["kernel_provisioner"] = {"provisioner_name": provisioner, "config": config}
            where = folder / "kernels" / name
            where.mkdir(parents=True)
            told = {"argv": spec.argv, "display_name": name, "language": "python", "metadata": metadata}
            (where / "kernel.json").write_text(json.dumps(told))
        os.environ["JUPYTER_PATH"] = str(folder)
        import sillok.runs.execution  # noqa: F401  registers the engine

    def run(self, kernel: str, *, ours: bool = False, imports: str = IMPORTS) -> float:
        began = time.perf_counter()
        options: dict[str, Any] = {}
        scratch = Path(
            tempfile.mkdtemp(dir=self.folder)
        )  # of one run: the kernel's connection file is beside its log
        with (scratch / "kernel.log").open("wb") as log:
            if ours:
                options = {"engine_name": "sillok", "kernel_env": dict(os.environ), "kernel_log": log}
                options |= {"folder": str(self.folder), "cell_timeout_s": 100}
            out = papermill.execute_notebook(
                four_cells(imports), None, {"n": 7}, kernel_name=kernel, progress_bar=False, **options
            )
        assert out.cells[-1].outputs[0].text == "7 7\n"
        return 1000 * (time.perf_counter() - began)


def notebooks(forks: Forks, folder: Path, rounds: int = 6) -> None:
    pm = Papermill(folder, forks)
    for what, imports, goals in (
        ("four cells with the stack", IMPORTS, ("15x", "8x")),
        ("four cells without imports", "pass", ("5x", "5x")),
    ):
        times: dict[str, list[float]] = {"stock": [], "plain": [], "ours": []}
        for _ in range(rounds):
            times["stock"].append(pm.run("bench-stock", imports=imports))
            for kind in ("plain", "ours"):
                wait_until(forks.spare_is_ready)
                time.sleep(0.5)
                times[kind].append(pm.run("bench-forked", ours=kind == "ours", imports=imports))
        tell(f"papermill, {what}, our runner", times["stock"], times["ours"], goals[0])
        tell(f"papermill, {what}, plain papermill", times["stock"], times["plain"], goals[1])


def throughput(forks: Forks, folder: Path, runs: int = 200, sample: int = 10) -> None:
    """Two hundred runs on two cores, two at a time; plain papermill in one process, one after the other."""
    from concurrent.futures import ThreadPoolExecutor
    from contextvars import Context

    pm = Papermill(folder, forks)
    began = time.perf_counter()
    for _ in range(sample):
        pm.run("bench-stock")
    stock = 60 * sample / (time.perf_counter() - began)
    began = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(Context().run, pm.run, "bench-forked", ours=True) for _ in range(runs)]:
            done.result()
    ours = 60 * runs / (time.perf_counter() - began)
    tell(
        "200 runs of four cells on 2 cores",
        [stock],
        [ours],
        "10x",
        unit="notebooks/min",
        runs=runs,
        sample=sample,
    )


async def memory(forks: Forks) -> None:
    """Idle kernels after the imports: 10 and 100 with their share of memory, then 300 that all answer."""
    before = available_mb()
    async with AsyncExitStack() as held:
        kernels: list[Kernel] = []
        for count, goal in (
            (10, "<= 45 MB each"),
            (100, "<= 25 MB each"),
            (300, "all within 10 GB, each answers"),
        ):
            while len(kernels) < count:
                kernel = await held.enter_async_context(forks.kernel())
                await kernel.run(IMPORTS)
                kernels.append(kernel)
            pids = [k.manager.provisioner.pid for k in kernels]
            each = [proportional_mb(pid) for pid in pids]
            answered = 0
            for kernel in kernels:
                answered += await kernel.value("6 * 7") == 42
            tell(
                f"{count} idle kernels, PSS each", [], each, goal, unit="MB", sum_mb=round(sum(each)),
                machine_mb=round(before - available_mb()), answered=answered,
            )  # fmt: skip


SPEED = """
import numpy as np, time, cvxpy as cp
rng = np.random.default_rng(1)
A = rng.standard_normal((1200, 1200)); S = A @ A.T + np.eye(1200)
def blas():
    t = time.perf_counter(); np.linalg.cholesky(S); S @ A; np.linalg.eigvalsh(S[:500, :500]); return time.perf_counter() - t
def solver():
    w = cp.Variable(150); P = cp.psd_wrap(S[:150, :150])
    t = time.perf_counter(); cp.Problem(cp.Minimize(cp.quad_form(w, P)), [cp.sum(w) == 1, w >= 0]).solve(cp.CLARABEL); return time.perf_counter() - t
blas(); solver()
"""


async def speed(forks: Forks, rounds: int = 60) -> None:
    async with forks.kernel(stock=True) as stock, forks.kernel() as ours:
        for kernel in (stock, ours):
            assert all(o["type"] != "error" for o in await kernel.run(SPEED))
        for what in ("blas", "solver"):
            times: list[list[float]] = [[], []]
            for number in range(rounds):
                for place, kernel in ((0, stock), (1, ours))[:: 1 if number % 2 else -1]:
                    await asyncio.sleep(0.1)  # the other's threads spin on for a moment
                    times[place].append(1000 * await kernel.value(f"{what}()"))
            tell(f"numerical speed, {what}", times[0], times[1], "within 3 %")


PAGE = [
    IMPORTS + ", ipywidgets, matplotlib.pyplot as plt",
    "pandas.DataFrame({'a': range(5)})",
    "ipywidgets.IntSlider(value=3, description='n')",
    "plt.plot([1, 3, 2]);",
    "print('marker', 6 * 7)",
]


def voila(forks: Forks, folder: Path, rounds: int = 6) -> None:
    """Two Voila servers on one notebook, one per kernelspec; GET until the body is complete."""
    import subprocess

    Papermill(folder, forks)  # the kernelspecs
    from tests.servers import free_port

    servers = {}
    for kind in ("stock", "forked"):
        notebook = new_notebook(cells=[new_code_cell(c) for c in PAGE])
        notebook.metadata["kernelspec"] = {
            "name": f"bench-{kind}",
            "language": "python",
            "display_name": kind,
        }
        file, port = folder / f"{kind}.ipynb", free_port()
        nbformat.write(notebook, file)
        words = [
            sys.executable,
            "-m",
            "voila",
            str(file),
            "--no-browser",
            f"--port={port}",
            "--Voila.ip=127.0.0.1",
        ]
        if kind == "forked":
            words.append("--KernelManager.client_factory=sillok.kernels.PromptKernelClient")
        log = (folder / f"{kind}.log").open("wb")
        servers[kind] = (subprocess.Popen(words, stdout=log, stderr=log), f"http://127.0.0.1:{port}/")
    try:
        times: dict[str, list[float]] = {"stock": [], "forked": []}

        def page(url: str) -> bytes:
            with urllib.request.urlopen(url, timeout=120) as answer:
                return bytes(answer.read())

        def up(url: str) -> bool:
            try:
                return b"marker 42" in page(url)
            except OSError:
                return False

        for _, url in servers.values():
            wait_until(lambda url=url: up(url), 120)
        for _ in range(rounds):
            for kind, (_, url) in servers.items():
                wait_until(forks.spare_is_ready)
                time.sleep(0.5)
                began = time.perf_counter()
                assert b"marker 42" in page(url)
                times[kind].append(1000 * (time.perf_counter() - began))
        tell("Voila page of five cells, complete", times["stock"], times["forked"], "<= 500 ms and its cells")
    finally:
        for process, _ in servers.values():
            process.terminate()
            process.wait(20)


async def same(forks: Forks, home: Path) -> None:
    """Sixty notebooks on stock and forked kernels: every difference is printed."""
    own = own_notebooks()
    books = {**SAMPLES, **GALLERY, **papermill_notebooks(), **own}
    cells_seen, different, how = 0, [], {"spare": 0, "fork": 0, "stock": 0}
    for name, cells in books.items():
        print(name, file=sys.stderr)
        place = {"env": environment(home), "cwd": str(PROJECT)} if name in own else {}
        async with forks.kernel(stock=True, **place) as stock, forks.kernel(**place) as ours:
            how[ours.how] += 1
            for cell in cells:
                one, other = [comparable(await k.run(cell, timeout=300)) for k in (stock, ours)]
                cells_seen += 1
                if one != other:
                    told = {"notebook": name, "cell": cell[:80], "how": ours.how}
                    different.append(told | {"stock": str(one)[:400], "ours": str(other)[:400]})
    row = {
        "workload": "same output",
        "notebooks": len(books),
        "cells": cells_seen,
        "how": how,
        "different": different,
    }
    print(json.dumps(row, ensure_ascii=False), flush=True)


async def soak(forks: Forks, starts: int = 5000) -> None:
    """Start and stop kernels one after the other, two at a time; nothing may hang, leak or stay."""
    pid, how = forks.status()["pid"], {"spare": 0, "fork": 0, "stock": 0}
    fds = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    began, size = time.perf_counter(), proportional_mb(pid)

    async def some(count: int) -> None:
        for _ in range(count):
            async with forks.kernel() as kernel:
                how[kernel.how] += 1

    await asyncio.gather(some(starts // 2), some(starts - starts // 2))
    wait_until(lambda: all(k["state"] in {"spare", "starting"} for k in forks.status()["kernels"]))
    gc.collect()
    row = {
        "workload": f"{starts} starts and stops", "minutes": round((time.perf_counter() - began) / 60, 1), **how,
        "parent_mb": [round(size), round(proportional_mb(pid))], "parent_files": [fds, len(list(Path(f"/proc/{pid}/fd").iterdir()))],
        "left_sockets": len({p.name.split("-")[0] for p in forks.places.folder.glob("k*-*")}),
        "left_kernels": len(forks.status()["kernels"]), "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip
    print(json.dumps(row), flush=True)


ROWS: dict[str, Callable[[Forks, Path], Any]] = {
    "ready": lambda forks, _: asyncio.run(ready(forks)),
    "notebooks": notebooks,
    "throughput": throughput,
    "voila": voila,
    "memory": lambda forks, _: asyncio.run(memory(forks)),
    "speed": lambda forks, _: asyncio.run(speed(forks)),
    "same": lambda forks, folder: asyncio.run(same(forks, shared_home(folder))),
    "soak": lambda forks, _: asyncio.run(soak(forks)),
}


def main() -> None:
    chosen = sys.argv[1:] or [name for name in ROWS if name not in {"same", "soak"}]
    if unknown := [name for name in chosen if name not in ROWS]:
        sys.exit(f"no row {unknown}; there are {', '.join(ROWS)}")
    for name in chosen:
        # A short path: sockets have no room for long ones.
        with (
            tempfile.TemporaryDirectory(prefix="forks-") as folder,
            parent(Path(folder) / "f", preload=PRELOAD, spares=2) as forks,
        ):
            ROWS[name](forks, Path(folder))


if __name__ == "__main__":
    main()
