"""Every call, asked without a network: shapes as in the vendor's examples, and one market behind them all."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sillok.clock import KST
from sillok.kis import schema
from sillok.kis.schema.stream import CHANNELS
from sillok.sandbox import Limits
from sillok.sandbox.answers.desk import Desk
from sillok.sandbox.answers.registry import ANSWERS
from sillok.sandbox.gate import RefusedError
from sillok.sandbox.stream.feed import Feed, StreamOptions
from sillok.sandbox.world.rules import tick_size
from sillok.sandbox.world.synthetic import make_market
from sillok.sandbox.world.world import World
from tests.sandboxes import reference_market

SAMPLES = Path(__file__).parents[2] / "../shared/kis/samples"
SHARE, SPLIT, FUND, BOND = "900020", "900010", "990010", "KR1999010018"
COMMON = {
    "symbol": SHARE, "start": "20260401", "end": "20260529", "account": "12345678", "product": "01",
    "until": "153000", "day": "20260515", "basis": "1", "kind": "X", "market": "NAS", "exchange": "NASD",
    "currency": "USD", "raw": "1", "adjusted": "0",
}  # fmt: skip
SYMBOLS = {
    **dict.fromkeys(("index_chart", "index_daily", "index_price"), "0001"),
    **dict.fromkeys(("fund_price", "fund_nav", "fund_nav_daily", "fund_components"), FUND),
    **dict.fromkeys(("bond", "bond_daily", "bond_price"), BOND),
    **dict.fromkeys(
        ("overseas_price", "overseas_daily", "overseas_detail", "overseas_minutes", "overseas_product"),
        "XFAKE",
    ),
    "overseas_chart": "FX@KRW",
}
DEPOSITORY = (
    "dividends", "bonus_issues", "rights_issues", "splits", "mergers", "capital_reductions", "listings", "meetings",
)  # fmt: skip
LONG = {"start": "20240101", "symbol": ""}


@cache
def world(today: date = date(2026, 6, 30)) -> World:
    return World(reference_market() if today == date(2026, 6, 30) else make_market(today=today))


def query(name: str, **given: str) -> dict[str, str]:
    """Return a query in the vendor's names: what suits the call, and what is given."""
    endpoint = schema.ENDPOINTS[name]
    values = COMMON | ({"symbol": SYMBOLS[name]} if name in SYMBOLS else {})
    if name in DEPOSITORY or name == "overseas_rights":
        values = values | LONG
    if name == "account_rights":
        values = values | {"start": "20240101"}
    if name == "overseas_product":
        values = values | {"product_type": "512"}
    if name == "prices":
        values = values | {"symbol_1": SHARE, "symbol_2": SPLIT, "symbol_3": "999999"}
    values = values | given
    return {
        theirs: values.get(ours, endpoint.defaults.get(ours, "")) for ours, theirs in endpoint.params.items()
    }


def ask(
    name: str, where: World | None = None, *, paper: bool = False, positions: int = 12, **given: str
) -> Any:
    endpoint = schema.ENDPOINTS[name]
    tr_id = endpoint.tr_id_paper if paper else endpoint.tr_id
    desk = Desk(Limits(paper=paper), positions)
    return json.loads(desk.answer(name, where or world(), tr_id, query(name, **given)).text)


def told(
    name: str, where: World | None = None, block: int | None = None, **given: str
) -> list[dict[str, str]]:
    """Return the rows of the first list (or of a block) by our names, as text."""
    endpoint = schema.ENDPOINTS[name]
    part = endpoint.rows if block is None else endpoint.blocks[block]
    rows = ask(name, where, **given)[part.key]
    names = {theirs: ours for ours, theirs in part.vendor_names.items()}
    return [
        {names[key]: value for key, value in row.items()}
        for row in (rows if isinstance(rows, list) else [rows])
    ]


def numbers(rows: list[dict[str, str]], name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in rows])


# ---- shape
def test_every_call_of_the_schema_has_an_answer() -> None:
    assert set(ANSWERS) == set(schema.ENDPOINTS)


