"""What a parent does once it is made: kernels are forks of it.

One process, one thread, with everything imported. It listens on a socket that only its user can
open, keeps some forks ready as spares, tells each owner when its kernel ends, and ends kernels whose owner has gone.
"""

from __future__ import annotations

import contextlib
import logging
import os
import resource
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sillok.kernels import wire
from sillok.kernels.memory import available_mb, proportional_mb
from sillok.kernels.places import Places, Recipe
from sillok.kernels.preload import Freshness, tasks
from sillok.kernels.request import check_request

__all__ = ["InChild", "Parent", "Refused", "fork_quietly"]

log = logging.getLogger("sillok.kernels")

_REFILL_AFTER_S = 0.15  # a fork holds the next request up, so spares wait until the rush is over
_LOOK_S = 5.0  # how often files and limits are looked at
_SOONEST_S = 0.1  # and limits that are about to be reached
_GRACE_S = 5.0  # between asking a kernel to end and ending it
_START_S = 60.0  # a kernel that is not ready then is ended
_FREE_MB = 512  # memory that the machine must keep free for a spare to be made
_DEAF_S = 1.0  # how long no connection is taken after one could not be
_SPARE_FILES = 64  # open files that are kept for what is not a kernel
_FILES_EACH = 3  # open files of one kernel: its process, its owner, its control


@dataclass(slots=True)
class _Kernel:
    pid: int
    pidfd: int
    how: str  # "fork" or "spare"
    activity: Any
    began: float
    endpoint: str
    control: socket.socket | None = None  # of a spare that is not handed over
    tether: socket.socket | None = None  # to the owner
    connection: wire.Message | None = None  # of a spare that is ready
    name: str = ""
    file: str = ""  # its connection file
    limits: dict[str, int] = field(default_factory=dict)
    claimed: float | None = None
    ending: float | None = None  # when it was asked to end
    why: str = ""  # the limit that ended it

    @property
    def state(self) -> str:
        if self.ending is not None:
            return "ending"
        if self.claimed is not None:
            return "kernel"
        return "starting" if self.connection is None else "spare"


class InChild(BaseException):
    """Raised in a fork, to leave the parent's loop with the task that makes it a kernel."""

    def __init__(self, task: Any) -> None:
        super().__init__()
        self.task = task


class Refused(Exception):  # noqa: N818  an answer, said to the owner
    """This parent does not serve the request. ``stale``: another can, made anew. ``taken``: nobody may."""

    def __init__(self, reason: str, *, stale: bool = False, taken: bool = False) -> None:
        super().__init__(reason)
        self.answer = {"refused": reason, "stale": stale, "taken": taken}


