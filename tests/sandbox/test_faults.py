from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest

from sillok.errors import ConfigError
from sillok.kis import schema
from sillok.sandbox import Faults, Limits, Market, create_app
from sillok.sandbox.faults import Revision
from sillok.sandbox.world.damage import damage
from tests.sandboxes import reference_market, serving

KEYS = {"appkey": "K" * 36, "appsecret": "S" * 180}
QUERY = {
    "FID_INPUT_ISCD": "900020",
    "FID_INPUT_DATE_1": "20260601",
    "FID_INPUT_DATE_2": "20260630",
    "FID_PERIOD_DIV_CODE": "D",
    "FID_ORG_ADJ_PRC": "0",
}


class Caller:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session, self.url, self.token = session, url, ""

    async def issue(self) -> None:
        body = {"grant_type": "client_credentials"} | KEYS
        async with self.session.post(f"{self.url}/oauth2/tokenP", json=body) as response:
            self.token = (await response.json())["access_token"]

    async def chart(self, **query: str) -> tuple[int, bytes]:
        headers = {"authorization": f"Bearer {self.token}", "tr_id": schema.DAILY_CHART.tr_id} | KEYS
        url = self.url + schema.DAILY_CHART.path
        async with self.session.get(url, params=QUERY | query, headers=headers) as response:
            return response.status, await response.read()

    async def rows(self, **query: str) -> list[dict[str, str]]:
        rows: list[dict[str, str]] = json.loads((await self.chart(**query))[1])["output2"]
        return rows

    async def switch(self, **faults: Any) -> tuple[int, dict[str, Any]]:
        async with self.session.post(f"{self.url}/sandbox/faults", json=faults) as response:
            return response.status, await response.json()


@asynccontextmanager
async def calling(market: Any = None, faults: Faults | None = None) -> AsyncIterator[Caller]:
    app = create_app(market or reference_market(), Limits.none(), faults=faults)
    async with serving(app) as url, aiohttp.ClientSession() as session:
        session._retry_connection = False  # else aiohttp silently asks once more after a closed connection
        caller = Caller(session, url)
        await caller.issue()
        yield caller


async def outcomes(caller: Caller, calls: int) -> list[str]:
    """Return what became of so many calls: ok, closed, cut, a message code, or the status of a page."""
    found = []
    for _ in range(calls):
        try:
            status, data = await caller.chart()
        except aiohttp.ClientError:
            found.append("closed")
            continue
        try:
            body = json.loads(data)
        except ValueError:
            found.append("cut" if status == 200 else f"page {status}")
            continue
        found.append("ok" if body["rt_cd"] == "0" else body["msg_cd"])
    return found


async def test_without_faults_every_call_is_answered() -> None:
    async with calling() as caller:
        assert set(await outcomes(caller, 20)) == {"ok"}


async def test_latency_holds_every_answer_back() -> None:
    async with calling() as caller:
        await caller.switch(latency_s=0.2)
        began = time.monotonic()
        await caller.chart()
        assert time.monotonic() - began >= 0.2


async def test_dropped_calls_are_the_same_ones_for_the_same_seed() -> None:
    async with calling() as caller:
        await caller.switch(drop=0.3, seed=5)
        first = await outcomes(caller, 60)
        assert set(first) == {"ok", "closed"}
        assert 8 <= first.count("closed") <= 30
        await caller.switch(drop=0.3, seed=5)
        assert await outcomes(caller, 60) == first
        await caller.switch(drop=0.3, seed=6)
        assert await outcomes(caller, 60) != first


async def test_server_errors_come_as_codes_and_as_pages_that_are_no_json() -> None:
    async with calling() as caller:
        await caller.switch(error_5xx=0.5)
        found = set(await outcomes(caller, 60))
        assert found == {"ok", "EGW00001", "EGW00203", "page 502", "page 503"}


async def test_a_burst_refuses_five_calls_in_a_row() -> None:
    async with calling() as caller:
        await caller.switch(rate_burst=0.02)
        found = await outcomes(caller, 150)
        at = found.index("EGW00201")
        assert found[at : at + 5] == ["EGW00201"] * 5
        assert found.count("ok") > 75


async def test_a_truncated_answer_is_whole_for_http_and_broken_as_json() -> None:
    async with calling() as caller:
        await caller.switch(truncate=1.0)
        status, data = await caller.chart()
        assert status == 200
        with pytest.raises(ValueError, match="column"):
            json.loads(data)


async def test_a_token_is_revoked_after_so_many_calls_and_a_new_one_works() -> None:
    async with calling() as caller:
        await caller.switch(revoke_every=3)
        assert await outcomes(caller, 5) == ["ok"] * 3 + ["EGW00121"] * 2
        await caller.switch()
        await caller.issue()
        assert await outcomes(caller, 2) == ["ok"] * 2


async def test_revised_history_halves_the_adjusted_past_and_leaves_the_traded_one() -> None:
    async with calling() as caller:
        before = {raw: await caller.rows(FID_ORG_ADJ_PRC=raw) for raw in "01"}
        await caller.switch(revise={"symbol": "900020", "before": "2026-06-15", "factor": 2})
        after = {raw: await caller.rows(FID_ORG_ADJ_PRC=raw) for raw in "01"}
        assert [row["stck_clpr"] for row in after["1"]] == [row["stck_clpr"] for row in before["1"]]
        for old, new in zip(before["0"], after["0"], strict=True):
            factor = 2 if old["stck_bsop_date"] < "20260615" else 1
            assert int(new["stck_clpr"]) == pytest.approx(int(old["stck_clpr"]) / factor, abs=0.51)
            assert int(new["acml_vol"]) == factor * int(old["acml_vol"])


