"""The view of the portfolio explorer: widgets that show an outcome and pass choices on."""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from sillok.charts import (
    Chart,
    Column,
    Stamp,
    cards,
    holdings_chart,
    industry_chart,
    note,
    percent,
    signed_percent,
    table,
)
from sillok.panels.explorer import UNIVERSES, Choice, Explorer, Outcome

__all__ = ["ExplorerView", "draw", "picture"]

_TOP = 12
_WIDE = {"description_width": "120px"}


def picture(outcome: Outcome, stamp: Stamp) -> Chart | None:
    """Return the figure of weights and risk; None where the choice was refused."""
    held = outcome.holdings
    if held.empty:
        return None
    rest = f"상위 {_TOP}종목" if len(held) > _TOP else ""
    shown = held.head(_TOP).set_index("name")
    return holdings_chart(shown, stamp, title="비중과 위험", cap=outcome.choice.max_weight, rest=rest)


def draw(outcome: Outcome, stamp: Stamp) -> str:
    """Return an outcome as HTML: figures first, then holdings, industries and the table."""
    choice = outcome.choice
    limit = "없음(최소분산)" if choice.max_vol_annual is None else percent(choice.max_vol_annual, 1)
    chosen = note(
        f"선택: {UNIVERSES[choice.universe]} 거래대금 상위 {outcome.universe_size}종목 · "
        f"종목 상한 {percent(choice.max_weight, 0)} · 위험 한도 {limit}"
    )
    weights = picture(outcome, stamp)
    if weights is None:
        return chosen.html + note(outcome.refusal, tone="warn").html
    held = outcome.holdings
    figures = cards(
        [
            ("연 변동성", percent(outcome.vol_annual, 1), f"최소 {percent(outcome.least_vol, 1)}", None),
            ("동일가중 대비", signed_percent(outcome.vol_annual - outcome.equal_vol, 1) + "p", f"동일가중 {percent(outcome.equal_vol, 1)}", None),
            ("추적오차(연)", percent(outcome.tracking_annual, 1), "동일가중 기준", None),
            ("보유 종목", f"{len(held)}", f"가장 큰 비중 {percent(held['weight'].iloc[0], 1)}", None),
        ]
    )  # fmt: skip
    industries = industry_chart(
        outcome.industries["own"],
        outcome.industries["equal"],
        stamp,
        title="업종 비중",
        labels=("포트폴리오", "동일가중"),
    )
    columns = {
        "name": Column("종목", number=False),
        "industry": Column("업종", number=False),
        "weight": Column("비중", percent),
        "risk": Column("위험 기여", percent),
    }
    rows = table(held.head(_TOP), columns, caption=f"보유 상위 {min(_TOP, len(held))}종목")
    return chosen.html + figures.html + weights.html() + industries.html() + rows.html


class ExplorerView:
    """Controls above, the outcome below. Displays live where a kernel runs, and as its last outcome where none does."""

    def __init__(self, model: Explorer, stamp: Stamp) -> None:
        self._model, self._stamp = model, stamp
        first = Choice()
        self.universe = w.ToggleButtons(
            options=[(label, key) for key, label in UNIVERSES.items()], value=first.universe, description="종목 범위", style={**_WIDE, "button_width": "90px"},
        )  # fmt: skip
        self.max_weight = w.FloatSlider(
            value=first.max_weight * 100, min=1, max=50, step=1, description="종목 상한(%)", readout_format=".0f",
            continuous_update=False, style=_WIDE, layout=w.Layout(width="480px"),
        )  # fmt: skip
        self.limited = w.Checkbox(value=False, description="위험 한도를 정한다", indent=False)
        self.max_vol = w.FloatSlider(
            value=20, min=4, max=60, step=0.5, description="연 변동성 한도(%)", readout_format=".1f", disabled=True,
            continuous_update=False, style=_WIDE, layout=w.Layout(width="480px"),
        )  # fmt: skip
        self.page = w.HTML()
        self.box = w.VBox([self.universe, self.max_weight, w.HBox([self.max_vol, self.limited]), self.page])
        for control in (self.universe, self.max_weight, self.limited, self.max_vol):
            control.observe(self._renew, names="value")
        self._renew()

    @property
    def choice(self) -> Choice:
        """What the controls say now."""
        limit = self.max_vol.value / 100 if self.limited.value else None
        return Choice(self.universe.value, self.max_weight.value / 100, limit)

    def _renew(self, _change: object = None) -> None:
        self.max_vol.disabled = not self.limited.value
        self._outcome = self._model.solve(self.choice)
        self.page.value = draw(self._outcome, self._stamp)

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, object], dict[str, object]]:
        # A live page takes the widget; one without a kernel the HTML; a card on an index the picture.
        chart = picture(self._outcome, self._stamp)
        data, about = chart._repr_mimebundle_() if chart else ({}, {})
        widget = self.box._repr_mimebundle_(**options)
        return {**data, **widget, "text/html": self.page.value}, dict(about)
