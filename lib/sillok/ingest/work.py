"""A load at work: what the feeds planned is asked for, written batch by batch, and counted once it is committed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sillok.errors import ConfigError, DataError, FatalVendorError
from sillok.ingest.asks import Ask, interleave
from sillok.ingest.datasets import DATASETS
from sillok.ingest.feeds import Feeds
from sillok.ingest.pipeline import Answer, Outcome, run_pipeline
from sillok.ingest.record import Tally
from sillok.store import Hold, Store

__all__ = ["Progress", "Work"]

Progress = Callable[[str, int, int], None]
_CORE = {dataset.name for dataset in DATASETS if dataset.is_core}
_TOLERATED = 0.01  # of a core dataset's asks: beyond it, not an issue's answers are wrong but the vendor's


@dataclass
class Work:
    """The feeds of a load, under the load's lock."""

    store: Store
    hold: Hold
    feeds: Feeds
    tally: Tally
    progress: Progress

    async def run(self) -> None:
        """Ask for all that the feeds planned, and for what that brings up, and write it."""
        asks = self.feeds.asks
        self._total = {name: len(some) for name, some in asks.items()}
        self._done = dict.fromkeys(asks, 0)
        for name in asks:
            self.tally.add(name, Outcome())
        await run_pipeline(interleave(asks.values()), self._fetch, self._write)
        for name in self.feeds.skipped:
            self.tally.drop_empty(name)

    async def _fetch(self, ask: Ask) -> Answer:
        """Fetch one answer; that there is none to be had is an answer too, but for the core of the market.

        A host without the call leaves the dataset out. An answer that cannot be trusted leaves out its key alone,
        whose mark stays: the next load asks for it again. Of the core, 1 % of the answers may be so.
        """
        if ask.dataset in self.feeds.skipped:
            return Answer(ask, None)
        try:
            return Answer(ask, await self.feeds.of[ask.dataset].fetch(ask))
        except ConfigError as err:
            if ask.dataset in _CORE:
                raise
            self.feeds.skipped.setdefault(ask.dataset, str(err))
        except (FatalVendorError, DataError) as err:
            self.tally.fail(ask, err)
            if (
                ask.dataset in _CORE
                and self.tally.failed[ask.dataset] > _TOLERATED * self._total[ask.dataset]
            ):
                raise
        return Answer(ask, None)

    def _write(self, batch: list[Answer]) -> list[Ask]:
        """Write a batch in one transaction; runs in a thread of its own."""
        self.hold.keep()
        by_name: dict[str, list[Answer]] = {}
        for one in batch:
            if one.rows is not None:
                by_name.setdefault(one.ask.dataset, []).append(one)
        with self.store.begin() as conn:
            outcomes = {name: self.feeds.of[name].write(conn, some) for name, some in by_name.items()}
        again: list[Ask] = []
        for name, outcome in outcomes.items():
            self.tally.add(name, outcome)
            again += outcome.again
        self._tell(batch, again)
        return again

    def _tell(self, batch: list[Answer], again: list[Ask]) -> None:
        for ask in again:
            self._total[ask.dataset] += 1
        for one in batch:
            self._done[one.ask.dataset] += 1
        for name in dict.fromkeys(one.ask.dataset for one in batch):
            self.progress(name, self._done[name], self._total[name])
