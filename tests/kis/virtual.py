"""A loop whose clock jumps to the next timer, and a vendor that counts arrivals, for laws about the throttle."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["VirtualLoop", "fullest_second", "run"]

_T = TypeVar("_T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """Never waits: when nothing is ready, its time becomes that of the next timer."""

    def __init__(self) -> None:
        self.at = 1_000.0
        super().__init__()
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self.at

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self.at = max(self.at, self._scheduled[0]._when)  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def run(main: Callable[[VirtualLoop], Coroutine[Any, Any, _T]]) -> _T:
    """Run ``main`` to its end in a virtual loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        return runner.run(main(loop))


def fullest_second(arrivals: list[float]) -> int:
    """Return the most arrivals in any second: of [t, t + 1), as the vendor counts."""
    times = sorted(arrivals)
    # A rounding's width less than a second: 1000.05 + 1 may come out below 1001.05.
    return max((bisect_left(times, time + 1 - 1e-6) - at for at, time in enumerate(times)), default=0)
