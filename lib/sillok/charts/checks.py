"""The checks of a load, in the words of the page's reader: the gravest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sillok.charts.check_words import CHECKS_KO, GRADES_KO, KINDS_KO, REASONS_KO
from sillok.charts.html import Column, Html, table
from sillok.charts.style import Palette
from sillok.charts.text import count

__all__ = ["Told", "check_table", "describe_check"]

_ORDER = {"error": 0, "warn": 1, "info": 2, "ok": 3}
_TONES = {"error": Palette.up, "warn": "#9A6700", "info": Palette.down, "ok": Palette.muted}
_NAMED = 3  # examples
_QUIET = {
    "ko": {"ok": "이상 없는 점검", "info": "볼 자료가 없는 점검"},
    "en": {"ok": "all right", "info": "nothing to look at"},
}
_LABELS = {
    "ko": ("점검", "판정", "찾은 것", "까닭", "적재 점검", "이 스냅샷의 적재에는 점검 기록이 없습니다"),
    "en": ("check", "result", "found", "why", "Checks of the load", "none"),
}


def check_table(checks: pd.DataFrame, *, lang: str = "ko") -> Html:
    """Return the checks as a table, the gravest first, each with why it is so grave and what it was before.

    Those that are all right share a row, as do those that had nothing to look at.

    Parameters
    ----------
    checks
        From :meth:`sillok.desk.Desk.checks`: by name, with ``severity``, ``count`` and ``summary``; ``previous``,
        ``kinds``, ``reason`` and ``examples`` may be missing.
    lang
        ``ko``, or ``en`` for the words of the check itself; a check without Korean words keeps its own.
    """
    told = [describe_check(row, lang=lang) for row in checks.reset_index().to_dict("records")]
    told.sort(key=lambda check: check.rank)
    told = [check for check in told if not check.is_quiet] + _gather(
        [check for check in told if check.is_quiet], lang
    )
    asked, grade, found, why, caption, empty = _LABELS[lang]
    tones = {check.grade: _TONES.get(check.severity, "") for check in told}
    columns = {
        "asked": Column(asked, number=False),
        "grade": Column(grade, number=False, tone=tones.__getitem__),
        "found": Column(found, number=False),
        "why": Column(why, number=False),
    }
    lines = pd.DataFrame(
        [[getattr(check, name) for name in columns] for check in told], columns=list(columns)
    )
    return table(lines, columns, caption=caption, empty=empty)


@dataclass(frozen=True, slots=True)
class Told:
    """A check in words: what is asked, how grave it is, what was found, why it is so grave.

    ``rank`` is 0 for an error, then 1 for warn, 2 for info, 3 for ok.
    """

    severity: str
    asked: str
    grade: str
    found: str
    why: str
    has_data: bool = True

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to say but that it is all right, or that there is nothing to look at."""
        return self.severity == "ok" or (self.severity == "info" and not self.has_data)

    @property
    def rank(self) -> int:
        return _ORDER.get(self.severity, 0)


def _gather(quiet: Sequence[Told], lang: str) -> list[Told]:
    """Return one row for all that are all right, and one for all that had nothing to look at."""
    return [
        Told(severity, _QUIET[lang][severity], grade, " · ".join(check.asked for check in same), "")
        for severity, grade in dict.fromkeys((check.severity, check.grade) for check in quiet)
        if (same := [check for check in quiet if (check.severity, check.grade) == (severity, grade)])
    ]


def describe_check(check: Mapping[str, Any], *, lang: str = "ko") -> Told:
    """Put a check's result into words; ``check`` holds what :func:`check_table` reads of a row."""
    return _korean(check) if lang == "ko" else _english(check)


def _given(value: Any) -> Any:
    """Return what a cell of a frame holds, None where it holds nothing."""
    return value if isinstance(value, str | list | dict) and value else None


def _korean(row: Mapping[str, Any]) -> Told:
    name, severity = row["name"], row["severity"]
    before = _given(row.get("previous"))
    grade = GRADES_KO.get(severity, severity)
    if before not in {None, severity}:
        grade += f" (전에는 {GRADES_KO.get(before, before)})"
    asked = CHECKS_KO[name][0] if name in CHECKS_KO else name
    why = REASONS_KO.get(name, {}).get(severity, "")
    return Told(severity, asked, grade, _found_korean(row), why, _has_data(row))


def _found_korean(row: Mapping[str, Any]) -> str:
    severity, n = row["severity"], row["count"]
    kinds = _given(row.get("kinds")) or {}
    said = ", ".join(f"{KINDS_KO[kind]} {count(k)}" for kind, k in kinds.items() if kind in KINDS_KO)
    if not n and severity == "ok":
        found = "이상 없음"
    elif severity == "info" and not _has_data(row):
        found = "볼 자료가 없음"
    else:
        found = CHECKS_KO.get(row["name"], ("", row["summary"]))[1].format(n=count(n))
    named = _name_examples(_given(row.get("examples")) or ()) if severity in {"warn", "error"} else ""
    return " · ".join(part for part in (found, said, named) if part)


def _english(row: Mapping[str, Any]) -> Told:
    before, severity = _given(row.get("previous")), row["severity"]
    grade = severity if before in {None, severity} else f"{severity} (was {before})"
    why = _given(row.get("reason")) or ""
    return Told(severity, row["name"], grade, row["summary"], why, _has_data(row))


def _has_data(row: Mapping[str, Any]) -> bool:
    return bool(row["count"] or _given(row.get("kinds")))


def _name_examples(examples: Sequence[Mapping[str, Any]]) -> str:
    """Name a few findings by what they are about and when."""
    about = ("symbol", "symbols", "code", "index", "name", "date", "period", "last")
    named = (" ".join(str(one[key]) for key in about if one.get(key)) for one in examples[:_NAMED])
    return ", ".join(name for name in named if name)
