"""The site's files: written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from sillok.errors import DataError, ResourceError

__all__ = ["PageState", "install_assets", "read_states", "write_file"]

_STATE = "page.json"


@dataclass(frozen=True, slots=True)
class PageState:
    """What is up at one address, and what the gate last said of it. Instants are ISO 8601."""

    slug: str
    kind: str
    title: str
    question: str  # the notebook's heading
    notebook: str
    run_id: str  # of the edition that is up; empty: never published
    snapshot_id: str
    as_of: str
    source: str
    published_at: str
    figure: str  # file beside the page, for its card; empty: none
    held_reason: str = ""  # why the newest run is not up; empty: it is
    held_run_id: str = ""
    held_at: str = ""

    @property
    def is_published(self) -> bool:
        return bool(self.run_id)

    def write(self, site: Path) -> None:
        """Write the state beside its page."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1)
        write_file(site / self.slug / _STATE, text.encode("utf-8"))


def read_states(site: Path) -> dict[str, PageState]:
    """Return the state of every page of ``site`` by slug."""
    states = {}
    for file in sorted(site.glob(f"*/{_STATE}")):
        try:
            values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            states[values["slug"]] = PageState(**values)
        except (json.JSONDecodeError, KeyError, TypeError) as err:
            raise DataError(f"{file} is damaged: {err}; remove its folder and publish again") from err
    return states


def write_file(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that a reader sees the old file or the new one, never a part.

    Raises
    ------
    ResourceError
        If the disk is full or the folder cannot be written; the old file is still there.
    """
    draft = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except OSError as err:
        if draft:
            Path(draft).unlink(missing_ok=True)
        raise ResourceError(
            f"cannot write {path}: {err.strerror}; the page before it is still up. Free space or fix the folder, "
            "then publish again",
            path=str(path),
        ) from err


def install_assets(site: Path) -> None:
    """Put the style sheet and the fonts into ``site``; what is there already and equal is left alone."""
    own = files("sillok.pages") / "assets"
    fonts = files("sillok.charts") / "fonts"
    for source in [*own.iterdir(), *(f for f in fonts.iterdir() if f.name.endswith((".otf", ".txt")))]:
        target, data = site / "assets" / source.name, source.read_bytes()
        if not target.is_file() or target.read_bytes() != data:
            write_file(target, data)
