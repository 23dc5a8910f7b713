"""The environment that a child process gets, so that it reads the very settings that its parent has."""

from __future__ import annotations

import os
from datetime import date, datetime

from pydantic import SecretStr

from sillok.settings import Settings

__all__ = ["BROKER_SECRETS", "child_environment", "settings_environment"]

# What opens the account; only what loads the market may have it.
BROKER_SECRETS = ("SILLOK_KIS_APP_KEY", "SILLOK_KIS_APP_SECRET", "SILLOK_KIS_ACCOUNT")


def settings_environment(settings: Settings, *, broker: bool = False) -> dict[str, str]:
    """Return the settings that were set, as ``SILLOK_…`` variables; the broker's secrets only if ``broker``.

    What a run fixes for its kernel (snapshot, as-of) is left out.
    """
    given = {"project": str(settings.project), "home": str(settings.home_path)}
    for name in sorted(settings.model_fields_set - {"project", "home", "snapshot", "as_of"}):
        given[name] = _text(getattr(settings, name))
    named = {f"SILLOK_{name.upper()}": value for name, value in given.items()}
    return {k: v for k, v in named.items() if v and (broker or k not in BROKER_SECRETS)}


def child_environment(settings: Settings, *, broker: bool = False) -> dict[str, str]:
    """Return this process's environment with the settings in it; without the broker's secrets unless ``broker``."""
    kept = {k: v for k, v in os.environ.items() if broker or k not in BROKER_SECRETS}
    return {**kept, **settings_environment(settings, broker=broker)}


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
