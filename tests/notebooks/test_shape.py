"""Every notebook has the shape that readers and the platform rely on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from sillok.runs import find_notebooks, read_parameters
from tests.notebooks.catalogue import LIVE, NOTEBOOKS, REFERENCE_TAGS, STUDIES
from tests.reference import PROJECT

every = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def cells(path: Path, kind: str) -> list[Any]:
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == kind]


def test_there_are_two_reports_and_a_dashboard() -> None:
    assert {p.stem for p in NOTEBOOKS} >= {"market_today", "minimum_variance", "portfolio_explorer"}


@every
def test_a_notebook_is_valid_and_names_the_projects_kernel(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "sillok"
    assert notebook.metadata.kernelspec.display_name == "Sillok"


@every
def test_a_notebook_says_what_the_platform_calls_it(path: Path) -> None:
    about = nbformat.read(path, as_version=4).metadata.sillok
    assert set(about) == {"title", "title_en", "slug", "kind"}
    assert about.slug == path.stem.replace("_", "-") or path.stem == "market_today"
    kinds = {
        "live": LIVE,
        "study": STUDIES,
        "dashboard": [p for p in NOTEBOOKS if p.parent.name == "dashboards"],
    }
    assert about.kind == next((kind for kind, paths in kinds.items() if path in paths), "report")


def test_the_night_runs_neither_studies_nor_what_needs_a_session() -> None:
    nightly = {info.path for info in find_notebooks(PROJECT)}
    assert nightly == set(NOTEBOOKS) - set(LIVE) - set(STUDIES)


@every
def test_the_title_is_a_question_followed_by_inputs_and_outputs(path: Path) -> None:
    first = nbformat.read(path, as_version=4).cells[0]
    assert first.cell_type == "markdown"
    assert re.match(r"# [^\n]+\?\n", first.source)
    assert "**입력**" in first.source
    assert "**출력**" in first.source


@every
def test_there_is_one_parameters_cell_and_its_schema_can_be_read(path: Path) -> None:
    tagged = [c for c in cells(path, "code") if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) == 1
    schema = read_parameters(path)
    assert "as_of" in {p.name for p in schema.parameters}
    assert schema.validate({})["as_of"] == ""
    assert all(p.note for p in schema.parameters)


@every
def test_no_code_cell_is_longer_than_fifteen_lines(path: Path) -> None:
    long = {c.id: len(c.source.splitlines()) for c in cells(path, "code") if len(c.source.splitlines()) > 15}
    assert not long


@every
def test_a_notebook_holds_no_absolute_path_secret_or_path_trick(path: Path) -> None:
    text = "\n".join(c.source for c in nbformat.read(path, as_version=4).cells)
    assert not re.search(r"(?<![\w.<])/(home|root|tmp|work|usr|Users)/", text)
    assert not re.search(r"sys\.path|os\.environ|!pip|%pip|app_?secret", text, re.IGNORECASE)


@every
def test_a_notebook_reaches_the_market_through_the_desk_alone(path: Path) -> None:
    text = "\n".join(c.source for c in cells(path, "code"))
    assert "desk.open(as_of=as_of)" in text
    assert not re.search(r"sillok\.(kis|store|objects|ingest|market|settings)\b", text)


@every
def test_only_reference_cells_keep_an_output(path: Path) -> None:
    kept = 0
    for cell in cells(path, "code"):
        if set(cell.metadata.get("tags", [])) >= REFERENCE_TAGS:
            kept += 1
            assert [o.output_type for o in cell.outputs] == ["stream"]
        else:
            assert not cell.outputs, cell.id
        assert cell.execution_count == (1 if cell.outputs else None)
    assert kept == 1


@every
def test_every_cell_has_a_telling_id(path: Path) -> None:
    ids = [c.id for c in nbformat.read(path, as_version=4).cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z-]+", i) for i in ids)


def test_a_dashboard_has_at_most_five_code_cells() -> None:
    for path in NOTEBOOKS:
        if path.parent.name == "dashboards":
            assert len(cells(path, "code")) <= 5
