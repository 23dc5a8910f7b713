"""`sillok up`: the whole node in one process tree that leaves nothing behind."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from sillok.errors import ResourceError, RunError
from sillok.node import services
from sillok.node.checks import check_node
from sillok.node.kernelspec import install_kernelspec
from sillok.node.locks import hold_lock
from sillok.node.processes import Child, new_mark, start_warden, stop_all, sweep
from sillok.node.sandbox import needs_sandbox, sandbox_child
from sillok.node.wiring import language, open_store_of, public_url, site_of, voila_url
from sillok.node.words import WORDS
from sillok.settings import Settings

__all__ = ["up"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_BURIAL_S = 120.0
_RESTARTS = 5  # of one service, in a node's life, before the node gives up


Say = Callable[[str], None]


@dataclass
class _Family:
    """The children that run, and how often each was started again."""

    mark: str
    running: list[tuple[Child, subprocess.Popen[bytes]]] = field(default_factory=list)
    restarts: dict[str, int] = field(default_factory=dict)

    def start(self, child: Child) -> subprocess.Popen[bytes]:
        process = child.start(mark=self.mark)
        self.running.append((child, process))
        return process

    def start_all(self, children: list[Child]) -> None:
        """Start them side by side, then wait until each is ready."""
        started = [(child, self.start(child)) for child in children]
        for child, process in started:
            child.wait_ready(process)

    def renew(self) -> Iterator[tuple[Child, int]]:
        """Start again what ended, and yield it with its exit code."""
        for place, (child, process) in enumerate(self.running):
            code = process.poll()
            if code is None:
                continue
            self.restarts[child.name] = self.restarts.get(child.name, 0) + 1
            if self.restarts[child.name] > _RESTARTS:
                raise ResourceError(
                    f"{child.name} ended {_RESTARTS + 1} times, the last time with {code}; see {child.log}"
                )
            yield child, code
            self.running[place] = (child, child.start(mark=self.mark))

    def forget(self, process: subprocess.Popen[bytes]) -> None:
        self.running = [pair for pair in self.running if pair[1] is not process]

    def stop(self) -> None:
        stop_all(process for _, process in reversed(self.running))
        self.running.clear()


def up(settings: Settings, *, once: bool, say: Say, lang: str = "") -> dict[str, Any]:
    """Run the node: load, let Prefect run the nightly flow, publish, and serve until a signal ends it.

    Everything is checked before anything starts. However this process ends, its children end with it.

    Parameters
    ----------
    once
        Do the night's work and return.
    lang
        ``ko`` or ``en``, of what is said; empty: as the pages.

    Returns
    -------
    dict
        ``site`` and ``pages`` (paths), ``night`` (how the flow ended), ``urls`` of the services, ``seconds``
        until it was ready.

    Raises
    ------
    ConfigError, ResourceError
        If something is wrong beforehand, or a service cannot be kept running.
    RunError
        With ``once``: if the night failed; what was published stays.
    """
    words = WORDS[lang or language(settings)]
    check_node(settings, once=once)
    result: dict[str, Any] = {}
    with hold_lock(settings.home_path / "up.lock", "`sillok up`"), _guarded() as family:
        try:
            _make_night(settings, family, say, words, result)
            if not once:
                _open_doors(settings, family, say, words, result)
                _serve(settings, family, say, words)
        except KeyboardInterrupt:
            say(words["stopping"])
            if once:
                raise
    if not once:
        say(words["stopped"])
    elif result["night"].get("state") != "completed":
        raise RunError(f"the nightly flow failed: {result['night'].get('message', '')}", **result)
    return result


def _make_night(
    settings: Settings, family: _Family, say: Say, words: dict[str, str], result: dict[str, Any]
) -> None:
    began = time.monotonic()
    install_kernelspec()
    _close_abandoned(settings, say, words)
    if needs_sandbox(settings):
        say(words["sandbox"])
        family.start(sandbox_child(settings))
    say(words["starting"])
    if not settings.prefect_api_url:
        family.start(services.prefect_server(settings))
    family.start(services.kernel_parent(settings, family.mark))
    first = services.nightly_run(settings, run=True)
    night = family.start(first)
    family.start(services.worker(settings))
    say(words["night"])
    outcome = _wait_for(family, first, night)
    failed = outcome.get("state") != "completed"
    say(words["night_failed" if failed else "night_done"].format(message=outcome.get("message", "")))
    result |= {**_published(settings), "night": outcome, "seconds": round(time.monotonic() - began, 1)}
    say(words["pages"].format(where=result["site"]))


def _open_doors(
    settings: Settings, family: _Family, say: Say, words: dict[str, str], result: dict[str, Any]
) -> None:
    began, token = time.monotonic(), secrets.token_urlsafe(24)
    say(words["serving"])
    family.start_all(
        [services.reading_room(settings), services.voila(settings), services.lab(settings, token)]
    )
    result["urls"] = _urls(settings, token)
    result["seconds"] = round(result["seconds"] + time.monotonic() - began, 1)
    for name, url in result["urls"].items():
        say(words[name].format(url=url))
    say(words["ready"])


def _serve(settings: Settings, family: _Family, say: Say, words: dict[str, str]) -> None:
    while True:
        time.sleep(1)
        for child, code in family.renew():
            say(words["died"].format(name=child.name, code=code, last=child.last_words()))
            if child.name == "worker":
                _bury_night(settings, family, say, words)


def _bury_night(settings: Settings, family: _Family, say: Say, words: dict[str, str]) -> None:
    """Record the runs that died with their worker as ended, here and in Prefect, before there is a new one."""
    _close_abandoned(settings, say, words)
    process = services.nightly_run(settings, run=False).start(mark=family.mark)
    try:
        process.wait(timeout=_BURIAL_S)
    except subprocess.TimeoutExpired:
        stop_all([process])


def _wait_for(family: _Family, child: Child, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Wait for the night; a service that dies meanwhile ends the wait with its last words."""
    while process.poll() is None:
        time.sleep(0.1)
        for other, running in family.running:
            if running is not process and running.poll() is not None:
                raise ResourceError(
                    f"{other.name} ended with {running.returncode}: {other.last_words()} (see {other.log})"
                )
    family.forget(process)
    try:
        outcome: dict[str, Any] = json.loads(child.last_words())
    except json.JSONDecodeError as err:
        raise ResourceError(
            f"the nightly flow was not deployed: {child.last_words()} (see {child.log})"
        ) from err
    return outcome


