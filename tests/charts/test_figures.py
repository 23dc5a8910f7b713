"""Figures: nothing is cut off, every glyph is in the font, and each says as of when and from where."""

from __future__ import annotations

import base64
import logging
import struct
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from sillok.charts import (
    Chart,
    Stamp,
    breadth_chart,
    correlation_map,
    costs_chart,
    drawdown_chart,
    flows_chart,
    forecast_chart,
    frontier_chart,
    holdings_chart,
    index_chart,
    industry_chart,
    industry_heat,
    limit_chart,
    loss_chart,
    mix_chart,
    movers_chart,
    orders_chart,
    plan_chart,
    ratio_chart,
    spectrum_chart,
    valuation_chart,
    views_chart,
    wealth_chart,
)
from sillok.errors import ConfigError, DataError, MissingDataError
from sillok.measures import Breadth
from sillok.risk import Spectrum, noise_spectrum
from tests.fake_market import INDUSTRIES, FakeMarket

MARKET = FakeMarket()
STAMP = Stamp(MARKET.as_of, "합성 데이터(실제 시장 아님)", "스냅샷 0123456789ab", "합성 데이터")
LONG = "아주아주긴이름의가상지주회사1우선주"


def returns(seed: int) -> pd.Series:
    return pd.Series(np.random.default_rng(seed).normal(0, 0.01, 120), index=MARKET.sessions()[-120:])


def names(values: list[float]) -> pd.Series:
    return pd.Series(
        values, index=[LONG, *(f"가상{i}" for i in range(1, len(values)))][: len(values)], dtype=float
    )


def drawn(N: int) -> pd.DataFrame:
    rng = np.random.default_rng(N)
    values = rng.normal(0, 0.01, (120, 1)) + rng.normal(0, 0.01, (120, N))
    return pd.DataFrame(values, columns=[LONG, *(f"가상{i}" for i in range(1, N))])


def covariance(N: int) -> pd.DataFrame:
    return drawn(N).cov()


def line(above: float) -> pd.DataFrame:
    earned = np.linspace(0, 0.08, 5)
    return pd.DataFrame({"vol_annual": 0.15 + 8 * earned**2, "return_annual": earned + above})


def ticks_out_of_view(chart: Chart) -> set[object]:
    return {
        label
        for ax in chart.figure.axes
        for axis in (ax.xaxis, ax.yaxis)
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]
        if not min(axis.get_view_interval()) - 1e-9 <= tick.get_loc() <= max(axis.get_view_interval()) + 1e-9
        for label in (tick.label1, tick.label2)
    }


def orders(rows: int) -> pd.DataFrame:
    before = np.linspace(0.1, 0.0, rows)
    frame = pd.DataFrame({"before": before, "target": before[::-1], "after": before[::-1] + 0.0004})
    frame["side"] = np.where(frame["after"] > frame["before"], "buy", "sell")
    frame["shares"], frame["value_krw"] = 12_345, 1_234_567_890
    return frame.set_axis([LONG, *(f"가상{i}" for i in range(1, rows))])


def plan(periods: int, N: int) -> tuple[pd.DataFrame, pd.Series]:
    start, end = np.linspace(0.2, 0.0, N), np.linspace(0.0, 0.2, N)
    rows = [start + (end - start) * (1 - 0.5**t) for t in range(periods + 1)]
    weeks = ["지금", *(f"{t}주" for t in range(1, periods + 1))]
    weights = pd.DataFrame(rows, weeks, [LONG, *(f"가상{i}" for i in range(1, N))])
    return weights, pd.Series(12_345_678.0, weeks[1:])


def heard(N: int) -> tuple[pd.Series, pd.Series, pd.Series]:
    prior = names(list(np.linspace(0.12, -0.03, N)))
    return prior, prior + np.linspace(-0.04, 0.03, N), prior * 0 + 0.02


