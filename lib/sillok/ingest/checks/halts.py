"""Halted days, and bars that repeat: what stands still, and whether it should."""

from __future__ import annotations

from typing import Any

import numpy as np

from sillok.ingest.checks.bars import Bars, Part
from sillok.ingest.checks.facts import Facts
from sillok.ingest.checks.result import EXAMPLES, CheckResult, Found, as_day

__all__ = ["COPY_REASONS", "HALT_REASONS", "find_copies", "find_halts", "judge_copies", "judge_halts"]

_LONG = 60  # sessions; a quarter without a price
_NAMED = 10  # long halts
_MOST, _FEWEST = 0.50, 20  # of the newest bars halted, and how many of them, are no market's day
_BUSY = 100  # shares; below, two days of one or two trades are alike by chance
_COPIED = 0.05  # of a session's traded bars

HALT_REASONS = {
    "error": "KRX halts issues, not markets: so many bars without prices are an empty answer",
    "info": "a halt is a fact of the market: the close is carried on, nothing can be traded",
}
COPY_REASONS = {
    "error": "so many of the newest bars repeat the session before: the vendor answered with yesterday's",
    "warn": "two busy sessions are never alike to the share: one of the two bars is a copy",
    "info": "days of a few trades at one price are alike by chance",
}


def find_halts(part: Part, facts: Facts) -> Found:
    """Count the halted bars, those of the newest session, and name the issues that are long without a trade."""
    bars = part.adjusted
    newest = bars.day == facts.through
    still = bars.halt_before + 1
    flat = (bars.volume == 0) & ~bars.is_halted
    is_long = newest & bars.is_halted & (still >= _LONG)
    rows = np.flatnonzero(is_long)
    rows = rows[np.argsort(-still[rows], kind="stable")][:_NAMED]
    kinds = {
        "halted": int(bars.is_halted.sum()),
        "halted_flat": int((flat & (bars.halt_before > 0)).sum()),
        "no_trade": int((flat & (bars.halt_before == 0)).sum()),
        "newest": int((newest & bars.is_halted).sum()),
        "long": int(is_long.sum()),
        "bars": int(newest.sum()),
    }
    # Sorted by how long, not by day: all are of the newest session.
    return Found(
        kinds,
        tuple((int(still[at]), _show_halt(bars, int(at), int(still[at]), facts)) for at in rows),
        _NAMED,
    )


def _show_halt(bars: Bars, at: int, sessions: int, facts: Facts) -> dict[str, Any]:
    symbol = bars.symbols[bars.issue[at]]
    return {"symbol": symbol, "name": facts.issue(symbol).name, "sessions": sessions}


def judge_halts(found: Found, facts: Facts) -> CheckResult:
    """Grade halts: never a fault, unless it is half the market."""
    count, newest = found.of("halted"), found.of("newest")
    is_empty = newest > _MOST * found.of("bars") and newest > _FEWEST
    severity = "error" if is_empty else "info" if count else "ok"
    names = ("halted", "halted_flat", "no_trade", "newest", "long")
    kinds = {kind: found.kinds[kind] for kind in names if found.kinds.get(kind)}
    summary = (
        f"{count} halted bars; {newest} issues halted on {as_day(facts.through)}, {found.of('long')} of them for "
        f"{_LONG} sessions or more; besides {found.of('halted_flat')} halted days shown with flat prices and "
        f"{found.of('no_trade')} days without a trade"
    )
    return CheckResult("halted", severity, count, summary, found.shown(), kinds=kinds)


def find_copies(part: Part, facts: Facts) -> Found:
    """Find traded bars that equal the bar before in every field."""
    bars = part.adjusted
    same = ~bars.is_first & (bars.volume > 0)
    for name in ("open", "high", "low", "close", "volume"):
        column = getattr(bars, name)
        same &= column == np.roll(column, 1)
    busy = same & (bars.volume >= _BUSY)
    newest = bars.day == facts.through
    kinds = {
        "thin": int((same & ~busy).sum()),
        "busy": int(busy.sum()),
        "newest": int((busy & newest).sum()),
        "bars": int((newest & (bars.volume > 0)).sum()),
    }
    rows = bars.newest_first(np.flatnonzero(busy))[:EXAMPLES]
    return Found(kinds, tuple((int(bars.day[at]), _show_copy(bars, at)) for at in rows))


def _show_copy(bars: Bars, at: int) -> dict[str, Any]:
    return {
        "symbol": bars.symbols[bars.issue[at]],
        "date": as_day(bars.day[at]).isoformat(),
        "close": int(bars.close[at]),
        "volume": int(bars.volume[at]),
    }


def judge_copies(found: Found, facts: Facts) -> CheckResult:
    """Grade bars that repeat."""
    count, newest = found.of("busy"), found.of("newest")
    is_stale = newest > max(_COPIED * found.of("bars"), 2)
    severity = "error" if is_stale else "warn" if count else "info" if found.of("thin") else "ok"
    kinds = {kind: found.kinds[kind] for kind in ("busy", "thin") if found.kinds.get(kind)}
    summary = (
        f"{count} bars repeat the session before to the share, {newest} on {as_day(facts.through)}; "
        f"{found.of('thin')} more are days of a few trades"
    )
    return CheckResult("copies", severity, count, summary, found.shown(), kinds=kinds)