@pytest.mark.parametrize("name", sorted(schema.ENDPOINTS))
def test_an_answer_has_every_field_of_the_schema_as_text_and_something_in_it(name: str) -> None:
    body = ask(name)
    assert (body["rt_cd"], body["msg_cd"] in {"MCA00000", "KIOK0510", "KIOK0500"}) == ("0", True)
    for block in schema.ENDPOINTS[name].blocks:
        part = body[block.key]
        rows = part if isinstance(part, list) else [part]
        assert rows, f"{name} has nothing in {block.key}"
        for row in rows:
            assert list(row) == [one.vendor for one in block.fields]
            assert all(isinstance(value, str) for value in row.values())


SAMPLED = {
    "daily_chart": "inquire-daily-itemchartprice", "index_chart": "inquire-daily-indexchartprice",
    "daily_prices": "inquire-daily-price", "price": "inquire-price", "investors": "inquire-investor",
    "minutes_today": "inquire-time-itemchartprice", "order_book": "inquire-asking-price-exp-ccn",
    "holidays": "chk-holiday", "income_statement": "income-statement", "financial_ratio": "financial-ratio",
    "dividends": "ksdinfo-dividend", "splits": "ksdinfo-rev-split", "fund_nav_daily": "nav-comparison-daily-trend",
    "balance": "inquire-balance", "executions": "inquire-daily-ccld", "overseas_price": "overseas-price",
    "overseas_daily": "overseas-dailyprice", "present_balance": "overseas-present-balance",
}  # fmt: skip


def _form(value: str) -> str:
    """Return the form of a value: padding, sign, digits, decimals, a date, text."""
    if not value.strip():
        return f"blank {len(value) if len(value) > 1 else 0}"
    if re.fullmatch(r"\s*[+-]?\d+\.\d+\s*", value):
        return f"decimal .{len(value.strip().partition('.')[2])} width {len(value) if value != value.strip() else 0}"
    if re.fullmatch(r"0\d{7,}", value):
        return f"padded {len(value)}"
    if re.fullmatch(r"20\d{6}", value):
        return "day"
    if re.fullmatch(r"-?\d+", value):
        return "whole"
    if re.fullmatch(r"\d{4}/\d\d/\d\d( ~( \d{4}/\d\d/\d\d)?)?", value):
        return "slashed " + ("span" if "~" in value else "day")
    return "text"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the vendor's samples are not beside the project")
@pytest.mark.parametrize(("name", "sample"), SAMPLED.items())
def test_values_have_the_forms_of_the_vendors_examples(name: str, sample: str) -> None:
    want = json.loads((SAMPLES / f"{sample}.json").read_text("utf-8"))
    given = {"symbol": ""} if name in DEPOSITORY else {}
    body = ask(name, **given)
    assert [key for key in body if key in want] == list(want), "the keys stand in another order"
    for block in schema.ENDPOINTS[name].blocks:
        wanted, found = (
            [part] if isinstance(part, dict) else part for part in (want[block.key], body[block.key])
        )
        forms = {key: {_form(row[key]) for row in wanted if key in row} for key in wanted[0]}
        ours = {key: {_form(row[key]) for row in found} for key in found[0]}
        assert set(forms) <= set(ours)
        wrong = {
            key: (forms[key], ours[key])
            for key in forms
            # What the example leaves blank, or told as nothing, says nothing of the form.
            if not (
                forms[key] & ours[key] or any(form.startswith("blank") for form in forms[key] | ours[key])
            )
        }
        assert not wrong
    assert ("  " in body["msg1"]) == ("  " in want["msg1"]), "account calls pad their message, others do not"


# ---- one market, whenever it is asked
EARLY = date(2026, 5, 29)
# What is dated, and asked for days that both markets have seen.
DATED = (
    "daily_chart", "index_chart", "index_daily", "investors_daily", "short_sales", "minutes", "fund_nav_daily",
    "executions", "period_profit", "trade_profit", "overseas_daily", "overseas_chart", "overseas_executions",
    "income_statement", "balance_sheet", "holidays", "splits", "bonus_issues",
)  # fmt: skip


