"""How a parent is made: it imports what kernels import, lets a fork rehearse being one, and serves.

Run as ``python -m sillok.kernels.server``; a provisioner starts it.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from sillok.kernels.parent import InChild, Parent, fork_quietly
from sillok.kernels.places import Places, Recipe
from sillok.kernels.preload import Freshness, import_ahead, pin_threads, recorded_environment, tasks

__all__ = ["main"]

log = logging.getLogger("sillok.kernels")

# Decided by what is there when they are imported: a shell, a figure's window. A kernel imports them itself.
_NOT_AHEAD = ("matplotlib_inline.backend_inline", "plotly.io._renderers")


def _prepare(places: Places, recipe: Recipe) -> tuple[str, Any, Freshness]:
    """Import what the recipe names and what a rehearsed kernel needs.

    Return the key, what children put right, and the watch over what was imported.
    """
    key = places.key(recipe, os.environ)
    places.starting(key).write_text(str(os.getpid()))
    asked = pin_threads()
    import_ahead(["threadpoolctl"])  # ours, and what it sets is not a library's that a notebook imports
    before = dict(os.environ)
    os.environ["MPLBACKEND"] = os.environ.get("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    gc.disable()
    began_ns = time.time_ns()
    with recorded_environment() as names:
        failed = import_ahead(["sillok.kernels.child"])
        if failed:
            raise RuntimeError(f"the kernel itself cannot be imported: {failed}")
        from sillok.kernels import restore
        from sillok.kernels.child import Restores

        own, filters = dict(sys.modules), list(warnings.filters)
        for name, why in import_ahead(recipe.preload).items():
            log.warning("%s is not imported ahead: %s", name, why)

        def restores() -> Restores:
            set_by_imports = {k: v for k, v in os.environ.items() if k not in before and k != "MPLBACKEND"}
            return Restores(restore.Threads(), asked, restore.Filters(filters), set_by_imports, own)

        found, seen = _rehearse(places, restores())
        names.update(seen)
        import_ahead(name for name in found if name not in _NOT_AHEAD and name not in sys.modules)
    places.learn(recipe, names)
    return key, restores(), Freshness(began_ns, own)


def _rehearse(places: Places, restores: Any) -> tuple[list[str], set[str]]:
    """Let a fork become a spare and run a cell; return the modules and the variables that it needed."""
    from sillok.kernels.child import rehearse

    if len(running := tasks()) != 1:
        raise RuntimeError(f"what is imported ahead starts threads ({', '.join(running)}); leave it out")
    reading, writing = os.pipe()
    pid = fork_quietly()
    if pid == 0:
        os.close(reading)
        rehearse(restores, places.endpoint(f"{os.getpid():x}.r"), writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    if not text:
        raise RuntimeError("the rehearsed kernel told nothing; its error stands above")
    told = json.loads(text)
    return told["modules"], set(told["environment"])


def _log_to_stderr() -> None:
    """Let this room's log go to standard error: the root logger belongs to the kernels."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False


def main() -> None:
    """Be a parent: ``python -m sillok.kernels.server --folder DIR --recipe JSON``."""
    options = argparse.ArgumentParser()
    options.add_argument("--folder", type=Path, required=True)
    options.add_argument("--recipe", required=True)
    given = options.parse_args()
    # As ipykernel's launcher does: the folder that -m adds is no place of libraries.
    if sys.path[0] in {"", str(Path.cwd())}:
        del sys.path[0]
    _log_to_stderr()
    places, recipe = Places(given.folder), Recipe.read(given.recipe)
    places.ensure()
    places.sweep()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    key, restores, freshness = _prepare(places, recipe)
    gc.freeze()
    # Held by each fork as well: taking it apart would copy 6 MB.
    parent = Parent(places, recipe, key, restores, freshness)
    try:
        parent.serve()
    except InChild as forked:
        task = forked.task
        log.handlers.clear()
    else:
        return
    from sillok.kernels.child import become

    become(task)


if __name__ == "__main__":
    main()
