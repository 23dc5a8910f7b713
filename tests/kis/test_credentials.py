from __future__ import annotations

import json
import stat
from datetime import datetime
from pathlib import Path

import pytest

from sillok.clock import KST
from sillok.errors import ConfigError, ResourceError
from sillok.kis import Credentials
from sillok.kis.credentials import Token, TokenFile

TOKEN = Token("secret-token", datetime(2026, 6, 30, 9, tzinfo=KST))


def test_a_token_comes_back_for_the_same_host_and_key_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "token.json"
    TokenFile(path, "https://real", "abc").write(TOKEN)
    assert TokenFile(path, "https://real", "abc").read() == TOKEN
    assert TokenFile(path, "https://paper", "abc").read() is None
    assert TokenFile(path, "https://real", "other").read() is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_loose_file_is_replaced_by_a_tight_one(tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    path.write_text("{}")
    path.chmod(0o644)
    TokenFile(path, "https://real", "abc").write(TOKEN)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", json.dumps({"host": "https://real", "key": "abc"})])
def test_a_broken_file_counts_as_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    path.write_text(text)
    assert TokenFile(path, "https://real", "abc").read() is None


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match=r"token\.json cannot be written"):
        TokenFile(tmp_path / "file" / "token.json", "https://real", "abc").write(TOKEN)
    with pytest.raises(ResourceError, match="cannot be read"):
        TokenFile(tmp_path / "file" / "token.json", "https://real", "abc").read()


def test_keys_do_not_show() -> None:
    keys = Credentials("my-key", "my-secret")
    assert "my-key" not in f"{keys!r} {keys} {keys.fingerprint}"
    assert "my-secret" not in f"{keys!r} {keys} {keys.fingerprint}"
    assert "secret-token" not in repr(TOKEN)


def test_half_a_key_pair_is_refused() -> None:
    with pytest.raises(ConfigError, match="SILLOK_KIS_APP_SECRET"):
        Credentials("key", "")
    assert (len(Credentials.sandbox().app_key), len(Credentials.sandbox().app_secret)) == (36, 180)
