from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from sillok.errors import AuthError, ConfigError, FatalVendorError, RetriableVendorError
from sillok.kis.schema.channel import acknowledgement, request
from sillok.kis.stream import Gap, InUseError, Notice, OrderBook, Patience, Stream, Trade, stream_url
from sillok.sandbox import Limits, StreamOptions
from sillok.sandbox.world.tape import issue_tape
from tests.sandboxes import reference_market, serving
from tests.streams import HASTY, QUICK, Desk, streaming, take

ISSUES = [issue.symbol for issue in reference_market().listed("KOSPI")]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with streaming() as served:
        yield served


def test_kis_has_hosts_of_their_own_for_the_stream_and_the_sandbox_has_not() -> None:
    assert stream_url("https://openapi.koreainvestment.com:9443") == "ws://ops.koreainvestment.com:21000"
    assert stream_url("https://openapivts.koreainvestment.com:29443") == "ws://ops.koreainvestment.com:31000"
    assert stream_url("http://127.0.0.1:8810") == "ws://127.0.0.1:8810"


async def test_trades_arrive_in_order_and_add_up_to_the_days_volume(desk: Desk) -> None:
    async with desk.stream() as stream:
        await stream.trades(ISSUES[0], ISSUES[1])
        trades = [one for one in await take(stream, 400, Trade) if one.symbol == ISSUES[0]]
    for before, after in itertools.pairwise(trades):
        assert after.volume == before.volume + after.quantity
        assert after.time >= before.time
    tape = issue_tape(reference_market(), ISSUES[0], 1)
    at = {int(volume): place for place, volume in enumerate(tape.volume)}
    assert [one.price for one in trades] == [int(tape.price[at[one.volume]]) for one in trades]


async def test_order_books_and_trades_of_one_session_agree(desk: Desk) -> None:
    async with desk.stream(day=reference_market().today) as stream:
        await stream.order_books(ISSUES[0])
        await stream.index("KOSPI")
        books = await take(stream, 10, OrderBook)
    for book in books:
        assert book.bids[0].price < book.asks[0].price
        assert book.total_ask_quantity == sum(level.quantity for level in book.asks)
        assert book.time.date() == reference_market().today


async def test_a_fill_of_the_account_is_told_enciphered_and_read(desk: Desk) -> None:
    async with desk.stream() as stream:
        await stream.notices("hts-user")
        order = {"symbol": ISSUES[0], "side": "sell", "quantity": 7, "price": 71_200}
        assert (await desk.switch(order=order))["status"] == 200
        taken, filled = await take(stream, 2, Notice)
    assert (taken.kind, taken.quantity, taken.order_quantity) == ("accepted", 0, 7)
    assert (filled.kind, filled.quantity, filled.price, filled.side) == ("fill", 7, 71_200, "sell")


async def test_the_paper_host_has_its_own_id_for_notices_and_no_index() -> None:
    async with streaming(limits=Limits(rate=0, paper=True)) as desk, desk.stream(paper=True) as stream:
        await stream.notices("hts-user")
        await desk.switch(order={"symbol": ISSUES[0], "side": "buy", "quantity": 1, "price": 100})
        assert (await take(stream, 1, Notice))[0].side == "buy"
        with pytest.raises(ConfigError, match="paper host has no channel index"):
            await stream.index("KOSPI")


async def test_the_forty_second_subscription_is_refused_before_it_is_sent(desk: Desk) -> None:
    async with desk.stream() as stream:
        await stream.trades(*ISSUES[:30])
        await stream.order_books(*ISSUES[:11])
        with pytest.raises(ConfigError, match="at most 41 subscriptions"):
            await stream.trades(ISSUES[31])
        assert (await desk.about())["sessions"] == [41]
        await stream.trades(ISSUES[0])  # what is followed already takes no place
        await stream.unsubscribe("trades", ISSUES[0])
        await stream.trades(ISSUES[31])
        assert (await desk.about())["sessions"] == [41]
        assert ("trades", ISSUES[0]) not in stream.subscriptions


@pytest.mark.parametrize(
    ("channel", "key"),
    [("nothing", "900010"), ("trades", "9000"), ("trades", "../etc"), ("index", "KOSPI"), ("notices", "")],
)
async def test_a_wrong_channel_or_key_is_refused_before_it_is_sent(
    desk: Desk, channel: str, key: str
) -> None:
    async with desk.stream() as stream:
        with pytest.raises(ConfigError):
            await stream.subscribe(channel, key)
        assert stream.subscriptions == []


