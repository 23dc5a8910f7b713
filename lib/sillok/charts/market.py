"""Figures of the market's day."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from sillok.charts.style import Chart, Palette, Stamp, frame
from sillok.charts.text import count, points, signed_percent
from sillok.errors import MissingDataError
from sillok.measures import Breadth

__all__ = ["breadth_chart", "index_chart", "industry_heat", "movers_chart"]

_HEAT = LinearSegmentedColormap.from_list("sillok", ["#2A62B4", "#9DB9DF", "#F7F7F6", "#E7A9A4", "#C93A3A"])


def _months(ax: Axes, every: int) -> None:
    ax.xaxis.set_major_locator(mdates.MonthLocator(interval=every))
    ax.xaxis.set_major_formatter(mdates.DateFormatter("%y.%m"))


def index_chart(indices: Mapping[str, pd.Series], stamp: Stamp, *, title: str) -> Chart:
    """Draw each index over its span side by side, with its highest and lowest close and where it stands.

    Parameters
    ----------
    indices
        Label to closes indexed by session, oldest first.
    """
    if not indices or any(len(s) < 2 for s in indices.values()):
        raise MissingDataError("an index chart needs at least two closes of each index; load more sessions")
    span = max(len(s) for s in indices.values())
    with frame(
        title, stamp, height=3.0, subtitle=f"최근 {span}거래일의 종가, 점선은 그동안의 최고와 최저"
    ) as fig:
        for ax, (label, close) in zip(np.ravel(fig.subplots(1, len(indices))), indices.items(), strict=True):
            change = close.iloc[-1] / close.iloc[-2] - 1
            tone = Palette.up if change > 0 else Palette.down if change < 0 else Palette.muted
            high, low = close.max(), close.min()
            ax.axhline(high, color=Palette.faint, lw=0.8, ls=(0, (2, 3)))
            ax.axhline(low, color=Palette.faint, lw=0.8, ls=(0, (2, 3)))
            ax.plot(close.index, close, color=Palette.ink, lw=1.3)
            ax.fill_between(close.index, low, close, color=Palette.ink, alpha=0.05, lw=0)
            ax.plot(close.index[-1], close.iloc[-1], "o", ms=5, color=tone)
            ax.set_title(f"{label}  {points(close.iloc[-1])}")
            ax.text(1, 1.035, signed_percent(change), transform=ax.transAxes, ha="right", va="bottom", color=tone, weight="bold", size=10.5)  # fmt: skip
            room = (high - low) * 0.12
            ax.set_ylim(low - room, high + room)
            _months(ax, 3)
            ax.yaxis.set_major_formatter(lambda y, _: count(y))
            ax.grid(axis="y")
            ax.spines["left"].set_visible(False)
    words = ", ".join(f"{k} {points(v.iloc[-1])}" for k, v in indices.items())
    return Chart(fig, f"{title}. 지수: {words}")


def breadth_chart(today: Mapping[str, Breadth], history: pd.Series, stamp: Stamp, *, title: str) -> Chart:
    """Draw today's risers and fallers by market, and the balance of both over the last sessions.

    Parameters
    ----------
    history
        (risers - fallers) / traded by session, in [-1, 1], oldest first.
    """
    with frame(
        title,
        stamp,
        height=3.9,
        subtitle="위: 시장별 종목 수(회색은 보합과 거래정지) · 아래: (상승−하락)÷거래 종목, 최근 60거래일",
    ) as fig:
        top, low = fig.subplots(2, 1, height_ratios=[1.0, 1.25])
        for y, b in enumerate(today.values()):
            left = 0.0
            total = max(b.traded + b.halted, 1)
            parts = ((b.up, Palette.up, "상승"), (b.flat, Palette.flat, "보합"), (b.down, Palette.down, "하락"), (b.halted, Palette.halted, "정지"))  # fmt: skip
            for n, tone, word in parts:
                top.barh(y, n / total, left=left, color=tone, height=0.62, edgecolor="white", lw=1)
                if n / total > 0.03:
                    ink = Palette.ink if tone == Palette.flat else "white"
                    top.text(left + n / total / 2, y, f"{word} {count(n)}" if n / total > 0.075 else count(n), ha="center", va="center", color=ink, weight="bold", size=9.5)  # fmt: skip
                left += n / total
        top.set_yticks(range(len(today)), list(today), color=Palette.ink, size=10)
        top.set(xlim=(0, 1), xticks=[])
        top.invert_yaxis()
        for side in top.spines.values():
            side.set_visible(False)
        x = np.arange(len(history))
        low.bar(x, history, width=0.72, color=np.where(history >= 0, Palette.up, Palette.down))
        low.axhline(0, color=Palette.faint, lw=0.8)
        ticks = np.unique(np.linspace(0, len(history) - 1, 7).astype(int))
        low.set_xticks(ticks, [f"{history.index[i]:%m.%d}" for i in ticks])
        edge = max(float(history.abs().max()) * 1.1, 0.1)
        low.set(xlim=(-1, len(history)), ylim=(-edge, edge))
        low.yaxis.set_major_formatter(lambda y, _: signed_percent(y, 0))
        low.grid(axis="y")
        low.spines["left"].set_visible(False)
    words = ", ".join(
        f"{k} 상승 {b.up} 보합 {b.flat} 하락 {b.down} 정지 {b.halted}" for k, b in today.items()
    )
    return Chart(fig, f"{title}. {words}")


def movers_chart(up: pd.Series, down: pd.Series, stamp: Stamp, *, title: str) -> Chart:
    """Draw the largest rises and falls; both are name to simple return, largest first by size."""
    rows = max(len(up), len(down), 1)
    with frame(title, stamp, height=1.45 + 0.25 * rows) as fig:
        edge = max((abs(v) for s in (up, down) for v in s), default=0.01)
        for ax, moves, tone, head in zip(fig.subplots(1, 2), (up, down), (Palette.up, Palette.down), ("상승률 상위", "하락률 상위"), strict=True):  # fmt: skip
            y = np.arange(len(moves))
            ax.barh(y, moves.abs(), color=tone, height=0.66)
            for i, value in enumerate(moves):
                ax.text(abs(value) + edge * 0.02, i, signed_percent(value), va="center", size=9.5, color=tone)
            ax.set_yticks(y, [str(name) for name in moves.index], color=Palette.ink, size=9.5)
            ax.set(xlim=(0, edge * 1.25), ylim=(rows - 0.4, -0.6), xticks=[])
            ax.set_title(head)
            ax.spines["bottom"].set_visible(False)
            if moves.empty:
                ax.text(0.5, 0.5, "해당 종목 없음", transform=ax.transAxes, ha="center", color=Palette.muted)
    words = [f"{k} {signed_percent(v)}" for s in (up, down) for k, v in s.head(3).items()]
    return Chart(fig, f"{title}. " + ", ".join(words))


def industry_heat(changes: pd.DataFrame, stamp: Stamp, *, title: str, subtitle: str = "") -> Chart:
    """Draw returns of industries (rows) over horizons (columns, Korean labels), each column on its own scale."""
    if changes.empty:
        raise MissingDataError("no industry to draw: the issues carry none; check the master files")
    rows, columns = changes.shape
    with frame(title, stamp, height=1.55 + 0.27 * rows, subtitle=subtitle) as fig:
        ax = fig.subplots()
        size = changes.abs().max().replace(0, np.nan)
        ax.imshow(changes / size, cmap=_HEAT, vmin=-1, vmax=1, aspect="auto")
        for (i, j), value in np.ndenumerate(changes.to_numpy(dtype=float)):
            strong = abs(value / size.iloc[j]) > 0.62 if size.iloc[j] > 0 else False
            ax.text(j, i, signed_percent(value), ha="center", va="center", size=9.5, color="white" if strong else Palette.ink)  # fmt: skip
        ax.set_xticks(range(columns), list(changes.columns), color=Palette.ink)
        ax.set_yticks(range(rows), list(changes.index), color=Palette.ink, size=9.5)
        ax.xaxis.tick_top()
        ax.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
        ax.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
        ax.grid(which="minor", color="white", lw=2)
        ax.tick_params(which="minor", length=0)
        for side in ax.spines.values():
            side.set_visible(False)
    first = changes.iloc[:, 0]
    return Chart(fig, f"{title}. 가장 오른 업종 {first.idxmax()} {signed_percent(first.max())}, 가장 내린 업종 {first.idxmin()} {signed_percent(first.min())}")  # fmt: skip
