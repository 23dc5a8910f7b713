"""The room is a package of its own: copied alone, with nothing of this project beside it, it forks kernels."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import sillok.kernels

ALONE = """
import asyncio, os, signal, sys, time
from pathlib import Path

site, copy, folder = sys.argv[1:]
sys.path[:0] = [copy]
sys.path.append(site)  # without its .pth files: what others have installed, and not this project

from jupyter_client.kernelspec import KernelSpec
from sillok.kernels import ForkProvisioner, Places, PromptKernelManager, Recipe, start_parent
from sillok.kernels.status import read_status
import sillok

assert list(sillok.__path__) == [copy + "/sillok"], sillok.__path__

async def main():
    os.environ["PYTHONPATH"] = os.pathsep.join([copy, site])
    places, recipe = Places(Path(folder)), Recipe(preload=("numpy",), spares=1)
    start_parent(places, recipe, os.environ)
    until = time.monotonic() + 60
    while not any(k["state"] == "spare" for p in read_status(places)["parents"] for k in p.get("kernels", [])):
        assert time.monotonic() < until, places.log(places.key(recipe, os.environ)).read_text()
        await asyncio.sleep(0.05)
    manager = PromptKernelManager()
    manager._kernel_spec = KernelSpec(argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"])
    manager.provisioner = ForkProvisioner(kernel_id="k", kernel_spec=manager._kernel_spec, parent=manager,
                                          preload=["numpy"], spares=1, folder=folder)
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(60)
    reply = await client._async_execute_interactive("import numpy, sys; assert 'sillok.desk' not in sys.modules", timeout=60)
    print(manager.provisioner.how, reply["content"]["status"])
    client.stop_channels()
    await manager.shutdown_kernel(now=True)
    (parent,) = read_status(places)["parents"]
    os.kill(parent["pid"], signal.SIGTERM)

asyncio.run(main())
"""


def test_the_room_copied_alone_forks_kernels() -> None:
    room = Path(sillok.kernels.__file__).parent
    with tempfile.TemporaryDirectory(prefix="alone-") as name:
        copy = Path(name) / "copy"
        shutil.copytree(room, copy / "sillok" / "kernels", ignore=shutil.ignore_patterns("__pycache__"))
        words = [sysconfig.get_path("purelib"), str(copy), f"{name}/f"]
        # Without the site module's work the environment's .pth files lead nowhere.
        env = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        done = subprocess.run(
            [sys.executable, "-S", "-c", ALONE, *words],
            capture_output=True,
            text=True,
            cwd=name,
            env=env,
            check=False,
        )
    assert done.stdout == "spare ok\n", done.stderr
