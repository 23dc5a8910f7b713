"""The key pair, and the access token that it buys."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sillok.errors import ConfigError

__all__ = ["Credentials", "Token"]

_AHEAD = timedelta(minutes=10)


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
