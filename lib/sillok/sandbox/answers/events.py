"""The depository's answers: about 100 rows a call, record dates plain, other dates with slashes, numbers padded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sillok.sandbox.answers.asks import Ask, Reply, answer
from sillok.sandbox.world.actions import Action, actions_of

__all__ = ["events"]


def events(kind: str) -> Callable[[Ask], Reply]:
    """Return the answer to a call for actions of ``kind``, newest first, cut at 100 rows as the vendor does."""

    def told(ask: Ask) -> Reply:
        found = actions_of(ask.world).between(kind, ask.day("start"), ask.day("end"), ask.get("symbol"))
        return answer(ask, [_row(one) for one in found[: ask.rows]])

    return told


def _row(one: Action) -> dict[str, object]:
    row: dict[str, object] = {
        "symbol": one.symbol,
        "name": one.name,
        "share_kind": "보통",
        "record_date": f"{one.record:%Y%m%d}",
    }
    if one.kind == "listing":
        row["list_date"] = _day(one.record)
    if one.kind == "merger":
        row |= {"company_code": one.symbol, "merged_code": "000000", "merged_name": "가상합병상대", "reason": "합병",
                "number": "1"}  # fmt: skip
    if one.kind == "capital_reduction":
        row |= {"reduction_type": "무상감자", "method": "병합"}
    for name, value in one.values.items():
        row[name] = _text(name, value)
    return row


def _text(name: str, value: object) -> object:
    if isinstance(value, date):
        return _day(value)
    if isinstance(value, tuple):
        start, end = value
        return f"{_day(start)} ~ {_day(end)}" if end else f"{_day(start)} ~"
    if name in {"par_krw", "par_before", "par_after"}:
        return f"{value:09d}"
    if isinstance(value, int):
        return f"{value:012d}"
    if isinstance(value, float):
        return f"{value:6.2f}"
    return value


def _day(value: date) -> str:
    return f"{value:%Y/%m/%d}"
