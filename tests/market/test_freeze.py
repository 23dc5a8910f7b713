"""The same content gives the same snapshot, what did not change is not read again, and nothing half done counts."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, event, update

from sillok.errors import DataError, MissingDataError, ResourceError
from sillok.market import freeze, latest_snapshot, open_market
from sillok.objects import Objects, open_objects
from sillok.store import Store
from sillok.store.tables import daily_bar, load
from tests.ingest.vendor import FakeVendor
from tests.market.conftest import FIRST, SECOND, Frozen, load_and_freeze, make_store, make_vendor


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(f"sqlite:///{tmp_path / 'sillok.db'}")


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return open_objects("", directory=tmp_path / "objects", cache=tmp_path / "cache")


def test_the_same_content_gives_the_same_id_at_another_hour_in_another_store(
    frozen: Frozen, store: Store, objects: Objects
) -> None:
    info = load_and_freeze(make_vendor(), store, objects, FIRST + timedelta(hours=3))
    assert info.id == frozen.first.id


@pytest.mark.mariadb
def test_mariadb_and_sqlite_freeze_to_the_same_ids(
    frozen: Frozen, fresh_mariadb: str, objects: Objects
) -> None:
    vendor, store = make_vendor(), make_store(fresh_mariadb)
    assert load_and_freeze(vendor, store, objects, FIRST).id == frozen.first.id
    vendor.change("900010", factor=2, factor_from=date(2026, 7, 1))
    vendor.change("900040", name="가상전자4홀딩스", shares=2_000_000)
    assert load_and_freeze(vendor, store, objects, SECOND).id == frozen.second.id


@pytest.mark.s3
def test_a_snapshot_on_s3_is_the_one_in_a_directory(
    frozen: Frozen, store: Store, s3, fresh_bucket: str, tmp_path: Path
) -> None:
    keys = {"access_key": s3.access_key, "secret_key": s3.secret_key}
    bucket = open_objects(s3.url(fresh_bucket), directory=tmp_path, cache=tmp_path / "cache", **keys)
    info = load_and_freeze(make_vendor(), store, bucket, FIRST)
    assert info.id == frozen.first.id
    elsewhere = open_objects(s3.url(fresh_bucket), directory=tmp_path, cache=tmp_path / "other cache", **keys)
    assert open_market(elsewhere, info.id).panel().equals(open_market(frozen.objects, info.id).panel())


def test_freezing_again_reads_no_row_and_stays_the_same_snapshot(store: Store, objects: Objects) -> None:
    first = load_and_freeze(make_vendor(), store, objects, FIRST)
    statements: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    again = freeze(store, objects, load_id=first.load_id, now=SECOND)
    assert (again.id, again.seq, again.reused) == (first.id, 1, first.partitions)
    assert not [text for text in statements if "daily_bar.close" in text]


def test_a_year_that_did_not_change_is_reused(store: Store, objects: Objects) -> None:
    vendor = make_vendor()
    first = load_and_freeze(vendor, store, objects, FIRST)
    second = load_and_freeze(vendor, store, objects, SECOND)
    assert (second.seq, second.id != first.id) == (2, True)
    # 2025's bars, index and rates, all statements and the issues stay; sessions and what is of this year are new.
    assert (second.partitions, second.reused) == (14, 8)


def test_a_partition_that_was_lost_is_written_again(store: Store, objects: Objects, tmp_path: Path) -> None:
    first = load_and_freeze(make_vendor(), store, objects, FIRST)
    for path in (tmp_path / "objects").rglob("*"):
        if path.is_file():
            path.unlink()
    again = freeze(store, objects, load_id=first.load_id, now=SECOND)
    assert (again.id, again.reused) == (first.id, 0)
    open_market(objects, again.id).panel()


def test_the_newest_snapshot_is_the_latest(frozen: Frozen) -> None:
    latest = latest_snapshot(frozen.store)
    assert (latest.id, latest.seq, latest.through, latest.source) == (
        frozen.second.id,
        2,
        date(2026, 7, 1),
        "synthetic",
    )


def test_content_that_returns_is_the_latest_again(store: Store, objects: Objects) -> None:
    first = load_and_freeze(make_vendor(), store, objects, FIRST)
    day = (daily_bar.c.symbol == "900010") & (daily_bar.c.date == date(2026, 6, 30))
    with store.begin() as conn:
        close = conn.execute(daily_bar.select().where(day)).one().close
    ids = [first.id]
    for hours, value in ((1, close + 1), (2, close)):
        with store.begin() as conn:
            conn.execute(
                update(daily_bar).where(day).values(close=value, recorded_at=FIRST + timedelta(hours=hours))
            )
        ids.append(freeze(store, objects, load_id=first.load_id, now=FIRST + timedelta(hours=hours)).id)
    assert ids[0] == ids[2] != ids[1]
    assert (latest_snapshot(store).id, latest_snapshot(store).seq) == (first.id, 3)


def test_the_manifest_names_each_partition_and_no_recording_time(frozen: Frozen) -> None:
    body = json.loads(frozen.objects.get(frozen.second.id))
    assert {(entry["table"], entry["part"]) for entry in body["partitions"]} >= {
        ("daily_bar", 2025), ("daily_bar", 2026), ("daily_bar_old", 2026), ("issue", 0), ("issue_old", 0), ("session", 0),
    }  # fmt: skip
    assert "recorded" not in json.dumps(body)
    assert all(frozen.objects.has(entry["key"]) for entry in body["partitions"])


def test_an_empty_market_is_not_frozen(store: Store, objects: Objects) -> None:
    first = load_and_freeze(make_vendor(), store, objects, FIRST)
    with store.begin() as conn:
        conn.execute(delete(daily_bar))
    with pytest.raises(MissingDataError, match="market is empty"):
        freeze(store, objects, load_id=first.load_id, now=SECOND)
    assert latest_snapshot(store).id == first.id


def test_a_load_that_failed_is_not_frozen(store: Store, objects: Objects) -> None:
    first = load_and_freeze(FakeVendor.of(1), store, objects, FIRST)
    with store.begin() as conn:
        conn.execute(update(load).values(status="failed"))
    with pytest.raises(DataError, match="is failed"):
        freeze(store, objects, load_id=first.load_id, now=SECOND)


def test_an_unknown_load_is_refused(store: Store, objects: Objects) -> None:
    with pytest.raises(MissingDataError, match="there is no load"):
        freeze(store, objects, load_id="0" * 32, now=FIRST)


def test_a_store_without_a_snapshot_says_how_to_make_one(store: Store) -> None:
    with pytest.raises(MissingDataError, match="sillok freeze"):
        latest_snapshot(store)


def test_a_full_disk_while_freezing_leaves_the_last_snapshot(
    store: Store, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = make_vendor()
    first = load_and_freeze(vendor, store, objects, FIRST)

    def refuse(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", refuse)
        with pytest.raises(ResourceError, match="No space left"):
            load_and_freeze(vendor, store, objects, SECOND)
    assert latest_snapshot(store).id == first.id
    open_market(objects, first.id).panel()
    assert load_and_freeze(vendor, store, objects, SECOND).seq == 2
