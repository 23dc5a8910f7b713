"""A market as of an instant: what the snapshot knew then, and nothing later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from sillok.errors import DataError, MissingDataError
from sillok.market.disclosures import Disclosures
from sillok.market.frames import to_frame
from sillok.market.listing import issue_versions
from sillok.market.manifest import Manifest
from sillok.market.panel import Rows, used_labels
from sillok.market.reader import Day, Reader, as_day
from sillok.market.shapes import SHAPES
from sillok.objects import Objects

__all__ = ["Market", "open_market"]

_PRICES = ("open", "high", "low", "close")


class Market(Disclosures):
    """One snapshot as of one instant. Frames are indexed by session (midnight, no time zone), oldest first."""

    def __repr__(self) -> str:
        return f"<Market {self.source} snapshot {self.snapshot_id[:12]} as of {self.as_of.isoformat()}>"

    @property
    def tables(self) -> frozenset[str]:
        """The tables of which the snapshot has a row; a source need not give them all."""
        return frozenset(name for name in SHAPES if self._reader.holds(name))

    def members(self, day: Day | None = None) -> pd.DataFrame:
        """Return the issues that were listed on ``day``, those delisted since among them, as :meth:`issues` shows them.

        What an issue is called and counts is what was known at ``as_of``; open the market as of ``day`` for
        what was known then. One without a listing day counts from its first bar on.

        Parameters
        ----------
        day
            None: the newest session known.

        Raises
        ------
        MissingDataError
            If ``day`` lies before the first or after the newest session known.
        """
        at = as_day(self.through if day is None else day)
        self._reader.between(str(at), str(at + 1))
        days = self._reader.days[self._reader.days <= at]
        if not len(days):
            raise MissingDataError(
                f"{at} lies before {self._reader.days[0]}, the first session of the snapshot; ask for a later day",
                day=at.item(),
            )
        issues = self.issues()
        today = pd.Timestamp(at)
        has_bar = issues.index.isin(used_labels(self._reader.rows("daily_bar", days), "symbol"))
        is_listed = (issues["listed_on"] <= today) | has_bar
        return issues[is_listed & ~(issues["delisted_on"] <= today)]

    def listing_history(self, symbol: str) -> pd.DataFrame:
        """Return what was known of an issue, one row a change, by ``known_at`` (Asia/Seoul), oldest first.

        Columns as in :meth:`issues`. The first row is what the first load found.

        Raises
        ------
        MissingDataError
            If the symbol is unknown.
        """
        self._refuse_unknown([symbol])
        return issue_versions(self._reader.issue_batches(), self.as_of, symbol)

    def overseas(
        self, market: str, symbol: str, *, start: Day | None = None, end: Day | None = None
    ) -> pd.DataFrame:
        """Return a foreign issue by its market's own days: ``open, high, low, close, volume, amount``; float64.

        Prices, adjusted, and the amount in the market's currency; a day is there once its market has closed.

        Raises
        ------
        MissingDataError
            If the snapshot has no such issue, or ``end`` lies after the day of ``as_of``.
        """
        parts = [rows.only("market", market) for rows in self._reader.standing("overseas_bar")]
        columns = (*_PRICES, "volume", "amount")
        frame = self._by_day("overseas_bar", parts, ("symbol", symbol), columns)
        return self._in_span(frame, start, end)

    def fx(self, pair: str, *, start: Day | None = None, end: Day | None = None) -> pd.DataFrame:
        """Return an exchange rate by day: ``open, high, low, close`` as quoted, float64; ``USDKRW``: KRW for 1 USD.

        A day's rate is known on the next morning.

        Raises
        ------
        MissingDataError
            If the snapshot has no such pair, or ``end`` lies after the day of ``as_of``.
        """
        frame = self._by_day("rate_bar", self._reader.standing("rate_bar"), ("pair", pair), _PRICES)
        return self._in_span(frame, start, end)

    def _by_day(
        self, table: str, parts: Sequence[Rows], asked: tuple[str, str], columns: Sequence[str]
    ) -> pd.DataFrame:
        label, name = asked
        chosen = [rows.only(label, name) for rows in parts]
        frame = to_frame(table, chosen, ["date", *columns]).set_index("date").sort_index()
        if frame.empty:
            there = sorted(used_labels(parts, label))
            raise MissingDataError(
                f"no {label} {name!r} was known there at {self.as_of.isoformat()}; there are {there[:20]}",
                asked=name,
            )
        return frame[list(columns)]

    def _in_span(self, frame: pd.DataFrame, start: Day | None, end: Day | None) -> pd.DataFrame:
        first, stop = self._reader.calendar_span(start, end)
        days = frame.index.to_numpy().astype("datetime64[D]")
        return frame[(days >= first) & (days < stop)]


def open_market(objects: Objects, snapshot_id: str, *, as_of: datetime | None = None) -> Market:
    """Open a snapshot as of an instant.

    Parameters
    ----------
    as_of
        Aware. None: when the snapshot's newest session was settled, or its close where no more was told.

    Raises
    ------
    MissingDataError
        If there is no such snapshot, or it cannot know about ``as_of``: before its first session, or at or
        after the close of the session that follows its newest one.
    DataError
        If the manifest or a partition is damaged, or ``as_of`` has no time zone.
    """
    manifest = Manifest.from_bytes(objects.get(snapshot_id))
    if as_of is None:
        return Market(Reader(objects, snapshot_id, manifest, manifest.as_of), manifest.source)
    if as_of.tzinfo is None:
        raise DataError(f"as_of must carry a time zone, got {as_of!r}; add one, such as Asia/Seoul")
    if as_of >= manifest.next_close:
        raise MissingDataError(
            f"snapshot {snapshot_id[:12]} ends with {manifest.through} and cannot know {as_of.isoformat()}; load and "
            f"freeze newer days, or ask as of an instant before {manifest.next_close.isoformat()}",
            as_of=as_of,
            through=manifest.through,
        )
    return Market(Reader(objects, snapshot_id, manifest, as_of), manifest.source)
