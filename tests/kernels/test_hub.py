"""A single-user server that a real JupyterHub starts, behind its proxy, starts forked kernels with nothing else changed."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.conftest import PROJECT, lack
from tests.kernels.browsers import Server, end_parents, kernel_json, parents, run, warmed
from tests.kernels.forks import wait_until

TOKEN = "0123456789abcdef" * 2
CONFIG = """
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy}"
c.ConfigurableHTTPProxy.command = [{program!r}]
c.Spawner.cmd = [{python!r}, "-P", "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"]
c.Spawner.environment = {environment!r}
c.Spawner.notebook_dir = {home!r}
c.Spawner.start_timeout = 120
c.JupyterHub.services = [{{"name": "desk", "api_token": {token!r}}}]
c.JupyterHub.load_roles = [
    {{"name": "desk", "services": ["desk"], "scopes": ["admin:users", "admin:servers", "access:servers"]}}
]
"""


def _proxy() -> str:
    own = PROJECT / ".venv/node_modules/.bin/configurable-http-proxy"
    found = str(own) if own.exists() else shutil.which("configurable-http-proxy")
    if found is None:
        lack("JupyterHub's configurable-http-proxy")
    return found


@pytest.fixture
def hub() -> Iterator[Server]:
    """Give the Hub's REST interface; its single-user servers find one kernelspec, ``forked``."""
    program = _proxy()
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        home = Path(folder)
        spec = home / "data/kernels/forked"
        spec.mkdir(parents=True)
        (spec / "kernel.json").write_text(json.dumps(kernel_json(home, {})))
        first = servers.free_port(3)
        places = {f"JUPYTER_{n.upper()}_DIR": str(home / n) for n in ("data", "config", "runtime")}
        config = home / "jupyterhub_config.py"
        config.write_text(
            CONFIG.format(
                port=first, hub=first + 1, proxy=first + 2, program=program, python=sys.executable,
                environment=places, home=str(home), token=TOKEN,
            )
        )  # fmt: skip
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "jupyterhub", "-f", str(config)],
                cwd=home,
                stdout=log,
                stderr=log,
            )
        server = Server(home, f"http://127.0.0.1:{first}/hub", TOKEN)
        try:
            wait_until(lambda: process.poll() is not None or server.is_up(""))
            assert process.poll() is None, (home / "log").read_text()[-3000:]
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            end_parents(home)


def test_a_user_of_the_hub_works_in_forked_kernels(hub: Server) -> None:
    hub.ask("POST", "users/desk")
    hub.ask("POST", "users/desk/server")
    wait_until(lambda: hub.ask("GET", "users/desk")["server"], within_s=120)
    user = Server(hub.home, hub.url.removesuffix("/hub") + "/user/desk", TOKEN)
    warmed(user)
    kernel = user.ask("POST", "kernels", {"name": "forked"})["id"]
    with user.channels(kernel) as talk:
        pid = int(run(talk, "import os; x = 1; print(os.getpid(), end='')"))
        assert int(run(talk, "print(os.getppid(), end='')")) in parents(hub.home)  # it is forked
    user.ask("POST", f"kernels/{kernel}/restart")
    with user.channels(kernel) as talk:
        assert int(run(talk, "import os; print(os.getpid(), end='')")) != pid
        assert run(talk, "x") == "NameError"
        last = int(run(talk, "print(os.getpid(), end='')"))
    hub.ask("DELETE", "users/desk/server")
    wait_until(lambda: not Path(f"/proc/{last}").exists())  # a kernel ends with its user's server
