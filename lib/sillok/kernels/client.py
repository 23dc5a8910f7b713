"""A kernel client that does not sleep through a reply.

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
from traitlets import Type

__all__ = ["PromptChannel", "PromptKernelClient"]

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
    """The stock asynchronous client with channels that send and wait on one socket made prompt.

    Set it as ``KernelManager.client_factory``.
    """

    shell_channel_class = Type(PromptChannel)
    control_channel_class = Type(PromptChannel)
    stdin_channel_class = Type(PromptChannel)