async def test_a_lost_connection_comes_back_with_every_subscription_and_a_gap_for_each(desk: Desk) -> None:
    async with desk.stream() as stream:
        await stream.trades(ISSUES[0], ISSUES[1])
        await stream.notices("me")
        [before] = await take(stream, 1, Trade)
        await desk.switch(drop=True)
        gaps = await take(stream, 3, Gap)
        [after] = await take(stream, 1, Trade)
    assert {(gap.channel, gap.key) for gap in gaps} == {
        ("trades", ISSUES[0]), ("trades", ISSUES[1]), ("notices", "me"),
    }  # fmt: skip
    assert all(gap.reason == "disconnected" and gap.since and gap.since <= gap.until for gap in gaps)
    assert after.received_at >= max(gap.until for gap in gaps if gap.channel == "trades")
    assert before.received_at <= after.received_at


async def test_every_trade_is_either_received_or_lies_in_a_gap(desk: Desk) -> None:
    got: list[Any] = []
    async with desk.stream() as stream:
        await stream.trades(ISSUES[0])
        for _ in range(4):
            got += await take(stream, 60)
            await desk.switch(drop=True)
            while not isinstance(got[-1], Gap):
                got += await take(stream, 1)
        got += await take(stream, 60)
    holes = 0
    trades = [(place, one) for place, one in enumerate(got) if isinstance(one, Trade)]
    for (i, before), (j, after) in itertools.pairwise(trades):
        if after.volume != before.volume + after.quantity:
            holes += 1
            assert any(isinstance(one, Gap) for one in got[i:j]), "trades were lost and nothing says so"
    assert holes <= sum(isinstance(one, Gap) for one in got) == 4


async def test_a_connection_that_falls_silent_is_noticed_and_left() -> None:
    async with streaming() as desk, desk.stream(patience=Patience(silent_s=0.4, first_s=0.02)) as stream:
        await stream.trades(ISSUES[0])
        await take(stream, 1, Trade)
        await desk.switch(silent=True)
        while (await desk.about())["sessions"]:
            await asyncio.sleep(0.02)
        await desk.switch(silent=False)
        [gap] = await take(stream, 1, Gap)
        await take(stream, 1, Trade)
    assert gap.reason == "silent"


async def test_keep_alives_are_answered_and_keep_a_quiet_session() -> None:
    quiet = StreamOptions(speed=0.001, step_s=0.02, ping_s=0.1, answer_s=0.3)
    async with streaming(quiet) as desk, desk.stream(patience=Patience(silent_s=0.5)) as stream:
        await stream.trades(ISSUES[0])
        await asyncio.sleep(1.2)
        assert (await desk.about())["sessions"] == [1]
        assert len(stream._buffer) == 0


async def test_a_client_that_does_not_answer_is_dropped() -> None:
    quiet = StreamOptions(speed=0.001, step_s=0.02, ping_s=0.1, answer_s=0.3)
    async with streaming(quiet) as desk, desk.http.ws_connect(stream_url(desk.url)) as socket:
        asked = await socket.receive(timeout=5)
        assert json.loads(asked.data)["header"]["tr_id"] == "PINGPONG"
        while asked.type is aiohttp.WSMsgType.TEXT:
            asked = await socket.receive(timeout=5)
        assert asked.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSE}


async def test_a_pong_frame_answers_as_well_as_the_text() -> None:
    quiet = StreamOptions(speed=0.001, step_s=0.02, ping_s=0.1, answer_s=0.3)
    async with streaming(quiet) as desk, desk.http.ws_connect(f"{stream_url(desk.url)}/tryitout") as socket:
        for _ in range(8):
            asked = await socket.receive(timeout=5)
            assert asked.type is aiohttp.WSMsgType.TEXT
            await socket.pong(asked.data.encode())


async def test_a_key_has_one_session_and_the_second_says_so(desk: Desk) -> None:
    async with desk.stream() as first:
        await first.trades(ISSUES[0])
        async with desk.stream() as second:
            with pytest.raises(InUseError, match="one session per appkey"):
                await second.trades(ISSUES[0])
            assert second.subscriptions == []
        await take(first, 1, Trade)  # the first goes on
        async with desk.stream(approve=lambda _: desk.approve(app_key="Q" * 36)) as other:
            await other.trades(ISSUES[0])


