"""Which issues a portfolio may hold, and why the others may not."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from sillok.errors import DataError, MissingDataError

__all__ = ["Universe", "select_universe"]


@dataclass(frozen=True, slots=True)
class Universe:
    """The chosen issues, most traded first, and how many fell at each step."""

    symbols: list[str]
    dropped: dict[str, int]  # reason (a key below) to count, in the order the tests were made
    why: pd.Series  # by symbol left out: the reason, the first that holds


def select_universe(
    issues: pd.DataFrame,
    close: pd.DataFrame,
    value: pd.DataFrame,
    halted: pd.DataFrame,
    *,
    market: str,
    size: int,
    max_still: float = 0.1,
) -> Universe:
    """Choose the ``size`` most traded ordinary shares that have a whole history and can be bought now.

    Parameters
    ----------
    issues
        Indexed by symbol, with ``market`` and ``security_type``.
    close, value, halted
        Sessions by symbols over the lookback, newest last: prices, traded value in KRW, halted or not.
    market
        ``KOSPI``, ``KOSDAQ`` or ``ALL``.
    max_still
        An issue that was halted, or stood at one price, in more than this part of the sessions is dropped: its
        volatility would be measured too low, and a minimum-variance portfolio would be full of such issues.

    Raises
    ------
    MissingDataError
        If nothing is left, with the count that fell at each step.
    DataError
        If the panels are not on the same labels.
    """
    if not (close.columns.equals(value.columns) and close.columns.equals(halted.columns)):
        raise DataError("close, value and halted are not on the same symbols; ask for the panels alike")
    known = issues.reindex(close.columns)
    still = (halted.astype(bool) | (close == close.shift(1))).mean()
    tests = {
        "other_market": (known["market"] != market)
        if market != "ALL"
        else pd.Series(False, index=known.index),
        "not_ordinary": known["security_type"] != "ST",
        "short_history": close.isna().any(),
        "halted_now": halted.iloc[-1].astype(bool),
        "rarely_moves": still > max_still,
    }
    left = pd.Series(True, index=close.columns)
    dropped: dict[str, int] = {}
    why = pd.Series("", index=close.columns, dtype=object)
    for name, fails in tests.items():
        dropped[name] = int((left & fails).sum())
        why[left & fails] = name
        left &= ~fails
    ranked = value.loc[:, left].mean().sort_values(ascending=False, kind="stable")
    dropped["less_traded"] = max(len(ranked) - size, 0)
    why[ranked.index[size:]] = "less_traded"
    if ranked.empty:
        raise MissingDataError(
            f"no issue of {market} is left: {dropped}; shorten the lookback or load more", **dropped
        )
    return Universe(symbols=list(ranked.index[:size]), dropped=dropped, why=why[why != ""])
