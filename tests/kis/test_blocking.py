"""The face without ``await``: the same names, in a notebook, interrupted, and left open at the end."""

from __future__ import annotations

import asyncio
import gc
import inspect
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sillok.errors import ConfigError, MissingDataError, RetriableVendorError
from sillok.kis import Blocking, Client, Credentials, connect
from tests.sandboxes import client_of, sandbox_in_thread

START, END = date(2026, 6, 1), date(2026, 7, 1)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with sandbox_in_thread() as address:
        yield address


def open_of(url: str, folder: Path, **options: Any) -> Blocking:
    return Blocking(client_of(url, folder, **options))


def test_it_answers_what_the_client_answers(url: str, tmp_path: Path) -> None:
    async def ask() -> tuple[Any, ...]:
        async with client_of(url, tmp_path) as client:
            return (
                client.source,
                await client.daily_bars("900020", START, END),
                await client.current_price("900020"),
            )

    with connect(url, Credentials.sandbox(), master_url=url, broker_path=tmp_path / "kis", rate=0) as kis:
        found = kis.source, kis.daily_bars("900020", START, END), kis.current_price("900020")
        assert kis.calls > 2
        assert repr(kis) == f"Blocking(Client({url!r}, source='synthetic'))"
        with pytest.raises(MissingDataError, match="999999"):
            kis.current_price("999999")
    assert found == asyncio.run(ask())


async def test_it_works_while_a_loop_is_running_as_in_a_notebook(url: str, tmp_path: Path) -> None:
    with open_of(url, tmp_path) as kis:
        assert kis.current_price("900020").price > 0


def test_every_public_name_is_there_with_its_words_and_no_coroutine_is_left(url: str, tmp_path: Path) -> None:
    with open_of(url, tmp_path) as kis:
        names = [name for name in dir(Client) if not name.startswith("_")]
        assert set(names) <= set(dir(kis))
        for name in names:
            value = getattr(kis, name)
            assert not inspect.iscoroutinefunction(value), name
            assert not inspect.isasyncgenfunction(value), name
            if callable(value):
                assert value.__doc__ == getattr(Client, name).__doc__
        assert str(inspect.signature(kis.daily_bars)).startswith("(symbol: 'str', start: 'date', end: 'date'")
        with pytest.raises(AttributeError):
            kis._transport  # noqa: B018 - what is private stays with the client
        with pytest.raises(AttributeError, match="no_such_call"):
            kis.no_such_call()


class Family:
    """A family of calls."""

    async def twice(self, number: int) -> int:
        """Return the double."""
        return 2 * number

    async def count(self, to: int) -> AsyncIterator[int]:
        """Count."""
        for number in range(to):
            await asyncio.sleep(0)
            yield number


Family.__module__ = "sillok.kis.made_up"


class Grown(Client):
    """A client that has grown a family."""

    family = Family()
    plain = (1, 2)


def test_families_and_iterators_that_a_client_grows_appear_by_themselves(url: str, tmp_path: Path) -> None:
    grown = Grown(url, Credentials.sandbox(), master_url=url, broker_path=tmp_path / "kis", rate=0)
    with Blocking(grown) as kis:
        assert dir(kis.family) == ["count", "twice"]
        assert kis.family.__doc__ == "A family of calls."
        assert kis.family.twice(21) == 42
        assert kis.family.twice.__doc__ == "Return the double."
        assert list(kis.family.count(3)) == [0, 1, 2]
        assert next(kis.family.count(3)) == 0
        assert kis.plain == (1, 2)


def test_several_threads_have_several_calls_under_way(url: str, tmp_path: Path) -> None:
    with open_of(url, tmp_path) as kis, ThreadPoolExecutor(8) as pool:
        quotes = list(pool.map(lambda _: kis.current_price("900020"), range(40)))
    assert len(set(quotes)) == 1


def test_a_closed_connection_says_so_and_its_thread_is_gone(url: str, tmp_path: Path) -> None:
    before = threading.active_count()
    kis = open_of(url, tmp_path)
    kis.close()
    kis.close()
    with pytest.raises(ConfigError, match="connection is closed"):
        kis.current_price("900020")
    kept = open_of(url, tmp_path)
    assert kept.current_price("900020")
    del kept
    gc.collect()
    assert threading.active_count() == before


def test_what_cannot_be_opened_leaves_no_thread(tmp_path: Path) -> None:
    before = threading.active_count()
    with pytest.raises(RetriableVendorError, match="cannot talk to"):
        open_of("http://127.0.0.1:9", tmp_path, tries=1)
    assert threading.active_count() == before


SCRIPT = """
import asyncio, os, signal, sys, threading
from pathlib import Path
from sillok.kis import Credentials, connect

url, folder = sys.argv[1:]
kis = connect(url, Credentials.sandbox(), master_url=url, broker_path=Path(folder) / "kis", rate=0.01, ledger_rate=0)
to_the_process = lambda: os.kill(os.getpid(), signal.SIGINT)
to_another_thread = lambda: signal.pthread_kill(threading.get_ident(), signal.SIGINT)  # the main one sleeps on
for interrupt in (to_the_process, to_another_thread):
    threading.Timer(0.5, interrupt).start()
    try:
        while True:
            kis.current_price("900020")  # a turn every 100 seconds
    except KeyboardInterrupt:
        print("interrupted", kis.identify())

async def as_in_a_notebook():
    print(kis.identify())

asyncio.run(as_in_a_notebook())
child = os.fork()
if not child:
    try:
        kis.identify()
    except Exception as err:
        print(type(err).__name__, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""


def test_ctrl_c_ends_the_call_alone_and_the_end_of_the_interpreter_closes_what_is_open(
    url: str, tmp_path: Path
) -> None:
    words = [sys.executable, "-u", "-X", "dev", "-W", "error", "-W", "ignore:.*fork.*", "-c", SCRIPT]
    done = subprocess.run(
        [*words, url, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    assert done.stdout.split() == [*["interrupted", "synthetic"] * 2, "synthetic", "ConfigError"]
    assert done.returncode == 0
