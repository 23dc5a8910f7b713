"""The datasets of a load, each with its rules in words: what is asked for, when, how often, and known from when on.

The README's table is made of them, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sillok.errors import ConfigError

__all__ = ["DATASETS", "GROUND", "Dataset", "choose_datasets", "dataset_table"]


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset. ``method`` is what the vendor's client must offer; ``is_core``: a load without it has failed."""

    name: str
    tables: tuple[str, ...]
    method: str
    cadence: str
    cursor: str
    overlap: str
    ends: str
    cost: str
    known_at: str
    is_core: bool = False


DATASETS = (  # in the order of asking: an action may make a bar's history be asked for again
    Dataset(
        "listings",
        ("issue",),
        "master",
        "every load",
        "none: the lists are whole; what changed is a revision, which is the history",
        "whole",
        "what is listed now, and what was delisted after the history's start",
        "3 files, which the rate does not count",
        "the close of the session that the load reaches",
        is_core=True,
    ),
    Dataset(
        "sessions",
        ("session",),
        "sessions",
        "every session",
        "`session`/`all`: the newest session told by the vendor",
        "20 days of the vendor's calendar over the exchange's",
        "from the history's start through the newest closed session",
        "1 call, at most once a day",
        "its close",
        is_core=True,
    ),
    Dataset(
        "corporate_actions",
        ("corporate_action",),
        "corporate_actions",
        "every session",
        "`corporate_action`/`all`: the session of the last asking",
        "30 sessions back from it; 130 days for dividends and rights issues, whose amounts are settled late",
        "the whole history on the first load; 60 days ahead always, in windows by kind",
        "some 35 calls a night: 1 a window, more where it holds 100 rows; a day that alone holds more: 1 an issue, each "
        "once in 20 weekdays",
        "when first seen; for what was there before the first asking, 18:00 on the record date; a dividend and a "
        "rights issue, whose amount is settled later: the pay or listing date, at most 90 days after the record date",
    ),
    Dataset(
        "index_bars",
        ("index_bar",),
        "index_bars",
        "every session",
        "`index_bar`/code: the last session loaded",
        "5 sessions; if the oldest of them differs, the whole history again",
        "from the history's start through the newest closed session",
        "1 call an index, 1 more for each 50 sessions",
        "its session's close",
        is_core=True,
    ),
    Dataset(
        "daily_bars",
        ("daily_bar",),
        "daily_bars",
        "every session",
        "`daily_bar`/symbol: the last session loaded; `daily_bar.whole`/symbol: through when the whole history was",
        "5 sessions; if one before the newest differs, the oldest was not there, or an action took effect since, the "
        "whole history again; once in 20 weekdays also where a session is missing",
        "from the history's start through the newest closed session, or the last one before the delisting",
        "1 call an issue, 1 more for each 100 sessions",
        "its session's close; a rewritten past: the close that the load reaches",
        is_core=True,
    ),
    Dataset(
        "raw_bars",
        ("raw_bar",),
        "raw_bars",
        "every session",
        "`raw_bar`/symbol: the last session loaded",
        "5 sessions; if the oldest of them differs or was not there, the whole history again; once in 20 weekdays also "
        "where a session is missing",
        "as daily_bars",
        "1 call an issue, 1 more for each 100 sessions",
        "its session's close",
    ),
    Dataset(
        "investor_days",
        ("investor_day",),
        "investor_days",
        "every session, once it is settled: 2 h 30 after its close",
        "`investor_day`/symbol: the last session loaded",
        "5 sessions; if the oldest of them differs, the whole span again",
        "the last 100 sessions on the first load (the paper host has 30), from there on every session",
        "1 call an issue, beyond 29 sessions 1 more and 1 for each 100",
        "2 h 30 after its session's close, when the vendor has filled it in",
    ),
    Dataset(
        "statements",
        ("statement",),
        "income_statements",
        "each issue once in 20 weekdays, spread by a hash of its symbol; all on the first load",
        "`statement`/symbol: the session of the last asking",
        "whole: the vendor's some 30 periods",
        "every period that has ended; delisted issues once",
        "6 calls an issue: income statement, balance sheet and ratios, annual and quarterly",
        "18:00 on the day after the legal deadline (91 days after a fiscal year's end, 46 after another period's), "
        "or when first seen: if that is earlier, or if an asking after the deadline had not given it; a restated "
        "value: when seen",
    ),
    Dataset(
        "rates",
        ("rate_bar",),
        "fx_bars",
        "every day",
        "`rate_bar`/pair: the last day loaded",
        "9 days; if the oldest of them differs, the whole history again",
        "from the history's start through yesterday",
        "1 call a pair, 1 more for each 100 days",
        "09:00 of the next morning",
    ),
    Dataset(
        "overseas_bars",
        ("overseas_bar",),
        "overseas_bars",
        "every day",
        "`overseas_bar`/market:symbol: the last day loaded",
        "9 days; if one before the newest differs, the whole history again",
        "from the history's start through the market's last closed day; symbols by SILLOK_OVERSEAS",
        "1 call a symbol, 1 more for each 100 days",
        "the market's close in its own zone, an early close counted as the usual one",
    ),
    Dataset(
        "account",
        ("account_position", "account_cash", "account_execution"),
        "balance",
        "every load, where an account is set",
        "`account_execution`/fingerprint: the last day loaded",
        "9 days of executions; positions and cash are whole",
        "positions and cash as they stand; executions of the last 90 days on the first load",
        "2 calls, 1 more for each 50 positions or 100 executions",
        "when seen; an execution at 20:00 of its day, when the last market closes, or when seen if that is earlier",
    ),
)

_BY_NAME = {dataset.name: dataset for dataset in DATASETS}
GROUND = ("listings", "sessions")  # every other stands on them: they are always loaded
_HEADINGS = ("dataset", "table", "cadence", "cursor", "overlap", "ends", "cost", "known_at")


def choose_datasets(names: Collection[str]) -> frozenset[str]:
    """Return the names of the datasets to load: those named and the ground they stand on; none named: all.

    Raises
    ------
    ConfigError
        If a name is unknown.
    """
    unknown = sorted(set(names) - set(_BY_NAME))
    if unknown:
        raise ConfigError(f"unknown datasets {unknown}; choose from {list(_BY_NAME)}", unknown=unknown)
    return frozenset({*names, *GROUND} if names else _BY_NAME)


def dataset_table() -> str:
    """Return the registry as a Markdown table."""
    lines = [_HEADINGS, ("---",) * len(_HEADINGS)]
    for one in DATASETS:
        tables = ", ".join(f"`{name}`" for name in one.tables)
        words = (one.cadence, one.cursor, one.overlap, one.ends, one.cost, one.known_at)
        lines.append((f"`{one.name}`", tables, *words))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
