"""A store and an object store in a temporary folder, and notebooks made on the spot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
from sqlalchemy import insert

from sillok.node import install_kernelspec
from sillok.objects import Objects, open_objects
from sillok.store import Store, open_store, tables

NOW = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)  # 19:00 in Seoul, after the close of 1 July


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'sillok.db'}")
    opened.migrate()
    yield opened
    opened.engine.dispose()


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return open_objects(
        "", directory=tmp_path / "objects", cache=tmp_path / "cache", access_key="", secret_key=""
    )


@pytest.fixture(scope="session", autouse=True)
def kernelspec() -> None:
    install_kernelspec()


@pytest.fixture
def make_notebook(tmp_path: Path) -> Callable[..., Path]:
    """Write a notebook from its cells: text beginning with ``#md`` is prose, the rest is code."""

    def write(*cells: str, name: str = "report.ipynb", parameters: str = "", **meta: Any) -> Path:
        document = nbformat.v4.new_notebook()
        document.metadata["kernelspec"] = {"name": "sillok", "display_name": "Sillok", "language": "python"}
        document.metadata["sillok"] = {"title": "시험", "slug": "trial", "kind": "report", **meta}
        if parameters:
            document.cells.append(nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
        for text in cells:
            prose = text.startswith("#md\n")
            make = nbformat.v4.new_markdown_cell if prose else nbformat.v4.new_code_cell
            document.cells.append(make(text.removeprefix("#md\n")))
        folder = tmp_path / "project" / "notebooks"
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(document, folder / name)
        return folder / name

    return write


@pytest.fixture
def add_snapshot(store: Store) -> Callable[..., str]:
    """Write a snapshot row with its checks, as load, check and freeze would."""

    def add(
        snapshot_id: str = "a" * 64,
        *,
        seq: int = 1,
        through: date = date(2026, 7, 1),
        severities: tuple[str, ...] = ("ok",),
    ) -> str:
        load_id = f"{seq:032x}"
        with store.begin() as conn:
            conn.execute(
                insert(tables.snapshot).values(
                    id=snapshot_id,
                    seq=seq,
                    source="synthetic",
                    through=through,
                    load_id=load_id,
                    created_at=NOW,
                )
            )
            for number, severity in enumerate(severities):
                conn.execute(
                    insert(tables.check_result).values(
                        load_id=load_id,
                        name=f"check{number}",
                        severity=severity,
                        count=3,
                        summary="",
                        examples=[],
                    )
                )
        return snapshot_id

    return add
