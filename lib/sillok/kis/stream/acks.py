"""The server's JSON messages: acknowledgements of requests, and the keep-alive."""

from __future__ import annotations

import json
from typing import NamedTuple

from sillok.errors import AuthError, FatalVendorError, RetriableVendorError, VendorError
from sillok.kis.schema import MESSAGE, MESSAGE_CODE, OK, RESULT
from sillok.kis.schema import channel as words
from sillok.kis.stream.crypto import Secret

__all__ = ["Ack", "ApprovalRefusedError", "InUseError", "KeepAlive", "error_of", "read_control"]

_FINE = {words.ALREADY_SUBSCRIBED, words.NOT_SUBSCRIBED}  # what was wanted is so already
_TEMPORARY = {"OPSP0007", "OPSP0009"}
_CREDENTIALS = {"OPSP0010", "OPSP8998"}


class InUseError(FatalVendorError):
    """Another session holds this appkey: KIS allows one. End it, then connect."""


class ApprovalRefusedError(AuthError):
    """The approval key is unknown or has ended: ask for another one, once."""


class KeepAlive(NamedTuple):
    """The server asks whether we are there; ``text`` goes back as it came."""

    text: str


class Ack(NamedTuple):
    """The answer to a request; the ids are empty or odd where the server does not say whom it answers."""

    tr_id: str
    key: str
    code: str
    text: str
    is_done: bool
    secret: Secret | None


def read_control(text: str) -> KeepAlive | Ack:
    """Return what a JSON message says.

    Raises
    ------
    FatalVendorError
        If it is not a message of this protocol.
    """
    try:
        message = json.loads(text)
        header = message[words.HEADER]
        tr_id = str(header["tr_id"])
        if tr_id == words.KEEP_ALIVE:
            return KeepAlive(text)
        body = message[words.BODY]
        code, result = str(body[MESSAGE_CODE]).strip(), str(body[RESULT]).strip()
        output = body.get("output") or {}
        secret = Secret(str(output["key"]), str(output["iv"])) if {"key", "iv"} <= set(output) else None
        said = str(body.get(MESSAGE) or "").strip()
        return Ack(
            tr_id, str(header.get("tr_key") or "").strip(), code, said, result == OK or code in _FINE, secret
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FatalVendorError(
            f"a message of {len(text)} characters is neither a data frame nor JSON of the protocol: {text[:12]!r}"
        ) from None


def error_of(ack: Ack, what: str) -> VendorError:
    """Return the error that a failed acknowledgement of ``what`` means."""
    said = f"{what}: KIS answered {ack.code} {ack.text!r}"
    if ack.code == words.IN_USE:
        return InUseError(f"{said}; one session per appkey: end the other one", code=ack.code)
    if ack.code == words.INVALID_APPROVAL:
        return ApprovalRefusedError(f"{said}; a new approval key is needed", code=ack.code)
    if ack.code in _CREDENTIALS:
        return AuthError(f"{said}; check key, secret and host (real or paper)", code=ack.code)
    if ack.code in _TEMPORARY:
        return RetriableVendorError(f"{said}; try again later", code=ack.code)
    return FatalVendorError(f"{said}; the request is refused, asking again will not help", code=ack.code)
