"""What JupyterLab asks of a kernel beyond executing: completion, help, input, widgets both ways, the debugger."""

from __future__ import annotations

import asyncio
import time
from queue import Empty
from typing import Any

import pytest

from tests.kernels.forks import Forks, Kernel, wait_until


async def _reply(kernel: Kernel, request: str, **content: Any) -> dict[str, Any]:
    request_id = getattr(kernel.client, request)(**content)
    while True:
        reply = await kernel.client.get_shell_msg(timeout=30)
        if reply["parent_header"]["msg_id"] == request_id:
            return dict(reply["content"])


async def test_completion_help_and_history(forks: Forks) -> None:
    async with forks.kernel() as kernel:
        assert kernel.how != "stock"
        await kernel.run("import numpy as np\nanswer = 42")
        assert "answer" in (await _reply(kernel, "complete", code="answ", cursor_pos=4))["matches"]
        found = (await _reply(kernel, "complete", code="np.aran"))["matches"]
        assert any(match.endswith("arange") for match in found)
        told = await _reply(kernel, "inspect", code="np.arange", cursor_pos=9)
        assert "evenly spaced" in told["data"]["text/plain"]
        assert (await _reply(kernel, "is_complete", code="for i in x:"))["status"] == "incomplete"
        history = await _reply(kernel, "history", hist_access_type="tail", n=1)
        assert "answer = 42" in history["history"][0][2]


async def test_it_asks_its_user(forks: Forks) -> None:
    async with forks.kernel() as kernel:
        kernel.client.execute("got = input('name? ')", allow_stdin=True)
        asked = await kernel.client.get_stdin_msg(timeout=30)
        assert asked["content"]["prompt"] == "name? "
        kernel.client.input("Sejong")
        assert await kernel.value("got") == "Sejong"


async def test_widgets_speak_both_ways(forks: Forks) -> None:
    async with forks.kernel() as kernel:
        outputs = await kernel.run(
            "import ipywidgets\nslider = ipywidgets.IntSlider(value=3)\n"
            "seen = []\nslider.observe(lambda change: seen.append(change['new']), 'value')\nslider"
        )
        comm = outputs[-1]["data"]["application/vnd.jupyter.widget-view+json"]["model_id"]
        data = {"method": "update", "state": {"value": 8}, "buffer_paths": []}
        session = kernel.client.session
        kernel.client.shell_channel.send(session.msg("comm_msg", {"comm_id": comm, "data": data}))
        assert await kernel.value("(slider.value, seen)") == (8, [8])
        moved = await kernel.run("slider.value = 5")
        assert [o["data"]["state"]["value"] for o in moved if o["type"] == "comm_msg"] == [5]
        # A widget opened from the browser.
        target = {"comm_id": "f" * 32, "target_name": "jupyter.widget.control", "data": {}}
        kernel.client.shell_channel.send(session.msg("comm_open", target, metadata={"version": "1.0.0"}))
        assert await kernel.value(f"{'f' * 32!r} in __import__('comm').get_comm_manager().comms") is True


async def _debug(kernel: Kernel, seq: int, command: str, **arguments: Any) -> dict[str, Any]:
    message = kernel.client.session.msg(
        "debug_request", {"type": "request", "seq": seq, "command": command, "arguments": arguments}
    )
    kernel.client.control_channel.send(message)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            reply = await kernel.client.get_control_msg(timeout=1)
        except Empty:
            continue
        if reply["msg_type"] == "debug_reply" and reply["content"].get("request_seq") == seq:
            return dict(reply["content"])
    raise AssertionError(f"no reply to {command}")


@pytest.mark.parametrize("how", ["spare", "fork"])
async def test_the_debugger_stops_at_a_breakpoint(forks: Forks, how: str) -> None:
    wait_until(forks.spare_is_ready)
    async with forks.kernel() as spare, forks.kernel() as fork:
        kernel = {"spare": spare, "fork": fork}[how]
        assert kernel.how == how
        ready = await _debug(kernel, 1, "initialize", clientID="t", adapterID="", pathFormat="path")
        assert ready["success"]
        attached = kernel.client.session.msg(
            "debug_request", {"type": "request", "seq": 2, "command": "attach", "arguments": {}}
        )
        kernel.client.control_channel.send(attached)
        code = "a = 1\nb = a + 1\nc = b + 1"
        source = (await _debug(kernel, 3, "dumpCell", code=code))["body"]["sourcePath"]
        placed = await _debug(
            kernel,
            4,
            "setBreakpoints",
            breakpoints=[{"line": 2}],
            source={"path": source},
            sourceModified=False,
        )
        assert placed["body"]["breakpoints"][0]["verified"]
        await _debug(kernel, 5, "configurationDone")
        kernel.client.execute(code)
        stopped = await _event(kernel, "stopped")
        frames = await _debug(kernel, 6, "stackTrace", threadId=stopped["body"]["threadId"])
        assert frames["body"]["stackFrames"][0]["line"] == 2
        await _debug(kernel, 7, "continue", threadId=stopped["body"]["threadId"])
        assert await asyncio.wait_for(kernel.value("c"), 30) == 3


async def _event(kernel: Kernel, name: str) -> dict[str, Any]:
    while True:
        message = await kernel.client.get_iopub_msg(timeout=30)
        if message["msg_type"] == "debug_event" and message["content"]["event"] == name:
            return dict(message["content"])
