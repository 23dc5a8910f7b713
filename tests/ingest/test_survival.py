"""A load that is killed, cut off or refused room loses nothing: the next one ends where an undisturbed one does."""

from __future__ import annotations

import json
import random
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sillok.sandbox import Limits, create_app
from sillok.store import open_store
from tests.ingest.survival import Databases, Files, Loader, assert_same, content, small_market
from tests.sandboxes import serving_in_thread

SMALL = {
    "rows": 300,
    "asks": 5,
    "datasets": ["index_bars", "daily_bars"],
}  # batches of a few asks, so that there are many commits to meet
KILLS = 50
LATER = "2026-06-30T18:30:00+09:00"
EARLIER = "2026-06-16T18:30:00+09:00"
# The past of an issue told anew between the two loads: its history is asked for again, and revised.
REWRITTEN = {"revise": {"symbol": "900020", "factor": 2, "before": "2026-06-12"}}


@pytest.fixture(scope="module")
def vendor() -> Iterator[str]:
    with serving_in_thread(create_app(small_market(), Limits.none())) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Files | Databases]:
    if request.param == "sqlite":
        yield Files(tmp_path)
        return
    databases = Databases(request.getfixturevalue("fresh_mariadb"))
    yield databases
    databases.drop()


def make_blank(url: str) -> None:
    store = open_store(url)
    store.migrate()
    store.engine.dispose()


def set_faults(vendor: str, faults: dict[str, Any]) -> None:
    request = urllib.request.Request(
        f"{vendor}/sandbox/faults", json.dumps(faults).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def kill_points(chance: random.Random, whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield points of a load without end: at a statement or a commit, at an answer, at any instant."""
    while True:
        yield {"statement": chance.randint(1, whole["statements"])}
        yield {"after_s": chance.uniform(0.0, whole["seconds"])}
        yield {"answer": chance.randint(1, whole["answers"])}
        yield {"statement": chance.randint(1, whole["statements"])}


@pytest.mark.slow
def test_a_load_killed_at_fifty_points_ends_as_an_undisturbed_one(
    place: Files | Databases, vendor: str, tmp_path: Path
) -> None:
    chance = random.Random(20260630)
    with Loader.open(vendor, tmp_path, **SMALL) as loader:
        set_faults(vendor, {})
        blank, before, after = place.url("blank"), place.url("before"), place.url("after")
        make_blank(blank)
        place.copy("blank", "before")
        first = loader.load(before, now=EARLIER)
        place.copy("before", "after")
        set_faults(vendor, REWRITTEN)
        second = loader.load(after, now=LATER)
        assert second["counts"]["daily_bars"]["changed"] > 100

        kills = 0
        for start, faults, now, whole, end in (
            ("blank", {}, EARLIER, first, content(before)),
            ("before", REWRITTEN, LATER, second, content(after)),
        ):
            set_faults(vendor, faults)
            points, goal = kill_points(chance, whole), kills + KILLS // 2
            while kills < goal:
                place.copy(start, "tried")
                ends = [loader.load(place.url("tried"), now=now, **next(points))["end"] for _ in range(3)]
                kills += ends.count("killed")
                assert set(ends) <= {"killed", "done"}
                assert loader.load(place.url("tried"), now=now)["end"] == "done"
                assert_same(content(place.url("tried")), end)
