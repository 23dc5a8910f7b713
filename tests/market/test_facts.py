"""Statements, investors, corporate actions and markets abroad: exact, the same everywhere, and never known early."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from sillok import clock
from sillok.clock import KST
from sillok.errors import DataError, MissingDataError
from sillok.market import Market, SnapshotInfo, open_market
from sillok.objects import Objects, open_objects
from sillok.store import Store, open_store
from sillok.store import tables as t
from tests.market.facts import (
    DAYS,
    FIRST,
    SYMBOLS,
    THROUGH,
    action,
    all_facts,
    evening,
    freeze_facts,
    revise_all,
    statement,
    write,
    write_bars,
)

BARS_ALONE = "9b40e3a8f2e941bf2037b636c2459deccaa0eeefd455fd81922d8a64b01bc38e"  # frozen by the first version
REVISED = datetime(2026, 6, 30, 20, 0, tzinfo=KST)
ONE, TWO, THREE = SYMBOLS


@dataclass
class Frozen:
    store: Store
    objects: Objects
    bars_alone: SnapshotInfo
    whole: SnapshotInfo
    revised: SnapshotInfo

    def at(self, as_of: datetime, info: SnapshotInfo | None = None) -> Market:
        return open_market(self.objects, (info or self.revised).id, as_of=as_of)


def build(url: str, home: Path) -> Frozen:
    store, objects = open_store(url), open_objects("", directory=home / "objects", cache=home / "cache")
    write_bars(store)
    bars_alone = freeze_facts(store, objects)
    for table, rows in all_facts().items():
        write(store, table, rows)
    whole = freeze_facts(store, objects)
    revise_all(store, REVISED)
    return Frozen(store, objects, bars_alone, whole, freeze_facts(store, objects))


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Frozen:
    home = tmp_path_factory.mktemp("facts")
    return build(f"sqlite:///{home / 'sillok.db'}", home)


@pytest.fixture
def market(frozen: Frozen) -> Market:
    return frozen.at(FIRST, frozen.whole)


# ---- what is frozen
def test_empty_tables_add_nothing_to_what_the_first_version_froze(frozen: Frozen) -> None:
    assert frozen.bars_alone.id == BARS_ALONE


def test_what_is_new_leaves_the_partitions_of_the_bars_as_they_are(frozen: Frozen) -> None:
    assert frozen.whole.reused == frozen.bars_alone.partitions
    assert frozen.whole.partitions > frozen.bars_alone.partitions


@pytest.mark.mariadb
def test_mariadb_and_sqlite_freeze_every_table_to_the_same_ids(
    frozen: Frozen, fresh_mariadb: str, tmp_path: Path
) -> None:
    other = build(fresh_mariadb, tmp_path)
    assert (other.bars_alone.id, other.whole.id, other.revised.id) == (
        frozen.bars_alone.id,
        frozen.whole.id,
        frozen.revised.id,
    )


def test_a_snapshot_of_bars_alone_still_opens_and_says_what_it_lacks(frozen: Frozen) -> None:
    old = frozen.at(FIRST, frozen.bars_alone)
    pd.testing.assert_frame_equal(old.panel(), frozen.at(FIRST).panel())
    assert old.tables == {"session", "issue", "daily_bar"}
    asks = [
        lambda: old.panel(adjusted=False), lambda: old.investors("foreign"), old.statements, old.corporate_actions,
        lambda: old.fundamentals("sales_krw"), lambda: old.overseas("NAS", "AAPL"), lambda: old.fx("USDKRW"),
    ]  # fmt: skip
    for ask in asks:
        with pytest.raises(MissingDataError, match=r"holds no \w+: .* run `sillok ingest`"):
            ask()


def test_one_changed_row_has_its_own_year_read_again_and_no_other(frozen: Frozen) -> None:
    changed = frozen.revised.partitions - frozen.revised.reused
    assert changed == 2 * len(all_facts())  # the year as it stands, and what stood before


# ---- what is read
def test_decimals_come_as_the_nearest_float_and_what_lacks_as_nan(market: Market) -> None:
    found = market.statements()
    assert found.index.names == ["symbol", "period"]
    row = found.loc[(ONE, pd.Timestamp("2025-12-31"))]
    assert (row["eps_krw"], row["bps_krw"], row["sales_krw"]) == (-0.0001, 99999999999.9999, 5e14)
    assert np.isnan(row["roe_pct"])
    assert found.loc[(THREE, pd.Timestamp("2025-12-31")), "sales_krw"] == 0
    assert row["known_at"] == pd.Timestamp(evening(date(2026, 4, 1)))


def test_statements_come_as_asked(market: Market) -> None:
    found = market.statements([ONE], "quarter", ["sales_krw", "roe_pct"])
    assert (list(found.columns), len(found)) == (["sales_krw", "roe_pct", "known_at"], 1)
    for ask in (
        lambda: market.statements(fields=["sales"]),
        lambda: market.fundamentals("eps_krw", "yearly"),
    ):  # type: ignore[arg-type]
        with pytest.raises(DataError, match=r"fields are sales_krw, .*annual and quarter"):
            ask()
    with pytest.raises(MissingDataError, match="unknown symbols"):
        market.statements(["000000"])


def test_a_panel_as_traded_stands_beside_the_adjusted_one(market: Market) -> None:
    traded, adjusted = market.panel(adjusted=False), market.panel()
    pd.testing.assert_frame_equal(traded, adjusted * 2)
    assert (market.panel("high", adjusted=False) == traded + 9).equals(traded.notna())


def test_investors_are_net_purchases_known_in_the_evening(frozen: Frozen, market: Market) -> None:
    krw, qty = market.investors("individual"), market.investors("individual", "qty")
    assert (krw.shape, set(krw[ONE]), set(qty[TWO])) == ((len(DAYS), 2), {-1e12}, {-3.0})
    assert market.investors("foreign", "qty").isna().all(axis=None)
    assert list(market.investors("individual", symbols=[THREE, ONE]).columns) == [THREE, ONE]
    at_the_close = frozen.at(clock.session_close(THROUGH)).investors("individual")
    assert at_the_close[ONE].isna().tolist() == [False] * (len(DAYS) - 1) + [True]
    with pytest.raises(DataError, match="individual, foreign, institution"):
        market.investors("pension")  # type: ignore[arg-type]


def test_corporate_actions_are_chosen_by_a_day_and_may_lie_ahead(frozen: Frozen, market: Market) -> None:
    found = market.corporate_actions()
    assert found["kind"].tolist() == ["dividend", "bonus", "split"]
    assert found.loc[0, "note"] == "결산\t보통\n"
    assert (found.loc[0, "cash_krw"], found.loc[1, "ratio_pct"], found.loc[2, "par_after"]) == (
        60,
        0.0333,
        500,
    )
    assert market.corporate_actions(by="pay_date", start="2026-04-16", end="2026-04-17")["kind"].tolist() == [
        "dividend"
    ]
    ahead = market.corporate_actions("2026-07-01", kinds=["split", "bonus"])
    assert ahead["record_date"].tolist() == [pd.Timestamp("2026-07-20")]
    assert market.corporate_actions(end="2026-07-20", symbols=[ONE])["kind"].tolist() == ["dividend"]
    assert market.corporate_actions(by="ex_date", start="2020-01-01").empty
    before = frozen.at(evening(date(2026, 6, 1)) - timedelta(microseconds=1))
    assert before.corporate_actions("2026-07-01").empty
    with pytest.raises(DataError, match="kinds are"):
        market.corporate_actions(kinds=["divident"])


def test_markets_abroad_come_by_their_own_days_once_they_have_closed(frozen: Frozen, market: Market) -> None:
    found = market.overseas("NAS", "MSFT")
    assert (len(found), set(found["close"]), found["amount"].isna().all()) == (9, {245.31}, True)
    then = frozen.at(datetime.combine(DAYS[1], clock.session_close(DAYS[1]).timetz()))
    assert then.overseas("NAS", "AAPL").index.tolist() == [pd.Timestamp(DAYS[0])]
    assert len(market.overseas("NAS", "AAPL", start=DAYS[3], end=DAYS[5])) == 2
    with pytest.raises(MissingDataError, match=r"there are \['AAPL', 'MSFT'\]"):
        market.overseas("NAS", "TSLA")
    with pytest.raises(MissingDataError, match="there are"):
        market.overseas("NYS", "AAPL")


def test_a_rate_is_known_on_the_next_morning(market: Market) -> None:
    found = market.fx("USDKRW")
    assert (found.index[-1], found["low"].iloc[0], found["close"].iloc[0]) == (
        pd.Timestamp(DAYS[-2]),
        0.000012,
        1380.5,
    )
    with pytest.raises(MissingDataError, match="USDKRW"):
        market.fx("EURKRW")
    with pytest.raises(MissingDataError, match="reaches beyond 2026-06-30"):
        market.fx("USDKRW", end="2026-07-02")
    with pytest.raises(DataError, match="reversed"):
        market.fx("USDKRW", start="2026-02-02", end="2026-02-01")


def test_members_of_a_day_count_what_was_delisted_since(market: Market) -> None:
    assert set(market.members("2026-03-03").index) == set(SYMBOLS)
    assert set(market.members("2026-03-04").index) == set(market.members().index) == {ONE, THREE}
    with pytest.raises(MissingDataError, match="before 2025-12-22"):
        market.members("2025-12-01")
    with pytest.raises(MissingDataError, match="reaches beyond"):
        market.members("2026-07-02")


def test_a_listing_history_tells_every_change_that_was_known(frozen: Frozen, tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 's.db'}")
    write_bars(store)
    with store.read() as conn:
        row = dict(conn.execute(t.issue.select().where(t.issue.c.symbol == ONE)).mappings().one())
    row = row | {"name": "가상홀딩스", "market": "KOSDAQ"}
    del row["recorded_at"]
    write(store, t.issue, [row], now=FIRST)
    info = freeze_facts(store, frozen.objects)
    history = frozen.at(FIRST, info).listing_history(ONE)
    assert history["name"].tolist() == ["가상0", "가상홀딩스"]
    assert history.index[-1] == pd.Timestamp(FIRST)
    assert len(frozen.at(FIRST - timedelta(microseconds=1), info).listing_history(ONE)) == 1
    with pytest.raises(MissingDataError, match="unknown symbols"):
        frozen.at(FIRST, info).listing_history("000000")


# ---- what is never known early
def everything(market: Market) -> dict[str, pd.DataFrame]:
    """Return all that a market shows of the facts beside its bars, cut to its own days."""
    shown = {"raw": market.panel(adjusted=False), "actions": market.corporate_actions()}
    for basis in ("annual", "quarter"):
        shown[basis] = market.statements(basis=basis)  # type: ignore[arg-type]
        for field in ("eps_krw", "sales_krw"):
            shown[f"{basis} {field}"] = market.fundamentals(field, basis, symbols=[ONE, THREE])  # type: ignore[arg-type]
    for who in ("individual", "institution"):
        shown[who] = market.investors(who)  # type: ignore[arg-type]
    return shown | {"overseas": market.overseas("NAS", "AAPL"), "fx": market.fx("USDKRW")}


def test_a_value_revised_since_shows_as_it_was_known_then(frozen: Frozen) -> None:
    then, now = everything(frozen.at(FIRST)), everything(frozen.at(REVISED))
    for name, frame in everything(frozen.at(FIRST, frozen.whole)).items():
        pd.testing.assert_frame_equal(then[name], frame)
    # The corrected year is not the newest any more, and nothing of it is known at a session's close yet.
    different = {name for name in then if not then[name].equals(now[name])}
    assert different == {"raw", "actions", "annual", "individual", "overseas", "fx"}
    key = (ONE, pd.Timestamp("2024-12-31"))
    assert (then["annual"].loc[key, "eps_krw"], now["annual"].loc[key, "eps_krw"]) == (2131.97, 2132.97)


periods = st.sampled_from([date(2024, 12, 31), date(2025, 12, 31), date(2025, 6, 30), date(2026, 3, 31)])
hours = st.integers(0, 24 * (THROUGH - DAYS[0]).days)
versions = st.lists(
    st.tuples(st.sampled_from([ONE, THREE]), periods, hours, st.none() | st.integers(-9, 9)), max_size=14
)


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Objects]:
    home = tmp_path_factory.mktemp("law")
    store = open_store(f"sqlite:///{home / 's.db'}")
    write_bars(store)
    return store, open_objects("", directory=home / "objects", cache=home / "cache")


def write_versions(store: Store, found: list[Any]) -> list[Any]:
    """Write versions in the order in which they became known; return those that were a change."""
    with store.begin() as conn:
        for table in (t.statement, t.corporate_action, t.revision, t.frozen_partition):
            conn.execute(delete(table))
    told: list[Any] = []
    for symbol, period, hour, value in sorted(found, key=lambda one: one[2]):
        known_at = datetime.combine(DAYS[0], datetime.min.time(), tzinfo=KST) + timedelta(hours=hour)
        write(store, t.statement, [statement(symbol, period, known_at, sales_krw=value)], now=known_at)
        write(
            store,
            t.corporate_action,
            [action(symbol, "rights", period, known_at, shares=value)],
            now=known_at,
        )
        told.append((symbol, period, known_at, value))
    return told


def model(told: list[Any], symbol: str, instant: datetime) -> dict[date, float]:
    """Return period -> the last value told by ``instant``."""
    return {
        period: np.nan if value is None else float(value)
        for name, period, known_at, value in told
        if name == symbol and known_at <= instant
    }


@given(found=versions, hour=hours)
@settings(max_examples=40, deadline=None)
def test_nothing_is_seen_before_it_was_known_and_the_newest_of_it_is(
    law: tuple[Store, Objects], found: list[Any], hour: int
) -> None:
    store, objects = law
    told = write_versions(store, found)
    info = freeze_facts(store, objects)
    as_of = clock.session_close(DAYS[0]) + timedelta(hours=hour)
    market = open_market(objects, info.id, as_of=as_of)
    if not told:
        assert "statement" not in market.tables
        return
    statements, actions = market.statements(), market.corporate_actions()
    assert (statements["known_at"] <= as_of).all()
    assert (actions["known_at"] <= as_of).all()
    panel = market.fundamentals("sales_krw", symbols=[ONE, THREE])
    for symbol in (ONE, THREE):
        known = model(told, symbol, as_of)
        mine = actions[actions["symbol"] == symbol]
        assert dict(zip(mine["record_date"].dt.date, mine["shares"], strict=True)) == pytest.approx(
            known, nan_ok=True
        )
        rows = statements[statements.index.get_level_values("symbol") == symbol]["sales_krw"].droplevel(
            "symbol"
        )
        assert {day.date(): value for day, value in rows.items()} == pytest.approx(known, nan_ok=True)
        for day in panel.index:
            then = model(told, symbol, clock.session_close(day.date()))
            newest = then[max(then)] if then else np.nan
            np.testing.assert_equal(panel.at[day, symbol], newest)


@given(found=versions, cut=st.integers(16, 24 * (THROUGH - DAYS[0]).days))  # after the first close
@settings(max_examples=25, deadline=None)
def test_what_becomes_known_later_changes_nothing_of_before(
    law: tuple[Store, Objects], found: list[Any], cut: int
) -> None:
    store, objects = law
    # One is known from the first hour on, so that there is always something to ask.
    found = [(ONE, date(2024, 12, 31), 0, 1), *found]
    write_versions(store, [one for one in found if one[2] <= cut])
    early = freeze_facts(store, objects)
    write_versions(store, found)
    late = freeze_facts(store, objects)
    as_of = datetime.combine(DAYS[0], datetime.min.time(), tzinfo=KST) + timedelta(hours=cut)
    one, other = (open_market(objects, info.id, as_of=as_of) for info in (early, late))
    pd.testing.assert_frame_equal(one.statements(), other.statements())
    pd.testing.assert_frame_equal(one.corporate_actions(), other.corporate_actions())
    for field in ("sales_krw", "roe_pct"):
        pd.testing.assert_frame_equal(one.fundamentals(field), other.fundamentals(field))


@pytest.mark.parametrize(("late", "first"), [(timedelta(0), DAYS[5]), (timedelta(microseconds=1), DAYS[6])])
def test_what_is_known_at_the_very_close_belongs_to_that_session(
    law: tuple[Store, Objects], late: timedelta, first: date
) -> None:
    store, objects = law
    write_versions(store, [])
    close = clock.session_close(DAYS[5])
    write(store, t.statement, [statement(ONE, date(2024, 12, 31), close + late, sales_krw=7)])
    info = freeze_facts(store, objects)
    panel = open_market(objects, info.id).fundamentals("sales_krw")
    assert panel[ONE].first_valid_index() == pd.Timestamp(first)
    assert open_market(objects, info.id, as_of=close).statements().empty == bool(late)


ASKS: dict[str, Callable[[Market], pd.DataFrame]] = {
    "raw_bar": lambda market: market.panel(adjusted=False),
    "investor_day": lambda market: market.investors("individual"),
    "statement": lambda market: market.statements(),
    "corporate_action": lambda market: market.corporate_actions(),
    "overseas_bar": lambda market: market.overseas("NAS", "AAPL"),
    "rate_bar": lambda market: market.fx("USDKRW"),
}


@pytest.fixture(scope="module")
def copy(frozen: Frozen, tmp_path_factory: pytest.TempPathFactory) -> tuple[Objects, dict[str, str]]:
    """Give a copy of the newest snapshot to damage, and the file of each table."""
    objects = open_objects("", directory=tmp_path_factory.mktemp("copy"), cache=Path())
    entries = json.loads(frozen.objects.get(frozen.revised.id))["partitions"]
    for key in (*(entry["key"] for entry in entries), frozen.revised.id):
        objects.put(frozen.objects.get(key))
    return objects, {entry["table"]: entry["key"] for entry in entries}


@given(
    table=st.sampled_from(sorted(ASKS)),
    suffix=st.sampled_from(["", "_old"]),
    at=st.floats(0, 1, exclude_max=True),
    bit=st.integers(0, 7),
)
@settings(max_examples=80, deadline=None)
def test_no_flipped_bit_in_any_table_ever_changes_an_answer(
    frozen: Frozen, copy: tuple[Objects, dict[str, str]], table: str, suffix: str, at: float, bit: int
) -> None:
    objects, keys = copy
    key = keys[table + suffix]
    path, data = objects.path(key), frozen.objects.get(key)
    place = int(at * len(data))
    path.chmod(0o644)
    path.write_bytes(data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :])
    try:
        answer = ASKS[table](open_market(objects, frozen.revised.id, as_of=REVISED))
    except DataError as err:
        refused = str(err)
    else:
        pd.testing.assert_frame_equal(answer, ASKS[table](frozen.at(REVISED)))
        refused = key
    finally:
        path.write_bytes(data)
    assert key in refused


def test_a_market_stands_at_the_evening_only_where_the_evening_is_in_it(frozen: Frozen) -> None:
    close, settled = clock.session_close(THROUGH), clock.session_settled(THROUGH)
    alone = open_market(frozen.objects, frozen.bars_alone.id)
    whole = open_market(frozen.objects, frozen.whole.id)
    assert (alone.as_of, whole.as_of) == (close, settled)
    assert str(alone.as_of.tzinfo) == str(whole.as_of.tzinfo) == "Asia/Seoul"
