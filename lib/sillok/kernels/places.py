"""Where parents are found, and which of them can serve a request.

A parent is made for one *key*: the user, the interpreter and its flags, what is imported ahead, and the values of
the environment variables that were read meanwhile. A request whose values differ belongs to another parent.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import socket
import stat
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["Places", "Recipe", "startup_environment"]

# What decides how an interpreter and its libraries begin, whether or not somebody was seen reading it.
# Those in the second line are learned by every parent with a research stack; known beforehand, they spare the first
# parent of a node from being made twice.
_NAMES = {
    "HOME", "USER", "LOGNAME", "PATH", "LANG", "LANGUAGE", "VIRTUAL_ENV", "IPYTHONDIR",
    "PAGER", "GIT_PAGER", "DISPLAY", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "JUPYTER_DATA_DIR",
}  # fmt: skip
_PREFIXES = (
    "PYTHON", "LD_", "LC_", "XDG_", "OMP_", "GOMP_", "OPENBLAS_", "MKL_", "KMP_", "GOTO_", "BLIS_", "TBB_", "NPY_", "MPL",
    "MATPLOTLIB", "NUMPY_", "SCIPY_", "PANDAS_", "NUMBA_", "ARROW_", "JE_", "MALLOC_", "GLIBC_", "PLOTLY_", "DEBUGPY_",
    "PYDEVD_", "SSL_",
)  # fmt: skip
# Of no consequence for what an import does, or taken anew by each kernel; else every terminal, and every service
# of a node, would want a parent of its own.
_PASSING = {
    "PWD", "OLDPWD", "SHLVL", "_", "TERM", "COLUMNS", "LINES", "PYTHONUNBUFFERED", "PYTEST_CURRENT_TEST",
    "TMPDIR", "TEMP", "TMP", "JPY_PARENT_PID", "JPY_SESSION_NAME", "JPY_INTERRUPT_EVENT", "JUPYTER_RUNTIME_DIR",
}  # fmt: skip
_SECRET = re.compile(
    "TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|COOKIE|WEBHOOK|(ACCESS|API|PRIVATE|^|_)KEY(S|_|$)|(^|_)(PWD|PASS|PAT|DSN|AUTH)(_|$)",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile("://[^/@\\s]*:[^/@\\s]+@")  # an address with its password


_ROOM = 1 << 20  # bytes that must be free for files of a kernel
_ROOM_FILES = 32  # files, where a disk has a limit of them
_LONGEST_SOCKET = 107  # bytes; sun_path of Linux less its end
_SWEPT_AFTER_S = 3600  # a restarting kernel leaves its sockets for a moment, too


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a parent is made of, and how much it keeps ready."""

    preload: tuple[str, ...]
    flags: tuple[str, ...] = ()  # of the interpreter, e.g. -Xfrozen_modules=off
    carry: tuple[str, ...] = ()  # variables that are part of a parent's key, e.g. whose node it belongs to
    executable: str = sys.executable
    spares: int = 2
    spare_memory_mb: int = 256  # the most that all spares together may hold for themselves
    idle_exit_s: int = 900  # a parent without kernels and requests ends after so long; 0: never

    def text(self) -> str:
        """Return the recipe as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Recipe:
        """Make a recipe of its JSON."""
        found: dict[str, Any] = json.loads(text)
        given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in found.items()}
        return cls(**given)

    @property
    def name(self) -> str:
        """Twelve hex digits that tell this recipe from others, to its parent and to owners of any interpreter."""
        made_of = [self.executable, *self.flags, "|", *self.preload]
        return hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:12]


def startup_environment(env: Mapping[str, str], learned: Iterable[str] = ()) -> dict[str, str]:
    """Return the part of ``env`` that a parent is started with: nothing that an import does not look at.

    A password in another variable thus never enters the memory that all kernels share.
    """
    names = _NAMES | set(learned)
    return {
        name: value
        for name, value in sorted(env.items())
        if (name in names or name.startswith(_PREFIXES))
        and name not in _PASSING
        and not _SECRET.search(name)
        and not _SECRET_VALUE.search(value)
    }


def _is_deserted(file: Path) -> bool:
    for kind in (socket.SOCK_SEQPACKET, socket.SOCK_STREAM):
        with socket.socket(socket.AF_UNIX, kind) as sock:
            sock.setblocking(False)
            code = sock.connect_ex(str(file))
        if code != errno.EPROTOTYPE:  # a live socket of the other kind
            return code == errno.ECONNREFUSED
    return False


class Places:
    """The folder of one user's parents, readable by nobody else."""

    def __init__(self, folder: Path | None = None) -> None:
        base = os.environ.get("XDG_RUNTIME_DIR", "")
        if folder is None:
            folder = (
                Path(base, "forked-kernels")
                if base and Path(base).is_dir()
                # Not the temporary folder of the moment: every process of the user must find the same.
                else Path("/tmp", f"forked-kernels-{os.getuid()}")  # noqa: S108  ours alone, or refused
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
        began = self.startup(recipe, env)
        return recipe.name + hashlib.sha256(json.dumps(began).encode()).hexdigest()[:12]

    def startup(self, recipe: Recipe, env: Mapping[str, str]) -> dict[str, str]:
        """Return the environment that a parent for ``env`` is started with."""
        return startup_environment(env, [*self.learned(recipe), *recipe.carry])

    def starting(self, key: str) -> Path:
        """Return the file that names the process which is becoming the parent of ``key``."""
        return self.folder / f"{key}.starting"

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
        """Return the variables that were read while this recipe was imported; none before the first time.

        A damaged list is none: the parent that is then started writes it anew.
        """
        try:
            found = json.loads((self.folder / f"{recipe.name}.names").read_text())
        except (FileNotFoundError, ValueError):
            return []
        return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []

    def learn(self, recipe: Recipe, names: Iterable[str]) -> None:
        """Remember the variables that were read, beside those of other times."""
        file = self.folder / f"{recipe.name}.names"
        draft = file.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(sorted({*names, *self.learned(recipe)} - _PASSING)))
        draft.replace(file)

    def obstacle(self) -> str | None:
        """Return why kernels cannot have their sockets here, or None: a folder of others, a full disk, a long path."""
        try:
            self.ensure()
            room = os.statvfs(self.folder)
        except OSError as err:
            return f"the folder cannot be used: {err}"
        if room.f_bavail * room.f_frsize < _ROOM or (room.f_files and room.f_favail < _ROOM_FILES):
            return f"the disk of {self.folder} is full"
        if len(os.fsencode(self.endpoint("0" * 12))) + len("-1000") > _LONGEST_SOCKET:
            return f"the path {self.folder} is too long for sockets; set XDG_RUNTIME_DIR to a shorter one"
        return None

    def remove_sockets(self, endpoint: str) -> None:
        """Remove what is left of one kernel that has ended."""
        for file in self.folder.glob(f"{Path(endpoint).name}[-.]*"):
            with contextlib.suppress(OSError):  # the folder is no longer ours to tidy
                file.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove sockets to which nobody has listened for an hour: of kernels and parents killed with their owners."""
        for file in [*self.folder.glob("k*-*"), *self.folder.glob("*.sock")]:
            with contextlib.suppress(OSError):
                if time.time() - file.lstat().st_mtime > _SWEPT_AFTER_S and _is_deserted(file):
                    file.unlink(missing_ok=True)

    def parents(self) -> list[Path]:
        """Return the sockets of all parents that may be running."""
        return sorted(self.folder.glob("*.sock")) if self.folder.is_dir() else []
