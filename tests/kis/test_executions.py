"""Filled orders: two calls of the vendor's for recent and older days, and nothing of an account in an error."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sillok.clock import KST
from sillok.errors import ConfigError, FatalVendorError
from sillok.kis import schema
from sillok.kis.executions import three_months_before
from tests.kis.vendor import Vendor, answer, talking

ACCOUNT = "98765432-01"
NOW = datetime(2026, 5, 31, 18, tzinfo=KST)


def order(day: date, number: int, **values: object) -> dict[str, object]:
    told = {"date": f"{day:%Y%m%d}", "order_no": f"{number:010d}", "order_qty": 10, "filled_qty": 10}
    return {**told, "average_price": "70000.5000", "amount_krw": "700005", **values}


def test_three_months_before_the_end_of_may_is_the_end_of_february() -> None:
    assert three_months_before(date(2026, 5, 31)) == date(2026, 2, 28)
    assert three_months_before(date(2026, 2, 1)) == date(2025, 11, 1)
    assert three_months_before(date(2024, 5, 31)) == date(2024, 2, 29)


@pytest.mark.parametrize("paper", [False, True])
async def test_older_days_are_asked_of_the_archive_and_no_day_of_both(tmp_path: Path, paper: bool) -> None:
    vendor = Vendor()
    vendor.answers = {
        "executions": lambda query: answer("executions", order(date.fromisoformat(query["start"]), 1))
    }
    async with talking(vendor, tmp_path, account=ACCOUNT, paper=paper, now=lambda: NOW) as client:
        found = await client.executions(date(2026, 1, 10), date(2026, 5, 30))
        assert [(one.query["start"], one.query["end"]) for one in vendor.asked] == [
            ("20260110", "20260227"),
            ("20260228", "20260529"),
        ]
        assert [one.date for one in found] == [date(2026, 1, 10), date(2026, 2, 28)]
        await client.executions(date(2026, 4, 1), date(2026, 5, 1))
        await client.executions(date(2025, 4, 1), date(2025, 5, 1))
        assert await client.executions(date(2026, 4, 1), date(2026, 4, 1)) == []
    recent, archive = (
        schema.EXECUTIONS.tr_id_paper if paper else schema.EXECUTIONS.tr_id,
        (schema.EXECUTIONS.archive or ("", ""))[paper],
    )
    assert [one.tr_id for one in vendor.asked] == [archive, recent, recent, archive]


async def test_an_execution_is_zoned_signed_by_side_and_exact(tmp_path: Path) -> None:
    day = date(2026, 5, 6)
    rows = [
        order(day, 2, side="01", time="093011", filled_qty=4),
        order(day, 1, side="02", time="090000"),
        order(day, 3, filled_qty=0),
    ]
    vendor = Vendor()
    vendor.answers = {"executions": answer("executions", *rows)}
    async with talking(vendor, tmp_path, account=ACCOUNT, now=lambda: NOW) as client:
        first, second = await client.executions(day, date(2026, 5, 7))
    assert first == (
        day,
        "0000000001",
        "900010",
        "buy",
        10,
        10,
        Decimal("70000.5000"),
        700_005,
        datetime(2026, 5, 6, 9, tzinfo=KST),
    )
    assert (second.side, second.filled_qty) == ("sell", 4)
    assert second.ordered_at == datetime(2026, 5, 6, 9, 30, 11, tzinfo=KST)


async def test_pages_are_followed_by_their_key(tmp_path: Path) -> None:
    day = date(2026, 5, 6)

    def tell(query: dict[str, str]) -> tuple[dict[str, Any], str]:
        place = int(query["CTX_AREA_NK100"].strip() or 0)
        body = answer("executions", order(day, place))
        return body | {
            "ctx_area_fk100": "x".ljust(100),
            "ctx_area_nk100": str(place + 1).ljust(100),
        }, "D" if place == 4 else "M"

    vendor = Vendor()
    vendor.answers = {"executions": tell}
    async with talking(vendor, tmp_path, account=ACCOUNT, now=lambda: NOW) as client:
        assert len(await client.executions(day, date(2026, 5, 7))) == 5
        assert len((await client.account.orders(day, date(2026, 5, 7))).rows) == 5
    assert [one.paging for one in vendor.asked] == ["", "N", "N", "N", "N"] * 2
    assert [one.query["CTX_AREA_NK100"].strip() for one in vendor.asked[:3]] == ["", "1", "2"]


@pytest.mark.parametrize(
    "values",
    [{"side": "03"}, {"date": "20260507"}, {"filled_qty": 11}, {"filled_qty": -1}, {"order_qty": "98765x"}],
)
async def test_an_order_that_cannot_be_is_an_error_that_does_not_show_it(
    tmp_path: Path, values: dict[str, object]
) -> None:
    vendor = Vendor()
    vendor.answers = {"executions": answer("executions", order(date(2026, 5, 6), 1) | values)}
    async with talking(vendor, tmp_path, account=ACCOUNT, now=lambda: NOW) as client:
        with pytest.raises(FatalVendorError, match="inquire-daily-ccld") as caught:
            await client.executions(date(2026, 5, 6), date(2026, 5, 7))
    assert "98765" not in str(caught.value)


async def test_the_account_is_needed_before_anything_is_sent(tmp_path: Path) -> None:
    vendor = Vendor()
    async with talking(vendor, tmp_path) as client:
        with pytest.raises(ConfigError, match="account number"):
            await client.executions(date(2026, 5, 6), date(2026, 5, 7))
    assert vendor.asked == []
