"""The project's notebooks that are published: what ``metadata.sillok`` says of each."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from sillok.errors import ConfigError

__all__ = ["NotebookInfo", "find_notebooks", "read_info"]

KINDS = ("report", "dashboard")
FOLDERS = ("notebooks", "dashboards")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?")
_TAKEN = {"assets", "api", "health", "index"}


@dataclass(frozen=True, slots=True)
class NotebookInfo:
    """A notebook that becomes a page: where it is, and what its page is called."""

    path: Path
    slug: str
    kind: str  # report or dashboard
    title: str
    title_en: str

    def title_in(self, lang: str) -> str:
        """Return the title in ``lang`` (ko or en)."""
        return self.title_en if lang == "en" and self.title_en else self.title


def read_info(notebook: Path) -> NotebookInfo | None:
    """Return what ``metadata.sillok`` says of ``notebook``; None if it is not meant to be published.

    Raises
    ------
    ConfigError
        If the file is no notebook, or its slug cannot be part of an address.
    """
    try:
        meta = json.loads(notebook.read_text(encoding="utf-8"))["metadata"].get("sillok", {})
    except FileNotFoundError as err:
        raise ConfigError(f"there is no notebook {notebook}; look with `ls notebooks dashboards`") from err
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as err:
        raise ConfigError(f"{notebook} is not a notebook (nbformat 4): {err}") from err
    if meta.get("kind") not in KINDS:
        return None
    slug = str(meta.get("slug", ""))
    if not _SLUG.fullmatch(slug) or slug in _TAKEN:
        raise ConfigError(
            f"{notebook}: metadata.sillok.slug is {slug!r}; use small letters, digits and hyphens, "
            f"and none of {', '.join(sorted(_TAKEN))}"
        )
    title = str(meta.get("title") or notebook.stem)
    return NotebookInfo(notebook, slug, str(meta["kind"]), title, str(meta.get("title_en", "")))


def find_notebooks(project: Path) -> list[NotebookInfo]:
    """Return every notebook under ``notebooks/`` and ``dashboards/`` that is published, reports first.

    Raises
    ------
    ConfigError
        If two of them would be the same page.
    """
    paths = [path for folder in FOLDERS for path in sorted((project / folder).rglob("*.ipynb"))]
    found = [read_info(path) for path in paths if ".ipynb_checkpoints" not in path.parts]
    infos = sorted((info for info in found if info), key=lambda info: (KINDS.index(info.kind), info.slug))
    seen: dict[str, Path] = {}
    for info in infos:
        if info.slug in seen:
            raise ConfigError(
                f"{seen[info.slug]} and {info.path} have the same slug {info.slug!r}; change one"
            )
        seen[info.slug] = info.path
    return infos
