"""The public files beside the API: master archives, sector names, and the exchange's delistings."""

from __future__ import annotations

import csv
import io
import zipfile

from sillok.kis import schema
from sillok.sandbox.world.market import Issue, Market
from sillok.sandbox.world.world import World

__all__ = ["delistings_csv", "master_archive", "sector_archive"]


def _zipped(name: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), text.encode("cp949"))
    return buffer.getvalue()


def master_archive(world: World, board: str) -> bytes:
    """Return the zipped master file of ``board`` ("KOSPI" or "KOSDAQ"): what is listed today, funds as well."""
    lines = []
    funds = [fund.issue for fund in world.funds.values() if fund.issue.market == board]
    for issue in (*world.market.listed(board), *funds):
        bars, low, high = world.span(issue.symbol)
        close = int(bars.close[high - 1]) if high > low else 0
        lines.append(
            schema.format_line(board, _line(issue, close, halted=high > low and not bars.open[high - 1]))
        )
    name = f"{board.lower()}_code.mst"
    return _zipped(name, "".join(f"{line}\n" for line in lines))


def _line(issue: Issue, close: int, *, halted: bool) -> dict[str, str]:
    return {
        "code": issue.symbol,
        "isin": issue.isin,
        "name": issue.name.encode("cp949", "replace").decode("cp949"),
        "security_type": issue.security_type,
        "sector_large": issue.sector_code,
        "sector": "0000",
        "sector_small": "0000",
        "kospi200_sector": "1" if issue.in_kospi200 else "0",
        "base_price": str(close),
        "lot": "1",
        "halted": "Y" if halted else "N",
        "liquidation": "N",
        "administrative": "N",
        "listed_on": f"{issue.listed_on:%Y%m%d}" if issue.listed_on else "00000000",
        "shares_thousand": str(issue.shares // 1_000),
        "market_cap": str(close * issue.shares // 100_000_000),
        "preferred": "0",
    }


def sector_archive(market: Market) -> bytes:
    """Return the zipped index codes: market digit, four-digit code, name."""
    names = {**{theirs: ours for ours, theirs in schema.INDEX_CODES.items()}, **market.sectors}
    lines = (f"{code[0]}{code}{name}\n" for code, name in sorted(names.items()))
    return _zipped("idxcode.mst", "".join(lines))


def delistings_csv(market: Market) -> str:
    """Return the delisted issues up to today: symbol, name, market, listing date, delisting date."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["symbol", "name", "market", "listing_date", "delisting_date"])
    for issue in market.delisted():
        writer.writerow([issue.symbol, issue.name, issue.market, issue.listed_on or "", issue.delisted_on])
    return text.getvalue()
