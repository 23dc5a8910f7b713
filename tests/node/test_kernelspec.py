"""What Jupyter finds in the environment."""

from __future__ import annotations

import json
from pathlib import Path

from sillok.node import install_kernelspec, install_lab_settings


def test_jupyterlab_begins_without_asking_anybody_outside(tmp_path: Path) -> None:
    file = install_lab_settings(tmp_path)
    assert file.relative_to(tmp_path).as_posix() == "share/jupyter/lab/settings/overrides.json"
    (told,) = json.loads(file.read_text("utf-8")).values()
    assert told == {"fetchNews": "false", "checkForUpdates": False}


def test_an_equal_file_is_left_alone(tmp_path: Path) -> None:
    """A read-only environment that was made with it works."""
    files = [install_kernelspec(tmp_path), install_lab_settings(tmp_path)]
    before = [file.stat().st_ino for file in files]
    assert [install_kernelspec(tmp_path), install_lab_settings(tmp_path)] == files
    assert [file.stat().st_ino for file in files] == before
    assert not list(tmp_path.rglob("*.new"))
