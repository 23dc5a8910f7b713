"""Settings of a small project on free ports, at a fixed evening, with a month of history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sillok.node import install_kernelspec
from sillok.settings import Settings, load_settings
from tests.projects import free_ports, make_project

EVENING = "2026-06-30T18:30:00+09:00"


@pytest.fixture(scope="session", autouse=True)
def kernelspec() -> None:
    install_kernelspec()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    project = make_project(tmp_path / "project")
    monkeypatch.setenv("SILLOK_PROJECT", str(project))
    names = ("port_sandbox", "port_prefect", "port_room", "port_voila", "port_lab")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    return load_settings(home=tmp_path / "home", now=EVENING, history_start="2026-05-15", **ports)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def say(said: list[str]) -> Callable[[str], None]:
    return said.append
