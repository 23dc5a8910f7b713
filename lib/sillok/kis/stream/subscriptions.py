"""The book of subscriptions: what this session follows, under the vendor's limit, and since when it is broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sillok.errors import ConfigError
from sillok.kis.schema import INDEX_CODES
from sillok.kis.schema.channel import MAX_REGISTRATIONS, Channel
from sillok.kis.schema.stream import CHANNELS
from sillok.kis.stream.crypto import Secret
from sillok.kis.stream.events import Gap

__all__ = ["Subscription", "Subscriptions", "channel_of"]

_KEYS = {
    "symbol": (re.compile(r"[0-9A-Z]{6}"), "six digits or capitals, e.g. 005930"),
    "index": (re.compile(r"\d{4}"), f"one of {sorted(INDEX_CODES)}, or the vendor's four digits"),
    "overseas": (re.compile(r"[DR][A-Z]{3}[0-9A-Z./-]{1,12}"), "D, the market and the symbol, e.g. DNASAAPL"),
    "user": (re.compile(r"[0-9A-Za-z@._-]{1,40}"), "the HTS user id"),
}


def channel_of(name: str) -> Channel:
    """Return the channel of our name; an unknown one raises ConfigError."""
    if name not in CHANNELS:
        raise ConfigError(f"unknown channel {name!r}; ask for one of {sorted(CHANNELS)}", channel=name)
    return CHANNELS[name]


@dataclass(slots=True)
class Subscription:
    """One key of one channel, and its state on the connection of the moment."""

    channel: Channel
    key: str
    stands: bool = False
    secret: Secret | None = None
    broken_since: datetime | None = None
    broken_by: str = ""

    def break_off(self, since: datetime | None, reason: str) -> None:
        """Remember since when nothing is heard; a break within a break changes nothing."""
        if self.stands:
            self.stands, self.secret = False, None
            self.broken_since, self.broken_by = since, reason

    def stand(self, secret: Secret | None, now: datetime) -> Gap | None:
        """Take up again; return the gap that was, if there was one."""
        self.stands, self.secret = True, secret
        if not self.broken_by:
            return None
        gap = self.gap(now, self.broken_by)
        self.broken_since, self.broken_by = None, ""
        return gap

    def gap(self, until: datetime, reason: str) -> Gap:
        """Return the gap that reaches to ``until``."""
        return Gap(self.channel.name, self.key, self.broken_since, until, reason)


class Subscriptions:
    """At most 41, all channels together: the 42nd is refused before anything is sent."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, str], Subscription] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Subscription]:
        return iter(list(self._all.values()))

    def find(self, channel: str, key: str) -> Subscription | None:
        """Return the subscription, or None."""
        return self._all.get((channel, key))

    def of(self, channel: Channel) -> list[Subscription]:
        """Return those of one channel."""
        return [one for one in self._all.values() if one.channel is channel]

    def add(self, channel: Channel, key: str) -> Subscription:
        """Write a subscription into the book, or return the one that is there.

        Raises
        ------
        ConfigError
            If the key is malformed, or the book is full.
        """
        form, wanted = _KEYS[channel.key]
        if not form.fullmatch(key):
            shown = "" if channel.key == "user" else f", got {key!r}"
            raise ConfigError(f"a key of {channel.name} is {wanted}{shown}", channel=channel.name)
        found = self._all.get((channel.name, key))
        if found is not None:
            return found
        if len(self._all) >= MAX_REGISTRATIONS:
            raise ConfigError(
                f"a session has at most {MAX_REGISTRATIONS} subscriptions, all channels together, and all are taken: "
                f"{channel.name} was not sent; unsubscribe from something first",
                limit=MAX_REGISTRATIONS,
            )
        return self._all.setdefault((channel.name, key), Subscription(channel, key))

    def remove(self, one: Subscription) -> None:
        """Take a subscription out of the book."""
        self._all.pop((one.channel.name, one.key), None)
