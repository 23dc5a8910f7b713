"""The lists of issues: master files (fixed width, cp949, zipped) and the exchange's delistings (CSV)."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping
from datetime import date

from sillok.errors import FatalVendorError
from sillok.kis.parse import BROKEN, parse_date, refuse
from sillok.kis.records import Delisting, MasterIssue
from sillok.kis.schema import split_line

__all__ = ["parse_delistings", "parse_master", "parse_sectors", "unzip_text"]


def unzip_text(data: bytes, what: str) -> str:
    """Return the one cp949 file inside a master archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            (name,) = archive.namelist()
            return archive.read(name).decode("cp949")
    except (zipfile.BadZipFile, UnicodeDecodeError, ValueError) as err:
        raise FatalVendorError(f"the master file {what} cannot be read: {err}", what=what) from err


def parse_sectors(text: str) -> dict[str, str]:
    """Return sector code (4 digits) to Korean name from the text of ``idxcode.mst``."""
    return {line[1:5]: line[5:43].strip() for line in text.splitlines() if len(line) > 5}


def parse_master(market: str, text: str, sectors: Mapping[str, str]) -> list[MasterIssue]:
    """Return the issues of one master file; the finest sector that ``sectors`` names is the industry."""
    issues = []
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            found = split_line(market, line)
            codes = (found["sector_small"], found["sector"], found["sector_large"])
            listed = found["listed_on"]
            issues.append(
                MasterIssue(
                    symbol=found["code"],
                    isin=found["isin"],
                    name=found["name"],
                    market=market,
                    security_type=found["security_type"],
                    industry=next((sectors[code] for code in codes if code in sectors), ""),
                    listed_on=parse_date(listed) if listed.strip("0") else None,
                    shares=int(found["shares_thousand"]) * 1_000,
                    base_price=int(found["base_price"]),
                    is_halted=found["halted"] == "Y",
                    is_administrative=found["administrative"] == "Y",
                )
            )
        except BROKEN as err:
            raise refuse(f"{market} master line", line, err) from err
    return issues


def parse_delistings(text: str) -> list[Delisting]:
    """Return the delisted issues from CSV text with the columns symbol, name, market, listing and delisting date."""
    found = []
    for row in csv.DictReader(io.StringIO(text)):
        try:
            listed = row["listing_date"]
            found.append(
                Delisting(
                    row["symbol"],
                    row["name"],
                    row["market"],
                    date.fromisoformat(listed) if listed else None,
                    date.fromisoformat(row["delisting_date"]),
                )
            )
        except BROKEN as err:
            raise refuse("line of delistings", row, err) from err
    return found
