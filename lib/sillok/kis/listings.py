"""The lists of issues: master files (fixed width, cp949, zipped) and the exchange's delistings (CSV)."""

from __future__ import annotations

import csv
import io
import lzma
import zipfile
import zlib
from collections.abc import Mapping
from datetime import date

from sillok.errors import FatalVendorError
from sillok.kis.parse import BROKEN, parse_date, refuse, whole
from sillok.kis.records import Delisting, MasterIssue
from sillok.kis.schema import split_line

__all__ = ["parse_delistings", "parse_master", "parse_sectors", "unzip_text"]

# What a damaged archive makes of itself, by the place of the damage: another method, a password, half a stream.
_BROKEN_ARCHIVE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, NotImplementedError, RuntimeError,
)  # fmt: skip


def unzip_text(data: bytes, what: str) -> str:
    """Return the one cp949 file inside a master archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            (name,) = archive.namelist()
            return archive.read(name).decode("cp949")
    except _BROKEN_ARCHIVE as err:
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
                    shares=whole(found["shares_thousand"]) * 1_000,
                    base_price=whole(found["base_price"]),
                    is_halted=found["halted"] == "Y",
                    is_administrative=found["administrative"] == "Y",
                )
            )
        except BROKEN as err:
            raise refuse(f"{market} master line", line, err) from err
    return issues


def parse_delistings(text: str) -> list[Delisting]:
    """Return the delisted issues from CSV text with the columns symbol, name, market, listing and delisting date."""
    try:
        rows = list(csv.DictReader(io.StringIO(text)))
    except csv.Error as err:
        raise refuse("list of delistings", text[:80], err) from err
    found = []
    for row in rows:
        try:
            listed = row["listing_date"]
            found.append(
                Delisting(
                    row["symbol"],
                    row["name"],
                    row["market"],
                    _iso_date(listed) if listed else None,
                    _iso_date(row["delisting_date"]),
                )
            )
        except BROKEN as err:
            raise refuse("line of delistings", row, err) from err
    return found


def _iso_date(text: str) -> date:
    if (
        len(text) != 10 or text.count("-") != 2 or not text.isascii()
    ):  # Python takes weeks and bare digits, too
        raise ValueError(f"{text[:40]!r} is not a day such as 2026-01-05")
    return date.fromisoformat(text)
