"""Messages between a kernel's owner, the parent and its children: one JSON datagram each, with open files beside it.

The sockets are ``SOCK_SEQPACKET``: a message arrives whole or not at all, and the end of the other side is seen.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Sequence
from typing import Any

__all__ = ["LARGEST", "Message", "accept", "connect", "listen", "pair", "peer_uid", "receive", "send"]

LARGEST = 1 << 20  # bytes; an environment is some ten thousand
_MOST_FILES = 4

Message = dict[str, Any]


def _widened(sock: socket.socket) -> socket.socket:
    # A datagram must fit the sender's buffer; the kernel cuts the wish down to what it allows.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGEST)
    return sock


def listen(path: str) -> socket.socket:
    """Return a socket that listens at ``path``, which only its owner can open."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.bind(path)
    os.chmod(path, 0o600)  # noqa: PTH101  a string, as bind wants it
    sock.listen(128)
    return sock


def accept(listener: socket.socket) -> socket.socket:
    """Return the next connection; ``OSError`` if none can be taken."""
    return _widened(listener.accept()[0])


def connect(path: str, *, timeout_s: float) -> socket.socket:
    """Return a socket connected to ``path``; ``OSError`` if nobody listens there."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        sock.settimeout(timeout_s)
        sock.connect(path)
    except OSError:
        sock.close()
        raise
    return _widened(sock)


def pair() -> tuple[socket.socket, socket.socket]:
    """Return two sockets connected with one another."""
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return _widened(one), _widened(other)


def peer_uid(sock: socket.socket) -> int:
    """Return the user at the other side, as the kernel vouches for it."""
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(uid)


def send(sock: socket.socket, message: Message, files: Sequence[int] = ()) -> None:
    """Send one message; ``OSError`` if it is too large or the other side has gone."""
    socket.send_fds(sock, [json.dumps(message).encode()], list(files), socket.MSG_NOSIGNAL)


def receive(sock: socket.socket) -> tuple[Message | None, list[int]]:
    """Return the next message and the open files that came with it; None when the other side has gone."""
    data, files, _, _ = socket.recv_fds(sock, LARGEST, _MOST_FILES, socket.MSG_CMSG_CLOEXEC)
    return (json.loads(data) if data else None), list(files)
