"""Figures of who bought, and of what the market pays for profits and equity."""

from __future__ import annotations

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sillok.charts.style import Chart, Palette, Stamp, frame
from sillok.charts.text import count, multiple, won_short
from sillok.errors import MissingDataError

__all__ = ["flows_chart", "ratio_chart", "valuation_chart"]

_TONES = (Palette.own, Palette.other, Palette.faint)


def flows_chart(net: pd.DataFrame, stamp: Stamp, *, title: str, subtitle: str = "") -> Chart:
    """Draw what each kind of investor has bought net since the span began, in KRW.

    Parameters
    ----------
    net
        Sessions x kinds of investors (Korean labels, three at most), net of each session, no NaN, oldest first.
    """
    if len(net) < 2:
        raise MissingDataError("a chart of flows needs two sessions or more; load investors")
    total = net.cumsum()
    with frame(title, stamp, height=3.5, subtitle=subtitle) as fig:
        ax = fig.subplots()
        x = np.arange(len(total))
        ax.axhline(0, color=Palette.faint, lw=0.8)
        for tone, (label, line) in zip(_TONES, total.items(), strict=False):
            ax.plot(x, line, color=tone, lw=1.8, label=f"{label} {won_short(line.iloc[-1])}")
            ax.plot(x[-1], line.iloc[-1], "o", ms=5, color=tone)
        ticks = np.unique(np.linspace(0, len(total) - 1, 7).astype(int))
        ax.set_xticks(ticks, [f"{total.index[i]:%m.%d}" for i in ticks])
        ax.yaxis.set_major_formatter(lambda y, _: won_short(y))
        ax.grid(axis="y")
        ax.spines["left"].set_visible(False)
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(net.columns), fontsize=9.5)
    words = ", ".join(f"{label} {won_short(line.iloc[-1])}" for label, line in total.items())
    return Chart(fig, f"{title}. 누적 순매수: {words}")


def _draw_spread(ax: Axes, label: str, values: pd.Series) -> None:
    low, high = values.quantile([0.01, 0.99])
    edges = np.geomspace(low, max(high, low * 1.5), 31)
    ax.hist(
        values.clip(edges[0], edges[-1]), bins=edges.tolist(), color=Palette.own, edgecolor="white", lw=0.6
    )
    ax.axvline(values.median(), color=Palette.other, lw=1.4)
    ax.set_xscale("log")
    ticks = np.geomspace(edges[0], edges[-1], 5)
    ax.set_xticks(ticks, [f"{tick:.2g}배" if tick < 10 else f"{tick:.0f}배" for tick in ticks])
    ax.set_xticks([], minor=True)
    ax.set_xlim(edges[0] * 0.98, edges[-1] * 1.02)
    ax.set_title(f"{label}  중앙값 {multiple(values.median())}")
    ax.yaxis.set_major_formatter(lambda y, _: count(y))
    ax.grid(axis="y")
    ax.spines["left"].set_visible(False)


def valuation_chart(ratios: pd.DataFrame, stamp: Stamp, *, title: str, subtitle: str = "") -> Chart:
    """Draw how each ratio is spread over the issues: how many at which multiple, on a logarithmic axis.

    Parameters
    ----------
    ratios
        Issues x ratios (labels such as PER), NaN or 0 and below: not counted; the outermost percent of issues
        stands at the edge.
    """
    kept = {str(label): values[values > 0].dropna() for label, values in ratios.items()}
    if not kept or any(len(values) < 2 for values in kept.values()):
        raise MissingDataError(
            "a chart of valuations needs two issues or more with each ratio; load statements"
        )
    with frame(title, stamp, height=3.2, subtitle=subtitle) as fig:
        for ax, (label, values) in zip(np.ravel(fig.subplots(1, len(kept))), kept.items(), strict=True):
            _draw_spread(ax, label, values)
    words = ", ".join(
        f"{label} {multiple(values.median())}({count(len(values))}종목)" for label, values in kept.items()
    )
    return Chart(fig, f"{title}. 중앙값: {words}")


def ratio_chart(history: pd.DataFrame, stamp: Stamp, *, title: str, subtitle: str = "") -> Chart:
    """Draw ratios such as PER over time, side by side, each with where it stands.

    Parameters
    ----------
    history
        Sessions x ratios (labels), oldest first; a session with NaN is left open.
    """
    if len(history.dropna()) < 2:
        raise MissingDataError("a chart of ratios needs two sessions or more with each; load statements")
    with frame(title, stamp, height=3.0, subtitle=subtitle) as fig:
        axes = np.ravel(fig.subplots(1, len(history.columns)))
        for ax, (label, line) in zip(axes, history.items(), strict=True):
            newest = line.dropna().iloc[-1]
            ax.plot(history.index, line, color=Palette.own, lw=1.5)
            ax.plot(line.last_valid_index(), newest, "o", ms=5, color=Palette.own)
            ax.set_title(f"{label}  {multiple(newest)}")
            ax.xaxis.set_major_locator(mdates.AutoDateLocator(minticks=3, maxticks=6))
            ax.xaxis.set_major_formatter(mdates.DateFormatter("%y.%m"))
            ax.yaxis.set_major_formatter(lambda y, _: multiple(y))
            ax.grid(axis="y")
            ax.spines["left"].set_visible(False)
    words = ", ".join(f"{label} {multiple(line.dropna().iloc[-1])}" for label, line in history.items())
    return Chart(fig, f"{title}. 지금: {words}")
