"""A load that is killed, cut off or refused room loses nothing: the next one ends where an undisturbed one does."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select

from sillok.errors import ResourceError
from sillok.sandbox import Limits, create_app
from sillok.sandbox.faults import Faults
from sillok.store import open_store
from sillok.store.tables import load
from tests import servers
from tests.ingest.survival import Content, Databases, Files, Loader, assert_same, content, small_market
from tests.sandboxes import serving_in_thread

SMALL = {"rows": 600, "asks": 12}  # batches of a few asks, so that there are many commits to meet
KILLS = 50
LEFT_KIB = (0, 200, 600)  # of the disk under MariaDB, when a load begins
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
    place: Files | Databases, loader: Loader
) -> None:
    chance, vendor = random.Random(20260630), loader.vendor
    set_faults(vendor, {})
    before, after = place.url("before"), place.url("after")
    make_blank(place.url("blank"))
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
            loader.complete(place.url("tried"), now=now)
            assert_same(content(place.url("tried")), end)


# ---- what else may go
@pytest.fixture(scope="module")
def loaders(vendor: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loader]:
    with Loader.open(vendor, tmp_path_factory.mktemp("loader"), **SMALL) as loader:
        yield loader


@pytest.fixture
def loader(loaders: Loader) -> Loader:
    set_faults(loaders.vendor, {})
    return loaders


def load_undisturbed(place: Files | Databases, loader: Loader) -> tuple[dict[str, Any], Content]:
    """Make the stores ``blank`` and ``whole``; return what the whole load counted, and what it left."""
    make_blank(place.url("blank"))
    place.copy("blank", "whole")
    counted = loader.complete(place.url("whole"))
    return counted, content(place.url("whole"))


def test_a_load_comes_through_by_itself_where_one_call_in_ten_is_dropped(
    place: Files | Databases, loader: Loader
) -> None:
    _, whole = load_undisturbed(place, loader)
    came: list[bool] = []

    @web.middleware
    async def watch(request: web.Request, handler: Any) -> web.StreamResponse:
        came.append(False)
        answer: web.StreamResponse = await handler(request)
        came[-1] = request.transport is not None and not request.transport.is_closing()
        return answer

    app = create_app(small_market(), Limits.none(), faults=Faults(drop=0.1, seed=7))
    app.middlewares.insert(0, watch)
    place.copy("blank", "tried")
    with serving_in_thread(app) as vendor:
        loader.complete(place.url("tried"), vendor=vendor)
    assert came.count(False) >= 3
    assert_same(content(place.url("tried")), whole)


def test_of_two_loads_on_one_store_the_second_is_refused_and_the_first_unharmed(
    place: Files | Databases, vendor: str, loader: Loader, tmp_path: Path
) -> None:
    undisturbed, whole = load_undisturbed(place, loader)
    place.copy("blank", "tried")
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    with Loader.open(vendor, other_folder, **SMALL) as other:
        with loader.held(place.url("tried"), statement=undisturbed["statements"] // 2):
            refused = other.load(place.url("tried"))
        assert (refused["end"], refused["kind"]) == ("failed", "ResourceError")
        assert "another load already runs" in refused["error"]
        assert loader.end()["end"] == "done"
        other.complete(place.url("tried"))
    assert_same(content(place.url("tried")), whole)
    assert statuses(place.url("tried")) == ["done", "done"]  # the refused one never began


def statuses(url: str) -> list[str]:
    store = open_store(url)
    with store.read() as conn:
        found = conn.execute(select(load.c.status).order_by(load.c.status)).scalars().all()
    store.engine.dispose()
    return list(found)


class Mortal:
    """A sandbox in a process of its own, always at the same address."""

    def __init__(self) -> None:
        self.port = servers.free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "sillok.sandbox",
            "--no-limits",
            "--today",
            "2026-06-30",
            "--port",
            str(self.port),
        ]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONUTF8": "1"}
        )
        assert self.process.stdout is not None
        assert b"ready" in self.process.stdout.readline()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture
def mortal() -> Iterator[Mortal]:
    sandbox = Mortal()
    sandbox.start()
    yield sandbox
    sandbox.kill()


def test_a_vendor_that_dies_under_a_load_fails_it_or_is_waited_for_and_nothing_is_lost(
    mortal: Mortal, tmp_path: Path
) -> None:
    place = Files(tmp_path)
    # That sandbox has its whole market, of which some weeks of bars are enough.
    bars = {"rows": 600, "asks": 20, "start": "2026-06-01", "datasets": ["index_bars", "daily_bars"]}
    with Loader.open(mortal.url, tmp_path, **bars) as loader:
        undisturbed, whole = load_undisturbed(place, loader)
        middle = {"answer": undisturbed["answers"] // 2}
        place.copy("blank", "tried")
        with loader.held(place.url("tried"), **middle, client={"tries": 2}):
            mortal.kill()
        said = loader.end()
        assert (said["end"], said["kind"]) == ("failed", "RetriableVendorError")
        assert statuses(place.url("tried")) == ["failed"]
        mortal.start()
        loader.complete(place.url("tried"))
        assert_same(content(place.url("tried")), whole)
        place.copy("blank", "tried")
        with loader.held(place.url("tried"), **middle):
            mortal.kill()
            mortal.start()
        said = loader.end()
        assert said["end"] == "done", said
    assert_same(content(place.url("tried")), whole)


@pytest.mark.mariadb
def test_a_database_server_killed_under_a_load_fails_it_clearly_and_the_next_one_completes_it(
    mortal_mariadb: tuple[servers.Daemons, str], loader: Loader
) -> None:
    server, place = mortal_mariadb[0], Databases(mortal_mariadb[1])
    undisturbed, whole = load_undisturbed(place, loader)
    for share, comes_back_first in ((0.3, True), (0.5, False), (0.9, True)):
        place.copy("blank", "tried")
        with loader.held(place.url("tried"), statement=round(undisturbed["statements"] * share)):
            server.kill()
            if comes_back_first:
                revive(server, place)
        said = loader.end()
        assert (said["end"], said["kind"]) == ("failed", "ResourceError"), said
        assert "t:t@" not in said["error"]
        if not comes_back_first:
            revive(server, place)
        loader.complete(place.url("tried"))
        assert_same(content(place.url("tried")), whole)
        assert statuses(place.url("tried")) == ["done", "failed"]


def revive(server: servers.Daemons, place: Databases) -> None:
    server.start_again()
    server.wait_until(place.answers)


def test_a_full_disk_fails_the_load_clearly_and_after_room_is_made_the_next_one_completes_it(
    vendor: str, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    as_root = () if os.geteuid() == 0 else ("--map-root-user",)
    mount = 'mount -t tmpfs -o size=12m tmpfs "$0" && exec "$@"'
    set_faults(vendor, {})
    with Loader.open(
        vendor, small, inside=("unshare", "--mount", *as_root, "sh", "-c", mount, str(small)), **SMALL
    ) as loader:
        outside, inside = Files(tmp_path), Path(f"/proc/{loader.process.pid}/root{small}")
        url = Files(small).url("tried")  # which only that process sees; the test carries the files in and out
        make_blank(outside.url("blank"))
        outside.copy("blank", "tried", into=inside)
        loader.complete(url)
        Files(inside).copy("tried", "whole", into=tmp_path)
        for left_kib in (8, 150, 500):
            outside.copy("blank", "tried", into=inside)
            with fill_disk(inside, left_kib):
                said = loader.load(url)
                assert (said["end"], said.get("kind")) == ("failed", "ResourceError"), (left_kib, said)
                assert "disk full" in said["error"]
                assert "nothing is lost" in said["error"]
            loader.complete(url)
            Files(inside).copy("tried", "tried", into=tmp_path)
            assert_same(content(outside.url("tried")), content(outside.url("whole")))


@contextmanager
def fill_disk(folder: Path, left_kib: int) -> Iterator[None]:
    """Leave no more than ``left_kib`` of the disk that holds ``folder``."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        file.write(b"\0" * (shutil.disk_usage(folder).free - left_kib * 1024))
    yield
    ballast.unlink()


