"""A kernel provisioner for ``jupyter_client``: a kernel is a fork of a process that has everything imported.

Where no fork can be had, the stock provisioner starts the kernel, and the reason is logged and counted. In
``kernel.json``::

    "metadata": {"kernel_provisioner": {"provisioner_name": "forked", "config": {"preload": ["pandas"]}}}
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.localinterfaces import is_local_ip
from jupyter_client.provisioning import LocalProvisioner
from traitlets import Integer, List, Unicode

from sillok.kernels import wire
from sillok.kernels.fallbacks import note_fallback
from sillok.kernels.places import Places, Recipe
from sillok.kernels.request import sealed_environment

__all__ = ["ForkProvisioner", "NoFork", "parent_command", "start_parent"]

_REPLY_S = 5.0  # for a fork to be made
_READY_S = 30.0  # for a kernel to bind its sockets
_ENDING_S = 0.1  # for a kernel to end that was asked to
_ON_ITS_WAY_S = 120.0  # for a parent to import everything
_DETACH = """
import os, sys
if os.fork():
    os._exit(0)
os.setsid()
os.execv(sys.argv[1], sys.argv[1:])
"""
_LAUNCHER = ("-m", "ipykernel_launcher", "-f")


class NoFork(Exception):  # noqa: N818  not an error: the stock provisioner takes over
    """No fork can be had; the reason is the message."""


class _Stale(NoFork):
    """A parent made anew can serve what this one refused."""


class ForkProvisioner(LocalProvisioner):
    """Start kernels as forks; whatever stands in the way, start them as ever."""

    preload = List(Unicode(), config=True, help="Modules that the parent has imported, by full name.")
    carry = List(Unicode(), config=True, help="Variables whose values kernels of one parent must share.")
    spares = Integer(2, config=True, help="Kernels kept ready; each holds some 30 MB.")
    spare_memory_mb = Integer(256, config=True, help="The most that all spares of a parent may hold.")
    idle_exit_s = Integer(900, config=True, help="A parent without kernels ends after so long; 0: never.")
    memory_limit_mb = Integer(
        0, config=True, help="Private memory of a kernel beyond its parent's; 0: no limit."
    )
    cpu_limit_s = Integer(0, config=True, help="Processor seconds of a kernel; 0: no limit.")
    idle_limit_s = Integer(0, config=True, help="A kernel that executes nothing for so long ends; 0: never.")
    age_limit_s = Integer(0, config=True, help="A kernel ends so long after its start; 0: never.")
    folder = Unicode("", config=True, help="Where parents are found; empty: a folder of this user's own.")

    _fork: _Fork | None = None
    _obstacle: str | None = None  # why nothing can be kept in the folder
    _restarts: int | None = None  # how often a server wanted it restarted, before a limit ended it
    _ending = False  # the kernel was asked to end
    how = ""  # "spare", "fork" or "stock": how this kernel was last started

    @property
    def places(self) -> Places:
        """The folder of this user's parents."""
        return Places(Path(self.folder) if self.folder else None)

    @property
    def has_process(self) -> bool:
        """Whether a kernel is being looked after."""
        return self._fork is not None or super().has_process

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Prepare as the stock provisioner does, but over files of this user alone, which no one else can read."""
        km = self.parent
        self._obstacle = self.places.obstacle() if sys.platform == "linux" else None
        if sys.platform == "linux" and not self._obstacle and km is not None and self._may_use_files(km):
            km.transport, km.ip = "ipc", self.places.endpoint(uuid.uuid4().hex[:12])
            km.cache_ports = False
        return await super().pre_launch(**kwargs)

    def _may_use_files(self, km: Any) -> bool:
        return km.transport == "tcp" and not km.shell_port and is_local_ip(km.ip) and not self.ports_cached

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Claim a spare or a fork; else launch the command as ever."""
        self._ending = False
        if self._restarts is not None:  # somebody wants it back
            self.parent._restarter.restart_limit, self._restarts = self._restarts, None
        # A restarted kernel keeps its sockets' addresses: its clients stay connected. One whose messages are
        # encrypted has its keys in its file.
        fresh = self.how != "" or getattr(self.parent, "curve_publickey", None) is not None
        try:
            info = await self._claim(cmd, kwargs, fresh=fresh)
        except NoFork as why:
            self.log.warning("No forked kernel, the stock one is started: %s", why)
            if sys.platform == "linux":
                note_fallback(self.places, str(why))
            self.how = "stock"
            return await super().launch_kernel(cmd, **kwargs)
        self.cwd = kwargs.get("cwd") or Path.cwd()
        return info

    async def _claim(self, cmd: list[str], kwargs: dict[str, Any], *, fresh: bool) -> KernelConnectionInfo:
        if sys.platform != "linux":
            raise NoFork(f"{sys.platform} cannot hand kernels over; Linux can")
        if self._obstacle:
            raise NoFork(self._obstacle)
        recipe, file = self._read_command(cmd)
        env = dict(kwargs.get("env") or os.environ)
        self._check_streams(kwargs)
        places = self.places
        sock = _connect(places, recipe, env)
        request = {
            "op": "start",
            "name": str(env.get("JPY_SESSION_NAME") or self.kernel_id),
            "began": places.startup(recipe, env),
            "cwd": str(kwargs.get("cwd") or Path.cwd()),
            "umask": _umask(),
            "connection_file": file,
            "endpoint": self._endpoint(),
            "fresh": fresh,
            "limits": {
                "memory_mb": self.memory_limit_mb,
                "cpu_s": self.cpu_limit_s,
                "idle_s": self.idle_limit_s,
                "age_s": self.age_limit_s,
            },
        }
        streams = [_descriptor(kwargs.get(name), number) for name, number in (("stdout", 1), ("stderr", 2))]
        environment = sealed_environment(env)
        try:
            return await self._start(sock, request, [*streams, environment])
        except _Stale as why:
            _send_for_parent(places, recipe, env)
            raise NoFork(str(why)) from None
        finally:
            os.close(environment)

    def _endpoint(self) -> str:
        """Return the beginning of this kernel's sockets in our folder; else of none."""
        ip = str(self.connection_info.get("ip", ""))
        return ip if self.connection_info.get("transport") == "ipc" else self.places.endpoint("none")

    async def _start(
        self, sock: socket.socket, request: wire.Message, files: list[int]
    ) -> KernelConnectionInfo:
        fork = _Fork(sock)
        try:
            wire.send(sock, request, files)
            reply, given = await fork.receive(_REPLY_S)
            _check(reply)
            fork.pid, fork.pidfd = reply["pid"], given[0]
            if reply["how"] == "fork":
                wire.send(sock, {"go": True})
            ready, _ = await fork.receive(_READY_S)
            _check(ready)
        except (OSError, TimeoutError, ValueError, LookupError) as err:
            fork.close(kill=True)
            raise NoFork(f"the parent did not keep its word: {type(err).__name__}: {err}") from err
        except (NoFork, RuntimeError):
            fork.close(kill=True)
            raise
        self._fork, self.how = fork, reply["how"]
        self.pid = self.pgid = fork.pid
        if reply["how"] == "spare":
            self.connection_info = {**ready["connection"], "key": ready["connection"]["key"].encode()}
        return self.connection_info

    def _read_command(self, cmd: list[str]) -> tuple[Recipe, str]:
        *front, file = cmd
        flags = tuple(front[1 : -len(_LAUNCHER)])
        if tuple(front[-len(_LAUNCHER) :]) != _LAUNCHER or not all(f.startswith("-X") for f in flags):
            raise NoFork(f"the kernel's command is not the plain ipykernel launcher: {' '.join(cmd)}")
        recipe = Recipe(
            preload=tuple(self.preload),
            flags=flags,
            carry=tuple(self.carry),
            executable=front[0],
            spares=self.spares,
            spare_memory_mb=self.spare_memory_mb,
            idle_exit_s=self.idle_exit_s,
        )
        return recipe, file

    @staticmethod
    def _check_streams(kwargs: dict[str, Any]) -> None:
        for name in ("stdout", "stderr"):
            if kwargs.get(name) in {subprocess.PIPE, subprocess.STDOUT}:
                raise NoFork(f"{name} is to be a pipe, which only a child of this process can have")
        if kwargs.get("preexec_fn") is not None:
            raise NoFork("preexec_fn can only run in a child of this process")

    # -- the life of the kernel ------------------------------------------------------------------------------

    async def poll(self) -> int | None:
        """Return None while the kernel runs, else its exit code.

        Of a kernel that is asked to end, its end is waited for a moment: a manager would sleep before it asks again.
        """
        if self._fork is None:
            return await super().poll()
        if self._ending:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._fork.wait(), _ENDING_S)
        code = self._fork.poll()
        if code is not None and self._fork.why:
            self._leave_ended(self._fork.why)
        return code

    def _leave_ended(self, why: str) -> None:
        """Say why the kernel's parent ended it; a server that restarts dead kernels shall call this one dead."""
        if self._fork is not None:
            self._fork.why = ""
        self.log.warning("The kernel was ended: %s", why)
        restarter = getattr(self.parent, "_restarter", None)
        if restarter is not None:
            self._restarts, restarter.restart_limit = restarter.restart_limit, 0

    async def wait(self) -> int | None:
        """Wait for the kernel's end and return its exit code."""
        if self._fork is None:
            return await super().wait()
        code = await self._fork.wait()
        self._fork.close()
        self._fork = None
        return code

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel and what it has started."""
        if self._fork is None:
            await super().send_signal(signum)
        else:
            self._fork.signal(signum)

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Note that the kernel was asked to end."""
        self._ending = True

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel and what it has started."""
        self._ending = True
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        """Ask the kernel to end."""
        self._ending = True
        await self.send_signal(signal.SIGTERM)

    async def cleanup(self, restart: bool = False) -> None:
        """Let go of a kernel that has ended by itself, which nobody waits for."""
        if self._fork is not None and self._fork.poll() is not None:
            self._fork.close()
            self._fork = None
        await super().cleanup(restart=restart)

    async def load_provisioner_info(self, provisioner_info: dict[str, Any]) -> None:
        """Refuse: a forked kernel ends with the process that started it."""
        raise RuntimeError("a forked kernel ends with its owner; there is none to take over")


class _Fork:
    """The owner's side of one kernel: its process, and the connection whose end is the kernel's."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.pid = 0
        self.pidfd = -1
        self.code: int | None = None
        self.why = ""  # the limit that ended it
        sock.setblocking(False)

    def __del__(self) -> None:
        self.close()

    async def receive(self, within_s: float) -> tuple[wire.Message, list[int]]:
        await asyncio.wait_for(_readable(self.sock.fileno()), within_s)
        message, files = wire.receive(self.sock)
        if message is None:
            raise ConnectionResetError("the connection ended")
        return message, files

    def poll(self) -> int | None:
        if self.code is None and self.pidfd >= 0 and _is_readable(self.pidfd):
            self.code = self._told_code()
        return self.code

    def _told_code(self) -> int:
        """Return the code that the parent tells, once it has heard of the end; -1 if the parent has gone."""
        until = time.monotonic() + 1.0
        while _is_readable(self.sock.fileno(), max(0.0, until - time.monotonic())):
            try:
                message, _ = wire.receive(self.sock)
            except OSError:
                return -1
            if message is None:
                return -1
            if "exit" in message:
                self.why = message.get("why", "")
                return int(message["exit"])
        return -1

    async def wait(self) -> int:
        while (code := self.poll()) is None:
            own = os.dup(self.pidfd)  # a loop knows one reader of a descriptor, and several may wait
            try:
                await _readable(own)
            finally:
                os.close(own)
        return code

    def signal(self, signum: int) -> None:
        if self.poll() is not None:
            return
        # The pidfd tells that the number still is this kernel's; the group takes what it has started along.
        with contextlib.suppress(ProcessLookupError):
            try:
                os.killpg(self.pid, signum)
            except ProcessLookupError:
                signal.pidfd_send_signal(self.pidfd, signum)

    def close(self, *, kill: bool = False) -> None:
        """Let go of the kernel, which ends with it."""
        if kill and self.pidfd >= 0:
            self.signal(signal.SIGKILL)
        self.sock.close()
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = -1


