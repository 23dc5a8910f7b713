"""A load: listings, sessions, indices and daily bars from the vendor into the store, under one record."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, insert, select, update

from sillok import clock
from sillok.errors import ConfigError
from sillok.ingest import calendar, listings
from sillok.ingest.bars import BarLoad, plan_asks
from sillok.ingest.source import Delisted, MarketSource
from sillok.store import Store, Written, read_watermarks
from sillok.store.tables import daily_bar, index_bar, load, watermark

__all__ = ["INDICES", "LoadReport", "load_market"]

INDICES = ("KOSPI", "KOSDAQ", "KOSPI200")
_DAY = timedelta(days=1)
_BEGIN = "history_start"  # a watermark of its own: from which day on the store is loaded

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did: per dataset the rows inserted, changed and the same; ``calls`` to the vendor."""

    load_id: str
    source: str
    counts: dict[str, dict[str, int]]
    through: date
    calls: int
    refetched: tuple[str, ...] = ()


def _silent(_stage: str, _done: int, _total: int) -> None:
    """Show no progress."""


def _refuse_other_source(store: Store, source: str) -> None:
    with store.engine.connect() as conn:
        before = conn.execute(select(load.c.source).order_by(load.c.started_at).limit(1)).scalar()
    if before is not None and before != source:
        raise ConfigError(
            f"this store holds a {before!r} market and the client offers {source!r}; they are never mixed: set "
            "SILLOK_HOME or SILLOK_DATABASE_URL to another store",
            store_source=before,
            client_source=source,
        )


@contextmanager
def _recorded(store: Store, source: str, through: date, now: datetime) -> Iterator[str]:
    """Keep the load's row: running, then failed with the error if one leaves; its end is the caller's to say."""
    load_id = uuid.uuid4().hex
    with store.begin() as conn:
        gone = "interrupted: the process ended before the load did"
        conn.execute(update(load).where(load.c.status == "running").values(status="failed", error=gone))
        conn.execute(
            insert(load).values(id=load_id, source=source, status="running", started_at=now, through=through)
        )
    try:
        yield load_id
    except BaseException as err:
        cause = _first_cause(err)
        said = {"status": "failed", "error": f"{type(cause).__name__}: {cause}", "finished_at": now}
        with store.begin() as conn:
            conn.execute(update(load).where(load.c.id == load_id).values(said))
        if cause is err:
            raise
        raise cause from err


def _first_cause(err: BaseException) -> BaseException:
    while isinstance(err, BaseExceptionGroup):
        err = err.exceptions[0]
    return err


def _begin_history(store: Store, start: date, now: datetime) -> date:
    """Return from which day on to hold history; an earlier day than before makes every bar be asked for again."""
    with store.begin() as conn:
        before = read_watermarks(conn, _BEGIN).get("all")
        if before is not None and before <= start:
            return before
        conn.execute(delete(watermark).where(watermark.c.dataset.in_([daily_bar.name, index_bar.name])))
        store.move_watermarks(conn, _BEGIN, {"all": start}, now=now)
    return start


async def _load_bars(
    client: MarketSource,
    store: Store,
    issues: Sequence[listings.Issue],
    days: list[date],
    *,
    now: datetime,
    progress: Progress,
) -> tuple[Written, Written, list[str]]:
    stop = days[-1] + _DAY
    with store.engine.connect() as conn:
        index_marks = read_watermarks(conn, index_bar.name)
        bar_marks = read_watermarks(conn, daily_bar.name)
    known_at = clock.session_close(days[-1])
    indices = BarLoad(
        store,
        index_bar,
        client.index_bars,
        dict.fromkeys(INDICES, days[0]),
        progress=lambda done, total: progress("indices", done, total),
        now=now,
        known_at=known_at,
    )
    asks = plan_asks(dict.fromkeys(INDICES, (days[0], stop)), index_marks, days)
    index_rows = await indices.run(asks)
    spans = {}
    for row in issues:
        # Not from the listing day on: an issue that moved to another market is listed anew, its bars are older.
        last = min(stop, row["delisted_on"] or stop)
        if days[0] < last:
            spans[row["symbol"]] = (days[0], last)
    bars = BarLoad(
        store,
        daily_bar,
        client.daily_bars,
        dict.fromkeys(spans, days[0]),
        progress=lambda done, total: progress("bars", done, total),
        now=now,
        known_at=known_at,
    )
    bar_rows = await bars.run(plan_asks(spans, bar_marks, days))
    return index_rows, bar_rows, bars.refetched


async def load_market(
    client: MarketSource,
    store: Store,
    *,
    now: datetime,
    start: date,
    delistings: Sequence[Delisted] | None = None,
    progress: Progress | None = None,
    security_types: Collection[str] = listings.SHARES,
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
    progress
        Called with a stage (``listings``, ``sessions``, ``indices``, ``bars``), how much is done, and of how much.

    Raises
    ------
    ConfigError
        If the store holds a market of another source.
    DataError, MissingDataError
        If the span holds no session, the market is empty, or an answer contradicts its question.
    VendorError, ResourceError
        From the client and the database. The load is recorded as failed, what it had committed stays, and the
        next load goes on from there.
    """
    say = progress or _silent
    _refuse_other_source(store, client.source)
    through = calendar.find_through(client, now)
    begin = _begin_history(store, start, now)
    calls_before = client.calls
    with _recorded(store, client.source, through, now) as load_id:
        days = await calendar.find_sessions(client, begin, through)
        session_rows = calendar.write_sessions(store, days, now=now)
        say("sessions", len(days), len(days))
        issues = await listings.fetch_issues(
            client, store, delistings or (), start=begin, through=through, security_types=security_types
        )
        known_at = clock.session_close(days[-1])
        issue_rows = listings.write_issues(store, issues, known_at=known_at, now=now)
        say("listings", len(issues), len(issues))
        index_rows, bar_rows, refetched = await _load_bars(client, store, issues, days, now=now, progress=say)
        written = {
            "issues": issue_rows,
            "sessions": session_rows,
            "index_bars": index_rows,
            "daily_bars": bar_rows,
        }
        counts = {name: rows._asdict() for name, rows in written.items()}
        with store.begin() as conn:
            conn.execute(
                update(load).where(load.c.id == load_id).values(status="done", finished_at=now, counts=counts)
            )
    return LoadReport(load_id, client.source, counts, through, client.calls - calls_before, tuple(refetched))
