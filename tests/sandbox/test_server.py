from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sillok.kis import schema
from sillok.sandbox import Gate, Limits, create_app
from tests.sandboxes import reference_market, serving

KEYS = {"appkey": "K" * 36, "appsecret": "S" * 180}
SAMPLES = Path(__file__).parents[2] / "../shared/kis/samples"
CHART = {
    "FID_COND_MRKT_DIV_CODE": "J",
    "FID_INPUT_ISCD": "900020",
    "FID_INPUT_DATE_1": "20200101",
    "FID_INPUT_DATE_2": "20260630",
    "FID_PERIOD_DIV_CODE": "D",
    "FID_ORG_ADJ_PRC": "0",
}


class Clock:
    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


class Caller:
    """A bare HTTP caller: what the vendor's protocol looks like from outside, without our client."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session, self.url = session, url
        self.token = ""

    async def issue(self, **keys: str) -> tuple[int, dict[str, Any]]:
        body = {"grant_type": "client_credentials"} | KEYS | keys
        async with self.session.post(f"{self.url}/oauth2/tokenP", json=body) as response:
            answer = await response.json()
        self.token = answer.get("access_token", self.token)
        return response.status, answer

    async def get(
        self, endpoint: schema.Endpoint, query: dict[str, str], **headers: str
    ) -> tuple[int, dict[str, Any], str]:
        sent = {"authorization": f"Bearer {self.token}", "tr_id": endpoint.tr_id} | KEYS | headers
        async with self.session.get(self.url + endpoint.path, params=query, headers=sent) as response:
            return response.status, await response.json(), response.headers["tr_cont"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def caller(clock: Clock) -> AsyncIterator[Caller]:
    gate = Gate(Limits(), monotonic=clock, now=lambda: datetime(2026, 6, 30, tzinfo=UTC))
    async with (
        serving(create_app(reference_market(), gate=gate, positions=70)) as url,
        aiohttp.ClientSession() as session,
    ):
        yield Caller(session, url)


async def test_a_token_has_the_vendors_form_and_numbers(caller: Caller) -> None:
    status, answer = await caller.issue()
    assert status == 200
    assert set(answer) == {"access_token", "access_token_token_expired", "token_type", "expires_in"}
    assert answer["expires_in"] == 86_400
    assert answer["token_type"] == "Bearer"


async def test_a_second_token_within_a_minute_is_refused_then_the_same_for_six_hours(
    caller: Caller, clock: Clock
) -> None:
    _, first = await caller.issue()
    status, refusal = await caller.issue()
    assert (status, refusal["error_code"]) == (403, "EGW00133")
    clock.at += 61
    _, again = await caller.issue()
    assert again["access_token"] == first["access_token"]
    clock.at += 6 * 3_600
    _, new = await caller.issue()
    assert new["access_token"] != first["access_token"]


async def test_a_call_needs_a_token_and_an_expired_one_is_told_apart(caller: Caller, clock: Clock) -> None:
    status, body, _ = await caller.get(schema.DAILY_CHART, CHART)
    assert (status, body["msg_cd"], body["rt_cd"]) == (500, "EGW00121", "1")
    await caller.issue()
    clock.at += 86_400
    status, body, _ = await caller.get(schema.DAILY_CHART, CHART)
    assert (status, body["msg_cd"]) == (500, "EGW00123")


async def test_the_twenty_first_call_in_any_second_is_refused(caller: Caller, clock: Clock) -> None:
    await caller.issue()
    for _ in range(2):
        for _ in range(10):
            assert (await caller.get(schema.DAILY_CHART, CHART))[0] == 200
        clock.at += 0.5
    clock.at -= 0.1
    status, body, _ = await caller.get(schema.DAILY_CHART, CHART)
    assert (status, body["msg_cd"], body["msg1"]) == (500, "EGW00201", "초당 거래건수를 초과하였습니다.")
    clock.at += 0.1
    assert (await caller.get(schema.DAILY_CHART, CHART))[0] == 200


async def test_a_page_holds_the_newest_hundred_rows_newest_first(caller: Caller) -> None:
    await caller.issue()
    _, body, paging = await caller.get(schema.DAILY_CHART, CHART)
    days = [row["stck_bsop_date"] for row in body["output2"]]
    assert len(days) == 100
    assert days == sorted(days, reverse=True)
    assert days[0] == "20260630"
    assert paging == ""


async def test_days_before_the_listing_are_empty_objects(caller: Caller) -> None:
    await caller.issue()
    young = next(issue for issue in reference_market().issues.values() if issue.name == "가상반도체21")
    assert young.listed_on is not None
    query = CHART | {"FID_INPUT_ISCD": young.symbol, "FID_INPUT_DATE_2": f"{young.listed_on:%Y%m%d}"}
    _, body, _ = await caller.get(schema.DAILY_CHART, query)
    assert body["output2"][0]["stck_bsop_date"] == f"{young.listed_on:%Y%m%d}"
    assert body["output2"][1:] == [{}] * 99


async def test_an_unknown_issue_is_a_success_with_blanks(caller: Caller) -> None:
    await caller.issue()
    _, body, _ = await caller.get(schema.DAILY_CHART, CHART | {"FID_INPUT_ISCD": "999999"})
    assert (body["rt_cd"], body["output2"], body["output1"]["hts_kor_isnm"]) == ("0", [], "")
    _, body, _ = await caller.get(schema.PRICE, {"FID_INPUT_ISCD": "999999"})
    assert (body["rt_cd"], body["output"]["stck_prpr"]) == ("0", "0")


async def test_the_adjusted_flag_of_the_chart_is_zero_for_adjusted(caller: Caller) -> None:
    await caller.issue()
    query = CHART | {"FID_INPUT_ISCD": "900010", "FID_INPUT_DATE_2": "20230901"}
    _, adjusted, _ = await caller.get(schema.DAILY_CHART, query)
    _, raw, _ = await caller.get(schema.DAILY_CHART, query | {"FID_ORG_ADJ_PRC": "1"})
    assert int(raw["output2"][0]["stck_clpr"]) == pytest.approx(
        5 * int(adjusted["output2"][0]["stck_clpr"]), abs=2
    )


async def test_parameters_may_be_lower_case_and_a_bad_date_is_an_error_in_a_success(caller: Caller) -> None:
    await caller.issue()
    lower = {name.lower(): value for name, value in CHART.items()}
    assert (await caller.get(schema.DAILY_CHART, lower))[1]["rt_cd"] == "0"
    status, body, _ = await caller.get(schema.DAILY_CHART, CHART | {"FID_INPUT_DATE_1": "2020-1-1"})
    assert (status, body["rt_cd"], body["msg_cd"]) == (200, "1", "OPSQ2001")


async def test_a_path_behind_two_slashes_is_found_as_some_clients_send_it(caller: Caller) -> None:
    await caller.issue()
    headers = {"authorization": f"Bearer {caller.token}", "tr_id": "FHKST03010100"} | KEYS
    async with caller.session.get(
        f"{caller.url}/{schema.DAILY_CHART.path}", params=CHART, headers=headers
    ) as response:
        assert (await response.json())["rt_cd"] == "0"


async def test_the_current_price_names_its_extremes_and_their_days(caller: Caller) -> None:
    await caller.issue()
    _, body, _ = await caller.get(schema.PRICE, {"FID_INPUT_ISCD": "900020"})
    told = body["output"]
    bars = reference_market().raw
    assert bars is not None
    low, high = bars.offsets["900020"]
    year = bars.date[low:high] > 20250630
    assert int(told["w52_hgpr"]) == bars.high[low:high][year].max()
    assert int(told["stck_dryy_lwpr"]) == bars.low[low:high][bars.date[low:high] > 20260000].min()
    assert told["w52_hgpr_date"] in {str(day) for day in bars.date[low:high][year]}
    assert float(told["d250_hgpr_vrss_prpr_rate"]) <= 0 <= float(told["d250_lwpr_vrss_prpr_rate"])


async def test_a_wrong_transaction_id_is_refused(caller: Caller) -> None:
    await caller.issue()
    assert (await caller.get(schema.DAILY_CHART, CHART, tr_id="NONSENSE"))[1]["msg_cd"] == "OPSQ0002"
    query = {"CANO": "12345678", "ACNT_PRDT_CD": "01"}
    assert (await caller.get(schema.BALANCE, query, tr_id="VTTC8434R"))[1]["msg_cd"] == "EGW02004"


async def test_the_balance_pages_by_padded_keys_and_its_summary_is_a_list_of_one(
    caller: Caller, clock: Clock
) -> None:
    await caller.issue()
    query = {"CANO": "12345678", "ACNT_PRDT_CD": "01", "CTX_AREA_FK100": "", "CTX_AREA_NK100": ""}
    _, first, paging = await caller.get(schema.BALANCE, query)
    assert (paging, len(first["output1"]), len(first["output2"])) == ("M", 50, 1)
    assert len(first["ctx_area_nk100"]) == len(first["ctx_area_fk100"]) == 100
    _, last, paging = await caller.get(
        schema.BALANCE, query | {"CTX_AREA_NK100": first["ctx_area_nk100"]}, tr_cont="N"
    )
    assert (paging, len(last["output1"])) == ("D", 20)
    for _ in range(3):
        await caller.get(schema.BALANCE, query)
    status, body, _ = await caller.get(schema.BALANCE, query)
    assert (status, body["msg_cd"]) == (500, "EGW00215")


async def test_header_names_go_out_in_the_vendors_letter_case(caller: Caller) -> None:
    """The vendor's sample client keeps every all-lower-case name as a field: only these three may be so."""
    await caller.issue()
    host, port = caller.url.removeprefix("http://").split(":")
    query = "&".join(f"{name}={value}" for name, value in CHART.items())
    lines = [
        f"GET {schema.DAILY_CHART.path}?{query} HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Bearer {caller.token}",
        f"appKey: {KEYS['appkey']}",
        f"appSecret: {KEYS['appsecret']}",
        "tr_id: FHKST03010100",
        "Connection: close",
    ]
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    writer.close()
    await writer.wait_closed()
    assert head[0] == "HTTP/1.1 200 OK"
    headers = dict(
        line.split(": ", 1) if ": " in line else (line.rstrip(":"), "") for line in head[1:] if line
    )
    assert {name for name in headers if name == name.lower()} == {"tr_id", "tr_cont", "gt_uid"}
    assert headers["tr_id"] == "FHKST03010100"
    assert headers["tr_cont"].strip() == ""
    assert len(headers["gt_uid"]) == 32
    assert headers["Content-Type"] == "application/json; charset=utf-8"