DRAW: dict[str, Callable[[], Chart]] = {
    "index": lambda: index_chart({c: MARKET.index(c)["close"].iloc[-250:] for c in ("KOSPI", "KOSDAQ", "KOSPI200")}, STAMP, title="지수"),
    "breadth": lambda: breadth_chart(
        {"코스피": Breadth(1, 2, 900, 30, 0, 0, 0), "코스닥": Breadth(0, 0, 0, 0, 0, 0, 0)}, returns(1).clip(-1, 1), STAMP, title="등락"
    ),
    "movers": lambda: movers_chart(names([0.2998, 0.1]), names([-0.3]), STAMP, title="움직임"),
    "no movers": lambda: movers_chart(pd.Series(dtype=float), pd.Series(dtype=float), STAMP, title="움직임"),
    "heat": lambda: industry_heat(
        pd.DataFrame(np.linspace(-0.3, 0.3, 40).reshape(10, 4), INDUSTRIES, ["1일", "1주", "1개월", "3개월"]), STAMP, title="업종"
    ),
    "flat heat": lambda: industry_heat(pd.DataFrame(0.0, INDUSTRIES, ["1일"]), STAMP, title="업종"),
    "holdings": lambda: holdings_chart(
        pd.DataFrame({"weight": names([0.3, 0.2, 0.1]), "risk": names([0.4, -0.02, 0.1])}), STAMP, title="비중", cap=0.3
    ),
    "orders": lambda: orders_chart(orders(20), STAMP, title="주문", rest="나머지 3건"),
    "one order": lambda: orders_chart(orders(1), STAMP, title="주문"),
    "plan": lambda: plan_chart(*plan(4, 14), STAMP, title="계획", subtitle="첫 주만 주문으로"),
    "plan of one period": lambda: plan_chart(*plan(1, 1), STAMP, title="계획"),
    "plan without a trade": lambda: plan_chart(plan(2, 3)[0] * 0 + 1 / 3, plan(2, 3)[1] * 0, STAMP, title="계획"),
    "views": lambda: views_chart(*heard(12), STAMP, title="견해", subtitle="블랙-리터만"),
    "views that say nothing": lambda: views_chart(heard(1)[0], heard(1)[0], heard(1)[2], STAMP, title="견해"),
    "costs": lambda: costs_chart(
        pd.Series({"수수료": 12_345, "증권거래세(농어촌특별세 포함)": 1_234_567, "호가": 0}), 987_654_321, STAMP, title="비용"
    ),
    "industry": lambda: industry_chart(names([0.6, 0.4]), names([0.1, 0.9]), STAMP, title="업종 비중", labels=("가", "나")),
    "flows": lambda: flows_chart(
        pd.DataFrame({"외국인": returns(4), "기관": returns(5), "개인": -returns(4)}) * 3e14, STAMP, title="수급", subtitle="누적 순매수"
    ),
    "valuation": lambda: valuation_chart(
        pd.DataFrame({"PER": np.geomspace(0.4, 900, 300), "PBR": [np.nan, -1.0, *np.geomspace(0.1, 12, 298)]}), STAMP, title="값"
    ),
    "ratios": lambda: ratio_chart(
        pd.DataFrame({"PER 중앙값": 12 + returns(6).cumsum() * 9, "PBR 중앙값": (1 + returns(7).cumsum()).where(returns(7) > -0.02)}), STAMP, title="그동안"
    ),
    "one value": lambda: valuation_chart(pd.DataFrame({"PBR": [1.0, 1.0]}), STAMP, title="값"),
    "correlations": lambda: correlation_map(covariance(20), STAMP, title="상관"),
    "correlations by industry": lambda: correlation_map(
        covariance(60), STAMP, title="상관", groups=pd.Series([INDUSTRIES[i % 4] if i < 55 else LONG * 2 for i in range(60)], covariance(60).index)
    ),
    "correlations of a crowd": lambda: correlation_map(covariance(45), STAMP, title="상관", subtitle="250일"),
    "spectrum": lambda: spectrum_chart(noise_spectrum(drawn(40)), STAMP, title="고윳값"),
    "spectrum of a short history": lambda: spectrum_chart(noise_spectrum(drawn(200)), STAMP, title="고윳값"),
    "forecasts": lambda: forecast_chart(
        pd.DataFrame({"predicted": [0.08, 0.11, 0.0], "realised": [0.135, 0.11, 0.2]}, index=[LONG, "거버", "없음"]), STAMP, title="예측"
    ),
    "one forecast": lambda: forecast_chart(pd.DataFrame({"predicted": [0.1], "realised": [0.1]}, index=["표본"]), STAMP, title="예측"),
    "frontier": lambda: frontier_chart({"효율적 투자선": line(0.1), LONG: line(0.05)}, STAMP, title="투자선", marks=line(0.08).iloc[[0, 3]].set_axis([LONG, "최대 샤프"]), assets=line(0.0)),
    "one point of a frontier": lambda: frontier_chart({"한 점": line(0.1).iloc[:1]}, STAMP, title="투자선"),
    "mix": lambda: mix_chart(pd.DataFrame(np.full((5, 14), 1 / 14), line(0.1)["vol_annual"], [LONG, *INDUSTRIES[:9], *"가나다라"]), STAMP, title="구성"),
    "limits": lambda: limit_chart(pd.Series({LONG: 0.012, "업종 30% 이하": 0.0, "공매도 허용": -0.03}), STAMP, title="제약의 값"),
    "no cost": lambda: limit_chart(pd.Series({"종목 10% 이하": 0.0}), STAMP, title="제약의 값"),
    "losses": lambda: loss_chart({LONG: returns(8), "동일가중": 1.6 * returns(9)}, STAMP, title="손실", level=0.975),
    "losses that are none": lambda: loss_chart({"현금": 0 * returns(8)}, STAMP, title="손실"),
    "drawdowns": lambda: drawdown_chart({LONG: returns(8), "동일가중": returns(9)}, STAMP, title="낙폭"),
    "wealth": lambda: wealth_chart({"최소분산": returns(2), "동일가중": returns(3)}, STAMP, title="성과"),
}  # fmt: skip
every = pytest.mark.parametrize("name", DRAW)


@every
def test_a_figure_is_sharp_and_described(name: str) -> None:
    data, about = DRAW[name]()._repr_mimebundle_()
    wide, high = struct.unpack(">II", base64.b64decode(data["image/png"])[16:24])
    assert about["image/png"]["width"] == 900
    assert (wide, high) == (1800, 2 * about["image/png"]["height"])  # type: ignore[operator]
    assert about["image/png"]["alt"] == data["text/plain"] != ""


