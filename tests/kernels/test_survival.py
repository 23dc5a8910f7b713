"""What happens when something goes: the owner, the parent, a kernel, the socket, the library under it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from sillok.kernels import wire
from sillok.kernels.fallbacks import fallbacks
from sillok.kernels.request import sealed_environment
from tests.kernels.forks import Forks, ask, parent, wait_until

PROJECT = Path(__file__).resolve().parents[2]


def _gone(pid: int) -> bool:
    try:
        return "Z" in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1]
    except FileNotFoundError:
        return True


OWNER = """
import asyncio, sys
from pathlib import Path
from tests.kernels.forks import Forks

async def main():
    forks = Forks(Path(sys.argv[1]))
    async with forks.kernel() as one, forks.kernel() as two:
        for kernel in (one, two):
            print(kernel.how, await kernel.value("__import__('os').getpid()"), flush=True)
        two.client.execute("while True: pass")
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_kernels_end_with_their_owner_whatever_they_do(forks: Forks) -> None:
    wait_until(forks.spare_is_ready)
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(forks.places.folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    )
    assert owner.stdout is not None
    told = [owner.stdout.readline().split() for _ in range(2)]
    pids = [int(pid) for _, pid in told]
    assert [how for how, _ in told] == ["spare", "fork"]
    await asyncio.sleep(0.3)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    wait_until(lambda: all(_gone(pid) for pid in pids))
    wait_until(lambda: all(k["state"] != "kernel" for k in forks.status()["kernels"]))


async def test_kernels_outlive_their_parent_and_the_next_starts_as_ever(folder: Path) -> None:
    with parent(folder) as forks:
        wait_until(forks.spare_is_ready)
        async with forks.kernel() as spare, forks.kernel() as fork:
            os.kill(forks.status()["pid"], signal.SIGKILL)
            await asyncio.sleep(0.2)
            for kernel in (spare, fork):
                assert await kernel.value("6 * 7") == 42
                assert await kernel.manager.provisioner.poll() is None
            async with forks.kernel() as third:
                assert third.how == "stock"
                assert await third.value("6 * 7") == 42
            os.kill(spare.manager.provisioner.pid, signal.SIGKILL)
            assert await asyncio.wait_for(spare.manager.provisioner.wait(), 10) == -1  # nobody knows the code
        assert any("started" in reason for reason in fallbacks(forks.places))
        wait_until(forks.places.socket(forks.key).exists)
        wait_until(forks.spare_is_ready)
        async with forks.kernel() as fourth:
            assert fourth.how == "spare"


async def test_kernels_without_parent_still_end_with_their_owner(folder: Path) -> None:
    with parent(folder) as forks:
        wait_until(forks.spare_is_ready)
        owner = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(folder)], stdout=subprocess.PIPE, text=True, cwd=PROJECT
        )
        assert owner.stdout is not None
        pids = [int(owner.stdout.readline().split()[1]) for _ in range(2)]
        os.kill(forks.status()["pid"], signal.SIGKILL)
        owner.kill()
        owner.wait()
        owner.stdout.close()
        wait_until(lambda: all(_gone(pid) for pid in pids))


