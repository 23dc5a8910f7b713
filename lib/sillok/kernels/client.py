"""A kernel manager and client that lose no time: no reply slept through, no silence waited for.

libzmq tells of new messages by an edge on a file descriptor, and any operation on the socket may use that edge
up. ``jupyter_client`` 8.10 sends on the raw socket, behind the back of the asyncio one that waits: a reply that
came in while a request was being sent is then seen only when the wait times out, after 15 minutes or never. Seen
here at least once in each of four series of 90 runs; the kernel's side had the same fault until ipykernel 7.4
(ipython/ipykernel#1529).
"""

from __future__ import annotations

import time
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.manager import AsyncKernelManager
from traitlets import Type

__all__ = ["PromptChannel", "PromptKernelClient", "PromptKernelManager"]

_LOOK_S = 0.25  # each look costs some ten microseconds


class PromptChannel(AsyncZMQSocketChannel):
    """A channel that looks again and again, since one long wait may not be woken."""

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """Return the next message; raise ``queue.Empty`` if none comes within ``timeout`` seconds (None: wait)."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            left = _LOOK_S if until is None else min(_LOOK_S, max(0.0, until - time.monotonic()))
            try:
                message: dict[str, Any] = await super().get_msg(timeout=left)
            except Empty:
                if until is not None and time.monotonic() >= until:
                    raise
            else:
                return message


class PromptKernelClient(AsyncKernelClient):
    """The stock asynchronous client with prompt channels, ready as soon as the kernel has answered.

    Set it as ``KernelManager.client_factory``.
    """

    shell_channel_class = Type(PromptChannel)
    control_channel_class = Type(PromptChannel)
    stdin_channel_class = Type(PromptChannel)

    async def _async_wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait for a reply on the shell and its message on iopub: both are connected then.

        The stock client goes on to wait for 200 ms of silence on iopub. What it would drop then belongs to no
        cell, and every reader of outputs passes over it for that.
        """
        until = time.monotonic() + (float("inf") if timeout is None else timeout)
        asked = set()
        while True:
            asked.add(self.kernel_info())
            try:
                reply = await self.shell_channel.get_msg(timeout=1)
                if reply["msg_type"] == "kernel_info_reply":
                    # Of this question: what an earlier kernel said on these sockets proves nothing about them now.
                    while (await self.iopub_channel.get_msg(timeout=0.2))["parent_header"].get(
                        "msg_id"
                    ) not in asked:
                        pass
                    self._handle_kernel_info_reply(reply)
                    return
            except Empty:
                pass
            if not await self._async_is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > until:
                raise RuntimeError(f"Kernel didn't respond in {timeout:.0f} seconds")

    wait_for_ready = _async_wait_for_ready


class PromptKernelManager(AsyncKernelManager):
    """The stock asynchronous manager with prompt clients."""

    client_factory = Type(PromptKernelClient)