class Parent:
    """Serve requests until stopped, idle for too long, or out of date with nothing left to look after."""

    def __init__(self, places: Places, recipe: Recipe, key: str, restores: Any, freshness: Freshness) -> None:
        self.places, self.recipe, self.key = places, recipe, key
        self._restores = restores
        self._freshness = freshness
        self._kernels: dict[int, _Kernel] = {}  # by pid
        self._waiting: dict[int, socket.socket] = {}  # connections without a request yet, by descriptor
        self._listener: socket.socket | None = None
        self._deaf_until = 0.0
        self._pid = os.getpid()
        self._began = self._last_use = time.monotonic()
        self._refill_at = 0.0
        self._look_at = 0.0
        self._due_at = 0.0  # when a limit may be reached next
        self._count = 0
        self._stale: str | None = None
        self.counts = {
            "forks": 0,
            "spares_used": 0,
            "refused": 0,
            "failed": 0,
            "ended_idle": 0,
            "ended_age": 0,
        }

    # -- the loop ------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Listen and look after the kernels; raises InChild in a fork.

        Told to end, the parent takes its kernels along; failing, it leaves them to their owners.
        """
        path = self.places.socket(self.key)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.unlink(missing_ok=True)
        self._listener = wire.listen(str(draft))
        self.places.starting(self.key).unlink(missing_ok=True)
        draft.replace(path)  # whoever listened there before only looks after its own kernels from now on
        self._inode = path.stat().st_ino
        log.info("ready: %d modules, %d MB", len(sys.modules), proportional_mb(os.getpid()))
        try:
            while self._wanted():
                self._turn()
        except (SystemExit, KeyboardInterrupt):
            self._farewell(path)
            raise
        except Exception:
            self._farewell(path, kernels_too=False)
            raise
        self._farewell(path)

    def _wanted(self) -> bool:
        if self._listener is not None and not self._listening():
            self._withdraw("another parent has taken this one's place")
        owned = any(k.claimed is not None for k in self._kernels.values())
        if owned:
            return True
        if self._listener is None:
            return False
        idle = time.monotonic() - self._last_use
        return not self.recipe.idle_exit_s or idle < self.recipe.idle_exit_s

    def _listening(self) -> bool:
        try:
            return self.places.socket(self.key).stat().st_ino == self._inode
        except OSError:  # the file or its folder has gone, or is no longer ours to see
            return False

    def _withdraw(self, reason: str) -> None:
        """Serve no new request; the kernels there are go on."""
        log.info("draining: %s", reason)
        self._stale = reason
        if self._listener is not None:
            if self._listening():
                self.places.socket(self.key).unlink(missing_ok=True)
            self._listener.close()
            self._listener = None
        for kernel in [k for k in self._kernels.values() if k.claimed is None]:
            self._end(kernel, signal.SIGKILL)

    def _farewell(self, path: Path, *, kernels_too: bool = True) -> None:
        if os.getpid() != self._pid:  # a fork that failed on its way to become a kernel has nothing to end
            return
        if self._listener is not None and self._listening():
            path.unlink(missing_ok=True)
        for kernel in list(self._kernels.values()):
            if kernels_too or kernel.claimed is None:
                self._end(kernel, signal.SIGKILL)
                self.places.remove_sockets(kernel.endpoint)
        log.info("ended")

    def _turn(self) -> None:
        poll = select.poll()  # made anew: a child that closes its copies must not change the parent's
        by_fd: dict[int, tuple[str, Any]] = {}

        def watch(fd: int, events: int, what: str, subject: Any) -> None:
            poll.register(fd, events)
            by_fd[fd] = (what, subject)

        if self._listener is not None and time.monotonic() >= self._deaf_until:
            watch(self._listener.fileno(), select.POLLIN, "accept", None)
        for fd, sock in self._waiting.items():
            watch(fd, select.POLLIN, "request", sock)
        for kernel in self._kernels.values():
            watch(kernel.pidfd, select.POLLIN, "ended", kernel)
            if kernel.tether is not None:
                watch(kernel.tether.fileno(), 0, "owner", kernel)  # its messages are the kernel's to read
            if kernel.control is not None:
                watch(kernel.control.fileno(), select.POLLIN, "spare", kernel)
        for fd, _ in poll.poll(self._patience_ms()):
            what, subject = by_fd[fd]
            if isinstance(subject, _Kernel) and subject.pid not in self._kernels:
                continue  # its end came in the same round
            getattr(self, f"_on_{what}")(subject)
        self._keep_time()

    def _patience_ms(self) -> int:
        now = time.monotonic()
        until = [self._look_at, self._due_at]
        if self._deaf_until > now:
            until.append(self._deaf_until)
        if self._short_of_spares():
            until.append(self._refill_at)
        return max(0, int(1000 * (min(until) - now)) + 1)

    def _keep_time(self) -> None:
        now = time.monotonic()
        if now >= self._due_at:
            self._hold_limits(now)
            self._due_at = self._next_due(now)
        if now >= self._look_at:
            self._look_at = now + _LOOK_S
            if self._listener is not None and (changed := self._freshness.changed(thorough=True)):
                self._withdraw(f"{changed} has changed")
        if self._short_of_spares() and now >= self._refill_at:
            self._refill_at = now + _REFILL_AFTER_S
            self._add_spare()

    # -- what happens --------------------------------------------------------------------------------------------

    def _on_accept(self, _: None) -> None:
        if self._listener is None:
            return
        try:
            sock = wire.accept(self._listener)
        except (
            OSError
        ) as err:  # too many open files, most likely: those that wait are taken when some are closed
            log.warning("a connection could not be taken: %s", err)
            self._deaf_until = time.monotonic() + _DEAF_S
            return
        if wire.peer_uid(sock) not in {os.getuid(), 0}:
            log.warning("refused a connection of user %d", wire.peer_uid(sock))
            sock.close()
            return
        self._waiting[sock.fileno()] = sock

    def _on_request(self, sock: socket.socket) -> None:
        del self._waiting[sock.fileno()]
        try:
            message, files = wire.receive(sock)
        except (OSError, ValueError) as err:
            log.warning("a request could not be read: %s", err)
            sock.close()
            return
        if message is None:
            sock.close()
            return
        kept = False
        try:
            kept = self._answer(sock, message, files)
        except Refused as why:
            self.counts["refused"] += 1
            self._say(sock, why.answer)
        except (KeyError, TypeError, ValueError) as err:
            self._say(sock, {"refused": f"the request is not understood: {type(err).__name__}: {err}"})
        except (
            OSError
        ) as err:  # of this request alone, e.g. its owner has gone: the other kernels know nothing of it
            self.counts["failed"] += 1
            log.warning("a request could not be served: %s", err)
        finally:
            # In a fork as well: what the child keeps of these it has in its task.
            if sys.exc_info()[0] is not InChild:
                for given in files:
                    os.close(given)
                if not kept:
                    sock.close()

    def _answer(self, sock: socket.socket, message: wire.Message, files: list[int]) -> bool:
        match message["op"]:
            case "start":
                self._last_use = time.monotonic()
                self._start(sock, message, files)
                return True
            case "status":
                self._say(sock, self.status())
            case "stop":
                self._withdraw("stopped from outside")
                self._say(sock, {"ok": True})
            case other:
                raise Refused(f"unknown operation {other!r}")
        return False

    def _start(self, sock: socket.socket, message: wire.Message, files: list[int]) -> None:
        check_request(message, files)
        if changed := self._freshness.changed():
            self._withdraw(f"{changed} has changed")
            raise Refused(f"{changed} has changed since the parent imported it", stale=True)
        if self.places.key(self.recipe, message["began"]) != self.key:
            raise Refused("the environment is not the one that this parent was made for", stale=True)
        if hidden := self._freshness.shadowed_by(message["cwd"]):
            raise Refused(
                f"{message['cwd']} has modules of its own that are imported already: {', '.join(hidden)}"
            )
        for kernel in self._kernels.values():
            if kernel.file == message["connection_file"] and kernel.ending is None:
                raise Refused(f"kernel {kernel.pid} already uses {kernel.file}", taken=True)
        spare = None if message["fresh"] else self._ready_spare()
        self._refill_at = time.monotonic() + _REFILL_AFTER_S
        if spare is not None and spare.control is not None:
            self._hand_over(spare, spare.control, sock, message, files)
            return
        kernel = self._fork(tether=sock, request=message, files=tuple(files))
        kernel.tether, kernel.claimed = sock, time.monotonic()
        self._named(kernel, message)
        self.counts["forks"] += 1
        try:
            wire.send(sock, {"pid": kernel.pid, "how": "fork"}, [kernel.pidfd])
        except OSError as err:  # the owner has gone; so will the kernel
            log.warning("kernel %d has lost its owner before it began: %s", kernel.pid, err)

    def _hand_over(
        self,
        spare: _Kernel,
        control: socket.socket,
        sock: socket.socket,
        message: wire.Message,
        files: list[int],
    ) -> None:
        wire.send(sock, {"pid": spare.pid, "how": "spare"}, [spare.pidfd])
        try:
            wire.send(control, message, [sock.fileno(), *files])
        except OSError as err:
            self._end(spare, signal.SIGKILL)
            raise Refused(f"the spare ended while it was handed over: {err}") from err
        control.close()
        spare.control, spare.tether, spare.claimed = None, sock, time.monotonic()
        self._named(spare, message)
        self.counts["spares_used"] += 1

    def _named(self, kernel: _Kernel, message: wire.Message) -> None:
        self._due_at = min(self._due_at, time.monotonic() + _SOONEST_S)
        kernel.name, kernel.limits, kernel.file = (
            message["name"],
            message["limits"],
            message["connection_file"],
        )
        # Its own, if it is a fork: what the owner cannot tidy up when it is killed.
        kernel.endpoint = message["endpoint"] if kernel.how == "fork" else kernel.endpoint

    def _on_owner(self, kernel: _Kernel) -> None:
        if kernel.tether is not None:
            kernel.tether.close()
            kernel.tether = None
            self._end(kernel, signal.SIGTERM)

    def _on_spare(self, kernel: _Kernel) -> None:
        if kernel.control is None:
            return
        try:
            message, _ = wire.receive(kernel.control)
        except (OSError, ValueError):
            message = None
        if message is None:  # its end is told by its pidfd
            kernel.control.close()
            kernel.control = None
        else:
            kernel.connection = message["connection"]

    def _on_ended(self, kernel: _Kernel) -> None:
        _, status = os.waitpid(kernel.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if kernel.claimed is None and kernel.ending is None:
            self.counts["failed"] += 1
            self._refill_at = time.monotonic() + _LOOK_S  # whatever broke it may break the next
            log.warning("a spare ended by itself with %d", code)
        if kernel.tether is not None:
            self._say(kernel.tether, {"exit": code, "why": kernel.why})
            kernel.tether.close()
        if kernel.control is not None:
            kernel.control.close()
        os.close(kernel.pidfd)
        del self._kernels[kernel.pid]
        self.places.remove_sockets(kernel.endpoint)
        self._last_use = time.monotonic()

    @staticmethod
    def _say(sock: socket.socket, message: wire.Message) -> None:
        with contextlib.suppress(OSError):  # who asked has gone, or does not read: nobody to tell
            sock.settimeout(1.0)
            wire.send(sock, message)

    # -- kernels -------------------------------------------------------------------------------------------------

    def _fork(self, **task: Any) -> _Kernel:
        from sillok.kernels.child import Activity, Task

        running = tasks()
        if len(running) != 1:
            self._withdraw(f"it has threads: {', '.join(running)}")
            raise Refused(
                f"unfit: the parent has {len(running)} threads ({', '.join(running)}); a fork could hang"
            )
        self._check_files()
        self._count += 1
        endpoint = self.places.endpoint(f"{os.getpid():x}.{self._count:x}")
        activity = Activity()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = fork_quietly()
        if pid == 0:
            raise InChild(Task(self._restores, activity, endpoint, **task))
        how = "spare" if "control" in task else "fork"
        kernel = _Kernel(pid, os.pidfd_open(pid), how, activity, time.monotonic(), endpoint)
        self._kernels[pid] = kernel
        return kernel

    def _check_files(self) -> None:
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if _FILES_EACH * (len(self._kernels) + 1) + len(self._waiting) + _SPARE_FILES > most:
            raise Refused(f"the parent may open {most} files (ulimit -n), too few for one more kernel")

    def _spares(self) -> list[_Kernel]:
        return [k for k in self._kernels.values() if k.claimed is None and k.ending is None]

    def _ready_spare(self) -> _Kernel | None:
        return next((k for k in self._spares() if k.connection and k.control), None)

    def _short_of_spares(self) -> bool:
        return self._listener is not None and len(self._spares()) < self.recipe.spares

    def _add_spare(self) -> None:
        held = sum(proportional_mb(k.pid) for k in self._spares())
        if held >= self.recipe.spare_memory_mb or available_mb() < _FREE_MB:
            self._refill_at = time.monotonic() + _LOOK_S
            return
        ours, theirs = wire.pair()
        try:
            kernel = self._fork(control=theirs)
        except Refused as why:
            log.warning("no spare: %s", why)
            self._refill_at = time.monotonic() + _LOOK_S
            ours.close()
            return
        finally:
            if sys.exc_info()[0] is not InChild:
                theirs.close()
        kernel.control = ours

    def _end(self, kernel: _Kernel, signum: int) -> None:
        kernel.ending = kernel.ending or time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            try:
                os.killpg(kernel.pid, signum)
            except ProcessLookupError:  # it has not made its group yet
                signal.pidfd_send_signal(kernel.pidfd, signum)

    def _hold_limits(self, now: float) -> None:
        for kernel in list(self._kernels.values()):
            if kernel.ending is not None:
                if now - kernel.ending > _GRACE_S:
                    self._end(kernel, signal.SIGKILL)
                continue
            if kernel.claimed is None:
                if kernel.connection is None and now - kernel.began > _START_S:
                    self._end(kernel, signal.SIGKILL)
                continue
            age, idle = kernel.limits.get("age_s", 0), kernel.limits.get("idle_s", 0)
            if age and now - kernel.claimed > age:
                self.counts["ended_age"] += 1
                kernel.why = f"it is older than its limit of {age} s"
                self._end(kernel, signal.SIGTERM)
            elif idle and kernel.activity.idle_s() > idle:
                self.counts["ended_idle"] += 1
                kernel.why = f"it has been idle for longer than its limit of {idle} s"
                self._end(kernel, signal.SIGTERM)

    def _next_due(self, now: float) -> float:
        """Return when to look at the limits again: as soon as one can be reached, and not ten times a second."""
        due = now + _LOOK_S
        for kernel in self._kernels.values():
            if kernel.claimed is None or kernel.ending is not None:
                continue
            if age := kernel.limits.get("age_s", 0):
                due = min(due, kernel.claimed + age)
            if idle := kernel.limits.get("idle_s", 0):
                due = min(due, now + idle - kernel.activity.idle_s())
        return max(due, now + _SOONEST_S)

    def status(self) -> wire.Message:
        """Return what this parent looks after, with memory in MB."""
        now = time.monotonic()
        kernels = [
            {
                "pid": k.pid,
                "state": k.state,
                "how": k.how,
                "name": k.name,
                "age_s": round(now - (k.claimed or k.began)),
                "idle_s": round(k.activity.idle_s()),
                "memory": proportional_mb(k.pid, parts=True),
                "limits": {n: v for n, v in k.limits.items() if v},
            }
            for k in self._kernels.values()
        ]
        return {
            "key": self.key,
            "pid": os.getpid(),
            "age_s": round(now - self._began),
            "modules": len(sys.modules),
            "memory": proportional_mb(os.getpid(), parts=True),
            "preload": list(self.recipe.preload),
            "spares_wanted": self.recipe.spares,
            "stale": self._stale,
            "counts": self.counts,
            "kernels": kernels,
        }


def fork_quietly() -> int:
    """Fork; no signal reaches the child before it has handlers of its own: the parent's would end other kernels."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    pid = -1
    try:
        pid = os.fork()
    except OSError as err:
        raise Refused(f"the system gives no process: {err}") from err
    finally:
        if pid != 0:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
    return pid
