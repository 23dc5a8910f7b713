"""Series that take more than one call, against a vendor that pages, cuts, stalls and lies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sillok.clock import KST
from sillok.errors import ConfigError, DataError, FatalVendorError, MissingDataError
from sillok.kis import schema
from tests.kis.vendor import Vendor, answer, talking

DAY = date(2026, 1, 5)


def weekdays(start: date, end: date) -> list[date]:
    """Return the weekdays of ``[start, end)``, newest first."""
    days = [start + timedelta(days=place) for place in range((end - start).days)]
    return [day for day in days if day.weekday() < 5][::-1]


async def test_bars_of_another_issue_are_refused(tmp_path: Path) -> None:
    vendor = Vendor()
    row = {"date": "20260105", "revaluation": "00"}
    span = DAY, DAY + timedelta(days=1)
    async with talking(vendor, tmp_path) as client:
        for told in ("900020", "90001", "９０００１０"):
            vendor.answers["daily_chart"] = answer("daily_chart", row, head={"symbol": told})
            for ask in (client.daily_bars, client.raw_bars):
                with pytest.raises(FatalVendorError, match="asked for 900010, KIS answered about"):
                    await ask("900010", *span)
        for told in ("", "  ", " 900010 ", "Q900010"):  # unknown, or a note by its longer name
            vendor.answers["daily_chart"] = answer("daily_chart", row, head={"symbol": told})
            assert len(await client.raw_bars("900010", *span)) == 1
        vendor.answers["index_chart"] = answer("index_chart", row, head={"code": "1001"})
        with pytest.raises(FatalVendorError, match="asked for 0001, KIS answered about '1001'"):
            await client.index_bars("KOSPI", *span)
        assert len(await client.index_bars("KOSDAQ", *span)) == 1


# ---- investors
def investors(days: list[date], name: str) -> Callable[[dict[str, str]], dict[str, Any]]:
    full = schema.ENDPOINTS[name].page_rows

    def tell(query: dict[str, str]) -> dict[str, Any]:
        last = query.get("end", "99999999")
        page = [day for day in days if f"{day:%Y%m%d}" <= last][:full]
        rows = [{"date": f"{day:%Y%m%d}", "foreign_qty": f"-{day.day}", "foreign_krw": "3"} for day in page]
        return answer(name, *rows) if rows else {"rt_cd": "0", "output2": []}

    return tell


def market_of_investors() -> Vendor:
    vendor = Vendor()
    days = weekdays(date(2025, 1, 1), date(2026, 1, 6))
    vendor.answers = {name: investors(days, name) for name in ("investors", "investors_daily")}
    return vendor


async def test_recent_investors_are_one_call_and_older_ones_come_by_pages(tmp_path: Path) -> None:
    vendor = market_of_investors()
    async with talking(vendor, tmp_path) as client:
        recent = await client.investor_days("900010", date(2025, 12, 15), date(2026, 1, 1))
        assert [one.name for one in vendor.asked] == ["investors"]
        assert [day.date for day in recent] == weekdays(date(2025, 12, 15), date(2026, 1, 1))[::-1]
        assert recent[0] == ("900010", date(2025, 12, 15), 12, -15, 12, 12_000_000, 3_000_000, 12_000_000)
        long = await client.investor_days("900010", date(2025, 3, 1), date(2026, 1, 6))
    assert [day.date for day in long] == weekdays(date(2025, 3, 1), date(2026, 1, 6))[::-1]
    assert [one.name for one in vendor.asked[1:]] == ["investors", *["investors_daily"] * 3]
    assert set(recent) <= set(long)


async def test_the_paper_host_has_the_newest_investors_only_and_says_so(tmp_path: Path) -> None:
    vendor = market_of_investors()
    async with talking(vendor, tmp_path, paper=True) as client:
        assert len(await client.investor_days("900010", date(2025, 12, 15), date(2026, 1, 6))) == 16
        with pytest.raises(ConfigError, match="newest 30 sessions only, of 900010 from 2025-11-25 on"):
            await client.investor_days("900010", date(2025, 11, 1), date(2026, 1, 6))
    assert {one.name for one in vendor.asked} == {"investors"}


async def test_a_young_issue_needs_no_older_pages(tmp_path: Path) -> None:
    vendor = Vendor()
    vendor.answers = {"investors": investors(weekdays(date(2025, 12, 22), date(2026, 1, 6)), "investors")}
    async with talking(vendor, tmp_path, paper=True) as client:
        assert len(await client.investor_days("900010", date(2020, 1, 1), date(2026, 1, 6))) == 11
    assert len(vendor.asked) == 1


async def test_investors_that_are_not_told_yet_are_left_out_and_not_zero(tmp_path: Path) -> None:
    nets = (
        "individual_qty",
        "foreign_qty",
        "institution_qty",
        "individual_krw",
        "foreign_krw",
        "institution_krw",
    )
    vendor = Vendor()
    early, whole = {"date": "20260105", **dict.fromkeys(nets, "")}, {"date": "20260102"}
    async with talking(vendor, tmp_path) as client:
        vendor.answers["investors"] = answer("investors", early, whole)
        days = await client.investor_days("900010", date(2026, 1, 2), date(2026, 1, 6))
        assert [day.date for day in days] == [date(2026, 1, 2)]
        for broken in ([whole, early], [{**early, "foreign_qty": "5"}, whole]):
            vendor.answers["investors"] = answer("investors", *broken)
            with pytest.raises(FatalVendorError, match="without"):
                await client.investor_days("900010", date(2026, 1, 2), date(2026, 1, 6))


# ---- minutes
def minutes(
    page: int, first: time = time(9), last: time = time(15, 30), day: date = DAY, name: str = "minutes"
) -> Callable[[dict[str, str]], dict[str, Any]]:
    start, end = datetime.combine(day, first), datetime.combine(day, last)
    stamps = [start + timedelta(minutes=place) for place in range((end - start).seconds // 60 + 1)]

    def tell(query: dict[str, str]) -> dict[str, Any]:
        past = [stamp for stamp in stamps if f"{stamp:%H%M%S}" <= query["until"]][-page:][::-1]
        rows = [
            {
                "date": f"{stamp:%Y%m%d}",
                "time": f"{stamp:%H%M%S}",
                "volume": 10,
                "cumulative_amount_krw": 1_000 * (stamps.index(stamp) + 1),
            }
            for stamp in past
        ]
        return answer(name, *rows) if rows else {"rt_cd": "0", "output2": []}

    return tell


@pytest.mark.parametrize(
    ("paper", "name", "page", "calls"), [(False, "minutes", 120, 4), (True, "minutes_today", 30, 14)]
)
async def test_a_days_minutes_come_whole_and_oldest_first(
    tmp_path: Path, paper: bool, name: str, page: int, calls: int
) -> None:
    vendor = Vendor()
    vendor.answers = {name: minutes(page, name=name)}
    async with talking(vendor, tmp_path, paper=paper) as client:
        bars = await client.minute_bars("900010", DAY)
    assert [bar.time for bar in bars] == [
        datetime(2026, 1, 5, 9, tzinfo=KST) + timedelta(minutes=n) for n in range(391)
    ]
    assert {bar.amount_krw for bar in bars} == {1_000}
    assert len(vendor.asked) == calls


async def test_minutes_may_begin_later_and_keep_their_amounts(tmp_path: Path) -> None:
    vendor = Vendor()
    vendor.answers = {"minutes": minutes(120)}
    async with talking(vendor, tmp_path) as client:
        for since in (time(14), time(13, 31), time(13, 30)):
            bars = await client.minute_bars("900010", DAY, since=since)
            assert bars[0].time == datetime.combine(DAY, since, KST)
            assert bars[0].amount_krw == 1_000
        vendor.answers = {"minutes": minutes(120, first=time(10))}
        late = await client.minute_bars("900010", DAY)
    assert (late[0].time.time(), late[0].amount_krw, len(late)) == (time(10), None, 331)


async def test_a_minute_without_a_trade_yet_does_not_have_the_volume_of_the_one_before(
    tmp_path: Path,
) -> None:
    rows = [
        {
            "date": "20260105",
            "time": "090200",
            "volume": 7,
            "cumulative_amount_krw": 300,
        },  # the vendor repeats the 7
        {"date": "20260105", "time": "090100", "volume": 7, "cumulative_amount_krw": 300},
        {"date": "20260105", "time": "090000", "volume": 5, "cumulative_amount_krw": 100},
    ]
    vendor = Vendor()
    vendor.answers = {"minutes": answer("minutes", *rows)}
    async with talking(vendor, tmp_path) as client:
        bars = await client.minute_bars("900010", DAY)
    assert [(bar.volume, bar.amount_krw) for bar in bars] == [(5, 100), (7, 200), (0, 0)]


async def test_minutes_end_at_a_server_that_always_answers_the_same(tmp_path: Path) -> None:
    row = {"date": "20260105", "time": "120000", "cumulative_amount_krw": 1}
    vendor = Vendor()
    vendor.answers = {"minutes": answer("minutes", row)}
    async with talking(vendor, tmp_path) as client:
        with pytest.raises(FatalVendorError, match="cannot be trusted"):
            await client.minute_bars("900010", DAY)
    assert len(vendor.asked) == 2


async def test_minutes_of_another_day_are_not_taken_for_those_of_the_day(tmp_path: Path) -> None:
    vendor = Vendor()
    vendor.answers = {"minutes": minutes(120), "minutes_today": minutes(30, name="minutes_today")}
    async with talking(vendor, tmp_path) as client:
        assert await client.minute_bars("900010", date(2026, 1, 3)) == []
    async with talking(vendor, tmp_path, paper=True) as client:
        with pytest.raises(MissingDataError, match="the minutes of 2026-01-05 only"):
            await client.minute_bars("900010", date(2026, 1, 2))


async def test_an_amount_that_falls_within_a_day_is_damage(tmp_path: Path) -> None:
    rows = [
        {"date": "20260105", "time": "090100", "cumulative_amount_krw": 99},
        {"date": "20260105", "time": "090000", "cumulative_amount_krw": 100},
    ]
    vendor = Vendor()
    vendor.answers = {"minutes": answer("minutes", *rows)}
    async with talking(vendor, tmp_path) as client:
        with pytest.raises(FatalVendorError, match="falls within the day, at 09:01"):
            await client.minute_bars("900010", DAY)


# ---- abroad
def abroad(days: list[date]) -> Callable[[dict[str, str]], dict[str, Any]]:
    def tell(query: dict[str, str]) -> dict[str, Any]:
        page = [day for day in days if f"{day:%Y%m%d}" <= query["end"]][:100]
        rows = [{"date": f"{day:%Y%m%d}", "close": "245.3100", "volume": ""} for day in page]
        return answer("overseas_daily", *rows) if rows else {"rt_cd": "0", "output1": {}, "output2": []}

    return tell


async def test_bars_abroad_come_by_moving_the_last_day_back(tmp_path: Path) -> None:
    days = weekdays(date(2025, 1, 1), date(2026, 1, 6))
    vendor = Vendor()
    vendor.answers = {"overseas_daily": abroad(days)}
    async with talking(vendor, tmp_path) as client:
        bars = await client.overseas_bars("NAS", "XFAKE", date(2025, 2, 1), date(2026, 1, 3))
        assert [bar.date for bar in bars] == weekdays(date(2025, 2, 1), date(2026, 1, 3))[::-1]
        assert vendor.asked[0].query["end"] == "20260102"
        assert len(vendor.asked) == 3
        assert (bars[0].market, bars[0].close, bars[0].volume) == ("NAS", Decimal("245.3100"), None)
        # From before the listing on: the page that is not full is the last.
        assert len(await client.overseas_bars("NAS", "XFAKE", date(2020, 1, 1), date(2026, 1, 6))) == len(
            days
        )
        assert len(await client.overseas.days("NAS", "XFAKE", date(2025, 2, 1), date(2026, 1, 3))) == len(
            bars
        )


async def test_a_market_abroad_that_pages_in_circles_is_an_error(tmp_path: Path) -> None:
    vendor = Vendor()
    rows = [{"date": f"{day:%Y%m%d}"} for day in weekdays(date(2025, 1, 1), date(2026, 1, 6))[:100]]
    vendor.answers = {"overseas_daily": answer("overseas_daily", *rows)}
    async with talking(vendor, tmp_path) as client:
        with pytest.raises(FatalVendorError, match="cannot be trusted"):
            await client.overseas_bars("NAS", "XFAKE", date(2020, 1, 1), date(2026, 1, 6))
        with pytest.raises(ConfigError, match="three capitals"):
            await client.overseas_bars("nasdaq", "XFAKE", DAY, DAY)
        with pytest.raises(ConfigError, match="symbol abroad"):
            await client.overseas_bars("NAS", "X FAKE", DAY, DAY)
        with pytest.raises(DataError, match="reversed"):
            await client.overseas_bars("NAS", "XFAKE", date(2026, 1, 6), DAY)


async def test_a_rate_is_asked_for_by_the_vendors_own_code(tmp_path: Path) -> None:
    vendor = Vendor()
    sound = answer("overseas_chart", {"date": "20260105", "close": "1450.50"}, {"date": "20260102"})
    nothing = {"rt_cd": "0", "output2": []}
    vendor.answers = {"overseas_chart": lambda query: sound if query["end"] == "20260105" else nothing}
    async with talking(vendor, tmp_path) as client:
        bars = await client.fx_bars("USDKRW", date(2026, 1, 1), date(2026, 1, 6))
        assert [bar.date for bar in bars] == [date(2026, 1, 2), DAY]
        assert bars[1].close == Decimal("1450.50")
        assert (vendor.asked[0].query["symbol"], vendor.asked[0].query["kind"]) == ("FX@KRW", "X")
        with pytest.raises(ConfigError, match="'EURKRW'"):
            await client.fx_bars("EURKRW", DAY, DAY)
        vendor.answers = {"overseas_chart": answer("overseas_chart", {"date": "20260105", "low": "0.00"})}
        with pytest.raises(FatalVendorError, match="not above zero"):
            await client.fx_bars("USDKRW", date(2026, 1, 1), date(2026, 1, 6))


@pytest.mark.parametrize("page", [1, 7, 40, 100, 500])
async def test_a_page_of_a_size_that_is_not_documented_is_not_taken_for_the_last(
    tmp_path: Path, page: int
) -> None:
    days = weekdays(date(2025, 11, 3), date(2026, 1, 6))

    def tell(name: str) -> Callable[[dict[str, str]], dict[str, Any]]:
        def told(query: dict[str, str]) -> dict[str, Any]:
            some = [f"{day:%Y%m%d}" for day in days]
            found = [day for day in some if query["start"] <= day <= query["end"]][:page]
            return answer(name, *({"date": day} for day in found)) if found else {"rt_cd": "0", "output2": []}

        return told

    vendor = Vendor()
    vendor.answers = {name: tell(name) for name in ("overseas_chart", "short_sales")}
    span = date(2025, 10, 1), date(2026, 1, 6)
    async with talking(vendor, tmp_path) as client:
        for rows in (
            await client.fx_bars("USDKRW", *span),
            await client.overseas.chart("index", "SPX", *span),
            await client.investors.short_sales("900010", *span),
        ):
            assert [row.date for row in rows] == days[::-1]


async def test_an_index_comes_day_by_day_with_pages_of_a_hundred(tmp_path: Path) -> None:
    days = weekdays(date(2025, 1, 1), date(2026, 1, 6))
    vendor = Vendor()
    vendor.answers = {
        "index_daily": lambda query: answer(
            "index_daily",
            *[{"date": f"{day:%Y%m%d}"} for day in days if f"{day:%Y%m%d}" <= query["end"]][:100],
        )
    }
    async with talking(vendor, tmp_path) as client:
        found = await client.indices.days("KOSPI", date(2025, 6, 2), date(2026, 1, 6))
        assert [row.date for row in found] == weekdays(date(2025, 6, 2), date(2026, 1, 6))[::-1]
        with pytest.raises(ConfigError, match="unknown index"):
            await client.indices.price("S&P")
