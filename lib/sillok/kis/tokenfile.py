"""One access token on disk for all processes of one user, and when a token was last asked for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sillok.errors import ResourceError
from sillok.kis.broker import open_private, private_folder, try_lock
from sillok.kis.credentials import Token

__all__ = ["Kept", "TokenFile"]


class Kept(NamedTuple):
    """What the file holds: the token if there is one, and when one was last asked for."""

    token: Token | None
    asked_at: datetime | None


class TokenFile:
    """A file of mode 0600 in a folder of mode 0700; one that others may read, or somebody else's, is refused.

    Parameters
    ----------
    base_url, fingerprint
        The host and the key pair that the token is for; what was kept for others counts as nothing.
    """

    def __init__(self, path: Path, base_url: str, fingerprint: str) -> None:
        self.path = path
        self._owner = {"host": base_url, "key": fingerprint}

    def read(self) -> Kept:
        """Return what is kept; nothing where there is no file, or what is in it makes no sense.

        Raises
        ------
        ConfigError
            If others may read the file, or it is somebody else's.
        ResourceError
            If it cannot be read.
        """
        try:
            number = open_private(self.path, create=False)
        except FileNotFoundError:
            return Kept(None, None)
        with os.fdopen(number, "rb") as file:
            data = file.read()
        try:
            found = json.loads(data)
            if {name: found[name] for name in self._owner} != self._owner:
                return Kept(None, None)
            token = found["token"]
            return Kept(
                Token(str(token["value"]), _instant(token["issued_at"]), _instant(token["expires_at"]))
                if token
                else None,
                _instant(found["asked_at"]) if found["asked_at"] else None,
            )
        except (ValueError, KeyError, TypeError):
            return Kept(None, None)  # foreign, or of another version: a new token replaces it

    def write(self, kept: Kept) -> None:
        """Replace the file at one stroke, so that a reader sees the old or the new one."""
        token = kept.token
        body = {
            **self._owner,
            "asked_at": kept.asked_at.isoformat() if kept.asked_at else None,
            "token": token
            and {
                "value": token.value,
                "issued_at": token.issued_at.isoformat(),
                "expires_at": token.expires_at.isoformat(),
            },
        }
        private_folder(self.path.parent)
        aside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            aside.unlink(missing_ok=True)
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(body, file)
            aside.replace(self.path)
        except OSError as err:
            raise ResourceError(
                f"the token file {self.path} cannot be written: {err.strerror}; free space or change SILLOK_HOME"
            ) from err

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Give whether this process alone may ask for a token inside the block."""
        private_folder(self.path.parent)
        number = open_private(self.path.with_suffix(".lock"))
        try:
            with try_lock(number) as mine:
                yield mine
        finally:
            os.close(number)


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(text)
    return instant
