"""Facts are written once, changed ones leave their old value, and an odd row is refused whole."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.exc import StatementError

from sillok.errors import DataError
from sillok.store import Store, Written, open_store
from sillok.store.revisions import read_changes
from sillok.store.tables import daily_bar, index_bar, issue, revision, statement

NOW = datetime(2026, 6, 30, 9, 30, tzinfo=UTC)
CLOSE = datetime(2026, 6, 30, 6, 30, tzinfo=UTC)


def bar(
    symbol: str = "900010", day: date = date(2026, 6, 30), close: int = 1_000, **more: Any
) -> dict[str, Any]:
    prices = {"open": close, "high": close + 10, "low": close - 10, "close": close}
    return {
        "symbol": symbol,
        "date": day,
        **prices,
        "volume": 5_000_000_000,
        "amount_krw": None,
        "known_at": CLOSE,
    } | more


def write(store: Store, rows: list[dict[str, Any]], **options: Any) -> Written:
    with store.begin() as conn:
        return store.upsert(conn, daily_bar, rows, **({"now": NOW} | options))


def test_a_row_comes_back_as_it_was_written(store: Store) -> None:
    row = bar("00088K", amount_krw=7_000_000_000_000)
    assert write(store, [row]) == Written(1, 0, 0)
    with store.engine.connect() as conn:
        assert dict(conn.execute(select(daily_bar)).mappings().one()) == row | {"recorded_at": NOW}


def test_text_with_every_troublesome_sign_comes_back(store: Store) -> None:
    name = "가상\\전자\t'1' \"2\"\n%s % :x; -- é 𠮷"
    row = {
        "symbol": "900010", "isin": "", "name": name, "market": "KOSPI", "security_type": "ST", "industry": "",
        "listed_on": None, "delisted_on": date(2026, 1, 2), "shares": None, "known_at": CLOSE,
    }  # fmt: skip
    with store.begin() as conn:
        store.upsert(conn, issue, [row], now=NOW)
        found = conn.execute(select(issue)).mappings().one()
    assert dict(found) == row | {"recorded_at": NOW}


def test_index_points_keep_their_two_decimals(store: Store) -> None:
    row = {
        "code": "KOSPI", "date": date(2026, 6, 30), "open": Decimal("3071.70"), "high": Decimal("3101.07"),
        "low": Decimal("0.10"), "close": Decimal("99999999.99"), "volume": None, "amount_krw": 1, "known_at": CLOSE,
    }  # fmt: skip
    with store.begin() as conn:
        store.upsert(conn, index_bar, [row], now=NOW)
        assert store.upsert(conn, index_bar, [row], now=NOW) == Written(0, 0, 1)
        assert dict(conn.execute(select(index_bar)).mappings().one()) == row | {"recorded_at": NOW}


ODD = ["0", "-0.0001", "0.1", "12345678901.2345", "-99999999999.9999", "99999999999.9998", "70000.0000"]


def accounts(values: list[str | None]) -> list[dict[str, Any]]:
    blank = dict.fromkeys(set(statement.c.keys()) - {"recorded_at"})
    key = {"symbol": "900010", "basis": "annual", "known_at": CLOSE}
    return [
        blank
        | key
        | {
            "period": date(2020 + place, 12, 31),
            "eps_krw": None if value is None else Decimal(value),
            "sales_krw": place or None,
        }
        for place, value in enumerate(values)
    ]


def test_decimals_and_what_is_lacking_come_back_exactly_by_either_way_of_writing(store: Store) -> None:
    rows, turned = accounts([None, *ODD]), accounts([*ODD, None])
    with store.begin() as conn:
        for written, at in (
            (rows, CLOSE),
            (turned, NOW),
        ):  # the first are inserted in bulk, the second revised one by one
            store.upsert(conn, statement, written, now=NOW)
            found = [dict(row) for row in conn.execute(select(statement)).mappings()]
            assert found == [row | {"recorded_at": NOW, "known_at": at} for row in written]
            assert store.upsert(conn, statement, written, now=NOW) == Written(0, 0, len(rows))
        olds, news = ([row | {"known_at": ...} for row in some] for some in (rows, turned))
        changes = read_changes(conn, statement)
        assert [change.old | {"known_at": ...} for change in changes] == olds
        assert [change.new | {"known_at": ...} for change in changes] == news


@pytest.mark.parametrize("value", ["0.00001", "100000000000", "NaN", "-123456789012.5"])
def test_a_decimal_that_its_column_would_round_is_refused(store: Store, value: str) -> None:
    with pytest.raises(DataError, match="cannot hold"), store.begin() as conn:
        store.upsert(conn, statement, accounts([value]), now=NOW)
    with store.begin() as conn:
        store.upsert(conn, statement, accounts(["1"]), now=NOW)
    with pytest.raises((DataError, StatementError), match="cannot hold"), store.begin() as conn:
        store.upsert(conn, statement, accounts([value]), now=NOW)


def test_the_same_rows_again_change_nothing(store: Store) -> None:
    rows = [bar(day=date(2026, 6, day)) for day in range(1, 31)]
    write(store, rows)
    assert write(store, rows, now=NOW + timedelta(days=1)) == Written(0, 0, 30)
    with store.engine.connect() as conn:
        assert set(conn.execute(select(daily_bar.c.recorded_at)).scalars()) == {NOW}
        assert conn.execute(select(revision)).all() == []


def test_a_changed_row_is_revised_and_its_old_value_kept(store: Store) -> None:
    later = NOW + timedelta(days=1)
    write(store, [bar(close=1_000)])
    assert write(store, [bar(close=500)], now=later, revised_at=later) == Written(0, 1, 0)
    with store.engine.connect() as conn:
        stands = conn.execute(select(daily_bar)).one()
        part = conn.execute(select(revision.c.part)).scalar_one()
        (kept,) = read_changes(conn, daily_bar)
    assert (stands.close, stands.known_at, stands.recorded_at) == (500, later, later)
    assert (part, kept.key) == (2026, ("900010", date(2026, 6, 30)))
    assert (kept.old["close"], kept.new["close"], kept.old_known_at, kept.recorded_at) == (
        1_000,
        500,
        CLOSE,
        later,
    )


def test_another_known_at_alone_is_no_change(store: Store) -> None:
    write(store, [bar()])
    assert write(store, [bar(known_at=NOW)]) == Written(0, 0, 1)


def test_a_key_twice_in_one_writing_is_refused(store: Store) -> None:
    with pytest.raises(DataError, match="only 1 different keys"):
        write(store, [bar(close=1_000), bar(close=2_000)])


def test_a_row_with_an_unknown_column_is_refused(store: Store) -> None:
    with pytest.raises(DataError, match="need the columns"):
        write(store, [bar() | {"price": 1}])


def test_an_instant_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(DataError, match="time zone"):
        write(store, [bar(known_at=CLOSE.replace(tzinfo=None))])


def test_a_value_too_large_for_its_column_is_never_cut(store: Store) -> None:
    kept: list[int] = []
    if store.dialect == "sqlite":  # it has no widths, and keeps the value whole
        write(store, [bar(close=3_000_000_000)])
        kept = [3_000_000_000]
    else:
        with pytest.raises(Exception, match=r"(?i)out of range|too long|did not take"):
            write(store, [bar(close=3_000_000_000)])
    with store.engine.connect() as conn:
        assert conn.execute(select(daily_bar.c.close)).scalars().all() == kept


def test_nothing_of_a_failed_transaction_stays(store: Store) -> None:
    def write_and_fail() -> None:
        with store.begin() as conn:
            store.upsert(conn, daily_bar, [bar()], now=NOW)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_fail()
    with store.engine.connect() as conn:
        assert conn.execute(select(daily_bar)).all() == []


cells = st.tuples(st.sampled_from(["900010", "900020"]), st.integers(1, 4), st.integers(1, 3))
batches = st.lists(st.lists(cells, unique_by=lambda cell: cell[:2], max_size=6), max_size=5)


@pytest.fixture(scope="module")
def law_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('law') / 's.db'}")
    store.migrate()
    return store


@given(batches=batches)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_writing_is_idempotent_and_the_last_value_stands(
    law_store: Store, batches: list[list[tuple[str, int, int]]]
) -> None:
    with law_store.begin() as conn:
        conn.execute(delete(daily_bar))
        conn.execute(delete(revision))
        model: dict[tuple[str, int], int] = {}
        changes = 0
        for number, cells in enumerate(batches):
            rows = [bar(symbol, date(2026, 6, day), close * 100) for symbol, day, close in cells]
            changes += sum(model.get(cell[:2], cell[2]) != cell[2] for cell in cells)
            model |= {cell[:2]: cell[2] for cell in cells}
            law_store.upsert(conn, daily_bar, rows, now=NOW + timedelta(days=number))
            again = law_store.upsert(conn, daily_bar, rows, now=NOW + timedelta(days=99))
            assert again == Written(0, 0, len(rows))
        found = {(row.symbol, row.date.day): row.close // 100 for row in conn.execute(select(daily_bar))}
        assert found == model
        assert len(read_changes(conn, daily_bar)) == changes
