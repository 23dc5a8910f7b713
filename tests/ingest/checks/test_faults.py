"""Each check finds the fault that it is there for, and is silent on a clean market; on both databases alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Table, delete, func, insert, select, update

from sillok.ingest.checks import CHECKS, CheckResult, check_market
from sillok.store import Store, open_store
from sillok.store.revisions import record_old, recorded_names
from sillok.store.tables import (
    corporate_action,
    daily_bar,
    index_bar,
    investor_day,
    issue,
    overseas_bar,
    rate_bar,
    raw_bar,
    session,
    statement,
)
from tests.ingest.checks.markets import NOW, TODAY, fill, sessions

SPLIT = "900900"  # one of its shares became four within the days that are there
QUIET = "900060"  # an issue of KOSPI to which nothing happens
DAYS = sessions(30)
NEWEST, EARLIER = DAYS[-1], DAYS[-12]

Plant = Callable[[Connection], object]


@dataclass(frozen=True)
class Fault:
    """What is planted, and what the check must say of it; ``names`` is in one of the examples."""

    plant: Plant
    check: str
    severity: str
    count: int | None = 1
    kinds: dict[str, int] = field(default_factory=dict)
    names: str = ""


def change(table: Table, symbol: str | None, day: date | None, **values: Any) -> Plant:
    """Return what sets ``values`` in the rows of a symbol (None: all) and a day (None: all)."""

    def plant(conn: Connection) -> object:
        statement = update(table).values(values)
        if symbol is not None:
            statement = statement.where(table.c.symbol == symbol)
        return conn.execute(statement if day is None else statement.where(table.c.date == day))

    return plant


def drop(table: Table, *, symbol: str | None = None, day: date | None = None) -> Plant:
    def plant(conn: Connection) -> object:
        statement = delete(table)
        statement = statement if symbol is None else statement.where(table.c.symbol == symbol)
        return conn.execute(statement if day is None else statement.where(table.c.date == day))

    return plant


def both(*plants: Plant) -> Plant:
    return lambda conn: [plant(conn) for plant in plants]


def prices(**values: Any) -> Plant:
    """Return what sets an earlier bar of the quiet issue, in both series."""
    return both(change(daily_bar, QUIET, EARLIER, **values), change(raw_bar, QUIET, EARLIER, **values))


def leave_the_last(table: Table, text_of: str, value: str, keep: date) -> Plant:
    return lambda conn: conn.execute(delete(table).where(table.c[text_of] == value, table.c.date > keep))


def repeat(day: date, *, symbol: str | None = None) -> Plant:
    """Return what writes the bars of the session before over those of ``day``, adjusted and traded."""

    def plant(conn: Connection) -> None:
        for table in (daily_bar, raw_bar):
            query = select(table).where(table.c.date == DAYS[DAYS.index(day) - 1], table.c.volume > 0)
            query = query if symbol is None else query.where(table.c.symbol == symbol)
            for row in conn.execute(query).mappings().all():
                fields = {name: row[name] for name in ("open", "high", "low", "close", "volume")}
                change(table, row["symbol"], day, **fields)(conn)

    return plant


def split_again(conn: Connection) -> None:
    """Say that the quiet issue was split one to two on an earlier day, which neither series shows."""
    row: dict[str, Any] = {column.name: None for column in corporate_action.c}
    row |= {"symbol": QUIET, "kind": "split", "record_date": EARLIER, "number": 0, "name": "", "note": ""}
    row |= {"list_date": EARLIER, "par_before": 1_000, "par_after": 500}
    times = conn.execute(select(daily_bar.c.known_at, daily_bar.c.recorded_at).limit(1)).one()
    conn.execute(insert(corporate_action), [row | dict(times._mapping)])


def undo_adjustment(conn: Connection) -> None:
    """Write the traded prices of the issue that was split over its adjusted ones, as if nobody had adjusted."""
    for row in conn.execute(select(raw_bar).where(raw_bar.c.symbol == SPLIT)).mappings().all():
        fields = {name: row[name] for name in ("open", "high", "low", "close", "volume")}
        change(daily_bar, SPLIT, row["date"], **fields)(conn)


def halve_newest(conn: Connection) -> None:
    half = {name: daily_bar.c[name] / 2 for name in ("open", "high", "low", "close")}
    whole = {name: func.floor(value) for name, value in half.items()}
    conn.execute(update(daily_bar).where(daily_bar.c.date == NEWEST).values(whole))


def swing(conn: Connection) -> None:
    """Turn the moves of an index round: it falls when its issues rise."""
    rows = conn.execute(
        select(index_bar.c.date, index_bar.c.close)
        .where(index_bar.c.code == "KOSPI")
        .order_by(index_bar.c.date)
    ).all()
    level, before = rows[0].close, rows[0].close
    for day, close in rows[1:]:
        level, before = level * before / close, close
        conn.execute(
            update(index_bar)
            .where(index_bar.c.code == "KOSPI", index_bar.c.date == day)
            .values(close=round(level, 2))
        )


def change_isin(conn: Connection) -> None:
    """Record that the quiet issue's symbol was another security's, and that its name changed since."""
    names = recorded_names(issue)
    stands = conn.execute(select(issue.c[*names]).where(issue.c.symbol == QUIET)).one()._asdict()
    for before in ({"isin": "KR7900069999"}, {"name": "before"}):
        record_old(conn, issue, [tuple((stands | before)[name] for name in names)], now=NOW)


HALT = {"open": 0, "high": 0, "low": 0, "volume": 0}
ODD_DAY = date(2026, 6, 28)  # a Sunday

FAULTS = {
    # What is there.
    "an issue without a bar on the newest session": Fault(
        drop(daily_bar, symbol=QUIET, day=NEWEST), "stale", "warn", names=QUIET
    ),
    "a tenth of the market is missing": Fault(
        lambda conn: conn.execute(delete(daily_bar).where(daily_bar.c.date == NEWEST, daily_bar.c.symbol < "900230")),
        "complete", "error", None,
    ),
    "a hole in a history": Fault(
        drop(daily_bar, symbol=QUIET, day=EARLIER), "gaps", "warn", kinds={"holed": 1}, names=QUIET
    ),
    "a bar on a Sunday": Fault(
        change(daily_bar, QUIET, DAYS[-2], date=ODD_DAY), "gaps", "error", kinds={"stray": 1}, names=QUIET
    ),
    "an issue that begins after its listing": Fault(
        lambda conn: conn.execute(update(issue).where(issue.c.symbol == QUIET).values(listed_on=date(2025, 10, 1))),
        "gaps", "ok", 0,
    ),
    "a listing whose first bars are missing": Fault(
        both(
            lambda conn: conn.execute(update(issue).where(issue.c.symbol == QUIET).values(listed_on=date(2025, 10, 1))),
            lambda conn: conn.execute(delete(daily_bar).where(daily_bar.c.symbol == QUIET, daily_bar.c.date < DAYS[0])),
        ),
        "gaps", "warn", kinds={"late": 1}, names=QUIET,
    ),
    "an older listing whose first bars are missing": Fault(
        lambda conn: conn.execute(delete(daily_bar).where(daily_bar.c.symbol == QUIET, daily_bar.c.date < DAYS[0])),
        "gaps", "warn", kinds={"late": 1}, names=QUIET,
    ),
    "a session that the calendar lacks": Fault(drop(session, day=DAYS[-3]), "sessions", "error"),
    "an old day that the index lacks": Fault(drop(index_bar, day=EARLIER), "sessions", "warn"),
    "an index that ends early": Fault(leave_the_last(index_bar, "code", "KOSDAQ", DAYS[-2]), "indices", "error"),
    "one ISIN under two symbols": Fault(
        lambda conn: conn.execute(
            update(issue).where(issue.c.symbol == QUIET).values(
                isin=select(issue.c.isin).where(issue.c.symbol == SPLIT).scalar_subquery()
                if conn.dialect.name == "sqlite"
                else conn.execute(select(issue.c.isin).where(issue.c.symbol == SPLIT)).scalar_one()
            )
        ),
        "twins", "error", kinds={"isin": 1}, names=QUIET,
    ),
    "a symbol that became another security's": Fault(
        change_isin, "twins", "warn", kinds={"isin_changed": 1}, names=QUIET
    ),
    "two issues of one name": Fault(
        change(issue, QUIET, None, name="가상반도체1"), "twins", "warn", kinds={"name": 1}
    ),
    "two issues with one bar": Fault(
        both(*(change(daily_bar, symbol, NEWEST, open=5_000, high=5_000, low=5_000, close=5_000, volume=7_777) for symbol in (QUIET, SPLIT))),
        "twins", "warn", kinds={"bars": 1},
    ),
    # Prices of a day.
    "a low above the high on the newest session": Fault(
        change(daily_bar, QUIET, NEWEST, low=9_999_999), "price_order", "error", kinds={"impossible": 1}, names=QUIET
    ),
    "a close a little above the high": Fault(
        change(raw_bar, QUIET, EARLIER, high=raw_bar.c.close - 1, open=raw_bar.c.low), "price_order", "warn", kinds={"slight": 1}
    ),
    "a close of zero": Fault(change(daily_bar, QUIET, NEWEST, close=0), "price_order", "error"),
    "a volume below zero": Fault(change(daily_bar, QUIET, EARLIER, volume=-1), "price_order", "warn"),
    "a price off its tick": Fault(
        change(raw_bar, QUIET, EARLIER, close=raw_bar.c.close + 1), "price_ticks", "warn", names=QUIET
    ),
    "a whole session off its ticks": Fault(
        change(raw_bar, None, NEWEST, open=raw_bar.c.open + 1, high=raw_bar.c.high + 1), "price_ticks", "error", None
    ),
    "a price beyond the limit": Fault(
        change(raw_bar, QUIET, EARLIER, high=raw_bar.c.high * 2), "price_limit", "warn", kinds={"beyond": 1}, names=QUIET
    ),
    "a session of which no price can be": Fault(
        change(raw_bar, None, NEWEST, high=raw_bar.c.high * 2), "price_limit", "error", None
    ),
    # From one day to the next.
    "amounts in million won": Fault(
        change(raw_bar, None, NEWEST, amount_krw=raw_bar.c.amount_krw // 1_000_000), "amounts", "error", None
    ),
    "an amount in thousand won": Fault(
        change(raw_bar, QUIET, EARLIER, amount_krw=raw_bar.c.amount_krw // 1_000), "amounts", "warn", kinds={"unit": 1}, names=QUIET
    ),
    "volumes in thousand shares": Fault(
        change(raw_bar, None, NEWEST, volume=raw_bar.c.volume // 1_000), "amounts", "error", None
    ),
    "no amounts at all": Fault(
        both(change(raw_bar, None, None, amount_krw=None), change(daily_bar, None, None, amount_krw=None)), "amounts", "info", 0
    ),
    "a market without prices": Fault(change(daily_bar, None, NEWEST, **HALT), "halted", "error", None),
    "an issue halted for a quarter": Fault(
        lambda conn: conn.execute(update(daily_bar).where(daily_bar.c.symbol == QUIET, daily_bar.c.date > date(2026, 1, 1)).values(HALT)),
        "halted", "info", None, {"long": 1}, QUIET,
    ),
    "yesterday's bars once more": Fault(repeat(NEWEST), "copies", "error", None),
    "one bar twice": Fault(repeat(EARLIER, symbol=QUIET), "copies", "warn", kinds={"busy": 1}, names=QUIET),
    "a close that jumps": Fault(
        change(daily_bar, QUIET, NEWEST, close=daily_bar.c.close * 3, high=daily_bar.c.close * 3),
        "moves", "warn", kinds={"unexplained": 1}, names=QUIET,
    ),
    "a market that falls by half": Fault(halve_newest, "moves", "error", None),
    # One series against another.
    "a past that was adjusted on one side": Fault(
        lambda conn: conn.execute(
            update(daily_bar).where(daily_bar.c.symbol == QUIET, daily_bar.c.date < EARLIER).values(close=daily_bar.c.close * 2)
        ),
        "adjusted_factor", "warn", kinds={"moved": 1}, names=QUIET,
    ),
    "an adjusted close that is not today's": Fault(
        change(daily_bar, QUIET, NEWEST, close=daily_bar.c.close - 1), "adjusted_factor", "warn", kinds={"behind": 1}
    ),
    "adjusted closes of another day": Fault(
        change(daily_bar, None, NEWEST, close=daily_bar.c.close - 1), "adjusted_factor", "error", None
    ),
    "a split that nobody took out": Fault(
        undo_adjustment, "actions", "warn", kinds={"adjusted_with_jump": 1}, names=SPLIT
    ),
    "a split that the traded prices do not show": Fault(
        split_again, "actions", "warn", kinds={"raw_without_jump": 1}, names=QUIET
    ),
    "an index of another market": Fault(
        lambda conn: conn.execute(update(index_bar).where(index_bar.c.code == "KOSPI", index_bar.c.date == NEWEST).values(close=index_bar.c.close * 2)),
        "constituents", "error",
    ),
    "an index that was wrong for a day": Fault(
        lambda conn: conn.execute(update(index_bar).where(index_bar.c.code == "KOSPI", index_bar.c.date == EARLIER).values(close=index_bar.c.close * 2)),
        "constituents", "warn", 2, names="KOSPI",
    ),
    "an index upside down": Fault(swing, "breadth", "warn", None),
    # Beside the bars.
    "a net above the volume": Fault(
        change(investor_day, QUIET, NEWEST, foreign_qty=10**12), "investors", "error", None, {"beyond_volume": 1}
    ),
    "nets that do not add up": Fault(
        change(investor_day, None, DAYS[-2], foreign_krw=0), "investors", "warn", kinds={"unbalanced": 1}
    ),
    "nets a thousand times too large": Fault(
        change(investor_day, None, NEWEST, **{f"{leg}_krw": investor_day.c[f"{leg}_krw"] * 1_000 for leg in ("individual", "foreign", "institution")}),
        "investors", "error", kinds={"unit": 1},
    ),
    "a balance that does not balance": Fault(
        change(statement, "900010", None, equity_krw=10**12), "statements", "warn", kinds={"balance": 1}, names="900010"
    ),
    "statements with two columns mixed up": Fault(
        change(statement, None, None, equity_krw=statement.c.capital_krw), "statements", "error", 50
    ),
    "a statement of a period that has not ended": Fault(
        change(statement, "900010", None, period=TODAY + timedelta(days=1)), "statements", "warn", kinds={"ahead": 1}
    ),
    "a rate that is old": Fault(leave_the_last(rate_bar, "pair", "USDKRW", EARLIER), "rates", "warn", kinds={"old": 1}, names="USDKRW"),
    "a rate that jumps": Fault(
        lambda conn: conn.execute(update(rate_bar).where(rate_bar.c.date == NEWEST).values(close=2_000, high=2_000)),
        "rates", "warn", kinds={"jumped": 1},
    ),
    "a market abroad that stands still": Fault(
        leave_the_last(overseas_bar, "market", "NAS", EARLIER), "overseas", "warn", kinds={"old": 1}, names="NAS XFAKE"
    ),
    "a bar abroad out of order": Fault(
        lambda conn: conn.execute(update(overseas_bar).where(overseas_bar.c.date == EARLIER).values(low=999)), "overseas", "warn", kinds={"order": 1}
    ),
}  # fmt: skip
EXPECTED_OF_A_CLEAN_MARKET = {check.name: "info" if check.name == "halted" else "ok" for check in CHECKS}


@pytest.fixture
def conn(filled: Store) -> Iterator[Connection]:
    """Give the clean market in a transaction that leaves no trace."""
    with filled.engine.connect() as conn, conn.begin() as transaction:
        yield conn
        transaction.rollback()


def test_a_clean_market_passes_every_check(conn: Connection) -> None:
    results = check_market(conn, TODAY)
    assert {result.name: result.severity for result in results} == EXPECTED_OF_A_CLEAN_MARKET
    assert {result.name: result.count for result in results if result.severity == "ok" and result.count} == {
        "breadth": 2
    }


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_a_planted_fault_is_found(conn: Connection, fault: Fault) -> None:
    fault.plant(conn)
    found = next(result for result in check_market(conn, TODAY) if result.name == fault.check)
    assert found.severity == fault.severity, found
    assert fault.count is None or found.count == fault.count, found
    assert {kind: found.kinds.get(kind) for kind in fault.kinds} == fault.kinds
    assert not fault.names or any(fault.names in str(example) for example in found.examples), found.examples
    assert found.severity == "ok" or found.reason


def test_every_check_has_a_fault_that_it_finds() -> None:
    assert {fault.check for fault in FAULTS.values()} == {check.name for check in CHECKS}


@pytest.mark.mariadb
def test_mariadb_finds_what_sqlite_finds(fresh_mariadb: str, conn: Connection) -> None:
    there = open_store(fresh_mariadb)
    there.migrate()
    fill(there)
    with there.begin() as other:
        assert _compare(check_market(conn, TODAY), check_market(other, TODAY)) == []
        for name, fault in FAULTS.items():
            if name != "a market without prices":  # of all faults together, this one would hide the others
                fault.plant(conn)
                fault.plant(other)
        found = check_market(conn, TODAY)
        assert _compare(found, check_market(other, TODAY)) == []
    assert sum(result.severity in {"warn", "error"} for result in found) > len(CHECKS) / 2
    there.engine.dispose()


def _compare(here: list[CheckResult], there: list[CheckResult]) -> list[tuple[str, str, Any, Any]]:
    return [
        (one.name, key, value, asdict(other)[key])
        for one, other in zip(here, there, strict=True)
        for key, value in asdict(one).items()
        if value != asdict(other)[key]
    ]