async def test_known_keys_shut_strangers_out(clock: Clock) -> None:
    limits = replace(Limits(), keys={KEYS["appkey"]: KEYS["appsecret"]})
    async with (
        serving(create_app(reference_market(), limits)) as url,
        aiohttp.ClientSession() as session,
    ):
        caller = Caller(session, url)
        assert (await caller.issue(appkey="nobody"))[1]["error_code"] == "EGW00103"
        assert (await caller.issue(appsecret="wrong"))[1]["error_code"] == "EGW00105"
        assert (await caller.issue())[0] == 200


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the vendor's samples are not beside the project")
@pytest.mark.parametrize(
    ("sample", "endpoint", "query"),
    [
        ("inquire-daily-itemchartprice", schema.DAILY_CHART, CHART),
        (
            "inquire-daily-indexchartprice",
            schema.INDEX_CHART,
            CHART | {"FID_COND_MRKT_DIV_CODE": "U", "FID_INPUT_ISCD": "0001"},
        ),
        ("inquire-price", schema.PRICE, {"FID_INPUT_ISCD": "900010"}),
        ("chk-holiday", schema.HOLIDAYS, {"BASS_DT": "20260102"}),
        ("inquire-balance", schema.BALANCE, {"CANO": "12345678", "ACNT_PRDT_CD": "01"}),
    ],
)
async def test_bodies_have_the_names_and_types_of_the_vendors_examples(
    caller: Caller, sample: str, endpoint: schema.Endpoint, query: dict[str, str]
) -> None:
    await caller.issue()
    _, body, _ = await caller.get(endpoint, query)
    want = json.loads((SAMPLES / f"{sample}.json").read_text("utf-8"))
    # The one field that the table of the vendor names and its example leaves out.
    assert _shape(body) - _shape(want) <= {("output1", "bstp_nmix_prdy_vrss", "str")}
    assert _shape(want) <= _shape(body)


def _shape(value: Any, *above: str) -> set[tuple[str, ...]]:
    if isinstance(value, dict):
        return {line for name, inner in value.items() for line in _shape(inner, *above, name)}
    if isinstance(value, list):
        return {line for inner in value for line in _shape(inner, *above)}
    return {(*above, type(value).__name__)}
