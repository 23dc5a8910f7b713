"""Real servers for tests: a private MariaDB, PostgreSQL or S3 (Ceph RGW), each in a folder of its own.

One server of a kind serves all pytest workers of a run. Its keeper is a process of this module: it starts the
server, says where it listens, and waits until nobody holds the users' lock any more. The kernel drops a lock
with the process that held it, so that a killed test run leaves no server behind.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["KINDS", "LASTING_S", "borrow", "find_browser", "free_port", "missing_programs", "sweep"]

READY_S = 120.0  # a busy two-core machine; an idle one needs 1 to 15 s
LASTING_S = 20.0  # a server that does not end by itself by then is killed
_PORTS = range(15_000, 32_000)
_POSTGRES_DIRS = "/usr/lib/postgresql"

PROGRAMS: Mapping[str, Sequence[str]] = {
    "mariadb": ("mariadbd", "mariadb-install-db", "mariadb", "mariadb-admin"),
    "postgres": ("initdb", "postgres", "psql", "pg_isready"),
    "s3": ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph-authtool", "monmaptool", "ceph"),
}


def _search_path() -> str:
    newest_first = sorted(
        Path(_POSTGRES_DIRS).glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True
    )
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", *map(str, newest_first)])


def missing_programs(kind: str) -> list[str]:
    """Return the programs that a server of ``kind`` needs and this machine lacks."""
    return [name for name in PROGRAMS[kind] if shutil.which(name, path=_search_path()) is None]


def find_browser() -> str | None:
    """Return the path of a Chromium or Chrome that is installed, never one that Playwright fetches."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((found for name in names if (found := shutil.which(name))), None)


def free_port(run: int = 1) -> int:
    """Return the first of ``run`` neighbouring ports of 127.0.0.1 that are free at this moment.

    From below those that the kernel gives to outgoing connections, which would take one before its server is up.
    """
    for _ in range(100):
        first = random.SystemRandom().randrange(_PORTS.start, _PORTS.stop - run)
        try:
            for port in range(first, first + run):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise RuntimeError(f"found no {run} free neighbouring ports on 127.0.0.1 in 100 tries")


@contextmanager
def borrow(kind: str, root: Path) -> Iterator[dict[str, Any]]:
    """Share the one server of ``kind`` under ``root``; start it if nobody has, end it after the last user.

    Yields
    ------
    dict
        What a client needs: ``port`` and the credentials of that kind.
    """
    folder = root / kind
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "start.lock").open("w") as start, (folder / "users.lock").open("w") as users:
        fcntl.flock(start, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_SH)  # waits for a keeper that is just ending its server
        ready = folder / "ready.json"
        if not ready.exists():
            _start_keeper(kind, folder, ready)
        fcntl.flock(start, fcntl.LOCK_UN)
        yield json.loads(ready.read_text())


def sweep(root: Path) -> None:
    """Wait until the servers under ``root`` have ended, then remove the folder."""
    deadline = time.monotonic() + LASTING_S
    while time.monotonic() < deadline and any((root / kind / "server").exists() for kind in PROGRAMS):
        time.sleep(0.05)
    shutil.rmtree(root, ignore_errors=True)


