"""Decisions that libraries take when they are imported, taken again where they matter: in the kernel.

Each was seen to give silently wrong output after a fork: no figure, no plot, another warning, the same random
numbers in every kernel.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from typing import Any

__all__ = ["Filters", "Threads", "apply_environment", "redo_imports", "reseed"]


class Threads:
    """The loaded linear-algebra libraries, found once in the parent: their threads are raised in the child."""

    def __init__(self) -> None:
        from threadpoolctl import ThreadpoolController

        self._libraries = ThreadpoolController().lib_controllers

    def restore(self, env: Mapping[str, str]) -> None:
        """Give each library the number of threads that it would have chosen by itself under ``env``."""
        cores = len(os.sched_getaffinity(0))
        for library in self._libraries:
            own = "OPENBLAS_NUM_THREADS" if library.internal_api == "openblas" else "MKL_NUM_THREADS"
            asked = env.get(own) or env.get("OMP_NUM_THREADS") or ""
            wanted = int(asked) if asked.isdigit() and int(asked) > 0 else cores
            if library.get_num_threads() != wanted:
                library.set_num_threads(wanted)


class Filters:
    """The order of the warning filters: IPython's come before those of the libraries a notebook imports."""

    def __init__(self, before: list[Any]) -> None:
        self._imported = [f for f in warnings.filters if f not in before]

    def restore(self) -> None:
        """Put the imported libraries' filters in front again, as if they were imported after the shell began."""
        rest = [f for f in warnings.filters if f not in self._imported]
        warnings.filters[:] = [*self._imported, *rest]  # type: ignore[index]
        # So named until Python 3.13; it tells the interpreter to forget what it had matched.
        mutated = getattr(warnings, "_filters_mutated", None) or warnings._filters_mutated_lock_held  # type: ignore[attr-defined]
        mutated()


def apply_environment(env: Mapping[str, str]) -> None:
    """Make ``env`` the whole environment of this process, its time zone and temporary folder included."""
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    tempfile.tempdir = None  # chosen by TMPDIR when first asked for


def reseed() -> None:
    """Give every global generator a seed of its own; Python's ``random`` does so by itself after a fork."""
    mtrand = sys.modules.get("numpy.random.mtrand")
    if mtrand is not None:
        mtrand.seed(None)


def redo_imports() -> None:
    """Take again the import-time decisions of matplotlib, ipywidgets and plotly, now that there is a shell."""
    if "matplotlib" in sys.modules:
        import matplotlib

        matplotlib.rcParams["backend"] = os.environ.get("MPLBACKEND", matplotlib.rcParams._get("backend"))
    inline = sys.modules.get("matplotlib_inline.backend_inline")
    if inline is not None:
        inline._enable_matplotlib_integration()
    widgets = sys.modules.get("ipywidgets")
    if widgets is not None:
        widgets._handle_ipython()
