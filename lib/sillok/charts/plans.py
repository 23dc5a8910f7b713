"""Figures of what is meant to come: a plan of trades over several periods, and expectations once views are heard."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from sillok.charts.style import Chart, Palette, Stamp, frame
from sillok.charts.text import percent, percent_tick, signed_percent, won_short
from sillok.errors import DataError, MissingDataError

__all__ = ["plan_chart", "views_chart"]

_NAMED = 8  # issues whose ways are drawn in a tone of their own and named
_HALO = [withStroke(linewidth=2.5, foreground=Palette.paper)]
_APART = 0.075  # of the height: names nearer to each other than a letter's height would lie on one another
_STILL = 1e-9  # a change of weight that is rounding


def plan_chart(
    weights: pd.DataFrame, cost_krw: pd.Series, stamp: Stamp, *, title: str, subtitle: str = ""
) -> Chart:
    """Draw the way of each issue that moves from today's weight to the plan's last one, over what every period
    trades and costs.

    Parameters
    ----------
    weights
        (H + 1, N) parts of the whole, labelled with what is shown: today's first, then after each period's trade.
    cost_krw
        (H,) what each period's trade costs, on the labels of the rows but the first.
    """
    if len(weights) < 2 or weights.shape[1] == 0:
        raise MissingDataError("a plan needs today's weights, one period and one issue at least")
    if not cost_krw.index.equals(weights.index[1:]):
        raise DataError("the costs of a plan are not on the labels of its periods; reindex cost_krw")
    trades = weights.diff().iloc[1:]
    traded = trades.abs().sum(axis=1)
    moved = trades.abs().sum().sort_values(ascending=False)
    order = moved.index[moved > _STILL] if (moved > _STILL).any() else moved.index
    named, rest = order[:_NAMED], order[_NAMED:]
    seen = weights[order]
    highest, lowest = float(seen.to_numpy().max()), float(seen.to_numpy().min())
    words = f"전부 {percent(float(traded.sum()), 1)} 거래, 비용 {won_short(float(cost_krw.sum()))}"
    words += f" · 많이 움직이는 {len(named)}종목에 이름" if len(rest) else ""
    words += f" · {subtitle}" if subtitle else ""
    with frame(title, stamp, height=5.0, subtitle=words) as fig:
        ways, bars = fig.subplots(2, 1, sharex=True, height_ratios=[2.4, 1])
        x = np.arange(len(weights))
        for name in rest:
            ways.plot(x, weights[name], color=Palette.flat, lw=0.8)
        for name in named:
            up = weights[name].iloc[-1] >= weights[name].iloc[0]
            ways.plot(x, weights[name], color=Palette.up if up else Palette.down, lw=1.6, marker="o", ms=3)
        room = max(highest - lowest, 1e-4)
        _name_ends(ways, weights[named].iloc[-1], x[-1], _APART * room)
        ways.set(xlim=(-0.3, x[-1] + 0.3), ylim=(lowest - 0.06 * room, highest + 0.06 * room))
        ways.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        ways.yaxis.set_major_formatter(percent_tick)
        ways.grid(axis="y")
        ways.set_title("비중", fontsize=9.5, color=Palette.muted, weight="normal")
        bars.bar(x[1:], traded, width=0.5, color=Palette.own)
        for i, (part, krw) in enumerate(zip(traded, cost_krw, strict=True), start=1):
            bars.annotate(f"{percent(part, 1)} · {won_short(krw)}", (i, part), xytext=(0, 2),
                          textcoords="offset points", ha="center", size=8, color=Palette.ink)  # fmt: skip
        bars.set(ylim=(0, max(float(traded.max()), 1e-9) * 1.35))
        bars.set_title("거래(양쪽)와 비용", fontsize=9.5, color=Palette.muted, weight="normal")
        bars.yaxis.set_visible(False)
        bars.spines["left"].set_visible(False)
        bars.set_xticks(x, [str(label) for label in weights.index])
    return Chart(fig, f"{title}. {words}. 가장 많이 움직이는 종목 {', '.join(map(str, named[:3]))}")


def _name_ends(ax: Axes, ends: pd.Series, x: float, apart: float) -> None:
    """Write the names beside where the lines end, moved apart where they would lie on one another."""
    ends = ends.sort_values()
    at = ends.to_numpy(dtype=float, copy=True)
    for i in range(1, len(at)):
        at[i] = max(at[i], at[i - 1] + apart)
    at -= (at - ends.to_numpy(dtype=float)).mean()
    for (name, end), y in zip(ends.items(), at, strict=True):
        ax.annotate(f"{name} {percent(end, 1)}", (x, y), xytext=(7, 0), textcoords="offset points", va="center",
                    size=8.5, color=Palette.ink, path_effects=_HALO, annotation_clip=False)  # fmt: skip


def views_chart(
    prior: pd.Series, posterior: pd.Series, doubt: pd.Series, stamp: Stamp, *, title: str, subtitle: str = ""
) -> Chart:
    """Draw what was expected before and after the views, an issue a line, those that moved most first.

    Parameters
    ----------
    prior, posterior
        (N,) expected returns a year before and after, on the same labels, which are shown.
    doubt
        (N,) standard deviation of the posterior expectation itself, a year: the root of the diagonal of
        :attr:`sillok.risk.Posterior.uncertainty`.
    """
    if prior.empty:
        raise MissingDataError("a chart of views needs at least one issue; give prior and posterior returns")
    if not (prior.index.equals(posterior.index) and prior.index.equals(doubt.index)):
        raise DataError("prior, posterior and doubt are not on the same labels; reindex them")
    moved = (posterior - prior).sort_values(key=lambda change: -change.abs(), kind="stable")
    rows = len(moved)
    with frame(title, stamp, height=1.5 + 0.29 * rows, subtitle=subtitle) as fig:
        ax = fig.subplots()
        edge = 0.0
        for i, (name, change) in enumerate(moved.items()):
            before, after, width = float(prior[name]), float(posterior[name]), float(doubt[name])
            tone = Palette.up if change > 0 else Palette.down if change < 0 else Palette.muted
            ax.plot([after - width, after + width], [i, i], color=Palette.grid, lw=7, solid_capstyle="butt")
            ax.plot([before, after], [i, i], color=tone, lw=1.8)
            ax.plot(before, i, "o", ms=5.5, mfc=Palette.paper, mec=Palette.muted, mew=1.3)
            ax.plot(after, i, "o", ms=6, color=tone)
            edge = max(edge, before, after + width)
        low = min(float((posterior - doubt).min()), float(prior.min()), 0.0)
        for i, (name, change) in enumerate(moved.items()):
            ax.text(edge + 0.02 * (edge - low), i, f"{percent(posterior[name], 1)} ({signed_percent(change, 1)}p)",
                    va="center", size=8.5, color=Palette.ink)  # fmt: skip
        ax.axvline(0, color=Palette.faint, lw=0.8)
        ax.set_yticks(range(rows), [str(name) for name in moved.index], color=Palette.ink, size=9.5)
        ax.set(xlim=(low - 0.03 * (edge - low), edge + 0.2 * (edge - low)), ylim=(rows - 0.4, -0.6))
        ax.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
        ax.xaxis.set_major_formatter(percent_tick)
        ax.grid(axis="x")
        ax.plot([], [], "o", ms=5.5, mfc=Palette.paper, mec=Palette.muted, mew=1.3, label="견해 전")
        ax.plot([], [], "o", ms=6, color=Palette.ink, label="견해 뒤")
        ax.plot([], [], color=Palette.grid, lw=7, label="±1 표준오차")
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.1)
    first = moved.index[0]
    return Chart(
        fig,
        f"{title}. {rows}종목의 기대수익률(연), 가장 많이 바뀐 것 {first} "
        f"{percent(prior[first], 1)}에서 {percent(posterior[first], 1)}",
    )
