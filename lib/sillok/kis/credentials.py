"""The key pair, and the access token that it buys, cached for this user alone."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sillok.errors import ConfigError, ResourceError

__all__ = ["Credentials", "Token", "TokenFile"]


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
    """An access token and the instant (aware) at which it ends; the value does not show in ``repr``."""

    value: str = field(repr=False)
    expires_at: datetime


class TokenFile:
    """One token on disk, mode 0600, bound to a host and a key pair.

    The vendor tells the user of every token that it issues and wants one a day, so processes share it.
    """

    def __init__(self, path: Path, base_url: str, fingerprint: str) -> None:
        self.path = path
        self._owner = {"host": base_url, "key": fingerprint}

    def read(self) -> Token | None:
        """Return the token, or None where there is none for this host and key, or it cannot be read."""
        try:
            found = json.loads(self.path.read_text("utf-8"))
            if {name: found[name] for name in self._owner} != self._owner:
                return None
            return Token(found["token"], datetime.fromisoformat(found["expires_at"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            return None  # half-written or foreign: a new token replaces it
        except OSError as err:
            raise ResourceError(f"the token file {self.path} cannot be read: {err.strerror}") from err

    def write(self, token: Token) -> None:
        """Replace the file by one that only its owner can read."""
        text = json.dumps({**self._owner, "token": token.value, "expires_at": token.expires_at.isoformat()})
        aside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            aside.unlink(missing_ok=True)
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
            aside.replace(self.path)
        except OSError as err:
            raise ResourceError(
                f"the token file {self.path} cannot be written: {err.strerror}; free space or change SILLOK_HOME"
            ) from err
