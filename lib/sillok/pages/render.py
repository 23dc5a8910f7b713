"""An executed notebook as the body of a page, through nbconvert and our own template."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from sillok.pages.words import WORDS

if TYPE_CHECKING:
    import nbformat

__all__ = ["Body", "first_figure", "render_body", "shell"]

_TEMPLATES = Path(__file__).parent / "templates"
_HEADING = re.compile(r"\A\s*#\s+(?P<text>[^\n]+)\n?")
_EMBEDDED = re.compile(r"data:image/png;base64,(?P<data>[A-Za-z0-9+/=\s]+)")
_HIDDEN_TAGS = {"parameters", "injected-parameters", "remove_cell"}
_PRIORITY = [
    "text/html",
    "text/markdown",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "text/latex",
    "text/plain",
]


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a page: its heading (the question) apart, the rest as HTML."""

    question: str
    html: str


@lru_cache(maxsize=1)
def shell() -> jinja2.Environment:
    """Return the templates of the pages around the notebooks; every value is escaped."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )


def render_body(executed: nbformat.NotebookNode, lang: str) -> Body:
    """Render ``executed``: prose and outputs, each cell's code behind a disclosure, widgets as they stood.

    Parameter cells are left out, since the page's header shows the values. Errors and warnings that went to
    the error stream stay in the run's log.
    """
    # Seconds of imports, which who only reads the site's state does not need.
    import nbformat
    from nbconvert.exporters import HTMLExporter

    from sillok.pages.widgets import freeze_widgets

    document: Any = nbformat.from_dict(executed)
    question = _take_heading(document)
    document.cells = [c for c in document.cells if not _HIDDEN_TAGS & set(c.metadata.get("tags", []))]
    freeze_widgets(document)
    exporter = HTMLExporter(
        template_name="sillok",
        extra_template_basedirs=[str(_TEMPLATES)],
        language_code=lang,
        exclude_anchor_links=True,
    )
    exporter.config.NbConvertBase.display_data_priority = _PRIORITY
    html, _ = exporter.from_notebook_node(document, resources={"words": WORDS[lang]})
    return Body(question, html)


def first_figure(executed: nbformat.NotebookNode) -> tuple[str, bytes] | None:
    """Return name and content of the first figure, for the page's card; None if there is none."""
    import nbformat

    from sillok.pages.widgets import freeze_widgets

    document: Any = nbformat.from_dict(executed)
    freeze_widgets(document)
    for cell in document.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            embedded = _EMBEDDED.search(str(data.get("text/html", "")))
            png = data.get("image/png") or (embedded["data"] if embedded else "")
            if png:
                return "figure.png", base64.b64decode(png)
            if "image/svg+xml" in data:
                text = data["image/svg+xml"]
                return "figure.svg", ("".join(text) if isinstance(text, list) else text).encode("utf-8")
    return None


def _take_heading(document: nbformat.NotebookNode) -> str:
    """Take the first heading out of the document; the page's header shows it."""
    for cell in document.cells:
        if cell.cell_type == "markdown":
            found = _HEADING.match(cell.source)
            if found:
                cell.source = cell.source[found.end() :]
                return found["text"].strip()
            return ""
    return ""
