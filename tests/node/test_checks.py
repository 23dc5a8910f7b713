"""What is wrong is said before anything starts, in one line."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from sillok.errors import ConfigError, ResourceError, SillokError
from sillok.node import up
from sillok.node.checks import check_node
from sillok.node.locks import hold_lock
from sillok.settings import Settings


def test_a_sound_node_passes(settings: Settings) -> None:
    check_node(settings, once=False)


@pytest.mark.parametrize("name", ["port_sandbox", "port_prefect", "port_room", "port_voila", "port_lab"])
def test_a_port_in_use_is_named_and_nothing_is_started(settings: Settings, name: str) -> None:
    said: list[str] = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        busy = settings.model_copy(update={name: port})
        with pytest.raises(
            ResourceError, match=f"port {port} on 127.0.0.1 is in use; .* set SILLOK_{name.upper()}"
        ):
            up(busy, once=False, say=said.append)
    assert said == []
    assert not (settings.home_path / "log").exists()


def test_one_night_needs_no_port_of_the_services_that_it_does_not_start(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        check_node(settings.model_copy(update={"port_lab": taken.getsockname()[1]}), once=True)


def test_one_port_for_two_services_is_refused(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="2 times: SILLOK_PORT_ROOM, SILLOK_PORT_LAB"):
        check_node(settings.model_copy(update={"port_lab": settings.port_room}), once=False)


def test_half_a_key_pair_is_refused(settings: Settings) -> None:
    from pydantic import SecretStr

    with pytest.raises(ConfigError, match="needs both"):
        check_node(settings.model_copy(update={"kis_app_key": SecretStr("k" * 36)}), once=True)


def test_a_project_without_notebooks_is_refused(settings: Settings) -> None:
    for folder in ("notebooks", "dashboards"):
        shutil.rmtree(settings.project / folder)
    with pytest.raises(ConfigError, match="nothing to publish"):
        check_node(settings, once=True)


def test_a_home_that_is_a_file_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SillokError, match="SILLOK_HOME"):
        check_node(settings.model_copy(update={"home": tmp_path / "file" / "home"}), once=True)


def test_a_second_holder_of_a_lock_is_told_who_has_it(tmp_path: Path) -> None:
    with (
        hold_lock(tmp_path / "up.lock", "`sillok up`"),
        pytest.raises(ResourceError, match=r"`sillok up` already runs .* \(process \d+\)"),
        hold_lock(tmp_path / "up.lock", "`sillok up`"),
    ):
        pass
    with hold_lock(tmp_path / "up.lock", "`sillok up`"):
        pass
