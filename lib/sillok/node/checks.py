"""What must be right before a node starts: found first, said in one line, with nothing started."""

from __future__ import annotations

import errno
import importlib.util
import socket
from collections import Counter
from pathlib import Path

from sillok.errors import ConfigError, ResourceError
from sillok.node import jobs
from sillok.node.sandbox import needs_sandbox
from sillok.node.wiring import open_store_of
from sillok.settings import Settings

__all__ = ["check_node"]

_PROGRAMS = {"prefect": "prefect", "voila": "voila", "jupyterlab": "jupyterlab", "ipykernel": "ipykernel"}


def check_node(settings: Settings, *, once: bool) -> None:
    """Check programs, folder, ports, keys and store.

    Raises
    ------
    ConfigError, ResourceError
        The first thing that is wrong, and what to do.
    """
    missing = [name for name, module in _PROGRAMS.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise ResourceError(f"not installed: {', '.join(missing)}; run `make up`, or `uv sync --locked`")
    _check_home(settings.home_path)
    _check_ports(settings, once=once)
    keys = settings.kis_app_key.get_secret_value(), settings.kis_app_secret.get_secret_value()
    if bool(keys[0]) != bool(keys[1]):
        raise ConfigError(
            "KIS needs both SILLOK_KIS_APP_KEY and SILLOK_KIS_APP_SECRET, or neither for the sandbox"
        )
    if not jobs.notebooks(settings):
        raise ConfigError(
            f"no notebook under {settings.project} has metadata.sillok.kind; there is nothing to publish"
        )
    with open_store_of(settings).engine.connect():
        pass


def _check_home(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as err:
        raise ResourceError(
            f"cannot write into {home}: {err.strerror}; set SILLOK_HOME to another folder"
        ) from err


def _check_ports(settings: Settings, *, once: bool) -> None:
    wanted: dict[str, int] = {}
    if needs_sandbox(settings):
        wanted["SILLOK_PORT_SANDBOX"] = settings.port_sandbox
    if not settings.prefect_api_url:
        wanted["SILLOK_PORT_PREFECT"] = settings.port_prefect
    if not once:
        wanted["SILLOK_PORT_ROOM"] = settings.port_room
        wanted["SILLOK_PORT_VOILA"] = settings.port_voila
        wanted["SILLOK_PORT_LAB"] = settings.port_lab
    for port, times in Counter(wanted.values()).items():
        if times > 1:
            names = ", ".join(name for name, value in wanted.items() if value == port)
            raise ConfigError(f"port {port} is set {times} times: {names}; give each its own")
    for name, port in wanted.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except OSError as err:
                what = "is in use" if err.errno == errno.EADDRINUSE else f"cannot be bound ({err.strerror})"
                raise ResourceError(
                    f"port {port} on {settings.host} {what}; end what listens there, or set {name}", port=port
                ) from err