async def test_an_approval_key_that_ended_is_asked_for_once_more(desk: Desk) -> None:
    told: list[str] = []

    async def approve(refused: str) -> str:
        told.append(refused)
        return await desk.approve() if refused else "ended"

    async with desk.stream(approve=approve) as stream:
        await stream.trades(ISSUES[0])
        await take(stream, 1, Trade)
    assert told == ["", "ended"]


async def test_an_approval_key_that_is_never_taken_ends_in_a_clear_error(desk: Desk) -> None:
    async def approve(_: str) -> str:
        return "never"

    async with desk.stream(approve=approve) as stream:
        with pytest.raises(AuthError, match="OPSP0011"):
            await stream.trades(ISSUES[0])


async def test_a_slow_reader_loses_nothing_in_silence(desk: Desk) -> None:
    async with desk.stream(limit=50) as stream:
        await stream.trades(ISSUES[0])
        while len(stream._buffer) < 50:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
        got = await take(stream, 51)
        trades = [one for one in got if isinstance(one, Trade)]
        [gap] = [one for one in got if isinstance(one, Gap)]
        [after] = await take(stream, 1, Trade)
    assert gap.reason == "overflow"
    tape = issue_tape(reference_market(), ISSUES[0], 1)
    at = {int(volume): place for place, volume in enumerate(tape.volume)}
    assert at[after.volume] - at[trades[-1].volume] - 1 == gap.lost
    assert gap.since
    assert trades[-1].received_at <= gap.since <= gap.until <= after.received_at


async def test_a_frame_that_cannot_be_read_is_told_as_a_gap_and_the_stream_goes_on(desk: Desk) -> None:
    async with desk.stream() as stream:
        await stream.trades(ISSUES[0])
        await take(stream, 1, Trade)
        await desk.switch(malformed=2)
        gaps = await take(stream, 2, Gap)
        await take(stream, 1, Trade)
    assert [gap.reason for gap in gaps] == ["unreadable"] * 2


async def test_a_frame_sent_twice_is_handed_out_twice_and_known_by_its_volume(desk: Desk) -> None:
    async with desk.stream() as stream:
        await stream.trades(ISSUES[0])
        await desk.switch(duplicate=1)
        volumes = [trade.volume for trade in await take(stream, 400, Trade)]
    assert len(set(volumes)) < len(volumes)


async def _told(stream: Stream, got: list[Any]) -> AsyncIterator[Any]:
    async for event in stream:
        got.append(event)
        yield event


async def test_a_host_that_stays_away_ends_the_stream_after_the_tries() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with streaming() as desk:
        patience = Patience(answer_s=5, silent_s=5, tries=5, first_s=1, longest_s=3)
        stream = await desk.stream(patience=patience, sleep=sleep).__aenter__()
        await stream.trades(ISSUES[0])
        await take(stream, 1, Trade)
    got: list[Any] = []
    with pytest.raises(RetriableVendorError, match="gave up after 5 connections"):
        _ = [event async for event in _told(stream, got)]
    assert slept == [1, 2, 3, 3]
    assert (got[-1].reason, got[-1].since is not None) == ("gave_up", True)
    with pytest.raises(FatalVendorError, match="has ended"):
        await stream.trades(ISSUES[1])
    await stream.close()


async def test_a_host_that_is_not_there_is_said_at_once() -> None:
    async def approve(_: str) -> str:
        return "key"

    with pytest.raises(RetriableVendorError, match="cannot open the stream"):
        await Stream("ws://127.0.0.1:9", approve, patience=HASTY).__aenter__()


async def test_a_closed_stream_hands_out_what_waits_and_ends(desk: Desk) -> None:
    async with desk.stream() as stream:
        await stream.trades(ISSUES[0])
        while not len(stream._buffer):
            await asyncio.sleep(0.02)
    assert [event async for event in stream]


async def test_subscriptions_made_while_the_connection_is_lost_stand_afterwards(desk: Desk) -> None:
    async with desk.stream() as stream:
        await stream.trades(ISSUES[0])
        await desk.switch(drop=True)
        await asyncio.gather(stream.trades(ISSUES[1]), stream.order_books(ISSUES[2]))
        while (await desk.about())["sessions"] != [3]:
            await asyncio.sleep(0.02)


