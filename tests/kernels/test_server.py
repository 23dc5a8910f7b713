"""JupyterLab's own server drives forked kernels: REST to start, restart, interrupt and end, a websocket to talk."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.kernels.forks import FLAGS, wait_until

TOKEN = "token-of-the-test"


class Server:
    """A Jupyter server with one kernelspec, whose parent lives in ``home``."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.url = home, f"http://127.0.0.1:{port}"

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/api/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def is_up(self) -> bool:
        try:
            return bool(self.ask("GET", "status"))
        except OSError:
            return False

    @contextmanager
    def channels(self, kernel: str) -> Iterator[ClientConnection]:
        url = f"{self.url.replace('http', 'ws')}/api/kernels/{kernel}/channels?token={TOKEN}"
        with connect(url, max_size=None) as talk:
            yield talk


def _message(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": kind,
        "username": "",
        "session": "s",
        "version": "5.3",
        "date": "",
    }
    return {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}


def _until(talk: ClientConnection, met: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    seen = []
    while not seen or not met(seen[-1]):
        seen.append(json.loads(talk.recv(timeout=60)))
    return seen


def _run(talk: ClientConnection, code: str) -> str:
    """Execute ``code`` and return what it printed, or the error's name."""
    asked = _message(
        "execute_request", {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    )
    talk.send(json.dumps(asked))
    return _outcome(talk, asked["header"]["msg_id"])


def _outcome(talk: ClientConnection, asked: str) -> str:
    own = [
        m
        for m in _until(
            talk,
            lambda m: (
                m["parent_header"].get("msg_id") == asked and m["content"].get("execution_state") == "idle"
            ),
        )
        if m["parent_header"].get("msg_id") == asked
    ]
    errors = [m["content"]["ename"] for m in own if m["msg_type"] == "error"]
    return errors[0] if errors else "".join(m["content"]["text"] for m in own if m["msg_type"] == "stream")


def _spec(home: Path, config: dict[str, Any]) -> dict[str, Any]:
    return {
        "argv": [sys.executable, *FLAGS, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "forked",
        "language": "python",
        "metadata": {
            "debugger": True,
            "kernel_provisioner": {
                "provisioner_name": "forked",
                "config": {"preload": ["numpy"], "spares": 1, "folder": str(home / "f"), **config},
            },
        },
    }


@contextmanager
def _serving(home: Path) -> Iterator[Server]:
    for name, config in (("forked", {}), ("short", {"idle_limit_s": 4})):
        kernels = home / "data" / "kernels" / name
        kernels.mkdir(parents=True)
        (kernels / "kernel.json").write_text(json.dumps(_spec(home, config)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(home, port)
    folders = {f"JUPYTER_{n.upper()}_DIR": str(home / n) for n in ("data", "config", "runtime")}
    # -P: the working folder is no place of modules, as for the command `jupyter server`.
    command = [
        sys.executable,
        "-P",
        "-m",
        "jupyter_server",
        "--allow-root",
        "--ServerApp.port_retries=0",
        "--KernelRestarter.time_to_dead=0.3",
        f"--port={port}",
    ]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--no-browser", f"--ServerApp.root_dir={home}", f"--IdentityProvider.token={TOKEN}"],
            env={**os.environ, **folders, "JUPYTER_TOKEN": TOKEN},
            stdout=log,
            stderr=log,
            cwd=home,
        )
    try:
        wait_until(server.is_up)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        _end_parents(home)


def _parents(home: Path) -> list[int]:
    from sillok.kernels import Places
    from sillok.kernels.status import read_status

    return [p["pid"] for p in read_status(Places(home / "f"))["parents"] if "pid" in p]


def _end_parents(home: Path) -> None:
    for pid in _parents(home):
        os.kill(pid, signal.SIGTERM)


def _spare_is_ready(home: Path) -> bool:
    from sillok.kernels import Places
    from sillok.kernels.status import read_status

    found = read_status(Places(home / "f"))["parents"]
    return any(k["state"] == "spare" for p in found for k in p.get("kernels", []))


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="jp-") as name:
        yield Path(name)


def _warmed(server: Server) -> None:
    """Let the first kernel, a stock one, bring the parent."""
    first = server.ask("POST", "kernels", {"name": "forked"})["id"]
    wait_until(lambda: _spare_is_ready(server.home))
    server.ask("DELETE", f"kernels/{first}")


def test_a_server_starts_talks_interrupts_restarts_and_ends(home: Path) -> None:
    with _serving(home) as server:
        _warmed(server)
        kernel = server.ask("POST", "sessions", {
            "name": "a", "path": "a.ipynb", "type": "notebook", "kernel": {"name": "forked"},
        })["kernel"]["id"]  # fmt: skip
        with server.channels(kernel) as talk:
            pid = int(_run(talk, "import os; x = 1; print(os.getpid(), end='')"))
            assert int(_run(talk, "print(os.getppid(), end='')")) in _parents(home)  # it is forked
            short = server.ask("POST", "kernels", {"name": "short"})["id"]
            with server.channels(short) as other:
                idle = int(_run(other, "import os; print(os.getpid(), end='')"))
                _serve_one_kernel_well(server, kernel, talk, pid)
                # What a limit ended is dead to its browser, and not restarted.
                _until(other, lambda m: m["content"].get("execution_state") == "dead")
            assert not Path(f"/proc/{idle}").exists()
            wait_until(lambda: [k["id"] for k in server.ask("GET", "kernels")] == [kernel])
        server.ask("DELETE", f"kernels/{kernel}")
        assert server.ask("GET", "kernels") == []
    wait_until(lambda: list((home / "f").glob("k*-*")) == [])
    assert "idle for longer than its limit of 4 s" in (home / "log").read_text()


def _serve_one_kernel_well(server: Server, kernel: str, talk: ClientConnection, pid: int) -> None:
    asked = _message("execute_request", {"code": "while True: pass", "silent": False, "allow_stdin": False})
    talk.send(json.dumps(asked))
    _until(talk, lambda m: m["content"].get("execution_state") == "busy")
    server.ask("POST", f"kernels/{kernel}/interrupt")
    assert _outcome(talk, asked["header"]["msg_id"]) == "KeyboardInterrupt"
    server.ask("POST", f"kernels/{kernel}/restart")
    # As JupyterLab does: what is sent or said on old channels just then may reach nobody.
    with server.channels(kernel) as talk_on:
        assert int(_run(talk_on, "import os; print(os.getpid(), end='')")) != pid
        assert _run(talk_on, "x") == "NameError"
        assert not Path(f"/proc/{pid}").exists()
        # One that crashes is restarted, and its browser is told so.
        talk_on.send(json.dumps(_message("execute_request", {"code": "os._exit(3)", "silent": False})))
        _until(talk_on, lambda m: m["content"].get("execution_state") == "restarting")
    with server.channels(kernel) as again:
        assert _run(again, "print(6 * 7, end='')") == "42"
