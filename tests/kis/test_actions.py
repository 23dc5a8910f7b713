"""Corporate actions: every kind as one record, and no answer that was cut taken for whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sillok.errors import ConfigError, FatalVendorError
from sillok.kis.actions import ACTION_KINDS
from sillok.kis.paging import FullDayError, halved
from tests.kis.vendor import Vendor, answer, talking

FROM, TO = date(2026, 1, 1), date(2026, 3, 1)


async def test_every_kind_is_one_record(tmp_path: Path) -> None:
    vendor = Vendor()
    rows: dict[str, dict[str, object]] = {
        "dividends": {
            "cash_krw": "000000000060",
            "stock_pct": "  0.00",
            "pay_date": "2026/04/16",
            "dividend_kind": "결산",
            "share_kind": "보통",
        },
        "bonus_issues": {
            "ratio_pct": " 50.00",
            "ex_date": "20260204",
            "list_date": "2026/02/20",
            "shares": "1000",
            "share_kind": "보통",
        },
        "rights_issues": {
            "ratio_pct": "20.5",
            "ex_date": "2026/02/04",
            "list_date": "",
            "shares": "",
            "price_krw": "000005000",
            "subscription": "2026/02/04 ~ 2026/02/10",
        },
        "splits": {
            "par_before": "000005000",
            "par_after": "000000500",
            "halt": "2026/02/04 ~",
            "list_date": "2026/02/11",
        },
        "mergers": {"name": "가상", "merged_name": "나상", "reason": "합병", "ratio_pct": "1.25", "halt": ""},
        "capital_reductions": {
            "reduction_type": "무상",
            "method": "병합",
            "share_kind": "보통",
            "ratio_pct": "80",
        },
        "listings": {"list_date": "20260205", "shares": "1000", "price_krw": "5000", "reason": "신규상장"},
    }
    vendor.answers = {
        name: answer(name, {"name": "가상전자", "share_kind": "", "record_date": "20260205", **row})
        if name != "listings"
        else answer(name, {"name": "가상전자", "share_kind": "", **row})
        for name, row in rows.items()
    }
    day = date(2026, 2, 5)
    async with talking(vendor, tmp_path) as client:
        found = {kind: (await client.corporate_actions(kind, FROM, TO))[0] for kind in ACTION_KINDS}
    assert {kind: (one.kind, one.symbol, one.record_date) for kind, one in found.items()} == {
        kind: (kind, "900010", day) for kind in ACTION_KINDS
    }
    dividend, split, merger = found["dividend"], found["split"], found["merger"]
    assert (dividend.cash_krw, dividend.ratio_pct, dividend.pay_date, dividend.note) == (
        60,
        0,
        date(2026, 4, 16),
        "결산, 보통",
    )
    assert (dividend.ex_date, dividend.par_before, dividend.shares) == (None, None, None)
    assert (found["bonus"].ratio_pct, found["bonus"].ex_date, found["bonus"].shares) == (
        50,
        date(2026, 2, 4),
        1_000,
    )
    rights = found["rights"]
    assert (rights.ratio_pct, rights.price_krw, rights.list_date, rights.shares) == (
        Decimal("20.5"),
        5_000,
        None,
        None,
    )
    assert (split.par_before, split.par_after, split.halt_from, split.halt_to) == (
        5_000,
        500,
        date(2026, 2, 4),
        None,
    )
    assert (merger.name, merger.note, merger.halt_from) == ("가상", "합병, 나상", None)
    assert found["capital_reduction"].note == "무상, 병합, 보통"
    assert (found["listing"].list_date, found["listing"].price_krw) == (day, 5_000)
    spans = {(one.query["start"], one.query["end"]) for one in vendor.asked}
    assert spans == {("20260101", "20260228")}  # the depository's ends are both inside


def depository(rows: list[tuple[date, str]]) -> Callable[[dict[str, str]], dict[str, Any]]:
    """Return a depository that cuts its answers at a hundred rows and says nothing."""

    def tell(query: dict[str, str]) -> dict[str, Any]:
        found = [
            {"record_date": f"{day:%Y%m%d}", "symbol": symbol}
            for day, symbol in rows
            if query["start"] <= f"{day:%Y%m%d}" <= query["end"] and query["symbol"] in {"", symbol}
        ][:100]
        return answer("dividends", *found) if found else {"rt_cd": "0", "output1": []}

    return tell


async def test_a_full_answer_is_asked_again_in_halves_until_none_is_cut(tmp_path: Path) -> None:
    rows = [(FROM + timedelta(days=place % 59), f"{place:06d}") for place in range(450)]
    vendor = Vendor()
    vendor.answers = {"dividends": depository(rows)}
    async with talking(vendor, tmp_path) as client:
        found = await client.corporate_actions("dividend", FROM, TO)
        assert [(one.record_date, one.symbol) for one in found] == sorted(rows)
        events = await client.events.dividends(FROM, TO)
        assert len(events) == len(rows)


async def test_a_single_day_that_is_full_is_an_error_and_can_be_asked_by_issue(tmp_path: Path) -> None:
    day = date(2026, 1, 31)
    rows = [(day, f"{place:06d}") for place in range(101)]
    vendor = Vendor()
    vendor.answers = {"dividends": depository(rows)}
    async with talking(vendor, tmp_path) as client:
        with pytest.raises(FullDayError, match="issue by issue") as caught:
            await client.corporate_actions("dividend", FROM, TO)
        assert caught.value.detail["day"] == day
        (one,) = await client.corporate_actions("dividend", day, day + timedelta(days=1), "000100")
    assert one.symbol == "000100"


async def test_a_page_mark_of_the_depository_counts_as_full(tmp_path: Path) -> None:
    vendor = Vendor()
    tell = depository([(FROM, "900010"), (TO - timedelta(days=1), "900020")])
    vendor.answers = {
        "dividends": lambda query: (
            tell(query),
            "M" if query["start"] == "20260101" and query["end"] == "20260228" else "",
        )
    }
    async with talking(vendor, tmp_path) as client:
        assert len(await client.corporate_actions("dividend", FROM, TO)) == 2
    assert len(vendor.asked) == 3


@pytest.mark.parametrize("day", ["20260301", "20251231", "", "00000000"])
async def test_an_action_outside_the_window_or_without_a_day_is_an_error(tmp_path: Path, day: str) -> None:
    vendor = Vendor()
    vendor.answers = {"splits": answer("splits", {"record_date": day})}
    async with talking(vendor, tmp_path) as client:
        with pytest.raises(FatalVendorError, match="was asked for"):
            await client.corporate_actions("split", FROM, TO)
        with pytest.raises(ConfigError, match="unknown kind"):
            await client.corporate_actions("splits", FROM, TO)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 40), max_size=120), st.integers(1, 12))
async def test_halving_loses_no_row_and_doubles_none(days: list[int], cap: int) -> None:
    rows = sorted(days)

    async def ask(first: date, last: date) -> tuple[list[int], bool]:
        found = [day for day in rows if first <= FROM + timedelta(days=day) <= last][:cap]
        return found, len(found) >= cap

    if any(rows.count(day) >= cap for day in rows):
        with pytest.raises(FullDayError):
            await halved(ask, FROM, FROM + timedelta(days=41), "rows")
    else:
        assert await halved(ask, FROM, FROM + timedelta(days=41), "rows") == rows
