"""Make the reference outputs anew: ``python -m tests.notebooks.regenerate``. Look at the difference before you commit it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from tests.live import live_sandbox
from tests.notebooks.catalogue import NOTEBOOKS, REFERENCE_TAGS
from tests.reference import PROJECT, environment, shared_home

__all__ = ["regenerate"]


def regenerate(path: Path) -> None:
    """Execute a notebook and keep the outputs of its reference cells alone."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": path.parent}}).execute()
    executed = {cell.id: cell for cell in notebook.cells}
    source = nbformat.read(path, as_version=4)
    for cell in source.cells:
        if cell.cell_type == "code":
            is_reference = set(cell.metadata.get("tags", [])) >= REFERENCE_TAGS
            cell.outputs = executed[cell.id].outputs if is_reference else []
            # nbval takes a cell without a count for one that was never run.
            cell.execution_count = 1 if is_reference else None
    nbformat.write(source, path)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, live_sandbox() as url:
        os.environ.update(environment(shared_home(Path(folder))) | {"SILLOK_KIS_URL": url})
        for found in NOTEBOOKS:
            regenerate(found)
            print(found.relative_to(PROJECT))
