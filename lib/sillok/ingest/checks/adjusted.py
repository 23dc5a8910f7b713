"""Adjusted bars against bars as traded: one factor between them, which moves with an event and never else."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sillok.ingest.checks.bars import Bars, Part
from sillok.ingest.checks.explain import MOST_EXPLAINED
from sillok.ingest.checks.facts import Facts
from sillok.ingest.checks.result import EXAMPLES, CheckResult, Found, as_day

__all__ = [
    "EVENT_REASONS",
    "FACTOR_REASONS",
    "find_events",
    "find_factors",
    "judge_events",
    "judge_factors",
    "match_bars",
    "rebase",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_SLACK = 0.005  # the vendor rounds after each event; no event moves a base price by less than this
_MANY = 0.001  # of the bars; a real market's thousands of issues have some hundred events a year
_STALE_SHARE = 0.01  # of the issues with both series

FACTOR_REASONS = {
    "error": "adjusted prices are not those as traded: series were not asked for anew after an event, or are not what they say",
    "warn": "between events the adjusted series must be the traded one times a constant; else one of them is wrong",
    "info": "there are no bars as traded to compare",
}
EVENT_REASONS = {
    "error": "a split or bonus of the last sessions stands in the adjusted series as a return that nobody earned",
    "warn": "a split or bonus of the past is not where the two series say it is",
    "info": "there is no split or bonus with bars on both its sides in both series",
}
_RECENT = 5  # sessions: what tonight's reports speak of


def match_bars(bars: Bars, others: Bars) -> Ints:
    """Return for each of ``bars`` (N) the row of ``others`` of the same issue and day, or -1."""
    if not len(bars) or not len(others):
        return np.full(len(bars), -1)
    place = {symbol: at for at, symbol in enumerate(others.symbols)}
    issue = np.array([place.get(symbol, -1) for symbol in bars.symbols])[bars.issue]
    span = max(int(bars.day.max()), int(others.day.max())) + 1
    key, known = issue * span + bars.day, others.issue * span + others.day
    at = np.minimum(np.searchsorted(known, key), len(known) - 1)
    return np.where((issue >= 0) & (known[at] == key), at, -1)


def _factors(raw: Bars, adjusted: Bars, match: Ints) -> Floats:
    """Return adjusted over traded close (N); NaN where either is missing."""
    if not len(adjusted):
        return np.full(len(raw), np.nan)
    close = np.where(match >= 0, adjusted.close[match], 0)
    is_there = (close > 0) & (raw.close > 0)
    return np.where(is_there, close / np.where(is_there, raw.close, 1), np.nan)


def _steps(raw: Bars, factor: Floats) -> tuple[Floats, Floats]:
    """Return how the factor moved since the bar before (its ratio, 1 where it did not), and the ratio's slack (N)."""
    before = np.where(raw.is_first, np.nan, np.roll(factor, 1))
    is_there = ~np.isnan(factor) & ~np.isnan(before)
    ratio = np.where(is_there, before / np.where(is_there, factor, 1), 1.0)
    adjusted, adjusted_before = factor * raw.close, before * raw.before
    slack = _SLACK + 1 / np.where(is_there, adjusted, 1) + 1 / np.where(is_there, adjusted_before, 1)
    return np.where(np.abs(ratio - 1) > slack, ratio, 1.0), slack


def rebase(raw: Bars, adjusted: Bars, match: Ints) -> tuple[Floats, Floats]:
    """Return the base price of each bar as traded, and how far it may be off (KRW; 0: exact).

    It is the close before, times how the adjusted series says that an event of the day changed the price.
    """
    ratio, slack = _steps(raw, _factors(raw, adjusted, match))
    base = raw.before * ratio
    return base, np.where(ratio != 1, 1.3 * slack * base + 1, 0.0)


def _show(raw: Bars, at: int, **more: Any) -> tuple[int, dict[str, Any]]:
    day = int(raw.day[at])
    return day, {"symbol": raw.symbols[raw.issue[at]], "date": as_day(day).isoformat(), **more}


def _has_event(raw: Bars, at: int, facts: Facts) -> bool:
    symbol, day, before = raw.symbols[raw.issue[at]], int(raw.day[at]), int(raw.day_before[at])
    listed = facts.issue(symbol).listed_on
    return (
        facts.action_between(symbol, before, day) is not None
        or (symbol, day) in facts.revalued
        or bool(raw.halt_before[at] > 0 or raw.is_halted[at])  # events come with a halt
        or (listed is not None and before < listed <= day)
    )


