"""Figures of the efficient frontier: where it lies, what it is made of, and what each limit takes off it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from sillok.charts.style import Chart, Palette, Stamp, frame
from sillok.charts.text import percent, percent_tick, signed_percent
from sillok.errors import ConfigError, MissingDataError

__all__ = ["frontier_chart", "limit_chart", "mix_chart"]

_TONES = (Palette.own, Palette.other, Palette.up, Palette.down, Palette.muted)
_DASHES = ("-", "-", (0, (6, 2)), (0, (4, 2)), (0, (2, 2)))
_HALO = [withStroke(linewidth=2.5, foreground=Palette.paper)]
# Areas side by side need tones that differ in lightness, not in hue alone.
_AREAS = (
    "#16697A",
    "#7FB4BF",
    "#B08A3E",
    "#E3CB98",
    "#4C5B8C",
    "#A7B1D3",
    "#8A4F6D",
    "#D3A9BF",
    "#5F7A4A",
    "#B4C9A3",
)
_REST = "그 밖"


def _percent_axes(ax: Axes) -> None:
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(percent_tick)
    ax.grid(axis="both")


def frontier_chart(
    lines: Mapping[str, pd.DataFrame],
    stamp: Stamp,
    *,
    title: str,
    subtitle: str = "",
    marks: pd.DataFrame | None = None,
    assets: pd.DataFrame | None = None,
) -> Chart:
    """Draw frontiers over volatility and expected return, both a year.

    Parameters
    ----------
    lines
        One to five, the page's own first: frames with ``vol_annual`` and ``return_annual``, a point a row.
    marks
        Portfolios to name, indexed by name, with the same columns.
    assets
        Single issues as faint dots, with the same columns; those far off are cut off, and counted.
    """
    if not lines or any(line.empty for line in lines.values()):
        raise MissingDataError("a frontier chart needs at least one frontier with points; solve it first")
    if len(lines) > len(_TONES):
        raise ConfigError(f"a frontier chart holds up to {len(_TONES)} lines, got {len(lines)}; draw fewer")
    drawn = pd.concat([*lines.values(), *([] if marks is None else [marks])])
    with frame(title, stamp, height=4.6, subtitle=subtitle) as fig:
        ax = fig.subplots()
        far = 0
        if assets is not None:
            inside = _view(ax, drawn, assets)
            far = int((~inside).sum())
            seen = assets[inside]
            label = f"종목 {len(seen)}개" + (f"(그림 밖 {far}개)" if far else "")
            ax.plot(
                seen["vol_annual"], seen["return_annual"], "o", ms=3.5, color=Palette.flat, mew=0, label=label
            )
        else:
            _view(ax, drawn, drawn)
        for (name, line), tone, dash in zip(lines.items(), _TONES, _DASHES, strict=False):
            ax.plot(line["vol_annual"], line["return_annual"], color=tone, ls=dash, lw=2, label=name)
        if marks is not None:
            _name(ax, marks)
        ax.set(xlabel="연 변동성", ylabel="수익률(연)")
        _percent_axes(ax)
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=6, borderaxespad=0.1, fontsize=9)
    first, line = next(iter(lines.items()))
    ends = [
        f"{percent(line[c].iloc[0], 1)}–{percent(line[c].iloc[-1], 1)}"
        for c in ("vol_annual", "return_annual")
    ]
    return Chart(fig, f"{title}. {first}: 변동성 {ends[0]}, 기대수익률 {ends[1]}")


def _view(ax: Axes, drawn: pd.DataFrame, assets: pd.DataFrame) -> pd.Series:
    """Set the view to what is drawn and most of the assets; tell which assets are in it."""
    inside = pd.Series(True, assets.index)
    for column, put in (("vol_annual", ax.set_xlim), ("return_annual", ax.set_ylim)):
        most = assets[column].quantile([0.02, 0.98])
        low, high = min(drawn[column].min(), most.iloc[0]), max(drawn[column].max(), most.iloc[1])
        pad = max(high - low, 0.01) * 0.08
        put(low - pad, high + pad)
        inside &= assets[column].between(low - pad, high + pad)
    return inside


def _name(ax: Axes, marks: pd.DataFrame) -> None:
    right = np.mean(ax.get_xlim())
    where = marks[["vol_annual", "return_annual"]].to_numpy(dtype=float)
    size = np.array([np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim())])
    for k, (name, (x, y)) in enumerate(zip(marks.index, where, strict=True)):
        ax.plot(x, y, "o", ms=7, color=Palette.ink, mec=Palette.paper, mew=1.2, zorder=4)
        # Names lean away from the nearer edge, and up or down away from the nearest neighbour.
        away = np.abs((where - where[k]) / size).sum(axis=1)
        away[k] = np.inf
        below = len(where) > 1 and where[int(away.argmin()), 1] > y
        side = "left" if x < right else "right"
        ax.annotate(
            str(name), (x, y), (8 if side == "left" else -8, -10 if below else 9), textcoords="offset points",
            ha=side, va="center", size=9, color=Palette.ink, path_effects=_HALO, zorder=5,
        )  # fmt: skip


def mix_chart(
    mix: pd.DataFrame, stamp: Stamp, *, title: str, subtitle: str = "", along: str = "연 변동성"
) -> Chart:
    """Draw what portfolios along a frontier are made of, as stacked areas.

    Parameters
    ----------
    mix
        (points, groups) weights, zero or more, indexed by what runs along the axis, rising; the nine groups largest
        on the whole are named, the others drawn together.
    """
    if len(mix) < 2 or mix.shape[1] == 0:
        raise MissingDataError("a mix needs two points and a group at least; give a frontier's portfolios")
    if (mix.to_numpy() < -1e-9).any():
        raise ConfigError("areas cannot show short positions; draw the weights of long-only portfolios")
    order = mix.mean().sort_values(ascending=False, kind="stable").index
    named = mix[order[: len(_AREAS) - 1]].copy()
    if mix.shape[1] > named.shape[1]:
        named[_REST] = mix[order[len(_AREAS) - 1 :]].sum(axis=1)
    with frame(title, stamp, height=4.2, subtitle=subtitle) as fig:
        ax = fig.subplots()
        tones = [Palette.flat if name == _REST else tone for name, tone in zip(named, _AREAS, strict=False)]
        ax.stackplot(
            mix.index, named.to_numpy().T, colors=tones, labels=list(named), lw=0.4, ec=Palette.paper
        )
        ax.set(xlim=(mix.index[0], mix.index[-1]), ylim=(0, float(named.sum(axis=1).max())), xlabel=along)
        _percent_axes(ax)
        ax.grid(visible=False)
        handles, names = ax.get_legend_handles_labels()
        ax.legend(handles[::-1], names[::-1], loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9)
    ends = [
        f"{percent(mix.index[k], 1)}에서 {named.iloc[k].idxmax()} {percent(named.iloc[k].max(), 0)}"
        for k in (0, -1)
    ]
    return Chart(fig, f"{title}. {along} {', '.join(ends)}")


def limit_chart(costs: pd.Series, stamp: Stamp, *, title: str, subtitle: str = "") -> Chart:
    """Draw what each limit takes off the expected return at the same risk, largest first as given.

    Parameters
    ----------
    costs
        Parts of the whole a year, by the limit's name; below zero where a limit is loosened and return gained.
    """
    if costs.empty:
        raise MissingDataError("a chart of limits needs at least one limit; solve with one")
    with frame(title, stamp, height=1.4 + 0.36 * len(costs), subtitle=subtitle) as fig:
        ax = fig.subplots()
        y = np.arange(len(costs))
        tones = [Palette.own if value >= 0 else Palette.other for value in costs]
        ax.barh(y, costs, height=0.6, color=tones)
        wide = max(float(np.abs(costs).max()), 1e-4)
        for i, value in enumerate(costs):
            side = 1 if value >= 0 else -1
            words = f"{signed_percent(value, 2).rstrip('%')}%p"
            ax.text(
                value + side * wide * 0.015, i, words, va="center", ha="left" if side > 0 else "right", size=9
            )
        ax.axvline(0, color=Palette.faint, lw=0.9)
        ax.set_yticks(y, [str(name) for name in costs.index], color=Palette.ink, size=9.5)
        low, high = min(float(costs.min()), 0.0), max(float(costs.max()), 0.0)
        ax.set(xlim=(low - (wide * 0.2 if low < 0 else 0), high + wide * 0.2), ylim=(len(costs) - 0.5, -0.6))
        ax.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
        ax.xaxis.set_major_formatter(lambda x, _: f"{signed_percent(x, 1).rstrip('%')}%p")
        ax.grid(axis="x")
        ax.spines["left"].set_visible(False)
    return Chart(fig, f"{title}. {costs.index[0]} {signed_percent(costs.iloc[0], 2)}포인트")
