"""Issues as they were known at an instant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import pandas as pd
import pyarrow as pa

from sillok.clock import KST

__all__ = ["issue_versions", "known_issues"]

_SHOWN = ["name", "market", "industry", "security_type", "listed_on", "delisted_on", "shares"]


def _read_versions(batches: Sequence[pa.RecordBatch]) -> pd.DataFrame:
    versions = pd.concat([batch.to_pandas(date_as_object=False) for batch in batches])
    versions = versions.sort_values(["symbol", "known_at"])
    for name in ("listed_on", "delisted_on"):
        versions[name] = versions[name].astype("datetime64[us]")
    versions["shares"] = versions["shares"].astype("float64")
    return versions


def issue_versions(batches: Sequence[pa.RecordBatch], as_of: datetime, symbol: str) -> pd.DataFrame:
    """Return what :meth:`sillok.market.Market.listing_history` shows, out of standing and superseded rows.

    Empty where nothing was known of the issue yet but its listing, told by a later load.
    """
    versions = _read_versions(batches)
    known = versions[(versions["symbol"] == symbol) & (versions["known_at"] <= as_of)]
    instants = pd.DatetimeIndex(known["known_at"], name="known_at").tz_convert(KST)
    return known.set_index(instants)[_SHOWN]


def known_issues(
    batches: Sequence[pa.RecordBatch], as_of: datetime, traded: Callable[[], set[str]]
) -> pd.DataFrame:
    """Return what :meth:`sillok.market.Market.issues` shows, out of standing and superseded rows.

    Of each issue the version known at ``as_of`` counts. An issue whose first version was read later, by the
    first load, is there from its listing day or its first bar on (one that moved to another market is listed
    anew), without what only that load could tell; ``traded`` gives the symbols with a bar by ``as_of``.
    """
    versions = _read_versions(batches)
    is_known = versions["known_at"] <= as_of
    known = versions[is_known].drop_duplicates("symbol", keep="last")
    today = pd.Timestamp(as_of.astimezone(KST).date())
    first = versions[~versions["symbol"].isin(known["symbol"])].drop_duplicates("symbol", keep="first")
    if len(first):
        first = first[(first["listed_on"] <= today) | first["symbol"].isin(traded())].assign(
            shares=float("nan")
        )
    first["delisted_on"] = first["delisted_on"].where(first["delisted_on"] <= today)
    both = pd.concat([known, first]) if len(first) else known
    return both.set_index("symbol").sort_index()[_SHOWN]
