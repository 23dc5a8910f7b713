"""The room's page speaks of every public name."""

import re
from pathlib import Path

import pytest

import sillok.portfolio as room

PAGE = (Path(room.__file__).parent / "README.md").read_text()


@pytest.mark.parametrize("name", room.__all__)
def test_every_public_name_is_described(name: str) -> None:
    assert re.search(rf"`{name}\b", PAGE)


@pytest.mark.parametrize("name", list(room.Limits.__dataclass_fields__))
def test_every_limit_is_described(name: str) -> None:
    assert f"{name}" in PAGE
