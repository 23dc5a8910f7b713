"""What a fork of the parent does to become a kernel."""

from __future__ import annotations

import asyncio
import atexit
import gc
import json
import mmap
import os
import resource
import signal
import socket
import struct
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import ipykernel.ipkernel
import ipykernel.kernelapp
import IPython.core.shellapp
import zmq
import zmq.asyncio
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.session import Session
from tornado.ioloop import IOLoop
from traitlets import Type

from sillok.kernels import restore, wire
from sillok.kernels.request import read_environment

__all__ = ["Activity", "Limits", "Restores", "Task", "become", "rehearse"]

_INLINE = "module://matplotlib_inline.backend_inline"
_set_by_shell: dict[str, str] = {}  # variables that a kernel sets when it begins, whatever they were
_GO_S = 10.0  # an owner that does not say go in this time has gone
_WARM_S = 20.0  # for a spare to answer itself
_CELL = {
    "silent": True,
    "store_history": False,
    "user_expressions": {},
    "allow_stdin": False,
    "stop_on_error": True,
}
_QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("kernel_info_request", {}),
    ("execute_request", {"code": "print(end='')", **_CELL}),
    ("execute_request", {"code": "get_ipython().display_formatter.format(0)", **_CELL}),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one kernel may use; 0 means no such limit."""

    memory_mb: int = 0  # of private memory beyond what the parent brought along
    cpu_s: int = 0  # of processor time; then SIGXCPU ends it
    idle_s: int = 0  # without executing; the parent ends it
    age_s: int = 0  # since it was handed over; the parent ends it

    def apply(self) -> None:
        """Set the limits that the operating system enforces, for this process."""
        if self.memory_mb:
            status = Path("/proc/self/status").read_text()
            held = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData"))
            most = held * 1024 + (self.memory_mb << 20)
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        if self.cpu_s:
            used = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2])) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (used + self.cpu_s, used + self.cpu_s + 5))


class Activity:
    """When a kernel was last busy: written by the kernel, read by the parent, in one shared page."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        self.note(busy=False)

    def note(self, *, busy: bool) -> None:
        """Say that the kernel began or ended to execute, now."""
        struct.pack_into("d?", self._page, 0, time.monotonic(), busy)

    def idle_s(self) -> float:
        """Return for how long it has not executed anything; 0 while it does."""
        since, busy = struct.unpack_from("d?", self._page, 0)
        return 0.0 if busy else time.monotonic() - since


@dataclass(frozen=True, slots=True)
class Restores:
    """What the parent measured before it forks, for its children to put right."""

    threads: restore.Threads
    asked: dict[str, str]  # the variables that number them, as they were given
    filters: restore.Filters
    environment: dict[str, str]  # variables that imports set
    kernel_modules: dict[str, Any]  # what was imported before the libraries: the debugger's idea of "kernel"


@dataclass(slots=True)
class Task:
    """What one fork has to do, and the open files it keeps for that."""

    restores: Restores
    activity: Activity
    endpoint: str  # where a spare binds its sockets
    tether: socket.socket | None = None  # to the owner; None for a spare
    control: socket.socket | None = None  # to the parent; a spare is handed over through it
    request: wire.Message | None = None
    files: tuple[int, ...] = ()  # standard output and error, and the environment


class _Modules:
    """``sys`` as a shell sees it while it notes the modules that are a kernel's own: with those few.

    It would walk some three thousand modules otherwise, which copies 17 MB of shared memory into each kernel,
    tells the debugger to step over the user's libraries, and ``%reset`` to keep them.
    """

    modules: dict[str, Any]

    def __init__(self, modules: dict[str, Any]) -> None:
        self.__dict__["modules"] = modules

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(sys, name, value)


class _Kernel(IPythonKernel):
    activity: Activity | None = None
    _busy: ClassVar[set[int]] = set()  # threads: a widget's message ends in a subshell while a cell goes on

    def _publish_status(self, status: str, channel: str, parent: Any = None) -> None:
        if self.activity is not None and channel == "shell":
            (self._busy.add if status == "busy" else self._busy.discard)(threading.get_ident())
            self.activity.note(busy=bool(self._busy))
        super()._publish_status(status, channel, parent)


class _App(IPKernelApp):
    kernel_class = Type(_Kernel, klass="ipykernel.kernelbase.Kernel")

    def parse_command_line(self, argv: Any = None) -> None:
        """Do nothing: only the connection file may be given, and building the parser takes 14 ms."""

    def init_poller(self) -> None:
        """Do nothing: the tether says when the owner has gone."""


