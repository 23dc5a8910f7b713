"""The throttle's laws, in virtual time: several processes, any latency, losses and crashes."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import ConfigError, ResourceError
from sillok.kis.throttle import Throttle
from tests.kis.virtual import VirtualLoop, fullest_second, run

LIMIT = 15.0


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name) / "kis" / "a.turns"


def throttle_of(loop: VirtualLoop, rate: float, path: Path | None = None, *, ledger: float = 0) -> Throttle:
    return Throttle(rate, ledger_rate=ledger, limit_s=LIMIT, path=path, monotonic=loop.time)


class Vendor:
    """Notes when calls arrive; each takes the next of the given ways there and back."""

    def __init__(self, loop: VirtualLoop, ways: list[tuple[float, float]]) -> None:
        self.arrivals: list[float] = []
        self._loop, self._ways = loop, cycle(ways)

    async def call(self) -> None:
        there, back = next(self._ways)
        await asyncio.sleep(there)
        self.arrivals.append(self._loop.time())
        await asyncio.sleep(back)


WAYS = st.lists(st.tuples(st.floats(0, 2), st.floats(0, 2)), min_size=1, max_size=7)


@settings(max_examples=30)
@given(
    rate=st.sampled_from([1.0, 2.0, 3.5, 5.0, 20.0]),
    processes=st.integers(1, 3),
    ways=WAYS,
    pauses=st.lists(st.floats(0, 3), min_size=1, max_size=5),
    shared=st.booleans(),
)
def test_no_second_of_the_vendors_ever_holds_more_calls_than_the_rate(
    rate: float, processes: int, ways: list[tuple[float, float]], pauses: list[float], shared: bool
) -> None:
    async def main(loop: VirtualLoop, path: Path) -> list[float]:
        vendor = Vendor(loop, ways)
        one = throttle_of(loop, rate, path)
        throttles = [throttle_of(loop, rate, path) if shared else one for _ in range(processes)]

        async def caller(throttle: Throttle, waits: Iterator[float]) -> None:
            for _ in range(5):
                async with throttle.turn():
                    await vendor.call()
                await asyncio.sleep(next(waits))

        waits = cycle(pauses)
        await asyncio.gather(*(caller(throttle, waits) for throttle in throttles for _ in range(4)))
        for throttle in throttles:
            throttle.close()
        return vendor.arrivals

    with folder() as path:
        arrivals = run(lambda loop: main(loop, path))
    assert len(arrivals) == processes * 20
    assert fullest_second(arrivals) <= -(-rate // 1)


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), ways=WAYS)
def test_the_limit_holds_when_callers_give_up_and_processes_die(
    seed: int, ways: list[tuple[float, float]]
) -> None:
    chance = Random(seed)

    async def main(loop: VirtualLoop, path: Path) -> tuple[list[float], int]:
        vendor = Vendor(loop, ways)
        throttles = [throttle_of(loop, 5, path) for _ in range(3)]
        ended = 0

        async def caller(throttle: Throttle) -> None:
            nonlocal ended
            async with throttle.turn() as turn:
                if throttle is throttles[0]:
                    turn.answered = lambda: None  # type: ignore[method-assign]  # a dead process says nothing
                await vendor.call()
            ended += 1

        tasks = [asyncio.create_task(caller(chance.choice(throttles))) for _ in range(40)]
        while not all(task.done() for task in tasks):
            await asyncio.sleep(chance.uniform(0, 1))
            if chance.random() < 0.3:
                chance.choice(tasks).cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for throttle in throttles:
            throttle.close()
        return vendor.arrivals, ended

    with folder() as path:
        arrivals, ended = run(lambda loop: main(loop, path))
    assert ended <= len(arrivals)
    assert fullest_second(arrivals) <= 5


@pytest.mark.parametrize("processes", [1, 3])
@pytest.mark.parametrize("latency", [0.001, 0.01, 0.03])
def test_the_rate_is_reached_but_for_the_latency(processes: int, latency: float) -> None:
    async def main(loop: VirtualLoop, path: Path) -> list[float]:
        vendor = Vendor(loop, [(latency / 2, latency / 2)])
        throttles = [throttle_of(loop, 20, path) for _ in range(processes)]
        stop = loop.time() + 61

        async def caller(throttle: Throttle) -> None:
            while loop.time() < stop:
                async with throttle.turn():
                    await vendor.call()

        await asyncio.gather(*(caller(throttle) for throttle in throttles for _ in range(8)))
        for throttle in throttles:
            throttle.close()
        return vendor.arrivals

    with folder() as path:
        arrivals = run(lambda loop: main(loop, path))
    steady = [time for time in arrivals if time < 1_061]
    assert fullest_second(arrivals) <= 20
    assert (
        len(steady) / 60 > 20 / (1 + latency) - 0.4
    )  # one period passes before the first call of a new file
    gaps = [later - earlier for earlier, later in pairwise(sorted(arrivals))]
    assert min(gaps) > 0.024


def test_a_process_with_one_call_does_not_wait_behind_a_process_with_thousands() -> None:
    async def main(loop: VirtualLoop, path: Path) -> list[float]:
        vendor = Vendor(loop, [(0.002, 0.003)])
        night, desk = throttle_of(loop, 20, path), throttle_of(loop, 20, path)
        waits = []

        async def load() -> None:
            while True:
                async with night.turn():
                    await vendor.call()

        tasks = [asyncio.create_task(load()) for _ in range(500)]
        await asyncio.sleep(3)
        for _ in range(50):
            began = loop.time()
            async with desk.turn():
                waits.append(loop.time() - began)
                await vendor.call()
            await asyncio.sleep(0.137)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return waits

    with folder() as path:
        waits = run(lambda loop: main(loop, path))
    assert max(waits) < 0.16  # the turn that was being waited for, and the next one, at 50 ms each


@pytest.mark.parametrize(("rate", "latency"), [(1, 0.01), (1, 0.5), (1, 3.0), (4, 0.01), (20, 1.5)])
def test_busy_processes_share_equally_also_when_every_call_is_slow(rate: float, latency: float) -> None:
    async def main(loop: VirtualLoop, path: Path) -> list[int]:
        throttles = [throttle_of(loop, rate, path) for _ in range(3)]
        counts = [0, 0, 0]

        async def caller(number: int) -> None:
            while True:
                async with throttles[number].turn():
                    await asyncio.sleep(latency)
                    counts[number] += 1

        tasks = [
            asyncio.create_task(caller(n)) for n, callers in enumerate((30, 20, 20)) for _ in range(callers)
        ]
        await asyncio.sleep(120)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return counts

    with folder() as path:
        counts = run(lambda loop: main(loop, path))
    assert max(counts) <= min(counts) * 1.15 + 2


def test_a_dead_process_holds_its_slots_no_longer_than_a_call_may_take() -> None:
    async def main(loop: VirtualLoop, path: Path) -> tuple[float, float]:
        dead, alive = throttle_of(loop, 2, path), throttle_of(loop, 2, path)
        for _ in range(2):
            async with dead.turn() as turn:
                turn.answered = lambda: None  # type: ignore[method-assign]
        died = loop.time()
        async with alive.turn():
            freed = loop.time()
        return died, freed

    with folder() as path:
        died, freed = run(lambda loop: main(loop, path))
    assert LIMIT <= freed - died <= LIMIT + 1.1


def test_a_reservation_nobody_comes_for_goes_to_the_next() -> None:
    async def main(loop: VirtualLoop, path: Path) -> list[float]:
        vendor = Vendor(loop, [(0.01, 0.01)])
        stuck, alive = throttle_of(loop, 1, path), throttle_of(loop, 1, path)

        async def sleep(seconds: float) -> None:
            await asyncio.sleep(seconds + 30)  # its loop hangs

        stuck._sleep = sleep

        async def call(throttle: Throttle) -> None:
            async with throttle.turn():
                await vendor.call()

        hung = asyncio.create_task(call(stuck))
        await asyncio.sleep(0)
        await asyncio.gather(*(call(alive) for _ in range(5)))
        last = loop.time()
        await hung
        assert loop.time() > last
        return vendor.arrivals

    with folder() as path:
        arrivals = run(lambda loop: main(loop, path))
    assert fullest_second(arrivals) == 1
    assert arrivals[4] < 1_000 + 10 < arrivals[5]


def test_account_calls_keep_to_their_own_rate_and_hold_nobody_back() -> None:
    async def main(loop: VirtualLoop, path: Path) -> tuple[list[float], list[float]]:
        bars, account = Vendor(loop, [(0.001, 0.001)]), Vendor(loop, [(0.001, 0.001)])
        throttles = [throttle_of(loop, 20, path, ledger=2) for _ in range(2)]

        async def load(throttle: Throttle, *, ledger: bool) -> None:
            while True:
                async with throttle.turn(ledger=ledger):
                    await (account if ledger else bars).call()

        loads = [load(throttle, ledger=n % 2 == 0) for throttle in throttles for n in range(40)]
        tasks = [asyncio.create_task(one) for one in loads]
        await asyncio.sleep(31)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return bars.arrivals, account.arrivals

    with folder() as path:
        bars, account = run(lambda loop: main(loop, path))
    assert fullest_second(account) <= 2
    assert fullest_second(bars + account) <= 20
    assert len(account) / 30 > 1.7  # a turn among the others comes a little after its own
    assert len(bars + account) / 30 > 19.4


def test_a_pause_holds_back_every_process_also_one_that_has_its_turn_reserved() -> None:
    async def main(loop: VirtualLoop, path: Path) -> list[float]:
        vendor = Vendor(loop, [(0.0, 0.01)])
        first, second = throttle_of(loop, 1, path), throttle_of(loop, 1, path)

        async def call(throttle: Throttle) -> None:
            async with throttle.turn():
                await vendor.call()

        await call(first)
        waiting = asyncio.create_task(call(second))
        await asyncio.sleep(0.5)
        await first.pause(7)
        await waiting
        return vendor.arrivals

    with folder() as path:
        one, two = run(lambda loop: main(loop, path))
    assert two - one >= 7.5


def test_a_file_that_is_deleted_cut_or_filled_with_rubbish_begins_anew_and_cautiously() -> None:
    async def main(loop: VirtualLoop, path: Path) -> list[float]:
        vendor = Vendor(loop, [(0.0, 0.0)])
        throttle = throttle_of(loop, 3, path)
        damages = (
            path.unlink,
            lambda: path.write_bytes(b""),
            lambda: path.write_bytes(path.read_bytes()[:100]),
            lambda: path.write_bytes(b"\xff" * path.stat().st_size),
            lambda: path.write_bytes(path.read_bytes()[:40] + b"\xff" * (path.stat().st_size - 40)),
        )
        for damage in damages:
            other = throttle_of(loop, 3, path)  # a process that starts after the damage
            for one in [throttle, other] * 3:
                async with one.turn():
                    await vendor.call()
            other.close()
            damage()
        throttle.close()
        return vendor.arrivals

    with folder() as path:
        arrivals = run(lambda loop: main(loop, path))
    assert len(arrivals) == 30
    assert fullest_second(arrivals) <= 3


def test_processes_with_different_rates_each_keep_to_their_own_and_together_to_the_highest() -> None:
    async def main(loop: VirtualLoop, path: Path) -> list[list[float]]:
        vendors = [Vendor(loop, [(0.0, 0.02)]) for _ in range(2)]

        async def load(vendor: Vendor, throttle: Throttle) -> None:
            for _ in range(60):
                async with throttle.turn():
                    await vendor.call()

        slow, fast = throttle_of(loop, 3, path), throttle_of(loop, 8, path)
        await asyncio.gather(
            *(load(vendors[0], slow) for _ in range(2)), *(load(vendors[1], fast) for _ in range(9))
        )
        return [vendor.arrivals for vendor in vendors]

    with folder() as path:
        slow, fast = run(lambda loop: main(loop, path))
    assert (len(slow), len(fast)) == (120, 540)
    assert fullest_second(slow) <= 3
    assert fullest_second(slow + fast) <= 8


def test_a_lock_that_stays_shut_is_named_in_the_end() -> None:
    async def main(loop: VirtualLoop, path: Path) -> None:
        throttle, other = throttle_of(loop, 3, path), throttle_of(loop, 3, path)
        async with throttle.turn():
            pass
        assert other._file is not None
        with other._file.changing() as mine:
            assert mine
            with pytest.raises(ResourceError, match=r"has had .*a\.turns locked for 60 s"):
                async with throttle.turn():
                    raise NotImplementedError
        throttle.close()
        other.close()

    with folder() as path:
        run(lambda loop: main(loop, path))


def test_a_process_without_limit_never_waits() -> None:
    async def main(loop: VirtualLoop) -> float:
        throttle = throttle_of(loop, 0, Path("/nonexistent/never-made"))
        for number in range(1_000):
            async with throttle.turn(ledger=number % 2 == 0):
                pass
        return loop.time()

    assert run(main) == 1_000


@pytest.mark.parametrize("rate", [-1, float("nan"), float("inf")])
def test_a_senseless_rate_is_refused(rate: float) -> None:
    with pytest.raises(ConfigError, match="call rate"):
        Throttle(rate)
