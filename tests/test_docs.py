"""Every room, flow, setting, command and folder is documented; the repository speaks of the product alone."""

from __future__ import annotations

import importlib
import re
import subprocess
from pathlib import Path

import pytest
import typer.main

from sillok.cli import app
from sillok.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
ENGLISH = (ROOT / "README.md").read_text()
KOREAN = (ROOT / "README.ko.md").read_text()
LIBRARY = (ROOT / "lib" / "README.md").read_text()
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
ROOMS = sorted(
    p.name.removesuffix(".py")
    for p in (ROOT / "lib" / "sillok").iterdir()
    if p.name not in {"__init__.py", "__pycache__", "py.typed"}
)


def _example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))


def test_the_example_lists_every_setting_and_no_other() -> None:
    ours = {name for name in _example() if name.startswith("SILLOK_")}
    compose = set(re.findall(r"\$\{(SILLOK_\w+)", (ROOT / "docker-compose.yml").read_text()))
    settings = {f"SILLOK_{name.upper()}" for name in Settings.model_fields}
    assert settings <= ours
    assert ours - settings <= compose


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("readme", [ENGLISH, KOREAN], ids=["en", "ko"])
def test_every_command_stands_in_both_readmes(readme: str, command: str) -> None:
    assert f"`sillok {command}" in readme


@pytest.mark.parametrize("readme", [ENGLISH, KOREAN], ids=["en", "ko"])
def test_the_two_commands_stand_in_both_readmes(readme: str) -> None:
    assert "make up" in readme
    assert "make test" in readme
    assert "make test" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_described(room: str) -> None:
    assert f"`{room}" in LIBRARY


@pytest.mark.parametrize("flow", sorted(p.stem for p in (ROOT / "flows").glob("*.py")))
def test_every_flow_is_described(flow: str) -> None:
    assert flow in (ROOT / "flows" / "README.md").read_text()


@pytest.mark.parametrize("folder", ["notebooks", "lib", "flows", "dashboards", "jupyter", "tests", "data"])
def test_every_folder_opens_with_a_readme(folder: str) -> None:
    assert (ROOT / folder / "README.md").is_file()
    assert f"`{folder}/`" in ENGLISH
    assert f"`{folder}/`" in KOREAN


def test_every_benchmark_that_make_offers_runs_by_itself() -> None:
    offered = sorted(
        set((ROOT / "tests" / "bench").glob("*.py")) - {ROOT / "tests" / "bench" / "conftest.py"}
    )
    assert offered
    assert [path.name for path in offered if '__name__ == "__main__"' not in path.read_text()] == []


def test_links_in_the_readmes_lead_somewhere() -> None:
    for readme in (ENGLISH, KOREAN):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", readme) + re.findall(r'src="([^"]+)"', readme):
            assert (ROOT / target).exists(), target


def test_the_top_level_is_as_the_owner_fixed_it() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    top = {line.split("/")[0] for line in listed.splitlines()}
    owner = {
        "notebooks",
        "lib",
        "flows",
        "dashboards",
        "docker-compose.yml",
        "jupyter",
        "pyproject.toml",
        "tests",
        "data",
    }
    company = {"README.md", "README.ko.md", "uv.lock", "LICENSE", "Makefile"}
    assert {name for name in top if not name.startswith(".")} <= owner | company


@pytest.mark.parametrize("room", ["portfolio", "risk"])
def test_every_public_name_of_the_mathematics_stands_in_its_readme(room: str) -> None:
    names = importlib.import_module(f"sillok.{room}").__all__
    readme = (ROOT / "lib" / "sillok" / room / "README.md").read_text()
    assert [name for name in names if f"`{name}" not in readme] == []
