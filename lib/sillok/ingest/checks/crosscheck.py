"""The indices against their constituents: what the issues did together must be what the index says."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sillok.ingest.checks.bars import Part
from sillok.ingest.checks.facts import Facts
from sillok.ingest.checks.result import EXAMPLES, CheckResult, Found, as_day

__all__ = [
    "BREADTH_REASONS",
    "CONSTITUENT_REASONS",
    "add_up",
    "judge_breadth",
    "judge_constituents",
]

Floats = NDArray[np.float64]
_MARKETS = ("KOSPI", "KOSDAQ")
_FEWEST = 30  # issues; the sum of fewer is no market
_SESSIONS = 250  # looked back; the shares are today's, and drift away from those of earlier years
_FAR = 0.005  # of the index; over 368 real sessions with today's shares the two were never 0.35 % apart
_WIDE = 0.010  # on the newest session: three times what was ever seen
_CLEAR = 0.010  # an index move whose direction most issues share
_AGAINST, _FEW_CLEAR = 1 / 3, 9  # of such sessions; real ones: 12 of 150, when one giant moved alone

CONSTITUENT_REASONS = {
    "error": "index and issues of the newest session are not of one market: wrong bars, wrong index, or another day's",
    "warn": "index and issues went apart on a session of the last year; shares that changed since may be why",
    "info": "there are no issues with shares, or no index, to compare",
}
BREADTH_REASONS = {
    "warn": "on days when the index moves clearly most issues move with it; signs or days are mixed up",
    "info": "there are too few sessions on which an index moved by 1 % to tell",
}


def add_up(part: Part, facts: Facts) -> Found:
    """Sum up the value of the issues by market and session, now and before, and those that rose and fell."""
    bars, sessions = part.adjusted, facts.sessions
    if not len(bars) or not len(sessions):
        return Found()
    shares = np.array([facts.issue(symbol).shares or 0 for symbol in bars.symbols], float)[bars.issue]
    market = np.array([facts.issue(symbol).market for symbol in bars.symbols])[bars.issue]
    at = np.minimum(np.searchsorted(sessions, bars.day), len(sessions) - 1)
    follows = ~bars.is_first & (at == np.roll(at, 1) + 1) & (sessions[at] == bars.day) & (bars.before > 0)
    sums = {}
    for code in _MARKETS:
        rows = np.flatnonzero(follows & (market == code) & (shares > 0))
        columns = {
            "now": bars.close[rows] * shares[rows],
            "before": bars.before[rows] * shares[rows],
            "up": bars.close[rows] > bars.before[rows],
            "down": bars.close[rows] < bars.before[rows],
            "n": np.ones(len(rows)),
        }
        for name, column in columns.items():
            sums[f"{code} {name}"] = np.bincount(at[rows], column, len(sessions)).astype(float)
    return Found(sums=sums)


def _index_moves(facts: Facts, code: str) -> Floats:
    """Return the index's move of each session (S); NaN where it, or the session before, has no close."""
    closes = facts.indices.get(code, {})
    levels = np.array([closes.get(int(day), np.nan) for day in facts.sessions], float)
    levels[levels <= 0] = np.nan
    return np.r_[np.nan, levels[1:] / levels[:-1] - 1][: len(levels)]


def _comparable(found: Found, facts: Facts, code: str) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the index's moves, and on which sessions enough issues stand beside it (S each)."""
    moves = _index_moves(facts, code)
    n = found.sums.get(f"{code} n", np.zeros(len(moves)))
    return moves, (n >= _FEWEST) & ~np.isnan(moves)


def judge_constituents(found: Found, facts: Facts) -> CheckResult:
    """Hold the value-weighted move of each market's issues against its index, over the last year of sessions."""
    apart: list[dict[str, Any]] = []
    compared, newest, widest = 0, False, 0.0
    for code in _MARKETS:
        moves, is_there = _comparable(found, facts, code)
        is_there[:-_SESSIONS] = False
        for at in np.flatnonzero(is_there):
            own = found.sums[f"{code} now"][at] / found.sums[f"{code} before"][at] - 1
            gap = abs(own - moves[at])
            compared, widest = compared + 1, max(widest, gap)
            if gap > _FAR:
                day = int(facts.sessions[at])
                newest |= day == facts.through and gap > _WIDE
                shown = {"index": code, "date": as_day(day).isoformat()}
                apart.append({**shown, "moved": round(float(moves[at]), 4), "issues": round(float(own), 4)})
    if not compared:
        return CheckResult("constituents", "info", 0, "no index stands beside enough issues with shares")
    severity = "error" if newest else "warn" if apart else "ok"
    summary = (
        f"{len(apart)} of {compared} moves of an index lie more than {_FAR:.1%} from those of its issues; "
        f"the widest gap is {widest:.2%}"
    )
    apart.sort(key=lambda one: one["date"], reverse=True)
    return CheckResult("constituents", severity, len(apart), summary, apart[:EXAMPLES])


def judge_breadth(found: Found, facts: Facts) -> CheckResult:
    """Hold the direction of each index's clear moves against that of most of its issues."""
    clear = 0
    against: list[dict[str, Any]] = []
    for code in _MARKETS:
        moves, is_there = _comparable(found, facts, code)
        for at in np.flatnonzero(is_there & (np.abs(np.nan_to_num(moves)) > _CLEAR)):
            more_up = float(found.sums[f"{code} up"][at] - found.sums[f"{code} down"][at])
            clear += 1
            if more_up * moves[at] < 0:
                day = as_day(facts.sessions[at]).isoformat()
                against.append(
                    {"index": code, "date": day, "moved": round(float(moves[at]), 4), "more_up": int(more_up)}
                )
    if clear <= _FEW_CLEAR:
        return CheckResult("breadth", "info", 0, f"only {clear} clear moves of an index to look at")
    severity = "warn" if len(against) > _AGAINST * clear else "ok"
    summary = f"on {len(against)} of {clear} clear moves of an index most of its issues went the other way"
    against.sort(key=lambda one: one["date"], reverse=True)
    return CheckResult("breadth", severity, len(against), summary, against[:EXAMPLES])
