from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from sillok.errors import MissingDataError
from sillok.kis.stream import Gap, Level, OrderBook, Trade
from sillok.panels.board import Board, choose_issues
from sillok.panels.board_view import BoardView, draw_board

NOW = datetime(2026, 6, 30, 1, tzinfo=UTC)
NAMES = {"900010": "가상<전자>", "900020": "가상화학"}


def trade(price: int, symbol: str = "900010", change: int = 100) -> Trade:
    return Trade(
        "trades", symbol, NOW.date(), NOW, price, 5, "buy", change, Decimal("1.25"), price, price, price, price, price,
        1_000, 0, Decimal(0), 1, 1, False, NOW,
    )  # fmt: skip


def book(symbol: str = "900010") -> OrderBook:
    levels = (Level(71_300, 10), Level(71_400, 40)), (Level(71_200, 20),)
    return OrderBook("order_book", symbol, NOW, *levels, 50, 20, None, 0, NOW)


def test_the_board_keeps_the_newest_of_each_issue_and_passes_over_others() -> None:
    board = Board(NAMES)
    for event in (trade(71_200), trade(71_300), book(), trade(5, "999999")):
        board.take(event)
    frame = board.frame()
    assert board.events == 3
    assert frame.loc["900010", ["price", "ask", "bid"]].to_list() == [71_300, 71_300, 71_200]
    assert frame.loc["900010", "change"] == pytest.approx(0.0125)
    assert pd.isna(frame.loc["900020", "price"])
    assert list(board.lines["900010"].prices) == [71_200, 71_300]


def test_a_page_escapes_names_says_what_is_synthetic_and_counts_gaps() -> None:
    board = Board(NAMES)
    assert "아직 체결 없음" in draw_board(board).html
    board.take(trade(71_200))
    board.take(trade(71_300, change=-100))
    board.take(book())
    board.take(Gap("trades", "900010", NOW, NOW + timedelta(seconds=3), "disconnected"))
    page = draw_board(board, "합성 데이터")
    assert "가상&lt;전자&gt;" in page.html
    assert "합성 데이터" in page.html
    assert "끊긴 구간 1곳" in page.html
    assert page.html.count("<polyline") == 1
    assert "71,300원" in page.text


async def test_the_view_draws_now_and_then_and_ends_at_the_count() -> None:
    ticks = iter(range(1_000))
    board = Board(NAMES)
    view = BoardView(board, every_s=10, monotonic=lambda: float(next(ticks)))
    drawn: list[str] = []
    view.page.observe(lambda change: drawn.append(change["new"]), names="value")

    async def events() -> AsyncIterator[Any]:
        for price in range(71_000, 72_000):
            yield trade(price)

    await view.follow(events(), at_most=50)
    assert board.events == 50
    assert 1 < len(drawn) < 10
    assert "71,049원" in drawn[-1]


def test_issues_are_those_asked_for_or_the_busiest() -> None:
    issues = pd.DataFrame({"name": ["a", "b", "c"]}, index=["900010", "900020", "900030"])
    value = pd.Series([5.0, 9.0, float("nan")], index=issues.index)
    assert choose_issues(issues, value, "", 2) == {"900020": "b", "900010": "a"}
    assert choose_issues(issues, value, " 900030, 900010", 2) == {"900030": "c", "900010": "a"}
    with pytest.raises(MissingDataError, match="knows no issue 1"):
        choose_issues(issues, value, "1", 2)