def become(task: Task) -> NoReturn:
    """Turn this process, a fresh fork, into a kernel; it ends with the process."""
    code = 1
    try:
        _detach(task)
        if task.request is not None:
            _await_go(task)
            _take_on(task.request, task.files, task.restores.environment)
        app = _start(task)
        if task.control is None:
            _tell_ready(task, app)
        else:
            standing = _stand_by(task, app, task.control)
            IOLoop.current().add_callback(lambda: asyncio.ensure_future(standing))
        app.start()
        code = 0
    except SystemExit as err:
        code = err.code if isinstance(err.code, int) else 1
    except BaseException:  # noqa: BLE001  a fork must never return into its parent's code
        traceback.print_exc()
    finally:
        _end(code)


_REHEARSAL = """
import asyncio, contextlib
from IPython.display import display
display({"text/plain": "rehearsal"}, raw=True)
print("rehearsal")
1 / 0
"""


def rehearse(restores: Restores, endpoint: str, report: int) -> NoReturn:
    """Start a kernel without an owner, run a cell, tell which modules and variables that took, and end."""
    code = 1
    try:
        known = set(sys.modules)
        task = Task(restores, Activity(), endpoint)
        _detach(task, keep=report)
        app = _start(task)
        app.shell.run_cell(_REHEARSAL, silent=True)
        app.shell.complete("app.he")
        told = {
            "modules": sorted(set(sys.modules) - known),
            "environment": sorted(getattr(os.environ, "names", ())),
        }
        with os.fdopen(report, "wb") as pipe:
            pipe.write(json.dumps(told).encode())
        code = 0
    except BaseException:  # noqa: BLE001  a fork must never return into its parent's code
        traceback.print_exc(file=sys.__stderr__)
    finally:
        _end(code)


def _detach(task: Task, *, keep: int | None = None) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    kept = {0, 1, 2, *task.files} | {s.fileno() for s in (task.tether, task.control) if s is not None}
    if keep is not None:
        kept.add(keep)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  a list of numbers, not of paths
        if int(name) not in kept:
            try:
                os.close(int(name))
            except OSError:  # the listing's own
                continue


def _await_go(task: Task) -> None:
    """Wait until the owner has heard of this process: before that it may still start another on the same files."""
    tether = _tether(task)
    tether.settimeout(_GO_S)
    message, _ = wire.receive(tether)
    if message != {"go": True}:
        os._exit(1)
    tether.settimeout(None)


def _tether(task: Task) -> socket.socket:
    if task.tether is None:
        raise RuntimeError("this kernel has no owner yet")
    return task.tether


def _take_on(request: wire.Message, files: tuple[int, ...], given: Mapping[str, str]) -> None:
    """Take the owner's environment, folder, limits and streams; ``given`` is what this process has set by itself."""
    *streams, environment = files
    restore.apply_environment({**given, **read_environment(environment)})
    os.chdir(request["cwd"])
    os.umask(request["umask"])
    for target, file in zip((1, 2), streams, strict=True):
        _redirect(target, file)
    Limits(**request["limits"]).apply()


def _redirect(target: int, given: int) -> None:
    """Let the process's stream ``target`` go to the open file ``given``, also where ipykernel has put a pipe before it."""
    stream = (sys.stdout, sys.stderr)[target - 1]
    copy = getattr(stream, "_original_stdstream_copy", None)
    os.dup2(given, target if copy is None else copy)
    os.close(given)


def _start(task: Task) -> _App:
    restore.reseed()
    os.environ.setdefault("MPLBACKEND", _INLINE)
    before = dict(os.environ)
    app = _App.instance(parent_handle=os.getppid())
    sys.argv[:] = [""] if task.request is None else _argv(task.request)
    if task.request is None:
        app.transport, app.ip = "ipc", task.endpoint
        app.connection_file = task.endpoint + ".json"
    else:
        app.connection_file = task.request["connection_file"]
    _Kernel.activity = task.activity
    # Both look at all modules to tell which are the kernel's.
    ipykernel.ipkernel.sys = IPython.core.shellapp.sys = _Modules(task.restores.kernel_modules)
    try:
        app.initialize([])
    finally:
        ipykernel.ipkernel.sys = IPython.core.shellapp.sys = sys
    _set_by_shell.update({k: v for k, v in os.environ.items() if before.get(k) != v})
    task.restores.filters.restore()
    restore.redo_imports()
    # A library's new threads spin for some 25 ms: a spare has them before anybody waits for it.
    task.restores.threads.restore(task.restores.asked if task.request is None else os.environ)
    gc.enable()
    if task.tether is not None:
        _watch_owner(task.tether, app)
    return app


