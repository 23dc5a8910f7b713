"""A data frame: ``flag|transaction|count|fields``, read into its channel and records; nothing here does I/O."""

from __future__ import annotations

import re
from typing import NamedTuple

from sillok.errors import FatalVendorError
from sillok.kis.schema.channel import Channel
from sillok.kis.schema.stream import find_channel

__all__ = ["Frame", "is_data", "read_frame", "split_records"]

_HEAD = re.compile(r"([01])\|([A-Z0-9]{4,16})\|(\d{3})\|(.*)", re.ASCII | re.DOTALL)


class Frame(NamedTuple):
    """A frame whose head is read; ``payload`` is still one text, enciphered or not."""

    channel: Channel
    is_encrypted: bool
    size: int  # records
    payload: str


def is_data(text: str) -> bool:
    """Return whether a message is a data frame; anything else is JSON."""
    return text[:1] in {"0", "1"}


def _refuse(found: str) -> FatalVendorError:
    return FatalVendorError(f"a data frame must be flag|transaction|count|fields; {found}")


def read_frame(text: str) -> Frame:
    """Return the frame.

    Raises
    ------
    FatalVendorError
        If the head is malformed, the transaction is unknown, or the cipher flag contradicts the channel.
    """
    match = _HEAD.fullmatch(text)
    if match is None:
        raise _refuse(f"got {len(text)} characters that begin with {text[:12]!r}")
    flag, tr_id, count, payload = match.groups()
    channel = find_channel(tr_id)
    if channel is None:
        raise _refuse(f"the transaction {tr_id} is unknown")
    is_encrypted = flag == "1"
    if is_encrypted != channel.is_encrypted:
        raise _refuse(f"{tr_id} came {'enciphered' if is_encrypted else 'in plain text'}, which it never is")
    if not int(count):
        raise _refuse(f"{tr_id} says that it holds no record")
    return Frame(channel, is_encrypted, int(count), payload)


def split_records(channel: Channel, count: int, payload: str) -> list[str]:
    """Return the ``count`` records of a plain payload, each with exactly the channel's fields.

    The vendor adds fields at the end of a record now and then: as many more in each record are cut off.

    Raises
    ------
    FatalVendorError
        If the fields do not make up that many records.
    """
    width = len(channel.fields)
    fields = payload.split("^")
    each, rest = divmod(len(fields), count)
    if rest or not width <= each < 2 * width:
        raise FatalVendorError(
            f"{channel.name}: {count} records of {width} fields were told, {len(fields)} fields came; the frame is dropped",
            channel=channel.name,
        )
    if each == width == len(fields):
        return [payload]
    return ["^".join(fields[start : start + width]) for start in range(0, len(fields), each)]
