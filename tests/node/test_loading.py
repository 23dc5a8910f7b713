"""What a load is to bring comes from the settings and the command, and is refused before anything is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from sillok.errors import ConfigError
from sillok.node import jobs
from sillok.settings import Settings

Say = Callable[[str], None]


def test_the_settings_choose_datasets_symbols_abroad_and_the_account(settings: Settings, say: Say) -> None:
    chosen = settings.model_copy(
        update={
            "datasets": "rates, overseas_bars,account",
            "overseas": "NAS:XFAKE, NYS:YFAKE",
            "kis_account": SecretStr("12345678-01"),
        }
    )
    planned = jobs.plan(chosen, say=say)
    asks = {one["dataset"]: one["asks"] for one in planned["windows"]}
    assert asks == {"rates": 3, "overseas_bars": 2, "account": 2}
    assert planned["rate"] == 0, "our own sandbox sets no limit"
    assert "12345678" not in json.dumps(planned)


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("overseas", "AAPL", r"SILLOK_OVERSEAS wants market:symbol, e\.g\. NAS:AAPL,NYS:KO; got \['AAPL'\]"),
        ("overseas", "NAS:AAPL,NASD:KO", r"got \['NASD:KO'\]"),
        ("datasets", "bars", r"unknown datasets \['bars'\]"),
    ],
)
def test_a_wrong_setting_is_refused_before_anything_is_asked_for(
    settings: Settings, name: str, value: str, match: str
) -> None:
    with pytest.raises(ConfigError, match=match):
        jobs.load(settings.model_copy(update={name: value}))
