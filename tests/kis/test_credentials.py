from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from sillok.clock import KST
from sillok.errors import ConfigError
from sillok.kis import Credentials
from sillok.kis.credentials import Token

NOON = datetime(2026, 6, 30, 12, tzinfo=KST)


def test_keys_do_not_show() -> None:
    keys = Credentials("my-key", "my-secret")
    assert "my-key" not in f"{keys!r} {keys} {keys.fingerprint}"
    assert "my-secret" not in f"{keys!r} {keys} {keys.fingerprint}"
    assert "secret-token" not in repr(Token("secret-token", NOON, NOON))


def test_half_a_key_pair_is_refused() -> None:
    with pytest.raises(ConfigError, match="SILLOK_KIS_APP_SECRET"):
        Credentials("key", "")
    assert (len(Credentials.sandbox().app_key), len(Credentials.sandbox().app_secret)) == (36, 180)


@pytest.mark.parametrize(("life", "ahead"), [(86_400, 600), (6_000, 600), (50, 5)])
def test_a_token_is_renewed_ten_minutes_ahead_or_in_the_last_tenth_of_a_short_life(
    life: int, ahead: int
) -> None:
    token = Token("t", NOON, NOON + timedelta(seconds=life))
    assert token.expires_at - token.renew_at == timedelta(seconds=ahead)
