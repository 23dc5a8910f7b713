"""Makes each dataset's feed: what is planned for it, by the ground, the watermarks and the scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table

from sillok.clock import KST
from sillok.errors import ConfigError
from sillok.ingest.accounts import AccountFeed, plan_account
from sillok.ingest.actions import ActionFeed, issue_mark
from sillok.ingest.asks import Ask, Settling, Spans, is_due, plan_asks
from sillok.ingest.events import KINDS, find_events, plan_actions
from sillok.ingest.holes import find_holed
from sillok.ingest.known import (
    close_of,
    last_closed_day,
    last_rate_day,
    overseas_close,
    rate_known_at,
    settled_at,
)
from sillok.ingest.pipeline import Feed
from sillok.ingest.series import SeriesFeed
from sillok.ingest.source import DatasetSource, Row
from sillok.ingest.statements import BASES, StatementFeed
from sillok.ingest.survey import WHOLE, Scope, Survey
from sillok.store import Mark, Store, read_marks
from sillok.store.tables import (
    account_execution,
    corporate_action,
    daily_bar,
    index_bar,
    investor_day,
    overseas_bar,
    rate_bar,
    raw_bar,
    statement,
)

__all__ = ["INDICES", "FeedMaker", "read_all_marks"]

INDICES = ("KOSPI", "KOSDAQ", "KOSPI200")
_DAY = timedelta(days=1)
_PAGE, _INDEX_PAGE = 100, 50  # rows that the vendor gives a call
_INVESTOR_FIRST = 100  # sessions of a first load: their calls are the dearest, and flows of old tell little
_INVESTOR_RECENT = 29  # sessions of an answer, but the running one
_STATEMENT_CALLS = 3 * len(BASES)
_TABLES = (
    account_execution, corporate_action, daily_bar, index_bar, investor_day, overseas_bar, rate_bar, raw_bar,
    statement,
)  # fmt: skip


def read_all_marks(conn: Connection, survey: Survey) -> dict[str, dict[str, Mark]]:
    """Return by watermark and key how far everything is loaded."""
    names = {*(table.name for table in _TABLES), WHOLE, *map(issue_mark, KINDS)}
    return {name: {} if name in survey.forgotten else read_marks(conn, name) for name in names}


@dataclass
class FeedMaker:
    """Makes the feed of a dataset out of the ground, the marks and the scope."""

    client: DatasetSource
    store: Store
    survey: Survey
    scope: Scope
    marks: Mapping[str, Mapping[str, Mark]]
    conn: Connection
    daily: SeriesFeed | None = None

    def make(self, name: str) -> Feed | None:
        """Return the feed of a dataset; None where there is no day yet to ask for."""
        feed: Feed | None = getattr(self, f"_{name}")()
        return feed

    def _series(
        self, name: str, table: Table, spans: Spans, ask_vendor: Any, known_at: Any, **more: Any
    ) -> SeriesFeed:
        marks, whole = self.marks[table.name], more.pop("whole", ())
        asks = plan_asks(
            name, spans, marks, settling=more.pop("settling", None), again=self.scope.again, whole=whole
        )  # fmt: skip
        revised_at = more.pop("revised_at", close_of(self.survey.through))
        return SeriesFeed(
            name,
            table,
            ask_vendor,
            spans,
            asks,
            known_at,
            self.store,
            self.survey.now,
            revised_at,
            marks.keys(),
            **more,
        )

    def _sessions(self, keys: Mapping[str, tuple[date, date]], page_rows: int) -> Spans:
        return Spans(keys, self.survey.days, page_rows, self.survey.born)

    @property
    def _settling(self) -> Settling:
        return Settling(self.survey.through, settled_at(self.survey.through))

    def _index_bars(self) -> SeriesFeed:
        keys = dict.fromkeys(INDICES, (self.survey.begin, self.survey.through + _DAY))
        return self._series(
            "index_bars", index_bar, self._sessions(keys, _INDEX_PAGE), self.client.index_bars, _close,
            settling=self._settling,
        )  # fmt: skip

    def _daily_bars(self) -> SeriesFeed:
        moved = find_events(self.conn, self._since(), self.survey.through)
        self.daily = self._series(
            "daily_bars", daily_bar, self._bars(), self.client.daily_bars, _close, settling=self._settling,
            whole={*moved, *self._holed(daily_bar)}, is_adjusted=True, whole_mark=WHOLE,
        )  # fmt: skip
        return self.daily

    def _bars(self) -> Spans:
        return self._sessions(self.survey.spans(self.survey.begin, self.survey.through), _PAGE)

    def _since(self) -> dict[str, date]:
        """Return of each loaded symbol through when its whole history was asked for; the begin where nobody knows.

        One whose history was asked for to its end is left out: what befell it later changes nothing.
        """
        whole, spans = self.marks[WHOLE], self._bars().of
        since = {
            key: whole[key].through if key in whole else self.survey.begin
            for key in self.marks[daily_bar.name].keys() & spans.keys()
        }
        return {key: day for key, day in since.items() if day + _DAY < spans[key][1]}

    def _raw_bars(self) -> SeriesFeed:
        return self._series(
            "raw_bars", raw_bar, self._bars(), self.client.raw_bars, _close, settling=self._settling,
            whole=self._holed(raw_bar),
        )  # fmt: skip

    def _holed(self, table: Table) -> set[str]:
        return find_holed(self.conn, table, self._bars(), self.marks[table.name], self.survey.through)

    def _investor_days(self) -> SeriesFeed | None:
        days = [day for day in self.survey.days[-2:] if settled_at(day) <= self.survey.now]
        if not days:
            return None
        recent = self.survey.days[-_INVESTOR_FIRST:][0]
        spans = self._sessions(self.survey.spans(recent, days[-1]), _PAGE)
        marks = self.marks[investor_day.name]
        behind = {
            key: (min(recent, spans.overlap(self.survey.begin, marks[key].through)), stop)
            for key, (_, stop) in spans.of.items()
            if key in marks
        }
        return self._series(
            "investor_days",
            investor_day,
            replace(spans, of={**spans.of, **behind}, recent_rows=_INVESTOR_RECENT),
            self._ask_investors,
            _settled,
            revised_at=settled_at(days[-1]),
        )

    async def _ask_investors(self, symbol: str, start: date, end: date) -> Sequence[Row]:
        """Ask for the investors of an issue; where the host reaches back less far, for what it has."""
        try:
            return await self.client.investor_days(symbol, start, end)
        except ConfigError as err:
            oldest = err.detail.get("oldest")  # the paper host says it
            if not isinstance(oldest, date) or not start < oldest < end:
                raise
            return await self.client.investor_days(symbol, oldest, end)

    def _statements(self) -> StatementFeed:
        through, marks = self.survey.through, self.marks[statement.name]
        is_wanted = self.scope.again and "statements" in self.scope.named
        asks = []
        for row in self.survey.issues:
            mark = marks.get(row["symbol"])
            is_gone = row["delisted_on"] is not None and mark is not None
            if is_wanted or (not is_gone and is_due(row["symbol"], mark.through if mark else None, through)):
                asks.append(
                    Ask(
                        "statements", row["symbol"], self.survey.begin, through + _DAY, calls=_STATEMENT_CALLS
                    )
                )
        return StatementFeed(self.client, self.store, asks, marks, self.survey.now)

    def _corporate_actions(self) -> ActionFeed:
        mark = self.marks[corporate_action.name].get("all")
        settling = self._settling
        is_done = mark is not None and mark.through >= settling.day and mark.moved_at >= settling.at
        asks = plan_actions(self.survey.days, self.survey.begin, is_first=mark is None)
        return ActionFeed(
            self.client,
            self.store,
            asks if self.scope.again or not is_done else [],
            mark,
            {kind: self.marks[issue_mark(kind)] for kind in KINDS},
            [row["symbol"] for row in self.survey.issues],
            self.survey.through,
            self.survey.now,
            self._ask_after_events,
        )

    def _ask_after_events(self, conn: Connection) -> list[Ask]:
        if self.daily is None:
            return []
        planned = {ask.key for ask in self.daily.asks if not ask.overlaps}
        return self.daily.ask_whole(find_events(conn, self._since(), self.survey.through) - planned)

    def _rates(self) -> SeriesFeed:
        last = self.survey.limit(last_rate_day(self.survey.now))
        keys = dict.fromkeys(self.scope.pairs, (self.survey.begin, last + _DAY))
        spans = Spans({key: span for key, span in keys.items() if span[0] < span[1]}, (), _PAGE)
        return self._series(
            "rates", rate_bar, spans, self.client.fx_bars, lambda _, day: rate_known_at(day),
            revised_at=self.survey.now,
        )  # fmt: skip

    def _overseas_bars(self) -> SeriesFeed:
        spans = {}
        for key in self.scope.overseas:
            last = self.survey.limit(last_closed_day(key.split(":")[0], self.survey.now))
            spans[key] = (self.survey.begin, last + _DAY)

        async def ask_vendor(key: str, start: date, end: date) -> Any:
            market, symbol = key.split(":")
            return await self.client.overseas_bars(market, symbol, start, end)

        return self._series(
            "overseas_bars", overseas_bar, Spans(spans, (), _PAGE), ask_vendor,
            lambda key, day: overseas_close(key.split(":")[0], day), is_adjusted=True, revised_at=self.survey.now,
        )  # fmt: skip

    def _account(self) -> AccountFeed:
        day = self.survey.limit(self.survey.now.astimezone(KST).date())
        asks = plan_account(day, self.marks[account_execution.name].get(self.scope.account))
        return AccountFeed(self.client, self.store, asks, self.scope.account, self.survey.now)


def _close(_: str, day: date) -> datetime:
    return close_of(day)


def _settled(_: str, day: date) -> datetime:
    return settled_at(day)