@pytest.mark.parametrize("name", DATED)
def test_what_is_told_of_a_day_does_not_hang_on_where_the_market_ends(name: str) -> None:
    now, then = (ask(name, where, end="20260528") for where in (world(), world(EARLY)))
    key = schema.ENDPOINTS[name].rows.key
    if name in {
        "income_statement",
        "balance_sheet",
    }:  # disclosed since: the newest may be more, the oldest fewer
        periods = {row["stac_yymm"]: row for row in then[key]}
        shared = [row for row in now[key] if row["stac_yymm"] in periods]
        assert len(shared) >= 28
        assert sum(row == periods[row["stac_yymm"]] for row in shared) >= len(shared) - 1
        return
    rows = [row for row in now[key] if row in then[key]] if name == "overseas_executions" else now[key]
    assert rows
    assert rows == then[key]


# ---- what the parts of one market say of each other
def test_the_two_daily_calls_agree_and_turn_the_adjusted_flag_round() -> None:
    for adjusted in (True, False):
        chart = told(
            "daily_chart", symbol=SPLIT, start="20241001", end="20241130", raw="0" if adjusted else "1"
        )
        bars = {row["date"]: (row["open"], row["close"], row["volume"]) for row in chart}
        at = World(make_market(today=date(2024, 11, 15)))
        daily = told("daily_prices", at, symbol=SPLIT, adjusted="1" if adjusted else "0")
        assert len(daily) == 30
        before = [row for row in daily if row["date"] < "20241030"]
        traded_after = [row for row in daily if row["date"] >= "20241030"]
        assert all(bars[row["date"]] == (row["open"], row["close"], row["volume"]) for row in daily)
        ratio = int(before[-1]["close"]) / int(traded_after[0]["close"])
        assert (ratio < 2) == adjusted


def test_weeks_months_and_years_are_made_of_days() -> None:
    days = told("daily_chart", start="20260105", end="20260430")
    weeks = told("daily_chart", start="20260105", end="20260430", period="W")
    months = told("daily_chart", start="20260101", end="20260430", period="M")
    assert [row["date"] for row in months] == ["20260401", "20260303", "20260202", "20260102"]
    april = [row for row in days if row["date"] >= "20260401"]
    assert months[0]["high"] == max((row["high"] for row in april), key=int)
    assert months[0]["low"] == min((row["low"] for row in april), key=int)
    assert (months[0]["open"], months[0]["close"]) == (april[-1]["open"], april[0]["close"])
    assert int(months[0]["volume"]) == numbers(april, "volume").sum()
    firsts: dict[tuple[int, int], str] = {}
    for row in reversed(days):
        firsts.setdefault(datetime.strptime(row["date"], "%Y%m%d").isocalendar()[:2], row["date"])  # noqa: DTZ007
    assert [row["date"] for row in reversed(weeks)] == list(firsts.values())
    assert len(told("daily_chart", start="20200101", period="Y")) == 4
    index = told("index_chart", start="20260101", end="20260430", period="M")
    assert [row["date"] for row in index] == [row["date"] for row in months]


@pytest.mark.parametrize("symbol", [SHARE, SPLIT, FUND, "901130"])
def test_the_minutes_of_a_day_meet_its_bar_exactly(symbol: str) -> None:
    pages: list[dict[str, str]] = []
    until = "153000"
    while True:
        page = told("minutes", symbol=symbol, until=until)
        pages += page
        if len(page) < 120:
            break
        until = f"{int(page[-1]['time']) - (4100 if page[-1]['time'].endswith('0000') else 100):06d}"
    (bar,) = told("daily_chart", symbol=symbol, start="20260515", end="20260515")
    assert [row["time"] for row in pages] == sorted({row["time"] for row in pages}, reverse=True)
    assert (pages[-1]["time"], pages[-1]["open"]) == ("090000", bar["open"])
    assert (pages[0]["time"], pages[0]["close"]) == ("153000", bar["close"])
    assert (numbers(pages, "high").max(), numbers(pages, "low").min()) == (
        float(bar["high"]),
        float(bar["low"]),
    )
    assert numbers(pages, "volume").sum() == float(bar["volume"])
    assert pages[0]["cumulative_amount_krw"] == bar["amount_krw"]
    assert (np.diff(numbers(pages, "cumulative_amount_krw")) <= 0).all()


def test_minutes_are_kept_for_a_year_and_todays_come_thirty_at_a_time() -> None:
    assert told("minutes", day="20250630") == []
    assert len(told("minutes", day="20250701")) == 120
    late, now = told("minutes_today", until="235900"), told("minutes_today", until="153000")
    assert late == now
    assert len(now) == 30
    assert told("minutes_today", until="090200")[-1]["time"] == "090000"