async def test_a_single_session_can_be_corrected() -> None:
    async with calling() as caller:
        before = await caller.rows(FID_ORG_ADJ_PRC="1")
        await caller.switch(revise={"symbol": "900020", "on": "2026-06-15", "factor": 0.5})
        after = await caller.rows(FID_ORG_ADJ_PRC="1")
        changed = [
            new["stck_bsop_date"]
            for old, new in zip(before, after, strict=True)
            if new["stck_clpr"] != old["stck_clpr"]
        ]
        assert changed == ["20260615"]


async def test_missing_days_are_absent_from_full_pages() -> None:
    async with calling() as caller:
        await caller.switch(missing_days=["2026-06-15", "2026-06-16"])
        days = [row["stck_bsop_date"] for row in await caller.rows(FID_INPUT_DATE_1="20200101")]
        assert len(days) == 100
        assert {"20260615", "20260616"}.isdisjoint(days)
        assert "20260617" in days


async def test_duplicate_rows_come_twice_side_by_side() -> None:
    async with calling() as caller:
        await caller.switch(duplicate_rows=0.3)
        days = [row["stck_bsop_date"] for row in await caller.rows()]
        assert days == sorted(days, reverse=True)
        assert len(set(days)) < len(days)
        assert max(days.count(day) for day in days) == 2


async def test_a_stopped_clock_keeps_the_market_at_its_session() -> None:
    newest = reference_market()
    older = replace(newest, today=date(2026, 6, 29), label="yesterday")
    moments: list[Market] = [older]
    async with calling(market=lambda: moments[-1]) as caller:

        async def today() -> str:
            async with caller.session.get(f"{caller.url}/sandbox/about") as response:
                return str((await response.json())["today"])

        assert await today() == "2026-06-29"
        await caller.switch(clock_stopped=True)
        moments.append(newest)
        assert await today() == "2026-06-29"
        await caller.switch()
        assert await today() == "2026-06-30"


async def test_the_switch_shows_what_is_on_and_refuses_what_it_does_not_know() -> None:
    faults = Faults.parse(["drop=0.25", "missing_days=2026-06-15"])
    async with calling(faults=replace(faults, drop=0.0)) as caller:
        async with caller.session.get(f"{caller.url}/sandbox/faults") as response:
            assert Faults.read(await response.json()) == replace(faults, drop=0.0)
        assert (await caller.switch(nonsense=1))[0] == 400
        assert (await caller.switch(drop=2))[0] == 400
        async with caller.session.post(f"{caller.url}/sandbox/faults", data=b"{") as response:
            assert response.status == 400


def test_faults_are_read_from_text() -> None:
    given = ["drop=0.1", "clock_stopped=true", "revoke_every=9", "missing_days=2026-06-15,2026-06-12"]
    revise = 'revise={"symbol": "900020", "on": "2026-06-15", "factor": 2}'
    faults = Faults.parse([*given, revise])
    assert (faults.drop, faults.clock_stopped, faults.revoke_every) == (0.1, True, 9)
    assert faults.missing_days == (date(2026, 6, 12), date(2026, 6, 15))
    assert faults.revise == Revision("900020", 2.0, on=date(2026, 6, 15))
    assert Faults.read(faults.as_json()) == faults


@pytest.mark.parametrize(
    "text",
    ["drop", "drop=2", "drop=much", "latency_s=-1", "revoke_every=0.5", "clock_stopped=1", "typo=1",
     "missing_days=tomorrow", "revise=900020", 'revise={"symbol": "900020", "factor": 2}'],
)  # fmt: skip
def test_a_fault_that_cannot_be_is_refused_by_name(text: str) -> None:
    with pytest.raises(ConfigError, match=text.partition("=")[0] if "=" in text else "NAME=VALUE"):
        Faults.parse([text])


def test_every_fault_is_described() -> None:
    text = (Path(__file__).parents[2] / "lib" / "README.md").read_text("utf-8")
    assert {one.name for one in fields(Faults)} - {"seed"} == set(
        re.findall(r"^\| `(\w+)=", text, re.MULTILINE)
    )


@pytest.mark.parametrize(
    "command",
    [[sys.executable, "-m", "sillok.sandbox"], [str(Path(sys.executable).parent / "sillok"), "sandbox"]],
)
def test_the_command_line_takes_faults(command: list[str]) -> None:
    done = subprocess.run(
        [*command, "--port", "0", "--fault", "drop=0.1", "--fault", "typo=1"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == ConfigError.exit_code
    assert "unknown faults ['typo']" in done.stderr


def test_damage_keeps_the_rest_of_the_market_as_it_is() -> None:
    market = reference_market()
    assert damage(market, Faults(drop=1)) is market
    told = damage(market, Faults(revise=Revision("900020", 2.0, before=date(2026, 6, 15))))
    low, high = market.adjusted.offsets["900020"]
    assert np.array_equal(told.adjusted.close[:low], market.adjusted.close[:low])
    assert np.array_equal(told.adjusted.close[high:], market.adjusted.close[high:])
