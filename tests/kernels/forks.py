"""A parent of its own folder for the tests, and kernels of it driven as any Jupyter client drives them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from sillok.kernels import ForkProvisioner, Places, PromptKernelManager, Recipe, start_parent, wire

FLAGS = ("-Xfrozen_modules=off",)


def kernel_spec(env: dict[str, str] | None = None) -> KernelSpec:
    return KernelSpec(
        argv=[sys.executable, *FLAGS, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        display_name="test",
        language="python",
        env=env or {},
        metadata={"debugger": True},
    )


def ask(places: Places, key: str, message: dict[str, Any]) -> dict[str, Any]:
    sock = wire.connect(str(places.socket(key)), timeout_s=10)
    with sock:
        wire.send(sock, message)
        answer, _ = wire.receive(sock)
    assert answer is not None
    return answer


def wait_until(claim: Any, within_s: float = 60.0) -> Any:
    until = time.monotonic() + within_s
    while not (found := claim()):
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)
    return found


class Forks:
    """One parent, and how kernels of it are made."""

    def __init__(self, folder: Path, **recipe: Any) -> None:
        self.places = Places(folder)
        self.recipe = Recipe(**{"preload": ("numpy",), "flags": FLAGS, "spares": 1, **recipe})

    @property
    def key(self) -> str:
        return self.places.key(self.recipe, os.environ)

    def start(self) -> None:
        start_parent(self.places, self.recipe, os.environ)
        wait_until(self.places.socket(self.key).exists)

    def status(self) -> dict[str, Any]:
        return ask(self.places, self.key, {"op": "status"})

    def spare_is_ready(self) -> bool:
        try:
            return any(k["state"] == "spare" for k in self.status()["kernels"])
        except OSError:
            return False

    def stop(self) -> None:
        for path in self.places.parents():
            try:
                pid = ask(self.places, path.stem, {"op": "status"})["pid"]
                os.kill(pid, signal.SIGTERM)
            except OSError:
                continue

    @asynccontextmanager
    async def kernel(
        self, *, stock: bool = False, prompt: bool = True, **kwargs: Any
    ) -> AsyncIterator[Kernel]:
        """Give a started kernel and its client; it is shut down at the end."""
        config = {
            k: kwargs.pop(k) for k in list(kwargs) if k in ForkProvisioner.class_trait_names(config=True)
        }
        manager = (PromptKernelManager if prompt else AsyncKernelManager)(kernel_name="python3")
        manager._kernel_spec = kernel_spec(kwargs.pop("spec_env", None))
        if not stock:
            manager.provisioner = ForkProvisioner(
                kernel_id="test",
                kernel_spec=manager._kernel_spec,
                parent=manager,
                preload=list(self.recipe.preload),
                carry=list(self.recipe.carry),
                spares=self.recipe.spares,
                folder=str(self.places.folder),
                **config,
            )
        await manager.start_kernel(**kwargs)
        client = manager.client()
        client.start_channels()
        await client.wait_for_ready(60)
        try:
            yield Kernel(manager, client)
        finally:
            client.stop_channels()
            await manager.shutdown_kernel(now=True)


class Kernel:
    """A running kernel."""

    def __init__(self, manager: AsyncKernelManager, client: Any) -> None:
        self.manager, self.client = manager, client

    @property
    def how(self) -> str:
        return str(getattr(self.manager.provisioner, "how", "stock"))

    async def run(self, code: str, timeout: float = 60) -> list[dict[str, Any]]:
        """Execute ``code`` and return its outputs as (kind, content)."""
        outputs: list[dict[str, Any]] = []

        def take(message: dict[str, Any]) -> None:
            if message["msg_type"] not in {"status", "execute_input"}:
                outputs.append({"type": message["msg_type"], **message["content"]})

        # Not execute_interactive: it waits on the raw sockets, whose wake-ups can be lost (client.py says how).
        asked = self.client.execute(code, allow_stdin=False)
        idle = False
        while not idle:
            message = await self.client.get_iopub_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") == asked:
                take(message)
                idle = message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"
        while (await self.client.get_shell_msg(timeout=timeout))["parent_header"].get("msg_id") != asked:
            pass
        return outputs

    async def value(self, expression: str) -> Any:
        """Return what ``expression`` is in the kernel, by way of its repr."""
        outputs = await self.run(f"print(repr({expression}), end='')")
        assert all(o["type"] == "stream" for o in outputs), outputs
        return eval("".join(o["text"] for o in outputs))


@contextmanager
def parent(folder: Path, **recipe: Any) -> Iterator[Forks]:
    """Give a running parent, gone at the end."""
    forks = Forks(folder, **recipe)
    forks.start()
    try:
        yield forks
    finally:
        forks.stop()
