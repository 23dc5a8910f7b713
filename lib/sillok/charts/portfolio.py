"""Figures of a portfolio: what it holds, where its risk comes from, and how it would have fared."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from sillok.charts.style import Chart, Palette, Stamp, frame
from sillok.charts.text import percent, signed_percent
from sillok.errors import MissingDataError
from sillok.measures import drawdowns, max_drawdown, wealth

__all__ = ["holdings_chart", "industry_chart", "wealth_chart"]


# A number stays legible where a line runs behind it.
_HALO = [withStroke(linewidth=2, foreground=Palette.paper)]


def _percent_axis(ax: Axes) -> None:
    # Steps of 2.5 would be labelled 2 %, 5 %, 8 %.
    ax.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    digits = 0 if ax.get_xlim()[1] >= 0.06 else 1
    ax.xaxis.set_major_formatter(lambda x, _: percent(x, digits))
    ax.grid(axis="x")


def holdings_chart(holdings: pd.DataFrame, stamp: Stamp, *, title: str, cap: float, rest: str = "") -> Chart:
    """Draw each holding's weight beside its part of the risk.

    Parameters
    ----------
    holdings
        Largest first, indexed by name, with ``weight`` and ``risk`` as parts of the whole.
    cap
        The position cap, drawn as a line; 1 draws none.
    rest
        What is said about holdings left out.
    """
    if holdings.empty:
        raise MissingDataError(
            "a holdings chart needs at least one holding; give the whole-share or target weights"
        )
    rows = len(holdings)
    words = "비중과 위험 기여(전체 변동성에서 차지하는 몫)" + (f" · {rest}" if rest else "")
    with frame(title, stamp, height=1.5 + 0.31 * rows, subtitle=words) as fig:
        ax = fig.subplots()
        y = np.arange(rows)
        ax.barh(y - 0.19, holdings["weight"], height=0.36, color=Palette.own, label="비중")
        ax.barh(y + 0.19, holdings["risk"], height=0.36, color=Palette.other, label="위험 기여")
        edge = float(holdings[["weight", "risk"]].to_numpy().max()) * 1.16
        for i, (w, r) in enumerate(zip(holdings["weight"], holdings["risk"], strict=True)):
            ax.text(
                w + edge * 0.006,
                i - 0.19,
                percent(w, 1),
                va="center",
                size=8,
                color=Palette.own,
                path_effects=_HALO,
            )
            ax.text(
                max(r, 0) + edge * 0.006,
                i + 0.19,
                percent(r, 1),
                va="center",
                size=8,
                color="#846323",
                path_effects=_HALO,
            )
        if cap < edge:
            ax.axvline(cap, color=Palette.muted, lw=0.9, ls=(0, (3, 3)))
            ax.text(
                cap, -0.75, f"상한 {percent(cap, 0)}", ha="center", va="bottom", size=8.5, color=Palette.muted
            )
        ax.set_yticks(y, list(holdings.index), color=Palette.ink, size=9.5)
        ax.set(xlim=(min(0.0, float(holdings["risk"].min()) * 1.1), edge), ylim=(rows - 0.4, -0.7))
        _percent_axis(ax)
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.1)
    head = ", ".join(f"{k} {percent(v, 1)}" for k, v in holdings["weight"].head(3).items())
    return Chart(fig, f"{title}. 비중 상위: {head}")


def industry_chart(
    own: pd.Series, other: pd.Series, stamp: Stamp, *, title: str, labels: tuple[str, str]
) -> Chart:
    """Draw the industry weights of two portfolios, on the same labels, one as bars, one as marks."""
    order = own.sort_values(ascending=False).index
    with frame(title, stamp, height=1.35 + 0.27 * len(order)) as fig:
        ax = fig.subplots()
        y = np.arange(len(order))
        ax.barh(y, own[order], height=0.6, color=Palette.own, label=labels[0])
        ax.plot(other[order], y, "|", ms=14, mew=2.2, color=Palette.other, label=labels[1], ls="none")
        for i, name in enumerate(order):
            x = max(own[name], other[name])
            ax.text(x + 0.004, i, percent(own[name], 1), va="center", size=9, color=Palette.own)
        ax.set_yticks(y, list(order), color=Palette.ink, size=9.5)
        ax.set(xlim=(0, float(max(own.max(), other.max())) * 1.14), ylim=(len(order) - 0.4, -0.6))
        _percent_axis(ax)
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.1)
    return Chart(fig, f"{title}. 가장 큰 업종 {order[0]} {percent(own[order[0]], 1)}")


def wealth_chart(returns: Mapping[str, pd.Series], stamp: Stamp, *, title: str, subtitle: str = "") -> Chart:
    """Draw cumulative return and drawdown of one to three series of simple returns on the same sessions."""
    if not returns or any(r.empty for r in returns.values()):
        raise MissingDataError("a wealth chart needs returns; lengthen the history or shorten the lookback")
    tones = (Palette.own, Palette.other, Palette.muted)
    with frame(title, stamp, height=4.6, subtitle=subtitle) as fig:
        top, low = fig.subplots(2, 1, sharex=True, height_ratios=[1.5, 1])
        for (name, r), tone in zip(returns.items(), tones, strict=False):
            grown = wealth(r) - 1
            top.plot(
                grown.index, grown, color=tone, lw=1.6, label=f"{name}  {signed_percent(grown.iloc[-1], 1)}"
            )
            fall = drawdowns(r)
            low.plot(
                fall.index, fall, color=tone, lw=1.2, label=f"{name}  최대 {percent(-max_drawdown(r), 1)}"
            )
            low.fill_between(fall.index, 0, fall, color=tone, alpha=0.12, lw=0)
        for ax, head in ((top, "누적 수익률"), (low, "낙폭(고점 대비)")):
            ax.axhline(0, color=Palette.faint, lw=0.8)
            ax.set_title(head)
            ax.yaxis.set_major_formatter(lambda y, _: percent(y, 0))
            ax.grid(axis="y")
            ax.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), fontsize=9, ncols=3, borderaxespad=0.2)
            ax.spines["left"].set_visible(False)
        low.margins(x=0.01)
        locator = mdates.AutoDateLocator(minticks=4, maxticks=9)
        low.xaxis.set_major_locator(locator)
        low.xaxis.set_major_formatter(mdates.DateFormatter("%y.%m"))
    words = ", ".join(f"{k} 최대 낙폭 {percent(max_drawdown(r), 1)}" for k, r in returns.items())
    return Chart(fig, f"{title}. {words}")
