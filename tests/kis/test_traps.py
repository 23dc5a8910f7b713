"""Each trap of the vendor's, by name: what it sends, and what must come out."""

from __future__ import annotations

import json
import pickle
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sillok.clock import KST
from sillok.errors import FatalVendorError, MissingDataError
from sillok.kis import schema
from sillok.kis.parse import parse_balance, parse_daily_bars, parse_index_bars, parse_raw_bars
from sillok.kis.rows import describe, object_of, reader, rows_of
from sillok.kis.values import Span
from tests.kis.vendor import Vendor, answer, plausible, talking

DAY = date(2026, 1, 5)
NEXT = date(2026, 1, 6)
CHART = schema.DAILY_CHART.rows


def bar(**values: object) -> dict[str, str]:
    return CHART.render(
        {"date": "20260105", "open": 1, "high": 1, "low": 1, "close": 1, "volume": 1, **values}
    )


async def test_the_flag_of_adjusted_prices_means_the_opposite_in_two_calls_and_again_abroad(
    tmp_path: Path,
) -> None:
    vendor = Vendor()
    vendor.answers = {
        "daily_chart": answer("daily_chart", {"date": "20260105"}),
        "overseas_daily": answer("overseas_daily", {"date": "20260105"}),
    }
    async with talking(vendor, tmp_path) as client:
        await client.daily_bars("900010", DAY, NEXT)
        await client.daily_bars("900010", DAY, NEXT, adjusted=False)
        await client.raw_bars("900010", DAY, NEXT)
        await client.quotes.daily_prices("900010")
        await client.quotes.daily_prices("900010", adjusted=False)
        await client.overseas_bars("NAS", "XFAKE", DAY, NEXT)
        await client.overseas_bars("NAS", "XFAKE", DAY, NEXT, adjusted=False)
    flags = [one.query.get("raw", one.query.get("adjusted")) for one in vendor.asked]
    # The chart: 0 is adjusted. Daily prices, and MODP abroad: 1 is adjusted.
    assert flags == ["0", "1", "1", "1", "0", "1", "0"]


def test_the_literal_99_99_is_not_provided_and_nothing_else_is() -> None:
    take = reader("income_statement")
    row = plausible(
        take.block,
        overhead_krw="99.99",
        depreciation_krw=" 99.99 ",
        sales_krw="99.99",
        extraordinary_loss_krw="99.990",
    )
    found = take.read(row)
    assert (found.overhead_krw, found.depreciation_krw) == (None, None)
    assert found.sales_krw == 9_999_000_000  # a field that is always provided
    assert found.extraordinary_loss_krw == 9_999_000_000


def test_padded_texts_are_read() -> None:
    row = plausible(
        reader("dividends").block,
        par_krw="000000500",
        cash_krw="000000000600",
        cash_pct=" 12.00",
        name="가상전자  ",
    )
    found = reader("dividends").read(row)
    assert (found.par_krw, found.cash_krw, found.cash_pct, found.name) == (
        500,
        600,
        Decimal("12.00"),
        "가상전자",
    )
    assert parse_daily_bars("900010", [bar(volume="    31000000", close="+12")])[0][5:7] == (12, 31_000_000)


def test_an_overseas_change_takes_its_sign_from_the_code() -> None:
    take = reader("overseas_price")
    down = take.read(plausible(take.block, sign="5", change="2.1100", change_pct="-0.85"))
    assert (down.change, down.change_pct) == (Decimal("-2.1100"), Decimal("-0.85"))
    assert take.read(plausible(take.block, sign="2", change="3.0000", change_pct="+1.23")).change == 3
    assert take.read(plausible(take.block, sign="0", change="0.0000")).change == 0
    with pytest.raises(FatalVendorError, match="contradict"):
        take.read(plausible(take.block, sign="3", change="2.1100"))


def test_amounts_in_million_won_come_in_won() -> None:
    found = reader("investors").read(plausible(reader("investors").block, individual_krw="-74920"))
    assert found.individual_krw == -74_920_000_000
    index = plausible(schema.INDEX_CHART.rows, amount="8123456", volume="412345")
    assert parse_index_bars("KOSPI", [index])[0][6:] == (412_345_000, 8_123_456_000_000)