def test_an_order_book_stands_on_ticks_around_the_price() -> None:
    for symbol in (SHARE, SPLIT, "901130"):
        (sides,), (price,) = (
            told("order_book", symbol=symbol, block=0),
            told("order_book", symbol=symbol, block=1),
        )
        asks = [int(sides[f"ask_{place}"]) for place in range(1, 11)]
        bids = [int(sides[f"bid_{place}"]) for place in range(1, 11)]
        assert bids[0] <= int(price["price"]) <= asks[0]
        assert all(level % tick_size(level) == 0 for level in asks + bids)
        assert all(low + tick_size(low) == high for low, high in pairwise(asks))
        assert bids == sorted(set(bids), reverse=True)
        quantities = [int(sides[f"ask_{place}_qty"]) for place in range(1, 11)]
        assert int(sides["ask_qty_total"]) == sum(quantities)
        assert min(quantities) > 0


def test_the_trades_end_at_the_days_close_and_volume() -> None:
    (quote,), trades = told("price", block=0), told("trades")
    assert (trades[0]["price"], trades[0]["volume"]) == (quote["price"], quote["volume"])
    steps = -np.diff(numbers(trades, "volume"))
    assert (steps == numbers(trades, "volume_traded")[:-1]).all()
    assert [row["price"] for row in told("latest_trades")] == [row["price"] for row in trades]


def test_every_share_has_a_buyer_and_a_seller() -> None:
    rows = told("investors_daily")
    assert len(rows) == 100
    nets = sum(numbers(rows, f"{kind}_qty") for kind in ("individual", "foreign", "institution", "other"))
    assert (nets == 0).all()
    for side in ("bought", "sold"):
        traded = sum(
            numbers(rows, f"{kind}_{side}_qty") for kind in ("individual", "foreign", "institution", "other")
        )
        assert (traded == numbers(rows, "volume")).all()
    parts = ("securities", "trust", "private_fund", "bank", "insurer", "merchant_bank", "pension")
    assert (sum(numbers(rows, f"{kind}_qty") for kind in parts) == numbers(rows, "institution_qty")).all()
    recent = {row["date"]: row for row in told("investors")}
    shared = [row for row in rows if row["date"] in recent]
    assert len(shared) >= 8
    assert all(row["foreign_krw"] == recent[row["date"]]["foreign_krw"] for row in shared)
    worth = numbers(rows, "foreign_qty") * numbers(rows, "amount_krw") / numbers(rows, "volume") / 1e6
    assert np.abs(worth - numbers(rows, "foreign_krw")).max() <= 0.51


def test_statements_balance_and_a_quarter_is_the_year_so_far() -> None:
    sheet, income = told("balance_sheet", symbol="900030"), told("income_statement", symbol="900030")
    assert len(sheet) == len(income) == 30
    assert [row["period"] for row in sheet] == sorted({row["period"] for row in sheet}, reverse=True)
    assert (
        numbers(sheet, "assets_krw") == numbers(sheet, "liabilities_krw") + numbers(sheet, "equity_krw")
    ).all()
    halves = numbers(sheet, "current_assets_krw") + numbers(sheet, "noncurrent_assets_krw")
    assert (halves == numbers(sheet, "assets_krw")).all()
    assert (
        numbers(income, "gross_profit_krw")
        == numbers(income, "sales_krw") - numbers(income, "cost_of_sales_krw")
    ).all()
    by_period = {row["period"]: float(row["sales_krw"]) for row in income}
    year = [by_period[f"2025{month}"] for month in ("03", "06", "09", "12")]
    assert year == sorted(year)
    annual = {row["period"]: row for row in told("income_statement", symbol="900030", basis="0")}
    assert float(annual["202512"]["sales_krw"]) == year[-1]
    assert all(period.endswith("12") for period in annual)
    assert {row["depreciation_krw"] for row in income} == {"99.99"}


def test_a_statement_is_told_only_after_its_disclosure() -> None:
    for day, newest in (
        (date(2026, 3, 20), "202509"),
        (date(2026, 4, 3), "202512"),
        (date(2026, 5, 19), "202603"),
    ):
        assert told("income_statement", World(make_market(today=day)), symbol="900030")[0]["period"] == newest


