"""The view of the live board: prices, their way, and the order book, drawn anew while events come."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, Callable, Sequence
from html import escape
from typing import Any

import ipywidgets as w

from sillok.charts import Html, count, note, signed_percent, won
from sillok.charts.style import Palette
from sillok.panels.board import Board, Line

__all__ = ["BoardView", "draw_board"]

_LEVELS = 5
_WIDE, _HIGH = 260, 56  # CSS pixels of the line of prices


def _tone(change: int) -> str:
    return Palette.up if change > 0 else Palette.down if change < 0 else Palette.ink


def _way(line: Line) -> str:
    """Return the line of the last prices as an inline picture."""
    if len(line.prices) < 2:
        return f'<div style="height:{_HIGH}px"></div>'
    low, high = min(line.prices), max(line.prices)
    step, span = _WIDE / (len(line.prices) - 1), max(high - low, 1)
    points = " ".join(
        f"{place * step:.1f},{_HIGH - 4 - (price - low) / span * (_HIGH - 8):.1f}"
        for place, price in enumerate(line.prices)
    )
    said = f"{line.name}의 최근 체결가, 최저 {won(low)} 최고 {won(high)}"
    return (
        f'<svg role="img" aria-label="{escape(said)}" viewBox="0 0 {_WIDE} {_HIGH}" width="100%" height="{_HIGH}" '
        f'preserveAspectRatio="none"><polyline points="{points}" fill="none" stroke="{_tone(line.change)}" '
        'stroke-width="1.5" vector-effect="non-scaling-stroke"/></svg>'
    )


def _levels(levels: Sequence[tuple[int, int]], most: int, tone: str, *, is_ask: bool) -> str:
    rows = [
        f'<div style="display:flex;justify-content:space-between;padding:1px 6px;background:linear-gradient(to left,'
        f'{tone}22 {100 * quantity / most:.0f}%,transparent 0)"><span style="color:{tone}">{count(price)}</span>'
        f"<span>{count(quantity)}</span></div>"
        for price, quantity in levels[:_LEVELS]
    ]
    return "".join(reversed(rows) if is_ask else rows)


def _card(line: Line) -> str:
    most = max([1, *(quantity for _, quantity in [*line.asks[:_LEVELS], *line.bids[:_LEVELS]])])
    changed = signed_percent(float(line.change_pct) / 100) if line.price is not None else ""
    when = f"{line.time:%H:%M:%S}" if line.time else "아직 체결 없음"
    return (
        f'<div style="flex:1 1 240px;max-width:290px;border:1px solid {Palette.grid};border-radius:8px;padding:12px 14px">'
        f'<div style="font-weight:700">{escape(line.name)} <span style="color:{Palette.muted};font-weight:400">'
        f"{escape(line.symbol)}</span></div>"
        f'<div style="font-size:22px;font-weight:700;color:{_tone(line.change)}">{won(line.price)} '
        f'<span style="font-size:13px">{changed}</span></div>{_way(line)}'
        f'<div style="font-size:12px;color:{Palette.muted};margin-bottom:4px">{when} · 거래량 {count(line.volume)}</div>'
        f'<div style="font-size:12px">{_levels(line.asks, most, Palette.down, is_ask=True)}'
        f"{_levels(line.bids, most, Palette.up, is_ask=False)}</div></div>"
    )


def draw_board(board: Board, label: str = "") -> Html:
    """Return the board as it is now; ``label`` is what must be said of the data."""
    tone = "warn" if label else "plain"
    told = f"받은 소식 {board.events:,}건" + (f" · 끊긴 구간 {len(board.gaps)}곳" if board.gaps else "")
    head = note(f"{label} · {told}" if label else told, tone=tone)
    cards = "".join(_card(line) for line in board.lines.values())
    html = (
        f'{head.html}<div style="display:flex;flex-wrap:wrap;gap:10px;max-width:900px;font-variant-numeric:tabular-nums;'
        f"font-family:Pretendard,'Noto Sans KR',sans-serif;color:{Palette.ink}\">{cards}</div>"
    )
    text = [f"{line.name} {won(line.price)}" for line in board.lines.values()]
    return Html(html, "\n".join([head.text, *text]))


class BoardView:
    """Show a board, and keep showing it while events come.

    Parameters
    ----------
    every_s
        The least time between two drawings.
    """

    def __init__(
        self, board: Board, *, every_s: float = 0.25, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.board, self.label = board, ""
        self._every_s, self._monotonic = every_s, monotonic
        self.page = w.HTML(draw_board(board).html)

    def renew(self) -> None:
        """Draw the board as it is."""
        self.page.value = draw_board(self.board, self.label).html

    async def follow(self, events: AsyncIterable[Any], *, at_most: int = 0) -> None:
        """Take events, drawing now and then, until they end or ``at_most`` are shown; 0: without end."""
        due = 0.0
        async for event in events:
            self.board.take(event)
            if self._monotonic() >= due:
                self.renew()
                due = self._monotonic() + self._every_s
            if at_most and self.board.events >= at_most:
                break
        self.renew()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, object]:
        return {**self.page._repr_mimebundle_(**options), "text/html": self.page.value}
