"""JupyterLab's own server drives forked kernels: REST to start, restart, interrupt and end, a websocket to talk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection

from tests.kernels.browsers import (
    Server,
    end_parents,
    kernel_json,
    message,
    outcome,
    parents,
    run,
    until,
    warmed,
)
from tests.kernels.forks import wait_until
from tests.servers import free_port

TOKEN = "token-of-the-test"


@contextmanager
def _serving(home: Path) -> Iterator[Server]:
    for name, config in (("forked", {}), ("short", {"idle_limit_s": 4})):
        kernels = home / "data" / "kernels" / name
        kernels.mkdir(parents=True)
        (kernels / "kernel.json").write_text(json.dumps(kernel_json(home, config)))
    port = free_port()
    server = Server(home, f"http://127.0.0.1:{port}", TOKEN)
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
        end_parents(home)


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="jp-") as name:
        yield Path(name)


def test_a_server_starts_talks_interrupts_restarts_and_ends(home: Path) -> None:
    with _serving(home) as server:
        warmed(server)
        kernel = server.ask("POST", "sessions", {
            "name": "a", "path": "a.ipynb", "type": "notebook", "kernel": {"name": "forked"},
        })["kernel"]["id"]  # fmt: skip
        with server.channels(kernel) as talk:
            pid = int(run(talk, "import os; x = 1; print(os.getpid(), end='')"))
            assert int(run(talk, "print(os.getppid(), end='')")) in parents(home)  # it is forked
            short = server.ask("POST", "kernels", {"name": "short"})["id"]
            with server.channels(short) as other:
                idle = int(run(other, "import os; print(os.getpid(), end='')"))
                _serve_one_kernel_well(server, kernel, talk, pid)
                # What a limit ended is dead to its browser, and not restarted.
                until(other, lambda m: m["content"].get("execution_state") == "dead")
            assert not Path(f"/proc/{idle}").exists()
            wait_until(lambda: [k["id"] for k in server.ask("GET", "kernels")] == [kernel])
        server.ask("DELETE", f"kernels/{kernel}")
        assert server.ask("GET", "kernels") == []
    wait_until(lambda: list((home / "f").glob("k*-*")) == [])
    assert "idle for longer than its limit of 4 s" in (home / "log").read_text()


def _serve_one_kernel_well(server: Server, kernel: str, talk: ClientConnection, pid: int) -> None:
    asked = message("execute_request", {"code": "while True: pass", "silent": False, "allow_stdin": False})
    talk.send(json.dumps(asked))
    until(talk, lambda m: m["content"].get("execution_state") == "busy")
    server.ask("POST", f"kernels/{kernel}/interrupt")
    assert outcome(talk, asked["header"]["msg_id"]) == "KeyboardInterrupt"
    server.ask("POST", f"kernels/{kernel}/restart")
    # As JupyterLab does: what is sent or said on old channels just then may reach nobody.
    with server.channels(kernel) as talk_on:
        assert int(run(talk_on, "import os; print(os.getpid(), end='')")) != pid
        assert run(talk_on, "x") == "NameError"
        assert not Path(f"/proc/{pid}").exists()
        # One that crashes is restarted, and its browser is told so.
        talk_on.send(json.dumps(message("execute_request", {"code": "os._exit(3)", "silent": False})))
        until(talk_on, lambda m: m["content"].get("execution_state") == "restarting")
    with server.channels(kernel) as again:
        assert run(again, "print(6 * 7, end='')") == "42"
