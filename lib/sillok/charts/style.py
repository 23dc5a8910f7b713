"""One look for every figure: palette, font, frame, and the stamp that says as of when and from where."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.layout_engine import ConstrainedLayoutEngine

from sillok.clock import KST

__all__ = ["Chart", "Palette", "Stamp", "frame", "style"]

_FONTS = Path(__file__).parent / "fonts"
_DPI = 100  # a figure 9 inches wide is 900 CSS pixels, drawn at twice that


class Palette:
    """Korean convention: up is red, down is blue."""

    ink = "#20242C"
    muted = "#6A717D"
    faint = "#A8AEB8"
    grid = "#E7E9ED"
    paper = "#FFFFFF"
    up = "#C93A3A"
    down = "#2A62B4"
    flat = "#B9BEC7"
    own = "#16697A"  # the portfolio that the page is about
    other = "#B08A3E"  # what it is compared with
    halted = "#70767F"


_RC: dict[str, Any] = {
    "font.family": ["Pretendard", "DejaVu Sans"],
    "font.size": 9.5,
    "text.color": Palette.ink,
    "axes.edgecolor": Palette.faint,
    "axes.labelcolor": Palette.muted,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": Palette.grid,
    "grid.linewidth": 0.8,
    "xtick.color": Palette.muted,
    "ytick.color": Palette.muted,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "figure.facecolor": Palette.paper,
    "axes.facecolor": Palette.paper,
    "figure.dpi": _DPI,
    "savefig.dpi": 2 * _DPI,
}


@lru_cache(maxsize=1)
def _register() -> None:
    for path in sorted(_FONTS.glob("*.otf")):
        fontManager.addfont(path)


def style() -> None:
    """Register the Pretendard font and set matplotlib's defaults for this process, for figures of one's own."""
    _register()
    mpl.rcParams.update(_RC)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What stands under every figure."""

    as_of: datetime  # aware
    source: str  # for a person, e.g. "한국투자증권", "합성 데이터"
    snapshot: str = ""  # the id's first characters
    mark: str = ""  # drawn as a tag if what is shown is not the market, e.g. "합성 데이터"

    def text(self) -> str:
        """Return the line, with the instant in Asia/Seoul."""
        when = f"{self.as_of.astimezone(KST):%Y-%m-%d %H:%M} 기준"
        return " · ".join(part for part in (when, f"자료 {self.source}", self.snapshot) if part)


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn figure that shows itself as a sharp PNG with words for those who cannot see it."""

    figure: Figure
    alt: str

    def png(self) -> bytes:
        """Return the figure at two pixels a CSS pixel."""
        buffer = io.BytesIO()
        with mpl.rc_context(_RC):
            FigureCanvasAgg(self.figure).print_png(buffer, metadata={"Description": self.alt})
        return buffer.getvalue()

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, str], dict[str, dict[str, object]]]:
        wide, high = (round(x * _DPI) for x in self.figure.get_size_inches())
        data = {"image/png": base64.b64encode(self.png()).decode(), "text/plain": self.alt}
        return data, {"image/png": {"width": wide, "height": high, "alt": self.alt}}

    def html(self) -> str:
        """Return an image element that shrinks with its page."""
        data, meta = self._repr_mimebundle_()
        wide = meta["image/png"]["width"]
        return (
            f'<img alt="{escape(self.alt)}" style="width:100%;max-width:{wide}px;height:auto" '
            f'src="data:image/png;base64,{data["image/png"]}">'
        )


class frame:  # noqa: N801 - used like a function, as contextlib's are
    """Draw inside this context: it lends the style, and puts title, subtitle and stamp around the axes.

    ``with frame(title, stamp, height=3.2) as fig: ax = fig.subplots()``; axes are laid out so that no label is cut.
    """

    def __init__(
        self, title: str, stamp: Stamp, *, height: float, subtitle: str = "", wide: float = 9.0
    ) -> None:
        _register()
        self._title, self._subtitle, self._stamp = title, subtitle, stamp
        self._size = (wide, height)
        self._context = mpl.rc_context(_RC)

    def __enter__(self) -> Figure:
        self._context.__enter__()
        wide, high = self._size
        figure = Figure(figsize=self._size, dpi=2 * _DPI)
        figure.text(0.12 / wide, 1 - 0.10 / high, self._title, size=13, weight="bold", va="top")
        top = 0.42
        if self._subtitle:
            figure.text(0.12 / wide, 1 - 0.37 / high, self._subtitle, size=9.5, color=Palette.muted, va="top")
            top = 0.66
        figure.text(0.12 / wide, 0.08 / high, self._stamp.text(), size=8, color=Palette.muted, va="bottom")
        if self._stamp.mark:
            figure.text(
                1 - 0.14 / wide, 1 - 0.13 / high, self._stamp.mark, size=8, weight="bold", ha="right", va="top",
                color="#8A5A00", bbox={"boxstyle": "round,pad=0.35", "fc": "#FFF4DC", "ec": "#E2B65A", "lw": 0.8},
            )  # fmt: skip
        low = 0.34 / high
        rect = (0.08 / wide, low, 1 - 0.16 / wide, 1 - low - top / high)
        figure.set_layout_engine(ConstrainedLayoutEngine(rect=rect, w_pad=0.06, h_pad=0.06))
        return figure

    def __exit__(self, *raised: Any) -> None:
        self._context.__exit__(*raised)
