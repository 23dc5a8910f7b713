"""The explorer: choices in, outcomes out, and a view that shows them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sillok.charts import Stamp
from sillok.errors import MissingDataError
from sillok.panels.explorer import Choice, Explorer
from sillok.panels.view import ExplorerView, draw
from tests.fake_market import FakeMarket

MARKET = FakeMarket()
STAMP = Stamp(MARKET.as_of, "합성 데이터(실제 시장 아님)", mark="합성 데이터")


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return Explorer(MARKET, lookback=250, size=30, estimator="constant_correlation")  # type: ignore[arg-type]


def test_without_a_risk_limit_the_answer_has_the_least_risk(explorer: Explorer) -> None:
    found = explorer.solve(Choice())
    assert found.vol_annual == found.least_vol < found.equal_vol
    assert found.holdings["weight"].sum() == pytest.approx(1, abs=1e-6)
    assert found.holdings["risk"].sum() == pytest.approx(1, abs=1e-6)
    assert found.industries.sum().tolist() == pytest.approx([1, 1], abs=1e-6)


def test_loosening_the_risk_limit_leads_to_the_equal_weights(explorer: Explorer) -> None:
    least, equal = explorer.solve(Choice()).least_vol, explorer.solve(Choice()).equal_vol
    steps = [least * 1.01, (least + equal) / 2, equal * 1.01]
    found = [explorer.solve(Choice(max_vol_annual=v)) for v in steps]
    strays = [o.tracking_annual for o in found]
    assert strays == sorted(strays, reverse=True)
    assert strays[-1] == pytest.approx(0, abs=1e-4)
    assert all(o.vol_annual <= v * (1 + 1e-4) for o, v in zip(found, steps, strict=True))


def test_a_tighter_cap_cannot_lower_the_risk(explorer: Explorer) -> None:
    risks = [explorer.solve(Choice(max_weight=c)).vol_annual for c in (0.5, 0.2, 0.1, 0.05)]
    assert risks == sorted(risks)


def test_an_unreachable_limit_is_an_outcome_that_says_the_least(explorer: Explorer) -> None:
    found = explorer.solve(Choice(max_vol_annual=0.04))
    assert f"{found.least_vol:.1%}" in found.refusal
    assert found.holdings.empty


def test_a_cap_that_cannot_hold_everything_says_how_large_it_must_be(explorer: Explorer) -> None:
    assert "3.3% 이상" in explorer.solve(Choice(universe="ALL", max_weight=0.01)).refusal


def test_a_short_history_is_refused() -> None:
    with pytest.raises(MissingDataError, match="shorten it"):
        Explorer(MARKET, lookback=5_000, size=30, estimator="sample")  # type: ignore[arg-type]


def test_each_outcome_is_drawn_with_its_choice(explorer: Explorer) -> None:
    page = draw(explorer.solve(Choice(universe="KOSDAQ", max_weight=0.2)), STAMP)
    assert "코스닥 거래대금 상위" in page
    assert "종목 상한 20%" in page
    assert page.count("<img ") == 2


def test_a_refusal_is_drawn_without_figures(explorer: Explorer) -> None:
    page = draw(explorer.solve(Choice(max_vol_annual=0.04)), STAMP)
    assert "위험 한도를 올리거나" in page
    assert "<img " not in page


def test_moving_a_control_renews_the_page(explorer: Explorer) -> None:
    view = ExplorerView(explorer, STAMP)
    before = view.page.value
    view.max_weight.value = 20
    middle = view.page.value
    view.universe.value = "KOSDAQ"
    assert len({before, middle, view.page.value}) == 3
    assert view.choice == Choice("KOSDAQ", 0.2, None)


def test_the_risk_limit_counts_only_when_it_is_switched_on(explorer: Explorer) -> None:
    view = ExplorerView(explorer, STAMP)
    assert view.max_vol.disabled
    view.limited.value = True
    assert not view.max_vol.disabled
    assert view.choice.max_vol_annual == pytest.approx(0.2)


def test_a_page_without_a_kernel_can_show_the_last_outcome(explorer: Explorer) -> None:
    view = ExplorerView(explorer, STAMP)
    bundle, about = view._repr_mimebundle_()
    assert bundle["text/html"] == view.page.value
    assert {"application/vnd.jupyter.widget-view+json", "image/png"} <= set(bundle)
    assert about["image/png"]["alt"].startswith("비중과 위험")  # type: ignore[index]


def test_a_refused_choice_has_no_picture(explorer: Explorer) -> None:
    view = ExplorerView(explorer, STAMP)
    view.max_weight.value = 1
    assert "image/png" not in view._repr_mimebundle_()[0]


def test_the_model_does_not_import_widgets() -> None:
    code = "import sillok.panels.explorer, sys; sys.exit('ipywidgets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
