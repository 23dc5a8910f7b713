from __future__ import annotations

import json
import os
import stat
from datetime import datetime
from pathlib import Path

import pytest

from sillok.clock import KST
from sillok.errors import ConfigError, ResourceError
from sillok.kis.credentials import Token
from sillok.kis.tokenfile import Kept, TokenFile

TOKEN = Token("secret-token", datetime(2026, 6, 30, 9, tzinfo=KST), datetime(2026, 7, 1, 9, tzinfo=KST))
KEPT = Kept(TOKEN, datetime(2026, 6, 30, 9, tzinfo=KST))
NOTHING = Kept(None, None)


def file_in(folder: Path, host: str = "https://real", key: str = "abc") -> TokenFile:
    return TokenFile(folder / "kis" / "a.token", host, key)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_token_comes_back_for_the_same_host_and_key_alone(tmp_path: Path) -> None:
    file_in(tmp_path / "deep").write(KEPT)
    assert file_in(tmp_path / "deep").read() == KEPT
    assert file_in(tmp_path / "deep", host="https://paper").read() == NOTHING
    assert file_in(tmp_path / "deep", key="other").read() == NOTHING
    assert file_in(tmp_path / "elsewhere").read() == NOTHING


def test_file_and_folder_are_closed_to_others_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        file_in(tmp_path).write(KEPT)
        with file_in(tmp_path).alone() as mine:
            assert mine
    finally:
        os.umask(before)
    assert mode(tmp_path / "kis") == 0o700
    assert {mode(path) for path in (tmp_path / "kis").iterdir()} == {0o600}


@pytest.mark.parametrize("loose", [0o644, 0o640, 0o602])
def test_a_file_that_others_may_open_is_refused_and_the_way_out_is_said(loose: int, tmp_path: Path) -> None:
    file = file_in(tmp_path)
    file.write(KEPT)
    file.path.chmod(loose)
    with pytest.raises(ConfigError, match=rf"mode {loose:04o}.*rm .*a\.token") as raised:
        file.read()
    assert "secret-token" not in str(raised.value)


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kis").mkdir(mode=0o755)
    (tmp_path / "kis").chmod(0o755)
    with pytest.raises(ConfigError, match="chmod 700"):
        file_in(tmp_path).write(KEPT)


def test_what_belongs_to_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = file_in(tmp_path)
    file.write(KEPT)
    monkeypatch.setattr(os, "geteuid", lambda: file.path.stat().st_uid + 1)
    with pytest.raises(ConfigError, match="belongs to another user"):
        file.read()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    file.write(KEPT)
    file.path.rename(tmp_path / "elsewhere")
    file.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ResourceError, match="cannot be opened"):
        file.read()


OWNER = {"host": "https://real", "key": "abc"}
NAIVE = {"value": "t", "issued_at": "2026-06-30T09:00:00", "expires_at": "2026-07-01T09:00:00"}


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", json.dumps(OWNER), json.dumps(OWNER | {"token": NAIVE, "asked_at": None}), "\xff"],
)
def test_a_broken_file_counts_as_none(text: str, tmp_path: Path) -> None:
    file = file_in(tmp_path)
    file.write(KEPT)
    file.path.write_text(text, "latin-1")
    assert file.read() == NOTHING


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match=r"/file/kis cannot be used"):
        file_in(tmp_path / "file").write(KEPT)
    with pytest.raises(ResourceError, match="cannot be opened"):
        file_in(tmp_path / "file").read()


def test_one_at_a_time_may_ask(tmp_path: Path) -> None:
    first, second = file_in(tmp_path), file_in(tmp_path)
    with first.alone() as mine, second.alone() as also_mine:
        assert (mine, also_mine) == (True, False)
    with second.alone() as mine:
        assert mine
