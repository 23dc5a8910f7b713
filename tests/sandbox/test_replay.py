from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sillok.errors import ConfigError, DataError, FatalVendorError
from sillok.sandbox import Limits, create_app
from sillok.sandbox.world.replay import read_market
from tests.sandboxes import client_of, serving

DAYS = [date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)]
BARS = [
    ("000010", DAYS[0], 100, 110, 90, 105, 1_000),
    ("000010", DAYS[1], 0, 0, 0, 105, 0),
    ("000010", DAYS[2], 105, 120, 100, 118, 2_000),
    ("00088K", DAYS[0], 50, 51, 49, 50, 10),
    ("00088K", DAYS[1], 50, 52, 50, 52, 20),
]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Write two issues, one of them delisted, and three indices over three days."""
    folder = tmp_path / "history"
    folder.mkdir()
    names = ["symbol", "date", "open", "high", "low", "close", "volume"]
    columns = dict(zip(names, map(list, zip(*BARS, strict=True)), strict=True))
    columns["date"] = [datetime(day.year, day.month, day.day) for day in columns["date"]]  # noqa: DTZ001
    pq.write_table(pa.table(columns), folder / "daily.parquet")
    index = [
        {"index": code, "date": datetime(2024, 1, 2 + at), "open": 2_500.1, "high": 2_510.25, "low": 2_490.0,  # noqa: DTZ001
         "close": 2_505.55, "volume": 4_000_000.0, "amount": 7e12}
        for code in ("KOSPI", "KOSDAQ", "KOSPI200") for at in range(3)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(index), folder / "index_daily.parquet")
    (folder / "listing.csv").write_text(
        "symbol,isin,name,market,industry,products,listing_date,shares_outstanding,market_cap_krw\n"
        "000010,KR7000010009,가나,KOSDAQ GLOBAL,약품 제조업,약,1999-01-15,27931470,1\n"
        "000020,KR7000020008,다라,KOSPI,,약,2024-01-05,1000,1\n"
        "000030,KR7000030007,마바,KONEX,,약,2001-01-05,1000,1\n",
        "utf-8",
    )
    (folder / "delisting.csv").write_text(
        "symbol,name,market,security_group,listing_date,delisting_date,reason,successor_symbol\n"
        "00088K,사아,KOSPI,주권,1990-01-15,2024-01-04,,\n"
        "00099K,자차,KOSPI,신주인수권증서,1990-01-15,2024-01-04,,\n",
        "utf-8",
    )
    return folder


async def test_history_comes_through_the_client_as_it_lies_in_the_folder(
    history: Path, tmp_path: Path
) -> None:
    app = create_app(read_market(history), Limits.none())
    async with serving(app) as url, client_of(url, tmp_path) as client:
        assert (client.source, client.today) == ("replay", DAYS[2])
        found = []
        for symbol in ("000010", "00088K"):
            found += await client.daily_bars(symbol, date(2023, 1, 1), date(2025, 1, 1))
        assert [bar[:7] for bar in found] == BARS
        assert {bar.amount_krw for bar in found} == {None}
        kosdaq = await client.master("KOSDAQ")
        assert [(i.symbol, i.name, i.industry, i.listed_on, i.shares) for i in kosdaq] == [
            ("000010", "가나", "약품 제조업", date(1999, 1, 15), 27_931_000)
        ]
        assert await client.master("KOSPI") == []
        assert [(gone.symbol, gone.delisted_on) for gone in await client.delistings()] == [
            ("00088K", DAYS[2])
        ]
        index = await client.index_bars("KOSPI", DAYS[0], DAYS[1])
        assert [str(point) for point in index[0][2:6]] == ["2500.10", "2510.25", "2490.00", "2505.55"]
        assert (index[0].volume, index[0].amount_krw) == (4_000_000, 7_000_000_000_000)
        with pytest.raises(FatalVendorError, match="수정주가"):
            await client.daily_bars("000010", DAYS[0], DAYS[1], adjusted=False)


async def test_an_earlier_today_hides_what_came_later(history: Path, tmp_path: Path) -> None:
    app = create_app(read_market(history, DAYS[1]), Limits.none())
    async with serving(app) as url, client_of(url, tmp_path) as client:
        bars = await client.daily_bars("000010", date(2023, 1, 1), date(2025, 1, 1))
        assert [bar.date for bar in bars] == DAYS[:2]
        assert [issue.symbol for issue in await client.master("KOSPI")] == ["00088K"]
        assert await client.delistings() == []
        assert (await client.current_price("000010")).is_halted


def test_a_folder_that_cannot_be_replayed_says_why(history: Path) -> None:
    with pytest.raises(DataError, match="holds no session up to 2020-01-01"):
        read_market(history, date(2020, 1, 1))
    (history / "index_daily.parquet").write_bytes(b"PAR1 damaged")
    with pytest.raises(DataError, match="cannot be read"):
        read_market(history)
    (history / "listing.csv").unlink()
    with pytest.raises(ConfigError, match=r"lacks listing\.csv"):
        read_market(history)


@pytest.mark.slow
async def test_every_bar_of_the_exchange_comes_through_equal_to_its_source(
    krx_data: Path, tmp_path: Path
) -> None:
    table = pq.read_table(krx_data / "daily.parquet").sort_by(
        [("symbol", "ascending"), ("date", "ascending")]
    )
    columns = [table[name].to_pylist() for name in ("open", "high", "low", "close", "volume")]
    days = [stamp.date() for stamp in table["date"].to_pylist()]
    source: dict[str, list[tuple[object, ...]]] = {}
    for symbol, *row in zip(table["symbol"].to_pylist(), days, *columns, strict=True):
        source.setdefault(symbol, []).append(tuple(row))
    app = create_app(read_market(krx_data), Limits.none())
    counted, rows = 0, 0
    async with serving(app) as url, client_of(url, tmp_path) as client:
        known = {issue.symbol for board in ("KOSPI", "KOSDAQ") for issue in await client.master(board)}
        known |= {gone.symbol for gone in await client.delistings()}
        assert set(source) <= known
        turns = asyncio.Semaphore(4)

        async def compare(symbol: str) -> None:
            nonlocal counted, rows
            async with turns:
                bars = await client.daily_bars(symbol, date(2023, 9, 1), date(2025, 6, 18))
            assert [tuple(bar[1:7]) for bar in bars] == source[symbol]
            counted, rows = counted + 1, rows + len(bars)

        await asyncio.gather(*(compare(symbol) for symbol in source))
    assert (counted, rows) == (2_761, 986_298)