def test_a_split_stands_in_the_depositorys_list_as_in_the_prices() -> None:
    (split,) = told("splits", symbol=SPLIT)
    halted = [
        row
        for row in told("daily_chart", symbol=SPLIT, start="20241001", end="20241129")
        if row["no_open"] == "Y"
    ]
    days = sorted(f"{row['date'][:4]}/{row['date'][4:6]}/{row['date'][6:]}" for row in halted)
    assert split["halt"] == f"{days[0]} ~ {days[-1]}"
    assert int(split["par_before"]) == 5 * int(split["par_after"])
    (day,) = [
        row
        for row in told("daily_chart", symbol=SPLIT, start="20241001", end="20241129")
        if row["split_pct"] != "0.00"
    ]
    assert split["list_date"].replace("/", "") == day["date"]
    assert [row["reason"] for row in told("listings", symbol=SPLIT)] == ["액면분할"]


def test_new_listings_are_those_of_the_market() -> None:
    rows = told("listings", start="20230902", end="20260630")
    found = {row["symbol"] for row in rows if row["reason"] == "신규상장"}
    young = {
        i.symbol for i in reference_market().issues.values() if i.listed_on and i.listed_on > date(2023, 9, 2)
    }
    assert found == young


def test_a_dividend_marks_the_session_without_it() -> None:
    dividend = told("dividends", symbol=SHARE, start="20260301", end="20260331")[0]
    assert (dividend["record_date"], dividend["dividend_kind"]) == ("20260331", "분기")
    marked = [
        row["date"] for row in told("daily_chart", start="20260315", end="20260331") if row["ex_code"] != "00"
    ]
    assert marked == ["20260330"]
    assert float(dividend["cash_pct"]) == pytest.approx(
        100 * int(dividend["cash_krw"]) / int(dividend["par_krw"]), abs=0.01
    )


def test_the_depository_cuts_at_a_hundred_rows_and_no_day_of_dividends_is_full() -> None:
    assert len(told("dividends", end="20260630")) == 100
    assert len(told("dividends", start="20251231", end="20251231")) == 78


def test_a_fund_trades_near_its_net_asset_value() -> None:
    rows = told("fund_nav_daily", start="20260101", end="20260630")
    assert len(rows) == 100
    assert np.abs(numbers(rows, "premium_pct")).max() < 0.5
    chart = {
        row["date"]: row["close"]
        for row in told("daily_chart", symbol=FUND, start="20260101", end="20260630")
    }
    assert all(chart[row["date"]] == row["close"] for row in rows)
    parts = told("fund_components")
    assert numbers(parts, "weight_pct").sum() == pytest.approx(100, abs=0.5)


