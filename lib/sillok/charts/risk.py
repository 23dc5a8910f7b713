"""Figures of risk: who moves with whom, what of it is noise, and whether the forecast held."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from sillok.charts.style import Chart, Palette, Stamp, frame
from sillok.charts.text import percent
from sillok.errors import DataError, MissingDataError
from sillok.risk import Spectrum

__all__ = ["correlation_map", "forecast_chart", "spectrum_chart"]

# Moving together is warm, apart is cold, as in the other figures.
_TOGETHER = LinearSegmentedColormap.from_list("together", [Palette.down, "#FFFFFF", Palette.up])
_NAMED = 30  # issues whose names still fit
_TALL = 1 / 36  # a group's name needs the height of its letters, as a part of the square
_LONG = 12  # letters of a group's name
_REST = "그 밖"


def _correlation(Sigma: pd.DataFrame) -> np.ndarray:
    sd = np.sqrt(np.diag(Sigma))
    if len(sd) < 2:
        raise MissingDataError(f"a correlation map needs at least 2 issues, got {len(sd)}")
    if not (sd > 0).all():
        names = list(Sigma.index[~(sd > 0)])
        raise DataError(f"{len(names)} issues have no variance, e.g. {names[:5]}; drop them", symbols=names)
    return Sigma.to_numpy(dtype=float) / np.outer(sd, sd)


def correlation_map(
    Sigma: pd.DataFrame, stamp: Stamp, *, title: str, groups: pd.Series | None = None, subtitle: str = ""
) -> Chart:
    """Draw the correlations of a covariance as a coloured square, issues of one group side by side.

    Parameters
    ----------
    Sigma
        (N, N) covariance, labelled with what is shown; up to 30 issues are named.
    groups
        (N,) a name such as the industry on the labels of ``Sigma``: largest group first, borders between them,
        small groups together last.
    """
    C = _correlation(Sigma)
    N = len(C)
    kinds = pd.Series(_REST, Sigma.index) if groups is None else groups
    if not kinds.index.equals(Sigma.index):
        raise DataError("groups and Sigma are not on the same labels; reindex groups")
    kinds = _large(kinds)
    sizes = kinds.value_counts()
    rank = kinds.map(
        {k: i for i, k in enumerate(sorted(sizes.index, key=lambda k: (k == _REST, -sizes[k], k)))}
    )
    order = np.argsort(rank.to_numpy(), kind="stable")
    pairs = C[np.triu_indices(N, 1)]
    words = f"{N}종목 평균 상관 {pairs.mean():.2f}" + (f" · {subtitle}" if subtitle else "")
    with frame(title, stamp, height=7.4, subtitle=words) as fig:
        ax = fig.subplots()
        # The scale ends where a hundredth of the pairs is beyond, so that a market in which all rise and fall
        # together is not one red square.
        reach = float(np.clip(np.quantile(np.abs(pairs), 0.99), 0.1, 1.0))
        drawn = C[np.ix_(order, order)].copy()
        np.fill_diagonal(drawn, np.nan)
        image = ax.imshow(drawn, cmap=_TOGETHER, vmin=-reach, vmax=reach, interpolation="nearest")
        ax.set_facecolor(Palette.flat)
        if groups is not None:
            _name_groups(ax, kinds.iloc[order])
        elif N <= _NAMED:
            ax.set_yticks(range(N), [str(s) for s in Sigma.index[order]], color=Palette.ink, size=8)
            ax.set_xticks([])
        else:
            ax.set(xticks=[], yticks=[])
        for side in ax.spines.values():
            side.set_visible(False)
        bar = fig.colorbar(image, ax=ax, shrink=0.55, aspect=28, pad=0.02, extend="both")
        bar.outline.set_visible(False)
        bar.ax.set_title("상관계수", size=9, color=Palette.muted, loc="left", weight="normal")
    i, j = np.unravel_index(np.nanargmax(np.where(np.eye(N) > 0, np.nan, C)), C.shape)
    nearest = f"가장 높은 쌍 {Sigma.index[i]}·{Sigma.index[j]} {C[i, j]:.2f}"
    return Chart(fig, f"{title}. {words}, {nearest}")


def _large(kinds: pd.Series) -> pd.Series:
    """Return the groups with their names cut to what fits; those too small for a name, or without one, in one."""
    sizes = kinds.map(kinds.value_counts())
    words = [str(k) if len(str(k)) <= _LONG else str(k)[: _LONG - 1] + "…" for k in kinds]
    return pd.Series(words, kinds.index).where(sizes >= max(2.0, _TALL * len(kinds)), _REST)


def _name_groups(ax: Axes, kinds: pd.Series) -> None:
    sizes = kinds.value_counts(sort=False)
    ends = np.cumsum(sizes.to_numpy())
    for end in ends[:-1]:
        ax.axhline(end - 0.5, color=Palette.ink, lw=0.6)
        ax.axvline(end - 0.5, color=Palette.ink, lw=0.6)
    ax.set_yticks(ends - sizes.to_numpy() / 2 - 0.5, list(sizes.index), color=Palette.ink, size=8.5)
    ax.set_xticks([])


def spectrum_chart(spectrum: Spectrum, stamp: Stamp, *, title: str, subtitle: str = "") -> Chart:
    """Draw the eigenvalues of a correlation over what chance alone would give (Marchenko and Pastur, 1967)."""
    values = spectrum.eigenvalues[spectrum.eigenvalues > 1e-9]
    if len(values) < 2:
        raise MissingDataError("a spectrum needs at least 2 eigenvalues above zero; take more issues")
    above = values[values > spectrum.upper]
    share = float(above.sum() / spectrum.eigenvalues.sum())
    words = f"경계 위 {len(above)}개가 전체 변동의 {percent(share, 0)}" + (
        f" · {subtitle}" if subtitle else ""
    )
    with frame(title, stamp, height=4.0, subtitle=words) as fig:
        ax = fig.subplots()
        # Even on the logarithm, with the edge between two bins.
        ends = np.log(np.array([values[0] * 0.8, values[-1] * 1.4]) / spectrum.upper)
        width = (ends[1] - ends[0]) / 60
        x = spectrum.upper * np.exp(
            width * np.arange(np.floor(ends[0] / width), np.ceil(ends[1] / width) + 1)
        )
        counts, *_ = ax.hist(
            [values[values <= spectrum.upper], above],
            bins=x,
            stacked=True,
            color=[Palette.flat, Palette.own],
            label=["우연으로 설명되는 고윳값", "경계를 넘는 고윳값"],
        )
        t = np.linspace(max(spectrum.lower, x[0]), spectrum.upper, 400)
        density = np.sqrt(np.maximum((spectrum.upper - t) * (t - spectrum.lower), 0)) / t
        density /= 2 * np.pi * spectrum.ratio * spectrum.noise_variance
        # Expected number in a bin: bins are even in log t, so the density is taken times t.
        expected = density * t * width * (len(spectrum.eigenvalues) - len(above))
        ax.plot(t, expected, color=Palette.other, lw=1.8, label="마르첸코·파스투르 분포")
        top = max(float(np.max(counts)), float(expected.max())) * 1.18
        ax.axvline(spectrum.upper, color=Palette.muted, lw=0.9, ls=(0, (3, 3)))
        ax.text(
            spectrum.upper * 1.04,
            top * 0.97,
            f"경계 {spectrum.upper:.2f}",
            size=8.5,
            color=Palette.muted,
            va="top",
        )
        if len(above):
            ax.annotate(
                f"가장 큰 고윳값 {values[-1]:.1f}", (values[-1], 1), (values[-1], top * 0.3), ha="right", size=8.5,
                color=Palette.own, arrowprops={"arrowstyle": "-", "color": Palette.own, "lw": 0.8},
            )  # fmt: skip
        ax.set(xscale="log", ylim=(0, top), xlim=(x[0], x[-1]))
        steps = [m * 10.0**k for k in range(-9, 5) for m in (1, 2, 5)]
        ax.xaxis.set_major_locator(FixedLocator([v for v in steps if x[0] <= v <= x[-1]][-12:]))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(lambda v, _: f"{v:g}")
        ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        ax.set_xlabel("고윳값(로그 눈금), 평균은 1")
        ax.set_title("개수")
        ax.grid(axis="y")
        ax.spines["left"].set_visible(False)
        ax.legend(loc="upper right", bbox_to_anchor=(1.0, 1.13), ncols=3, fontsize=9, borderaxespad=0.1)
    return Chart(fig, f"{title}. {words}, 경계 {spectrum.upper:.2f}, 가장 큰 고윳값 {values[-1]:.1f}")


def forecast_chart(held: pd.DataFrame, stamp: Stamp, *, title: str, subtitle: str = "") -> Chart:
    """Draw, a row an estimator, the volatility a year that was forecast and the one that came.

    Parameters
    ----------
    held
        Indexed by name, with ``predicted`` and ``realised``, both a year; the first row stands on top.
    """
    if held.empty:
        raise MissingDataError("a forecast chart needs at least one estimator")
    rows = len(held)
    with frame(title, stamp, height=1.7 + 0.42 * rows, subtitle=subtitle) as fig:
        ax = fig.subplots()
        y = np.arange(rows)
        low, high = (held[["predicted", "realised"]].agg(f, axis=1) for f in ("min", "max"))
        ax.hlines(y, low, high, color=Palette.faint, lw=2.2, zorder=1)
        for column, tone, word in (("predicted", Palette.other, "예측"), ("realised", Palette.own, "실제")):
            ax.scatter(held[column], y, s=58, color=tone, label=word, zorder=2)
        edge = float(high.max()) - float(low.min())
        edge = edge if edge > 0 else max(float(high.max()), 0.01)
        for i, (_, row) in enumerate(held.iterrows()):
            ratio = row["realised"] / row["predicted"] if row["predicted"] > 0 else np.nan
            ax.text(
                high.iloc[i] + edge * 0.035, i, f"{ratio:.2f}배", va="center", size=9.5, color=Palette.ink
            )
        ax.set_yticks(y, [str(name) for name in held.index], color=Palette.ink, size=9.5)
        ax.set(xlim=(float(low.min()) - edge * 0.08, float(high.max()) + edge * 0.3), ylim=(rows - 0.4, -0.7))
        ax.xaxis.set_major_locator(MaxNLocator(7))
        digits = 0 if edge > 0.06 else 1
        ax.xaxis.set_major_formatter(lambda x, _: percent(x, digits))
        ax.grid(axis="x")
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.1)
        ax.set_xlabel("연 변동성, 오른쪽 글자는 예측 대비 실제")
    words = ", ".join(
        f"{k} 예측 {percent(p, 1)} 실제 {percent(r, 1)}"
        for k, p, r in held[["predicted", "realised"]].itertuples()
    )
    return Chart(fig, f"{title}. {words}")