def test_amounts_in_hundred_million_won_come_in_won_exactly() -> None:
    take = reader("income_statement")
    found = take.read(
        plausible(take.block, sales_krw="25893.00", gross_profit_krw="7855", net_income_krw="-0.12345678")
    )
    assert (found.sales_krw, found.gross_profit_krw) == (2_589_300_000_000, 785_500_000_000)
    assert found.net_income_krw == -12_345_678
    with pytest.raises(FatalVendorError, match=r"thtr_ntin.*not whole"):
        take.read(plausible(take.block, net_income_krw="0.123456789"))


def test_an_index_counts_thousand_shares() -> None:
    found = reader("index_price").read(
        plausible(reader("index_price").block, volume="412345", previous_volume="")
    )
    assert (found.volume, found.previous_volume) == (412_345_000, None)
    assert ("volume", "int", "shares", "누적 거래량") in describe("index_price")


def test_days_and_halts_of_the_depository_are_read_in_their_own_spelling() -> None:
    take = reader("splits")
    row = plausible(
        take.block, record_date="20260205", list_date="2026/02/11", halt="2026/02/04 ~ 2026/02/10"
    )
    found = take.read(row)
    assert (found.record_date, found.list_date) == (date(2026, 2, 5), date(2026, 2, 11))
    assert found.halt == Span(date(2026, 2, 4), date(2026, 2, 10))
    assert take.read(plausible(take.block, halt="2026/02/04 ~", list_date="")).halt == Span(
        date(2026, 2, 4), None
    )


def test_empty_objects_before_a_listing_are_no_rows() -> None:
    rows = [bar(), {}, {}]
    assert len(parse_daily_bars("900010", rows)) == len(parse_raw_bars("900010", rows)) == 1
    assert len(reader("daily_chart", "output2").rows({"output2": rows})) == 1
    assert len(parse_index_bars("KOSPI", [plausible(schema.INDEX_CHART.rows), {}])) == 1


def test_a_halted_bar_keeps_its_close_and_has_no_open() -> None:
    halted = bar(open="0", high="0", low="0", volume="0", close="71200", no_open="Y", amount_krw="0")
    (found,) = parse_daily_bars("900010", [halted])
    assert found == ("900010", DAY, 0, 0, 0, 71_200, 0, 0)


def test_a_blank_code_of_a_raw_bar_is_none_given() -> None:
    row = bar(ex_code="", revaluation=" ", split_pct="", amount_krw="")
    assert parse_raw_bars("900010", [row])[0][7:] == (None, "00", None, "00")
    row = bar(ex_code="02", revaluation="06", split_pct="0.20")
    assert parse_raw_bars("900010", [row])[0][8:] == ("02", Decimal("0.20"), "06")
    for code in ("2", "002", "０２", "--"):
        with pytest.raises(FatalVendorError, match="daily bar of 900010"):
            parse_raw_bars("900010", [bar(ex_code=code)])


def test_the_sums_of_a_balance_come_in_a_list_of_one() -> None:
    head = plausible(schema.BALANCE.head, total_krw="1712000")
    assert (
        object_of({"output2": [head]}, schema.BALANCE) == object_of({"output2": head}, schema.BALANCE) == head
    )
    assert parse_balance([], [head]).total_krw == 1_712_000
    with pytest.raises(FatalVendorError, match="2 objects where one belongs"):
        object_of({"output2": [head, head]}, schema.BALANCE)


@pytest.mark.parametrize("body", [{}, {"output2": []}, {"output2": None}, {"output2": ""}])
def test_a_missing_block_is_empty(body: dict[str, Any]) -> None:
    assert rows_of(body, schema.DAILY_CHART) == []
    assert object_of(body, schema.BALANCE) is None


def test_a_block_is_found_under_the_name_that_the_sheets_give_it() -> None:
    row = plausible(schema.RIGHTS_ISSUES.rows)
    for name in ("output1", "output", "Output", "Output1"):
        assert len(rows_of({name: [row]}, schema.RIGHTS_ISSUES)) == 1
    # With several blocks, a name is not a matter of choice.
    assert rows_of({"output": [row]}, schema.DAILY_CHART) == []
    with pytest.raises(FatalVendorError, match="dict where a list belongs"):
        rows_of({"output1": row}, schema.RIGHTS_ISSUES)


def test_fields_that_the_vendor_adds_are_left_alone() -> None:
    assert reader("splits").read(plausible(reader("splits").block) | {"new_field": ["?"]}).par_before == 12