def _argv(request: wire.Message) -> list[str]:
    # The kernel's own launcher: its owner may live in another environment, and have none.
    launcher = Path(ipykernel.kernelapp.__file__).parents[1] / "ipykernel_launcher.py"
    return [str(launcher), "-f", request["connection_file"]]


def _connection(app: _App) -> wire.Message:
    ports = {
        f"{name}_port": getattr(app, f"{name}_port") for name in ("shell", "iopub", "stdin", "hb", "control")
    }
    return {
        **ports,
        "ip": app.ip,
        "transport": app.transport,
        "key": app.session.key.decode(),
        "signature_scheme": app.session.signature_scheme,
    }


def _tell_ready(task: Task, app: _App) -> None:
    ready = {"ready": True, "pid": os.getpid(), "connection": _connection(app)}
    wire.send(task.control if task.control is not None else _tether(task), ready)


async def _stand_by(task: Task, app: _App, control: socket.socket) -> None:
    """Answer oneself first, so that nobody waits for what a first answer costs; then wait to be handed over."""
    try:
        async with asyncio.timeout(_WARM_S):
            await _converse(app)
    except BaseException:  # noqa: BLE001  a spare that cannot answer is none: the parent's log says why
        traceback.print_exc(file=sys.__stderr__)
        _end(1)
    IOLoop.current().add_handler(control.fileno(), lambda *_: _claimed(task, app), IOLoop.READ)
    _tell_ready(task, app)


async def _converse(app: _App) -> None:
    """Ask this kernel by its own sockets as a client does; nothing of it stays: no count, no history, no name."""
    context = zmq.asyncio.Context.shadow(app.context)
    ends = {"shell": zmq.DEALER, "iopub": zmq.SUB}
    sockets = {name: context.socket(kind) for name, kind in ends.items()}
    session = Session(key=app.session.key, signature_scheme=app.session.signature_scheme)
    try:
        sockets["iopub"].subscribe(b"")
        for name, end in sockets.items():
            end.connect(f"ipc://{app.ip}-{getattr(app, f'{name}_port')}")
        for kind, content in _QUESTIONS:
            await sockets["shell"].send_multipart(session.serialize(session.msg(kind, content)))
            await sockets["shell"].recv_multipart()
            await sockets["iopub"].recv_multipart()
    finally:
        for end in sockets.values():
            end.close(linger=0)


def _claimed(task: Task, app: _App) -> None:
    """Take on the request that the parent hands to this spare."""
    if task.control is None:
        return
    IOLoop.current().remove_handler(task.control.fileno())
    message, given = wire.receive(task.control)
    if message is None:  # the parent has gone or does not want this spare
        _end(0)
    tether = socket.socket(fileno=given[0])
    began_in = str(Path.cwd())
    try:
        _take_on(message, tuple(given[1:]), {**task.restores.environment, "MPLBACKEND": _INLINE})
        os.environ.update(_set_by_shell)
        if sys.path[0] == began_in:
            sys.path[0] = str(Path.cwd())
        sys.argv[:] = _argv(message)
        session = os.environ.get("JPY_SESSION_NAME")
        if session and app.shell is not None:
            app.shell.user_ns["__session__"] = session
        restore.redo_imports()
        task.restores.threads.restore(os.environ)
        task.activity.note(busy=False)
    except (KeyError, OSError, TypeError, ValueError) as err:
        wire.send(tether, {"refused": f"the spare could not take on the request: {err}"})
        _end(1)
    task.control.close()
    task.control, task.tether = None, tether
    _watch_owner(tether, app)
    _tell_ready(task, app)


def _watch_owner(tether: socket.socket, app: _App) -> None:
    """End this kernel when its owner has gone, from a thread that user code does not hold up."""
    loop = app.control_thread.io_loop

    def look(*_: Any) -> None:
        if wire.receive(tether)[0] is None:
            os.killpg(os.getpgid(0), signal.SIGTERM)
            os._exit(1)

    loop.add_callback(lambda: loop.add_handler(tether.fileno(), look, IOLoop.READ))


def _end(code: int) -> NoReturn:
    """Leave as an interpreter does, without taking it apart: that costs a second and copies shared memory."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (OSError, ValueError, RuntimeError, asyncio.CancelledError):
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)
