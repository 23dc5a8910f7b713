"""A folder that cannot hold sockets, lists that are damaged, passwords by other names: the stock kernel, or none told."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sillok.kernels import Places, Recipe, provisioner
from sillok.kernels.fallbacks import fallbacks, note_fallback
from sillok.kernels.places import startup_environment
from tests.kernels.forks import FLAGS, Forks, ask, parent, wait_until

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def full_disk() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="full-") as name:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "none", name], check=True)
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)


def _fill(folder: Path) -> None:
    with (folder / "ballast").open("wb", buffering=0) as file, pytest.raises(OSError) as full:  # noqa: PT012
        while True:
            file.write(b"x" * 4096)
    assert full.value.errno == errno.ENOSPC


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
async def test_a_full_disk_gives_the_stock_kernel_and_the_kernels_there_are_go_on(full_disk: Path) -> None:
    with parent(full_disk / "f") as forks:
        wait_until(forks.spare_is_ready)
        pid = forks.status()["pid"]
        async with forks.kernel() as spare, forks.kernel() as fork:
            assert (spare.how, fork.how) == ("spare", "fork")
            _fill(full_disk)
            async with forks.kernel() as kernel:
                assert kernel.how == "stock"
                assert kernel.manager.transport == "tcp"
                assert await kernel.value("6 * 7") == 42
            for before in (spare, fork):
                assert await before.value("6 * 7") == 42
        note_fallback(forks.places, "r" * 10_000)
        assert all(len(reason) < 10_000 for reason in fallbacks(forks.places))
        (full_disk / "ballast").unlink()
        note_fallback(forks.places, "there is room again")
        assert fallbacks(forks.places)["there is room again"] == 1
        async with forks.kernel() as kernel:
            assert kernel.how != "stock"
        assert forks.status()["pid"] == pid


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
async def test_a_parent_does_not_begin_on_a_full_disk(full_disk: Path) -> None:
    _fill(full_disk)
    forks = Forks(full_disk / "f")
    async with forks.kernel() as kernel:
        assert kernel.how == "stock"
        assert await kernel.value("6 * 7") == 42
    assert forks.places.parents() == []
    assert list(forks.places.folder.glob("*.names*")) == []


async def test_a_folder_of_others_gives_the_stock_kernel(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o755)
    async with Forks(folder).kernel() as kernel:
        assert kernel.how == "stock"
        assert await kernel.value("6 * 7") == 42
    assert list(folder.iterdir()) == []


async def test_a_path_too_long_for_sockets_gives_the_stock_kernel(tmp_path: Path) -> None:
    forks = Forks(tmp_path / ("long" * 25))
    async with forks.kernel() as kernel:
        assert kernel.how == "stock"
        assert await kernel.value("6 * 7") == 42
    assert any("too long" in reason for reason in fallbacks(forks.places))


@pytest.mark.parametrize("damage", ["", "{", "7", '["A", 5]', "\udcff\udcfe"])
async def test_a_damaged_list_of_variables_is_written_anew(forks: Forks, damage: str) -> None:
    (names,) = forks.places.folder.glob("*.names")
    good = names.read_bytes()
    names.write_bytes(damage.encode(errors="surrogateescape"))
    try:
        assert set(forks.places.learned(forks.recipe)) <= {"A"}
        async with forks.kernel() as kernel:
            assert await kernel.value("6 * 7") == 42
        forks.places.learn(forks.recipe, ["B"])
        assert "B" in forks.places.learned(forks.recipe)
    finally:
        names.write_bytes(good)


def test_a_torn_line_in_the_list_of_reasons_costs_only_itself(tmp_path: Path) -> None:
    places = Places(tmp_path / "f")
    note_fallback(places, "one")
    with (places.folder / "fallbacks").open("a") as file:
        file.write('{"at": 1, "rea')
    note_fallback(places, "two")
    assert fallbacks(places) == {"one": 1, "two": 1, "a line that cannot be read": 1}


async def test_a_parent_that_cannot_be_started_is_said_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provisioner, "_DETACH", "raise SystemExit(3)")
    forks = Forks(folder)
    async with forks.kernel() as kernel:
        assert kernel.how == "stock"
        assert await kernel.value("6 * 7") == 42
    assert any("cannot be started" in reason for reason in fallbacks(forks.places))


@pytest.mark.parametrize(
    ("of", "counts"),
    [("nobody yet", True), ("this process", True), ("999999999", False), ("nonsense", False)],
)
def test_a_mark_left_behind_does_not_hold_the_next_parent_up(tmp_path: Path, of: str, counts: bool) -> None:
    mark = tmp_path / "key.starting"
    mark.write_text({"nobody yet": "", "this process": str(os.getpid())}.get(of, of))
    assert provisioner._is_on_its_way(mark) is counts
    os.utime(mark, (0, 0))
    assert not provisioner._is_on_its_way(mark)


def test_sockets_that_nobody_listens_to_are_swept(folder: Path) -> None:
    places = Places(folder)
    places.ensure()
    dead, old, young = folder / "k1-1", folder / "k2-1", folder / "k3-1"
    with socket.socket(socket.AF_UNIX) as alive:
        for path in (dead, young):
            with socket.socket(socket.AF_UNIX) as gone:
                gone.bind(str(path))
        alive.bind(str(old))
        alive.listen()
        for path in (dead, old):
            os.utime(path, (time.time() - 7200, time.time() - 7200))
        places.sweep()
    assert {p.name for p in folder.iterdir()} == {"k2-1", "k3-1"}


OWNER = """
import asyncio, os, sys
from pathlib import Path
from tests.kernels.forks import Forks

