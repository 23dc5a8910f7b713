"""KIS clients that others wrote, unchanged but for the host, read the sandbox as they read the real service.

They go by this machine's clock, so the market ends at the last closed session, as the real one does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sillok.clock import KST, last_closed_session, sessions
from sillok.sandbox import Limits, Market, create_app, make_market
from sillok.sandbox.world.market import Bars
from tests.sandboxes import serving_in_thread
from tests.thirdparty.environment import drive

SYMBOL = "900020"


@cache
def market() -> Market:
    return make_market(today=last_closed_session(datetime.now(KST)))


@cache
def days() -> dict[str, str]:
    """Return the days that the drivers ask for: a first one well over a hundred sessions back, a late one, the last."""
    known = market().sessions
    places = {"FIRST_DAY": -360, "LATE_DAY": -30, "LAST_DAY": -1}
    return {name: str(known[place]) for name, place in places.items()}


def ask(name: str, url: str, folder: Path, mode: str = "all") -> dict[str, Any]:
    return drive(name, url, folder, mode, days())


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving_in_thread(create_app(market(), Limits.none(), positions=70)) as address:
        yield address


def bars(symbol: str = SYMBOL, *, raw: bool = False) -> tuple[Bars, slice]:
    found = market().raw if raw else market().adjusted
    assert found is not None
    low, high = found.offsets[symbol]
    return found, slice(low + int(found.date[low:high].searchsorted(int(days()["FIRST_DAY"]))), high)


def rows(symbol: str = SYMBOL) -> list[list[Any]]:
    """Return the market's own bars as the drivers tell theirs."""
    found, part = bars(symbol)
    columns = [
        getattr(found, name)[part].tolist() for name in ("date", "open", "high", "low", "close", "volume")
    ]
    return [[str(day), *values] for day, *values in zip(*columns, strict=True)]


def last(name: str, symbol: str = SYMBOL) -> int:
    found, part = bars(symbol, raw=True)
    return int(getattr(found, name)[part.stop - 1])


def test_python_kis_reads_quotes_long_charts_books_minutes_and_a_long_balance(
    url: str, tmp_path: Path
) -> None:
    told = ask("python_kis", url, tmp_path)
    assert (told["name"], told["price"], told["volume"]) == ("가상반도체2", last("close"), last("volume"))
    assert len(told["bars"]) > 300
    assert told["bars"] == rows()
    assert told["weeks"] >= 70
    assert told["minutes"][-1][1] > 0
    assert sum(volume for _, _, volume in told["minutes"]) == last("volume")
    assert told["asks"] == sorted(told["asks"])
    assert told["bids"] == sorted(told["bids"], reverse=True)
    assert told["bids"][0] < told["asks"][0]
    assert len(told["holdings"]) == 70
    assert set(told["holdings"]) == {issue.symbol for issue in market().listed("KOSPI")[:70]}
    assert len(told["orders"]) >= 10
    assert told["abroad"]["bars"] > 100
    assert float(told["abroad"]["price"]) == pytest.approx(float(told["abroad"]["last"]))


def test_mojito2_reads_prices_charts_minutes_to_the_first_bar_and_every_page_of_the_balance(
    url: str, tmp_path: Path
) -> None:
    told = ask("mojito2", url, tmp_path)
    assert told["price"] == told["again"] == str(last("close"))
    assert [
        [
            row["stck_bsop_date"],
            *(int(row[name]) for name in ("stck_oprc", "stck_hgpr", "stck_lwpr", "stck_clpr", "acml_vol")),
        ]
        for row in reversed(told["bars"])
    ] == rows()
    found, part = bars("900010")  # it asks for adjusted ones by 1, and for those of the chart by 0
    assert [int(row["stck_clpr"]) for row in told["recent"]] == found.close[part][-30:][::-1].tolist()
    assert told["minutes"][-1] == "090000"
    assert told["minutes"] == sorted(set(told["minutes"]), reverse=True)
    assert told["volume"] == last("volume")
    assert len(told["holdings"]) == len(set(told["holdings"])) == 70
    assert (told["present"], told["chart_abroad"]) == ("XFAKE", 100)


def test_kis_trader_reads_what_it_knows_of_a_stock_without_a_complaint(url: str, tmp_path: Path) -> None:
    told = ask("trader", url, tmp_path)
    assert told["price"] == last("close")
    assert told["bars"] == rows()
    assert told["months"] >= 17
    assert (len(told["minutes"]), told["minutes"][0][0], told["minutes"][-1][0]) == (381, "090000", "153000")
    found, part = bars(raw=True)
    day = int(np.flatnonzero(found.date[part] == int(days()["LATE_DAY"]))[0])
    assert sum(volume for _, volume in told["minutes"]) == found.volume[part][day]
    assert told["bids"][0] < told["asks"][0]
    assert (told["trades"], told["flows"], told["income"], told["recent"]) == (30, 30, 30, 30)
    assert told["quotes"] == ["900010", "900020"]
    series = market().indices["KOSPI"]
    shown = series.close[series.date >= int(days()["LATE_DAY"])].tolist()
    assert [round(100 * float(point)) for point in told["index"]] == shown
    assert len(told["positions"]) == 70
    assert told["split"][-1] == "1000"
    assert "902190" in told["listed"]
    assert len(told["holidays"]) == 24
    known = {f"{day:%Y-%m-%d}" for day in sessions(date(2025, 12, 24), date(2026, 1, 17))}
    assert {day for day, is_open in told["holidays"].items() if is_open} == known
    assert len(told["abroad_bars"]) > 300
    assert float(told["abroad"]) == float(told["abroad_bars"][-1])
    assert (told["margin"], told["present"], told["bond"]) == (3, 3, 100)


def test_kis_wrapper_is_answered_by_its_old_transaction_ids(url: str, tmp_path: Path) -> None:
    told = ask("wrapper", url, tmp_path)
    assert (told["price"], told["daily"]) == (str(last("close")), 30)
    assert told["position"]["symbol"] == SYMBOL
    assert told["orders"] >= 10


def test_korea_investment_stock_reads_prices_charts_and_statements(url: str, tmp_path: Path) -> None:
    told = ask("stock_client", url, tmp_path)
    assert told["price"] == str(last("close"))
    assert told["chart"] == sum(day >= days()["LATE_DAY"] for day, *_ in rows())
    assert (told["info"], told["flows"], told["ranked"]) == (SYMBOL, 100, 30)
    assert told["income"].endswith("12")


@pytest.mark.parametrize("name", ["python_kis", "stock_client"])
def test_a_token_that_ends_is_renewed_by_the_client_on_its_own(name: str, tmp_path: Path) -> None:
    limits = Limits(rate=0, ledger_rate=0, token_interval_s=0, token_life_s=1)
    with serving_in_thread(create_app(market(), limits)) as address:
        told = ask(name, address, tmp_path, "expiry")
    if name == "python_kis":
        assert told["prices"] == [last("close")] * 8
        assert told["tokens"] > 1
    else:
        assert told["answers"] == ["0"] * 6


def test_python_kis_meets_the_limit_and_goes_on(tmp_path: Path) -> None:
    limits = Limits(rate=5, ledger_rate=0, token_interval_s=0)
    with serving_in_thread(create_app(market(), limits)) as address:
        told = ask("python_kis", address, tmp_path, "rate")
    assert told["prices"] == [last("close")] * 15
    assert told["refused"] > 0
