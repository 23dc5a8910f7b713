from __future__ import annotations

import math
from datetime import datetime, timedelta

import pytest

from sillok.clock import KST
from sillok.errors import ConfigError, FatalVendorError
from sillok.kis import Credentials
from sillok.kis.credentials import Token, read_token

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


NOW = datetime(2026, 6, 30, 18, 30, tzinfo=KST)


@pytest.mark.parametrize(
    "damage",
    [
        {"access_token": value} for value in (None, "", 5, ["T"], "a b", "T\r\nX-Evil: 1", "토큰", "T\x00")
    ] + [
        {"expires_in": value}
        for value in (None, "", "soon", 0, -1, math.nan, math.inf, -math.inf, 1e308, 10**400, 10**9, [1], {})
    ],
)  # fmt: skip
def test_a_token_that_makes_no_sense_is_refused_by_name(damage: dict[str, object]) -> None:
    with pytest.raises(FatalVendorError, match="KIS answered a token"):
        read_token({"access_token": "T", "expires_in": 86_400} | damage, NOW)


def test_an_answer_without_a_token_is_refused() -> None:
    with pytest.raises(FatalVendorError, match="cannot be read"):
        read_token({}, NOW)
    with pytest.raises(FatalVendorError, match="end cannot be read"):
        read_token({"access_token": "T"}, NOW)


@pytest.mark.parametrize(
    ("told", "ends"),
    [
        (
            "2026-07-01 14:30:00",
            datetime(2026, 7, 1, 14, 30, tzinfo=KST),
        ),  # given again: issued four hours ago
        ("2026-07-01 18:30:00", datetime(2026, 7, 1, 18, 30, tzinfo=KST)),
        ("2026-07-02 18:30:00", datetime(2026, 7, 1, 18, 30, tzinfo=KST)),  # a clock that goes ahead
        ("2026-06-30 18:30:00", datetime(2026, 7, 1, 18, 30, tzinfo=KST)),  # and one that goes after
        ("tomorrow", datetime(2026, 7, 1, 18, 30, tzinfo=KST)),
        (None, datetime(2026, 7, 1, 18, 30, tzinfo=KST)),
    ],
)
def test_a_token_that_is_given_again_ends_when_it_first_would_have(told: object, ends: datetime) -> None:
    body = {"access_token": "T", "expires_in": 86_400, "access_token_token_expired": told}
    token = read_token(body, NOW)
    assert (token.issued_at, token.expires_at) == (NOW, ends)
