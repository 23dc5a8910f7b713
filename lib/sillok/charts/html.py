"""Tables, cards and notes as HTML that needs no stylesheet, and as plain text for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from sillok.charts.style import Palette
from sillok.charts.text import width

__all__ = ["Column", "Html", "cards", "note", "table"]

_SENTENCE = 40  # characters
_FONT = "font-family:Pretendard,'Noto Sans KR','Apple SD Gothic Neo','Malgun Gothic',sans-serif"


@dataclass(frozen=True, slots=True)
class Html:
    """Something to show: HTML in a browser, text elsewhere."""

    html: str
    text: str

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Column:
    """How a column is shown."""

    label: str
    show: Callable[[Any], str] = str
    number: bool = True  # set right, digits of one width
    signed: bool = False  # positive red, negative blue
    tone: Callable[[Any], str] | None = None  # a colour for each value, set in bold; empty for none


def _colour(column: Column, value: Any) -> str:
    if column.tone is not None and (tone := column.tone(value)):
        return f";color:{tone};font-weight:600;white-space:nowrap"
    if not column.signed or pd.isna(value) or not any(c in "123456789" for c in column.show(value)):
        return ""
    return f";color:{Palette.up if value > 0 else Palette.down}"


def _wrap(shown: str) -> str:
    """Let a cell that holds a sentence break into lines; a page keeps others whole."""
    return ";white-space:normal;min-width:16em" if len(shown) > _SENTENCE else ""


def table(
    frame: pd.DataFrame, columns: Mapping[str, Column], *, caption: str = "", empty: str = "해당 없음"
) -> Html:
    """Return the named columns of ``frame`` as a table; a frame without rows says ``empty``."""
    if frame.empty:
        return note(f"{caption}: {empty}" if caption else empty)
    head = "".join(
        f'<th scope="col" style="text-align:{"right" if c.number else "left"};padding:6px 10px;'
        f'border-bottom:1.5px solid {Palette.ink};font-weight:600;white-space:nowrap">{escape(c.label)}</th>'
        for c in columns.values()
    )
    lines, body = [], []
    for values in zip(*(frame[name] for name in columns), strict=True):
        shown = [c.show(v) for c, v in zip(columns.values(), values, strict=True)]
        lines.append(shown)
        cells = "".join(
            f'<td style="text-align:{"right" if c.number else "left"};padding:5px 10px;'
            f'border-bottom:1px solid {Palette.grid}{_colour(c, v)}{_wrap(s)}">{escape(s)}</td>'
            for c, v, s in zip(columns.values(), values, shown, strict=True)
        )
        body.append(f"<tr>{cells}</tr>")
    title = (
        f'<caption style="text-align:left;font-weight:700;font-size:14px;padding:0 0 6px 0;color:{Palette.ink}">'
        f"{escape(caption)}</caption>"
        if caption
        else ""
    )
    room = "width:100%" if len(columns) > 4 else "min-width:50%"
    html = (
        '<div style="overflow-x:auto;max-width:900px;margin:8px 0 16px">'
        f'<table style="border-collapse:collapse;font-size:13px;color:{Palette.ink};{_FONT};'
        f'font-variant-numeric:tabular-nums;word-break:keep-all;{room}">{title}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )
    return Html(html, _text(list(columns.values()), lines, caption))


def _text(columns: Sequence[Column], lines: Sequence[Sequence[str]], caption: str) -> str:
    rows = [[c.label for c in columns], *lines]
    wide = [max(width(row[i]) for row in rows) for i in range(len(columns))]

    def pad(text: str, i: int) -> str:
        gap = " " * (wide[i] - width(text))
        return gap + text if columns[i].number else text + gap

    drawn = ["  ".join(pad(text, i) for i, text in enumerate(row)).rstrip() for row in rows]
    return "\n".join([caption, *drawn] if caption else drawn)


def cards(items: Sequence[tuple[str, str, str, float | None]]) -> Html:
    """Return figures to be seen first: (label, value, remark, sign), coloured by the sign."""
    drawn = []
    for label, value, remark, sign in items:
        tone = Palette.ink if not sign else Palette.up if sign > 0 else Palette.down
        drawn.append(
            f'<div style="flex:1 1 150px;border:1px solid {Palette.grid};border-radius:8px;padding:12px 14px">'
            f'<div style="font-size:12px;color:{Palette.muted}">{escape(label)}</div>'
            f'<div style="font-size:22px;font-weight:700;line-height:1.35;color:{tone};white-space:nowrap">'
            f'{escape(value)}</div><div style="font-size:12px;color:{Palette.muted}">{escape(remark)}</div></div>'
        )
    html = (
        f'<div style="display:flex;flex-wrap:wrap;gap:10px;max-width:900px;margin:8px 0 16px;{_FONT};'
        f'color:{Palette.ink};font-variant-numeric:tabular-nums">{"".join(drawn)}</div>'
    )
    return Html(html, "\n".join(" ".join(filter(None, item[:3])) for item in items))


def note(text: str, *, tone: str = "plain") -> Html:
    """Return a sentence set apart; ``tone`` is plain, lead (the answer, set larger) or warn."""
    look = {
        "plain": f"color:{Palette.muted};font-size:13px;border-left:3px solid {Palette.grid}",
        "lead": f"color:{Palette.ink};font-size:17px;line-height:1.6;border-left:3px solid {Palette.own}",
        "warn": "color:#6B4700;font-size:13px;background:#FFF4DC;border-left:3px solid #E2B65A",
    }[tone]
    html = (
        f'<div style="{look};padding:6px 12px;margin:8px 0 14px;max-width:876px;{_FONT}">{escape(text)}</div>'
    )
    return Html(html, text)
