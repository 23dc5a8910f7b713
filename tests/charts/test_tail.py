"""The figures of bad days mark what the measures say, and refuse what they cannot show."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from sillok.charts import Stamp, drawdown_chart, loss_chart
from sillok.charts.text import percent
from sillok.errors import ConfigError, DataError
from sillok.measures import expected_shortfall, value_at_risk
from sillok.portfolio import minimum_cdar

STAMP = Stamp(datetime(2026, 6, 30, 7, tzinfo=UTC), "합성 데이터")
RETURNS = pd.Series(
    np.random.default_rng(1).standard_t(4, 250) * 0.01, index=pd.bdate_range("2025-07-01", periods=250)
)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.975])
def test_the_losses_are_marked_where_the_measures_lie(level: float) -> None:
    said = loss_chart({"가": RETURNS}, STAMP, title="손실", level=level).alt
    assert f"VaR {percent(value_at_risk(RETURNS, level=level))}" in said
    assert f"CVaR {percent(expected_shortfall(RETURNS, level=level))}" in said


def test_probabilities_move_the_marks() -> None:
    p = pd.Series(np.where(RETURNS.median() > RETURNS, 1.5, 0.5) / 250, RETURNS.index)
    said = loss_chart({"가": RETURNS}, STAMP, title="손실", level=0.9, probabilities=p / p.sum()).alt
    assert f"VaR {percent(value_at_risk(RETURNS, level=0.9))}" not in said


def test_the_drawdown_marked_is_the_one_that_is_minimised() -> None:
    found = minimum_cdar(RETURNS.to_frame("가"), level=0.9)
    said = drawdown_chart({"가": RETURNS}, STAMP, title="낙폭", level=0.9).alt
    assert f"CDaR {percent(found.risk_period, 1)}" in said


def test_every_loss_beyond_the_value_at_risk_is_in_a_coloured_bar() -> None:
    ax = loss_chart({"가": RETURNS}, STAMP, title="손실").figure.axes[0]
    body = ax.patches[0].get_facecolor()
    tail = sum(bar.get_height() for bar in ax.patches if bar.get_facecolor() != body)
    assert tail == pytest.approx((value_at_risk(RETURNS) <= -RETURNS).mean())


def test_what_cannot_be_shown_is_refused() -> None:
    with pytest.raises(ConfigError, match="one or two"):
        loss_chart(dict.fromkeys("가나다", RETURNS), STAMP, title="손실")
    with pytest.raises(ConfigError, match="level"):
        drawdown_chart({"가": RETURNS}, STAMP, title="낙폭", level=95)
    with pytest.raises(DataError, match="missing"):
        loss_chart({"가": RETURNS.where(RETURNS > -0.01)}, STAMP, title="손실")
    with pytest.raises(DataError, match="same scenarios"):
        loss_chart({"가": RETURNS, "나": RETURNS.iloc[1:]}, STAMP, title="손실")
