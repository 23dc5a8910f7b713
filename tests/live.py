"""A sandbox for notebooks that follow the stream: it plays the reference session quickly, in a thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sillok.sandbox import Limits, StreamOptions, create_app
from tests.sandboxes import reference_market, serving_in_thread

__all__ = ["live_sandbox"]


@contextmanager
def live_sandbox() -> Iterator[str]:
    """Serve the reference market without limits, 60 seconds of its session in a second; give the address."""
    app = create_app(reference_market(), Limits.none(), stream=StreamOptions(speed=60))
    with serving_in_thread(app) as url:
        yield url