async def test_a_request_that_is_never_answered_is_made_again_on_another_connection() -> None:
    connections = 0

    async def serve(http: web.Request) -> web.WebSocketResponse:
        nonlocal connections
        connections += 1
        answers = connections > 1
        socket = web.WebSocketResponse()
        await socket.prepare(http)
        async for message in socket:
            asked = json.loads(message.data)["body"]["input"]
            if answers:
                text = acknowledgement(asked["tr_id"], asked["tr_key"], "OPSP0000", "SUBSCRIBE SUCCESS")
                await socket.send_str(text)
        return socket

    async def approve(_: str) -> str:
        return "key"

    app = web.Application()
    app.router.add_get("/", serve)
    patience = Patience(answer_s=0.3, silent_s=5, tries=5, first_s=0.01)
    async with serving(app) as url, Stream(stream_url(url), approve, patience=patience) as stream:
        await stream.trades("900010", "900020")
        assert [one.stands for one in stream._book] == [True, True]
    assert connections == 2


class Raw:
    """A bare client: what the protocol looks like without ours."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, key: str) -> None:
        self.socket, self.key = socket, key

    async def ask(self, text: str) -> str:
        await self.socket.send_str(text)
        while True:
            answer = await self.socket.receive(timeout=5)
            if answer.data[0] == "{" and "PINGPONG" not in answer.data:
                return str(json.loads(answer.data)["body"]["msg_cd"])

    async def subscribe(self, tr_id: str, tr_key: str, kind: str = "1", **header: Any) -> str:
        message = json.loads(request(self.key, kind, tr_id, tr_key))
        message["header"] |= header
        return await self.ask(json.dumps(message))


async def test_the_server_answers_with_the_vendors_codes(desk: Desk) -> None:
    async with desk.http.ws_connect(f"{stream_url(desk.url)}/tryitout/H0STCNT0") as socket:
        raw = Raw(socket, await desk.approve())
        assert await raw.subscribe("H0STCNT0", ISSUES[0], approval_key="no") == "OPSP0011"
        assert await raw.subscribe("H0STCNT0", ISSUES[0], approval_key="") == "OPSP0010"
        assert await raw.subscribe("H0STCNT0", ISSUES[0]) == "OPSP0000"
        assert await raw.subscribe("H0STCNT0", ISSUES[0]) == "OPSP0002"
        assert await raw.subscribe("H0STCNT0", ISSUES[1], "2") == "OPSP0003"
        assert await raw.subscribe("H0STCNT0", ISSUES[0], "2") == "OPSP0001"
        assert await raw.subscribe("H0STXXX0", ISSUES[0]) == "OPSP8991"
        assert await raw.subscribe("H0STCNI9", "me") == "OPSP8991"  # the paper host's
        assert await raw.subscribe("H0STCNT0", "9") == "OPSP8992"
        assert await raw.subscribe("H0STCNT0", ISSUES[0], "7") == "OPSP8997"
        assert await raw.subscribe("H0STCNT0", ISSUES[0], custtype="X") == "OPSP8998"
        for text in (
            "{",
            "[]",
            "7",
            '{"header": 1}',
            '{"header": {}}',
            '{"header": {}, "body": {}}',
            "x" * 999,
        ):
            assert (await raw.ask(text)).startswith("OPSP999")
        codes = [await raw.subscribe("H0STCNT0", symbol) for symbol in ISSUES[:42]]
        assert codes == ["OPSP0000"] * 41 + ["OPSP0008"]


async def test_two_clients_of_two_keys_see_the_same_session(desk: Desk) -> None:
    async with (
        desk.stream() as one,
        desk.stream(approve=lambda _: desk.approve(app_key="Q" * 36)) as other,
    ):
        await one.trades(ISSUES[0])
        await other.trades(ISSUES[0])
        first, second = [
            {trade.volume: trade.price for trade in await take(stream, 300, Trade)} for stream in (one, other)
        ]
    both = first.keys() & second.keys()
    assert len(both) > 100
    assert {volume: first[volume] for volume in both} == {volume: second[volume] for volume in both}


def test_what_is_quick_in_these_tests_is_not_what_a_desk_waits() -> None:
    assert Patience().silent_s > 2 * StreamOptions().ping_s
    assert [Patience().pause(tried) for tried in (1, 2, 20)] == [0.5, 1.0, 30]
    assert QUICK.speed > StreamOptions().speed
