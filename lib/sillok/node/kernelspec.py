"""What Jupyter finds in this environment: the project's kernel, and settings under which JupyterLab asks nobody outside."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from sillok.kernels import Recipe
from sillok.node.processes import MARK

__all__ = ["KERNEL_NAME", "install_kernelspec", "install_lab_settings", "kernel_recipe"]

KERNEL_NAME = "sillok"
_FLAGS = ("-Xfrozen_modules=off",)  # else the debugger misses breakpoints

# What a kernel's parent has imported: what the notebooks of a desk begin with.
_PRELOAD = (
    "numpy",
    "pandas",
    "scipy.stats",
    "scipy.optimize",
    "statsmodels.api",
    "cvxpy",
    "sqlalchemy",
    "matplotlib.pyplot",
    "ipywidgets",
    "numba",
    "sillok.desk",
    "sillok.charts",
    "sillok.panels",
    "sillok.portfolio",
    "sillok.risk",
)


def kernel_recipe() -> Recipe:
    """Return what the kernels' parent of this environment is made of."""
    return Recipe(preload=_PRELOAD, flags=_FLAGS, carry=(MARK,), executable=sys.executable)


def install_kernelspec(prefix: Path | None = None) -> Path:
    """Write the kernel ``sillok`` ("Sillok") into this environment and return its file.

    An equal file is left alone, so that a read-only environment made with it works.
    """
    folder = (prefix or Path(sys.prefix)) / "share" / "jupyter" / "kernels" / KERNEL_NAME
    config = {"preload": list(_PRELOAD), "carry": [MARK]}
    spec = {
        "argv": [
            sys.executable,
            *_FLAGS,
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
        ],
        "display_name": "Sillok",
        "language": "python",
        "metadata": {
            "debugger": True,
            "kernel_provisioner": {"provisioner_name": "forked", "config": config},
        },
    }
    return _write(folder / "kernel.json", spec)


def install_lab_settings(prefix: Path | None = None) -> Path:
    """Write what JupyterLab begins with into this environment and return its file; a user may choose otherwise.

    It neither fetches news nor looks for updates, and does not ask whether it may.
    """
    folder = (prefix or Path(sys.prefix)) / "share" / "jupyter" / "lab" / "settings"
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    return _write(folder / "overrides.json", {"@jupyterlab/apputils-extension:notification": quiet})


def _write(file: Path, content: object) -> Path:
    text = json.dumps(content, ensure_ascii=False, indent=1)
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.{os.getpid()}")  # two processes may write at once
        draft.write_text(text, encoding="utf-8")
        draft.replace(file)
    return file
