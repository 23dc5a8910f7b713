"""The token broker, in virtual time: who asks, when, and who goes on meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sillok.clock import KST
from sillok.errors import AuthError, ResourceError, RetriableVendorError, VendorError
from sillok.kis.answers import TOKEN_TOO_SOON
from sillok.kis.credentials import Token
from sillok.kis.tokenfile import TokenFile
from sillok.kis.tokens import TokenBroker
from tests.kis.virtual import VirtualLoop, run

DAY = 86_400.0
NOON = datetime(2026, 6, 30, 12, tzinfo=KST)


class World:
    """A vendor that issues tokens, and processes that share a folder."""

    def __init__(
        self, loop: VirtualLoop, folder: Path, *, answer_s: float = 0.2, life_s: float = DAY
    ) -> None:
        self.loop, self.folder, self.answer_s, self.life_s = loop, folder, answer_s, life_s
        self.asked: list[float] = []
        self.failures: list[Exception] = []
        self.began = loop.time()

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.loop.time() - self.began)

    async def ask(self) -> Token:
        self.asked.append(self.loop.time())
        await asyncio.sleep(self.answer_s)
        if self.failures:
            raise self.failures.pop(0)
        return Token(f"T{len(self.asked)}", self.now(), self.now() + timedelta(seconds=self.life_s))

    def process(self, **options: Any) -> TokenBroker:
        file = TokenFile(self.folder / "kis" / "a.token", "https://real", "abc")
        options = {"interval_s": 61.0, "now": self.now, "sleep": asyncio.sleep} | options
        return TokenBroker(file, options.pop("ask", self.ask), **options)


Scene = Callable[[World], Awaitable[None]]


def play(folder: Path, scene: Scene, **options: Any) -> World:
    worlds = []

    async def main(loop: VirtualLoop) -> None:
        worlds.append(World(loop, folder, **options))
        await scene(worlds[0])

    run(main)
    return worlds[0]


def test_many_processes_with_many_calls_ask_once(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        processes = [world.process() for _ in range(5)]
        tokens = await asyncio.gather(*(process.current() for process in processes for _ in range(20)))
        assert {token.value for token in tokens} == {"T1"}

    assert len(play(tmp_path, scene).asked) == 1


def test_ten_minutes_before_the_end_one_process_renews_and_the_others_go_on_with_the_old(
    tmp_path: Path,
) -> None:
    async def scene(world: World) -> None:
        one, two = world.process(), world.process()
        await one.current()
        await two.current()
        await asyncio.sleep(DAY - 599)
        began = world.loop.time()
        renewing = asyncio.create_task(one.current())
        await asyncio.sleep(0)
        old = await asyncio.gather(two.current(), one.current(), *(two.current() for _ in range(10)))
        assert {token.value for token in old} == {"T1"}
        assert world.loop.time() == began  # nobody waited
        assert (await renewing).value == "T2"
        assert [(await process.current()).value for process in (one, two)] == ["T2", "T2"]

    assert len(play(tmp_path, scene, answer_s=2).asked) == 2


def test_over_three_days_of_calls_one_token_a_day_is_asked_for(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        one, two = world.process(), world.process()
        for _ in range(3 * 24 * 30):
            await one.current()
            assert (await two.current()).expires_at > world.now()
            await asyncio.sleep(120)

    assert len(play(tmp_path, scene).asked) == 4


def test_a_renewal_that_fails_is_logged_and_the_old_token_lasts_to_its_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(world: World) -> None:
        broker = world.process()
        await broker.current()
        await asyncio.sleep(DAY - 590)
        world.failures = [RetriableVendorError("down")] * 2
        for _ in range(100):
            assert (await broker.current()).value == "T1"
        assert len(world.asked) == 2  # once a minute, not with every call
        await asyncio.sleep(62)
        assert (await broker.current()).value == "T1"
        await asyncio.sleep(62)
        assert (await broker.current()).value == "T4"

    with caplog.at_level(logging.WARNING):
        play(tmp_path, scene)
    assert "could not be renewed before its end, and is used on: down" in caplog.text
    assert "T1" not in caplog.text


def test_a_refused_token_is_replaced_once_for_all_and_not_within_a_minute_of_the_last(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        processes = [world.process() for _ in range(4)]
        first = await asyncio.gather(*(process.current() for process in processes))
        await asyncio.sleep(5)
        await asyncio.gather(
            *(process.renew(token) for process, token in zip(processes, first, strict=True) for _ in range(5))
        )
        assert {(await process.current()).value for process in processes} == {"T2"}

    first, second = play(tmp_path, scene).asked
    assert 61 <= second - first < 62


def test_a_token_that_another_process_has_renewed_is_taken_without_asking(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        one, two = world.process(), world.process()
        old = await two.current()
        await one.current()
        await asyncio.sleep(100)
        await one.renew(old)
        assert two.has_replaced(old) is False
        await two.renew(old)
        assert (await two.current()).value == "T2"
        assert two.has_replaced(old)

    assert len(play(tmp_path, scene).asked) == 2


def test_a_process_that_dies_asking_leaves_its_minute_to_the_next(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        dying = asyncio.create_task(world.process().current())
        await asyncio.sleep(0.1)
        assert len(world.asked) == 1
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        tokens = await asyncio.gather(*(world.process().current() for _ in range(3)))
        assert {token.value for token in tokens} == {"T2"}

    first, second = play(tmp_path, scene).asked
    assert 60.9 <= second - first < 62


def test_somebody_elses_token_of_the_minute_is_waited_out_once(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        world.failures = [RetriableVendorError("too soon", code=TOKEN_TOO_SOON)]
        assert (await world.process().current()).value == "T2"
        world.failures = [RetriableVendorError("too soon", code=TOKEN_TOO_SOON)] * 2
        with pytest.raises(RetriableVendorError, match="too soon"):
            await world.process().renew(await world.process().current())

    asked = play(tmp_path, scene, answer_s=0).asked
    assert asked[1] - asked[0] == 61
    assert asked[3] - asked[2] == 61


@pytest.mark.parametrize("failure", [AuthError("wrong secret"), RetriableVendorError("no route", sent=False)])
def test_what_no_token_can_have_been_issued_for_costs_no_minute(failure: VendorError, tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        world.failures = [failure]
        with pytest.raises(type(failure)):
            await world.process().current()
        assert (await world.process().current()).value == "T2"

    first, second = play(tmp_path, scene, answer_s=0).asked
    assert first == second


def test_a_clock_that_was_set_back_makes_nobody_wait_for_more_than_a_minute(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        token = await world.process().current()
        await world.process(now=lambda: world.now() - timedelta(hours=5)).renew(token)

    first, second = play(tmp_path, scene, answer_s=0).asked
    assert second - first == 61


def test_a_process_that_hangs_while_it_asks_is_named_in_the_end(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        hanging = asyncio.create_task(world.process().current())
        await asyncio.sleep(0.1)
        with pytest.raises(ResourceError, match=r"another process has been asking .*a\.token"):
            await world.process().current()
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)

    play(tmp_path, scene, answer_s=1_000_000)


def test_a_short_life_is_renewed_in_its_last_tenth(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        broker = world.process(interval_s=0)
        for _ in range(100):
            assert (await broker.current()).expires_at > world.now()
            await asyncio.sleep(0.5)

    assert len(play(tmp_path, scene, answer_s=0, life_s=10).asked) == 6
