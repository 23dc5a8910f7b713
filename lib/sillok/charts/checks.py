"""The checks of a load, in the words of the page's reader: the gravest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sillok.charts.check_words import CHECKS_KO, GRADES_KO, KINDS_KO, REASONS_KO
from sillok.charts.html import Column, Html, table
from sillok.charts.style import Palette
from sillok.charts.text import count

__all__ = ["check_table"]

_ORDER = {"error": 0, "warn": 1, "info": 2, "ok": 3}
_TONES = {"error": Palette.up, "warn": "#9A6700", "info": Palette.down, "ok": Palette.muted}
_NAMED = 3  # examples
_LABELS = {
    "ko": ("점검", "판정", "찾은 것", "까닭", "적재 점검", "이 스냅샷의 적재에는 점검 기록이 없습니다"),
    "en": ("check", "result", "found", "why", "Checks of the load", "none"),
}


def check_table(checks: pd.DataFrame, *, lang: str = "ko") -> Html:
    """Return the checks as a table, the gravest first, each with why it is so grave and what it was before.

    Parameters
    ----------
    checks
        From :meth:`sillok.desk.Desk.checks`: by name, with ``severity``, ``count`` and ``summary``; ``previous``,
        ``kinds``, ``reason`` and ``examples`` may be missing.
    lang
        ``ko``, or ``en`` for the words of the check itself; a check without Korean words keeps its own.
    """
    rows = sorted(checks.reset_index().to_dict("records"), key=lambda row: _ORDER.get(row["severity"], 0))
    say = _korean if lang == "ko" else _english
    asked, grade, found, why, caption, empty = _LABELS[lang]
    columns = {
        "asked": Column(asked, number=False),
        "grade": Column(
            grade, number=False, tone=lambda shown: _TONES.get(shown.split("|")[0], ""), show=_grade
        ),
        "found": Column(found, number=False),
        "why": Column(why, number=False),
    }
    lines = pd.DataFrame([say(row) for row in rows], columns=list(columns))
    return table(lines, columns, caption=caption, empty=empty)


def _grade(shown: str) -> str:
    """Leave out the severity's own name, which only chooses the colour."""
    return shown.split("|", 1)[1]


def _given(value: Any) -> Any:
    """Return what a column of a frame holds, None where it holds nothing."""
    return value if isinstance(value, str | list | dict) and value else None


def _korean(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    name, severity, n = row["name"], row["severity"], row["count"]
    asked, found = CHECKS_KO.get(name, (name, row["summary"]))
    grade = GRADES_KO.get(severity, severity)
    before = _given(row.get("previous"))
    if before is not None and before != severity:
        grade += f" (전에는 {GRADES_KO.get(before, before)})"
    nothing = "이상 없음" if severity == "ok" else "볼 자료가 없음"
    parts = [found.format(n=count(n)) if n else nothing if severity in {"ok", "info"} else found.format(n=0)]
    kinds = _given(row.get("kinds")) or {}
    said = ", ".join(f"{KINDS_KO[kind]} {count(k)}" for kind, k in kinds.items() if kind in KINDS_KO)
    if said:
        parts = [parts[0] if n or severity == "ok" else found.format(n=0), said]
    if severity in {"warn", "error"}:
        parts += _examples(_given(row.get("examples")) or ())
    return asked, f"{severity}|{grade}", " · ".join(parts), REASONS_KO.get(name, {}).get(severity, "")


def _english(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    before, severity = _given(row.get("previous")), row["severity"]
    grade = severity if before in {None, severity} else f"{severity} (was {before})"
    return row["name"], f"{severity}|{grade}", row["summary"], _given(row.get("reason")) or ""


def _examples(examples: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name a few findings by what they are about and when."""
    about = ("symbol", "symbols", "code", "index", "name", "date", "period", "last")
    named = [" ".join(str(one[key]) for key in about if one.get(key)) for one in examples[:_NAMED]]
    return [", ".join(name for name in named if name)] if any(named) else []
