"""Import ahead what kernels import, in a process that stays fit to be forked."""

from __future__ import annotations

import importlib
import os
import stat
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sillok.kernels.watch import Watch

__all__ = ["Freshness", "import_ahead", "pin_threads", "recorded_environment", "tasks"]

# Read by the libraries' C code when they are loaded. One thread each: a pool does not survive a fork, and a
# started one makes forking unsafe. A kernel gets its own number back.
_PINS = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # pyarrow's jemalloc starts a background thread on load.
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}


def _importable(folder: str) -> Iterator[str]:
    """Give the names of the modules in ``folder``; one without ``__init__`` comes after all others and hides none."""
    try:
        names = os.listdir(folder)  # noqa: PTH208  names are wanted, not paths
    except OSError:
        return
    for name in names:
        stem, _, suffix = name.partition(".")
        if (
            suffix == "py"
            or suffix.endswith("so")
            or (not suffix and Path(folder, name, "__init__.py").exists())
        ):
            yield stem


def _came_from(folder: str, name: str) -> bool:
    file = getattr(sys.modules.get(name), "__file__", None)
    return file is not None and Path(file).is_relative_to(Path(folder).resolve())


_TICK_NS = 20_000_000  # a file system's clock may be so far behind


def pin_threads() -> dict[str, str]:
    """Set the variables that keep libraries from starting threads; return what they were."""
    before = {name: os.environ[name] for name in _PINS if name in os.environ}
    os.environ.update(_PINS)
    return before


def tasks() -> list[str]:
    """Return the names of this process's threads, the main one included."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        try:
            found.append((task / "comm").read_text().strip())
        except FileNotFoundError:  # it ended meanwhile
            continue
    return found


class _Recorder(os._Environ):  # type: ignore[type-arg]
    """``os.environ`` that remembers which variables were asked for."""

    names: set[str]
    on: bool = False

    def __getitem__(self, key: str) -> str:
        if self.on and isinstance(key, str):
            self.names.add(key)
        return super().__getitem__(key)


@contextmanager
def recorded_environment() -> Iterator[set[str]]:
    """Give the names of the environment variables that are read within; C code's own reads are not seen."""
    plain: Any = os.environ
    if isinstance(plain, _Recorder):
        recorder = plain
    else:
        recorder = _Recorder(
            plain._data, plain.encodekey, plain.decodekey, plain.encodevalue, plain.decodevalue
        )
        recorder.names = set()
        # Modules keep what they import from os: it stays this object, and only stops recording.
        os.environ = recorder  # noqa: B003  the environment itself is shared with the one before
    recorder.on = True
    try:
        yield recorder.names
    finally:
        recorder.on = False


def import_ahead(names: Iterable[str]) -> dict[str, str]:
    """Import each module; return the reason for each that could not be, which a kernel will meet by itself."""
    failed = {}
    # Silenced by not showing, not by a filter: the filters that libraries set are theirs to keep.
    shown, warnings.showwarning = warnings.showwarning, lambda *_, **__: None
    try:
        for name in names:
            try:
                importlib.import_module(name)
            except Exception as err:  # noqa: BLE001  any library may fail in any way; the kernel's import says how
                failed[name] = f"{type(err).__name__}: {err}"
    finally:
        warnings.showwarning = shown
    return failed


class Freshness:
    """Whether the code on disk is still the code that was imported.

    The operating system tells of changes as they happen; where it cannot (a network's file system, too many
    watches), ``changed`` looks at every file, which takes some ten milliseconds.

    Watched are the files of all imported modules, the folders of installed distributions with their ``.pth`` files,
    and, in every other folder of ``sys.path``, the names that would come before what was imported. ``began_ns`` is
    when importing began: a file written since may have been read before it was. ``anyway`` names the modules that a
    stock kernel has imported as well before it looks into its notebook's folder.
    """

    def __init__(self, began_ns: int | None = None, anyway: Iterable[str] = ()) -> None:
        self._anyway = {name.partition(".")[0] for name in anyway}
        files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
        watched = {name for name in files if isinstance(name, str) and Path(name).is_absolute()}
        folders = {path for path in sys.path if Path(path).is_dir()}
        installed = {path for path in folders if path.endswith(("site-packages", "dist-packages"))}
        # An installed or removed distribution changes its folder; an edited .pth file changes the path alone.
        watched |= installed | {str(file) for path in installed for file in Path(path).glob("*.pth")}
        self._stamps = [(name, self._stamp(name)) for name in sorted(watched)]
        self._tops = {name.partition(".")[0] for name in list(sys.modules)}
        self._listings = [(path, self._shadows(path)) for path in sorted(folders - installed)]
        self._written_since = self._newest(watched - installed, began_ns)
        self._watch = Watch({str(Path(name).parent) for name in watched} | folders)

    @staticmethod
    def _stamp(name: str) -> tuple[int, int, int]:
        try:
            found = os.stat(name)  # noqa: PTH116  three thousand of them: 4 ms, not 12
        except OSError:
            return (0, 0, 0)
        if stat.S_ISDIR(found.st_mode):
            return (found.st_mtime_ns, 0, 0)
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    def _shadows(self, folder: str) -> frozenset[str]:
        """Return the top-level modules, of those imported, that would be found in ``folder``."""
        return frozenset(name for name in _importable(folder) if name in self._tops)

    def shadowed_by(self, folder: str) -> list[str]:
        """Return the modules, of those imported ahead, that a stock kernel in ``folder`` would find there first."""
        return sorted(name for name in self._shadows(folder) - self._anyway if not _came_from(folder, name))

    @staticmethod
    def _newest(names: Iterable[str], began_ns: int | None) -> str | None:
        """Return a file that was written between ``began_ns`` and now."""
        if began_ns is None:
            return None
        now = time.time_ns()
        for name in sorted(names):
            try:
                written = os.stat(name).st_ctime_ns  # noqa: PTH116
            except OSError:
                return name
            if began_ns - _TICK_NS <= written <= now:
                return name
        return None

    def changed(self, *, thorough: bool = False) -> str | None:
        """Return the first file that is not what was imported, or None."""
        if self._written_since:
            return self._written_since
        if not thorough and self._watch.quiet():
            return None
        for name, stamp in self._stamps:
            if self._stamp(name) != stamp:
                return name
        for folder, shadows in self._listings:
            if self._shadows(folder) != shadows:
                return folder
        return None
