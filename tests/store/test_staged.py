"""Writing by sets leaves exactly what writing row by row leaves: rows, revisions to the letter, and counts."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, delete, select
from sqlalchemy.exc import IntegrityError

from sillok.errors import DataError, ResourceError
from sillok.store import Store, Written
from sillok.store.tables import corporate_action, daily_bar, index_bar, issue, metadata, revision, statement
from sillok.store.write import upsert

NOW = datetime(2026, 6, 30, 9, 30, tzinfo=UTC)
SINGLY, BY_SETS = 10**9, 1
Row = tuple[Any, ...]

days = st.dates(date(2023, 12, 29), date(2026, 1, 3))
numbers = st.integers(-(2**31), 2**31 - 1)
shares = st.integers(-(2**62), 2**62)
marks = st.decimals(-(10**11) + 1, 10**11 - 1, places=4)
levels = st.decimals(-(10**10) + 1, 10**10 - 1, places=2)
words = st.text(st.sampled_from("aA é가𠮷'\"\\%:_;0"), max_size=8)
VALUES = {
    "Integer": numbers,
    "BigInteger": shares,
    "Exact": marks,
    "Points": levels,
    "Date": days,
    "Text": words,
}


def cell(column: Any) -> st.SearchStrategy[Any]:
    if column.name == "known_at":
        return st.sampled_from([NOW - timedelta(days=3), NOW - timedelta(days=1), NOW + timedelta(days=1)])
    if column.primary_key:  # few keys, so that they meet
        kind = type(column.type).__name__
        few = {"Date": days.map(lambda day: day.replace(day=1)), "Integer": st.integers(0, 1)}
        return few.get(kind, st.sampled_from(["00088K", "900010"]))
    some: st.SearchStrategy[Any] = VALUES.get(type(column.type).__name__, words.map(lambda word: word[:4]))
    if isinstance(getattr(column.type, "length", None), int):
        some = words.map(lambda word: word[: column.type.length])
    few_of = st.one_of(some, st.sampled_from(EASY.get(type(column.type).__name__, ["", "a", "A", "a "])))
    return st.one_of(st.none(), few_of) if column.nullable else few_of


EASY: dict[str, list[Any]] = {
    "Integer": [0, 1], "BigInteger": [0, 1], "Exact": [Decimal("1"), Decimal("1.0000"), Decimal("-0.0001"), Decimal(0)],
    "Points": [Decimal("0.10"), Decimal("0.1")], "Date": [date(2025, 1, 1)],
}  # fmt: skip


@st.composite
def batches_of(draw: st.DrawFn, table: Table) -> list[list[Row]]:
    """Some rows, then others of which most are the same or differ in one cell, then once more."""
    columns = [column for column in table.columns if column.name != "recorded_at"]
    width = len(table.primary_key.columns)
    assert all(column.primary_key for column in columns[:width])
    cells = [cell(column) for column in columns]
    rows = st.lists(st.tuples(*cells), unique_by=lambda row: row[:width], max_size=7)
    standing = {row[:width]: row for row in draw(rows)}
    batches = [list(standing.values())]
    for _ in range(2):
        given = {row[:width]: row for row in draw(rows)} if draw(st.booleans()) else {}
        for key, row in standing.items():
            place = draw(st.integers(0, len(columns) - 1))
            value = row[place] if place < width else draw(cells[place])
            given.setdefault(key, (*row[:place], value, *row[place + 1 :]))
        batches.append(list(given.values()))
        standing |= given
    return batches


def empty(conn: Connection) -> None:
    for table in metadata.tables.values():
        conn.execute(delete(table))


def write_all(store: Store, table: Table, batches: list[list[Row]], many: int) -> tuple[Any, ...]:
    """Write the batches; return counts, rows, and revisions as their text."""
    columns = [column.name for column in table.columns if column.name != "recorded_at"]
    with store.begin() as conn:
        empty(conn)
        counts = [
            upsert(
                conn, table, columns, rows,
                now=NOW + timedelta(days=number), revised_at=NOW + timedelta(hours=number), many=many,
            )
            for number, rows in enumerate(batches)
        ]  # fmt: skip
        rows = conn.execute(select(table).order_by(*table.primary_key.columns)).all()
        revisions = told_by_row(conn)
    return counts, rows, revisions


def told_by_row(conn: Connection) -> list[Row]:
    """Return what the records hold, a tuple a superseded row."""
    found = []
    for record in conn.execute(select(revision)):
        told = json.loads(record.old)
        assert len(told["rows"]) == record.changes
        found += [
            (record.table_name, record.part, record.recorded_at, *told["names"], *row) for row in told["rows"]
        ]
    return sorted(found, key=repr)


def hold_to_the_law(store: Store, table: Table) -> None:
    @given(batches=batches_of(table))
    @settings(max_examples=25)
    def hold(batches: list[list[Row]]) -> None:
        plain = write_all(store, table, batches, SINGLY)
        assert write_all(store, table, batches, BY_SETS) == plain
        assert sum(count.changed for count in plain[0]) == len(plain[2])

    hold()


def test_by_sets_and_row_by_row_leave_the_same(store: Store) -> None:
    for table in (daily_bar, index_bar, issue, statement, corporate_action):
        hold_to_the_law(store, table)


def bars(closes: dict[str, int]) -> list[Row]:
    return [
        (symbol, NOW.date(), close, close, close, close, 1, None, NOW) for symbol, close in closes.items()
    ]


COLUMNS = [column.name for column in daily_bar.columns if column.name != "recorded_at"]


def put(conn: Connection, closes: dict[str, int]) -> Written:
    return upsert(conn, daily_bar, COLUMNS, bars(closes), now=NOW, revised_at=NOW, many=BY_SETS)


def test_more_rows_than_are_staged_at_once_are_counted_as_they_are(store: Store) -> None:
    first = {f"9{number:05d}": 1_000 for number in range(12_000)}
    second = {f"9{number:05d}": 1_000 + number % 2 for number in range(6_000, 13_000)}
    with store.begin() as conn:
        assert put(conn, first) == Written(12_000, 0, 0)
        assert put(conn, second) == Written(1_000, 3_000, 3_000)
        assert put(conn, second) == Written(0, 0, 7_000)
        closes = dict(conn.execute(select(daily_bar.c.symbol, daily_bar.c.close)).tuples().all())
        assert closes == first | second


def test_after_a_failure_in_the_middle_the_same_connection_writes_again(store: Store) -> None:
    with store.begin() as conn:
        put(conn, {"900010": 1, "900020": 1})
    wrong = (*bars({"900030": 1})[0][:-1], NOW.replace(tzinfo=None))

    def fail() -> None:
        with store.begin() as conn:
            put(conn, {"900010": 2})
            upsert(conn, daily_bar, COLUMNS, [wrong], now=NOW, revised_at=NOW, many=BY_SETS)

    with pytest.raises(DataError, match="time zone"):
        fail()
    with store.begin() as conn:
        assert conn.execute(select(revision)).all() == []
        assert put(conn, {"900010": 2, "900020": 1}) == Written(0, 1, 1)


def test_what_a_column_cannot_hold_is_refused_and_nothing_stays(store: Store) -> None:
    if store.dialect == "sqlite":  # it has no widths
        return
    with store.begin() as conn:
        put(conn, {"900010": 1})
    with pytest.raises(Exception, match=r"(?i)out of range|did not take"), store.begin() as conn:
        put(conn, {"900010": 3_000_000_000})
    with store.engine.connect() as conn:
        assert conn.execute(select(daily_bar.c.close)).scalars().all() == [1]


def test_a_record_that_the_server_would_cut_is_refused_and_nothing_stays(store: Store) -> None:
    if store.dialect == "sqlite":  # it cuts nothing
        return
    with store.begin() as conn:
        put(conn, {"900010": 1, "900020": 1})

    def write_with_little_room() -> None:
        with store.begin() as conn:
            conn.exec_driver_sql("SET SESSION group_concat_max_len = 100")
            put(conn, {"900010": 2, "900020": 2})

    with pytest.raises(ResourceError, match="so long a text of changes"):
        write_with_little_room()
    store.engine.dispose()
    with store.begin() as conn:
        assert conn.execute(select(daily_bar.c.close)).scalars().all() == [1, 1]
        assert put(conn, {"900010": 2, "900020": 2}) == Written(0, 2, 0)


def test_two_keys_that_the_servers_collation_calls_one_are_refused_by_either_way(store: Store) -> None:
    for many in (SINGLY, BY_SETS):
        with store.begin() as conn:
            empty(conn)
            put(conn, {"a": 1})
            rows = bars({"A": 2})
            if store.dialect == "sqlite":
                assert (
                    upsert(conn, daily_bar, COLUMNS, rows, now=NOW, revised_at=NOW, many=many).inserted == 1
                )
            else:
                with pytest.raises((IntegrityError, DataError)):
                    upsert(conn, daily_bar, COLUMNS, rows, now=NOW, revised_at=NOW, many=many)
