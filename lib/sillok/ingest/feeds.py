"""The feeds of a load: each dataset of its scope, in the order in which they are asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from sillok.ingest.asks import Ask
from sillok.ingest.datasets import DATASETS, GROUND
from sillok.ingest.makers import FeedMaker, read_all_marks
from sillok.ingest.pipeline import Feed
from sillok.ingest.series import SeriesFeed
from sillok.ingest.source import DatasetSource, MarketSource
from sillok.ingest.survey import Scope, Survey
from sillok.store import Store

__all__ = ["Feeds", "open_feeds"]


@dataclass
class Feeds:
    """Feeds by the name of their dataset, in the order in which they are asked; and why others are left out."""

    of: dict[str, Feed] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def asks(self) -> dict[str, list[Ask]]:
        """What each dataset asks for."""
        return {name: list(feed.asks) for name, feed in self.of.items()}

    @property
    def refetched(self) -> tuple[str, ...]:
        """The keys whose whole history was asked for again."""
        series = [feed for feed in self.of.values() if isinstance(feed, SeriesFeed)]
        return tuple(sorted({key for feed in series for key in feed.refetched}))


def open_feeds(client: MarketSource, store: Store, survey: Survey, scope: Scope) -> Feeds:
    """Return the feeds of ``scope``; a dataset that the client has no call for is left out, with the reason."""
    with store.read() as conn:
        maker = FeedMaker(
            cast("DatasetSource", client), store, survey, scope, read_all_marks(conn, survey), conn
        )
        feeds = Feeds()
        for dataset in DATASETS:
            if dataset.name in GROUND or not scope.wants(dataset.name):
                continue
            if not hasattr(client, dataset.method):
                feeds.skipped[dataset.name] = f"the vendor's client has no {dataset.method}"
            elif (feed := maker.make(dataset.name)) is not None:
                feeds.of[dataset.name] = feed
    return feeds