def _start_keeper(kind: str, folder: Path, ready: Path) -> None:
    log = folder / "keeper.log"
    with log.open("w") as out:
        keeper = subprocess.Popen(
            [sys.executable, __file__, kind, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal ends the tests; the keeper follows by the lock
        )
    deadline = time.monotonic() + READY_S + 30
    while not ready.exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            keeper.kill()
            raise RuntimeError(f"the {kind} server did not start; {log} says: {log.read_text()[-2000:]}")
        time.sleep(0.02)
    keeper.returncode = 0  # it outlives this process on purpose: no warning about a running child


class Daemons:
    """The processes of one server; ended in reverse order, and by the kernel should the keeper die."""

    def __init__(self, folder: Path, user: str | None = None) -> None:
        self.folder = folder
        # PostgreSQL refuses to run as root and MariaDB warns; without root everything runs as oneself.
        self._as_user: list[str] = []
        if user is not None and os.geteuid() == 0:
            entry = pwd.getpwnam(user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
            self._as_user = [
                "setpriv",
                f"--reuid={entry.pw_uid}",
                f"--regid={entry.pw_gid}",
                "--clear-groups",
            ]
        self._environment = {**os.environ, "PATH": _search_path(), "LC_ALL": "C.UTF-8", "HOME": str(folder)}
        self._running: list[tuple[subprocess.Popen[bytes], signal.Signals]] = []

    def set(self, name: str, value: str) -> None:
        self._environment[name] = value

    def call(self, *command: object, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*self._as_user, *map(str, command)],
            env=self._environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=not check,
            timeout=READY_S,
            check=check,
        )

    def start(self, *command: object, stop_by: signal.Signals = signal.SIGTERM) -> None:
        end_with_keeper = ["setpriv", f"--pdeathsig={stop_by.name.removeprefix('SIG')}", *self._as_user[1:]]
        process = subprocess.Popen(
            [*end_with_keeper, *map(str, command)],
            env=self._environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
        )
        self._running.append((process, stop_by))

    def wait_until(self, claim: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_S
        while not claim():
            for process, _ in self._running:
                if process.poll() is not None:
                    raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"not ready after {READY_S:.0f} s")
            time.sleep(0.02)

    def kill(self) -> None:
        """End the processes as a power cut does."""
        for process, _ in reversed(self._running):
            process.kill()
            process.wait()

    def start_again(self) -> None:
        """Start what was killed, by the same words."""
        ended, self._running = self._running, []
        for process, stop_by in ended:
            again = subprocess.Popen(
                process.args, env=self._environment, cwd=self.folder, stdin=subprocess.DEVNULL
            )
            self._running.append((again, stop_by))

    def stop(self) -> None:
        for process, stop_by in reversed(self._running):
            process.send_signal(stop_by)
            try:
                process.wait(LASTING_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def start_mariadb(folder: Path, *more: str) -> tuple[Daemons, dict[str, Any]]:
    """Start MariaDB with utf8mb4 and LOAD DATA LOCAL; ``t``/``t`` may do everything from 127.0.0.1.

    ``more`` are options of the server, which hold against those here.
    """
    daemons, port = Daemons(folder, user="mysql"), free_port()
    data, sock = folder / "data", folder / "s.sock"
    daemons.call("mkdir", folder / "tmp")
    # A server that starts removes all temporary tables of this folder, another's too, which then crashes.
    daemons.set("TMPDIR", str(folder / "tmp"))
    daemons.call(
        "mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal",
        "--skip-test-db", "--skip-name-resolve", f"--log-error={folder / 'install.log'}",
    )  # fmt: skip
    daemons.start(
        "mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={sock}", f"--pid-file={folder / 'pid'}",
        f"--port={port}", "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=512M",
        "--innodb-log-file-size=256M", "--max-allowed-packet=64M", "--local-infile=1",
        "--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci", "--skip-name-resolve",
        f"--log-error={folder / 'error.log'}", *more,
    )  # fmt: skip
    admin = ("--no-defaults", "-uroot", "-S", sock)
    daemons.wait_until(lambda: daemons.call("mariadb-admin", *admin, "ping", check=False).returncode == 0)
    grant = (
        "create user t@'127.0.0.1' identified by 't'; grant all on *.* to t@'127.0.0.1'; create database t"
    )
    daemons.call("mariadb", *admin, "-e", grant)
    return daemons, {"port": port, "user": "t", "password": "t", "database": "t"}


def start_postgres(folder: Path) -> tuple[Daemons, dict[str, Any]]:
    """Start PostgreSQL; ``t``/``t`` is its superuser from 127.0.0.1. Nothing in it survives a power cut."""
    daemons, port = Daemons(folder, user="postgres"), free_port()
    word = folder / "word"
    word.write_text("t")
    word.chmod(0o644)
    daemons.call(
        "initdb", "-D", folder / "data", "-U", "t", f"--pwfile={word}", "-A", "scram-sha-256", "-E", "UTF8",
        "--locale=C.UTF-8", "--no-sync",
    )  # fmt: skip
    daemons.start(
        "postgres", "-D", folder / "data", "-p", port, "-c", "listen_addresses=127.0.0.1",
        "-c", f"unix_socket_directories={folder}", "-c", "fsync=off", "-c", "max_connections=200",
        stop_by=signal.SIGINT,  # PostgreSQL's fast shutdown; SIGTERM waits for clients
    )  # fmt: skip
    ready = ("pg_isready", "-q", "-h", "127.0.0.1", "-p", port)
    daemons.wait_until(lambda: daemons.call(*ready, check=False).returncode == 0)
    daemons.set("PGPASSWORD", "t")
    daemons.call(
        "psql", "-q", "-h", "127.0.0.1", "-p", port, "-U", "t", "-d", "postgres", "-c", "create database t"
    )
    return daemons, {"port": port, "user": "t", "password": "t", "database": "t"}


_CEPH_CONF = """\
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon}/0,v1:127.0.0.1:{mon_v1}/0]
mon initial members = a
public network = 127.0.0.0/8
keyring = {d}/keyring
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 2147483648
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
mon data avail crit = 1
mon data avail warn = 2
run dir = {d}/run
admin socket = {d}/run/$name.asok
pid file = {d}/run/$name.pid
log file = {d}/log/$name.log
[mon.a]
mon data = {d}/mon
[osd.0]
osd data = {d}/osd
[client.rgw]
rgw data = {d}/rgw
rgw frontends = beast endpoint=127.0.0.1:{rgw}
rgw run sync thread = false
rgw enable quota threads = false
rgw thread pool size = 64
"""
_S3_KEYS = {"access_key": "AKIDSILLOKTESTS", "secret_key": "secret-of-the-sillok-tests"}


def start_s3(folder: Path) -> tuple[Daemons, dict[str, Any]]:
    """Start Ceph's S3 on one node: monitor, an object store in memory, and the gateway."""
    for name in ("mon", "osd", "rgw", "run", "log"):
        (folder / name).mkdir()
    daemons, mon, rgw = Daemons(folder), free_port(2), free_port()
    conf, keys, fsid = folder / "ceph.conf", folder / "keyring", uuid.uuid4()
    conf.write_text(_CEPH_CONF.format(fsid=fsid, mon=mon, mon_v1=mon + 1, rgw=rgw, d=folder))
    daemons.set("CEPH_CONF", str(conf))
    everything = ("--cap", "mon", "allow *", "--cap", "osd", "allow *")
    daemons.call(
        "ceph-authtool", "--create-keyring", keys, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *"
    )
    for name in ("client.admin", "client.rgw", "osd.0"):
        daemons.call("ceph-authtool", keys, "--gen-key", "-n", name, *everything)
    address = f"[v2:127.0.0.1:{mon},v1:127.0.0.1:{mon + 1}]"
    daemons.call(
        "monmaptool", "--create", "--clobber", "--fsid", fsid, "--addv", "a", address, folder / "monmap"
    )
    daemons.call("ceph-mon", "--mkfs", "-i", "a", "--monmap", folder / "monmap", "--keyring", keys)
    daemons.start("ceph-mon", "-f", "-i", "a")
    osd = uuid.uuid4()
    daemons.call("ceph", "osd", "new", osd)
    daemons.call("ceph-osd", "-i", 0, "--mkfs", "--osd-uuid", osd)
    daemons.call("ceph", "osd", "crush", "add", "osd.0", 1, "root=default", "host=h0")
    daemons.start("ceph-osd", "-f", "-i", 0)
    daemons.start("radosgw", "-f", "-n", "client.rgw")
    daemons.wait_until(lambda: _listens(rgw))
    daemons.call(
        "radosgw-admin", "user", "create", "--uid=t", "--display-name=t",
        f"--access-key={_S3_KEYS['access_key']}", f"--secret-key={_S3_KEYS['secret_key']}",
    )  # fmt: skip
    return daemons, {"port": rgw, **_S3_KEYS}


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


KINDS: Mapping[str, Callable[[Path], tuple[Daemons, dict[str, Any]]]] = {
    "mariadb": start_mariadb,
    "postgres": start_postgres,
    "s3": start_s3,
}


def _keep(kind: str, folder: Path) -> None:
    """Run the server of ``kind`` until no test process holds the users' lock."""
    shutil.rmtree(folder / "server", ignore_errors=True)
    place = folder / "server"
    place.mkdir()
    started = time.monotonic()
    daemons, about = KINDS[kind](place)
    about["started_in_s"] = round(time.monotonic() - started, 2)
    half_written = folder / "ready.part"
    half_written.write_text(json.dumps(about))
    half_written.rename(folder / "ready.json")
    with (folder / "users.lock").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_EX)  # granted when the last user is gone
        (folder / "ready.json").unlink(missing_ok=True)
        daemons.stop()
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    _keep(sys.argv[1], Path(sys.argv[2]))
