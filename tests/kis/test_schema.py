"""Our table of the vendor's names, held to the vendor's reference and examples where they lie beside the project."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sillok.errors import FatalVendorError
from sillok.kis import schema
from sillok.kis.answers import read_answer
from sillok.kis.listings import parse_delistings, parse_master, parse_sectors, unzip_text
from sillok.kis.parse import parse_balance, parse_daily_bars, parse_days, parse_index_bars, parse_quote

REFERENCE = Path(__file__).parents[2] / "../shared/kis"
needs_reference = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="the vendor's reference is not beside the project"
)


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with (REFERENCE / "endpoints.yaml").open(encoding="utf-8") as file:
        return {entry["path"]: entry for entry in yaml.load(file, loader)["endpoints"]}


def sample(name: str) -> Any:
    return json.loads((REFERENCE / "samples" / f"{name}.json").read_text("utf-8"))


@needs_reference
@pytest.mark.parametrize("name", schema.ENDPOINTS)
def test_an_endpoint_agrees_with_the_vendors_reference(name: str, reference: dict[str, Any]) -> None:
    ours = schema.ENDPOINTS[name]
    theirs = reference[ours.path]
    ids = theirs["tr_id_real"], theirs["tr_id_paper"]
    if isinstance(ids[0], dict):
        ids = ids[0]["within_3_months"], ids[1]["within_3_months"]
        assert ours.archive == tuple(
            theirs[f"tr_id_{host}"]["older_than_3_months"] for host in ("real", "paper")
        )
    assert (ours.tr_id, ours.tr_id_paper or None) == ids
    params = {param["name"] for param in theirs["params"]}
    assert {*ours.params.values(), *ours.fixed, *(ours.context or ())} == params
    told = {block["name"]: block for block in theirs["outputs"] if block["name"] != "(top level)"}
    assert [block.key for block in ours.blocks] == list(told)
    for block in ours.blocks:
        vendors = [one["name"] for one in told[block.key]["fields"]]
        assert [one.vendor for one in block.fields] == [n for n in vendors if not n.startswith("ctx_area")]


@pytest.mark.parametrize("name", schema.ENDPOINTS)
def test_a_name_of_ours_stands_for_one_field_of_a_block(name: str) -> None:
    for block in schema.ENDPOINTS[name].blocks:
        names = [one.name for one in block.fields]
        assert all(name.isidentifier() for name in names)
        assert len(set(names)) == len(names)


KINDS = {"int", "decimal", "text", "flag", "date", "time", "month", "span"}
SCALED = {"million KRW", "100 million KRW", "thousand shares"}


@pytest.mark.parametrize("name", schema.ENDPOINTS)
def test_every_field_has_a_kind_and_a_sign_that_stands_beside_it(name: str) -> None:
    for block in schema.ENDPOINTS[name].blocks:
        names = {one.name for one in block.fields}
        for one in block.fields:
            assert one.kind in KINDS, one
            assert not one.sign or one.sign in names, one
            assert one.unit not in SCALED or one.kind in {"int", "decimal"}, one


def test_no_call_can_order() -> None:
    paths = [endpoint.path for endpoint in schema.ENDPOINTS.values()]
    assert not [path for path in paths if "order" in path or "rvsecncl" in path]


@needs_reference
def test_the_vendors_example_of_a_chart_is_read() -> None:
    bars = parse_daily_bars("900010", sample("inquire-daily-itemchartprice")["output2"])
    assert bars[0] == ("900010", date(2026, 1, 6), 71_500, 71_900, 70_900, 71_200, 1_234_567, 88_123_456_700)
    assert len(bars) == 3
    assert len(parse_daily_bars("900010", sample("inquire-daily-itemchartprice.prelisting")["output2"])) == 1


@needs_reference
def test_an_index_comes_in_shares_and_won() -> None:
    bar = parse_index_bars("KOSPI", sample("inquire-daily-indexchartprice")["output2"])[0]
    assert (bar.close, bar.volume, bar.amount_krw) == (Decimal("2650.12"), 412_345_000, 8_123_456_000_000)


@needs_reference
def test_the_examples_of_price_calendar_and_account_are_read() -> None:
    quote = parse_quote("900010", sample("inquire-price")["output"])
    assert (quote.price, quote.change, quote.lower_limit, quote.upper_limit) == (71_200, -300, 50_100, 92_900)
    assert (quote.shares, quote.market_name, quote.is_halted) == (50_000_000, "KOSPI200", False)
    assert [day.is_open for day in parse_days(sample("chk-holiday")["output"])] == [True, False, False]
    body = sample("inquire-balance")
    account = parse_balance(body["output1"], body["output2"])
    assert (account.total_krw, account.holdings[0].average_price) == (1_712_000, Decimal("70000.0000"))


@needs_reference
@pytest.mark.parametrize("name", ["error_rate_limit_500", "error_token_expired_500", "token_error_403"])
def test_the_examples_of_errors_are_errors_whatever_the_status(name: str) -> None:
    for status in (200, 403, 500):
        with pytest.raises(Exception, match="EGW00") as caught:
            read_answer(status, json.dumps(sample(name)).encode(), "a call")
        assert str(caught.value).startswith("a call: KIS answered")


@pytest.mark.parametrize("text", [" 12 ", "+12", "000000000012", "    12"])
def test_numbers_are_read_through_padding(text: str) -> None:
    row = schema.DAILY_CHART.rows.render({"date": "20260106", "close": text})
    assert parse_daily_bars("900010", [row])[0].close == 12


@pytest.mark.parametrize("field", ["date", "open", "high", "low", "close", "volume"])
@pytest.mark.parametrize("value", ["", "1.5", "없음", None])
def test_a_bar_that_cannot_be_read_is_an_error_and_never_a_zero(field: str, value: str | None) -> None:
    row: dict[str, Any] = schema.DAILY_CHART.rows.render({"date": "20260106"})
    row[schema.DAILY_CHART.rows.vendor_names[field]] = value
    with pytest.raises(FatalVendorError, match="daily bar of 900010"):
        parse_daily_bars("900010", [row])


NAMES = (
    st.text(st.sampled_from("가상반도체전자우선주 ABC123&"), min_size=1, max_size=20)
    .map(str.strip)
    .filter(bool)
)


@given(
    st.sampled_from(["KOSPI", "KOSDAQ"]),
    NAMES,
    st.integers(0, 10**11),
    st.integers(1, 10**7),
    st.dates(date(1956, 3, 3), date(2026, 1, 1)) | st.none(),
)
def test_a_master_line_survives_writing_and_reading(
    market: str, name: str, shares: int, price: int, listed: date | None
) -> None:
    line = schema.format_line(
        market,
        {
            "code": "00088K",
            "isin": "KR7000880005",
            "name": name,
            "security_type": "ST",
            "sector_large": "0013",
            "sector": "0000",
            "shares_thousand": str(shares),
            "base_price": str(price),
            "halted": "Y",
            "listed_on": f"{listed:%Y%m%d}" if listed else "00000000",
        },
    )
    (issue,) = parse_master(market, line + "\n", {"0013": "전기.전자"})
    assert (issue.symbol, issue.isin, issue.name) == ("00088K", "KR7000880005", name)
    assert (issue.shares, issue.base_price, issue.listed_on) == (shares * 1_000, price, listed)
    assert (issue.industry, issue.is_halted, issue.is_administrative) == ("전기.전자", True, False)


def test_the_tail_of_a_master_line_is_as_wide_as_the_vendor_says() -> None:
    for market, width in (("KOSPI", 227), ("KOSDAQ", 221)):
        line = schema.format_line(market, {"code": "900010", "isin": "KR7900010000", "name": ""})
        assert len(line) == 9 + 12 + 40 + width


def test_broken_lists_are_errors() -> None:
    with pytest.raises(FatalVendorError, match="KOSPI master line"):
        parse_master("KOSPI", "900010 too short\n", {})
    with pytest.raises(FatalVendorError, match="master file"):
        unzip_text(b"<html>", "kospi_code.mst.zip")
    with pytest.raises(FatalVendorError, match="line of delistings"):
        parse_delistings("symbol,name,market,listing_date,delisting_date\n900010,가,KOSPI,,soon\n")
    assert parse_sectors("00013전기,전자      \n\n") == {"0013": "전기,전자"}
