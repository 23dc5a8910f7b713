"""Tables, cards and notes."""

import pandas as pd

from sillok.charts import Column, cards, note, signed_percent, table, won
from sillok.charts.style import Palette

FRAME = pd.DataFrame({"name": ["가상전자1", "<b>"], "change": [0.012, -0.02], "close": [71_300, 5_000]})
COLUMNS = {
    "name": Column("종목", number=False),
    "change": Column("등락률", signed_percent, signed=True),
    "close": Column("종가", won),
}


def test_up_is_red_and_down_is_blue() -> None:
    html = table(FRAME, COLUMNS).html
    assert f"color:{Palette.up}" in html.split("+1.20%")[0].rsplit("<td", 1)[1]
    assert f"color:{Palette.down}" in html.split("−2.00%")[0].rsplit("<td", 1)[1]


def test_a_name_cannot_bring_markup() -> None:
    assert "<b>" not in table(FRAME, COLUMNS).html
    assert "<script>" not in note("<script>").html
    assert "<i>" not in cards([("<i>", "<i>", "<i>", None)]).html


def test_the_text_lines_its_columns_up() -> None:
    assert str(table(FRAME, COLUMNS, caption="표")) == (
        "표\n종목       등락률      종가\n가상전자1  +1.20%  71,300원\n<b>        −2.00%   5,000원"
    )


def test_a_table_without_rows_says_so() -> None:
    assert "해당 없음" in table(FRAME.iloc[:0], COLUMNS, caption="표").text


def test_a_table_shows_itself_as_html_and_as_text() -> None:
    assert set(table(FRAME, COLUMNS)._repr_mimebundle_()) == {"text/html", "text/plain"}


def test_a_sentence_may_break_into_lines_and_a_name_may_not() -> None:
    said = pd.DataFrame({"name": ["가상전자1"], "why": ["한 줄에 다 들어가지 않는 긴 설명이다. " * 4]})
    html = table(said, {"name": Column("종목", number=False), "why": Column("까닭", number=False)}).html
    assert html.count("white-space:normal") == 1
    assert html.index("가상전자1") < html.index("white-space:normal") < html.index("한 줄에")
