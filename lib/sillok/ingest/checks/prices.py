"""Prices of a bar against each other, against the ticks, and against the day's limit."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sillok.ingest.checks.adjusted import match_bars, rebase
from sillok.ingest.checks.bars import Bars, Part
from sillok.ingest.checks.explain import EXPLANATIONS, explain_moves
from sillok.ingest.checks.facts import Facts
from sillok.ingest.checks.result import EXAMPLES, CheckResult, Found, as_day
from sillok.ingest.checks.rules import TICKS_KNOWN_FROM, as_number, is_beyond_limit, is_on_tick

__all__ = [
    "LIMIT_REASONS",
    "ORDER_REASONS",
    "TICK_REASONS",
    "find_disorder",
    "find_off_ticks",
    "find_over_limit",
    "judge_disorder",
    "judge_off_ticks",
    "judge_over_limit",
]

Ints = NDArray[np.int64]
_PRICES = ("open", "high", "low", "close")
_ADJUSTED_KRW = 1  # each price of a bar is adjusted and rounded by itself
_FEW_WRONG = 0.001  # of all bars; exchange data of past days has a few oddities
_GROSS = 0.30  # of the close: further out no trade can have been
_MANY_OFF = 0.01  # of the newest session's bars
_FIRST_DAY = 4.00 / 0.60  # highest over lowest price of a first session, 60 to 400 % of the offer
_FIRST_DAY_FROM = as_number(date(2023, 6, 26))

ORDER_REASONS = {
    "error": "a price of the newest session cannot have been traded, or too many bars are wrong to trust the rest",
    "warn": "a few bars of an exchange's history are a tick or two out of order; closes are what is used",
}
TICK_REASONS = {
    "error": "prices as traded stand on ticks; so many that do not are adjusted, or another day's",
    "warn": "a price off its tick was not traded so; a few may be the vendor's",
    "info": "there are no bars as traded to look at",
}
LIMIT_REASONS = {
    "error": "no trade can lie beyond the limit; so many at once are wrong prices or a wrong base",
    "warn": "a price beyond the limit of its base price is wrong, or the base was set anew by what is not on record",
    "info": "there are no bars as traded to look at",
}


def _show(bars: Bars, at: int, **more: object) -> tuple[int, dict[str, Any]]:
    day = int(bars.day[at])
    return day, {"symbol": bars.symbols[bars.issue[at]], "date": as_day(day).isoformat(), **more}


# ---- low <= open, close <= high
def _disorder(bars: Bars, slack: int) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the rows out of order, and which of them cannot be at all."""
    impossible = (bars.close <= 0) | (bars.volume < 0) | (~bars.is_halted & (bars.low <= 0))
    reach = np.maximum(
        np.maximum(bars.open, bars.close) - bars.high, bars.low - np.minimum(bars.open, bars.close)
    )
    reach = np.where(bars.is_halted, 0, reach)
    rows = np.flatnonzero(impossible | (reach > slack))
    gross = impossible | (reach > _GROSS * np.maximum(bars.close, 1))
    return rows, gross[rows]


def find_disorder(part: Part, facts: Facts) -> Found:
    """Find bars whose prices are not low <= open, close <= high and above 0; both series."""
    found = Found()
    for bars, slack in ((part.adjusted, _ADJUSTED_KRW), (part.raw, 0)):
        rows, gross = _disorder(bars, slack)
        kinds = {
            "bars": len(bars),
            "slight": int((~gross).sum()),
            "impossible": int(gross.sum()),
            "newest": int((bars.day[rows] == facts.through).sum()),
            "newest_impossible": int((gross & (bars.day[rows] == facts.through)).sum()),
        }
        shown = bars.newest_first(rows)[:EXAMPLES]
        found += Found(kinds, tuple(_show(bars, at) for at in shown))
    return found


def judge_disorder(found: Found, facts: Facts) -> CheckResult:
    """Grade bars out of order."""
    count, newest = found.of("slight", "impossible"), found.of("newest")
    is_grave = found.of("newest_impossible") > 0 or count > _FEW_WRONG * found.of("bars")
    kinds = {kind: found.kinds[kind] for kind in ("slight", "impossible") if found.kinds.get(kind)}
    summary = (
        f"{count} bars whose prices are not low <= open, close <= high and above 0, "
        f"{newest} on {as_day(facts.through)}"
    )
    severity = "ok" if not count else "error" if is_grave else "warn"
    return CheckResult("price_order", severity, count, summary, found.shown(), kinds=kinds)


