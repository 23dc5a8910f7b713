"""Owners that vanish, spares that die, requests that are none, a parent that stands still: the other kernels live on."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sillok.kernels import provisioner, wire
from sillok.kernels.fallbacks import fallbacks
from sillok.kernels.request import sealed_environment
from tests.kernels.forks import Forks, ask, parent, wait_until


def _request(forks: Forks, **changed: Any) -> dict[str, Any]:
    return {
        "op": "start", "name": "x", "began": forks.places.startup(forks.recipe, os.environ), "cwd": "/", "umask": 0o22, "connection_file": f"/nowhere/{time.monotonic_ns()}.json", "endpoint": "/nowhere", "fresh": False,
        "limits": {}, **changed,
    }  # fmt: skip


def _send(forks: Forks, *, on: socket.socket | None = None, **changed: Any) -> socket.socket:
    sock = on or wire.connect(str(forks.places.socket(forks.key)), timeout_s=10)
    environment = sealed_environment(os.environ)
    wire.send(sock, _request(forks, **changed), [1, 2, environment])
    os.close(environment)
    return sock


@contextmanager
def _held_still(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_an_owner_that_goes_before_it_is_served_harms_nobody(forks: Forks) -> None:
    wait_until(forks.spare_is_ready)
    async with forks.kernel() as bystander:
        wait_until(forks.spare_is_ready)
        pid = forks.status()["pid"]
        for fresh in (False, True):
            with _held_still(pid):
                _send(forks, fresh=fresh).close()
            assert forks.status()["pid"] == pid
        assert await bystander.value("6 * 7") == 42


async def test_a_spare_that_dies_while_it_is_handed_over_costs_its_owner_a_stock_kernel(forks: Forks) -> None:
    wait_until(forks.spare_is_ready)
    async with forks.kernel() as bystander:
        wait_until(forks.spare_is_ready)
        found = forks.status()
        (spare,) = [k["pid"] for k in found["kernels"] if k["state"] == "spare"]
        sock = wire.connect(str(forks.places.socket(forks.key)), timeout_s=10)
        assert forks.status()["pid"] == found["pid"]  # it has taken that connection, too
        with _held_still(found["pid"]):
            _send(forks, on=sock)
            os.kill(spare, signal.SIGKILL)
        with sock:
            (reply, files), (end, _) = wire.receive(sock), wire.receive(sock)
        for fd in files:
            os.close(fd)
        assert reply is not None
        assert reply["pid"] == spare
        assert end is not None
        assert "refused" in end or "exit" in end
        assert forks.status()["pid"] == found["pid"]
        assert await bystander.value("6 * 7") == 42
    wait_until(forks.spare_is_ready, 30)


async def test_two_owners_never_get_one_spare(forks: Forks) -> None:
    wait_until(forks.spare_is_ready)
    with _held_still(forks.status()["pid"]):
        socks = [_send(forks) for _ in range(2)]
    replies = [wire.receive(sock) for sock in socks]
    for sock, (_, files) in zip(socks, replies, strict=True):
        sock.close()
        os.close(files[0])
    assert [reply and reply["how"] for reply, _ in replies] == ["spare", "fork"]
    assert len({reply["pid"] for reply, _ in replies if reply}) == 2


async def test_a_signal_to_a_fork_that_has_just_begun_ends_no_other(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_start.py").write_text(
        textwrap.dedent(
            """
            import os, time

            def fork(fork=os.fork):
                pid = fork()
                if pid == 0:
                    time.sleep(0.3)
                return pid

            os.fork = fork
            """
        )
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with parent(folder, preload=("slow_start",), spares=0) as forks:
        async with forks.kernel() as bystander:
            _send(forks, fresh=True).close()
            wait_until(lambda: len(forks.status()["kernels"]) == 1)
            assert await bystander.value("6 * 7") == 42
            assert await bystander.manager.provisioner.poll() is None


@pytest.mark.parametrize(
    "changed",
    [
        {"began": ["HOME"]},
        {"began": {"HOME": 1}},
        {"limits": {"age_s": "1"}},
        {"limits": {"age_s": -1}},
        {"limits": {"sleep": 1}},
        {"limits": None},
        {"cwd": None},
        {"connection_file": 7},
        {"op": ["start"]},
    ],
    ids=str,
)
def test_a_request_that_is_none_is_refused(forks: Forks, changed: dict[str, Any]) -> None:
    with _send(forks, **changed) as sock:
        answer, _ = wire.receive(sock)
    assert answer is not None
    assert "refused" in answer
    assert forks.status()["pid"]


def test_a_request_without_its_files_is_refused(forks: Forks) -> None:
    assert "open files" in ask(forks.places, forks.key, _request(forks))["refused"]


async def test_an_environment_may_be_large(forks: Forks) -> None:
    large = {f"LARGE_{n}": "x" * 120_000 for n in range(8)}
    wait_until(forks.spare_is_ready)
    async with (
        forks.kernel(env={**os.environ, **large}) as spare,
        forks.kernel(env={**os.environ, **large}) as fork,
    ):
        assert (spare.how, fork.how) == ("spare", "fork")
        for kernel in (spare, fork):
            assert await kernel.value("len(__import__('os').environ['LARGE_7'])") == 120_000


async def test_a_parent_that_stands_still_is_waited_for_a_while(
    forks: Forks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provisioner, "_REPLY_S", 0.2)
    wait_until(forks.spare_is_ready)
    before = forks.status()
    with _held_still(before["pid"]):
        async with forks.kernel() as kernel:
            assert kernel.how == "stock"
            assert await kernel.value("6 * 7") == 42
    assert any("did not keep its word" in reason for reason in fallbacks(forks.places))
    # What was asked of it meanwhile makes no kernel that nobody knows of.
    wait_until(lambda: all(k["state"] in {"spare", "starting"} for k in forks.status()["kernels"]))
    assert forks.status()["pid"] == before["pid"]


async def test_too_many_open_files_refuse_one_kernel_and_end_none(folder: Path) -> None:
    with parent(folder, spares=0) as forks:
        pid = forks.status()["pid"]
        async with forks.kernel() as bystander:
            assert bystander.how == "fork"
            few = len(list(Path(f"/proc/{pid}/fd").iterdir())) + 8
            limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (few, limits[1]))
            flood = [wire.connect(str(forks.places.socket(forks.key)), timeout_s=5) for _ in range(40)]
            await asyncio.sleep(0.2)
            for sock in flood:
                sock.close()
            async with forks.kernel() as stock:
                assert stock.how == "stock"
            assert any("ulimit" in reason for reason in fallbacks(forks.places))
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
            async with forks.kernel() as again:
                assert again.how == "fork"
            assert await bystander.value("6 * 7") == 42


def test_two_hundred_owners_that_go_at_any_stage_leave_nothing(forks: Forks) -> None:
    wait_until(forks.spare_is_ready)
    pid = forks.status()["pid"]
    wait_until(lambda: len(forks.status()["kernels"]) == 1)
    before = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    for turn in range(200):
        with _send(forks, fresh=turn % 10 < 8) as sock:
            if turn % 4:  # stay for the answer
                reply, files = wire.receive(sock)
                assert reply is not None
                if turn % 4 > 1 and reply["how"] == "fork":
                    wire.send(sock, {"go": True})
                os.close(files[0])
    wait_until(lambda: [k["state"] for k in forks.status()["kernels"]] == ["spare"])
    wait_until(lambda: len(list(Path(f"/proc/{pid}/fd").iterdir())) <= before)
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert [int(child) for child in children] == [k["pid"] for k in forks.status()["kernels"]]
    left = {p.name.partition("-")[0] for p in forks.places.folder.glob("k*-*")}
    assert len(left) == 1


_PROBE = textwrap.dedent(
    """
    import os, signal

    def look(*_):
        here = os.environ["PROBE"]
        one, other = (bytes.fromhex(word) for word in open(here + ".needle").read().split())
        seen = False
        with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
            for line in maps.readlines():
                place, rights = line.split()[:2]
                if "rw" not in rights:
                    continue
                begin, end = (int(n, 16) for n in place.split("-"))
                memory.seek(begin)
                held = memory.read(end - begin)
                at = held.find(one)
                while at >= 0 and not seen:
                    seen = held[at + len(one):at + len(one) + len(other)] == other
                    at = held.find(one, at + 1)
                del held
        with open(here + ".draft", "w") as file:
            file.write("secret" if seen else "nothing")
        os.rename(here + ".draft", here + ".told")

    signal.signal(signal.SIGUSR1, look)
    """
)


async def test_no_password_of_a_kernel_stays_in_the_parents_memory(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "memory_probe.py").write_text(_PROBE)
    probe = tmp_path / "probe"
    halves, shown = (os.urandom(9).hex(), os.urandom(9).hex()), (os.urandom(9).hex(), os.urandom(9).hex())
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PROBE", str(probe))
    monkeypatch.setenv("SHOWN", "".join(shown))

    def told(pid: int, needle: tuple[str, str]) -> str:
        probe.with_suffix(".needle").write_text(" ".join(half.encode().hex() for half in needle))
        os.kill(pid, signal.SIGUSR1)
        wait_until(probe.with_suffix(".told").exists)
        answer = probe.with_suffix(".told").read_text()
        probe.with_suffix(".told").unlink()
        return answer

    with parent(folder, preload=("memory_probe",), carry=("PROBE", "SHOWN")) as forks:
        wait_until(forks.spare_is_ready)
        env = {**os.environ, "DATABASE": f"mysql://desk:{''.join(halves)}@db/desk"}
        async with forks.kernel(env=env) as spare, forks.kernel(env=env) as fork:
            assert (spare.how, fork.how) == ("spare", "fork")
            assert told(forks.status()["pid"], halves) == "nothing"
            assert told(forks.status()["pid"], shown) == "secret"  # the probe does find what is there
