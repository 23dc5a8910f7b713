"""Widgets as they stood at the end of the run: a still picture, no script.

A widget's state is in the notebook's metadata. Containers become boxes, outputs and text are shown, and a
control becomes its label and value.
"""

from __future__ import annotations

from html import escape
from typing import Any

import nbformat

__all__ = ["freeze_widgets"]

_VIEW = "application/vnd.jupyter.widget-view+json"
_STATE = "application/vnd.jupyter.widget-state+json"
_ROWS = {"HBoxModel"}


def freeze_widgets(document: nbformat.NotebookNode) -> None:
    """Put static outputs in the place of every widget view of ``document``."""
    models = document.metadata.get("widgets", {}).get(_STATE, {}).get("state", {})
    for cell in document.cells:
        if cell.cell_type != "code":
            continue
        outputs: list[Any] = []
        for output in cell.outputs:
            view = output.get("data", {}).get(_VIEW)
            outputs += _freeze(view["model_id"], models, set()) if view else [output]
        cell.outputs = outputs


def _freeze(model_id: str, models: dict[str, Any], seen: set[str]) -> list[Any]:
    model = models.get(model_id)
    if model is None or model_id in seen:
        return []
    seen.add(model_id)
    name, state = model.get("model_name", ""), model.get("state", {})
    if name == "OutputModel":
        return [nbformat.from_dict(output) for output in state.get("outputs", [])]
    if "children" in state:
        inner = [part for child in state["children"] for part in _freeze(_id(child), models, seen)]
        kind = "row" if name in _ROWS else "column"
        return [_html(f'<div class="still {kind}">'), *inner, _html("</div>")] if inner else []
    if name in {"HTMLModel", "HTMLMathModel", "LabelModel"}:
        text = str(state.get("value", ""))
        return [_html(f'<div class="still-text">{escape(text) if name == "LabelModel" else text}</div>')]
    shown = _value(state)
    if shown is None:
        return []
    label = escape(str(state.get("description", "")))
    return [_html(f'<div class="still-control"><span>{label}</span><b>{escape(shown)}</b></div>')]


def _value(state: dict[str, Any]) -> str | None:
    options, index = state.get("_options_labels"), state.get("index")
    if options is not None:
        chosen = index if isinstance(index, list | tuple) else [index]
        return ", ".join(str(options[i]) for i in chosen if isinstance(i, int) and i < len(options))
    value = state.get("value")
    if value is None:
        return None
    if isinstance(value, bool):
        return "✓" if value else "–"
    if isinstance(value, int | float):
        return f"{value:,.6g}" if isinstance(value, float) else f"{value:,}"
    if isinstance(value, list | tuple):
        return " – ".join(str(v) for v in value)
    return str(value)


def _id(reference: str) -> str:
    return reference.removeprefix("IPY_MODEL_")


def _html(text: str) -> Any:
    return nbformat.v4.new_output("display_data", data={"text/html": text}, metadata={"still": True})