def test_index_calls_tell_million_won_and_thousand_shares() -> None:
    series = reference_market().indices["KOSPI"]
    row, (now,) = told("index_chart", end="20260630")[0], told("index_price", block=0)
    assert row["volume"] == now["volume"] == str((int(series.volume[-1]) + 500) // 1_000)
    assert row["amount"] == now["amount_krw"] == str((int(series.amount_krw[-1]) + 500_000) // 1_000_000)
    assert len(told("index_chart", start="20250101")) == 50
    assert len(told("index_daily")) == 100
    counts = [int(now[name]) for name in ("advancing", "declining", "unchanged")]
    assert sum(counts) == len(reference_market().listed("KOSPI"))


def test_a_change_abroad_has_no_sign_of_its_own() -> None:
    rows = told("overseas_daily", end="20260629")
    close, change = numbers(rows, "close"), numbers(rows, "change")
    signs = np.array([{"2": 1, "5": -1, "3": 0}[row["sign"]] for row in rows])
    assert (change >= 0).all()
    assert (signs < 0).any()
    assert np.allclose(close[:-1] - close[1:], (signs * change)[:-1])
    assert {row["change_pct"][0] for row in rows if row["sign"] == "2"} == {"+"}
    assert all(re.fullmatch(r"\d+\.\d{4}", row["close"]) for row in rows)


def test_a_split_abroad_is_in_the_raw_prices_alone() -> None:
    raw, adjusted = (told("overseas_daily", end="20240901", adjusted=flag) for flag in "01")
    ratio = numbers(raw, "close") / numbers(adjusted, "close")
    assert set(np.round(ratio).tolist()) == {1.0, 4.0}


def test_rates_have_four_decimals_and_a_bar_on_every_weekday() -> None:
    rows = told("overseas_chart", start="20260601", end="20260605")
    assert len(rows) == 5
    assert (numbers(rows, "low") <= np.minimum(numbers(rows, "open"), numbers(rows, "close"))).all()
    assert told("overseas_chart", symbol="FX@NOWHERE") == []


# ---- the account
def test_the_book_adds_up() -> None:
    rows, (sums,) = told("balance"), told("balance", block=1)
    assert len(rows) == 12
    assert int(sums["securities_krw"]) == numbers(rows, "value_krw").sum()
    assert int(sums["total_krw"]) == int(sums["securities_krw"]) + int(sums["cash_d2_krw"])
    assert (numbers(rows, "profit_krw") == numbers(rows, "value_krw") - numbers(rows, "cost_krw")).all()
    days, (period,) = (
        told("period_profit", start="20260101"),
        told("period_profit", block=1, start="20260101"),
    )
    trades, (traded,) = (
        told("trade_profit", start="20260101"),
        told("trade_profit", block=1, start="20260101"),
    )
    earned = numbers(trades, "realised_profit_krw").sum()
    assert earned == numbers(days, "realised_profit_krw").sum() == int(period["total_realised_profit_krw"])
    assert earned == int(traded["total_realised_profit_krw"])


def test_orders_older_than_three_months_have_an_id_of_their_own_and_old_ids_still_work() -> None:
    desk, endpoint = Desk(Limits(), 12), schema.EXECUTIONS
    assert endpoint.archive is not None
    found = {}
    for tr_id in (endpoint.tr_id, endpoint.archive[0], *endpoint.old_ids):
        if tr_id.startswith("V"):
            continue
        text = desk.answer(
            "executions", world(), tr_id, query("executions", start="20250101", end="20260630")
        ).text
        found[tr_id] = [row["ord_dt"] for row in json.loads(text)["output1"]]
    recent, archived = found[endpoint.tr_id], found[endpoint.archive[0]]
    assert min(recent) >= "20260330" > max(archived)
    assert all(found[old] == found[new] for old, new in endpoint.old_ids.items() if not old.startswith("V"))


# ---- hosts, refusals, a clock
def test_the_paper_host_knows_fewer_calls_and_shorter_pages() -> None:
    assert len(ask("balance", paper=True, positions=70)["output1"]) == 20
    assert len(ask("executions", paper=True, end="20260630")["output1"]) == 15
    paper, real = Desk(Limits(paper=True), 12), Desk(Limits(), 12)
    for desk, name, tr_id, code in (
        (paper, "holidays", "CTCA0903R", "EGW02004"),
        (paper, "holidays", "VTCA0903R", "EGW00213"),  # what a blind swap of the first letter makes
        (paper, "balance", "TTTC8434R", "EGW02004"),
        (real, "balance", "VTTC8434R", "EGW02004"),
        (real, "balance", "NONSENSE", "OPSQ0002"),
    ):
        with pytest.raises(RefusedError) as refused:
            desk.answer(name, world(), tr_id, query(name))
        assert refused.value.code == code


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("daily_chart", {"start": "2026-01-01"}, "OPSQ2001"),
        ("daily_chart", {"period": "Q"}, "OPSQ2001"),
        ("minutes_today", {"until": "9"}, "OPSQ2001"),
        ("overseas_daily", {"market": "N"}, "OPSQ2001"),
        ("overseas_chart", {"kind": "Z"}, "OPSQ2001"),
        ("income_statement", {"basis": "9"}, "OPSQ2001"),
        ("dividends", {"start": ""}, "OPSQ2001"),
        ("balance", {"account": "1"}, "OPSQ2000"),
        ("executions", {"product": ""}, "OPSQ2000"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_in_a_success(
    name: str, given: dict[str, str], code: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        ask(name, **given)
    assert (refused.value.code, refused.value.status) == (code, 200)


@pytest.mark.parametrize(
    ("division", "paper", "is_taken"), [("ZZ", False, False), ("NX", False, True), ("NX", True, False)]
)
def test_a_market_division_that_the_host_does_not_know_is_refused_by_its_name(
    division: str, *, paper: bool, is_taken: bool
) -> None:
    endpoint, desk = schema.PRICE, Desk(Limits(paper=paper), 12)
    given = query("price") | {key.lower(): division for key, value in endpoint.fixed.items() if value == "J"}
    if is_taken:
        assert json.loads(desk.answer("price", world(), endpoint.tr_id, given).text) == ask("price")
        return
    with pytest.raises(RefusedError, match="OPSQ2001") as refused:
        desk.answer("price", world(), endpoint.tr_id, given)
    assert "MRKT_DIV_CODE" in refused.value.text


def test_some_periods_are_restated_a_year_after_their_disclosure() -> None:
    before, changed, told_again = World(make_market(today=date(2025, 5, 30))), 0, 0
    for symbol in [issue.symbol for issue in reference_market().listed("KOSPI")][:40]:
        now = {row["period"]: row for row in told("income_statement", symbol=symbol)}
        then = {row["period"]: row for row in told("income_statement", before, symbol=symbol)}
        for period in sorted(set(now) & set(then))[-4:]:
            told_again += 1
            changed += now[period] != then[period]
            assert now[period]["sales_krw"] == then[period]["sales_krw"]
    assert 0 < changed < told_again / 5


def test_inside_a_session_what_is_told_of_it_ends_at_its_minute() -> None:
    at = World(reference_market(), lambda: datetime(2026, 6, 30, 10, 30, 20, tzinfo=KST))
    minutes, whole = told("minutes_today", at, until="153000"), told("minutes_today", until="103000")
    assert minutes == whole
    (price,), (day,) = told("price", at, block=0), told("daily_chart", at, start="20260630", end="20260630")
    assert (price["price"], price["volume"]) == (minutes[0]["close"], day["volume"])
    assert int(day["volume"]) < int(told("daily_chart", start="20260630", end="20260630")[0]["volume"])
    assert told("trades", at)[0]["time"] <= "103020"
    assert told("investors", at)[0]["foreign_qty"] == ""
    assert told("investors_daily", at, end="20260630")[0]["date"] == "20260629"
    before = World(reference_market(), lambda: datetime(2026, 6, 30, 8, 30, tzinfo=KST))
    assert told("daily_chart", before, start="20260601", end="20260630")[0]["date"] == "20260629"
    after = World(reference_market(), lambda: datetime(2026, 7, 1, 10, 0, tzinfo=KST))
    assert told("price", after, block=0) == told("price", block=0)


def test_a_replay_tells_what_it_has_and_nothing_else() -> None:
    replayed = World(replace(reference_market(), seed=None))
    for name in sorted(schema.ENDPOINTS):
        if name in {"product", "overseas_product"}:
            continue
        body = ask(name, replayed)
        assert body["rt_cd"] == "0"
    assert told("daily_chart", replayed) == told("daily_chart")
    assert (
        told("income_statement", replayed) == told("investors", replayed) == told("dividends", replayed) == []
    )
    assert told("minutes", replayed) == []
    assert {row["symbol"] for row in told("listings", replayed, start="20230902", end="20260630")} >= {
        "902190"
    }


def test_the_stream_plays_the_trades_that_the_calls_tell() -> None:
    feed = Feed(reference_market, StreamOptions(seed=9), monotonic=lambda: 0.0)
    trades = next(channel for channel in CHANNELS.values() if channel.key == "symbol")
    tape = feed.tape(trades, SHARE)
    assert tape is not None
    rows = told("trades")
    assert tape.price[-30:][::-1].tolist() == numbers(rows, "price").tolist()
    assert tape.volume[-30:][::-1].tolist() == numbers(rows, "volume").tolist()
    abroad = next(channel for channel in CHANNELS.values() if channel.key == "overseas")
    tape = feed.tape(abroad, "DNASXFAKE")
    assert tape is not None
    (quote,) = told("overseas_price", block=0)
    assert (f"{tape.price[-1] / 10_000:.4f}", str(tape.quantity.sum())) == (quote["price"], quote["volume"])
    assert f"{tape.base / 10_000:.4f}" == quote["previous_close"]
