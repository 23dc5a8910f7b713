"""The key pair, and the access token that it buys."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sillok.clock import KST
from sillok.errors import ConfigError, FatalVendorError

__all__ = ["WRITABLE", "Credentials", "Token", "read_token"]

WRITABLE = re.compile("[!-~]+").fullmatch  # what a header can hold
_AHEAD = timedelta(minutes=10)
_LONGEST_LIFE_S = 366 * 86_400.0  # a partner's token lives for three months
_END = "%Y-%m-%d %H:%M:%S"  # in Seoul


@dataclass(frozen=True, slots=True)
class Credentials:
    """Appkey and appsecret; neither shows in ``repr``."""

    app_key: str = field(repr=False)
    app_secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.app_key or not self.app_secret:
            raise ConfigError(
                "KIS needs both keys: set SILLOK_KIS_APP_KEY and SILLOK_KIS_APP_SECRET, or neither for the sandbox"
            )

    @classmethod
    def sandbox(cls) -> Credentials:
        """Return a made-up pair of the right lengths, which the local sandbox accepts."""
        return cls("SILLOK-SANDBOX-KEY".ljust(36, "0"), "SILLOK-SANDBOX-SECRET".ljust(180, "0"))

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that tell keys apart without showing them."""
        return hashlib.sha256(f"{self.app_key}\n{self.app_secret}".encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and the instants (aware) of its issue and its end; the value does not show in ``repr``."""

    value: str = field(repr=False)
    issued_at: datetime
    expires_at: datetime

    @property
    def renew_at(self) -> datetime:
        """When another one is asked for: ten minutes before the end, or a tenth of a shorter life."""
        return self.expires_at - min(_AHEAD, (self.expires_at - self.issued_at) / 10)


def read_token(body: Mapping[str, Any], now: datetime) -> Token:
    """Return the token of an answer; ``now`` is the instant of its issue.

    A token that the vendor gives once more, as it does within six hours, ends when it first would have: the answer
    says when, and is believed where our clock does not contradict it.

    Raises
    ------
    FatalVendorError
        If there is no token in it that a header could hold, or no end that makes sense.
    """
    value = body.get("access_token")
    if not isinstance(value, str) or not WRITABLE(value):
        raise FatalVendorError("KIS answered a token that cannot be read; is this a KIS host?")
    try:
        life_s = float(body["expires_in"])
    except (KeyError, TypeError, ValueError, OverflowError):
        life_s = 0.0
    if not 0 < life_s <= _LONGEST_LIFE_S:
        raise FatalVendorError("KIS answered a token whose end cannot be read; is this a KIS host?")
    ends = now + timedelta(seconds=life_s)
    try:
        told = datetime.strptime(str(body.get("access_token_token_expired")), _END).replace(tzinfo=KST)
    except ValueError:
        return Token(value, now, ends)
    return Token(value, now, told if now < told < ends else ends)
