"""``desk.vendor()``: the broker for a notebook that nobody publishes."""

from __future__ import annotations

from pathlib import Path

import pytest

from sillok import desk
from sillok.errors import ConfigError, ResourceError
from sillok.settings import Settings
from tests.sandboxes import sandbox_in_thread


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SILLOK_{name.upper()}", raising=False)
    monkeypatch.setenv("SILLOK_PROJECT", str(tmp_path))
    monkeypatch.setenv("SILLOK_HOME", str(tmp_path / "home"))


def test_it_answers_from_the_settings_host_and_shares_the_homes_turns(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with sandbox_in_thread() as url:
        monkeypatch.setenv("SILLOK_KIS_URL", url)
        with desk.vendor() as kis:
            assert (kis.source, kis.rate) == ("synthetic", 20)
            assert kis.current_price("900020").price > 0
    assert {path.suffix for path in (tmp_path / "home" / "kis").iterdir()} == {".token", ".lock", ".turns"}


def test_a_run_is_kept_to_its_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILLOK_SNAPSHOT", "ab" * 32)
    with pytest.raises(ConfigError, match="reads snapshot abababababab and cannot ask the vendor"):
        desk.vendor()


def test_without_key_and_sandbox_it_says_what_to_start(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setenv("SILLOK_PORT_SANDBOX", str(unused_tcp_port))
    with pytest.raises(ResourceError, match=f"no sandbox answers at http://127.0.0.1:{unused_tcp_port}"):
        desk.vendor()
