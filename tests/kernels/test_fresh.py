"""The code in a parent is the code on disk, however it was changed, and the code that its kernel would have found."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sillok.kernels import preload
from sillok.kernels.fallbacks import fallbacks
from sillok.kernels.preload import Freshness
from tests.kernels.forks import parent, wait_until


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of ``sys.path`` with an imported module and a distribution's folder beside it."""
    installed = tmp_path / "site-packages"
    (installed / "thing-1.dist-info").mkdir(parents=True)
    (installed / "thing.pth").write_text("/nowhere\n")
    source = tmp_path / "source"
    source.mkdir()
    (source / "desk_module.py").write_text("ANSWER = 1\n")
    old = time.time() - 100
    for path in (*installed.iterdir(), installed, source / "desk_module.py"):
        os.utime(path, (old, old))
    monkeypatch.setattr(sys, "path", [str(source), str(installed), *sys.path])
    monkeypatch.delitem(sys.modules, "desk_module", raising=False)
    __import__("desk_module")
    yield tmp_path
    sys.modules.pop("desk_module", None)


def _replace_keeping_time_and_size(folder: Path) -> None:
    file = folder / "source" / "desk_module.py"
    old = file.stat().st_mtime
    draft = file.with_suffix(".draft")
    draft.write_text("ANSWER = 2\n")
    os.utime(draft, (old, old))
    draft.replace(file)


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "edited": (lambda f: (f / "source/desk_module.py").write_text("ANSWER = 12\n"), "desk_module.py"),
    "replaced": (_replace_keeping_time_and_size, "desk_module.py"),
    "removed": (lambda f: (f / "source/desk_module.py").unlink(), "desk_module.py"),
    "installed": (lambda f: (f / "site-packages/other-1.dist-info").mkdir(), "site-packages"),
    "path extended": (lambda f: (f / "site-packages/thing.pth").write_text("/elsewhere\n"), "thing.pth"),
    "hidden by a module": (lambda f: (f / "source/numpy.py").write_text(""), "source"),
    "hidden by a package": (
        lambda f: ((f / "source/numpy").mkdir(), (f / "source/numpy/__init__.py").write_text("")),
        "source",
    ),
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_change_is_seen(library: Path, how: str) -> None:
    import numpy  # noqa: F401  so that something could be hidden

    change, named = CHANGES[how]
    fresh = Freshness()
    fresh.changed()
    assert fresh.changed() is None
    change(library)
    assert Path(fresh.changed() or "").name == named
    assert Path(fresh.changed(thorough=True) or "").name == named


def test_what_no_import_would_read_changes_nothing(library: Path) -> None:
    fresh = Freshness()
    (library / "source" / "notes.txt").write_text("x")
    (library / "source" / "new_module.py").write_text("")
    (library / "source" / "numpy").mkdir()  # without __init__ it comes after the real one
    assert fresh.changed() is None
    assert fresh.changed(thorough=True) is None


def test_a_file_written_while_importing_is_not_trusted(library: Path) -> None:
    began, file = time.time_ns() + 2 * preload._TICK_NS, library / "source" / "desk_module.py"
    wait_until(lambda: file.write_text("ANSWER = 3\n") and file.stat().st_ctime_ns >= began)
    assert Path(Freshness(began).changed() or "").name == "desk_module.py"
    assert Freshness(time.time_ns() + 10**9).changed() is None


async def test_a_module_in_the_notebooks_folder_comes_first(folder: Path, tmp_path: Path) -> None:
    """As in a stock kernel, where the notebook's folder is the first that is looked at."""
    (tmp_path / "numpy.py").write_text("ANSWER = 'mine'\n")
    with parent(folder, spares=1) as forks:
        wait_until(forks.spare_is_ready)
        async with forks.kernel(cwd=str(tmp_path)) as kernel:
            assert kernel.how == "stock"
            assert await kernel.value("__import__('numpy').ANSWER") == "mine"
        assert any("modules of its own" in reason and "numpy" in reason for reason in fallbacks(forks.places))
        async with forks.kernel(cwd=str(tmp_path.parent)) as kernel:
            assert kernel.how == "spare"