async def main():
    async with Forks(Path(sys.argv[1])).kernel() as one, Forks(Path(sys.argv[1])).kernel() as two:
        print(one.how, two.how, flush=True)
        os.kill(os.getpid(), 9)

asyncio.run(main())
"""


def test_the_sockets_of_a_killed_owner_are_removed(forks: Forks) -> None:
    wait_until(forks.spare_is_ready)
    done = subprocess.run(
        [sys.executable, "-c", OWNER, str(forks.places.folder)],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert done.stdout == "spare fork\n", done.stderr
    wait_until(lambda: [k["state"] for k in forks.status()["kernels"]] == ["spare"])
    assert len({p.name.partition("-")[0] for p in forks.places.folder.glob("k*-*")}) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PYTHON_DB", "mysql+pymysql://desk:sesame@db/desk"),
        ("PYTHON_MYSQL_PWD", "sesame"),
        ("PYTHON_APIKEY", "sesame"),
        ("PYTHON_SIGNING_KEYS", "sesame"),
        ("PYTHON_SLACK_WEBHOOK", "sesame"),
        ("PYTHON_BASIC_AUTH", "sesame"),
    ],
)
def test_a_secret_by_any_name_is_not_a_parents(name: str, value: str) -> None:
    assert startup_environment({name: value, "PYTHONPATH": "/x"}, [name]) == {"PYTHONPATH": "/x"}


def test_what_c_code_reads_at_its_start_is_of_the_key() -> None:
    env = {
        "NPY_DISABLE_CPU_FEATURES": "AVX2",
        "GOMP_SPINCOUNT": "1",
        "LD_PRELOAD": "x",
        "OPENBLAS_CORETYPE": "Haswell",
    }
    assert startup_environment(env) == env


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_the_peers_user_is_checked_even_where_the_folder_is_open(forks: Forks) -> None:
    path = forks.places.socket(forks.key)
    spared = [(p, p.stat().st_mode) for p in (path.parent.parent, path.parent, path)]
    code = (
        "import os, socket, sys; os.setgid(65534); os.setuid(65534); s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET);"
        f"s.connect({str(path)!r}); s.settimeout(10); "
        "exec('try:\\n s.send(b\\'{\"op\": \"status\"}\\')\\n print(s.recv(99))\\nexcept OSError as e: print(b\\'\\')')"
    )
    try:
        for p, _ in spared:
            p.chmod(0o777)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    finally:
        for p, mode in spared:
            p.chmod(mode)
    assert done.stdout == "b''\n", done.stderr
    assert "refused a connection of user 65534" in forks.places.log(forks.key).read_text()
    assert forks.status()["pid"]


THEIRS = """
import asyncio, os, sys
from pathlib import Path
from tests.kernels.forks import Forks, wait_until

async def main():
    theirs = Forks(Path(sys.argv[1], "f"))
    theirs.start()
    wait_until(theirs.spare_is_ready)
    async with theirs.kernel() as kernel:
        assert kernel.how == "spare"
        print(await kernel.value("__import__('os').getuid()"), theirs.status()["pid"], flush=True)
    for refused in (Forks(Path(sys.argv[2])),):
        try:
            refused.places.ensure()
        except PermissionError as err:
            print("refused")
    theirs.stop()

asyncio.run(main())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_has_a_parent_of_their_own(forks: Forks) -> None:
    with tempfile.TemporaryDirectory(prefix="other-") as home:
        os.chown(home, 65534, 65534)
        # They may read files as root does, as the interpreter may be root's alone, and do nothing else that root may.
        words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+dac_read_search"]
        done = subprocess.run(
            [*words, "--ambient-caps=+dac_read_search", sys.executable, "-c", THEIRS, home, str(forks.places.folder)],
            capture_output=True, text=True, cwd=PROJECT, check=False,
            env={**os.environ, "HOME": home, "JUPYTER_RUNTIME_DIR": f"{home}/r", "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
    uid, pid, refused = done.stdout.split()
    assert (uid, refused) == ("65534", "refused"), done.stderr
    assert int(pid) != forks.status()["pid"]


ELSEWHERE = """
import logging; logging.basicConfig()
import asyncio, os, sys
sys.platform = {platform!r}
for name in {missing!r}:
    sys.modules[name] = None
from pathlib import Path
from tests.kernels.forks import Forks

async def main():
    async with Forks(Path(sys.argv[1])).kernel() as kernel:
        print(kernel.how, await kernel.value("6 * 7"))

asyncio.run(main())
"""


def test_elsewhere_the_stock_provisioner_does_the_work_and_says_so(folder: Path) -> None:
    code = ELSEWHERE.format(platform="darwin", missing=["fcntl"])
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, cwd=PROJECT, check=False
    )
    assert done.stdout == "stock 42\n", done.stderr
    assert "darwin cannot hand kernels over" in done.stderr
    assert not folder.exists()


def test_an_owner_needs_no_kernel_in_its_own_environment(forks: Forks) -> None:
    wait_until(forks.spare_is_ready)
    code = ELSEWHERE.format(platform="linux", missing=["ipykernel", "ipykernel_launcher", "IPython"])
    done = subprocess.run(
        [sys.executable, "-c", code, str(forks.places.folder)],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert done.stdout == "spare 42\n", done.stderr


def test_a_parent_answers_by_the_recipe_it_was_made_of(forks: Forks) -> None:
    assert Recipe.read(forks.recipe.text()) == forks.recipe
    assert Recipe(preload=("numpy",), flags=FLAGS).name != Recipe(preload=("pandas",), flags=FLAGS).name
    assert ask(forks.places, forks.key, {"op": "status"})["key"] == forks.key