def find_factors(part: Part, facts: Facts) -> Found:
    """Find days on which the factor moves without an event, and issues whose newest prices differ."""
    raw = part.raw
    match = match_bars(raw, part.adjusted)
    factor = _factors(raw, part.adjusted, match)
    ratio, _ = _steps(raw, factor)
    kinds: Counter[str] = Counter(bars=int((match >= 0).sum()), unpaired=int((match < 0).sum()))
    examples: list[tuple[int, dict[str, Any]]] = []
    for n, at in enumerate(raw.newest_first(np.flatnonzero(ratio != 1))):
        kind = "events" if n < MOST_EXPLAINED and _has_event(raw, at, facts) else "moved"
        kinds[kind] += 1
        if kind == "moved" and len(examples) < EXAMPLES:
            examples.append(_show(raw, at, ratio=round(float(ratio[at]), 4), kind=kind))
    is_newest = (raw.day == facts.through) & (match >= 0)
    kinds["issues"] = int(is_newest.sum())
    if len(part.adjusted):
        behind = np.flatnonzero(is_newest & (part.adjusted.close[match] != raw.close))
        kinds["behind"] = len(behind)
        shown = behind[:EXAMPLES]
        examples += [_show(raw, int(at), kind="behind", factor=round(float(factor[at]), 4)) for at in shown]
    return Found(dict(kinds)) + Found({}, tuple(examples))


def judge_factors(found: Found, facts: Facts) -> CheckResult:
    """Grade adjusted against traded bars."""
    if not found.of("bars"):
        return CheckResult(
            "adjusted_factor", "info", 0, "the store holds no bars as traded beside adjusted ones"
        )
    moved, behind = found.of("moved"), found.of("behind")
    is_grave = behind > max(_STALE_SHARE * found.of("issues"), 2) or moved > _MANY * found.of("bars")
    severity = "error" if is_grave else "warn" if moved or behind else "ok"
    kinds = {
        kind: found.kinds[kind] for kind in ("events", "moved", "behind", "unpaired") if found.kinds.get(kind)
    }
    summary = (
        f"{moved} days on which the adjusted series moves against the traded one without an event, "
        f"{behind} issues whose two closes of {as_day(facts.through)} differ; {found.of('events')} moves have their event"
    )
    return CheckResult("adjusted_factor", severity, moved + behind, summary, found.shown(), kinds=kinds)


def _fits(bars: Bars, at: int, factor: float) -> bool:
    """Return whether the close lies within a day's limit of the close before times ``factor``, give or take a tick."""
    base = bars.before[at] * factor
    return bool(abs(bars.close[at] - base) <= 0.305 * base + 1)


def find_events(part: Part, facts: Facts) -> Found:
    """Hold each split and bonus of known ratio against both series on its day."""
    raw, adjusted = part.raw, part.adjusted
    match = match_bars(raw, adjusted)
    ratio, _ = _steps(raw, _factors(raw, adjusted, match))
    kinds: Counter[str] = Counter()
    examples: list[tuple[int, dict[str, Any]]] = []
    place = {symbol: at for at, symbol in enumerate(raw.symbols)}
    for symbol in sorted(set(facts.actions) & set(place)):
        rows = np.flatnonzero(raw.issue == place[symbol])
        for action in facts.actions[symbol]:
            at = _row_of(raw, rows, action.days)
            if action.factor is None or at is None or match[at] < 0 or match[at - 1] < 0:
                continue
            kind = _judge_event(raw, adjusted, (at, int(match[at])), float(ratio[at]), action.factor)
            kinds[kind] += 1
            if kind != "followed":
                kinds["recent"] += facts.sessions_between(int(raw.day[at]), facts.through) < _RECENT
                examples.append(_show(raw, at, kind=kind, action=action.kind, factor=round(action.factor, 4)))
    return Found(dict(kinds)) + Found({}, tuple(examples))


def _row_of(raw: Bars, rows: Ints, days: tuple[int, ...]) -> int | None:
    """Return the bar on which an action shows: the first on or after its earliest day that is not before history."""
    for day in sorted(days):
        later = rows[(raw.day[rows] >= day) & (raw.day_before[rows] < day)]
        if len(later) and not raw.is_first[later[0]]:
            return int(later[0])
    return None


def _judge_event(raw: Bars, adjusted: Bars, rows: tuple[int, int], ratio: float, factor: float) -> str:
    """Return what an event of ``factor`` did to the two series, whose factor moved by ``ratio`` at ``rows``."""
    at, match = rows
    has_step = abs(ratio / factor - 1) < 0.05 or (ratio == 1 and abs(factor - 1) < 0.05)
    if has_step and _fits(adjusted, match, 1.0):
        return "followed"
    if not _fits(raw, at, factor) and _fits(raw, at, 1.0):
        return "raw_without_jump"
    return "adjusted_with_jump" if not _fits(adjusted, match, 1.0) else "other_ratio"


def judge_events(found: Found, facts: Facts) -> CheckResult:
    """Grade events that the series do not follow."""
    faults = ("raw_without_jump", "adjusted_with_jump", "other_ratio")
    count, followed = found.of(*faults), found.of("followed")
    if not count and not followed:
        return CheckResult(
            "actions", "info", 0, "no split or bonus with bars on both its sides in both series"
        )
    severity = "error" if found.of("recent") else "warn" if count else "ok"
    kinds = {kind: found.kinds[kind] for kind in ("followed", *faults) if found.kinds.get(kind)}
    summary = f"{count} of {count + followed} splits and bonuses are not where the series say, up to {as_day(facts.through)}"
    return CheckResult("actions", severity, count, summary, found.shown(), kinds=kinds)
