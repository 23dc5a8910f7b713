"""The transport against servers that cut, stall, refuse and overflow."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from sillok.clock import KST
from sillok.errors import AuthError, FatalVendorError, RetriableVendorError, VendorError
from sillok.kis import Credentials, schema
from sillok.kis.answers import read_answer
from sillok.kis.retries import Effort, Retries
from sillok.kis.transport import Transport
from tests.sandboxes import serving

KEYS = Credentials("APPKEY-" + "k" * 29, "APPSECRET-" + "s" * 170)
TOKEN = "T0KEN-" + "t" * 50
QUERY = {"symbol": "900020"}
FINE = {
    "rt_cd": "0",
    "msg_cd": "MCA00000",
    "output": {"a": '한글 \\ " }{'},
    "list": [{}, [1, 2.5, None, True]],
}
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Time:
    """A clock that moves when somebody sleeps on it."""

    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        return self.at

    def now(self) -> datetime:
        return datetime(2026, 6, 30, tzinfo=KST) + timedelta(seconds=self.at)

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)


def vendor(answer: Answer) -> web.Application:
    """Return a server whose quotes are answered by ``answer``, and whose keys are numbered."""
    approvals: list[dict[str, Any]] = []

    async def issue(request: web.Request) -> web.Response:
        return web.json_response({"access_token": TOKEN, "expires_in": 86_400})

    async def approve(request: web.Request) -> web.Response:
        approvals.append(await request.json())
        assert approvals[-1] == {
            "grant_type": "client_credentials",
            "appkey": KEYS.app_key,
            "secretkey": KEYS.app_secret,
        }
        return web.json_response({"approval_key": f"approval-{len(approvals)}"})

    app = web.Application()
    app.router.add_post("/oauth2/tokenP", issue)
    app.router.add_post("/oauth2/Approval", approve)
    app.router.add_get(schema.PRICE.path, answer)
    return app


def transport_of(url: str, folder: Path, **options: Any) -> Transport:
    defaults = {"rate": 0, "ledger_rate": 0, "paper": False, "timeout_s": 5, "tries": 5, "deadline_s": 60}
    return Transport(url, KEYS, folder / "kis", **(defaults | options))


async def ask(answer: Answer, folder: Path, **options: Any) -> tuple[dict[str, Any], Transport]:
    time = Time()
    clocks = {"sleep": time.sleep, "monotonic": time.monotonic, "now": time.now}
    async with serving(vendor(answer)) as url:
        transport = transport_of(url, folder, **(clocks | options))
        await transport.open()
        try:
            body, _ = await transport.get(schema.PRICE, QUERY)
        finally:
            await transport.close()
    return body, transport


# ---- answers cut short
@given(st.integers(0, 200), st.booleans())
def test_the_beginning_of_an_answer_is_asked_for_again_wherever_it_was_cut(
    cut: int, ascii_only: bool
) -> None:
    data = json.dumps(FINE, ensure_ascii=ascii_only).encode()
    part = data[: min(cut, len(data) - 1)]
    with pytest.raises(RetriableVendorError, match="ends after"):
        read_answer(200, part, "/x")
    assert read_answer(200, data, "/x") == FINE


@pytest.mark.parametrize(
    "text", ["<html>hello</html>", "<!doctype html>{", "{}}", '{"a": 1} trailing', "OK", "[]", "{]}", "null"]
)
def test_what_is_no_beginning_of_an_answer_is_refused_for_good(text: str) -> None:
    with pytest.raises(FatalVendorError):
        read_answer(200, text.encode(), "/x")


@pytest.mark.parametrize("how", ["length", "json", "chunks"])
async def test_a_connection_dropped_in_an_answer_is_asked_again(how: str, tmp_path: Path) -> None:
    seen = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal seen
        seen += 1
        data = json.dumps(FINE).encode()
        if seen == 3:
            return web.Response(body=data)
        if how == "json":
            return web.Response(body=data[:40])
        response = web.StreamResponse()
        if how == "length":
            response.content_length = len(data)
        else:
            response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(data[:40])
        assert request.transport is not None
        request.transport.close()
        return response

    body, _ = await ask(answer, tmp_path)
    assert (body, seen) == (FINE, 3)


# ---- bounds
async def test_waiting_behind_a_busy_queue_is_no_failure(tmp_path: Path) -> None:
    """Each call waits minutes for its turn, and fails once on the way: seconds of waiting do not count."""
    seen = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal seen
        seen += 1
        if seen % 2:
            return web.json_response({"rt_cd": "1", "msg_cd": "EGW00300", "msg1": ""}, status=500)
        return web.json_response(FINE)

    time = Time()
    clocks = {"sleep": time.sleep, "monotonic": time.monotonic, "now": time.now}
    async with serving(vendor(answer)) as url:
        transport = transport_of(url, tmp_path, rate=0.01, deadline_s=3, **clocks)
        await transport.open()
        for _ in range(3):
            assert (await transport.get(schema.PRICE, QUERY))[0] == FINE
        await transport.close()
    assert seen == 6
    assert time.at > 500


async def test_more_calls_at_once_than_connections_wait_without_failing(tmp_path: Path) -> None:
    under_way, most = 0, 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        return web.json_response(FINE)

    async with serving(vendor(answer)) as url:
        transport = transport_of(url, tmp_path, timeout_s=1.5, tries=1)
        await transport.open()
        bodies = await asyncio.gather(*(transport.get(schema.PRICE, QUERY) for _ in range(400)))
        await transport.close()
    assert len(bodies) == 400
    assert most <= 32


async def test_tries_are_further_apart_each_time_with_chance_and_a_most(tmp_path: Path) -> None:
    time, slept = Time(), []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await time.sleep(seconds)

    async def fail(effort: Effort) -> None:
        raise RetriableVendorError("down")

    async def no_pause(seconds: float, err: VendorError) -> None:
        raise NotImplementedError

    chances = iter([0.0, 0.5, 1.0] * 10)
    retries = Retries(9, 1_000, sleep, no_pause, time.monotonic, lambda: next(chances))
    with pytest.raises(RetriableVendorError, match="gave up after 9 tries in "):
        await retries.run(fail)
    assert slept == pytest.approx([0.3, 0.8, 2.0, 2.4, 6.4, 10.0, 6.0, 8.0])


@pytest.mark.parametrize("kind", [FatalVendorError, AuthError])
async def test_what_will_not_pass_is_asked_once(kind: type[VendorError], tmp_path: Path) -> None:
    seen = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal seen
        seen += 1
        code = "OPSQ2001" if kind is FatalVendorError else "EGW02004"
        return web.json_response({"rt_cd": "1", "msg_cd": code, "msg1": ""}, status=500)

    with pytest.raises(kind):
        await ask(answer, tmp_path)
    assert seen == 1


async def test_a_token_refused_again_says_what_to_look_at(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"rt_cd": "1", "msg_cd": "EGW00121", "msg1": ""}, status=500)

    with pytest.raises(AuthError, match="issued just now was refused as well; see at the KIS portal"):
        await ask(answer, tmp_path)


async def test_a_refusal_for_haste_pauses_every_process_and_is_counted(tmp_path: Path) -> None:
    seen = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal seen
        seen += 1
        if seen == 1:
            return web.json_response({"rt_cd": "1", "msg_cd": "EGW00201", "msg1": ""}, status=500)
        return web.json_response(FINE)

    time = Time()
    clocks = {"sleep": time.sleep, "monotonic": time.monotonic, "now": time.now}
    async with serving(vendor(answer)) as url:
        one = transport_of(url, tmp_path, rate=20, **clocks)
        two = transport_of(url, tmp_path, rate=20, **clocks)
        await one.open()
        await two.open()
        pause = one._throttle.pause

        async def paused(seconds: float, *, ledger: bool = False) -> None:
            await pause(seconds, ledger=ledger)
            before = time.at
            await two.get(schema.PRICE, QUERY)
            assert time.at - before >= 0.375

        one._throttle.pause = paused  # type: ignore[method-assign]
        await one.get(schema.PRICE, QUERY)
        await one.close()
        await two.close()
    assert (one.refused, two.refused) == (1, 0)


# ---- the stream's key
async def test_the_approval_key_is_kept_for_half_a_day_and_asked_anew_when_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response()

    caplog.set_level(logging.DEBUG)
    time = Time()
    async with serving(vendor(answer)) as url:
        transport = transport_of(url, tmp_path, now=time.now)
        await transport.open()
        assert set(await asyncio.gather(*(transport.approval_key() for _ in range(5)))) == {"approval-1"}
        assert await transport.approval_key("approval-1") == "approval-2"
        assert await transport.approval_key("approval-1") == "approval-2"  # asked by another stream meanwhile
        assert await transport.approval_key() == "approval-2"
        time.at += 12 * 3_600
        assert await transport.approval_key() == "approval-3"
        await transport.close()
    assert "/oauth2/Approval" in caplog.text
    for secret in (KEYS.app_key, KEYS.app_secret, "approval-1"):
        assert secret not in caplog.text


async def test_an_answer_without_approval_key_is_refused(tmp_path: Path) -> None:
    async def nothing(request: web.Request) -> web.Response:
        return web.json_response({})

    app = web.Application()
    app.router.add_post("/oauth2/Approval", nothing)
    async with serving(app) as url:
        transport = transport_of(url, tmp_path)
        await transport.open()
        with pytest.raises(FatalVendorError, match="no approval key"):
            await transport.approval_key()
        await transport.close()


async def test_a_call_whose_connection_is_closed_is_sent_again_by_nobody_but_us(tmp_path: Path) -> None:
    """An HTTP library that sends it once more behind our back makes a call that no turn was taken for."""
    arrived = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal arrived
        arrived += 1
        if arrived in {2, 3} and request.transport is not None:
            request.transport.close()
        return web.json_response(FINE)

    time = Time()
    async with serving(vendor(answer)) as url:
        transport = transport_of(url, tmp_path, sleep=time.sleep, monotonic=time.monotonic, now=time.now)
        await transport.open()
        try:
            await transport.get(schema.PRICE, QUERY)
            await transport.get(schema.PRICE, QUERY)
        finally:
            await transport.close()
        assert (arrived, transport.calls) == (4, 1 + 4)
