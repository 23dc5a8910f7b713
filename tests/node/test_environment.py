"""A child reads its parent's settings; only what loads the market gets the account's keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from sillok.node.environment import BROKER_SECRETS, child_environment, settings_environment
from sillok.settings import Settings, load_settings


def test_a_child_reads_the_same_settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings_environment(settings).items():
        monkeypatch.setenv(name, value)
    again = load_settings()
    for name in ("project", "home_path", "now", "history_start", "port_prefect", "host", "database"):
        assert getattr(again, name) == getattr(settings, name)


def test_keys_reach_only_what_loads_the_market(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SILLOK_KIS_APP_SECRET", "from the environment")
    with_keys = load_settings(home=tmp_path, kis_app_key="k" * 36, kis_app_secret="s" * 180)
    assert child_environment(with_keys, broker=True)["SILLOK_KIS_APP_SECRET"] == "s" * 180
    for environment in (child_environment(with_keys), settings_environment(with_keys)):
        assert not set(BROKER_SECRETS) & set(environment)


def test_a_run_s_own_bounds_are_not_handed_on(settings: Settings) -> None:
    inside = settings.model_copy(update={"snapshot": "a" * 64})
    assert "SILLOK_SNAPSHOT" not in settings_environment(inside)