def _close_abandoned(settings: Settings, say: Say, words: dict[str, str]) -> None:
    from sillok.runs import close_abandoned

    closed = close_abandoned(open_store_of(settings), now=settings.current_time())
    if closed:
        say(words["abandoned"].format(n=len(closed)))


def _published(settings: Settings) -> dict[str, Any]:
    from sillok.pages.site import read_states

    site = site_of(settings)
    up_now = [slug for slug, state in read_states(site).items() if state.is_published]
    return {"site": str(site), "pages": [str(site / slug / "index.html") for slug in up_now]}


def _urls(settings: Settings, token: str) -> dict[str, str]:
    return {
        "room": f"{public_url(settings)}/",
        "voila": f"{voila_url(settings)}/",
        "lab": f"http://{settings.host}:{settings.port_lab}/lab?token={token}",
        "prefect": services.prefect_api(settings).removesuffix("/api"),
    }


@contextmanager
def _guarded() -> Iterator[_Family]:
    """Hand out a family that is gone when the block is left, and that a warden ends if we are killed."""
    family = _Family(new_mark())
    before = {number: signal.signal(number, _interrupt) for number in _SIGNALS}
    warden, pipe = start_warden(family.mark)
    try:
        yield family
    finally:
        for number in _SIGNALS:  # a second Ctrl-C must not leave half of them
            signal.signal(number, signal.SIG_IGN)
        family.stop()
        sweep(family.mark)
        os.close(pipe)
        warden.wait()
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, _: FrameType | None) -> None:
    raise KeyboardInterrupt(f"signal {number}")
