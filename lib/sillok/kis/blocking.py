"""The client without ``await``, for notebooks: the same names, run on a loop of its own in a thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import inspect
import os
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sillok.errors import ConfigError
from sillok.kis.client import Client
from sillok.kis.credentials import Credentials

__all__ = ["Blocking", "connect"]

_T = TypeVar("_T")
_END_S = 5.0
_LOOK_S = 0.5


def connect(
    base_url: str, credentials: Credentials, *, master_url: str, broker_path: Path, **options: Any
) -> Blocking:
    """Return an open connection whose methods answer at once; it takes what :class:`~sillok.kis.Client` takes.

    Close it by ``with``, or by :meth:`Blocking.close`; the end of the interpreter closes it as well.
    """
    return Blocking(Client(base_url, credentials, master_url=master_url, broker_path=broker_path, **options))


class Blocking:
    """Every public name of a client, with the coroutines as plain methods; async iterators become iterators.

    It works inside Jupyter, whose own loop is running, because the calls run on a loop in another thread.
    Ctrl-C ends the call that is waited for, and the connection stays good. Several threads may call at once:
    so one has several calls under way.

    Raises
    ------
    VendorError
        If nobody answers at the client's address.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._loop = _Loop()
        try:
            self._loop.run(client.__aenter__)
        except BaseException:
            self._loop.stop(None)
            raise
        # Not bound to self: it runs when nobody holds this object any more, or at the interpreter's end.
        self._end = weakref.finalize(self, self._loop.stop, client)

    def close(self) -> None:
        """Close the connection; calls under way end with an error."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Blocking({self._client!r})"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _plain(getattr(self._client, name), self._loop)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *_public(self._client)})


class _Family:
    """A group of a client's methods, without ``await``."""

    def __init__(self, inner: object, loop: _Loop) -> None:
        self._inner, self._loop = inner, loop
        self.__doc__ = inspect.getdoc(inner)

    def __repr__(self) -> str:
        return repr(self._inner)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _plain(getattr(self._inner, name), self._loop)

    def __dir__(self) -> list[str]:
        return _public(self._inner)


class _Loop:
    """An event loop that runs in a thread until it is stopped."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._serve, name="sillok-kis", daemon=True)
        self._thread.start()

    def run(self, call: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Run what ``call`` returns to its end, and return its result."""
        if self._pid != os.getpid():
            raise ConfigError("this connection was opened before the process forked; open another one here")
        if threading.current_thread() is self._thread:
            raise ConfigError("this is the connection's own thread: use the client with `await` here")
        if not self._thread.is_alive():
            raise ConfigError("the connection is closed; open another one")
        future = asyncio.run_coroutine_threadsafe(call(), self._loop)
        try:
            # A signal that comes as this thread falls asleep, or to another thread, does not wake it.
            while not concurrent.futures.wait((future,), _LOOK_S).done:
                pass
            return future.result()
        except BaseException:
            future.cancel()  # Ctrl-C reached this thread; the call must not go on unseen
            raise

    def stop(self, client: Client | None) -> None:
        """Close ``client``, cancel what is under way, and end the thread."""
        if self._pid != os.getpid() or not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._wind_up(client), self._loop)
        if threading.current_thread() is not self._thread:
            self._thread.join(_END_S)

    async def _wind_up(self, client: Client | None) -> None:
        try:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            if client is not None:
                await client.__aexit__(None, None, None)
        finally:
            self._loop.stop()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()


def _public(inner: object) -> list[str]:
    return sorted(name for name in dir(inner) if not name.startswith("_"))


def _plain(value: Any, loop: _Loop) -> Any:
    """Return ``value`` without ``await``: a coroutine method, an async iterator, a family of methods, or itself."""
    if inspect.iscoroutinefunction(value):

        @functools.wraps(value)
        def call(*given: Any, **named: Any) -> Any:
            return loop.run(lambda: value(*given, **named))

        return _signed(call, value)
    if inspect.isasyncgenfunction(value):

        @functools.wraps(value)
        def iterate(*given: Any, **named: Any) -> Iterator[Any]:
            steps = value(*given, **named)
            try:
                while True:
                    try:
                        step = loop.run(steps.__anext__)
                    except StopAsyncIteration:
                        return
                    yield step
            finally:
                loop.run(steps.aclose)

        return _signed(iterate, value)
    return _Family(value, loop) if _is_family(value) else value


def _signed(call: Any, value: Any) -> Any:
    call.__signature__ = inspect.signature(value)
    return call


def _is_family(value: object) -> bool:
    kind = type(value)
    return (
        kind.__module__.startswith("sillok.kis")
        and not isinstance(value, tuple | type)
        and any(inspect.iscoroutinefunction(getattr(kind, name, None)) for name in _public(kind))
    )