async def test_a_changed_library_makes_a_new_parent(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "lib" / "desk_library.py"
    library.parent.mkdir()
    library.write_text("ANSWER = 1\n")
    monkeypatch.setenv("PYTHONPATH", str(library.parent))
    with parent(folder, preload=("desk_library",)) as forks:
        wait_until(forks.spare_is_ready)
        first = forks.status()["pid"]
        async with forks.kernel() as old:
            assert old.how == "spare"
            assert await old.value("__import__('desk_library').ANSWER") == 1
            library.write_text("ANSWER = 2 + 0\n")
            async with forks.kernel() as meanwhile:
                assert meanwhile.how == "stock"
                assert await meanwhile.value("__import__('desk_library').ANSWER") == 2
            wait_until(lambda: forks.places.socket(forks.key).exists() and forks.status()["pid"] != first)
            wait_until(forks.spare_is_ready)
            async with forks.kernel() as new:
                assert new.how == "spare"
                assert await new.value("__import__('desk_library').ANSWER") == 2
            assert await old.value("1 + 1") == 2
        wait_until(lambda: _gone(first))
        assert sum("has changed" in reason for reason in fallbacks(forks.places)) == 1


async def test_a_library_that_starts_a_thread_is_not_forked(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "restless.py").write_text(
        textwrap.dedent(
            """
            import threading, time
            threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
            """
        )
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    forks = Forks(folder, preload=("restless",))
    async with forks.kernel() as kernel:
        assert kernel.how == "stock"
    log = forks.places.log(forks.key)
    wait_until(lambda: "starts threads" in log.read_text())
    assert not forks.places.socket(forks.key).exists()


async def test_a_thread_in_the_parent_stops_it_from_forking(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "late.py").write_text(
        textwrap.dedent(
            """
            import signal, threading, time
            signal.signal(signal.SIGUSR1, lambda *_: threading.Thread(target=time.sleep, args=(600,), daemon=True).start())
            """
        )
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with parent(folder, preload=("late",), spares=0) as forks:
        async with forks.kernel() as before:
            assert before.how == "fork"
            pid = forks.status()["pid"]
            os.kill(pid, signal.SIGUSR1)
            wait_until(lambda: len(list(Path(f"/proc/{pid}/task").iterdir())) == 2)
            async with forks.kernel() as after:
                assert after.how == "stock"
                assert await after.value("1 + 1") == 2
            assert await before.value("1 + 1") == 2
        assert any("threads" in reason for reason in fallbacks(forks.places))


async def test_no_secret_is_in_the_parent(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_PASSWORD", "open sesame")
    monkeypatch.setenv("PYTHON_API_TOKEN", "open sesame")
    monkeypatch.setenv("DATABASE", "mysql://desk:sesame@db")
    with parent(folder) as forks:
        environ = Path(f"/proc/{forks.status()['pid']}/environ").read_bytes()
        assert b"sesame" not in environ
        async with forks.kernel() as kernel:
            assert kernel.how != "stock"
            assert await kernel.value("__import__('os').environ['DESK_PASSWORD']") == "open sesame"


async def test_another_environment_gets_another_parent(folder: Path, tmp_path: Path) -> None:
    with parent(folder) as forks:
        env = {**os.environ, "PYTHONPATH": str(tmp_path), "OPENBLAS_NUM_THREADS": "1"}
        async with forks.kernel(env=env) as kernel:
            assert kernel.how == "stock"
            assert await kernel.value(f"{str(tmp_path)!r} in __import__('sys').path")
        other = forks.places.key(forks.recipe, env)
        assert other != forks.key
        wait_until(forks.places.socket(other).exists)
        async with forks.kernel(env=env) as kernel:
            assert kernel.how != "stock"
            assert await kernel.value(f"{str(tmp_path)!r} in __import__('sys').path")


async def test_an_owner_that_falls_silent_leaves_no_kernel(forks: Forks) -> None:
    """The answer is lost between the fork and its owner: what was forked must not take the sockets of the next."""
    wait_until(forks.spare_is_ready)
    request = {
        "op": "start", "name": "x", "began": forks.places.startup(forks.recipe, os.environ), "cwd": "/", "umask": 0o22, "connection_file": "/nowhere.json", "endpoint": "/nowhere", "fresh": True, "limits": {},
    }  # fmt: skip
    sock = wire.connect(str(forks.places.socket(forks.key)), timeout_s=10)
    wire.send(sock, request, [1, 2, sealed_environment(os.environ)])
    reply, files = wire.receive(sock)
    assert reply is not None
    sock.close()
    for fd in files:
        os.close(fd)
    wait_until(lambda: _gone(reply["pid"]))


async def test_two_kernels_never_share_a_connection_file(forks: Forks) -> None:
    async with forks.kernel() as kernel:
        await kernel.manager.restart_kernel()  # now on the sockets that its file names
        provisioner = kernel.manager.provisioner
        command = kernel.manager.format_kernel_cmd()
        with pytest.raises(RuntimeError, match="already uses"):
            await provisioner._claim(command, {"env": dict(os.environ)}, fresh=True)
        await kernel.client.wait_for_ready(60)
        assert await kernel.value("1 + 1") == 2


def test_nonsense_is_refused_and_harms_nobody(forks: Forks) -> None:
    assert "unknown operation" in ask(forks.places, forks.key, {"op": "dance"})["refused"]
    assert "not understood" in ask(forks.places, forks.key, {"op": "start"})["refused"]
    sock = wire.connect(str(forks.places.socket(forks.key)), timeout_s=10)
    sock.send(b"\xff\xfe not json")
    sock.close()
    assert forks.status()["pid"]


def test_a_folder_of_others_is_not_used(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with pytest.raises(PermissionError, match="this user alone"):
        Forks(folder).places.ensure()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_cannot_reach_it(forks: Forks) -> None:
    path = str(forks.places.socket(forks.key))
    code = f"import os, socket; os.setuid(65534); socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect({path!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "PermissionError" in done.stderr


async def test_a_kernel_keeps_within_its_memory(forks: Forks) -> None:
    async with forks.kernel(memory_limit_mb=200) as kernel:
        assert kernel.how != "stock"
        ok = await kernel.run("a = bytearray(50 << 20); print('fits')")
        too_much = await kernel.run("b = bytearray(400 << 20)")
    assert ok[-1]["text"] == "fits\n"
    assert too_much[-1]["ename"] == "MemoryError"


async def test_a_kernel_keeps_within_its_processor_time(forks: Forks) -> None:
    async with forks.kernel(cpu_limit_s=1) as kernel:
        kernel.client.execute("while True: pass")
        assert await asyncio.wait_for(kernel.manager.provisioner.wait(), 60) == -signal.SIGXCPU


async def test_idle_and_old_kernels_are_ended(forks: Forks) -> None:
    async with (
        forks.kernel(idle_limit_s=1) as idle,
        forks.kernel(age_limit_s=1) as old,
        forks.kernel() as neither,
    ):
        codes = [await asyncio.wait_for(k.manager.provisioner.wait(), 60) for k in (idle, old)]
        assert codes == [-signal.SIGTERM, -signal.SIGTERM]
        assert await neither.value("1 + 1") == 2
    counts = forks.status()["counts"]
    assert (counts["ended_idle"], counts["ended_age"]) == (1, 1)


async def test_a_parent_of_an_interpreter_that_is_gone_is_no_obstacle(folder: Path) -> None:
    with parent(folder) as forks:
        forks.places.socket(forks.key).unlink()
        async with forks.kernel() as kernel:
            assert kernel.how == "stock"
        shutil.rmtree(folder)
        async with forks.kernel() as kernel:
            assert kernel.how == "stock"
            assert await kernel.value("1 + 1") == 2
