"""Settings: read in one place, wrong ones named without their values, secrets never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from sillok.errors import ConfigError
from sillok.settings import Settings, find_project, load_settings

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SILLOK_{name.upper()}", raising=False)
    monkeypatch.setenv("SILLOK_PROJECT", str(PROJECT))


def test_defaults_need_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SILLOK_PROJECT", str(tmp_path))
    settings = load_settings()
    assert settings.uses_sandbox
    assert settings.database == f"sqlite:///{tmp_path}/data/var/sillok.db"
    assert settings.current_time().tzinfo is not None


def test_an_empty_value_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILLOK_KIS_RATE", "")
    monkeypatch.setenv("SILLOK_NOW", "")
    assert load_settings().kis_rate == Settings.model_fields["kis_rate"].default


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SILLOK_PORT_ROOM=9001\nSILLOK_PORT_LAB=9002\n")
    monkeypatch.setenv("SILLOK_PROJECT", str(tmp_path))
    monkeypatch.setenv("SILLOK_PORT_LAB", "9003")
    settings = load_settings()
    assert (settings.port_room, settings.port_lab) == (9001, 9003)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT_ROOM", "70000"),
        ("KIS_RATE", "-1"),
        ("LANG", "fr"),
        ("NOW", "yesterday"),
        ("HISTORY_START", "2023-13-01"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SILLOK_{name}", value)
    with pytest.raises(ConfigError, match=f"SILLOK_{name}") as raised:
        load_settings()
    assert value not in str(raised.value).replace("SILLOK_", "")


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "top-secret-" + "x" * 30
    for name in ("DATABASE_URL", "KIS_APP_KEY", "KIS_APP_SECRET", "KIS_ACCOUNT", "OBJECTS_SECRET_KEY"):
        monkeypatch.setenv(f"SILLOK_{name}", secret)
    settings = load_settings()
    assert secret not in repr(settings)
    assert secret not in settings.model_dump_json()


def test_an_instant_without_a_zone_is_seouls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILLOK_NOW", "2026-06-30T18:30")
    assert load_settings().current_time().isoformat() == "2026-06-30T18:30:00+09:00"


def test_the_project_is_found_from_a_folder_inside_it() -> None:
    assert find_project(PROJECT / "lib" / "sillok") == PROJECT
