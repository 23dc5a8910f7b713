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
_NEAR = 0.05  # of a ratio; the rounding of a penny share's prices
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


def find_events(part: Part, facts: Facts) -> Found:
    """Hold each split and bonus of known ratio against both series: the last trade before it, and the first after."""
    raw = part.raw
    factor = _factors(raw, part.adjusted, match_bars(raw, part.adjusted))
    kinds: Counter[str] = Counter()
    examples: list[tuple[int, dict[str, Any]]] = []
    place = {symbol: at for at, symbol in enumerate(raw.symbols)}
    for symbol in sorted(set(facts.actions) & set(place)):
        rows = np.flatnonzero((raw.issue == place[symbol]) & (raw.volume > 0) & ~np.isnan(factor))
        for action in facts.actions[symbol]:
            around = None if action.factor is None else _rows_around(raw.day[rows], action.days)
            if action.factor is None or around is None:
                continue
            before, after = (int(rows[at]) for at in around)
            moved = float(raw.close[after]) / float(raw.close[before])
            kind = _judge_event(float(factor[before] / factor[after]), moved, action.factor)
            kinds[kind] += 1
            if kind != "followed":
                lies = facts.sessions_between(int(raw.day[after]), facts.through)
                kinds["recent"] += int(kind == "adjusted_with_jump" and lies < _RECENT)
                ratio = round(action.factor, 4)
                examples.append(_show(raw, after, kind=kind, action=action.kind, factor=ratio))
    return Found(dict(kinds)) + Found({}, tuple(examples))


def _rows_around(days: Ints, shown: tuple[int, ...]) -> tuple[int, int] | None:
    """Return the last of ``days`` before an action and the first on which it shows; None if one is not there.

    The halt that comes with an action lies between the two, wherever in it the vendor sets the close anew.
    """
    before, after = int(np.searchsorted(days, min(shown))) - 1, int(np.searchsorted(days, max(shown)))
    return (before, after) if before >= 0 and after < len(days) else None


def _judge_event(step: float, moved: float, factor: float) -> str:
    """Return what an event of ``factor`` did: ``step`` is how adjusted over traded moved, ``moved`` how the traded did."""
    if abs(step / factor - 1) < _NEAR:
        return "followed"
    if abs(step - 1) >= _NEAR:
        return "other_ratio"
    has_jumped = abs(np.log(moved / factor)) < abs(np.log(moved))
    return "adjusted_with_jump" if has_jumped else "raw_without_jump"


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
