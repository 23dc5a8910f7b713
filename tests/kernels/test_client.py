"""The client takes a reply in time although its wake-up was used up."""

from __future__ import annotations

import asyncio
import time
from queue import Empty

import pytest
import zmq
import zmq.asyncio
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.session import Session

from sillok.kernels.client import PromptChannel


async def _wait_without_a_wake_up(kind: type[AsyncZMQSocketChannel], timeout: float) -> float:
    """Wait for a message whose edge is used up, as a raw send does, and return how long that took."""
    session = Session(key=b"k")
    with zmq.asyncio.Context() as context, zmq.Context() as other:
        ours = context.socket(zmq.DEALER)
        port = ours.bind_to_random_port("tcp://127.0.0.1")
        theirs = other.socket(zmq.DEALER)
        theirs.connect(f"tcp://127.0.0.1:{port}")
        channel = kind(ours, session)
        waiting = asyncio.ensure_future(channel.get_msg(timeout=timeout))
        await asyncio.sleep(0.05)
        session.send(theirs, "execute_reply", {"status": "ok"})
        # The loop has not run since: take the edge away before it looks.
        time.sleep(0.05)
        zmq.Socket.shadow(ours.underlying).getsockopt(zmq.EVENTS)
        began = time.monotonic()
        try:
            assert (await waiting)["content"] == {"status": "ok"}
            return time.monotonic() - began
        finally:
            theirs.close(0)
            ours.close(0)


async def test_a_reply_whose_wake_up_is_gone_is_taken_all_the_same() -> None:
    assert await _wait_without_a_wake_up(PromptChannel, 30) < 15


async def test_the_stock_channel_sleeps_through_it() -> None:
    """When this fails, jupyter_client is mended and the room's client can go."""
    assert await _wait_without_a_wake_up(AsyncZMQSocketChannel, 2) >= 1.5


async def test_nothing_within_the_time_is_empty() -> None:
    with zmq.asyncio.Context() as context:
        socket = context.socket(zmq.DEALER)
        with pytest.raises(Empty):
            await PromptChannel(socket, Session(key=b"k")).get_msg(timeout=0.3)
        socket.close(0)
