"""Every call, asked without a network: shapes as in the vendor's examples, and one market behind them all."""

from __future__ import annotations

import json
import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sillok.kis import schema
from sillok.sandbox import Limits
from sillok.sandbox.desk import Desk
from sillok.sandbox.registry import ANSWERS
from sillok.sandbox.synthetic import make_market
from sillok.sandbox.world import World
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