def _connect(places: Places, recipe: Recipe, env: Mapping[str, str]) -> socket.socket:
    """Return a connection to the parent; ``NoFork`` if there is none, and then one is on its way."""
    try:
        places.ensure()
        sock = wire.connect(str(places.socket(places.key(recipe, env))), timeout_s=_REPLY_S)
    except (FileNotFoundError, ConnectionRefusedError):
        _send_for_parent(places, recipe, env)
        raise NoFork("the parent is being started; the next kernel will be its fork") from None
    except OSError as err:
        raise NoFork(f"the parent cannot be reached: {err}") from err
    if (owner := wire.peer_uid(sock)) != os.getuid():
        sock.close()
        raise NoFork(f"the parent belongs to user {owner}")
    return sock


def _send_for_parent(places: Places, recipe: Recipe, env: Mapping[str, str]) -> None:
    try:
        start_parent(places, recipe, env)
    except (OSError, subprocess.SubprocessError) as err:
        raise NoFork(f"a parent cannot be started: {err}") from err


def _check(reply: wire.Message) -> None:
    if reply.get("taken"):
        raise RuntimeError(f"{reply['refused']}; two kernels on one connection file would answer one client")
    if reply.get("stale"):
        raise _Stale(reply["refused"])
    if "refused" in reply:
        raise NoFork(reply["refused"])
    if "exit" in reply:
        raise NoFork(f"the kernel ended with {reply['exit']} before it was ready; the parent's log says why")


