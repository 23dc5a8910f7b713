"""Jupyter servers as a browser drives them: REST for kernels, a websocket to talk to one."""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from sillok.kernels import Places
from sillok.kernels.status import read_status
from tests.kernels.forks import FLAGS, wait_until


class Server:
    """A Jupyter server at ``url``, whose kernels' parents live in ``home``."""

    def __init__(self, home: Path, url: str, token: str) -> None:
        self.home, self.url, self._token = home, url, token

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/api/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self._token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def is_up(self, path: str = "status") -> bool:
        try:
            return bool(self.ask("GET", path))
        except OSError:
            return False

    @contextmanager
    def channels(self, kernel: str) -> Iterator[ClientConnection]:
        url = f"{self.url.replace('http', 'ws')}/api/kernels/{kernel}/channels"
        with connect(
            url, max_size=None, additional_headers={"Authorization": f"token {self._token}"}
        ) as talk:
            yield talk


def message(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": kind,
        "username": "",
        "session": "s",
        "version": "5.3",
        "date": "",
    }
    return {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}


def until(talk: ClientConnection, met: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    seen = []
    while not seen or not met(seen[-1]):
        seen.append(json.loads(talk.recv(timeout=60)))
    return seen


def run(talk: ClientConnection, code: str) -> str:
    """Execute ``code`` and return what it printed, or the error's name."""
    asked = message(
        "execute_request", {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    )
    talk.send(json.dumps(asked))
    return outcome(talk, asked["header"]["msg_id"])


def outcome(talk: ClientConnection, asked: str) -> str:
    own = [
        m
        for m in until(
            talk,
            lambda m: (
                m["parent_header"].get("msg_id") == asked and m["content"].get("execution_state") == "idle"
            ),
        )
        if m["parent_header"].get("msg_id") == asked
    ]
    errors = [m["content"]["ename"] for m in own if m["msg_type"] == "error"]
    return errors[0] if errors else "".join(m["content"]["text"] for m in own if m["msg_type"] == "stream")


def kernel_json(home: Path, config: dict[str, Any]) -> dict[str, Any]:
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


def parents(home: Path) -> list[int]:
    return [p["pid"] for p in read_status(Places(home / "f"))["parents"] if "pid" in p]


def end_parents(home: Path) -> None:
    for pid in parents(home):
        os.kill(pid, signal.SIGTERM)


def spare_is_ready(home: Path) -> bool:
    found = read_status(Places(home / "f"))["parents"]
    return any(k["state"] == "spare" for p in found for k in p.get("kernels", []))


def warmed(server: Server) -> None:
    """Let the first kernel, a stock one, bring the parent."""
    first = server.ask("POST", "kernels", {"name": "forked"})["id"]
    wait_until(lambda: spare_is_ready(server.home))
    server.ask("DELETE", f"kernels/{first}")
