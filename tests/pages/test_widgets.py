"""A dashboard's page shows its widgets as they stood, without a kernel and without a script."""

from __future__ import annotations

from typing import Any

import nbformat

from sillok.pages.render import first_figure, render_body

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def board(models: dict[str, Any], root: str = "box") -> nbformat.NotebookNode:
    view = nbformat.v4.new_output(
        "display_data", data={VIEW: {"model_id": root}, "text/plain": "VBox(children=...)"}
    )
    document = nbformat.v4.new_notebook()
    document.cells = [nbformat.v4.new_code_cell("show()", outputs=[view])]
    document.metadata["widgets"] = {STATE: {"state": models}}
    return document


def model(name: str, **state: Any) -> dict[str, Any]:
    return {"model_name": name, "state": state}


def test_controls_show_label_and_value_and_outputs_show_what_they_hold() -> None:
    models = {
        "box": model(
            "VBoxModel", children=["IPY_MODEL_row", "IPY_MODEL_out", "IPY_MODEL_text", "IPY_MODEL_button"]
        ),
        "row": model("HBoxModel", children=["IPY_MODEL_menu", "IPY_MODEL_slider", "IPY_MODEL_tick"]),
        "menu": model("DropdownModel", description="시장", _options_labels=["코스피", "코스닥"], index=1),
        "slider": model("FloatSliderModel", description="한도 <%>", value=0.15),
        "tick": model("CheckboxModel", description="위험 한도", value=False),
        "text": model("HTMLModel", value="<b>예상 12%</b>"),
        "button": model("ButtonModel", description="다시"),
        "out": model(
            "OutputModel", outputs=[{"output_type": "stream", "name": "stdout", "text": "비중 60%"}]
        ),
    }
    html = render_body(board(models), "ko").html
    for said in (
        "<span>시장</span><b>코스닥</b>",
        "한도 &lt;%&gt;",
        "<b>0.15</b>",
        "<b>–</b>",
        "<b>예상 12%</b>",
        "비중 60%",
    ):
        assert said in html
    assert "VBox(children" not in html
    assert "<script" not in html


def test_widgets_that_hold_one_another_do_not_run_for_ever() -> None:
    models = {"box": model("VBoxModel", children=["IPY_MODEL_box", "IPY_MODEL_gone"])}
    assert "show()" in render_body(board(models), "ko").html.replace("</span>", "").replace(
        '<span class="n">', ""
    ).replace('<span class="p">', "")


def test_the_card_finds_a_figure_inside_a_widget() -> None:
    inside = {"output_type": "display_data", "data": {"image/png": PNG}, "metadata": {}}
    found = first_figure(board({"box": model("OutputModel", outputs=[inside])}))
    assert found is not None
    assert found[0] == "figure.png"
    embedded = model("HTMLModel", value=f'<img src="data:image/png;base64,{PNG}">')
    assert first_figure(board({"box": embedded})) == found
    assert first_figure(board({})) is None