def _is_readable(fd: int, within_s: float = 0.0) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(1000 * within_s))


async def _readable(fd: int) -> None:
    loop = asyncio.get_running_loop()
    seen = loop.create_future()
    loop.add_reader(fd, lambda: None if seen.done() else seen.set_result(None))
    try:
        await seen
    finally:
        loop.remove_reader(fd)


def _descriptor(given: Any, default: int) -> int:
    if given is None:
        return default
    return given if isinstance(given, int) else int(given.fileno())


def _umask() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("Umask:"):
            return int(line.split()[1], 8)
    return 0o022


def parent_command(places: Places, recipe: Recipe) -> list[str]:
    """Return the command that becomes a parent for ``recipe``."""
    words = [recipe.executable, *recipe.flags, "-m", "sillok.kernels.server"]
    return [*words, "--folder", str(places.folder), "--recipe", recipe.text()]


def start_parent(places: Places, recipe: Recipe, env: Mapping[str, str]) -> None:
    """Start the parent for ``recipe`` and ``env`` in the background, unless one is on its way already."""
    places.ensure()
    key = places.key(recipe, env)
    mark = places.starting(key)
    if _is_on_its_way(mark):
        return
    mark.write_text("")
    with places.log(key).open("ab") as log:
        # Through a process in between that ends at once: the parent is nobody's child, and outlives us.
        subprocess.run(
            [recipe.executable, "-I", "-S", "-c", _DETACH, *parent_command(places, recipe)],
            env=places.startup(recipe, env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=places.folder,
            timeout=_READY_S,
            check=True,
        )


def _is_on_its_way(mark: Path) -> bool:
    """Return whether a process is becoming the parent: ``mark`` has its number, or was made a moment ago."""
    try:
        text, age = mark.read_text(), time.time() - mark.stat().st_mtime
        if text:
            os.kill(int(text), 0)
    except (
        FileNotFoundError,
        PermissionError,
        ProcessLookupError,
        ValueError,
    ):  # or it is somebody else by now
        return False
    return age < (_ON_ITS_WAY_S if text else _REPLY_S)
