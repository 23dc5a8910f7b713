"""Why a price moved beyond the daily limit: each answer rests on a fact that is in the store.

The limit binds a price to the base price of its day, which is the close before unless something set it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sillok.ingest.checks.bars import Bars
from sillok.ingest.checks.facts import Action, Facts, IssueFacts
from sillok.ingest.checks.rules import is_beyond_limit, is_on_tick

__all__ = [
    "EXPLANATIONS",
    "FAULTS",
    "MOST_EXPLAINED",
    "explain_move",
    "explain_moves",
    "find_moves",
    "guess_ratio",
]

Ints = NDArray[np.int64]

MOST_EXPLAINED = 5_000  # of some hundred thousand bars; a real market moves so 50 times a year
_LIQUIDATION = 10  # sessions; KRX grants 7, and a court's stay may lengthen them
_ROUNDING = 1.15  # steps: half a step on either close, that of the base times 1.3
_NO = np.array(False)
_AROUND = 10  # bars before and after a move that show on which grid its issue's adjusted prices lie
_FEWEST_PRICES = 8
_HIGHEST, _SMALL = 100, 5  # of the ratios that companies choose: up to 1:100, and small ones as 2:3


def find_moves(bars: Bars) -> Ints:
    """Return where the close lies beyond the limit of the close before, taken as the base price."""
    beyond = is_beyond_limit(bars.close, bars.before, bars.day)
    return np.flatnonzero(beyond & (bars.before > 0))


@dataclass(frozen=True)
class _Move:
    """The move of the bar ``at``. A series as traded follows splits, and is not rounded."""

    bars: Bars
    at: int
    facts: Facts
    is_adjusted: bool

    @cached_property
    def symbol(self) -> str:
        return self.bars.symbols[self.bars.issue[self.at]]

    @cached_property
    def issue(self) -> IssueFacts:
        return self.facts.issue(self.symbol)

    @cached_property
    def day(self) -> int:
        return int(self.bars.day[self.at])

    @cached_property
    def day_before(self) -> int:
        return int(self.bars.day_before[self.at])

    @cached_property
    def action(self) -> Action | None:
        return None if self.is_rounding else self.facts.action_between(self.symbol, self.day_before, self.day)

    @cached_property
    def is_rounding(self) -> bool:
        before, close = int(self.bars.before[self.at]), int(self.bars.close[self.at])
        return self.is_adjusted and abs(close - before) <= 0.30 * before + _ROUNDING * _grid(
            self.bars, self.at
        )

    def is_liquidation(self) -> bool:
        gone = self.issue.delisted_on
        return gone is not None and self.facts.sessions_between(self.day, gone) <= _LIQUIDATION

    def is_listed_anew(self) -> bool:
        return self.issue.listed_on is not None and self.day_before < self.issue.listed_on <= self.day

    def is_unadjusted(self) -> bool:
        factor = None if self.action is None else self.action.factor
        return self.is_adjusted and factor is not None and _fits(self.bars, self.at, factor)

    def is_action(self) -> bool:
        return self.action is not None

    def is_revalued(self) -> bool:
        return not self.is_rounding and (self.symbol, self.day) in self.facts.revalued

    def is_resumed(self) -> bool:
        return bool(self.bars.halt_before[self.at] > 0)

    def is_liquidation_ahead(self) -> bool:
        """Tell whether trading resumed within the last sessions of history; earlier, a delisting would be on record."""
        left = self.facts.sessions_between(self.day, self.facts.through)
        if self.issue.delisted_on is not None or left >= _LIQUIDATION:
            return False
        rows = np.arange(max(self.at - _LIQUIDATION + 1, 0), self.at + 1)
        bars = self.bars
        resumed = (bars.halt_before[rows] > 0) & (bars.volume[rows] > 0)
        return bool((resumed & (bars.issue[rows] == bars.issue[self.at])).any())

    def is_other_scale(self) -> bool:
        return _is_other_scale(self.bars, self.at)


# Asked in this order; the first that fits is the answer.
_KINDS: dict[str, Callable[[_Move], bool]] = {
    "liquidation": _Move.is_liquidation,  # before a delisting trading goes on without a limit
    "listed_anew": _Move.is_listed_anew,  # first session on this market, with bars of another one before
    "unadjusted": _Move.is_unadjusted,  # a split or bonus of known ratio, which the series should have taken out
    "corporate_action": _Move.is_action,  # rights, merger, reduction, or a halt for one, ends here
    "revalued": _Move.is_revalued,  # the vendor's own code says that the base price was set anew
    "resumed": _Move.is_resumed,  # first trade after halted sessions, or a close set anew within them
    "liquidation_ahead": _Move.is_liquidation_ahead,  # as liquidation; the delisting is not on record yet
    "rounding": lambda move: move.is_rounding,  # within the limit but for adjusted prices' whole KRW
    "other_scale": _Move.is_other_scale,  # one bar left its series by a simple ratio, and the next came back
    "unexplained": lambda _: True,
}
FAULTS = ("unadjusted", "other_scale", "unexplained")
EXPLANATIONS = tuple(kind for kind in _KINDS if kind not in FAULTS)


def explain_move(bars: Bars, at: int, facts: Facts, *, is_adjusted: bool = True) -> str:
    """Return the first of :data:`EXPLANATIONS` and :data:`FAULTS` that fits the move of the bar ``at``.

    Parameters
    ----------
    is_adjusted
        Whether the series takes splits and the like out. One as traded follows them, and is not rounded.
    """
    move = _Move(bars, at, facts, is_adjusted)
    return next(kind for kind, fits in _KINDS.items() if fits(move))


def explain_moves(
    bars: Bars, rows: Ints, facts: Facts, *, is_adjusted: bool = True
) -> Iterator[tuple[int, str]]:
    """Yield each of ``rows``, newest first, with its kind; where a whole series is broken, the older ones unexplained."""
    ordered = bars.newest_first(rows)
    for at in ordered[:MOST_EXPLAINED]:
        yield at, explain_move(bars, at, facts, is_adjusted=is_adjusted)
    for at in ordered[MOST_EXPLAINED:]:
        yield at, "unexplained"


def _grid(bars: Bars, at: int) -> int:
    """Return the step of the adjusted prices around a bar: 5 where five old shares became one, else mostly 1.

    The vendor rounds after each event, so that a later one enlarges the rounding of an earlier one.
    """
    low, high = max(at - _AROUND, 0), min(at + _AROUND + 1, len(bars))
    rows = np.flatnonzero(bars.issue[low:high] == bars.issue[at]) + low
    prices = np.concatenate([getattr(bars, name)[rows] for name in ("open", "high", "low", "close")])
    prices = np.unique(prices[prices > 0])
    is_plain = is_on_tick(prices, np.full(len(prices), bars.day[at]), is_kosdaq=_NO, is_fund=_NO).all()
    return 1 if is_plain or len(prices) < _FEWEST_PRICES else int(np.diff(prices).min())


def _fits(bars: Bars, at: int, factor: float) -> bool:
    """Return whether the whole day lies within the limit of the close before times ``factor``."""
    base = bars.before[at] * factor
    low = bars.low[at] or bars.close[at]
    high = bars.high[at] or bars.close[at]
    return bool(0.70 * base - 1 <= low and high <= 1.30 * base + 1)


def guess_ratio(bars: Bars, at: int) -> Fraction | None:
    """Return the simple ratio of base prices that the whole day would fit, e.g. 1/2; None if none does."""
    if bars.is_halted[at] or not bars.before[at] or not bars.close[at]:
        return None
    move = Fraction(int(bars.close[at]), int(bars.before[at]))
    whole = Fraction(round(move)) if move > 1 else Fraction(1, round(1 / move))
    for guess in (whole, move.limit_denominator(_SMALL)):
        is_simple = guess > 0 and guess != 1 and max(guess, 1 / guess) <= _HIGHEST
        is_simple &= 1 in (guess.numerator, guess.denominator) or guess.numerator <= _SMALL
        if is_simple and _fits(bars, at, float(guess)):
            return guess
    return None


def _is_other_scale(bars: Bars, at: int) -> bool:
    """Return whether the bar, or the one before, left the series by a simple ratio and the next one came back."""
    for left, back in ((at, at + 1), (at - 1, at)):
        if left < 0 or back >= len(bars) or bars.issue[left] != bars.issue[back]:
            continue
        ratio = guess_ratio(bars, left) if _is_move(bars, left) and _is_move(bars, back) else None
        if ratio is not None and _fits(bars, back, float(1 / ratio)):
            return True
    return False


def _is_move(bars: Bars, at: int) -> bool:
    here = slice(at, at + 1)
    return bool(
        bars.before[at] > 0 and is_beyond_limit(bars.close[here], bars.before[here], bars.day[here])[0]
    )
