"""The sandbox at hand: use the one that runs, or start one for as long as it is needed."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sillok.clock import last_closed_session
from sillok.errors import ResourceError
from sillok.node.environment import child_environment
from sillok.node.processes import Child, stop_all
from sillok.settings import Settings

__all__ = ["ask_sandbox", "needs_sandbox", "sandbox_at_hand", "sandbox_child", "sandbox_url"]


def needs_sandbox(settings: Settings) -> bool:
    """Return whether the market comes from a sandbox of our own: neither a key nor a host is set."""
    return settings.needs_sandbox


def sandbox_url(settings: Settings) -> str:
    """Return the address of our own sandbox."""
    return settings.sandbox_url


def sandbox_child(settings: Settings) -> Child:
    """Describe the process of the sandbox; it follows the clock, or stands at the settings' fixed instant."""
    words = ["--host", settings.host, "--port", str(settings.port_sandbox), "--no-limits"]
    if settings.now is not None:
        words += ["--today", last_closed_session(settings.now).isoformat()]
    return Child(
        name="sandbox",
        words=[sys.executable, "-m", "sillok.sandbox", *words],
        environment=child_environment(settings),
        folder=settings.project,
        log=settings.home_path / "log" / "sandbox.log",
        ready=lambda: ask_sandbox(settings) is not None,
    )


def ask_sandbox(settings: Settings) -> dict[str, str] | None:
    """Return what answers at the sandbox's port says of itself; None if nothing does.

    Raises
    ------
    ResourceError
        If something else listens there.
    """
    url = f"{sandbox_url(settings)}/sandbox/about"
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:  # noqa: S310 - our own address
            about: dict[str, str] = json.load(answer)
    except (urllib.error.HTTPError, json.JSONDecodeError) as err:
        raise ResourceError(
            f"port {settings.port_sandbox} is in use by something that is no sandbox; set SILLOK_PORT_SANDBOX"
        ) from err
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None
    return about


@contextmanager
def sandbox_at_hand(settings: Settings, say: Callable[[str], None]) -> Iterator[None]:
    """Have a sandbox running inside the ``with`` block, if the settings need one; one that runs is used."""
    if not needs_sandbox(settings) or ask_sandbox(settings) is not None:
        yield
        return
    say("no KIS key is set: a sandbox with a synthetic market is started and used")
    running: list[subprocess.Popen[bytes]] = []
    child = sandbox_child(settings)
    try:
        running.append(child.start())
        child.wait_ready(running[0])
        yield
    finally:
        stop_all(running)