@every
def test_no_label_is_cut_off_or_lacks_a_glyph(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="matplotlib")
    chart = DRAW[name]()
    chart.png()  # a missing glyph is a warning, and warnings are errors here
    assert not caplog.records
    whole = chart.figure.bbox
    undrawn = ticks_out_of_view(chart)
    for text in chart.figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and text not in undrawn:
            box = text.get_window_extent()
            inside = (
                box.x0 >= whole.x0 - 1 and box.x1 <= whole.x1 + 1 and box.y0 >= -1 and box.y1 <= whole.y1 + 1
            )
            assert inside, (text.get_text(), box, whole)
            assert "Pretendard" in text.get_fontname()


@every
def test_a_figure_names_its_instant_its_source_and_that_it_is_synthetic(name: str) -> None:
    said = {t.get_text() for t in DRAW[name]().figure.texts}
    assert "2026-06-30 15:30 기준 · 자료 합성 데이터(실제 시장 아님) · 스냅샷 0123456789ab" in said
    assert "합성 데이터" in said


def test_the_real_market_carries_no_mark() -> None:
    chart = movers_chart(names([0.1]), names([-0.1]), Stamp(MARKET.as_of, "KIS"), title="움직임")
    assert not any("합성" in t.get_text() for t in chart.figure.texts)


def test_a_figure_embeds_with_its_words_escaped() -> None:
    chart = movers_chart(pd.Series({'"가"': 0.1}), pd.Series(dtype=float), STAMP, title="움직임")
    assert 'alt="움직임. &quot;가&quot;' in chart.html()


def test_drawing_leaves_matplotlib_as_it_was() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    DRAW["movers"]().png()
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    "draw",
    [
        lambda: index_chart({}, STAMP, title=""),
        lambda: index_chart({"코스피": pd.Series([1.0])}, STAMP, title=""),
        lambda: industry_heat(pd.DataFrame(), STAMP, title=""),
        lambda: wealth_chart({}, STAMP, title=""),
        lambda: loss_chart({"최소 CVaR": returns(8).iloc[:19]}, STAMP, title=""),
        lambda: drawdown_chart({"최소 CDaR": returns(8).iloc[:1]}, STAMP, title=""),
        lambda: flows_chart(pd.DataFrame({"외국인": [1.0]}), STAMP, title=""),
        lambda: ratio_chart(pd.DataFrame({"PER": [np.nan, 3.0]}), STAMP, title=""),
        lambda: valuation_chart(pd.DataFrame({"PER": [-1.0, np.nan, 3.0]}), STAMP, title=""),
        lambda: correlation_map(covariance(1), STAMP, title=""),
        lambda: spectrum_chart(Spectrum(np.ones(1), 1.0, 0.0, 4.0, 1.0, 0), STAMP, title=""),
        lambda: forecast_chart(pd.DataFrame({"predicted": [], "realised": []}), STAMP, title=""),
        lambda: orders_chart(orders(1).iloc[:0], STAMP, title=""),
        lambda: costs_chart(pd.Series({"수수료": 0}), 0, STAMP, title=""),
        lambda: plan_chart(plan(1, 2)[0].iloc[:1], plan(1, 2)[1].iloc[:0], STAMP, title=""),
        lambda: views_chart(names([]), names([]), names([]), STAMP, title=""),
        lambda: holdings_chart(pd.DataFrame({"weight": [], "risk": []}), STAMP, title="", cap=1),
    ],
)
def test_nothing_to_draw_is_said(draw: Callable[[], Chart]) -> None:
    with pytest.raises(MissingDataError):
        draw()


def test_a_plan_and_views_on_other_labels_are_refused() -> None:
    weights, cost = plan(3, 4)
    with pytest.raises(DataError, match="labels of its periods"):
        plan_chart(weights, cost.iloc[1:], STAMP, title="계획")
    prior, posterior, doubt = heard(4)
    with pytest.raises(DataError, match="same labels"):
        views_chart(prior, posterior.iloc[::-1], doubt, STAMP, title="견해")


def test_a_frontier_figure_without_points_and_one_too_full_are_refused() -> None:
    with pytest.raises(MissingDataError, match="at least one frontier"):
        frontier_chart({"빈 선": line(0.1).iloc[:0]}, STAMP, title="투자선")
    with pytest.raises(ConfigError, match="up to 5 lines, got 6"):
        frontier_chart({str(k): line(0.1) for k in range(6)}, STAMP, title="투자선")
    with pytest.raises(ConfigError, match="short positions"):
        mix_chart(pd.DataFrame({"가": [1.2, 1.1], "나": [-0.2, -0.1]}), STAMP, title="구성")
    with pytest.raises(MissingDataError, match="two points"):
        mix_chart(pd.DataFrame({"가": [1.0]}), STAMP, title="구성")
    with pytest.raises(MissingDataError, match="at least one limit"):
        limit_chart(pd.Series(dtype=float), STAMP, title="제약")
