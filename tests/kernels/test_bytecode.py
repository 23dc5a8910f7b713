"""Bytecode is compiled when an environment is made: a kernel that compiles its imports starts three times as slowly."""

from __future__ import annotations

import importlib.util
import re
import sysconfig
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("file", ["Makefile", "jupyter/Dockerfile"])
def test_every_environment_is_made_with_its_bytecode(file: str) -> None:
    made = re.findall(r"^.*\buv (?:sync|pip install)\b.*$", (ROOT / file).read_text(), re.MULTILINE)
    assert made
    assert [line for line in made if "--compile-bytecode" not in line] == []


def test_an_environment_made_by_hand_is_compiled_too() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["compile-bytecode"] is True


def test_the_image_compiles_what_it_copies_beside_the_environment() -> None:
    last = (ROOT / "jupyter/Dockerfile").read_text().rpartition("\nFROM ")[2]
    copied = set(re.findall(r"^COPY (\w+) \./\1$", last, re.MULTILINE))
    compiled = re.search(r"-m compileall -q (.+)$", last, re.MULTILINE)
    assert compiled is not None
    assert {f for f in copied if list((ROOT / f).rglob("*.py"))} == set(compiled[1].split())


@pytest.mark.parametrize(
    "package", ["pandas", "scipy", "statsmodels", "cvxpy", "sqlalchemy", "ipykernel", "IPython"]
)
def test_this_environment_has_the_bytecode_of_what_nobody_imported(package: str) -> None:
    """Of whole packages, tests among them, which importing alone would not have compiled."""
    files = [f for f in Path(sysconfig.get_path("purelib"), package).rglob("*.py") if f.stat().st_size]
    lacking = [f for f in files if not Path(importlib.util.cache_from_source(str(f))).exists()]
    assert files
    assert lacking == []