def test_a_missing_field_is_named_with_its_call_and_row() -> None:
    rows = [plausible(reader("investors").block), plausible(reader("investors").block)]
    del rows[1]["frgn_ntby_qty"]
    with pytest.raises(
        FatalVendorError,
        match=r"inquire-investor: row 1 of output: .*frgn_ntby_qty \(foreign_qty\) is missing",
    ):
        reader("investors").rows({"output": rows})


def test_a_broken_field_is_named_but_never_shown_where_it_belongs_to_an_account() -> None:
    take = reader("executions", "output1")
    with pytest.raises(FatalVendorError, match=r"ord_qty \(order_qty\) cannot be read as int") as caught:
        take.read(plausible(take.block, order_qty="98765x"))
    assert "98765" not in str(caught.value)
    assert caught.value.__cause__ is None
    with pytest.raises(FatalVendorError) as told:
        parse_balance([plausible(schema.BALANCE.rows, quantity="98765x")], {})
    assert "98765" not in str(told.value)
    with pytest.raises(FatalVendorError, match="12x"):
        reader("splits").read(plausible(reader("splits").block, par_before="12x"))


@pytest.mark.parametrize("row", [None, [], "text", 7, True])
def test_a_row_that_is_no_object_is_an_error(row: Any) -> None:
    with pytest.raises(FatalVendorError, match="where an object belongs"):
        reader("splits").read(row)


def test_rows_make_a_frame_with_our_names() -> None:
    frame = pd.DataFrame(reader("splits").rows(answer("splits")))
    assert list(frame.columns) == [one.name for one in schema.SPLITS.rows.fields]
    assert frame["par_before"].tolist() == [12]


def test_rows_travel_between_processes() -> None:
    rows = reader("splits").rows(answer("splits"))
    (back,) = pickle.loads(pickle.dumps(rows))
    assert back == rows[0]
    assert type(back) is type(rows[0])
    assert (back.par_before, back._fields) == (12, rows[0]._fields)


def test_times_are_of_seoul_but_for_those_of_a_market_abroad() -> None:
    trade = reader("latest_trades").rows(answer("latest_trades"))[0]
    assert (trade.time, trade.time.tzinfo) == (time(9, tzinfo=KST), KST)
    bar = reader("overseas_minutes", "output2").rows(answer("overseas_minutes"))[0]
    assert (bar.time.tzinfo, bar.korea_time.tzinfo) == (None, KST)
    assert ("time", "time", "local", "현지기준시간") in describe("overseas_minutes", "output2")


async def test_an_unknown_symbol_is_answered_with_success_and_blanks(tmp_path: Path) -> None:
    vendor = Vendor()
    block = schema.FUND_PRICE.head
    vendor.answers = {
        "fund_price": {"rt_cd": "0", block.key: block.render({})},
        "stock": {
            "rt_cd": "0",
            "output": dict.fromkeys((one.vendor for one in schema.STOCK.head.fields), ""),
        },
        "price": {"rt_cd": "0"},
    }
    async with talking(vendor, tmp_path) as client:
        for ask in (client.funds.price, client.issues.stock, client.quotes.price, client.current_price):
            with pytest.raises(MissingDataError, match="999999"):
                await ask("999999")


def test_a_field_may_carry_zeros_behind_its_point_but_no_fraction() -> None:
    assert parse_daily_bars("900010", [bar(close="12.00")])[0].close == 12
    with pytest.raises(FatalVendorError, match="daily bar of 900010"):
        parse_daily_bars("900010", [bar(close="12.50")])


def test_a_price_below_zero_is_damage() -> None:
    for name in ("open", "high", "low", "close", "volume", "amount_krw"):
        with pytest.raises(FatalVendorError, match="below zero"):
            parse_daily_bars("900010", [bar(**{name: "-1"})])


REFERENCE = Path(__file__).parents[2] / "../shared/kis/samples"


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the vendor's reference is not beside the project")
@pytest.mark.parametrize(
    "name",
    ["overseas-dailyprice", "overseas-present-balance", "inquire-daily-ccld", "nav-comparison-daily-trend"],
)
def test_the_vendors_other_examples_are_read_whole(name: str) -> None:
    body = json.loads((REFERENCE / f"{name}.json").read_text("utf-8"))
    call = {
        "overseas-dailyprice": "overseas_daily",
        "overseas-present-balance": "present_balance",
        "inquire-daily-ccld": "executions",
        "nav-comparison-daily-trend": "fund_nav_daily",
    }[name]
    for block in schema.ENDPOINTS[call].blocks:
        take = reader(call, block.key)
        assert take.rows(body) if block.shape == "list" else take.one(body)
