"""A small market, loaded and frozen: one issue splits on the second day, one is delisted, one is listed late."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from sillok.clock import KST
from sillok.ingest import load_market
from sillok.market import SnapshotInfo, freeze
from sillok.objects import Objects, open_objects
from sillok.store import Store, open_store
from tests.ingest.vendor import FakeVendor

START = date(2025, 12, 1)
FIRST = datetime(2026, 6, 30, 18, 30, tzinfo=KST)
SECOND = FIRST + timedelta(days=1)


@dataclass
class Frozen:
    vendor: FakeVendor
    store: Store
    objects: Objects
    first: SnapshotInfo
    second: SnapshotInfo


def load_and_freeze(vendor: FakeVendor, store: Store, objects: Objects, now: datetime) -> SnapshotInfo:
    report = asyncio.run(load_market(vendor, store, now=now, start=START, delistings=vendor.delistings()))
    return freeze(store, objects, load_id=report.load_id, now=now)


def make_vendor() -> FakeVendor:
    vendor = FakeVendor.of(4)
    vendor.change("900020", delisted_on=date(2026, 3, 4))
    vendor.change("900030", listed_on=date(2026, 2, 2))
    return vendor


def make_store(url: str) -> Store:
    store = open_store(url)
    store.migrate()
    return store


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Frozen:
    home: Path = tmp_path_factory.mktemp("market")
    vendor, store = make_vendor(), make_store(f"sqlite:///{home / 'sillok.db'}")
    objects = open_objects("", directory=home / "objects", cache=home / "cache")
    first = load_and_freeze(vendor, store, objects, FIRST)
    vendor.change("900010", factor=2, factor_from=date(2026, 7, 1))
    vendor.change("900040", name="가상전자4홀딩스", shares=2_000_000)
    return Frozen(vendor, store, objects, first, load_and_freeze(vendor, store, objects, SECOND))
