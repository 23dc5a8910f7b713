"""Where parents are found, and which of them can serve a request.

A parent is made for one *key*: the user, the interpreter and its flags, what is imported ahead, and the values of
the environment variables that were read meanwhile. A request whose values differ belongs to another parent.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Places", "Recipe", "startup_environment"]

# What decides how an interpreter and its libraries begin, whether or not somebody was seen reading it.
_NAMES = {"HOME", "USER", "LOGNAME", "PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV", "IPYTHONDIR"}
_PREFIXES = (
    "PYTHON", "LD_", "LC_", "XDG_", "JUPYTER_", "OMP_", "OPENBLAS_", "MKL_", "KMP_", "GOTO_", "BLIS_", "MPL",
    "MATPLOTLIB", "NUMPY_", "SCIPY_", "PANDAS_", "NUMBA_", "ARROW_", "JE_", "MALLOC_", "GLIBC_", "PLOTLY_", "DEBUGPY_",
    "PYDEVD_", "SSL_",
)  # fmt: skip
# Read by many and of no consequence for what an import does; else each terminal would want its own parent.
_PASSING = {"PWD", "OLDPWD", "SHLVL", "_", "TERM", "COLUMNS", "LINES", "JPY_PARENT_PID", "JPY_SESSION_NAME"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a parent is made of, and how much it keeps ready."""

    preload: tuple[str, ...]
    flags: tuple[str, ...] = ()  # of the interpreter, e.g. -Xfrozen_modules=off
    executable: str = sys.executable
    spares: int = 2
    spare_memory_mb: int = 256  # the most that all spares together may hold for themselves
    idle_exit_s: int = 3600  # a parent without kernels and requests ends after so long; 0: never

    def text(self) -> str:
        """Return the recipe as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Recipe:
        """Make a recipe of its JSON."""
        found = json.loads(text)
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in found.items()})

    @property
    def name(self) -> str:
        """Twelve hex digits that tell this recipe from others."""
        made_of = [self.executable, *self.flags, "|", *self.preload, str(sys.version), sys.prefix]
        return hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:12]


def startup_environment(env: Mapping[str, str], learned: Iterable[str] = ()) -> dict[str, str]:
    """Return the part of ``env`` that a parent is started with: nothing that an import does not look at.

    A password in another variable thus never enters the memory that all kernels share.
    """
    names = (_NAMES | set(learned)) - _PASSING
    return {k: v for k, v in sorted(env.items()) if (k in names or k.startswith(_PREFIXES)) and k not in _PASSING}


class Places:
    """The folder of one user's parents, readable by nobody else."""

    def __init__(self, folder: Path | None = None) -> None:
        base = os.environ.get("XDG_RUNTIME_DIR", "")
        if folder is None:
            folder = (
                Path(base, "forked-kernels")
                if base and Path(base).is_dir()
                else Path(tempfile.gettempdir(), f"forked-kernels-{os.getuid()}")
            )
        self.folder = folder

    def ensure(self) -> None:
        """Make the folder; ``PermissionError`` if it is not ours alone."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self.folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise PermissionError(f"{self.folder} must be a folder of this user alone (mode 700); remove it")

    def key(self, recipe: Recipe, env: Mapping[str, str]) -> str:
        """Return the key of the parent that can serve ``env``."""
        began = startup_environment(env, self.learned(recipe))
        return recipe.name + hashlib.sha256(json.dumps(began).encode()).hexdigest()[:12]

    def socket(self, key: str) -> Path:
        """Return where the parent of ``key`` listens."""
        return self.folder / f"{key}.sock"

    def log(self, key: str) -> Path:
        """Return the log file of the parent of ``key``."""
        return self.folder / f"{key}.log"

    def endpoint(self, name: str) -> str:
        """Return the beginning of the paths of one kernel's sockets."""
        return str(self.folder / f"k{name}")

    def learned(self, recipe: Recipe) -> list[str]:
        """Return the variables that were read while this recipe was imported; none before the first time."""
        try:
            return list(json.loads((self.folder / f"{recipe.name}.names").read_text()))
        except FileNotFoundError:
            return []

    def learn(self, recipe: Recipe, names: Iterable[str]) -> None:
        """Remember the variables that were read."""
        file = self.folder / f"{recipe.name}.names"
        draft = file.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(sorted(set(names) - _PASSING)))
        draft.replace(file)

    def parents(self) -> list[Path]:
        """Return the sockets of all parents that may be running."""
        return sorted(self.folder.glob("*.sock")) if self.folder.is_dir() else []
