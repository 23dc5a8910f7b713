from __future__ import annotations

from pathlib import Path

import pytest

from sillok import desk
from sillok.errors import ConfigError, ResourceError
from sillok.kis.stream import Trade
from tests.live import live_sandbox
from tests.sandboxes import TODAY
from tests.streams import take


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SILLOK_KIS_APP_KEY", "SILLOK_KIS_URL", "SILLOK_SNAPSHOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SILLOK_HOME", str(tmp_path))


async def test_the_desk_opens_the_stream_and_says_that_it_is_synthetic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with live_sandbox() as url:
        monkeypatch.setenv("SILLOK_KIS_URL", url)
        async with desk.stream() as live:
            assert "합성 데이터" in live.label
            await live.trades("900010")
            [trade] = await take(live, 1, Trade)
    assert trade.date == TODAY


async def test_a_desk_without_a_key_and_a_sandbox_says_what_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILLOK_PORT_SANDBOX", "9")
    with pytest.raises(ResourceError, match="run `sillok sandbox`"):
        async with desk.stream():
            pass


async def test_a_run_has_no_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILLOK_SNAPSHOT", "a" * 64)
    with pytest.raises(ConfigError, match="cannot ask the vendor"):
        async with desk.stream():
            pass
