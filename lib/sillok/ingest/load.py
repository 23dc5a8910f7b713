"""A load: every dataset of its scope from the vendor into the store, planned first, under one record."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date, datetime

from sillok import clock
from sillok.ingest import calendar, listings
from sillok.ingest.datasets import GROUND
from sillok.ingest.feeds import Feeds, open_feeds
from sillok.ingest.pipeline import Outcome
from sillok.ingest.plan import Plan, make_plan
from sillok.ingest.record import LoadRecord, LoadReport, Tally, record_load, refuse_other_source
from sillok.ingest.source import Delisted, MarketSource
from sillok.ingest.survey import Scope, Survey, begin_history, find_begin
from sillok.ingest.work import Progress, Work
from sillok.store import Store
from sillok.store.tables import load

__all__ = ["load_market", "plan_load"]

Show = Callable[[Plan], None]


def _silent(_stage: str, _done: int, _total: int) -> None:
    """Show no progress."""


def _unseen(_plan: Plan) -> None:
    """Show no plan."""


async def plan_load(
    client: MarketSource,
    store: Store,
    *,
    now: datetime,
    start: date,
    delistings: Sequence[Delisted] | None = None,
    scope: Scope | None = None,
) -> Plan:
    """Return what a load would ask for, without writing anything; the lists of issues alone are asked for.

    Raises
    ------
    ConfigError, DataError
        As :func:`load_market`.
    """
    wanted = scope or Scope()
    refuse_other_source(store, client.source)
    begin, rewinds = find_begin(store, start)
    days = calendar.find_sessions(begin, calendar.find_through(client, now))
    issues = await listings.fetch_issues(
        client, store, delistings or (), start=begin, through=days[-1], security_types=wanted.security_types
    )
    survey = Survey(now, days, issues, client.today, rewinds)
    feeds = open_feeds(client, store, survey, wanted)
    return make_plan(client.source, survey.through, feeds.asks, rate=client.rate, skipped=feeds.skipped)


async def load_market(
    client: MarketSource,
    store: Store,
    *,
    now: datetime,
    start: date,
    delistings: Sequence[Delisted] | None = None,
    progress: Progress = _silent,
    scope: Scope | None = None,
    show: Show = _unseen,
    monotonic: Callable[[], float] = time.monotonic,
) -> LoadReport:
    """Load the market from ``start`` through the newest closed session; a second load adds only what is new.

    Parameters
    ----------
    client
        Open, and identified; see :class:`sillok.ingest.MarketSource`.
    now
        The instant of the load: decides which session is closed, and stands as ``recorded_at``.
    start
        First day of history. Earlier than in the last load: the whole history is asked for again.
    delistings
        Issues that are listed no more; without them history holds only what survived.
    scope
        Which datasets; the default is all.
    show, progress
        Called with the plan before its first ask; with a dataset, how many of its asks are done and of how many.
    monotonic
        Seconds that pass, for the load's duration.

    Raises
    ------
    ConfigError
        If the store holds a market of another source, or the scope names an unknown dataset.
    DataError, MissingDataError
        If the span holds no session, the market is empty, or an answer contradicts its question.
    VendorError, ResourceError
        From the client and the database, or if another load runs on this store. The load is recorded as failed,
        what it had committed stays, and the next load goes on from there.
    """
    wanted = scope or Scope()
    refuse_other_source(store, client.source)
    through = calendar.find_through(client, now)
    before = client.calls
    with (
        store.alone(load.name) as hold,
        record_load(store, client.source, through, now, monotonic) as record,
    ):
        tally = Tally()
        gone = delistings or ()
        survey = await _lay_ground(
            client, record, tally, start=start, through=through, delistings=gone, scope=wanted
        )
        feeds = open_feeds(client, store, survey, wanted)
        plan = make_plan(client.source, survey.through, feeds.asks, rate=client.rate, skipped=feeds.skipped)
        record.set(plan=plan.to_json())
        show(plan)
        for name in GROUND:
            progress(name, 1, 1)
        await Work(store, hold, feeds, tally, progress).run()
        return _conclude(record, plan, feeds, tally, calls=client.calls - before)


def _conclude(record: LoadRecord, plan: Plan, feeds: Feeds, tally: Tally, *, calls: int) -> LoadReport:
    """Say in the record that the load is done, and what it did."""
    counts = tally.to_json()
    seen = {"skipped": feeds.skipped, "failures": tally.failures}
    duration_s = record.end("done", counts=counts, plan=plan.to_json() | seen)
    return LoadReport(
        record.id,
        plan.source,
        counts,
        plan.through,
        calls,
        feeds.refetched,
        feeds.skipped,
        tuple(tally.failures),
        duration_s,
    )


async def _lay_ground(
    client: MarketSource,
    record: LoadRecord,
    tally: Tally,
    *,
    start: date,
    through: date,
    delistings: Sequence[Delisted],
    scope: Scope,
) -> Survey:
    """Bring sessions and listings, on which every other dataset stands."""
    store, now = record.store, record.now
    begin = begin_history(store, start, now=now)
    days = await calendar.tell_sessions(client, store, calendar.find_sessions(begin, through), now=now)
    tally.add("sessions", Outcome(calendar.write_sessions(store, days, now=now)))
    issues = await listings.fetch_issues(
        client, store, delistings, start=begin, through=through, security_types=scope.security_types
    )
    written = listings.write_issues(store, issues, known_at=clock.session_close(days[-1]), now=now)
    tally.add("listings", Outcome(written))
    return Survey(now, days, issues, client.today)
