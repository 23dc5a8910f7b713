"""The processes of a node: what each is started with, and how one knows that it is ready."""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sillok.errors import ResourceError
from sillok.kernels import Places, parent_command
from sillok.node.environment import child_environment
from sillok.node.kernelspec import KERNEL_NAME, install_lab_settings, kernel_recipe
from sillok.node.processes import MARK, Child
from sillok.node.voila import voila_environment, voila_words
from sillok.node.wiring import open_store_of
from sillok.settings import Settings

__all__ = [
    "kernel_parent",
    "lab",
    "nightly_run",
    "prefect_api",
    "prefect_environment",
    "prefect_server",
    "private_tmp",
    "reading_room",
    "voila",
    "worker",
]


def prefect_api(settings: Settings) -> str:
    """Return the address of Prefect's API: a server that runs already, or our own."""
    return settings.prefect_api_url or f"http://{settings.host}:{settings.port_prefect}/api"


def private_tmp() -> Path:
    """Return a temporary folder of this user alone, made if missing.

    Prefect's worker keeps its files in ``runner_storage`` of the temporary folder, whoever runs it: a second
    user of the machine could not start one. Not in home, whose path may be too long for a kernel's socket.

    Raises
    ------
    ResourceError
        If somebody else has taken its name.
    """
    folder = Path(tempfile.gettempdir()) / f"sillok-{os.getuid()}"
    with suppress(FileExistsError):  # ours from before, which the next lines find out
        folder.mkdir(mode=0o700)
    owner = folder.lstat()
    if owner.st_uid != os.getuid() or not stat.S_ISDIR(owner.st_mode) or owner.st_mode & 0o077:
        raise ResourceError(
            f"{folder} is not a folder of ours alone; remove it, or set TMPDIR to another place"
        )
    return folder


def prefect_environment(settings: Settings, *, broker: bool = False) -> dict[str, str]:
    """Return an environment in which Prefect talks to our server alone, keeps its state in home and calls nobody."""
    kept = {
        k: v for k, v in child_environment(settings, broker=broker).items() if not k.startswith("PREFECT_")
    }
    home = settings.home_path / "prefect"
    return {
        **kept,
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": prefect_api(settings),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_CLI_COLORS": "false",
        "PREFECT_CLI_WRAP_LINES": "false",
        "PREFECT_LOGGING_COLORS": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_UI_V2_ENABLED": "false",  # its page calls a host of others from the browser
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home / "ui"),
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(private_tmp()),
    }


def _child(
    settings: Settings, name: str, words: list[str], environment: Mapping[str, str], url: str = ""
) -> Child:
    log = settings.home_path / "log" / f"{name}.log"
    if not url:
        return Child(name, words, environment, settings.project, log)
    return Child(name, words, environment, settings.project, log, ready=lambda: _answers(url))


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def prefect_server(settings: Settings) -> Child:
    """Describe Prefect's server, on its own SQLite in home."""
    address = ["--host", settings.host, "--port", str(settings.port_prefect)]
    words = [sys.executable, "-m", "prefect", "server", "start", *address]
    return _child(
        settings, "prefect", words, prefect_environment(settings), f"{prefect_api(settings)}/health"
    )


def worker(settings: Settings) -> Child:
    """Describe the worker that starts the nights; it alone hands on the broker's keys."""
    words = [sys.executable, "-m", "flows.worker"]
    return _child(settings, "worker", words, prefect_environment(settings, broker=True))


def nightly_run(settings: Settings, *, run: bool) -> Child:
    """Describe the process that deploys the flow, and with ``run`` also runs it at once; its last line is JSON."""
    words = [sys.executable, "-m", "flows.deploy", "--alone", *(["--run"] if run else [])]
    return _child(settings, "deploy", words, prefect_environment(settings))


def reading_room(settings: Settings) -> Child:
    """Describe the reading room."""
    url = f"http://{settings.host}:{settings.port_room}/health"
    words = [sys.executable, "-m", "sillok.readingroom"]
    return _child(settings, "room", words, child_environment(settings), url)


def kernel_parent(settings: Settings, mark: str) -> Child:
    """Describe the process that this node's kernels are forks of; until it is ready, kernels start as ever.

    It has none of the settings: what it holds in memory, every kernel holds.
    """
    places, recipe = Places(), replace(kernel_recipe(), idle_exit_s=0)
    places.ensure()
    environment = places.startup(recipe, {**os.environ, MARK: mark})
    return _child(settings, "kernels", parent_command(places, recipe), environment)


def voila(settings: Settings) -> Child:
    """Describe Voila."""
    url = f"http://{settings.host}:{settings.port_voila}/voila/templates/sillok/static/live.css"
    return _child(settings, "voila", voila_words(settings), voila_environment(settings), url)


def lab(settings: Settings, token: str) -> Child:
    """Describe JupyterLab in the project's folder, with the project's kernel alone, behind ``token``."""
    open_store_of(settings)  # a researcher's first cell finds tables
    install_lab_settings()
    options = {
        "ServerApp.ip": settings.host,
        "ServerApp.port": settings.port_lab,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": str(settings.project),
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": hasattr(os, "geteuid") and os.geteuid() == 0,
        "KernelSpecManager.ensure_native_kernel": False,
        "KernelSpecManager.allowed_kernelspecs": json.dumps([KERNEL_NAME]),
        "MultiKernelManager.default_kernel_name": KERNEL_NAME,
    }
    words = [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]
    environment = {
        **child_environment(settings),
        "JUPYTER_TOKEN": token,
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_RUNTIME_DIR": str(settings.home_path / "runtime"),
        # What was open belongs to this node; another's would open in its place.
        "JUPYTERLAB_WORKSPACES_DIR": str(settings.home_path / "lab" / "workspaces"),
    }
    return _child(settings, "lab", words, environment, f"http://{settings.host}:{settings.port_lab}/api")
