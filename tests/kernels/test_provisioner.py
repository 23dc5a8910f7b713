"""A forked kernel is a kernel like any other, sooner."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
from pathlib import Path

import pytest

from tests.kernels.forks import Forks, wait_until

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="kernels are forked on Linux alone"
)


async def test_a_spare_is_handed_over_and_another_made(forks: Forks) -> None:
    wait_until(forks.spare_is_ready)
    async with forks.kernel() as kernel:
        assert kernel.how == "spare"
        assert await kernel.value("6 * 7") == 42
    wait_until(forks.spare_is_ready)


async def test_without_a_spare_the_parent_forks(forks: Forks) -> None:
    wait_until(forks.spare_is_ready)
    async with forks.kernel() as first, forks.kernel() as second:
        assert (first.how, second.how) == ("spare", "fork")
        assert await second.value("6 * 7") == 42
        assert await first.value("__import__('os').getppid()") == forks.status()["pid"]


@pytest.mark.parametrize("how", ["spare", "fork"])
async def test_it_takes_on_what_its_owner_gives(forks: Forks, how: str, tmp_path: Path) -> None:
    wait_until(forks.spare_is_ready)
    env = {**os.environ, "GREETING": "hello", "TZ": "Asia/Seoul", "PYTEST_CURRENT_TEST": "x"}
    env.pop("PWD", None)
    with (tmp_path / "log").open("wb") as log:
        await _drain_spare(forks, how)
        async with forks.kernel(env=env, cwd=str(tmp_path), stdout=log, stderr=log) as kernel:
            assert kernel.how == how
            got = await kernel.value(
                "(__import__('os').environ['GREETING'], __import__('os').getcwd(), __import__('time').tzname[0], "
                "'PWD' in __import__('os').environ)"
            )
            await kernel.run("import os; os.write(2, b'to the log')")
            argv = await kernel.value("__import__('sys').argv")
    assert got == ("hello", str(tmp_path), "KST", False)
    assert b"to the log" in (tmp_path / "log").read_bytes()
    assert argv[0].endswith("ipykernel_launcher.py")
    assert argv[1] == "-f"


_kept: list[object] = []


async def _drain_spare(forks: Forks, how: str) -> None:
    """Take the spare away where a plain fork is wanted."""
    if how == "fork":
        for kernel in forks.status()["kernels"]:
            if kernel["state"] == "spare":
                os.kill(kernel["pid"], signal.SIGKILL)
        wait_until(lambda: all(k["state"] != "spare" for k in forks.status()["kernels"]))


async def test_its_sockets_are_files_of_its_user_alone(forks: Forks) -> None:
    async with forks.kernel() as kernel:
        info = kernel.manager.get_connection_info()
        assert info["transport"] == "ipc"
        folder = Path(info["ip"]).parent
        assert stat.S_IMODE(folder.stat().st_mode) & 0o777 == 0o700
        assert stat.S_IMODE(Path(kernel.manager.connection_file).stat().st_mode) == 0o600


async def test_every_kernel_draws_its_own_random_numbers(forks: Forks) -> None:
    draw = (
        "(__import__('random').random(), __import__('numpy').random.rand(), __import__('uuid').uuid4().hex)"
    )
    async with forks.kernel() as one, forks.kernel() as two:
        first, second = await one.value(draw), await two.value(draw)
    assert all(a != b for a, b in zip(first, second, strict=True))


async def test_a_restart_keeps_the_connection(forks: Forks) -> None:
    async with forks.kernel() as kernel:
        before = kernel.manager.get_connection_info()
        await kernel.run("x = 1")
        await kernel.manager.restart_kernel()
        await kernel.client.wait_for_ready(60)
        assert kernel.manager.get_connection_info() == before
        assert kernel.how == "fork"
        assert await kernel.value("'x' in globals()") is False


async def test_an_interrupt_stops_what_it_does(forks: Forks) -> None:
    async with forks.kernel() as kernel:
        for code in ("import time; time.sleep(60)", "while True: pass"):
            running = asyncio.create_task(kernel.run(code))
            await asyncio.sleep(0.7)
            await kernel.manager.interrupt_kernel()
            outputs = await running
            assert outputs[-1]["ename"] == "KeyboardInterrupt"


async def test_its_end_is_told_with_its_code(forks: Forks) -> None:
    async with forks.kernel() as kernel:
        provisioner = kernel.manager.provisioner
        assert await provisioner.poll() is None
        kernel.client.execute("import os; os._exit(7)")
        assert await asyncio.wait_for(provisioner.wait(), 20) == 7
    async with forks.kernel() as kernel:
        os.kill(kernel.manager.provisioner.pid, signal.SIGSEGV)
        assert await asyncio.wait_for(kernel.manager.provisioner.wait(), 20) == -signal.SIGSEGV


async def test_what_it_started_ends_with_it(forks: Forks) -> None:
    async with forks.kernel() as kernel:
        child = await kernel.value("__import__('subprocess').Popen(['sleep', '600']).pid")
    wait_until(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text())


async def test_a_stream_that_must_be_a_pipe_gets_the_stock_kernel(forks: Forks) -> None:
    async with forks.kernel(stdout=-1) as kernel:
        assert kernel.how == "stock"
        assert await kernel.value("1 + 1") == 2
    reasons = [
        json.loads(line)["reason"] for line in (forks.places.folder / "fallbacks").read_text().splitlines()
    ]
    assert any("pipe" in reason for reason in reasons)


async def test_the_stock_manager_drives_it_too(forks: Forks) -> None:
    wait_until(forks.spare_is_ready)
    async with forks.kernel(prompt=False) as kernel:
        assert kernel.how == "spare"
        assert await kernel.value("1 + 1") == 2
        await kernel.manager.shutdown_kernel()
