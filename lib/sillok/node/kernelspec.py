"""The Jupyter kernel of the project: one name in every tool, this environment behind it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

__all__ = ["KERNEL_NAME", "install_kernelspec"]

KERNEL_NAME = "sillok"


def install_kernelspec(prefix: Path | None = None) -> Path:
    """Write the kernel ``sillok`` ("Sillok") into this environment and return its file.

    An equal file is left alone, so that a read-only environment made with it works.
    """
    folder = (prefix or Path(sys.prefix)) / "share" / "jupyter" / "kernels" / KERNEL_NAME
    spec = {
        "argv": [
            sys.executable,
            "-Xfrozen_modules=off",
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
        ],
        "display_name": "Sillok",
        "language": "python",
        "metadata": {"debugger": True},
    }
    text = json.dumps(spec, ensure_ascii=False, indent=1)
    file = folder / "kernel.json"
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / "kernel.json.new"
        draft.write_text(text, encoding="utf-8")
        draft.replace(file)
    return file