@pytest.fixture
def small_disk(servers_root: Path) -> Iterator[Path]:
    """Give a disk of some MB that a server's data fit on, mounted for this test alone."""
    folder = servers_root / f"small-{uuid.uuid4().hex[:8]}"
    folder.mkdir(mode=0o755)
    mount = ["mount", "-t", "tmpfs", "-o", "size=160m,mode=755", "tmpfs", str(folder)]
    if (said := subprocess.run(mount, capture_output=True, text=True, check=False)).returncode:
        pytest.skip(f"this user may not mount a small disk: {said.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def small_mariadb(small_disk: Path) -> Iterator[tuple[servers.Daemons, Databases]]:
    """Give a MariaDB all of whose files are on the small disk, and stores on it."""
    if missing := servers.missing_programs("mariadb"):
        pytest.skip(f"mariadb is not installed ({', '.join(missing)})")
    server, about = servers.start_mariadb(
        small_disk, "--innodb-log-file-size=16M", "--innodb-buffer-pool-size=32M", f"--tmpdir={small_disk}"
    )
    yield server, Databases(f"mysql+pymysql://t:t@127.0.0.1:{about['port']}/t?charset=utf8mb4")
    server.stop()


@pytest.mark.mariadb
def test_a_full_disk_under_the_server_fails_the_load_clearly_and_with_room_the_next_one_completes_it(
    small_mariadb: tuple[servers.Daemons, Databases], small_disk: Path, loader: Loader
) -> None:
    server, place = small_mariadb
    make_blank(place.url("blank"))
    _, whole = load_undisturbed(place, loader)
    assert ResourceError.exit_code == 8
    said_full = 0
    for left_kib in LEFT_KIB:
        tried = place.url(f"tried_{left_kib}")  # a new one: files that had grown before would not grow now
        place.copy("blank", f"tried_{left_kib}")
        with fill_disk(small_disk, left_kib):
            said = loader.load(tried)
            assert (said["end"], said.get("kind")) == ("failed", "ResourceError"), (left_kib, said)
            assert "disk" in said["error"]
            assert "nothing is lost" in said["error"]
            said_full += "found the disk full" in said["error"]
            runs = place.answers()
        if not runs:  # InnoDB ends its server where the disk has no room even to take a transaction back
            server.kill()
            revive(server, place)
        assert len(content(tried)["watermark"]) < len(whole["watermark"])
        loader.complete(tried)
        assert_same(content(tried), whole)
    assert said_full
