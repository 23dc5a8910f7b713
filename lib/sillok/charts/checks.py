"""The checks of a load, in the words of the page's reader."""

from __future__ import annotations

import pandas as pd

from sillok.charts.html import Column, Html, table
from sillok.charts.text import count

__all__ = ["CHECKS_KO", "check_table"]

# By the check's name: what is asked, and what was found; {n} is the count.
CHECKS_KO = {
    "complete": ("마지막 거래일의 시세가 다 있는가", "{n}종목에 시세가 없음"),
    "gaps": ("종목마다 빠진 거래일이 없는가", "{n}종목에 빠진 날이 있음"),
    "halted": ("마지막 거래일에 정지된 종목이 있는가", "{n}종목이 온종일 정지됨"),
    "indices": ("지수가 마지막 거래일까지 있는가", "지수 {n}개가 못 미침"),
    "price_limit": ("하루에 30% 넘게 움직인 종가가 있는가", "{n}건(상장 첫날과 거래 재개일 포함)"),
    "price_order": ("저가 ≤ 시가·종가 ≤ 고가인가", "{n}건이 어긋남"),
    "sessions": ("거래일 달력과 지수의 날짜가 같은가", "{n}일이 다름"),
    "stale": ("시세가 끊긴 상장 종목이 있는가", "{n}종목에 마지막 거래일의 시세가 없음"),
}
_GRADES_KO = {"ok": "정상", "info": "참고", "warn": "주의", "error": "오류"}


def check_table(checks: pd.DataFrame, *, lang: str = "ko") -> Html:
    """Return the checks as a table.

    Parameters
    ----------
    checks
        From :meth:`sillok.desk.Desk.checks`: by name, with ``severity``, ``count`` and ``summary``.
    lang
        ``ko``, or ``en`` for the words of the check itself; a check without Korean words keeps its own.
    """
    rows = []
    for name, severity, n, summary in checks.reset_index()[
        ["name", "severity", "count", "summary"]
    ].itertuples(index=False):
        asked, found = CHECKS_KO.get(name, (name, summary))
        found = found.format(n=count(n)) if n else "이상 없음"
        korean = (asked, _GRADES_KO.get(severity, severity), found)
        rows.append(korean if lang == "ko" else (name, severity, summary))
    labels = ("점검", "판정", "찾은 것") if lang == "ko" else ("check", "result", "found")
    columns = {key: Column(label, number=False) for key, label in zip(("a", "b", "c"), labels, strict=True)}
    caption, empty = (
        ("적재 점검", "이 스냅샷의 적재에는 점검 기록이 없습니다")
        if lang == "ko"
        else ("Checks of the load", "none")
    )
    return table(pd.DataFrame(rows, columns=list(columns)), columns, caption=caption, empty=empty)
