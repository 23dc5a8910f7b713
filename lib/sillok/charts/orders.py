"""Figures of orders: what each issue's weight was, what it becomes, and what trading costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from sillok.charts.style import Chart, Palette, Stamp, frame
from sillok.charts.text import count, percent, won, won_short
from sillok.errors import MissingDataError

__all__ = ["costs_chart", "orders_chart"]

_HALO = [withStroke(linewidth=2, foreground=Palette.paper)]
_SIDES = {"buy": ("매수", Palette.up), "sell": ("매도", Palette.down)}


def orders_chart(orders: pd.DataFrame, stamp: Stamp, *, title: str, rest: str = "") -> Chart:
    """Draw each order as an arrow from the weight before to the weight after, beside its target.

    Parameters
    ----------
    orders
        In the order to be drawn, indexed by name: ``side`` (buy or sell), ``shares``, ``value_krw``, and ``before``,
        ``target`` and ``after`` as parts of the whole.
    rest
        What is said about orders left out.
    """
    if orders.empty:
        raise MissingDataError("an orders chart needs at least one order; say in words that none is needed")
    rows = len(orders)
    words = "비중이 어디서 어디로 가나, 괄호는 주수와 금액" + (f" · {rest}" if rest else "")
    with frame(title, stamp, height=1.45 + 0.29 * rows, subtitle=words) as fig:
        ax = fig.subplots()
        edge = float(orders[["before", "target", "after"]].to_numpy().max())
        for i, row in enumerate(orders.itertuples()):
            word, tone = _SIDES[str(row.side)]
            ax.plot([row.before, row.after], [i, i], color=tone, lw=1.8, solid_capstyle="butt")
            ax.plot(row.before, i, "o", ms=5.5, mfc=Palette.paper, mec=tone, mew=1.4)
            ax.plot(row.after, i, ">" if row.side == "buy" else "<", ms=6, color=tone)
            ax.plot(row.target, i, "|", ms=12, mew=1.8, color=Palette.other)
            said = f"{word} {count(row.shares)}주 ({won_short(row.value_krw)})"
            right = max(row.before, row.after, row.target) + edge * 0.015
            ax.text(right, i, said, va="center", size=8.5, color=tone, path_effects=_HALO)
        ax.set_yticks(range(rows), list(orders.index), color=Palette.ink, size=9.5)
        ax.set(xlim=(-edge * 0.02, edge * 1.34), ylim=(rows - 0.4, -0.6))
        ax.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
        digits = 0 if edge >= 0.06 else 1 if edge >= 0.006 else 2
        ax.xaxis.set_major_formatter(lambda x, _: percent(x, digits) if x >= -1e-12 else "")
        ax.grid(axis="x")
        marks = [
            Line2D([], [], ls="none", marker="o", mfc=Palette.paper, mec=Palette.muted, label="지금"),
            Line2D([], [], ls="none", marker=">", color=Palette.muted, label="주문 뒤"),
            Line2D([], [], ls="none", marker="|", ms=11, mew=1.8, color=Palette.other, label="목표"),
        ]
        ax.legend(handles=marks, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.1)
    bought, sold = (int((orders["side"] == side).sum()) for side in ("buy", "sell"))
    return Chart(fig, f"{title}. 매수 {bought}건, 매도 {sold}건, 가장 큰 주문 {orders['value_krw'].idxmax()}")


def costs_chart(costs: pd.Series, traded_krw: int, stamp: Stamp, *, title: str) -> Chart:
    """Draw what trading costs, by kind, in KRW and in parts of ten thousand of the value traded.

    Parameters
    ----------
    costs
        KRW by the kind's name, zero or more.
    traded_krw
        Value bought and sold, which the costs are measured by.
    """
    if costs.empty or traded_krw <= 0:
        raise MissingDataError("a chart of costs needs something traded; say in words that nothing is")
    with frame(title, stamp, height=1.3 + 0.42 * len(costs)) as fig:
        ax = fig.subplots()
        y = np.arange(len(costs))
        ax.barh(y, costs, height=0.56, color=Palette.own)
        edge = max(float(costs.max()), 1.0)
        for i, krw in enumerate(costs):
            bps = krw / traded_krw * 10_000
            ax.text(
                krw + edge * 0.012, i, f"{won(krw)} · {bps:.1f}bp", va="center", size=9, color=Palette.ink
            )
        ax.set_yticks(y, list(costs.index), color=Palette.ink, size=9.5)
        ax.set(xlim=(0, edge * 1.3), ylim=(len(costs) - 0.4, -0.6))
        # Each bar says its amount; an axis would say it again.
        ax.xaxis.set_visible(False)
        ax.spines["bottom"].set_visible(False)
    words = ", ".join(f"{name} {won(krw)}" for name, krw in costs.items())
    return Chart(fig, f"{title}. {words}")