# ---- ticks
def find_off_ticks(part: Part, facts: Facts) -> Found:
    """Find bars as traded with a price that could not be quoted; a day without a trade carries a computed one."""
    bars = part.raw
    traded = (bars.volume > 0) & (bars.day >= TICKS_KNOWN_FROM)
    kosdaq, fund = facts.is_kosdaq(bars.symbols)[bars.issue], facts.is_fund(bars.symbols)[bars.issue]
    off = np.zeros(len(bars), bool)
    for name in _PRICES:
        price = getattr(bars, name)
        off |= (price > 0) & ~is_on_tick(price, bars.day, is_kosdaq=kosdaq, is_fund=fund)
    off &= traded
    newest = bars.day == facts.through
    kinds = {
        "bars": len(bars),
        "off": int(off.sum()),
        "newest": int((off & newest).sum()),
        "newest_bars": int(newest.sum()),
    }
    rows = bars.newest_first(np.flatnonzero(off))[:EXAMPLES]
    return Found(
        kinds, tuple(_show(bars, at, **{n: int(getattr(bars, n)[at]) for n in _PRICES}) for at in rows)
    )


def judge_off_ticks(found: Found, facts: Facts) -> CheckResult:
    """Grade prices off their ticks."""
    count, newest = found.of("off"), found.of("newest")
    if not found.of("bars"):
        return CheckResult("price_ticks", "info", 0, "the store holds no bars as traded")
    severity = (
        "error" if newest > _MANY_OFF * found.of("newest_bars") and newest > 1 else "warn" if count else "ok"
    )
    summary = f"{count} bars as traded with a price off its tick, {newest} on {as_day(facts.through)}"
    return CheckResult("price_ticks", severity, count, summary, found.shown())


# ---- the limit of the day
def find_over_limit(part: Part, facts: Facts) -> Found:
    """Find bars as traded with a price beyond the limit of the base price, and say which have none to keep."""
    bars = part.raw
    base, slack = rebase(bars, part.adjusted, match_bars(bars, part.adjusted))
    beyond = np.zeros(len(bars), bool)
    for name in _PRICES:
        price = getattr(bars, name)
        far = np.abs(price - base) > 0.30 * base + slack
        beyond |= (price > 0) & is_beyond_limit(price, base, bars.day) & ((slack == 0) | far)
    beyond &= base > 0
    kinds: Counter[str] = Counter(bars=len(bars), rebased=int((slack > 0).sum()))
    kinds["newest_bars"] = int((bars.day == facts.through).sum())
    examples: list[tuple[int, dict[str, Any]]] = []
    for at, explained in explain_moves(bars, np.flatnonzero(beyond), facts, is_adjusted=False):
        kind = explained if explained in EXPLANATIONS else "beyond"
        kinds[kind] += 1
        if kind == "beyond":
            kinds["newest"] += int(bars.day[at] == facts.through)
            if len(examples) < EXAMPLES:
                prices = {name: int(getattr(bars, name)[at]) for name in _PRICES}
                examples.append(_show(bars, at, base=round(float(base[at])), **prices))
    first = _find_first_days(bars, facts)
    return Found(dict(kinds)) + Found({}, tuple(examples)) + first


def _find_first_days(bars: Bars, facts: Facts) -> Found:
    is_listing = bars.is_first & (bars.day == facts.listed_on(bars.symbols)[bars.issue]) & (bars.volume > 0)
    is_wide = is_listing & (bars.day >= _FIRST_DAY_FROM) & (bars.high > _FIRST_DAY * bars.low)
    rows = np.flatnonzero(is_wide)
    kinds = {"first_day": int((is_listing & ~is_wide).sum()), "beyond": len(rows)}
    return Found(
        kinds, tuple(_show(bars, int(at), high=int(bars.high[at]), low=int(bars.low[at])) for at in rows)
    )


def judge_over_limit(found: Found, facts: Facts) -> CheckResult:
    """Grade prices beyond the limit."""
    if not found.of("bars"):
        return CheckResult("price_limit", "info", 0, "the store holds no bars as traded")
    count, newest = found.of("beyond"), found.of("newest")
    aside = {
        kind: found.kinds[kind] for kind in ("first_day", "rebased", *EXPLANATIONS) if found.kinds.get(kind)
    }
    is_broken = newest > max(_MANY_OFF * found.of("newest_bars"), 2)
    severity = "error" if is_broken else "warn" if count else "ok"
    said = ", ".join(f"{kind} {n}" for kind, n in aside.items()) or "none"
    summary = f"{count} bars as traded beyond the day's limit, {newest} on {as_day(facts.through)}; set aside: {said}"
    kinds = aside | ({"beyond": count} if count else {})
    return CheckResult("price_limit", severity, count, summary, found.shown(), kinds=kinds)
