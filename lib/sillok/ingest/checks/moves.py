"""Closes beyond 30 %: which of them something explains, and which nothing does."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sillok.ingest.checks.bars import Bars, Part
from sillok.ingest.checks.explain import EXPLANATIONS, FAULTS, explain_moves, find_moves, guess_ratio
from sillok.ingest.checks.facts import Facts
from sillok.ingest.checks.result import CheckResult, Found, as_day

__all__ = ["REASONS", "find", "judge"]

REASONS = {
    "error": "so many unexplained moves on the newest session are a fault of the series, not of companies",
    "warn": "a return over such a day is not what a holder earned; a few in history must not stop the rest",
    "info": "each rests on a listing, a halt, a delisting, an action or the rounding of prices",
}

_LISTED = 20  # unexplained moves that are named
_MANY, _FEW = 0.01, 2  # of the issues: a series, not a company, has jumped


def find(part: Part, facts: Facts) -> Found:
    """Explain each close of the adjusted bars that lies more than the limit from the one before."""
    bars = part.adjusted
    kinds: Counter[str] = Counter(issues=len(bars.symbols))
    examples: list[tuple[int, dict[str, Any]]] = []
    for at, kind in explain_moves(bars, find_moves(bars), facts):
        kinds[kind] += 1
        if kind not in EXPLANATIONS:
            kinds["newest"] += int(bars.day[at] == facts.through)
            if len(examples) < _LISTED:
                examples.append((int(bars.day[at]), _show(bars, at, kind)))
    return Found(dict(kinds), (), _LISTED) + Found({}, tuple(examples), _LISTED)


def _show(bars: Bars, at: int, kind: str) -> dict[str, Any]:
    shown = {
        "symbol": bars.symbols[bars.issue[at]],
        "date": as_day(bars.day[at]).isoformat(),
        "close": int(bars.close[at]),
        "before": int(bars.before[at]),
        "move": round(float(bars.close[at]) / float(bars.before[at]) - 1, 4),
        "kind": kind,
    }
    fits = guess_ratio(bars, at)
    return shown | ({"fits": f"{fits.numerator}:{fits.denominator}"} if fits is not None else {})


def judge(found: Found, facts: Facts) -> CheckResult:
    """Grade what nothing explains: one company may be odd, many at once are a broken series."""
    kinds = {kind: found.kinds[kind] for kind in (*EXPLANATIONS, *FAULTS) if found.kinds.get(kind)}
    count, newest = found.of(*FAULTS), found.of("newest")
    is_broken = newest > max(_MANY * found.of("issues"), _FEW)
    severity = "error" if is_broken else "warn" if count else "info" if kinds else "ok"
    said = ", ".join(f"{kind} {kinds[kind]}" for kind in EXPLANATIONS if kind in kinds) or "none"
    summary = (
        f"{sum(kinds.values())} closes more than 30 % from the one before; explained: {said}; "
        f"not explained: {count}, {newest} of them on {as_day(facts.through)}"
    )
    return CheckResult("moves", severity, count, summary, found.shown(), kinds=kinds)
