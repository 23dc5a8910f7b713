"""Bars come out of the store as they went in, some issues at a time, and know their neighbours."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from sillok.ingest.checks import bars as bars_module
from sillok.ingest.checks import run
from sillok.ingest.checks.bars import Bars, Part, make_bars, read_parts
from sillok.ingest.checks.facts import Facts
from sillok.ingest.checks.result import Found
from sillok.ingest.checks.run import CHECKS, BarCheck
from sillok.store import Store
from sillok.store.tables import daily_bar, raw_bar
from tests.ingest.checks.markets import NO_BARS, bars_of, facts_of, flat, sessions

FIELDS = ("open", "high", "low", "close", "volume")


def test_the_parts_hold_every_bar_once(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bars_module, "_ROWS_AT_ONCE", 3_000)
    with filled.read() as conn:
        parts = list(read_parts(conn))
        counts = [
            conn.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (daily_bar, raw_bar)
        ]
        query = select(daily_bar.c.symbol, daily_bar.c.date, *(daily_bar.c[name] for name in FIELDS))
        rows = conn.execute(query.order_by(daily_bar.c.symbol, daily_bar.c.date)).all()
    assert len(parts) > 10
    assert [sum(len(part.adjusted) for part in parts), sum(len(part.raw) for part in parts)] == counts
    symbols = [symbol for part in parts for symbol in part.adjusted.symbols]
    assert symbols == sorted(set(symbols))
    closes = np.concatenate([part.adjusted.close for part in parts])
    assert closes.tolist() == [row.close for row in rows]
    days = np.concatenate([part.adjusted.day for part in parts])
    assert days.astype("datetime64[D]").tolist() == [row.date for row in rows]


def test_an_empty_store_has_no_parts(store: Store) -> None:
    with store.read() as conn:
        assert list(read_parts(conn)) == []


def test_the_first_bar_of_an_issue_has_none_before_it() -> None:
    bars = bars_of(*flat("A", [10, 11]), *flat("B", [20, 21]))
    assert bars.is_first.tolist() == [True, False, True, False]
    assert bars.before.tolist() == [0, 10, 0, 20]


def test_a_halt_counts_with_the_dull_days_around_it_and_a_dull_day_alone_is_none() -> None:
    dull = ("A", 10, 10, 10, 10, 0)
    rows = [
        *flat("A", [10, -10, -10]),
        dull,
        *flat("A", [12, 12]),
        dull,
        *flat("A", [13]),
        *flat("B", [-5, 6]),
    ]
    bars = bars_of(*rows)
    #                                  10 halt halt dull 12 12 dull 13 | halt 6
    assert bars.halt_before.tolist() == [0, 0, 1, 2, 3, 0, 0, 0, 0, 1]


def test_no_bars_are_bars_too() -> None:
    assert len(NO_BARS) == 0
    assert NO_BARS.before.tolist() == NO_BARS.halt_before.tolist() == NO_BARS.is_first.tolist() == []


closes = st.lists(st.integers(-3, 60).map(lambda n: n * 50 or 50), min_size=1, max_size=25)
markets = st.lists(closes, min_size=2, max_size=4)
SESSIONS = sessions(25)


def bars_of_market(market: list[list[int]], symbols: list[str]) -> Bars:
    rows = [row for symbol, one in zip(symbols, market, strict=True) for row in flat(symbol, one)]
    return bars_of(*rows, days=SESSIONS)


@settings(max_examples=40)
@given(markets, markets)
def test_what_is_found_does_not_depend_on_how_the_issues_are_divided(
    left: list[list[int]], right: list[list[int]]
) -> None:
    names = [f"A{n}" for n in range(len(left))], [f"B{n}" for n in range(len(right))]
    whole = bars_of_market([*left, *right], [*names[0], *names[1]])
    halves = [bars_of_market(half, symbols) for half, symbols in zip((left, right), names, strict=True)]
    facts = facts_of(whole)
    for check in CHECKS:
        if isinstance(check, BarCheck):
            together = check.find(Part(whole, whole), facts)
            apart = sum((check.find(Part(half, half), facts) for half in halves), Found())
            assert judged(check, together, facts) == judged(check, apart, facts)


def judged(check: BarCheck, found: Found, facts: Facts) -> tuple[object, ...]:
    result = check.judge(Found() + found, facts)
    return result.severity, result.count, result.kinds, result.summary, result.examples


@given(markets)
def test_the_order_of_the_rows_makes_no_difference(market: list[list[int]]) -> None:
    bars = bars_of_market(market, [f"A{n}" for n in range(len(market))])
    columns = {name: getattr(bars, name) for name in FIELDS}
    symbols = [bars.symbols[at] for at in bars.issue]
    table = pa.table({"symbol": symbols, "date": pa.array(bars.day.astype("int32"), pa.date32()), **columns})
    mixed = make_bars(table.take(np.random.default_rng(1).permutation(len(bars))))
    assert mixed.symbols == bars.symbols
    assert all((getattr(mixed, name) == getattr(bars, name)).all() for name in (*FIELDS, "issue", "day"))


def test_two_checks_that_look_for_the_same_share_one_search() -> None:
    searches = [check.find for check in run.CHECKS if isinstance(check, BarCheck)]
    assert len(set(searches)) == len(searches) - 1
