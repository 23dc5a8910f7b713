from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sillok.errors import ConfigError
from sillok.kis.throttle import Throttle


class Time:
    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


@given(st.floats(0.5, 50), st.lists(st.floats(0, 2), min_size=2, max_size=80))
def test_turns_are_never_closer_than_the_rate_allows(rate: float, pauses: list[float]) -> None:
    time = Time()
    throttle = Throttle(rate, monotonic=time.monotonic, sleep=time.sleep)

    async def take() -> list[float]:
        turns = []
        for pause in pauses:
            time.at += pause
            await throttle.turn()
            turns.append(time.at)
        return turns

    turns = asyncio.run(take())
    assert all(later - earlier >= 1 / rate - 1e-9 for earlier, later in pairwise(turns))


async def test_rate_zero_never_waits() -> None:
    time = Time()
    throttle = Throttle(0, monotonic=time.monotonic, sleep=time.sleep)
    for _ in range(1_000):
        await throttle.turn()
    assert time.at == 0


async def test_a_pause_holds_back_the_turns_after_it() -> None:
    time = Time()
    throttle = Throttle(10, monotonic=time.monotonic, sleep=time.sleep)
    await throttle.turn()
    throttle.pause(3)
    await throttle.turn()
    assert time.at == 3


@pytest.mark.parametrize("rate", [-1, float("nan")])
def test_a_senseless_rate_is_refused(rate: float) -> None:
    with pytest.raises(ConfigError, match="call rate"):
        Throttle(rate)
