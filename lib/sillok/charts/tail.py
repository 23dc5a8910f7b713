"""Figures of bad days: where the losses lie, how bad the worst ones are, and how deep and long the falls were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from sillok.charts.style import Chart, Palette, Stamp, frame
from sillok.charts.text import percent
from sillok.errors import ConfigError, DataError, MissingDataError

__all__ = ["drawdown_chart", "loss_chart"]

_HALO = [withStroke(linewidth=2.5, foreground=Palette.paper)]
_TONES = (Palette.own, Palette.other)
_FEWEST = 20  # scenarios below which a histogram says nothing


@dataclass(frozen=True, slots=True)
class _Tail:
    var: float
    cvar: float


def _tail(losses: np.ndarray, p: np.ndarray, level: float) -> _Tail:
    """Return the quantile of the losses and the mean beyond it, the last one in part."""
    order = np.argsort(losses, kind="stable")
    reached = np.cumsum(p[order]) >= level - 1e-12
    var = float(losses[order[int(reached.argmax())]])
    return _Tail(var, var + float(p @ np.maximum(losses - var, 0.0)) / (1 - level))


def _check(returns: Mapping[str, pd.Series], level: float, fewest: int) -> None:
    if not 1 <= len(returns) <= len(_TONES):
        raise ConfigError(f"a figure of losses shows one or two portfolios, got {len(returns)}")
    if not 0 < level < 1:
        raise ConfigError(f"level must lie in (0, 1), got {level}; 0.95 means the worst five per cent")
    for name, r in returns.items():
        if len(r) < fewest:
            raise MissingDataError(f"{name} has {len(r)} returns, {fewest} are needed; lengthen the history")
        if r.isna().any():
            raise DataError(f"{name} has {int(r.isna().sum())} missing returns; drop or complete them")


def _name(level: float) -> str:
    return percent(level, 0 if abs(100 * level - round(100 * level)) < 1e-9 else 1)


def _whole(
    ax: Axes,
    losses: Mapping[str, np.ndarray],
    p: np.ndarray,
    bins: np.ndarray,
    tails: Mapping[str, _Tail],
) -> None:
    own, *others = losses
    heights, _ = np.histogram(losses[own], bins=bins, weights=p)
    wide = bins[1] - bins[0]
    tones = np.where(bins[:-1] >= tails[own].var - 1e-3 * wide, Palette.down, Palette.flat)
    ax.bar(bins[:-1], heights, width=wide, align="edge", color=list(tones), label=own)
    for name in others:
        ax.hist(
            losses[name], bins=list(bins), weights=p, histtype="step", color=Palette.other, lw=1.3, label=name
        )
    ax.axvline(0, color=Palette.faint, lw=0.8, zorder=0.5)
    ax.axvline(tails[own].var, color=Palette.ink, lw=1, ls=(0, (3, 3)))
    ax.text(
        tails[own].var, 0.99, " VaR ", transform=ax.get_xaxis_transform(), ha="left", va="top", size=9,
        color=Palette.ink, path_effects=_HALO,
    )  # fmt: skip
    ax.set_title("손실 분포(오른쪽이 큰 손실)")
    ax.yaxis.set_major_formatter(lambda y, _: percent(y, 0))
    ax.grid(axis="y")
    ax.legend(loc="upper left", fontsize=9, borderaxespad=0.2)


def _beyond(
    ax: Axes, losses: Mapping[str, np.ndarray], p: np.ndarray, tails: Mapping[str, _Tail], level: float
) -> None:
    """Draw how probable a loss of so much or more is, from a little before the quantile on."""
    far = max(float(x.max()) for x in losses.values())
    start = min(t.var for t in tails.values())
    start -= 0.25 * (max(t.cvar for t in tails.values()) - start)
    for (name, x), tone in zip(losses.items(), _TONES, strict=False):
        order = np.argsort(-x, kind="stable")
        ax.step(x[order], np.cumsum(p[order]), where="post", color=tone, lw=1.6, label=name)
        tail = tails[name]
        ax.plot([tail.var], [1 - level], "o", ms=5, color=tone)
        ax.axvline(tail.cvar, color=tone, lw=1.1, ls=(0, (3, 3)))
    top = 1.6 * (1 - level)
    ax.axhline(1 - level, color=Palette.faint, lw=0.8)
    for i, ((name, tail), tone) in enumerate(zip(tails.items(), _TONES, strict=False)):
        head = f"{name}\n" if len(tails) > 1 else ""
        ax.text(
            0.98 - 0.32 * (len(tails) - 1 - i), 0.97, f"{head}VaR {percent(tail.var)}\nCVaR {percent(tail.cvar)}", transform=ax.transAxes,
            ha="right", va="top", size=9, color=tone, path_effects=_HALO, linespacing=1.35,
        )  # fmt: skip
    ax.set(xlim=(start, far + max(0.02 * (far - start), 1e-4)), ylim=(0, top))
    ax.set_title("그보다 크게 잃을 확률(점: VaR, 점선: CVaR)")
    ax.yaxis.set_major_formatter(lambda y, _: percent(y, 1))
    ax.grid(axis="y")


def loss_chart(
    returns: Mapping[str, pd.Series],
    stamp: Stamp,
    *,
    title: str,
    level: float = 0.95,
    probabilities: pd.Series | None = None,
    period: str = "하루",
) -> Chart:
    """Draw the losses of one or two portfolios over the same scenarios, with VaR and CVaR marked.

    Parameters
    ----------
    returns
        By name, (T,) simple returns a period, on one index.
    level
        Of the tail: 0.95 means the worst five per cent.
    probabilities
        (T,) on the same index; None: all alike.
    period
        What a scenario's period is called.
    """
    _check(returns, level, _FEWEST)
    index = next(iter(returns.values())).index
    if not all(r.index.equals(index) for r in returns.values()):
        raise DataError("the portfolios are not on the same scenarios; reindex them")
    if probabilities is not None and not probabilities.index.equals(index):
        raise DataError("probabilities and returns are not on the same scenarios; reindex them")
    p = np.full(len(index), 1 / len(index)) if probabilities is None else probabilities.to_numpy(dtype=float)
    losses = {name: -r.to_numpy(dtype=float) for name, r in returns.items()}
    tails = {name: _tail(x, p, level) for name, x in losses.items()}
    tail = next(iter(tails.values()))
    # A bar ends where the tail begins, so that its colour is true.
    low, high = min(x.min() for x in losses.values()), max(x.max() for x in losses.values())
    wide = max((high - low) / 60, 1e-9)
    before, after = int(np.ceil((tail.var - low) / wide)) + 1, int(np.ceil((high - tail.var) / wide)) + 1
    # An optimal portfolio has many scenarios on its VaR, give or take a rounding: they belong to the tail.
    bins = tail.var + wide * (np.arange(-before, after + 1) - 1e-6)
    words = f"{period} 기준 시나리오 {len(index):,}개 · 신뢰수준 {_name(level)} · CVaR는 가장 나쁜 {_name(1 - level)}의 평균 손실"
    with frame(title, stamp, height=3.9, subtitle=words) as fig:
        left, right = fig.subplots(1, 2, width_ratios=[1.35, 1])
        _whole(left, losses, p, bins, tails)
        _beyond(right, losses, p, tails, level)
        for ax in (left, right):
            ax.xaxis.set_major_formatter(lambda x, _: percent(x, 1))
            ax.spines["left"].set_visible(False)
    said = ", ".join(f"{n} VaR {percent(t.var)} CVaR {percent(t.cvar)}" for n, t in tails.items())
    return Chart(fig, f"{title}. 신뢰수준 {_name(level)}: {said}")


def drawdown_chart(
    returns: Mapping[str, pd.Series], stamp: Stamp, *, title: str, level: float = 0.95
) -> Chart:
    """Draw how far one or two portfolios lay below their highest sum of returns, and the mean of the deepest.

    The returns are added up, not compounded, as in :func:`sillok.portfolio.minimum_cdar`; a session counts as deep
    if it is among the worst ``1 - level``.
    """
    _check(returns, level, 2)
    with frame(
        title,
        stamp,
        height=1.2 + 1.75 * len(returns),
        subtitle=f"수익률의 단순 누계가 고점보다 낮은 정도 · CDaR(점선)는 가장 깊은 {_name(1 - level)}(파란 점)의 평균",
    ) as fig:
        axes = np.ravel(fig.subplots(len(returns), 1, sharex=True, sharey=True))
        said = []
        for ax, (name, r), tone in zip(axes, returns.items(), _TONES, strict=False):
            sums = r.cumsum()
            depth = sums.cummax().clip(lower=0) - sums
            tail = _tail(depth.to_numpy(), np.full(len(r), 1 / len(r)), level)
            ax.fill_between(depth.index, 0, -depth, color=tone, alpha=0.22, lw=0)
            ax.plot(depth.index, -depth, color=tone, lw=1.1)
            deep = depth[depth >= max(tail.var, 1e-12)]
            ax.plot(deep.index, -deep, "o", ms=2.6, color=Palette.down, ls="none")
            ax.axhline(-tail.cvar, color=Palette.ink, lw=1, ls=(0, (3, 3)))
            said.append(f"{name}: CDaR {percent(tail.cvar, 1)}, 최대 {percent(float(depth.max()), 1)}")
            ax.set_title(said[-1])
            ax.yaxis.set_major_formatter(lambda y, _: percent(y, 0))
            ax.grid(axis="y")
            ax.axhline(0, color=Palette.faint, lw=0.8)
            ax.spines["left"].set_visible(False)
            ax.margins(x=0.01)
        if isinstance(axes[-1].xaxis.get_major_locator(), mdates.AutoDateLocator):
            axes[-1].xaxis.set_major_locator(mdates.AutoDateLocator(minticks=4, maxticks=9))
            axes[-1].xaxis.set_major_formatter(mdates.DateFormatter("%y.%m"))
    return Chart(fig, f"{title}. 신뢰수준 {_name(level)}: {'; '.join(said)}")
