"""Real history behind the sandbox: the tables of a folder, served as if its last day were today."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sillok.errors import ConfigError, DataError
from sillok.sandbox.world.market import Bars, IndexSeries, Issue, Market, as_number

__all__ = ["read_market"]

Ints = NDArray[np.int64]

_FILES = ("daily.parquet", "index_daily.parquet", "listing.csv", "delisting.csv")
_BOARDS = {"KOSPI": "KOSPI", "KOSDAQ": "KOSDAQ", "KOSDAQ GLOBAL": "KOSDAQ"}
# Groups of the exchange's list and the vendor's codes; rights and warrants are not loaded by anybody.
_GROUPS = {
    "주권": "ST",
    "투자회사": "MF",
    "부동산투자회사": "RT",
    "선박투자회사": "SC",
    "수익증권": "BC",
    "외국주권": "FS",
    "주식예탁증권": "DR",
}


def read_market(folder: Path, today: date | None = None) -> Market:
    """Return the market that ``folder`` tells, up to the close of ``today``.

    Parameters
    ----------
    folder
        Holds daily.parquet (symbol, date, open, high, low, close, volume; adjusted prices), index_daily.parquet,
        listing.csv and delisting.csv.
    today
        The newest session to serve; None: the last one in daily.parquet.

    Raises
    ------
    ConfigError
        If the folder lacks a file.
    DataError
        If a table cannot be read, or holds no session up to ``today``.
    """
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise ConfigError(f"{folder} lacks {', '.join(missing)}; a replay needs {', '.join(_FILES)}")
    try:
        bars, sessions = _read_bars(folder / "daily.parquet", today)
        last = int(sessions[-1])
        day = date(last // 10_000, last // 100 % 100, last % 100)
        issues, sectors = _read_issues(folder)
        indices = _read_indices(folder / "index_daily.parquet", last)
    except (pa.ArrowException, KeyError, ValueError) as err:
        raise DataError(f"the history in {folder} cannot be read: {err}", folder=str(folder)) from err
    return Market(
        source="replay",
        label=f"재생: {day} 장 마감까지의 과거 자료 (replayed history)",
        today=day,
        sessions=sessions,
        issues=issues,
        adjusted=bars,
        raw=None,
        indices=indices,
        sectors=sectors,
    )


def _day_numbers(column: Any) -> Ints:
    days = column.to_numpy().astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    years = days.astype("datetime64[Y]")
    number = (years.astype(np.int64) + 1970) * 10_000 + ((months - years).astype(np.int64) + 1) * 100
    return number + (days - months).astype(np.int64) + 1


def _read_bars(path: Path, today: date | None) -> tuple[Bars, Ints]:
    table = pq.read_table(path).sort_by([("symbol", "ascending"), ("date", "ascending")])
    days = _day_numbers(table["date"])
    if today is not None:
        kept = days <= as_number(today)
        table, days = table.filter(pa.array(kept)), days[kept]
    if not len(days):
        raise DataError(f"{path} holds no session up to {today}; choose a later day", today=today)
    symbols = table["symbol"].to_numpy().astype(str)
    starts = np.flatnonzero(np.r_[True, symbols[1:] != symbols[:-1]])
    ends = np.r_[starts[1:], len(symbols)]
    if ((days[1:] == days[:-1]) & (symbols[1:] == symbols[:-1])).any():
        raise DataError(f"{path} holds a day of an issue twice; remove the duplicate")
    column = {
        name: table[name].to_numpy().astype(np.int64) for name in ("open", "high", "low", "close", "volume")
    }
    bars = Bars(
        offsets={str(symbols[low]): (int(low), int(high)) for low, high in zip(starts, ends, strict=True)},
        date=days,
        **column,
        amount_krw=np.full(len(days), -1),
        split_pct=np.zeros(len(days), np.int64),
    )
    return bars, np.unique(days)


def _read_indices(path: Path, last: int) -> dict[str, IndexSeries]:
    table = pq.read_table(path).sort_by("date")
    days = _day_numbers(table["date"])
    names = table["index"].to_numpy().astype(str)
    found = {}
    for code in ("KOSPI", "KOSDAQ", "KOSPI200"):
        rows = (names == code) & (days <= last)
        if not rows.any():
            raise DataError(f"{path} holds nothing of the index {code}")
        points = {
            name: np.nan_to_num(table[name].to_numpy()[rows] * 100).round().astype(np.int64)
            for name in ("open", "high", "low", "close")
        }  # the vendor says 0.00 where an old day has no more than its close
        sums = {
            name: np.nan_to_num(table[column].to_numpy()[rows], nan=-1).round().astype(np.int64)
            for name, column in (("volume", "volume"), ("amount_krw", "amount"))
        }
        found[code] = IndexSeries(date=days[rows], **points, **sums)
    return found


def _read_day(text: str) -> date | None:
    return datetime.fromisoformat(text).date() if text else None


def _read_issues(folder: Path) -> tuple[dict[str, Issue], dict[str, str]]:
    """Return the issues, delisted ones first so that a symbol listed again wins, and the sector names."""
    issues: dict[str, Issue] = {}
    with (folder / "delisting.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["market"] in _BOARDS and row["security_group"] in _GROUPS:
                issues[row["symbol"]] = Issue(
                    symbol=row["symbol"],
                    isin="",
                    name=row["name"],
                    market=_BOARDS[row["market"]],
                    security_type=_GROUPS[row["security_group"]],
                    sector_code="0000",
                    industry="",
                    listed_on=_read_day(row["listing_date"]),
                    delisted_on=_read_day(row["delisting_date"]),
                    shares=0,
                )
    codes: dict[tuple[str, str], str] = {}
    with (folder / "listing.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            board = _BOARDS.get(row["market"])
            if board is None:
                continue
            digit = "0" if board == "KOSPI" else "1"
            sector = codes.setdefault((digit, row["industry"]), f"{digit}{len(codes) + 200:03d}")
            issues[row["symbol"]] = Issue(
                symbol=row["symbol"],
                isin=row["isin"],
                name=row["name"],
                market=board,
                security_type="ST",
                sector_code=sector if row["industry"] else "0000",
                industry=row["industry"],
                listed_on=_read_day(row["listing_date"]),
                delisted_on=None,
                shares=int(row["shares_outstanding"]),
            )
    return issues, {code: name for (_, name), code in codes.items() if name}
